"""Running a layout over a client's whole history, beside what is loaded."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from queue import SimpleQueue
from typing import Any

from sqlalchemy import Connection, Row, text

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.report import read_report
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.reading.guard import GuardedReader
from pharma_assets.registry.files import RegisteredFile, present_files
from pharma_assets.shadow.measures import FileTrial, Measures, Trial
from pharma_assets.shadow.stored_rows import compare, stored_rows
from pharma_assets.transforms.catalog import ClientTransforms, Transforms
from pharma_assets.transforms.normalize import NormalizedReport

logger = logging.getLogger(__name__)

# Decided by what else is loaded, not by a layout.
_HELD = frozenset({"DUPLICATE_CONTENT", "PERIOD_OVERLAP"})

_MOST_READERS = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Wanted:
    """Which files: of months from `since` on, of a report type, or a single one."""

    since: date | None = None
    report_type: str | None = None
    file_id: int | None = None


@dataclass(frozen=True)
class _Loaded:
    """What the ledger says of a file."""

    measures: Measures
    content_hash: str
    month: date


def try_layout(
    platform: Platform,
    client: Client,
    candidate: Transforms,
    wanted: Wanted | None = None,
    most_rows: int = 0,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Trial:
    """Read every present file of a client by the transforms of `candidate`, in memory, and compare it with what is
    loaded. The database is asked read-only, and no folder is written to.

    `most_rows`: how many differing rows of each file to keep. `tell` hears how many files are done. Raises PharmaError
    LAYOUT_INVALID, and what the platform is stopped by.
    """
    wanted = wanted or Wanted()
    started = time.monotonic()
    transforms = candidate.by_client[client]
    if transforms.invalid is not None:
        raise transforms.invalid
    shadow = replace(platform, engine=platform.engine.execution_options(postgresql_readonly=True), transforms=candidate)
    with shadow.engine.connect() as connection:
        files = _present(connection, client, wanted)
        loaded = _ledger(connection, [file.id for file in files])
        gone = _gone(connection, client, wanted)
    held = [file for file in files if file.reason in _HELD]
    todo = [file for file in files if file.reason not in _HELD]
    trials = _read_all(shadow, todo, loaded, most_rows, tell)
    return Trial(
        client, transforms.file, _digest(transforms), tuple(trials), len(held), gone, time.monotonic() - started
    )


def _digest(transforms: ClientTransforms) -> str:
    """The fingerprint of the layout, or one of all that it holds for different types and months."""
    fingerprints = [version.fingerprint for version in transforms.versions]
    if len(set(fingerprints)) == 1:
        return fingerprints[0]
    return hashlib.sha256(":".join(fingerprints).encode()).hexdigest()[:16]


def _present(connection: Connection, client: Client, wanted: Wanted) -> list[RegisteredFile]:
    """The client's files that have neither gone nor been set aside, month by month."""
    months = connection.execute(
        text(
            "SELECT DISTINCT report_year, report_month FROM ops.file_registry"
            " WHERE data_provider = :provider AND client_name = :client ORDER BY 1, 2"
        ),
        {"provider": client.provider.value, "client": client.name},
    )
    client_months = [ClientMonth(client, year, month) for year, month in months]
    return [
        file
        for client_month in client_months
        if wanted.since is None or client_month.first_day >= wanted.since
        for file in present_files(connection, client_month)
        if wanted.report_type in (None, file.report_type) and wanted.file_id in (None, file.id)
    ]


def _gone(connection: Connection, client: Client, wanted: Wanted) -> int:
    """How many loaded files are no longer in the inbox."""
    return int(
        connection.scalar(
            text(
                """
                SELECT count(*) FROM ops.file_registry f
                JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
                WHERE f.status = 'DELETE' AND f.data_provider = :provider AND f.client_name = :client
                  AND (CAST(:since AS date) IS NULL OR make_date(f.report_year, f.report_month, 1) >= :since)
                  AND (CAST(:report_type AS text) IS NULL OR f.report_type = :report_type)
                  AND (CAST(:file_id AS bigint) IS NULL OR f.id = :file_id)
                """
            ),
            {"provider": client.provider.value, "client": client.name, **vars(wanted)},
        )
        or 0
    )


