"""A document and a layout become a report in the target schema; every row read ends as loaded, left out or rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.errors import PharmaError
from pharma_assets.model.target import TRACE_COLUMNS, TYPES
from pharma_assets.reading.sheet import Document
from pharma_assets.transforms.body import Body, Mask, data_rows
from pharma_assets.transforms.columns import ParsedColumn, parse_column
from pharma_assets.transforms.corrections import NO_CORRECTIONS, CorrectedBody, Corrections, RowCorrection, correct
from pharma_assets.transforms.facts import NOWHERE, Facts, registry_values
from pharma_assets.transforms.header_text import column_letter
from pharma_assets.transforms.headers import Located, locate
from pharma_assets.transforms.hooks.steps import Shaped, shape
from pharma_assets.transforms.layout import Layout, LeftOut, Totals
from pharma_assets.transforms.left_out import rows_left_out
from pharma_assets.transforms.merged import fill_merged
from pharma_assets.transforms.rows import Structure, tell_rows
from pharma_assets.transforms.target_table import target_table
from pharma_assets.transforms.totals import ControlTotal, control_totals
from pharma_assets.transforms.values import CellProblem


@dataclass(frozen=True)
class RejectedCell:
    """A cell that could not be stored: its column's header, its text as written, and why; with the `facts` the why can
    be told in another language."""

    header: str
    text: str | None
    code: str
    message: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class RejectedRow:
    """A row that was held back. `raw` is the whole row as it was sent: header → text of every non-blank cell. `part`:
    which of several rows that a hook made of it."""

    sheet: str
    row: int
    cells: tuple[RejectedCell, ...]
    raw: Mapping[str, str]
    part: int = 1

    def __str__(self) -> str:
        cell = self.cells[0]
        return f"{self.sheet} row {self.row}, {cell.header}: {cell.text!r} {cell.code}: {cell.message}"


@dataclass(frozen=True)
class SheetColumns:
    """What stands where in a sheet: the row in which its header begins, and column letter → header as written."""

    header_row: int
    columns: Mapping[str, str]


@dataclass(frozen=True)
class NormalizedReport:
    """A report in the target schema.

    `table`: one row for each row to load, with the filled target columns (text, decimal128, timestamp in UTC),
    `source_sheet`, `source_row` (1-based, as people count) and `extra` (JSON text, null where there is nothing more).
    `read` was counted by the reader, and `read = table.num_rows + sum(left_out) + len(rejected)` holds; where a hook
    made several rows of one, each counts as read, and `source_part` numbers them. `left_out` counts rows by their
    reason: that of a rule of the layout or of a hook, or a `Reason`. `sheet` names the sheets that were
    taken, joined by ", "; `header_row` is where the first one's header begins. `remarks` are problems of the scope
    REMARK: they stop nothing. `control_totals` are the report's own totals. `corrected` are the rows that were read
    with a person's corrections, whatever became of them. `columns` tells for each sheet what stands where.
    """

    table: pa.Table
    sheet: str
    header_row: int
    read: int
    left_out: Mapping[str, int]
    rejected: tuple[RejectedRow, ...]
    remarks: tuple[PharmaError, ...] = ()
    control_totals: tuple[ControlTotal, ...] = ()
    corrected: tuple[RowCorrection, ...] = ()
    columns: Mapping[str, SheetColumns] = field(default_factory=dict)

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


@dataclass(frozen=True)
class _Part:
    """What one sheet gave. `told` are the rows that are data; `outside` are the local days of the rows to load that lie
    outside the folder's month."""

    table: pa.Table
    read: int
    told: int
    left_out: Sequence[Mapping[str, int]]
    rejected: tuple[RejectedRow, ...]
    remarks: tuple[PharmaError, ...]
    control_totals: tuple[ControlTotal, ...]
    outside: pa.Array
    corrected: tuple[RowCorrection, ...]
    columns: SheetColumns


