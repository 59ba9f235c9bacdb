"""One look at the whole inbox: what is new or changed goes into the registry, what does not fit is reported."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, text

from pharma_assets.database.connect import psycopg_connection
from pharma_assets.database.copy_format import escaped
from pharma_assets.errors import PharmaError
from pharma_assets.inbox.walk import (
    PathProblem,
    SeenFile,
    Walk,
    changed_lately,
    drop_moving,
    path_problem,
    settled,
    walk_inbox,
)
from pharma_assets.model.report_path import Leaf
from pharma_assets.registry.locks import SCAN, try_lock

BATCH = 20_000


@dataclass(frozen=True)
class ScanRules:
    """What the scan takes: file extensions (empty: all), how long a file must have been still, and which months.

    The last month is the running one in `timezone`, as it is for the partitions.
    """

    extensions: tuple[str, ...]
    settle_seconds: float
    first_month: date
    budget_seconds: float
    timezone: str = "Europe/Moscow"


@dataclass(frozen=True)
class ScanResult:
    """What a scan saw and did.

    `busy`: somebody else was scanning, so nothing was done. `complete`: False when the budget ran out; the next scan
    goes on. `paths` lists what was (or, in a dry run, would be) registered.
    """

    seen: int = 0
    added: int = 0
    changed: int = 0
    filtered: int = 0
    unsettled: int = 0
    problems: tuple[PathProblem, ...] = ()
    paths: tuple[str, ...] = ()
    seconds: float = 0.0
    complete: bool = True
    busy: bool = False


def scan(engine: Engine, root: Path, rules: ScanRules, run_id: str) -> ScanResult:
    """Walk the inbox and register unseen files as NEW and changed ones as a new version, in bulk.

    Doing it again changes nothing. Raises PharmaError INBOX_MISSING before anything is written.
    """
    # The lock's connection is a new one each time; the work's, asked for first, may be a warm one of the pool.
    with engine.connect() as connection, try_lock(engine, SCAN) as held:
        if not held:
            return ScanResult(busy=True)
        # Fetched while the walk goes through the upper folders, which hold no files.
        with ThreadPoolExecutor(1) as fetcher:
            known = fetcher.submit(known_files, connection)
            result = look(root, rules, known.result, lambda files: _register(connection, files, run_id))
            known.result()  # its failure shows also where no file asked for it
        with connection.begin():
            _keep_problems(connection, result)
        return result


def known_files(connection: Connection) -> set[bytes]:
    """`path/size/modified_ns` of every registered file that has not gone, as `walk_inbox` asks for it."""
    # One long text a month: fetching a row for each file would take a quarter as long as looking at all the files.
    query = """
        SELECT convert_to(string_agg(file_path || '/' || file_size || '/' || modified_ns, '//'), 'UTF8')
        FROM ops.file_registry WHERE status <> 'DELETE' AND modified_ns IS NOT NULL GROUP BY report_year, report_month
    """
    with connection.begin(), psycopg_connection(connection).cursor(binary=True) as cursor:
        cursor.execute(query)
        return set().union(*(files.split(b"//") for (files,) in cursor))


def look(
    root: Path,
    rules: ScanRules,
    known: Callable[[], Container[bytes]],
    register: Callable[[Sequence[SeenFile]], tuple[int, int]],
) -> ScanResult:
    """Walk the inbox, and give what is not `known()` as it is now, and settled, to `register` batch by batch.

    `register` returns how many were added and how many changed. Touches no database itself.
    """
    started = time.monotonic()
    now_ns = time.time_ns()
    today = _now().astimezone(ZoneInfo(rules.timezone)).date()
    months = _Months(rules.first_month, today.replace(day=1))
    walk = Walk()
    batch: list[SeenFile] = []
    lately: list[SeenFile] = []
    paths: list[str] = []
    added = changed = 0
    complete = True

    def take(files: list[SeenFile]) -> None:
        nonlocal added, changed
        if files:
            new, altered = register(files)
            added, changed = added + new, changed + altered
            paths.extend(file.path for file in files)

    for files in walk_inbox(root, rules.extensions, walk, known):
        outside = months.problem(files[0].leaf) if files else None
        for file in files:
            if not settled(file, now_ns, rules.settle_seconds):
                walk.unsettled += 1
            elif outside is not None:
                walk.problems.append(path_problem(file.path, outside))
            elif changed_lately(file, now_ns, rules.settle_seconds):
                lately.append(file)
            else:
                batch.append(file)
        if len(batch) >= BATCH:
            take(batch)
            batch = []
        if time.monotonic() - started > rules.budget_seconds:
            complete = False
            break
    take(batch + drop_moving(root, lately, walk, rules.settle_seconds))
    return ScanResult(
        seen=walk.seen,
        added=added,
        changed=changed,
        filtered=walk.filtered,
        unsettled=walk.unsettled,
        problems=tuple(walk.problems),
        paths=tuple(paths),
        seconds=time.monotonic() - started,
        complete=complete,
    )


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Months:
    """The months that partitions exist for."""

    first: date
    last: date

    def problem(self, leaf: Leaf) -> PharmaError | None:
        month = leaf.client_month.first_day
        if self.first <= month <= self.last:
            return None
        return PharmaError(
            "PATH_OUTSIDE_MONTHS", month=f"{month:%Y-%m}", first=f"{self.first:%Y-%m}", last=f"{self.last:%Y-%m}"
        )


def _register(connection: Connection, files: Sequence[SeenFile], run_id: str) -> tuple[int, int]:
    """Insert the files as NEW, or count their version up; returns how many of each."""
    with connection.begin():
        connection.execute(text(_ARRIVALS))
        with (
            psycopg_connection(connection).cursor() as cursor,
            cursor.copy("COPY arrival FROM STDIN") as copy,
        ):
            copy.write(_copy_lines(files))
        row = connection.execute(text(_UPSERT), {"run_id": run_id}).one()
        connection.execute(text("DROP TABLE arrival"))
        return row.added, row.changed


def _copy_lines(files: Sequence[SeenFile]) -> bytes:
    """The rows of `arrival` in COPY's text format; what a leaf's files have in common is written out once a leaf."""
    lines: list[str] = []
    for leaf, in_leaf in groupby(files, key=lambda file: file.leaf):
        client, year, month = leaf.client_month.client, leaf.client_month.year, leaf.client_month.month
        place = f"{client.provider.value}\t{year}\t{month}\t{escaped(client.name)}\t{escaped(leaf.report_type)}"
        lines += [f"{escaped(file.path)}\t{place}\t{file.size}\t{file.modified_ns}\n" for file in in_leaf]
    return "".join(lines).encode()


_ARRIVALS = """
    CREATE TEMP TABLE arrival (file_path text, data_provider text, report_year smallint, report_month smallint,
        client_name text, report_type text, file_size bigint, modified_ns bigint) ON COMMIT DROP
