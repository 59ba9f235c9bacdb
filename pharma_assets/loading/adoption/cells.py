"""What the cells of another program's `raw.primary_data` become in ours: SQL for each column, and no cell lost.

A cell that does not fit its column exactly – a text that is no date, a number of too many digits – stands in `extra` as
it was written, and so does every column that our table lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from pharma_assets.errors import PharmaError
from pharma_assets.loading.adoption.source import ROWS, SCHEMA, SourceColumn, refused
from pharma_assets.model.target import COLUMNS, PRECISION, RESULT_HEADER, Column, Type
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.layout import DateOrder
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.amounts import NO_EVIDENCE, Evidence, Role, evidence_of, parse_amount
from pharma_assets.transforms.values.date_order import date_style
from pharma_assets.transforms.values.dates import PLAIN_STYLE, DateStyle, parse_date

TABLE = sql.Identifier(SCHEMA, ROWS)

# As a database writes a number, and nobody else.
_MACHINE = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_FINITE = sql.SQL("(CASE WHEN isfinite({0}) THEN {0} END)")
_OTHER_NAMES = {written.lower(): name for name, written in RESULT_HEADER.items()}


@dataclass(frozen=True)
class Cell:
    """A column of ours that the other table has, too.

    `source`: its cell as it is, `text`: as text; `value`: as ours takes it, NULL where it does not fit.
    """

    column: Column
    origin: SourceColumn
    source: sql.Composable
    text: sql.Composable
    value: sql.Composable

    @property
    def is_native(self) -> bool:
        """Whether the database itself knows what the cell says."""
        return self.origin.type != "text" or self.column.type is Type.TEXT

    @property
    def unfit(self) -> sql.Composable:
        """Whether there is a cell and it does not fit."""
        return sql.SQL("({} IS NOT NULL AND {} IS NULL)").format(self.source, self.value)


@dataclass(frozen=True)
class Table:
    """The other table as ours would be: a query part for its rows, called `o`, and its columns.

    `strangers`: columns that our table lacks. `id`: each row's id, None where they cannot be kept.
    """

    cells: tuple[Cell, ...]
    strangers: tuple[str, ...]
    id: sql.Composable | None
    rows: sql.Composable

    def cell(self, name: str) -> sql.Composable:
        """The value of a column of ours; NULL where the other table lacks it."""
        found = next((cell for cell in self.cells if cell.column.name == name), None)
        return found.value if found else sql.SQL("NULL")

    @property
    def extra(self) -> sql.Composable:
        """What has no place in ours, as JSON; NULL where there is nothing."""
        kept = [
            sql.SQL("{}, CASE WHEN {} THEN {} END").format(sql.Literal(cell.column.name), cell.unfit, cell.text)
            for cell in self.cells
            if cell.column.type is not Type.TEXT
        ]
        kept += [
            sql.SQL("{}, {}::text").format(sql.Literal(name), sql.Identifier("o", name)) for name in self.strangers
        ]
        if not kept:
            return sql.SQL("NULL::jsonb")
        # A function takes a hundred arguments at most.
        parts = [
            sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(kept[start : start + 40]))
            for start in range(0, len(kept), 40)
        ]
        return sql.SQL("NULLIF(jsonb_strip_nulls({}), '{{}}'::jsonb)").format(sql.SQL(" || ").join(parts))


def read_as_ours(connection: psycopg.Connection, columns: Sequence[SourceColumn], timezone: ZoneInfo) -> Table:
    """Look at the table in `original` and find out how its cells are read. Makes a temporary table of texts."""
    connection.execute("CREATE TEMP TABLE reading (place text, written text, value text) ON COMMIT DROP")
    ours = {column.name: column for column in COLUMNS}
    cells, strangers, joins, number = [], [], [], None
    taken: set[str] = set()
    for origin in columns:
        name = _OTHER_NAMES.get(origin.name, origin.name)
        column = ours.get(name)
        if origin.name == "id":
            number = _number(connection, origin)
        elif column is None or name in taken:
            strangers.append(origin.name)
        else:
            taken.add(name)
            cell = _cell(column, origin, timezone)
            if not cell.is_native:
                _read_texts(connection, cell, timezone)
                alias = sql.Identifier(f"reading_{name}")
                joins.append(
                    sql.SQL("LEFT JOIN reading {} ON {}.place = {} AND {}.written = {}").format(
                        alias, alias, sql.Literal(name), alias, cell.text
                    )
                )
            cells.append(cell)
    if "filename_ish" not in taken:
        raise refused(f"{SCHEMA}.{ROWS} has no column filename_ish")
    rows = sql.SQL("{} o {}").format(TABLE, sql.SQL(" ").join(joins))
    return Table(tuple(cells), tuple(strangers), number, rows)


def _cell(column: Column, origin: SourceColumn, timezone: ZoneInfo) -> Cell:
    source = sql.Identifier("o", origin.name)
    text = sql.SQL("{}::text").format(source)
    value: sql.Composable
    if column.type is Type.TEXT:
        value = text
    elif column.type is Type.MOMENT and origin.type == "timestamptz":
        value = _FINITE.format(source)
    elif column.type is Type.MOMENT and origin.type in ("timestamp", "date"):
        local = sql.SQL("({}::timestamp AT TIME ZONE {})").format(source, sql.Literal(timezone.key))
        value = _FINITE.format(local)
    elif column.type.is_numeric and origin.type not in ("text", "timestamptz", "timestamp", "date"):
        # From a float, PostgreSQL takes the fifteen digits that it holds for certain.
        value = sql.SQL(
            "(CASE WHEN {0}::numeric = round({0}::numeric, {1}) AND abs({0}::numeric) < 10::numeric ^ {2}"
            " THEN {0}::numeric END)"
        ).format(source, sql.Literal(column.type.scale), sql.Literal(PRECISION - column.type.scale))
    else:
        origin = origin._replace(type="text")
        value = sql.SQL("{}.value::{}").format(sql.Identifier(f"reading_{column.name}"), sql.SQL(column.type.value))
    return Cell(column, origin, source, text, value)


def _number(connection: psycopg.Connection, origin: SourceColumn) -> sql.Composable | None:
    """The rows' ids, if each has one of its own."""
    source = sql.Identifier("o", origin.name)
    number = sql.SQL("(CASE WHEN {0}::text ~ '^[0-9]{{1,18}}$' THEN {0}::text::bigint END)").format(source)
    query = sql.SQL("SELECT count(*), count(DISTINCT {}) FROM {} o").format(number, TABLE)
    rows, ids = connection.execute(query).fetchone() or (0, 0)
    return number if rows == ids else None