@dataclass(frozen=True)
class JudgedSheet:
    """The rows of one sheet and what became of each.

    `corrected` are the filled rows below the header as they stand, with a person's corrections; `everything` the same
    with merged cells filled; `structure` tells which of them are no data. `told` are the others, `shaped` what hooks
    have made of them, and `parsed`, `left_out`, `wrong` are of its rows; `left_out_by` counts by rule.
    """

    located: Located
    corrected: CorrectedBody
    everything: Body
    structure: Structure
    told: Body
    shaped: Shaped
    parsed: dict[str, ParsedColumn]
    left_out: Mask
    left_out_by: Mapping[str, int]
    wrong: Mask

    @property
    def body(self) -> Body:
        """The rows that were parsed."""
        return self.shaped.body

    @property
    def keep(self) -> Mask:
        """The rows to load."""
        keep: Mask = ~(self.left_out | self.wrong)
        return keep


def normalize(
    document: Document,
    layout: Layout,
    timezone: ZoneInfo,
    month: date | None = None,
    facts: Facts = NOWHERE,
    corrections: Corrections = NO_CORRECTIONS,
) -> NormalizedReport:
    """Bring a document to the target schema by its layout. `month` is the first day of the folder's month; None leaves
    the dates unchecked. `facts`: what else the file's place says, for the columns that the layout fills from it.
    `corrections` take the place of what the document says.

    Raises PharmaError when the structure is in doubt: HEADER_NOT_FOUND, MISSING_COLUMN, HIDDEN_SHEET, AMBIGUOUS_SHEET,
    AMBIGUOUS_COLUMN, NO_DATA_ROWS, ALL_ROWS_REJECTED, DATE_AMBIGUOUS, TOTAL_MISMATCH, PERIOD_MISMATCH, FACT_MISSING,
    HOOK_FAILED; ROWS_UNACCOUNTED if the count does not come out.
    """
    registry = registry_values(layout.registry, facts, month, timezone)
    located = locate(document, layout)
    parts = [_normalize_sheet(sheet, layout, timezone, month, registry, corrections) for sheet in located]
    if not layout.nil_report and not any(part.told for part in parts):
        raise PharmaError("NO_DATA_ROWS")
    left_out: Counter[str] = Counter()
    for counts in (counts for part in parts for counts in part.left_out):
        left_out.update(counts)
    report = NormalizedReport(
        table=_joined([part.table for part in parts]),
        sheet=", ".join(sheet.sheet.name for sheet in located),
        header_row=located[0].row,
        read=sum(part.read for part in parts),
        left_out=dict(left_out),
        rejected=tuple(row for part in parts for row in part.rejected),
        remarks=(*document.remarks, *(remark for part in parts for remark in part.remarks)),
        control_totals=tuple(total for part in parts for total in part.control_totals),
        corrected=tuple(row for part in parts for row in part.corrected),
        columns={sheet.sheet.name: part.columns for sheet, part in zip(located, parts, strict=True)},
    )
    check_accounted(report)
    if report.loaded == 0 and report.rejected:
        raise PharmaError("ALL_ROWS_REJECTED", rows=len(report.rejected), first=report.rejected[0])
    if layout.totals is Totals.CHECK:
        _check_totals(report)
    if month is not None:
        _check_period(report, layout, month, pa.concat_arrays([part.outside for part in parts]))
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


def check_volume(report: NormalizedReport, layout: Layout) -> None:
    """Raise PharmaError ROWS_OUT_OF_BOUNDS when a report has fewer or more rows than its layout says it has.

    A person may let such a report through, so this is no part of `normalize`. A nil report that is allowed is in order.
    """
    bounds = layout.rows
    if bounds is None or (report.read == 0 and layout.nil_report):
        return
    if report.read < (bounds.min or 0) or report.read > (bounds.max or report.read):
        raise PharmaError("ROWS_OUT_OF_BOUNDS", rows=report.read, least=bounds.min or 0, most=bounds.max or "∞")


def _check_totals(report: NormalizedReport) -> None:
    for total in report.control_totals:
        if total.agrees is False:
            raise total.mismatch()


