"""The rows of another program's `raw.primary_data` into ours, each with the file that it came from, and the ledger."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from pharma_assets.loading.adoption.cells import Table
from pharma_assets.loading.adoption.matching import How, Matcher, Origin
from pharma_assets.loading.adoption.registry import count_on
from pharma_assets.loading.adoption.source import refused
from pharma_assets.model.target import COLUMNS, TYPES
from pharma_assets.registry.files import ADOPTED

SHEET = ADOPTED
"""Stands for the sheet of a row that came from another program; its row number counts the file's rows."""

_SUMMED = [name for name, type_ in TYPES.items() if type_.is_numeric]


def match(
    connection: psycopg.Connection, table: Table, matcher: Matcher, timezone: ZoneInfo
) -> tuple[Counter[How], Counter[int]]:
    """Find the file of every row, and keep which it is in a temporary table.

    Returns how many rows were matched how, and how many each file has. Raises PharmaError ADOPTION_REFUSED.
    """
    connection.execute("CREATE TEMP TABLE origin (key text PRIMARY KEY, file_id bigint, month date) ON COMMIT DROP")
    query = sql.SQL("SELECT {key}, {parts}, count(*) FROM {rows} GROUP BY 1, 2, 3, 4, 5, 6").format(
        key=_key(table, timezone), parts=sql.SQL(", ").join(_origin(table, timezone)), rows=table.rows
    )
    how, rows = Counter[How](), Counter[int]()
    found = connection.execute(query).fetchall()
    with connection.cursor().copy("COPY origin FROM STDIN") as copy:
        for key, *origin, count in found:
            try:
                file, found_how = matcher.find(Origin(*origin))
            except LookupError as error:
                raise refused(str(error)) from error
            copy.write_row((key, file.id, file.leaf.client_month.first_day))
            how[found_how] += count
            rows[file.id] += count
    return how, rows


def _origin(table: Table, timezone: ZoneInfo) -> list[sql.Composable]:
    """The parts of an Origin."""
    month = sql.SQL(
        "CASE WHEN {0} >= '2000-01-01' AND {0} < '2100-01-01'"
        " THEN date_trunc('month', {0}::timestamptz AT TIME ZONE {1})::date END"
    ).format(table.cell("period"), sql.Literal(timezone.key))
    names = ("filename_ish", "filename_result", "report_provider", "report_provider_name")
    return [*(table.cell(name) for name in names), month]


def _key(table: Table, timezone: ZoneInfo) -> sql.Composable:
    return sql.SQL("ROW({})::text").format(sql.SQL(", ").join(_origin(table, timezone)))


def copy_rows(connection: psycopg.Connection, table: Table, timezone: ZoneInfo) -> int:
    """Copy the rows inside the database; returns how many. Their months must be there."""
    names = [column.name for column in COLUMNS]
    order = table.id or sql.SQL("o.ctid")
    statement = sql.SQL(
        "INSERT INTO raw.primary_data ({id_column}{names}, file_id, source_sheet, source_row, partition_month, extra)"
        " SELECT {id}{values}, p.file_id, {sheet}, row_number() OVER (PARTITION BY p.file_id ORDER BY {order}),"
        " p.month, {extra} FROM {rows} JOIN origin p ON p.key = {key}"
    ).format(
        id_column=sql.SQL("id, ") if table.id else sql.SQL(""),
        id=sql.SQL("{}, ").format(table.id) if table.id else sql.SQL(""),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        values=sql.SQL(", ").join(
            sql.SQL("{}::{}").format(table.cell(name), sql.SQL(TYPES[name].value)) for name in names
        ),
        sheet=sql.Literal(SHEET),
        order=order,
        extra=table.extra,
        rows=table.rows,
        key=_key(table, timezone),
    )
    stored = connection.execute(statement).rowcount
    count_on(connection, "raw.primary_data")
    return stored


def make_months(connection: psycopg.Connection) -> None:
    """Make the partitions of all months that rows go to, as far as they are not there."""
    connection.execute("SELECT ops.ensure_month(month) FROM (SELECT DISTINCT month FROM origin ORDER BY 1) months")


def write_ledger(connection: psycopg.Connection, run_id: str) -> None:
    """An entry for each file that has rows, and for each that is CREATED: it was taken in, whoever did it."""
    sums = ", ".join(f"'{name}', sum({name})::text" for name in _SUMMED)
    connection.execute(_LEDGER.format(sums=sums).encode(), {"adopted": ADOPTED, "run_id": run_id})


_LEDGER = """
    INSERT INTO ops.file_load (file_id, version, transform_fingerprint, partition_month, rows_read, rows_loaded,
        rows_rejected, sums, period_from, period_to, run_id)
    SELECT f.id, 1, %(adopted)s, make_date(f.report_year, f.report_month, 1), coalesce(d.rows, 0), coalesce(d.rows, 0),
        0, coalesce(d.sums, '{{}}'), d.first, d.last, %(run_id)s
    FROM ops.file_registry f LEFT JOIN (
        SELECT file_id, count(*) AS rows, jsonb_strip_nulls(jsonb_build_object({sums})) AS sums,
               min(period) AS first, max(period) AS last
        FROM raw.primary_data GROUP BY file_id
    ) d ON d.file_id = f.id
    WHERE d.file_id IS NOT NULL OR f.status = 'CREATED'
    ORDER BY f.id
"""