def _ledger(connection: Connection, file_ids: Sequence[int]) -> dict[int, _Loaded]:
    """What is loaded of these files."""
    rows = connection.execute(
        text(
            """
            SELECT l.file_id, l.content_hash, l.partition_month, l.rows_read, l.rows_loaded, l.rows_left_out, l.sums,
                   (SELECT coalesce(jsonb_object_agg(code, rows), '{}') FROM (
                       SELECT code, count(*) AS rows FROM ops.rejected_row r WHERE r.load_id = l.id GROUP BY code
                   ) counted) AS rejected
            FROM ops.file_load l WHERE l.superseded_at IS NULL AND l.file_id = ANY(:ids)
            """
        ),
        {"ids": list(file_ids)},
    )
    return {row.file_id: _Loaded(_of_ledger(row), row.content_hash, row.partition_month) for row in rows}


def _of_ledger(row: Row[Any]) -> Measures:
    return Measures(
        read=row.rows_read,
        loaded=row.rows_loaded,
        left_out={reason: count for reason, count in row.rows_left_out.items() if count},
        rejected=row.rejected,
        sums={name: Decimal(total) for name, total in (row.sums or {}).items()},
    )


def _of_report(report: NormalizedReport) -> Measures:
    rejected: dict[str, int] = {}
    for row in report.rejected:
        code = row.cells[0].code
        rejected[code] = rejected.get(code, 0) + 1
    left_out = {reason: count for reason, count in report.left_out.items() if count}
    return Measures(report.read, report.loaded, left_out, rejected, report.sums())


def _read_all(
    shadow: Platform,
    files: Sequence[RegisteredFile],
    loaded: dict[int, _Loaded],
    most_rows: int,
    tell: Callable[[int, int], None],
) -> list[FileTrial]:
    """Each file once, over a few readers; a report's rows are let go as soon as its figures are known."""
    settings, readers = shadow.settings, SimpleQueue[GuardedReader]()
    trials: dict[int, FileTrial] = {}

    def one(file: RegisteredFile) -> FileTrial:
        reader = readers.get()
        try:
            return _try_file(replace(shadow, reader=reader), file, loaded.get(file.id), most_rows)
        finally:
            readers.put(reader)

    with ExitStack() as stack:
        for _ in range(min(_MOST_READERS, len(files))):
            readers.put(stack.enter_context(GuardedReader(settings.read_seconds, settings.read_memory_mb)))
        pool = stack.enter_context(ThreadPoolExecutor(_MOST_READERS))
        # What is not begun is dropped when something stops the whole, Ctrl-C above all.
        stack.callback(pool.shutdown, cancel_futures=True)
        futures = {pool.submit(one, file): file.id for file in files}
        for done, future in enumerate(as_completed(futures), start=1):
            trials[futures[future]] = future.result()
            tell(done, len(files))
    return [trials[file.id] for file in files]


def _try_file(shadow: Platform, file: RegisteredFile, loaded: _Loaded | None, most_rows: int) -> FileTrial:
    before = None if loaded is None else loaded.measures
    try:
        normalized = read_report(shadow, file)
    except PharmaError as problem:
        if problem.problem.scope is Scope.PLATFORM:
            raise
        return FileTrial(file, before, file.reason, None, problem)
    except Exception as problem:
        logger.exception("file %s: %s", file.id, file.path)
        error = PharmaError("INTERNAL_ERROR", kind=type(problem).__name__, why=problem)
        return FileTrial(file, before, file.reason, None, error)
    after = _of_report(normalized.report)
    if loaded is None:
        return FileTrial(file, None, file.reason, after)
    if loaded.content_hash != normalized.content_hash:
        return FileTrial(file, before, file.reason, after, content_changed=True)
    with shadow.engine.connect() as connection:
        stored = stored_rows(connection, file.id, loaded.month)
    return FileTrial(file, before, file.reason, after, compared=compare(stored, normalized.report.table, most_rows))
