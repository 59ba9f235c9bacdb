"""Two reports of the same file, row by row: what the client's script made of it, and what a layout makes of it.

Nothing is kept: this is how a team sees what would change before a layout takes the place of a script.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.loading.by_script import read_script_file
from pharma_assets.model.target import REGISTRY_COLUMNS, TYPES, Type
from pharma_assets.reading.guard import GuardedReader
from pharma_assets.reading.hints import Hints
from pharma_assets.scripts.found import Script
from pharma_assets.scripts.run import run_script
from pharma_assets.scripts.task import Task
from pharma_assets.settings import Settings
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.normalize import NormalizedReport, normalize

COLUMNS = tuple(name for name in TYPES if name not in REGISTRY_COLUMNS)
"""What is compared: the target columns that a transform fills."""

# Rows are paired by the columns in which at least this share of the rows finds its like.
_LIKENESS = (1.0, 0.8, 0.5)
_APART, _BLANK = "\x1f", "\x00"

Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class DifferingRow:
    """A row that is not the same in both: where it stands in the script's file and in the source, and the cells that
    differ, the script's first. A row that only one of them has stands only there, with all its cells."""

    script_row: str | None
    layout_row: str | None
    cells: Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True)
class Comparison:
    """How two reports relate. `by_column`: in how many rows of both a column differs; `sums`: of each measure, the
    script's and the layout's; `rows`: the first rows that differ."""

    equal: int
    differing: int
    only_script: int
    only_layout: int
    by_column: Mapping[str, int]
    sums: Mapping[str, tuple[Decimal, Decimal]]
    rows: tuple[DifferingRow, ...]

    @property
    def agrees(self) -> bool:
        return not (self.differing or self.only_script or self.only_layout)


@dataclass(frozen=True)
class FileComparison:
    """What both make of one file: a report, or the error that the registry would show."""

    path: str
    script: NormalizedReport | PharmaError
    layout: NormalizedReport | PharmaError
    rows: Comparison | None

    @property
    def agrees(self) -> bool:
        return self.rows is not None and self.rows.agrees


def compare_file(
    settings: Settings,
    reader: GuardedReader,
    script: Script,
    layout: Layout,
    task: Task,
    opened: Callable[[], AbstractContextManager[BinaryIO]],
    places: Path,
    *,
    ignored: Collection[str] = (),
    most: int = 10,
) -> FileComparison:
    """Run the script in a working folder below `places`, normalize the same file by the layout, and compare.

    A problem of either stands in the result; PharmaError is raised only where nothing can be worked on.
    """
    passwords = tuple(password.get_secret_value() for password in settings.passwords)

    def by_script() -> NormalizedReport:
        written = run_script(settings, script, task, opened(), places)
        return read_script_file(settings, reader, written, task).report

    def by_layout() -> NormalizedReport:
        with opened() as content:
            document, _ = reader.read(content, Hints(layout.known_headers, passwords))
        return normalize(document, layout, settings.zone, task.client_month.first_day)

    one, other = _or_problem(by_script), _or_problem(by_layout)
    rows = None
    if isinstance(one, NormalizedReport) and isinstance(other, NormalizedReport):
        rows = compare_reports(one, other, settings.zone, ignored=ignored, most=most)
    return FileComparison(task.path, one, other, rows)


def _or_problem(make: Callable[[], NormalizedReport]) -> NormalizedReport | PharmaError:
    try:
        return make()
    except PharmaError as problem:
        if problem.problem.scope is Scope.PLATFORM:
            raise
        return problem


def compare_reports(
    script: NormalizedReport,
    layout: NormalizedReport,
    timezone: ZoneInfo,
    *,
    ignored: Collection[str] = (),
    most: int = 10,
) -> Comparison:
    """Compare by content, wherever the rows stand: first those that are the same in all columns, each as often as it
    comes; then those that agree in the columns in which most rows do."""
    columns = [name for name in COLUMNS if name not in ignored]
    one, other = _Rows(script.table, columns, timezone), _Rows(layout.table, columns, timezone)
    left, right = one.beyond(other), other.beyond(one)
    equal = script.loaded - len(left)
    pairs = _paired(left, right)
    differing = [
        DifferingRow(one.place(a), other.place(b), _differing(columns, left[a], right[b]))
        for a, b in sorted(pairs.items())
    ]
    blank = (None,) * len(columns)
    only_script = [position for position in left if position not in pairs]
    found = set(pairs.values())
    only_layout = [position for position in right if position not in found]
    only = [DifferingRow(one.place(a), None, _differing(columns, left[a], blank)) for a in only_script]
    only += [DifferingRow(None, other.place(b), _differing(columns, blank, right[b])) for b in only_layout]
    by_column = Counter(name for row in differing for name in row.cells)
    sums = script.sums(), layout.sums()
    return Comparison(
        equal=equal,
        differing=len(differing),
        only_script=len(only_script),
        only_layout=len(only_layout),
        by_column={name: by_column[name] for name in columns if by_column[name]},
        sums={
            name: (sums[0].get(name, Decimal(0)), sums[1].get(name, Decimal(0)))
            for name in columns
            if name in sums[0] or name in sums[1]
        },
        rows=(*differing, *only)[:most],
    )


