"""What the corrected lines of one file come to, told in memory before anything is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.reading.sheet import Document
from pharma_assets.rejects.sent import SentRow
from pharma_assets.rejects.workbook import shown
from pharma_assets.transforms.body import Body, data_rows
from pharma_assets.transforms.corrections import CorrectedCell, Corrections, RowCorrection, row_texts
from pharma_assets.transforms.differing import differing
from pharma_assets.transforms.facts import Facts
from pharma_assets.transforms.headers import locate
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.normalize import NormalizedReport, normalize

Key = tuple[str, int]


class Became(StrEnum):
    """What became of a line of the workbook."""

    LOADED = "loaded"
    LEFT_OUT = "left out"
    REJECTED = "still rejected"
    UNTOUCHED = "not corrected"
    ALREADY = "corrected before"
    REFUSED = "refused"


@dataclass(frozen=True)
class Judged:
    """A line of the workbook and what it comes to: `error` where it is refused, `codes` where it is still rejected."""

    sent: SentRow
    became: Became
    correction: RowCorrection | None = None
    error: PharmaError | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Content:
    """A file as it is read now, with all that its lines are judged by.

    `held`: the rows that are rejected now; `corrections` those that count already.
    """

    document: Document
    layout: Layout
    timezone: ZoneInfo
    month: date
    facts: Facts
    held: frozenset[Key]
    corrections: Corrections


def judge_lines(content: Content, lines: Sequence[SentRow]) -> list[Judged]:
    """Compare the lines with the file, and read the file with what they correct; in the order of the lines.

    Raises PharmaError of the platform's scope only: what else is wrong stands with the lines.
    """
    try:
        bodies = {located.sheet.name: data_rows(located) for located in locate(content.document, content.layout)}
    except PharmaError as problem:
        return [_refused(line, file_refused(problem)) for line in lines]
    judged: list[Judged] = []
    new: dict[Key, Judged] = {}
    for line in lines:
        found = _compare(content, bodies, line)
        if found.correction is None:
            judged.append(found)
            continue
        first = new.setdefault(found.correction.key, found)
        if first.correction != found.correction:
            judged.append(_refused(line, PharmaError("CORRECTION_TWICE", first=first.sent.place)))
        elif first is not found:
            judged.append(Judged(line, Became.ALREADY))
    judged += _outcomes(content, list(new.values()))
    order = {line.place: number for number, line in enumerate(lines)}
    return sorted(judged, key=lambda each: order[each.sent.place])


def _refused(line: SentRow, error: PharmaError) -> Judged:
    return Judged(line, Became.REFUSED, error=error)


def file_refused(problem: PharmaError) -> PharmaError:
    """What is told of a line whose file as a whole stands in the way."""
    return PharmaError("CORRECTION_FILE_REFUSED", problem=problem.code, why=problem.message)


def _compare(content: Content, bodies: Mapping[str, Body], line: SentRow) -> Judged:
    """The line beside its row: what it corrects, if anything. Its cells are compared as the workbook shows them."""
    key = line.sheet, line.row
    unknown = PharmaError("CORRECTION_ROW_UNKNOWN", sheet=line.sheet, row=line.row)
    body, before = bodies.get(line.sheet), content.corrections.get(key)
    if body is None or (key not in content.held and before is None):
        return _refused(line, unknown)
    position = int(np.searchsorted(body.rows, line.row))
    if position == body.height or body.rows[position] != line.row:
        return _refused(line, unknown)
    raw = row_texts(body, position)
    place_of = {shown(column.header): column.place for column in body.columns}
    strange = next((header for header in line.cells if header not in place_of), None)
    if strange is not None:
        return _refused(line, PharmaError("CORRECTION_COLUMN_UNKNOWN", header=strange))
    known = {cell.place: cell for cell in before.cells} if before is not None else {}
    cells = []
    for header, cell in line.cells.items():
        place = place_of[header]
        earlier, text = known.get(place), None if cell.text is None else shown(cell.text)
        if earlier is not None and text == _shown(earlier.after):
            cells.append(earlier)
        elif text != _shown(raw.get(place)):
            cells.append(CorrectedCell(place, body.columns[place].header, raw.get(place), cell.text, cell.kind))
    if not cells:
        return Judged(line, Became.UNTOUCHED)
    correction = RowCorrection(line.sheet, line.row, raw, tuple(sorted(cells, key=lambda cell: cell.place)))
    if before is not None and before.cells == correction.cells and before.raw == raw:
        return Judged(line, Became.ALREADY)
    return Judged(line, Became.LOADED, correction)


def _shown(text: str | None) -> str | None:
    return None if text is None else shown(text)


def _outcomes(content: Content, new: Sequence[Judged]) -> Iterator[Judged]:
    """Read the file as it is and as it would be. Corrections that the whole does not bear are refused together."""
    if not new:
        return
    added = {each.correction.key: each.correction for each in new if each.correction is not None}
    try:
        base = _normalized(content, content.corrections)
        report = _normalized(content, {**content.corrections, **added})
        _refuse_spreading(base, report, added.keys())
    except PharmaError as problem:
        error = problem if problem.problem.scope is Scope.CORRECTION else file_refused(problem)
        for each in new:
            yield _refused(each.sent, error)
        return
    loaded = _keys(report.table)
    rejected = {(row.sheet, row.row): tuple(cell.code for cell in row.cells) for row in report.rejected}
    for each in new:
        key = each.sent.sheet, each.sent.row
        if key in rejected:
            yield Judged(each.sent, Became.REJECTED, each.correction, codes=rejected[key])
        else:
            yield Judged(each.sent, Became.LOADED if key in loaded else Became.LEFT_OUT, each.correction)


def _normalized(content: Content, corrections: Corrections) -> NormalizedReport:
    return normalize(content.document, content.layout, content.timezone, content.month, content.facts, corrections)


def _keys(table: pa.Table) -> set[Key]:
    return set(zip(table["source_sheet"].to_pylist(), table["source_row"].to_pylist(), strict=True))


def _refuse_spreading(base: NormalizedReport, report: NormalizedReport, corrected: Collection[Key]) -> None:
    """Raise PharmaError CORRECTION_SPREADS if any other row is read otherwise than without the corrections: a date or
    an amount tells how its whole column is read."""
    before, after = (_without(each.table, corrected) for each in (base, report))
    rejected = _rejected_but(base, corrected) ^ _rejected_but(report, corrected)
    others = {row for _, row in rejected | (_keys(before) ^ _keys(after))}
    if not others and not before.equals(after):
        for name in after.column_names:
            was = before[name] if name in before.column_names else pa.nulls(after.num_rows, after[name].type)
            others |= set(after["source_row"].filter(differing(was, after[name])).to_pylist())
    if others:
        raise PharmaError("CORRECTION_SPREADS", rows=len(others), example=min(others))


def _rejected_but(report: NormalizedReport, corrected: Collection[Key]) -> set[Key]:
    return {(row.sheet, row.row) for row in report.rejected} - set(corrected)


def _without(table: pa.Table, corrected: Collection[Key]) -> pa.Table:
    rows, sheets = table["source_row"].to_numpy(), table["source_sheet"]
    keep = np.ones(table.num_rows, dtype=np.bool_)
    for sheet, row in corrected:
        for position in np.flatnonzero(rows == row).tolist():
            keep[position] &= sheets[position].as_py() != sheet
    return table.filter(pa.array(keep))
