"""That nothing was lost, doubled or changed by the move: figures of both sides, each by a statement of its own.

The figures of the other program's table are asked of that table as it is; those of texts that had to be read are added
up outside the database. So a defect of the statement that copies the rows does not hide itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from pharma_assets.errors import PharmaError
from pharma_assets.loading.adoption.cells import TABLE, Cell, Table
from pharma_assets.loading.adoption.source import REGISTRY, SCHEMA
from pharma_assets.model.target import Type

_MOST_NAMED = 10


@dataclass(frozen=True)
class Figure:
    """One figure of both sides. `aside`: what of it stands in `extra` because it does not fit its column."""

    name: str
    before: Decimal
    after: Decimal
    aside: Decimal = Decimal(0)

    @property
    def agrees(self) -> bool:
        return self.before == self.after + self.aside


def prove_registry(connection: psycopg.Connection) -> list[Figure]:
    """Rows, and ids that are on both sides."""
    table = sql.Identifier(SCHEMA, REGISTRY)
    rows = _one(connection, sql.SQL("SELECT count(*) FROM {}").format(table))
    kept = sql.SQL("SELECT count(*) FROM ops.file_registry f JOIN {} o ON o.id::text = f.id::text").format(table)
    return [Figure("files", rows, _one(connection, kept))]


def prove_rows(connection: psycopg.Connection, table: Table, timezone: ZoneInfo) -> list[Figure]:
    """Rows, rows of each source, and of each column its cells, its sum or a digest of its texts."""
    rows = _one(connection, sql.SQL("SELECT count(*) FROM {}").format(TABLE))
    figures = [Figure("rows", rows, _one(connection, sql.SQL("SELECT count(*) FROM raw.primary_data")))]
    by_source = sql.SQL(
        "SELECT count(*) FROM ("
        " SELECT filename_ish, count(*) AS rows FROM raw.primary_data GROUP BY 1"
        " EXCEPT ALL SELECT {}, count(*) FROM {} o GROUP BY 1) differing"
    ).format(_text_of(table, "filename_ish"), TABLE)
    figures.append(Figure("sources whose number of rows differs", Decimal(0), _one(connection, by_source)))
    # Cells that stand together still do: no column alone would show it.
    theirs = sql.SQL(", ").join(
        sql.SQL("{}::{}").format(cell.value, sql.SQL(cell.column.type.value)) for cell in table.cells
    )
    ours = sql.SQL(", ").join(sql.Identifier(cell.column.name) for cell in table.cells)
    before = sql.SQL("SELECT {} FROM {}").format(_digest(_together(theirs)), table.rows)
    after = sql.SQL("SELECT {} FROM raw.primary_data").format(_digest(_together(ours)))
    figures.append(Figure("rows: digest", _one(connection, before), _one(connection, after)))
    for cell in table.cells:
        figures += _of_column(connection, table, cell, timezone)
    for name in table.strangers:
        column = sql.Identifier("o", name)
        digested = _digest(sql.SQL("{}::text").format(column))
        query = sql.SQL("SELECT count({}), {} FROM {} o").format(column, digested, TABLE)
        count, digest = _row(connection, query)
        kept = sql.SQL("(extra ->> {})").format(sql.Literal(name))
        query = sql.SQL("SELECT count({0}), {1} FROM raw.primary_data").format(kept, _digest(kept))
        after, digest_after = _row(connection, query)
        figures += [Figure(f"{name}: cells", count, after), Figure(f"{name}: digest", digest, digest_after)]
    return figures


def require_agreement(figures: list[Figure]) -> None:
    """Raise PharmaError ADOPTION_DIFFERS with every figure that is not the same on both sides."""
    wrong = [
        f"{figure.name} {figure.before} ≠ {figure.after} + {figure.aside}" for figure in figures if not figure.agrees
    ]
    if wrong:
        raise PharmaError("ADOPTION_DIFFERS", differences="; ".join(wrong[:_MOST_NAMED]))


def _of_column(connection: psycopg.Connection, table: Table, cell: Cell, timezone: ZoneInfo) -> Iterator[Figure]:
    name, ours = cell.column.name, sql.Identifier(cell.column.name)
    if cell.column.type is Type.TEXT:
        query = sql.SQL("SELECT count({0}), {1} FROM {2} o").format(cell.source, _digest(cell.text), TABLE)
        count, digest = _row(connection, query)
        query = sql.SQL("SELECT count({0}), {1} FROM raw.primary_data").format(ours, _digest(ours))
        after, digest_after = _row(connection, query)
        yield Figure(f"{name}: cells", count, after)
        yield Figure(f"{name}: digest", digest, digest_after)
        return
    count = _one(connection, sql.SQL("SELECT count({}) FROM {} o").format(cell.source, TABLE))
    written = sql.SQL("(extra ->> {})").format(sql.Literal(name))
    after, aside = _row(connection, sql.SQL("SELECT count({}), count({}) FROM raw.primary_data").format(ours, written))
    yield Figure(f"{name}: cells", count, after, aside)
    value, before, kept = _measures(cell, timezone)
    total_after = _one(connection, sql.SQL("SELECT sum({}) FROM raw.primary_data").format(value))
    if cell.is_native:
        total = _one(connection, sql.SQL("SELECT sum({}) FROM {} o").format(before, TABLE))
        total_aside = _one(connection, sql.SQL("SELECT sum({}) FROM raw.primary_data").format(kept))
        yield Figure(f"{name}: sum", total, total_after, total_aside)
    else:
        yield Figure(f"{name}: sum", _total_of_texts(connection, cell), total_after)


def _measures(cell: Cell, timezone: ZoneInfo) -> tuple[sql.Composable, sql.Composable, sql.Composable]:
    """What is added up: of ours, of the other table as it is, and of what stands aside."""
    ours, aside = sql.Identifier(cell.column.name), sql.SQL("(extra ->> {})").format(sql.Literal(cell.column.name))
    if cell.column.type.is_numeric:
        return ours, sql.SQL("{}::numeric").format(cell.source), sql.SQL("{}::numeric").format(aside)
    seconds = sql.SQL("extract(epoch FROM {})")
    moment: sql.Composable = cell.source
    if cell.origin.type in ("timestamp", "date"):
        moment = sql.SQL("({}::timestamp AT TIME ZONE {})").format(cell.source, sql.Literal(timezone.key))
    # Nothing of a moment that the database itself knows ever stands aside.
    return seconds.format(ours), seconds.format(moment), sql.SQL("NULL::numeric")


def _total_of_texts(connection: psycopg.Connection, cell: Cell) -> Decimal:
    """The sum of what the texts of a column were read to, each as often as it occurs, added up here."""
    counts = connection.execute(
        sql.SQL("SELECT {}, count(*) FROM {} o WHERE {} IS NOT NULL GROUP BY 1").format(cell.text, TABLE, cell.source)
    ).fetchall()
    value: sql.Composable = sql.SQL("value::numeric")
    if not cell.column.type.is_numeric:
        value = sql.SQL("extract(epoch FROM value::timestamptz)")
    query = sql.SQL("SELECT written, {} FROM reading WHERE place = {} AND value IS NOT NULL").format(
        value, sql.Literal(cell.column.name)
    )
    read: dict[str, Decimal] = dict(connection.execute(query).fetchall())
    return sum((read[text] * count for text, count in counts if text in read), Decimal(0))


def _text_of(table: Table, name: str) -> sql.Composable:
    return next((cell.text for cell in table.cells if cell.column.name == name), sql.SQL("NULL::text"))


def _together(cells: sql.Composable) -> sql.Composable:
    return sql.SQL("ROW({})::text").format(cells)


def _digest(text: sql.Composable) -> sql.Composable:
    """The sum of the texts' hashes: the same for the same texts, whatever their order."""
    return sql.SQL("sum(hashtextextended({}, 0)::numeric)").format(text)


def _row(connection: psycopg.Connection, query: sql.Composed) -> tuple[Any, ...]:
    return tuple(Decimal(value or 0) for value in connection.execute(query).fetchone() or ())


def _one(connection: psycopg.Connection, query: sql.SQL | sql.Composed) -> Decimal:
    (value,) = connection.execute(query).fetchone() or (0,)
    return Decimal(value or 0)