def _read_texts(connection: psycopg.Connection, cell: Cell, timezone: ZoneInfo) -> None:
    """Read every text that occurs in a column of figures or days, once."""
    query = sql.SQL("SELECT DISTINCT {} FROM {} o WHERE {} IS NOT NULL").format(cell.text, TABLE, cell.source)
    texts = [text for (text,) in connection.execute(query)]
    read = _moments(texts, timezone) if cell.column.type is Type.MOMENT else _amounts(texts, cell.column.type)
    with connection.cursor().copy("COPY reading FROM STDIN") as copy:
        for text, value in zip(texts, read, strict=True):
            copy.write_row((cell.column.name, text, value))


def _moments(texts: Sequence[str], timezone: ZoneInfo) -> Iterator[str | None]:
    style: DateStyle = PLAIN_STYLE
    # In doubt, those that can be read in two ways are no dates.
    with suppress(PharmaError):
        style = date_style("", texts, DateOrder.AUTO, None)
    for text in texts:
        try:
            moment = parse_date(text, Kind.TEXT, style)
        except CellProblem:
            moment = None
        yield None if moment is None else (moment if moment.tzinfo else moment.replace(tzinfo=timezone)).isoformat()


def _amounts(texts: Sequence[str], type_: Type) -> Iterator[str | None]:
    evidence: Evidence = NO_EVIDENCE
    for text in texts:
        evidence |= evidence_of(text, type_)
    for text in texts:
        value = amount(text, type_, evidence)
        yield None if value is None else f"{value:f}"


def amount(text: str, type_: Type, evidence: Evidence) -> Decimal | None:
    """What a text says exactly, None where it says nothing that fits. `1.234` is 1.234, as databases write it, unless
    the `evidence` of its column says that points part thousands."""
    if evidence.role(".") is not Role.THOUSANDS and _MACHINE.fullmatch(text.strip()):
        try:
            value = Decimal(text.strip())
            fits = value.adjusted() < PRECISION - type_.scale
            return value if fits and value == value.quantize(Decimal(1).scaleb(-type_.scale)) else None
        except DecimalException:
            return None
    try:
        return parse_amount(text, Kind.TEXT, type_, evidence)
    except CellProblem:
        return None