def _check_period(report: NormalizedReport, layout: Layout, month: date, outside: pa.Array) -> None:
    if len(outside) > layout.outside_month * report.loaded:
        days = pc.min_max(outside).as_py()
        raise PharmaError(
            "PERIOD_MISMATCH",
            outside=len(outside),
            rows=report.loaded,
            month=f"{month:%Y-%m}",
            first=f"{days['min']:%d.%m.%Y}",
            last=f"{days['max']:%d.%m.%Y}",
            allowed=f"{layout.outside_month:.4g}" if 0 < layout.outside_month < 0.01 else f"{layout.outside_month:.0%}",
        )


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of all sheets; a column that a sheet has not is null in its rows."""
    if len(tables) == 1:
        return tables[0]
    names = {name for table in tables for name in table.column_names}
    order = [name for name in (*TYPES, "source_part", *TRACE_COLUMNS) if name in names]
    table = pa.concat_tables(tables, promote_options="default").select(order).combine_chunks()
    if "source_part" in names:
        # A sheet in which no row was made of another.
        parts = pc.fill_null(table["source_part"], 1)
        table = table.set_column(order.index("source_part"), "source_part", parts)
    return table


def judge(
    located: Located,
    layout: Layout,
    timezone: ZoneInfo,
    month: date | None = None,
    corrections: Corrections = NO_CORRECTIONS,
) -> JudgedSheet:
    """Read the rows below a header by the layout. Raises PharmaError AMBIGUOUS_COLUMN, DATE_AMBIGUOUS, HOOK_FAILED."""
    corrected = correct(data_rows(located), corrections)
    everything = fill_merged(corrected.body, located, layout)
    structure = tell_rows(corrected.body, everything, located, layout)
    told = everything.without(structure.mask(everything.height))
    shaped = shape(told, layout, located.known, month)
    body, layout = shaped.body, shaped.layout
    parsed = _parse(body, layout, timezone, month)
    left_out, left_out_by = rows_left_out(parsed, layout, ~body.ragged)
    wrong = body.ragged.copy()
    for column in parsed.values():
        wrong |= column.problem_of >= 0
    return JudgedSheet(located, corrected, everything, structure, told, shaped, parsed, left_out, left_out_by, wrong)


def _normalize_sheet(
    located: Located,
    layout: Layout,
    timezone: ZoneInfo,
    month: date | None,
    registry: Mapping[str, pa.Scalar],
    corrections: Corrections,
) -> _Part:
    judged = judge(located, layout, timezone, month, corrections)
    shaped, parsed, keep, structure = judged.shaped, judged.parsed, judged.keep, judged.structure
    body, layout, everything = shaped.body, shaped.layout, judged.everything
    table, at_last = target_table(body, layout, parsed, keep, registry, timezone, month)
    remarks = [*_sheet_remarks(shaped, located), *(remark for column in parsed.values() for remark in column.remarks)]
    data = ~structure.mask(everything.height)
    as_sent, sent = judged.told, parsed
    if structure.totals and layout.hooks is not None:
        # A report's own totals are of the rows that it sent, not of what hooks have made of them.
        data &= ~np.isin(everything.rows, list(shaped.gone))
        as_sent = everything.without(~data)
        sent = _parse(as_sent, layout, timezone, month)
    return _Part(
        table=table,
        read=located.sheet.rows_filled_below(located.last_index) + shaped.made,
        told=judged.told.height,
        left_out=[judged.left_out_by, structure.counts(), shaped.left_out, at_last],
        rejected=rejected_rows(body, parsed, judged.wrong & ~judged.left_out),
        remarks=(*remarks, *judged.corrected.remarks()),
        control_totals=control_totals(everything, data, structure.totals, sent, as_sent.ragged, layout, timezone),
        outside=_days_outside(_local_days(parsed, layout, keep, table, timezone), month),
        corrected=judged.corrected.applied,
        columns=SheetColumns(located.row, _source_columns(judged.told, located)),
    )


def _source_columns(body: Body, located: Located) -> dict[str, str]:
    """The columns that have a header or any cell."""
    named = set().union(*located.header_rows)
    return {
        column_letter(column.place): column.header
        for column in body.columns
        if column.place in named or not column.is_blank
    }


def _sheet_remarks(shaped: Shaped, located: Located) -> list[PharmaError]:
    """The remarks on a sheet's hidden rows, on columns that the layout does not know, and on rows that were made."""
    body, remarks = shaped.body, []
    if body.hidden is not None and body.hidden.any():
        remarks.append(PharmaError("HIDDEN_ROWS", sheet=body.sheet, rows=int(body.hidden.sum())))
    named = set().union(*located.header_rows)
    unknown = [
        column.header
        for column in body.columns
        if column.place not in shaped.known and (column.place in named or not column.is_blank)
    ]
    if unknown:
        columns = ", ".join(" ".join(header.split()) for header in unknown)
        remarks.append(PharmaError("EXTRA_COLUMNS", sheet=body.sheet, columns=columns))
    if shaped.made:
        remarks.append(PharmaError("ROWS_MADE", sheet=body.sheet, rows=shaped.made))
    return remarks


