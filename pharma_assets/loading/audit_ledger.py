"""The audit's part in the database: ledger against rows and rejects, and the registry's statuses against the ledger.

Every question is one statement over all files, and answers with what differs only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from pharma_assets.errors import PharmaError
from pharma_assets.loading.difference import Difference
from pharma_assets.loading.working_folders import OWNER_COLUMNS, Owner
from pharma_assets.model.target import TYPES
from pharma_assets.registry.files import NOWHERE
from pharma_assets.registry.locks import all_held, client_month_lock, is_held

_SUMMED = [name for name, type_ in TYPES.items() if type_.is_numeric]

# A ledger's sums without those of its rows that others replace.
_REMAINING = """(
            SELECT coalesce(jsonb_object_agg(name, remaining::text) FILTER (WHERE remaining <> 0), '{}') FROM (
                SELECT key AS name, value::numeric - coalesce((sums_superseded ->> key)::numeric, 0) AS remaining
                FROM jsonb_each_text(sums) WHERE value ~ '^-?[0-9]+([.][0-9]+)?$'
            ) part
        )"""

_ROWS = """
    WITH stored AS (
        SELECT partition_month, file_id, count(*) AS rows, {sums}
        FROM raw.primary_data {of_month} GROUP BY partition_month, file_id
    ), ledger AS (
        SELECT id, file_id, partition_month, rows_loaded - rows_superseded AS rows, rows_superseded > 0 AS in_part,
               CASE WHEN rows_superseded = 0 THEN sums ELSE {remaining} END AS sums
        FROM ops.file_load l
        WHERE superseded_at IS NULL {and_of_month}
    ), differing AS (
        SELECT coalesce(l.file_id, s.file_id) AS file_id, coalesce(l.partition_month, s.partition_month) AS month,
               l.id AS load_id, l.rows AS rows_counting, coalesce(s.rows, 0) AS rows, l.sums AS ledger_sums,
               {stored_sums}
        FROM ledger l FULL JOIN stored s ON s.partition_month = l.partition_month AND s.file_id = l.file_id
        WHERE l.id IS NULL OR l.rows <> coalesce(s.rows, 0) OR l.sums IS NOT NULL AND ({sums_differ})
    )
    SELECT {owner}, d.file_id, d.month, d.load_id, d.rows_counting, d.rows, d.ledger_sums, {differing_sums}
    FROM differing d LEFT JOIN ops.file_registry f ON f.id = d.file_id
    ORDER BY d.month, d.file_id
"""

_REJECTS = f"""
    SELECT {OWNER_COLUMNS}, l.id AS load_id, l.rows_rejected, l.superseded_at IS NULL AS counts,
           coalesce(r.rows, 0) AS rows
    FROM ops.file_load l
    JOIN ops.file_registry f ON f.id = l.file_id
    LEFT JOIN (SELECT load_id, count(*) AS rows FROM ops.rejected_row GROUP BY load_id) r ON r.load_id = l.id
    WHERE coalesce(r.rows, 0) <> CASE WHEN l.superseded_at IS NULL THEN l.rows_rejected ELSE 0 END
      AND (CAST(:month AS date) IS NULL OR l.partition_month = :month)
    ORDER BY l.id
"""  # noqa: S608

_MONTHS = f"""
    SELECT * FROM (
        SELECT {OWNER_COLUMNS}, l.id AS load_id, l.partition_month,
               make_date(f.report_year, f.report_month, 1) AS folder_month
        FROM ops.file_load l JOIN ops.file_registry f ON f.id = l.file_id WHERE l.superseded_at IS NULL
    ) m
    WHERE partition_month <> folder_month
      AND (CAST(:month AS date) IS NULL OR :month IN (partition_month, folder_month))
    ORDER BY id
"""  # noqa: S608

_GONE = f"""
    SELECT {OWNER_COLUMNS}, l.id AS load_id, l.rows_loaded - l.rows_superseded AS rows,
        starts_with(f.file_path, '{NOWHERE}/') AS nowhere
    FROM ops.file_load l JOIN ops.file_registry f ON f.id = l.file_id
    WHERE l.superseded_at IS NULL AND f.status = 'DELETE'
      AND (CAST(:month AS date) IS NULL OR l.partition_month = :month)
    ORDER BY f.id
"""  # noqa: S608

# A report without rows doubles nothing, and what a person has released counts beside the others.
_TWICE = f"""
    SELECT {OWNER_COLUMNS}, t.ids FROM (
        SELECT array_agg(f.id ORDER BY f.id) AS ids
        FROM ops.file_load l JOIN ops.file_registry f ON f.id = l.file_id
        WHERE l.superseded_at IS NULL AND l.rows_loaded > l.rows_superseded AND l.content_hash IS NOT NULL
          AND f.released_version IS DISTINCT FROM l.version
        GROUP BY f.data_provider, f.client_name, f.report_type, l.content_hash
        HAVING count(*) > 1 AND bool_or(CAST(:month AS date) IS NULL OR l.partition_month = :month)
    ) t JOIN ops.file_registry f ON f.id = t.ids[cardinality(t.ids)]
    ORDER BY f.id