class _Rows:
    """A report's rows as texts that can be compared, whichever columns it has."""

    def __init__(self, table: pa.Table, columns: Sequence[str], timezone: ZoneInfo) -> None:
        self._texts = [_texts(table, name, timezone) for name in columns]
        filled = [pc.fill_null(texts, _BLANK) for texts in self._texts]
        self._keys: list[str] = pc.binary_join_element_wise(*filled, _APART).to_pylist()
        self._sheets, self._numbers = table["source_sheet"], table["source_row"]

    def beyond(self, other: _Rows) -> dict[int, Cells]:
        """The rows, by position, that have no like among the others', each of which counts once."""
        common = Counter(self._keys) & Counter(other._keys)
        positions = []
        for position, key in enumerate(self._keys):
            if common[key]:
                common[key] -= 1
            else:
                positions.append(position)
        taken = pa.array(positions, pa.int64())
        rows = zip(*(texts.take(taken).to_pylist() for texts in self._texts), strict=True)
        return dict(zip(positions, rows, strict=True))

    def place(self, position: int) -> str:
        return f"{self._sheets[position]} {self._numbers[position]}"


def _texts(table: pa.Table, name: str, timezone: ZoneInfo) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    values = table[name].combine_chunks()
    if TYPES[name] is Type.TEXT:
        # Nothing is as good as a blank.
        return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    encoded = values.dictionary_encode()
    if TYPES[name] is Type.MOMENT:
        texts = [f"{moment.astimezone(timezone):%Y-%m-%d %H:%M:%S}" for moment in encoded.dictionary.to_pylist()]
        distinct = [text.removesuffix(" 00:00:00") for text in texts]
    else:
        distinct = [f"{value.normalize():f}" for value in encoded.dictionary.to_pylist()]
    return pa.array(distinct, pa.string()).take(encoded.indices)


def _paired(left: Mapping[int, Cells], right: Mapping[int, Cells]) -> dict[int, int]:
    """Which rows are the same row told differently: those that agree in all columns in which most rows find their like,
    first in the columns in which all do."""
    pairs: dict[int, int] = {}
    for likeness in _LIKENESS:
        taken = set(pairs.values())
        rest = {position: cells for position, cells in left.items() if position not in pairs}
        rivals = {position: cells for position, cells in right.items() if position not in taken}
        if not rest or not rivals:
            break
        places = _telling(list(rest.values()), list(rivals.values()), likeness)
        waiting: dict[Cells, deque[int]] = defaultdict(deque)
        for position, cells in rivals.items():
            waiting[tuple(cells[place] for place in places)].append(position)
        for position, cells in rest.items():
            found = waiting.get(tuple(cells[place] for place in places)) if places else None
            if found and _are_like(cells, right[found[0]]):
                pairs[position] = found.popleft()
    return pairs


def _telling(left: Sequence[Cells], right: Sequence[Cells], likeness: float) -> list[int]:
    """The columns in which at least this share of the rows finds its like; a column that is blank tells nothing."""
    wanted = likeness * min(len(left), len(right))
    sides = zip(zip(*left, strict=True), zip(*right, strict=True), strict=True)
    return [
        place
        for place, (one, other) in enumerate(sides)
        if (Counter(one) & Counter(other)).total() >= wanted and not {*one, *other} <= {None}
    ]


def _are_like(one: Cells, other: Cells) -> bool:
    """Whether two rows agree in at least half of what they say."""
    said = [pair for pair in zip(one, other, strict=True) if pair != (None, None)]
    return 2 * sum(a == b for a, b in said) >= len(said)


def _differing(columns: Sequence[str], one: Cells, other: Cells) -> dict[str, tuple[str | None, str | None]]:
    return {name: (a, b) for name, a, b in zip(columns, one, other, strict=True) if a != b}
