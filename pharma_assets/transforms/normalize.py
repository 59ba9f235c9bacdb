"""A document and a layout become a report in the target schema; every row read ends as loaded, left out or rejected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.errors import PharmaError
from pharma_assets.model.target import COLUMNS, TYPES
from pharma_assets.reading.sheet import Document
from pharma_assets.transforms.body import Body, Mask, data_rows
from pharma_assets.transforms.columns import ParsedColumn, parse_column
from pharma_assets.transforms.extra import extra_column
from pharma_assets.transforms.headers import locate
from pharma_assets.transforms.layout import Layout, Waybill
from pharma_assets.transforms.values import CellProblem


@dataclass(frozen=True)
class RejectedCell:
    """A cell that could not be stored: its column's header, its text as written, and why."""

    header: str
    text: str | None
    code: str
    message: str


@dataclass(frozen=True)
class RejectedRow:
    """A row that was held back. `raw` is the whole row: header → text of every non-blank cell."""

    sheet: str
    row: int
    cells: tuple[RejectedCell, ...]
    raw: Mapping[str, str]

    def __str__(self) -> str:
        cell = self.cells[0]
        return f"{self.sheet} row {self.row}, {cell.header}: {cell.text!r} {cell.code}: {cell.message}"


@dataclass(frozen=True)
class NormalizedReport:
    """A report in the target schema.

    `table`: one row for each row to load, with the filled target columns (text, decimal128, timestamp in UTC),
    `source_sheet`, `source_row` (1-based, as people count) and `extra` (JSON text, null where there is nothing more).
    `read` was counted by the reader, and `read = table.num_rows + sum(left_out) + len(rejected)` holds.
    `remarks` are problems of the scope REMARK: they stop nothing.
    """

    table: pa.Table
    sheet: str
    header_row: int
    read: int
    left_out: Mapping[str, int]
    rejected: tuple[RejectedRow, ...]
    remarks: tuple[PharmaError, ...] = ()

    @property
    def loaded(self) -> int:
        return int(self.table.num_rows)

    def sums(self) -> dict[str, Decimal]:
        """The sum of each numeric column, exactly."""
        totals = {
            name: pc.sum(self.table[name].cast(pa.decimal128(38, TYPES[name].scale))).as_py()
            for name in self.table.column_names
            if name in TYPES and TYPES[name].is_numeric
        }
        return {name: total for name, total in totals.items() if total is not None}

    def period(self) -> tuple[datetime | None, datetime | None]:
        """The first and the last moment, in UTC."""
        bounds = pc.min_max(self.table["period"]).as_py()
        return bounds["min"], bounds["max"]


def normalize(document: Document, layout: Layout, timezone: ZoneInfo, month: date | None = None) -> NormalizedReport:
    """Bring a document to the target schema by its layout.

    Raises PharmaError when the structure is in doubt: HEADER_NOT_FOUND, MISSING_COLUMN, AMBIGUOUS_SHEET,
    AMBIGUOUS_COLUMN, NO_DATA_ROWS, ALL_ROWS_REJECTED; ROWS_UNACCOUNTED if the count does not come out.
    """
    located = locate(document, layout)
    read = located.sheet.rows_filled_below(located.index)
    if read == 0:
        raise PharmaError("NO_DATA_ROWS")
    body = data_rows(located)
    parsed = _parse(body, layout, timezone, month)
    left_out, left_out_by = _left_out(parsed, layout, ~body.ragged)
    wrong = body.ragged.copy()
    for column in parsed.values():
        wrong |= column.problem_of >= 0
    rejected = _rejected_rows(body, parsed, wrong & ~left_out)
    report = NormalizedReport(
        table=_build(body, layout, parsed, keep=~(left_out | wrong)),
        sheet=located.sheet.name,
        header_row=located.row,
        read=read,
        left_out=left_out_by,
        rejected=rejected,
        remarks=(*document.remarks, *(remark for column in parsed.values() for remark in column.remarks)),
    )
    check_accounted(report)
    if report.loaded == 0 and rejected:
        raise PharmaError("ALL_ROWS_REJECTED", rows=len(rejected), first=rejected[0])
    return report


def check_accounted(report: NormalizedReport) -> None:
    """Raise PharmaError ROWS_UNACCOUNTED unless every row that was read is loaded, left out or rejected."""
    left_out = sum(report.left_out.values())
    if report.read != report.loaded + left_out + len(report.rejected):
        raise PharmaError(
            "ROWS_UNACCOUNTED",
            read=report.read,
            loaded=report.loaded,
            left_out=left_out,
            rejected=len(report.rejected),
        )


