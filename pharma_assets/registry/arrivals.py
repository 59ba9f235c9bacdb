"""Files that have come, changed or gone, written into the registry in bulk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, islice
from typing import NamedTuple

import psycopg
from sqlalchemy import Connection, text

from pharma_assets.database.connect import psycopg_connection
from pharma_assets.database.copy_format import NULL, escaped
from pharma_assets.errors import PharmaError
from pharma_assets.inbox.walk import SeenFile


class KnownFile(NamedTuple):
    """What the registry says of a file that has not gone."""

    id: int
    size: int
    modified_ns: int | None


def known_files(connection: Connection, folders: Sequence[str]) -> dict[str, KnownFile]:
    """The registered files of these leaf folders by path, without those that have gone."""
    # A range of the unique index for each folder: "0" is the character after "/".
    rows = connection.execute(
        text(
            """
            SELECT f.file_path, f.id, f.file_size, f.modified_ns
            FROM unnest(CAST(:folders AS text[])) AS leaf (folder)
            CROSS JOIN LATERAL (
                SELECT * FROM ops.file_registry WHERE file_path > folder || '/' AND file_path < folder || '0'
            ) f
            WHERE f.status <> 'DELETE'
            """
        ),
        {"folders": list(folders)},
    )
    return {path: KnownFile(*known) for path, *known in rows}


def register(
    connection: Connection, files: Sequence[SeenFile], run_id: str, since: date | None = None
) -> tuple[int, int]:
    """Insert the files as NEW, or count their version up; returns how many of each. The caller owns the transaction.

    What is new in a month before `since` waits as BACKLOG until somebody asks for it.
    """
    if not files:
        return 0, 0
    connection.execute(text(_ARRIVALS))
    with psycopg_connection(connection).cursor() as cursor, cursor.copy("COPY arrival FROM STDIN") as copy:
        copy.write("".join(_lines(files)))
    row = connection.execute(text(_UPSERT), {"run_id": run_id, **backlog_parameters(since)}).one()
    connection.execute(text("DROP TABLE arrival"))
    return row.added, row.changed


def register_unseen(
    connection: Connection, files: Sequence[SeenFile], run_id: str, since: date | None = None
) -> tuple[int, int]:
    """The same for files that the registry does not show as present: nearly always none of them was ever there.

    They are copied straight into the registry, which takes half as long; should one have been there and gone, all take
    the other way.
    """
    if not files:
        return 0, 0
    try:
        with connection.begin_nested():
            _copy_unseen(connection, files, run_id, since)
    except (psycopg.errors.UniqueViolation, OverflowError):  # came back; a time that only the database can express
        return register(connection, files, run_id, since)
    return len(files), 0


def _copy_unseen(connection: Connection, files: Sequence[SeenFile], run_id: str, since: date | None) -> None:
    # Asked for by its column: beside an adopted registry the sequence has another name.
    numbers = """
        SELECT string_agg(nextval(pg_get_serial_sequence('ops.file_registry', 'id'))::text, ',')
        FROM generate_series(1, :count)
    """
    ids = str(connection.scalar(text(numbers), {"count": len(files)})).split(",")
    times = [_EPOCH + timedelta(microseconds=(file.modified_ns + 500) // 1000) for file in files]
    waits = [since is not None and file.leaf.client_month.first_day < since for file in files]
    backlog, nothing = f"BACKLOG\t{escaped(str(backlog_parameters(since)['backlog']))}", f"{NULL}\t{NULL}"
    lines = (
        f"{number}\t{moment.isoformat()}\tNEW\t{backlog if old else nothing}\t{line}"
        for number, moment, old, line in zip(ids, times, waits, _lines(files), strict=True)
    )
    end = f"\t{escaped(run_id)}\n"
    events = (
        f"{number}\tREGISTERED\tNEW\t{'BACKLOG' if old else NULL}{end}" for number, old in zip(ids, waits, strict=True)
    )
    with psycopg_connection(connection).cursor() as cursor:
        for query, rows in (_COPY_FILES, lines), (_COPY_EVENTS, events):
            with cursor.copy(query) as copy:
                # The server takes in some while the next are written.
                while some := "".join(islice(rows, _WRITTEN_AT_ONCE)):
                    copy.write(some)


def backlog_parameters(since: date | None) -> dict[str, object]:
    """The parameters of BACKLOG_REASON and BACKLOG_DETAIL."""
    error = PharmaError("BACKLOG", since=f"{since:%Y-%m}" if since else "")
    return {
        "since": since,
        "backlog": json.dumps({"message": error.message, "advice": error.advice}, ensure_ascii=False),
    }


def _lines(files: Sequence[SeenFile]) -> Iterator[str]:
    """The rows of `arrival` in COPY's text format; what a leaf's files have in common is written out once a leaf."""
    for leaf, in_leaf in groupby(files, key=lambda file: file.leaf):
        client, year, month = leaf.client_month.client, leaf.client_month.year, leaf.client_month.month
        place = f"{client.provider.value}\t{year}\t{month}\t{escaped(client.name)}\t{escaped(leaf.report_type)}"
        for file in in_leaf:
            yield f"{escaped(file.path)}\t{place}\t{file.size}\t{file.modified_ns}\n"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_COPY_FILES = """
    COPY ops.file_registry (id, uploaded_at, status, error_reason, error_detail, file_path, data_provider, report_year,
        report_month, client_name, report_type, file_size, modified_ns) FROM STDIN
