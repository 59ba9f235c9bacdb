"""That nothing was lost, doubled or changed by the move: figures of both sides, each by a statement of its own.

The figures of the other program's table are asked of that table as it is; those of texts that had to be read are added
up outside the database. So a defect of the statement that copies the rows does not hide itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from pharma_assets.errors import PharmaError
from pharma_assets.loading.adoption.cells import TABLE, Cell, Table
from pharma_assets.loading.adoption.source import REGISTRY, SCHEMA
from pharma_assets.model.target import Type

_MOST_NAMED = 10
_NOTHING = sql.SQL("NULL::numeric")


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
    measures = [_Measure("rows", sql.SQL("count(*)"), sql.SQL("count(*)")), _of_rows(table)]
    for cell in table.cells:
        measures += _of_column(connection, cell, timezone)
    for name in table.strangers:
        measures += _of_stranger(name)
    ours = sql.SQL("raw.primary_data")
    before = _figures(
        connection,
        [_NOTHING if isinstance(measure.before, Decimal) else measure.before for measure in measures],
        table.rows,
    )
    after = _figures(connection, [measure.after for measure in measures], ours)
    aside = _figures(connection, [measure.aside for measure in measures], ours)
    by_source = sql.SQL(
        "SELECT count(*) FROM ("
        " SELECT filename_ish, count(*) AS rows FROM raw.primary_data GROUP BY 1"
        " EXCEPT ALL SELECT {}, count(*) FROM {} o GROUP BY 1) differing"
    ).format(table.cell("filename_ish"), TABLE)
    return [
        *(
            Figure(measure.name, measure.before if isinstance(measure.before, Decimal) else known, *rest)
            for measure, known, *rest in zip(measures, before, after, aside, strict=True)
        ),
        Figure("sources whose number of rows differs", Decimal(0), _one(connection, by_source)),
    ]


def require_agreement(figures: list[Figure]) -> None:
    """Raise PharmaError ADOPTION_DIFFERS with every figure that is not the same on both sides."""
    wrong = [
        f"{figure.name} {figure.before} ≠ {figure.after} + {figure.aside}" for figure in figures if not figure.agrees
    ]
    if wrong:
        raise PharmaError("ADOPTION_DIFFERS", differences="; ".join(wrong[:_MOST_NAMED]))


class _Measure(NamedTuple):
    """One figure, as aggregates: of the other table as it is (or known already), of ours, of what stands aside."""

    name: str
    before: sql.Composable | Decimal
    after: sql.Composable
    aside: sql.Composable = _NOTHING


def _of_column(connection: psycopg.Connection, cell: Cell, timezone: ZoneInfo) -> Iterator[_Measure]:
    name, ours = cell.column.name, sql.Identifier(cell.column.name)
    written = _in_extra(name)
    if cell.column.type is Type.TEXT:
        yield _Measure(f"{name}: cells", _count(cell.source), _count(ours))
        yield _Measure(f"{name}: digest", _digest(cell.text), _digest(ours))
        return
    yield _Measure(f"{name}: cells", _count(cell.source), _count(ours), _count(written))
    if not cell.is_native:
        yield _Measure(f"{name}: sum", _total_of_texts(connection, cell), _total(_summed(cell, ours)))
    elif cell.column.type.is_numeric:
        numbers = (sql.SQL("{}::numeric").format(part) for part in (cell.source, ours, written))
        yield _Measure(f"{name}: sum", *map(_total, numbers))
    else:
        moment: sql.Composable = cell.source
        if cell.origin.type in ("timestamp", "date"):
            moment = sql.SQL("({}::timestamp AT TIME ZONE {})").format(cell.source, sql.Literal(timezone.key))
        # Of the moments that the database itself knows, only those without an end stand aside.
        yield _Measure(f"{name}: sum", _total(_summed(cell, moment)), _total(_summed(cell, ours)))


def _of_stranger(name: str) -> Iterator[_Measure]:
    """A column that our table lacks."""
    column, kept = sql.SQL("{}::text").format(sql.Identifier("o", name)), _in_extra(name)
    yield _Measure(f"{name}: cells", _count(column), _count(kept))
    yield _Measure(f"{name}: digest", _digest(column), _digest(kept))


def _of_rows(table: Table) -> _Measure:
    """Cells that stand together still do: no column alone would show it."""
    theirs = sql.SQL(", ").join(
        sql.SQL("{}::{}").format(cell.value, sql.SQL(cell.column.type.value)) for cell in table.cells
    )
    ours = sql.SQL(", ").join(sql.Identifier(cell.column.name) for cell in table.cells)
    together = sql.SQL("ROW({})::text")
    return _Measure("rows: digest", _digest(together.format(theirs)), _digest(together.format(ours)))


def _total_of_texts(connection: psycopg.Connection, cell: Cell) -> Decimal:
    """The sum of what the texts of a column were read to, each as often as it occurs, added up here."""
    counts = connection.execute(
        sql.SQL("SELECT {}, count(*) FROM {} o WHERE {} IS NOT NULL GROUP BY 1").format(cell.text, TABLE, cell.source)
    ).fetchall()
    value = sql.SQL("value::{}").format(sql.SQL(cell.column.type.value))
    query = sql.SQL("SELECT written, {} FROM reading WHERE place = {} AND value IS NOT NULL").format(
        _summed(cell, value), sql.Literal(cell.column.name)
    )
    read: dict[str, Decimal] = dict(connection.execute(query).fetchall())
    return sum((read[text] * count for text, count in counts if text in read), Decimal(0))


def _summed(cell: Cell, value: sql.Composable) -> sql.Composable:
    """What of a value is added up: of a moment, its seconds."""
    return value if cell.column.type.is_numeric else sql.SQL("extract(epoch FROM {})").format(value)


def _in_extra(name: str) -> sql.Composable:
    return sql.SQL("(extra ->> {})").format(sql.Literal(name))


def _count(value: sql.Composable) -> sql.Composable:
    return sql.SQL("count({})").format(value)


def _total(number: sql.Composable) -> sql.Composable:
    # NaN and infinity are cells, and no sum.
    return sql.SQL("sum({0}) FILTER (WHERE {0}::text ~ '[0-9]')").format(number)


def _digest(text: sql.Composable) -> sql.Composable:
    """The sum of the texts' hashes: the same for the same texts, whatever their order."""
    return sql.SQL("sum(hashtextextended({}, 0)::numeric)").format(text)


def _figures(
    connection: psycopg.Connection, aggregates: Sequence[sql.Composable], rows: sql.Composable
) -> Iterator[Decimal]:
    """The aggregates, all in one pass over the rows."""
    query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(aggregates), rows)
    for value in connection.execute(query).fetchone() or ():
        yield Decimal(value or 0)


def _one(connection: psycopg.Connection, query: sql.SQL | sql.Composed) -> Decimal:
    (value,) = connection.execute(query).fetchone() or (0,)
    return Decimal(value or 0)