def _parse(body: Body, layout: Layout, timezone: ZoneInfo, month: date | None) -> dict[str, ParsedColumn]:
    """The layout's columns that are there, parsed, by the layout's header; a stand-in only where it is needed."""
    return {
        header: parse_column(body.columns[body.places[header]], rule, timezone, month)
        for header, rule in layout.columns.items()
        if header in body.places and (rule.unless is None or rule.unless not in body.places)
    }


def _left_out(parsed: dict[str, ParsedColumn], layout: Layout, sound: Mask) -> tuple[Mask, dict[str, int]]:
    """The rows that a rule leaves out, and how many each rule took; a row counts for the first rule that fits.

    Only `sound` rows are asked: in a ragged one the cells stand in the wrong columns.
    """
    left_out = np.zeros(len(sound), dtype=bool)
    counts: dict[str, int] = {}
    for rule in layout.left_out:
        if rule.column in parsed:
            values = parsed[rule.column].values
            zero = pa.scalar(0, values.type)
            fits = pc.fill_null(pc.equal(values, zero), False).to_numpy(zero_copy_only=False) & sound & ~left_out
            counts[rule.reason] = counts.get(rule.reason, 0) + int(fits.sum())
            left_out |= fits
    return left_out, counts


def _rejected_rows(body: Body, parsed: dict[str, ParsedColumn], mask: Mask) -> tuple[RejectedRow, ...]:
    rows = []
    for index in np.flatnonzero(mask).tolist():
        texts = [column.texts[index].as_py() for column in body.columns]
        cells = [
            RejectedCell(column.source.header, texts[column.source.place], problem.code, problem.message)
            for column in parsed.values()
            if (problem := column.problem_at(index)) is not None
        ]
        if body.ragged[index]:
            ragged = CellProblem("ROW_RAGGED", seen=int(body.widths[index]), expected=body.expected_width)
            cells.insert(0, RejectedCell("", None, ragged.code, ragged.message))
        raw = {column.header: text for column, text in zip(body.columns, texts, strict=True) if text is not None}
        rows.append(RejectedRow(body.sheet, int(body.rows[index]), tuple(cells), raw))
    return tuple(rows)


def _build(body: Body, layout: Layout, parsed: dict[str, ParsedColumn], keep: Mask) -> pa.Table:
    length = len(body.rows)
    columns: dict[str, pa.Array] = {name: pa.repeat(value, length) for name, value in layout.constants.items()}
    beyond: list[tuple[str, pa.Array]] = []
    for header, column in parsed.items():
        target = layout.columns[header].to
        if target is not None:
            columns[target] = column.values
        kept = column.kept if target is not None else np.ones(length, dtype=bool)
        if layout.waybill is not None and header in (layout.waybill.number, layout.waybill.date):
            kept = kept & ~_told_by_waybill(header, layout.waybill, parsed)
        if kept.any():
            beyond.append((column.source.header, _where(kept, column.source.texts)))
    if layout.waybill is not None:
        columns["naklad"] = _compose(layout.waybill, parsed)
    mapped = {column.source.place for column in parsed.values()}
    beyond += [(column.header, column.texts) for column in body.columns if column.place not in mapped]
    ordered = {column.name: columns[column.name] for column in COLUMNS if column.name in columns}
    table = pa.table(
        {
            **ordered,
            "source_sheet": pa.repeat(body.sheet, length),
            "source_row": pa.array(body.rows, pa.int32()),
            "extra": extra_column(beyond, length),
        }
    )
    return table if keep.all() else table.filter(pa.array(keep))


def _where(mask: Mask, texts: pa.Array) -> pa.Array:
    return texts if mask.all() else pc.if_else(pa.array(mask), texts, pa.scalar(None, pa.string()))


def _told_by_waybill(header: str, waybill: Waybill, parsed: dict[str, ParsedColumn]) -> Mask:
    """The rows whose cell can be read back from `naklad`: every number; a date without a time beside a number."""
    number = pc.is_valid(parsed[waybill.number].values).to_numpy(zero_copy_only=False)
    if header == waybill.number:
        return np.asarray(number)
    local = parsed[waybill.date].local_moments()
    midnight = pc.equal(local, pc.floor_temporal(local, unit="day"))
    return np.asarray(number & pc.fill_null(midnight, False).to_numpy(zero_copy_only=False))


def _compose(waybill: Waybill, parsed: dict[str, ParsedColumn]) -> pa.Array:
    """«<number> от <dd.mm.yyyy>»; the number alone where there is no date; null where there is no number."""
    number = parsed[waybill.number].values
    encoded = parsed[waybill.date].local_moments().dictionary_encode()
    days = pa.array([f" от {day:%d.%m.%Y}" for day in encoded.dictionary.to_pylist()], pa.string()).take(
        encoded.indices
    )
    return pc.binary_join_element_wise(number, pc.fill_null(days, ""), "")