"""

# A file that was replaced in place, or that came back, starts again as a new version of the same row.
_UPSERT = """
    WITH registered AS (
        INSERT INTO ops.file_registry AS f (file_path, uploaded_at, status, data_provider, report_year, report_month,
            client_name, report_type, file_size, modified_ns)
        SELECT file_path, to_timestamp(modified_ns / 1e9), 'NEW', data_provider, report_year, report_month,
            client_name, report_type, file_size, modified_ns
        FROM arrival
        ON CONFLICT (file_path) DO UPDATE SET status = 'NEW', version = f.version + 1, attempt = 0,
            uploaded_at = excluded.uploaded_at, file_size = excluded.file_size, modified_ns = excluded.modified_ns,
            error_reason = NULL, error_detail = NULL, next_attempt_at = NULL, content_hash = NULL, result_name = NULL,
            result_hash = NULL, updated_at = now()
        WHERE f.status = 'DELETE'
           OR (f.file_size, f.modified_ns) IS DISTINCT FROM (excluded.file_size, excluded.modified_ns)
        RETURNING f.id, f.version
    ), history AS (
        INSERT INTO ops.file_event (file_id, event, status_from, status_to, run_id)
        SELECT r.id, CASE r.version WHEN 1 THEN 'REGISTERED' ELSE 'CHANGED' END, before.status, 'NEW', :run_id
        FROM registered r LEFT JOIN ops.file_registry before ON before.id = r.id
    )
    SELECT count(*) FILTER (WHERE version = 1) AS added, count(*) FILTER (WHERE version > 1) AS changed FROM registered
"""


def _keep_problems(connection: Connection, result: ScanResult) -> None:
    """Keep what could not be placed where people can query it; a complete scan forgets what is no longer so."""
    if result.problems:
        connection.execute(
            text(
                """
                INSERT INTO ops.path_problem AS p (path, code, message, first_seen, last_seen)
                SELECT DISTINCT ON (path) path, code, message, now(), now()
                FROM unnest(CAST(:paths AS text[]), CAST(:codes AS text[]), CAST(:messages AS text[]))
                    AS n (path, code, message)
                ON CONFLICT (path) DO UPDATE
                SET code = excluded.code, message = excluded.message, last_seen = excluded.last_seen
                """
            ),
            {
                "paths": [problem.path for problem in result.problems],
                "codes": [problem.code for problem in result.problems],
                "messages": [problem.message for problem in result.problems],
            },
        )
    if result.complete:
        connection.execute(text("DELETE FROM ops.path_problem WHERE last_seen < now()"))