"""  # noqa: S608

# What is kept of a load's branches and days adds up to its rows; none of it is known of rows that were taken over.
_COVERAGE = f"""
    SELECT {OWNER_COLUMNS}, l.id AS load_id, l.rows_loaded, l.rows_superseded, c.rows, c.superseded
    FROM ops.file_load l
    JOIN ops.file_registry f ON f.id = l.file_id
    JOIN ops.delivery d ON d.file_id = l.file_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(b.rows), 0) AS rows,
               coalesce(sum(b.rows) FILTER (WHERE b.superseded_by IS NOT NULL), 0) AS superseded
        FROM jsonb_to_recordset(d.branch_days) AS b (rows integer, superseded_by bigint)
    ) c
    WHERE l.superseded_at IS NULL AND (c.rows, c.superseded) IS DISTINCT FROM (l.rows_loaded, l.rows_superseded)
      AND (CAST(:month AS date) IS NULL OR l.partition_month = :month)
    ORDER BY l.id
"""  # noqa: S608

# A file that replaces others counts for as long as they do not.
_SUPERSEDED = f"""
    SELECT {OWNER_COLUMNS}
    FROM ops.file_registry f
    LEFT JOIN ops.delivery d ON d.file_id = f.id
    LEFT JOIN ops.file_load own ON own.file_id = f.id AND own.superseded_at IS NULL
    WHERE f.status = 'CREATED' AND CASE
        WHEN f.error_reason = 'SUPERSEDED' THEN own.id IS NOT NULL OR NOT EXISTS (
            SELECT FROM ops.file_registry w
            JOIN ops.delivery whole ON whole.file_id = w.id
            JOIN ops.file_load l ON l.file_id = w.id AND l.superseded_at IS NULL
            WHERE (w.data_provider, w.client_name, w.report_year, w.report_month, w.report_type)
                  = (f.data_provider, f.client_name, f.report_year, f.report_month, f.report_type)
              AND whole.mode IN ('month_to_date', 'full_month')
              AND (whole.uploaded_at, w.id) > (d.uploaded_at, f.id))
        WHEN own.rows_superseded > 0 THEN EXISTS (
            SELECT FROM jsonb_to_recordset(d.branch_days) AS b (superseded_by bigint)
            WHERE b.superseded_by IS NOT NULL AND NOT EXISTS (
                SELECT FROM ops.file_load l WHERE l.file_id = b.superseded_by AND l.superseded_at IS NULL))
        ELSE false
    END AND (CAST(:month AS date) IS NULL OR make_date(f.report_year, f.report_month, 1) = :month)
    ORDER BY f.id
"""  # noqa: S608

_OF_FOLDER_MONTH = "(CAST(:month AS date) IS NULL OR make_date(f.report_year, f.report_month, 1) = :month)"

_STATUSES = f"""
    SELECT {OWNER_COLUMNS}
    FROM ops.file_registry f LEFT JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
    WHERE f.status = 'CREATED' AND f.error_reason IS NULL
      AND (l.id IS NULL OR l.content_hash IS DISTINCT FROM f.content_hash)
      AND {_OF_FOLDER_MONTH}
    ORDER BY f.id
"""  # noqa: S608

_CLAIMS = f"""
    SELECT {OWNER_COLUMNS}, coalesce(f.claimed_by, '?') AS holder
    FROM ops.file_registry f
    WHERE (f.status = 'PROCESSING' AND f.error_reason IS NULL OR f.claimed_until < now()) AND {_OF_FOLDER_MONTH}
    ORDER BY f.id