def _local_days(
    parsed: Mapping[str, ParsedColumn], layout: Layout, keep: Mask, table: pa.Table, timezone: ZoneInfo
) -> pa.Array:
    """The local moments of the rows to load; none where the month itself gives them."""
    if layout.hooks is not None and "period" in table.column_names:
        moments = [
            moment and moment.astimezone(timezone).replace(tzinfo=None) for moment in table["period"].to_pylist()
        ]
        return pa.array(moments, pa.timestamp("us"))
    period = [column for header, column in parsed.items() if layout.columns[header].to == "period"]
    return period[0].local_moments().filter(pa.array(keep)) if period else pa.array([], pa.timestamp("us"))


def _days_outside(local: pa.Array, month: date | None) -> pa.Array:
    """Those of the local moments that are not in the month."""
    if month is None:
        return local.slice(0, 0)
    first = datetime(month.year, month.month, 1)
    next_month = (first + timedelta(days=31)).replace(day=1)
    outside = pc.or_(
        pc.less(local, pa.scalar(first, local.type)), pc.greater_equal(local, pa.scalar(next_month, local.type))
    )
    return local.filter(pc.fill_null(outside, False))


def _parse(body: Body, layout: Layout, timezone: ZoneInfo, month: date | None) -> dict[str, ParsedColumn]:
    """The layout's columns that are there, parsed, by the layout's header: those that a rule looks at, and a stand-in
    only where it is needed."""
    only_kept, parts = layout.only_kept, layout.parts
    return {
        header: parse_column(body.columns[body.places[header]], rule, timezone, month, in_part=header in parts)
        for header, rule in layout.columns.items()
        if header in body.places and header not in only_kept and (rule.unless is None or rule.unless not in body.places)
    }


def rule_that_left_out(judged: JudgedSheet, layout: Layout, position: int) -> LeftOut | None:
    """The rule that the row at this position of the body was left out by."""
    for rule in layout.left_out:
        alone = layout.model_copy(update={"left_out": (rule,)})
        if rows_left_out(judged.parsed, alone, ~judged.body.ragged)[0][position]:
            return rule
    return None


def rejected_rows(body: Body, parsed: dict[str, ParsedColumn], mask: Mask) -> tuple[RejectedRow, ...]:
    """The rows of the mask, each with every cell that could not be stored and with the whole row as written."""
    positions = np.flatnonzero(mask)
    if not len(positions):
        return ()
    held = body.take(positions)
    texts = [column.texts.to_pylist() for column in held.columns]
    sent = {column.header: column.as_sent.to_pylist() for column in held.columns if not column.made}
    rows = []
    for at, index in enumerate(positions.tolist()):
        cells = [
            RejectedCell(
                column.source.header, texts[column.source.place][at], problem.code, problem.message, problem.facts
            )
            for column in parsed.values()
            if (problem := column.problem_at(index)) is not None
        ]
        if held.ragged[at]:
            ragged = CellProblem("ROW_RAGGED", seen=int(held.widths[at]), expected=body.expected_width)
            cells.insert(0, RejectedCell("", None, ragged.code, ragged.message, ragged.facts))
        raw = {header: cell[at] for header, cell in sent.items() if cell[at] is not None}
        part = 1 if held.parts is None else int(held.parts[at])
        rows.append(RejectedRow(body.sheet, int(held.rows[at]), tuple(cells), raw, part))
    return tuple(rows)
