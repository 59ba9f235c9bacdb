"""Bringing another program's tables into the schema `original`: those of this database, of another one, or from a dump.

Nothing is converted here: what stands in `original` is what the other program had, and it stays there as the evidence.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import psycopg
from psycopg import sql

from pharma_assets.database.migrations import OURS, original_tables
from pharma_assets.database.urls import connect
from pharma_assets.errors import PharmaError
from pharma_assets.files import reading_error

SCHEMA = "original"
REGISTRY, ROWS = "file_registry", "primary_data"

# Read as what they are; every other type is read as text.
NATIVE = frozenset({"timestamptz", "timestamp", "date", "numeric", "int2", "int4", "int8", "float4", "float8"})

_BLOCK = 1 << 20
_MARKS = ",;\t"


class SourceColumn(NamedTuple):
    """A column of a table in `original`; `type` is one of NATIVE, or `text`."""

    name: str
    type: str


class Source(Protocol):
    """Where the other program's tables are."""

    def bring(self, connection: psycopg.Connection, timezone: str) -> list[str]:
        """Put them into the schema `original`; returns what else in the database hangs on them.

        Raises PharmaError ADOPTION_REFUSED, DATABASE_UNREACHABLE, FILE_GONE or LOCKED.
        """


def refused(why: str) -> PharmaError:
    return PharmaError("ADOPTION_REFUSED", why=why)


def make_schema(connection: psycopg.Connection) -> None:
    """Make the schema `original`. Raises PharmaError ADOPTION_REFUSED where tables of an earlier move stand in it."""
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
    there = [name for name in (REGISTRY, ROWS) if columns_of(connection, name)]
    if there:
        raise refused(f"{', '.join(f'{SCHEMA}.{name}' for name in there)} stands there already, from an earlier move")


def columns_of(connection: psycopg.Connection, table: str) -> list[SourceColumn]:
    """The columns of a table in `original`; none where there is no such table."""
    rows = connection.execute(_COLUMNS, [f"{SCHEMA}.{table}"])
    return [SourceColumn(name, type_ if type_ in NATIVE else "text") for name, type_ in rows]


_COLUMNS = """
    SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


class ThisDatabase:
    """The tables stand where ours shall be: they are moved aside as they are, in no time."""

    def bring(self, connection: psycopg.Connection, timezone: str) -> list[str]:
        tables = original_tables(connection)
        if not tables:
            raise refused(f"this database has no {' and no '.join(OURS)} of another program")
        make_schema(connection)
        hanging = [name for (name,) in connection.execute(_HANGING, [tables, tables])]
        for table in tables:
            parts = connection.execute("SELECT relid::regclass::text FROM pg_partition_tree(%s)", [table]).fetchall()
            for (name,) in parts or [(table,)]:
                # With its indexes, constraints, sequences and rights.
                connection.execute(
                    sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(sql.SQL(name), sql.Identifier(SCHEMA))
                )
        return hanging


# Views and foreign keys that go on pointing to the tables that were moved.
_HANGING = """
    SELECT DISTINCT v.oid::regclass::text FROM pg_depend d
    JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_class v ON v.oid = r.ev_class
    WHERE d.refclassid = 'pg_class'::regclass AND v.oid <> d.refobjid
      AND d.refobjid = ANY(%s::text[]::regclass[]::oid[])
    UNION
    SELECT c.conrelid::regclass::text FROM pg_constraint c
    WHERE c.contype = 'f' AND c.confrelid = ANY(%s::text[]::regclass[]::oid[]) AND c.conparentid = 0
    ORDER BY 1
"""


@dataclass(frozen=True)
class OtherDatabase:
    """The tables of the same names in another PostgreSQL, read in one snapshot and left as they are."""

    url: str

    def bring(self, connection: psycopg.Connection, timezone: str) -> list[str]:
        make_schema(connection)
        with connect(self.url) as other:
            other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # What has no time zone of its own is told in the suppliers'.
            other.execute(
                "SELECT set_config('timezone', %s, true), set_config('datestyle', 'ISO, DMY', true)", [timezone]
            )
            tables = [table for table in OURS if other.execute("SELECT to_regclass(%s)", [table]).fetchone() != (None,)]
            if not tables:
                raise refused(f"the other database has no {' and no '.join(OURS)}")
            for table in tables:
                _copy_table(connection, other, table)
        return []


def _copy_table(connection: psycopg.Connection, other: psycopg.Connection, table: str) -> None:
    schema, name = table.split(".")
    columns = [
        SourceColumn(column, type_ if type_ in NATIVE else "text")
        for column, type_ in other.execute(_COLUMNS, [table]).fetchall()
    ]
    _make_table(connection, name, columns)
    selected = sql.SQL(", ").join(
        sql.SQL("{}::{}").format(sql.Identifier(column), sql.SQL(type_)) for column, type_ in columns
    )
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(selected, sql.Identifier(schema, name))
    target = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(SCHEMA, name))
    with other.cursor().copy(query) as blocks, connection.cursor().copy(target) as copy:
        for block in blocks:
            copy.write(block)


def _make_table(connection: psycopg.Connection, name: str, columns: Sequence[SourceColumn]) -> None:
    definitions = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(type_)) for column, type_ in columns
    )
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(SCHEMA, name), definitions))


@dataclass(frozen=True)
class Dump:
    """CSV files with a header, as `\\copy … TO … CSV HEADER` writes them: comma, semicolon or tab, UTF-8 or cp1251."""

    registry: Path | None = None
    rows: Path | None = None

    def bring(self, connection: psycopg.Connection, timezone: str) -> list[str]:
        make_schema(connection)
        for name, path in ((REGISTRY, self.registry), (ROWS, self.rows)):
            if path is not None:
                try:
                    _load_csv(connection, name, path)
                except OSError as error:
                    raise reading_error(error) from error
        return []


def _load_csv(connection: psycopg.Connection, name: str, path: Path) -> None:
    encoding = _encoding(path)
    with path.open("rb") as file:
        start = len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0
        file.seek(start)
        header = file.readline().decode(_ENCODINGS[encoding])
        mark = max(_MARKS, key=header.count)
        columns = [column.strip().lower() for column in next(csv.reader(io.StringIO(header), delimiter=mark), [])]
        if not all(columns) or len(set(columns)) < len(columns):
            raise refused(f"the first line of {path.name} is no header: {header.strip()[:200]!r}")
        _make_table(connection, name, [SourceColumn(column, "text") for column in columns])
        statement = sql.SQL("COPY {} FROM STDIN (FORMAT csv, DELIMITER {}, ENCODING {})").format(
            sql.Identifier(SCHEMA, name), sql.Literal(mark), sql.Literal(encoding)
        )
        try:
            with connection.cursor().copy(statement) as copy:
                while block := file.read(_BLOCK):
                    copy.write(block)
        except psycopg.DataError as error:
            raise refused(f"{path.name}: {str(error).strip()}") from error


# PostgreSQL's names for them, and Python's.
_ENCODINGS = {"UTF8": "utf-8", "WIN1251": "cp1251"}


def _encoding(path: Path) -> str:
    """UTF-8 unless the file is none: then it is taken for cp1251, as Windows' programs write it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "WIN1251"
    return "UTF8"
