"""Control totals: what a report's own rows of totals say, held against the rows that were read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.body import Body, Mask, SourceColumn
from pharma_assets.transforms.columns import ParsedColumn, parse_column
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.layout import ColumnRule, Layout, Parse
from pharma_assets.transforms.rows import TotalRow

_FRACTION = re.compile(r"[.,](\d+)\D*$")
# A numeric cell does not tell with how many decimals it was written; two is what sums of money have.
_DECIMALS_OF_A_NUMBER = 2
_EARLIER_TOTALS = 100
_PLAIN_AMOUNT = ColumnRule(parse=Parse.AMOUNT)


@dataclass(frozen=True)
class ControlTotal:
    """One figure of a row of totals, and the sum of the rows that it covers.

    `label` is what the row is called in the report, `column` the source's header. `agrees` is None where the two cannot
    be compared: an amount among the rows cannot be read, or it is not clear which rows the figure covers.
    """

    sheet: str
    row: int
    label: str
    column: str
    stated: Decimal
    found: Decimal
    agrees: bool | None

    def document(self) -> dict[str, object]:
        """The total as JSON has it: sums as exact text."""
        return {**asdict(self), "stated": str(self.stated), "found": str(self.found)}

    def mismatch(self) -> PharmaError:
        """The problem TOTAL_MISMATCH with both figures."""
        return PharmaError(
            "TOTAL_MISMATCH",
            sheet=self.sheet,
            row=self.row,
            column=self.column,
            stated=f"{self.stated:f}",
            found=f"{self.found:f}",
        )


def control_totals(
    body: Body,
    data: Mask,
    totals: Sequence[TotalRow],
    parsed: Mapping[str, ParsedColumn],
    unsure: Mask,
    layout: Layout,
    timezone: ZoneInfo,
) -> tuple[ControlTotal, ...]:
    """Compare every figure of the rows of totals, in each amount column that is loaded.

    `body` is all rows, `data` tells which of them are data; `parsed` and `unsure` (the ragged ones) are of those.
    """
    if not any(row.checkable for row in totals):
        return ()
    rows_before = np.concatenate(([0], np.cumsum(data)))
    bounds = [int(rows_before[row.position]) for row in totals]
    keyed = np.ones(len(unsure), dtype=np.bool_)
    for column in parsed.values():
        keyed &= ~_is_problem(column, "VALUE_MISSING")
    found: list[ControlTotal] = []
    for header, column in parsed.items():
        rule = layout.columns[header]
        if rule.parse is Parse.AMOUNT and rule.to is not None:
            stated = _stated(body.columns[column.source.place], totals, timezone)
            if stated:
                sums = [
                    _Sums.of(column, bounds, unsure, mask) for mask in (None, keyed) if mask is None or not mask.all()
                ]
                found += _compare(body, column.source.header, totals, stated, sums)
    return tuple(sorted(found, key=lambda total: total.row))


@dataclass(frozen=True)
class _Figure:
    """What a total says, and how far it may be off for having been rounded when it was written."""

    value: Decimal
    tolerance: Decimal

    def fits(self, found: Decimal) -> bool:
        return abs(self.value - found) <= self.tolerance


def _stated(column: SourceColumn, totals: Sequence[TotalRow], timezone: ZoneInfo) -> dict[int, _Figure]:
    """The figures in the rows of totals, by the row's number among them; what is no number is no figure."""
    positions = np.array([row.position for row in totals])
    cells = column.take(positions)
    if cells.is_blank:
        return {}
    # The whole column is parsed once more, because it tells which of `1.234` and `1,234` is how many.
    parsed = parse_column(column, _PLAIN_AMOUNT, timezone).values.take(pa.array(positions))
    figures: dict[int, _Figure] = {}
    for number, (text, kind, value) in enumerate(
        zip(cells.texts.to_pylist(), cells.kinds.tolist(), parsed.to_pylist(), strict=True)
    ):
        if text is None or not totals[number].checkable:
            continue
        exact = _number(text) if kind == Kind.NUMBER else value
        if exact is not None:
            fraction = _FRACTION.search(text)
            decimals = len(fraction[1]) if fraction else 0
            if kind == Kind.NUMBER:
                decimals = max(decimals, _DECIMALS_OF_A_NUMBER)
            figures[number] = _Figure(exact, Decimal(5).scaleb(-decimals - 1))
    return figures


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _is_problem(column: ParsedColumn, code: str) -> npt.NDArray[np.bool_]:
    wanted = [number for number, problem in enumerate(column.problems) if problem.code == code]
    return np.isin(column.problem_of, wanted)