"""  # noqa: S608


def ledger_differences(engine: Engine, month: date | None) -> Iterator[Difference]:
    """What rows, rejects and ledger do not agree on, as of one moment."""
    snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**snapshot) as connection, connection.begin():
        # Such a file's rows and its ledger entry look for each other in different months: one cause, told once.
        astray = list(_months(connection, month))
        yield from astray
        yield from _rows(connection, month, {difference.file.id for difference in astray if difference.file})
        yield from _rejects(connection, month)
        for row in connection.execute(text(_GONE), {"month": month}):
            code = "ROWS_WITHOUT_FILE" if row.nowhere else "LOADED_BUT_GONE"
            yield Difference(PharmaError(code, rows=row.rows), Owner.of_row(row), load_id=row.load_id)
        for row in connection.execute(text(_TWICE), {"month": month}):
            yield Difference(PharmaError("CONTENT_TWICE", ids=", ".join(map(str, row.ids))), Owner.of_row(row))
        yield from _deliveries(connection, month)


def _months(connection: Connection, month: date | None) -> Iterator[Difference]:
    for row in connection.execute(text(_MONTHS), {"month": month}):
        error = PharmaError(
            "LEDGER_MONTH_DIFFERS", ledger=f"{row.partition_month:%Y-%m}", folder=f"{row.folder_month:%Y-%m}"
        )
        yield Difference(error, Owner.of_row(row), month=row.partition_month, load_id=row.load_id)


def _rows(connection: Connection, month: date | None, astray: set[int]) -> Iterator[Difference]:
    for row in connection.execute(text(_rows_query(month)), {"month": month}):
        if row.file_id in astray:
            continue
        owner = None if row.id is None else Owner.of_row(row)
        if row.load_id is None:
            error = PharmaError("ROWS_WITHOUT_LEDGER", rows=row.rows, file_id=row.file_id, month=f"{row.month:%Y-%m}")
        elif row.rows != row.rows_counting:
            error = PharmaError("ROWS_DIFFER", ledger=row.rows_counting, stored=row.rows)
        else:
            error = PharmaError("SUMS_DIFFER", sums=_sums_told(row))
        yield Difference(error, owner, month=row.month, load_id=row.load_id)


def _deliveries(connection: Connection, month: date | None) -> Iterator[Difference]:
    for row in connection.execute(text(_COVERAGE), {"month": month}):
        error = PharmaError(
            "DELIVERY_DIFFERS",
            ledger=row.rows_loaded,
            ledger_superseded=row.rows_superseded,
            rows=row.rows,
            superseded=row.superseded,
        )
        yield Difference(error, Owner.of_row(row), load_id=row.load_id)
    for row in connection.execute(text(_SUPERSEDED), {"month": month}):
        yield Difference(PharmaError("SUPERSEDED_BY_NONE"), Owner.of_row(row))


def _rows_query(month: date | None) -> str:
    # A sum of the ledger that is no number (somebody has written there) differs instead of failing the audit.
    figure = "CASE WHEN l.sums ->> '{0}' ~ '^-?[0-9]+([.][0-9]+)?$' THEN (l.sums ->> '{0}')::numeric END"
    # Where rows of a load do not stand in the table, a sum of 0 and none at all are the same.
    stored = "CASE WHEN l.in_part THEN nullif(s.{0}, 0) ELSE s.{0} END"
    return _ROWS.format(
        remaining=_REMAINING,
        sums=", ".join(f"sum({name}) AS {name}" for name in _SUMMED),
        stored_sums=", ".join(f"s.{name}" for name in _SUMMED),
        differing_sums=", ".join(f"d.{name}" for name in _SUMMED),
        sums_differ=" OR ".join(f"{figure.format(name)} IS DISTINCT FROM {stored.format(name)}" for name in _SUMMED),
        # Not as a parameter that may be NULL: only so is one month's partition read and no other.
        of_month="WHERE partition_month = CAST(:month AS date)" if month else "",
        and_of_month="AND partition_month = CAST(:month AS date)" if month else "",
        owner=OWNER_COLUMNS,
    )


def _sums_told(row: Row[Any]) -> str:
    pairs = [(name, row.ledger_sums.get(name), getattr(row, name)) for name in _SUMMED]
    return "; ".join(f"{name} {ledger} ≠ {stored}" for name, ledger, stored in pairs if not _are_equal(ledger, stored))


def _are_equal(ledger: object, stored: Decimal | None) -> bool:
    if ledger is None or stored is None:
        return ledger is stored
    try:
        return Decimal(str(ledger)) == stored
    except InvalidOperation:
        return False


def _rejects(connection: Connection, month: date | None) -> Iterator[Difference]:
    for row in connection.execute(text(_REJECTS), {"month": month}):
        error = (
            PharmaError("REJECTS_DIFFER", ledger=row.rows_rejected, stored=row.rows)
            if row.counts
            else PharmaError("REJECTS_WITHOUT_LEDGER", stored=row.rows, load_id=row.load_id)
        )
        yield Difference(error, Owner.of_row(row), load_id=row.load_id)


def registry_differences(engine: Engine, month: date | None) -> Iterator[Difference]:
    """What the registry says of files that nobody is working on, and the ledger does not."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Work that was going on at the question held its lock before or after it.
        held = all_held(connection)
        statuses = connection.execute(text(_STATUSES), {"month": month}).all()
        claims = connection.execute(text(_CLAIMS), {"month": month}).all()
        held |= all_held(connection)
    found = [Difference(PharmaError("STATUS_WITHOUT_LEDGER"), Owner.of_row(row)) for row in statuses]
    found += [Difference(PharmaError("CLAIM_STALE", holder=row.holder), Owner.of_row(row)) for row in claims]
    for difference in found:
        if difference.file is not None and not is_held(held, client_month_lock(difference.file.client_month)):
            yield difference