"""
_COPY_EVENTS = "COPY ops.file_event (file_id, event, status_to, reason, run_id) FROM STDIN"
_WRITTEN_AT_ONCE = 500

_ARRIVALS = """
    CREATE TEMP TABLE arrival (file_path text, data_provider text, report_year smallint, report_month smallint,
        client_name text, report_type text, file_size bigint, modified_ns bigint) ON COMMIT DROP
"""


# For a row with the month of a folder.
BACKLOG_REASON = "CASE WHEN make_date(report_year, report_month, 1) < CAST(:since AS date) THEN 'BACKLOG' END"
BACKLOG_DETAIL = (
    "CASE WHEN make_date(report_year, report_month, 1) < CAST(:since AS date) THEN CAST(:backlog AS jsonb) END"
)

# A file that was replaced in place, or that came back, starts again as a new version of the same row. One that nobody
# has asked for still waits.
_UPSERT = f"""
    WITH registered AS (
        INSERT INTO ops.file_registry AS f (file_path, uploaded_at, status, data_provider, report_year, report_month,
            client_name, report_type, file_size, modified_ns, error_reason, error_detail)
        SELECT file_path, to_timestamp(modified_ns / 1e9), 'NEW', data_provider, report_year, report_month,
            client_name, report_type, file_size, modified_ns, {BACKLOG_REASON}, {BACKLOG_DETAIL}
        FROM arrival
        ON CONFLICT (file_path) DO UPDATE SET status = 'NEW', version = f.version + 1, attempt = 0,
            uploaded_at = excluded.uploaded_at, file_size = excluded.file_size, modified_ns = excluded.modified_ns,
            error_reason = CASE WHEN f.error_reason = 'BACKLOG' OR f.status = 'DELETE' THEN excluded.error_reason END,
            error_detail = CASE WHEN f.error_reason = 'BACKLOG' OR f.status = 'DELETE' THEN excluded.error_detail END,
            next_attempt_at = NULL, content_hash = NULL, result_name = NULL, result_hash = NULL, updated_at = now()
        WHERE f.status = 'DELETE'
           OR (f.file_size, f.modified_ns) IS DISTINCT FROM (excluded.file_size, excluded.modified_ns)
        RETURNING f.id, f.version, f.error_reason
    ), history AS (
        INSERT INTO ops.file_event (file_id, event, status_from, status_to, reason, run_id, detail)
        SELECT r.id, CASE r.version WHEN 1 THEN 'REGISTERED' ELSE 'CHANGED' END, before.status, 'NEW', r.error_reason,
            :run_id, CASE WHEN before.id IS NOT NULL THEN jsonb_build_object('version', before.version,
                'size', before.file_size, 'uploaded_at', before.uploaded_at, 'content_hash', before.content_hash,
                'reason', before.error_reason) END
        -- LIMIT keeps it a look at one row: a join would go through the whole registry for files that are new to it.
        FROM registered r LEFT JOIN LATERAL (
            SELECT * FROM ops.file_registry before WHERE before.id = r.id AND r.version > 1 LIMIT 1
        ) before ON true
    )
    SELECT count(*) FILTER (WHERE version = 1) AS added, count(*) FILTER (WHERE version > 1) AS changed FROM registered
"""  # noqa: S608