@dataclass(frozen=True)
class _Sums:
    """The sums of a column's rows up to each bound: the start, every row of totals, the end.

    `rows` and `unreadable` count the rows up to there, and those of them whose amount is not known.
    """

    sums: Sequence[Decimal]
    rows: Sequence[int]
    unreadable: Sequence[int]

    @classmethod
    def of(cls, column: ParsedColumn, bounds: Sequence[int], unsure: Mask, only: Mask | None) -> _Sums:
        values = column.values if only is None else pc.if_else(pa.array(only), column.values, None)
        unknown = np.concatenate(
            ([0], np.cumsum((column.problem_of >= 0) & ~_is_problem(column, "VALUE_MISSING") | unsure))
        )
        rows = [0, *bounds, len(values)]
        sums = [Decimal(0)]
        for first, last in pairwise(rows):
            part = pc.sum(values.slice(first, last - first)).as_py() if last > first else None
            sums.append(sums[-1] + (part or Decimal(0)))
        return cls(sums, rows, [int(unknown[row]) for row in rows])

    def between(self, first: int, last: int) -> Decimal:
        return self.sums[last] - self.sums[first]

    def has_rows(self, first: int, last: int) -> bool:
        return self.rows[last] > self.rows[first]

    def is_known(self, first: int, last: int) -> bool:
        return self.unreadable[last] == self.unreadable[first]


def _compare(
    body: Body, header: str, totals: Sequence[TotalRow], stated: Mapping[int, _Figure], sums: Sequence[_Sums]
) -> list[ControlTotal]:
    """A total of the whole is the sum of all rows above it, or of all rows if none is. A total of a part is the sum of
    the rows since the row of totals before it; further back, or below it, where that fits.

    Where none of the totals of parts fits, and one of the whole does, they are of something else: not compared.
    """
    compared: dict[int, ControlTotal] = {}
    before = _same_label_before(totals)
    for number, figure in stated.items():
        row = totals[number]
        likeliest, found, fits = None, Decimal(0), False
        for bounds in _ranges(number, row, before.get(number), sums[0]):
            likeliest = likeliest or bounds
            fitting = next((sum_ for each in sums if figure.fits(sum_ := each.between(*bounds))), None)
            if fitting is not None:
                found, fits = fitting, True
                break
        if likeliest is not None and not fits:
            found = sums[0].between(*likeliest)
        known = likeliest is not None and sums[0].is_known(*likeliest)
        compared[number] = ControlTotal(
            sheet=body.sheet,
            row=int(body.rows[row.position]),
            label=row.label,
            column=header,
            stated=figure.value,
            found=found,
            agrees=True if fits else False if known else None,
        )
    parts = {number for number in compared if totals[number].of_a_part}
    if not any(compared[number].agrees for number in parts) and any(
        compared[number].agrees for number in compared.keys() - parts
    ):
        compared |= {number: replace(compared[number], agrees=None) for number in parts}
    return list(compared.values())


def _same_label_before(totals: Sequence[TotalRow]) -> dict[int, int]:
    """For each row of totals the last one before it that is called the same."""
    before: dict[int, int] = {}
    last: dict[str, int] = {}
    for number, row in enumerate(totals):
        label = normalize_header(row.label)
        if label in last:
            before[number] = last[label]
        last[label] = number
    return before


def _ranges(number: int, row: TotalRow, same: int | None, sums: _Sums) -> Iterator[tuple[int, int]]:
    """What a row of totals may cover, as pairs of bounds, the likeliest first; `same`: the one called so before it."""
    here, end = number + 1, len(sums.rows) - 1
    some_above = sums.has_rows(0, here)
    if row.of_a_part:
        if some_above:
            for bound in range(number, max(number - _EARLIER_TOTALS, 0), -1):
                if sums.has_rows(bound, here):
                    yield bound, here
        yield (0, here) if some_above else (0, end)
        if sums.has_rows(here, here + 1):
            yield here, here + 1
    else:
        yield (0, here) if some_above else (0, end)
        if same is not None and sums.has_rows(same + 1, here):
            yield same + 1, here
