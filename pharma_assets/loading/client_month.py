"""The work on one client-month: the due files of a scheduled run, or a rebuild from everything that is there.

Every path – sensor, `tick`, a click in Dagster – comes through `work_on`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Flag, auto

import psycopg
import pyarrow as pa
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.loading.ingest import (
    NormalizedFile,
    Step,
    ingest_file,
    load_file,
    normalize_file,
    reached,
)
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.primary_data import remove_rows
from pharma_assets.loading.working_folders import set_aside
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.model.status import Status
from pharma_assets.registry import claims, journal
from pharma_assets.registry.files import (
    NOWHERE,
    OF_CLIENT_MONTH,
    RegisteredFile,
    client_month_parameters,
    due_files,
    lock_unchanged,
    present_files,
)
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets.transforms.normalize import RejectedRow
from pharma_assets.transforms.totals import ControlTotal

logger = logging.getLogger(__name__)


PREVIEW_ROWS = 10

_RENEWAL = journal.LEASE / 6

# A file that has gone, or whose transform is still to be written, is nobody's failure.
_NO_FAILURE = ("FILE_GONE", "NO_SCRIPT_FOUND")


class Work(Flag):
    """Which half of a file's journey is wanted."""

    NORMALIZE = auto()
    LOAD = auto()


@dataclass(frozen=True)
class Figures:
    """What is told of a report that was taken in; its rows are let go, for a month of daily files is many of them.

    `source`: format, engine, encoding, sheet and header row. `left_out`: rule → rows. `remarks`: what
    stops nothing and is worth a look. `control_totals`: the report's own. `first_rows`: for a preview.
    """

    source: Mapping[str, object]
    result_name: str | None
    read: int
    loaded: int
    left_out: Mapping[str, int]
    rejected: tuple[RejectedRow, ...]
    remarks: tuple[PharmaError, ...]
    control_totals: tuple[ControlTotal, ...]
    sums: Mapping[str, Decimal]
    first_rows: pa.Table


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file: its report's figures, or the error that the registry shows."""

    file: RegisteredFile
    figures: Figures | None = None
    error: PharmaError | None = None


@dataclass
class Outcome:
    """What became of a client-month's files in one run.

    `removed`: files that have gone, whose rows were taken out. `superseded`: result files that no longer count.
    `rows_before`, `rows_after`: rows in `raw.primary_data`.
    """

    client_month: ClientMonth
    rebuild: bool
    files: list[FileOutcome] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    rows_before: int = 0
    rows_after: int = 0

    @property
    def failed(self) -> list[FileOutcome]:
        """The files that could not be taken in, each with its error."""
        return [
            outcome for outcome in self.files if outcome.error is not None and outcome.error.code not in _NO_FAILURE
        ]

    @property
    def reports(self) -> list[Figures]:
        return [outcome.figures for outcome in self.files if outcome.figures is not None]

    def total(self, count: Callable[[Figures], int]) -> int:
        return sum(map(count, self.reports))

    def sums(self) -> dict[str, Decimal]:
        """The sum of each numeric column over the files of this run."""
        totals: dict[str, Decimal] = {}
        for report in self.reports:
            for name, value in report.sums.items():
                totals[name] = totals.get(name, Decimal(0)) + value
        return totals


def work_on(
    platform: Platform, client_month: ClientMonth, run_id: str, work: Work, *, rebuild: bool, retry: bool = False
) -> Outcome:
    """Work on a client-month under its lock.

    Without `rebuild`: the due files, each in a transaction of its own (with `retry` also those in ERROR); rows are only
    added or replaced. With it: every present file again, in one transaction, and the rows of files that have gone go.
    A file that fails is marked and never stops the others. Raises PharmaError CLIENT_MONTH_BUSY when another run is at
    it, INBOX_MISSING when the inbox is not there, and what the database raises when it is lost.
    """
    with try_lock(platform.engine, client_month_lock(client_month)) as held:
        if not held:
            raise PharmaError("CLIENT_MONTH_BUSY", client_month=client_month)
        outcome = Outcome(client_month, rebuild)
        with platform.engine.begin() as connection:
            outcome.rows_before = _count_rows(connection, client_month)
            todo = _files_to_do(connection, platform, client_month, rebuild=rebuild, retry=retry)
            files = lock_unchanged(connection, todo)
            deadly = _deadly(platform, connection, files, run_id)
            if deadly is not None:
                outcome.files.append(deadly)
                files = [file for file in files if file.id != deadly.file.id]
            journal.claim(connection, [file.id for file in files], run_id)
        with _claimed(platform, files, run_id) as at_work:
            if files:
                platform.reader.start()
            for file in files:
                reached(file, Step.CLAIMED)
            if rebuild and Work.LOAD in work:
                with platform.engine.begin() as connection:
                    _rebuild(platform, connection, files, run_id, outcome, at_work)
                set_aside(platform, outcome.superseded, [report.result_name for report in outcome.reports])
            else:
                step = normalize_file if work is Work.NORMALIZE else ingest_file
                outcome.files += [_attempt(platform, file, run_id, step) for file in at_work.renewed(files)]
        with platform.engine.begin() as connection:
            outcome.rows_after = _count_rows(connection, client_month)
        return outcome


def _deadly(
    platform: Platform, connection: Connection, files: Sequence[RegisteredFile], run_id: str
) -> FileOutcome | None:
    """The file that the processes before this one have died of, if there is one: it must not stop the others for ever.

    Files are worked on in their order, so the first one that is still claimed is the one that was being worked on.
    """
    suspect = next((file for file in files if file.status is Status.PROCESSING and file.reason is None), None)
    if suspect is None:
        return None
    deaths = claims.count_death(connection, suspect.id)
    if deaths < claims.MOST_DEATHS:
        return None
    error = PharmaError("RUN_DIED", deaths=deaths)
    journal.failed(connection, suspect, run_id, error, _fingerprint(platform, suspect))
    return FileOutcome(suspect, error=error)


class _Claims:
    """The claims of a run, which are renewed while it is alive."""

    def __init__(self, platform: Platform, files: Sequence[RegisteredFile]) -> None:
        self._engine = platform.engine
        self._ids = [file.id for file in files]
        self._renewed_at = time.monotonic()

    def renewed(self, files: Iterable[RegisteredFile]) -> Iterator[RegisteredFile]:
        """Each of the files in turn; now and then the claims are renewed before it."""
        for file in files:
            if time.monotonic() - self._renewed_at > _RENEWAL.total_seconds():
                with self._engine.begin() as connection:
                    claims.renew(connection, self._ids)
                self._renewed_at = time.monotonic()
            yield file


@contextmanager
def _claimed(platform: Platform, files: Sequence[RegisteredFile], run_id: str) -> Iterator[_Claims]:
    """What is left of the claims when the block fails is given back, if that is possible: the next run must not take it
    for what a process has died of."""
    try:
        yield _Claims(platform, files)
    except Exception:
        with suppress(DBAPIError), platform.engine.begin() as connection:
            claims.give_back(connection, [file.id for file in files], run_id)
        raise


def _fingerprint(platform: Platform, file: RegisteredFile) -> str | None:
    transform = platform.transforms.by_client.get(file.client_month.client)
    return transform.fingerprint if transform else None


def _files_to_do(
    connection: Connection, platform: Platform, client_month: ClientMonth, *, rebuild: bool, retry: bool
) -> list[RegisteredFile]:
    if rebuild:
        return present_files(connection, client_month)
    due = due_files(connection, platform.transforms.versions, client_month)
    if not retry:
        return due
    failed = [file for file in present_files(connection, client_month) if file.status is Status.ERROR]
    return sorted({file.id: file for file in due + failed}.values(), key=lambda file: (file.uploaded_at, file.id))


def _rebuild(
    platform: Platform,
    connection: Connection,
    files: list[RegisteredFile],
    run_id: str,
    outcome: Outcome,
    at_work: _Claims,
) -> None:
    """Every file's rows anew in one transaction; a file that fails keeps the rows it had."""

    def renew(platform: Platform, file: RegisteredFile, run_id: str) -> NormalizedFile:
        normalized = normalize_file(platform, file, run_id)
        with connection.begin_nested():
            outcome.superseded += load_file(platform, connection, normalized, run_id)
        return normalized

    outcome.files += [_attempt(platform, file, run_id, renew) for file in at_work.renewed(files)]
    for file_id, path in _loaded_and_gone(connection, outcome.client_month):
        outcome.superseded += remove_rows(connection, file_id)
        journal.removed(connection, file_id, run_id)
        outcome.removed.append(path)
    if files:
        reached(files[-1], Step.COMMITTING)


def _attempt(
    platform: Platform,
    file: RegisteredFile,
    run_id: str,
    step: Callable[[Platform, RegisteredFile, str], NormalizedFile],
) -> FileOutcome:
    """Take one file a step further; what goes wrong with it is written down and goes no further."""
    try:
        return FileOutcome(file, _figures(step(platform, file, run_id)))
    except PharmaError as problem:
        if problem.problem.scope is Scope.PLATFORM:
            raise  # nothing is wrong with the file: it stays claimed, and is due again once the lock is free
        error = problem
    except Exception as problem:
        if _database_is_lost(problem):
            raise  # nothing is wrong with the file either
        logger.exception("file %s: %s", file.id, file.path)
        cause = getattr(problem, "orig", None) or problem
        error = PharmaError("INTERNAL_ERROR", kind=type(cause).__name__, why=cause)
    with platform.engine.begin() as connection:
        # What was wrong with a version says nothing of the next one, which is due as it is.
        if lock_unchanged(connection, [file]):
            journal.failed(connection, file, run_id, error, _fingerprint(platform, file))
    return FileOutcome(file, error=error)


def _database_is_lost(problem: Exception) -> bool:
    """Whether the database is away, full or busy. SQLAlchemy wraps what the driver raises, but not from a COPY."""
    if isinstance(problem, DBAPIError):
        return problem.connection_invalidated or isinstance(problem, OperationalError)
    return isinstance(problem, psycopg.OperationalError)


def _figures(normalized: NormalizedFile) -> Figures:
    report = normalized.report
    return Figures(
        source=normalized.source,
        result_name=normalized.result_name,
        read=report.read,
        loaded=report.loaded,
        left_out=report.left_out,
        rejected=report.rejected,
        remarks=report.remarks,
        control_totals=report.control_totals,
        sums=report.sums(),
        first_rows=report.table.take(pa.array(range(min(PREVIEW_ROWS, report.loaded)), pa.int64())),
    )


def _loaded_and_gone(connection: Connection, client_month: ClientMonth) -> list[tuple[int, str]]:
    """Files of a client-month whose rows are loaded and which are no longer in the inbox; they once were."""
    rows = connection.execute(
        text(
            f"""
            SELECT f.id, f.file_path FROM ops.file_registry f
            JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
            WHERE f.status = 'DELETE' AND NOT starts_with(f.file_path, '{NOWHERE}/') AND {OF_CLIENT_MONTH}
            ORDER BY f.id
            """  # noqa: S608
        ),
        client_month_parameters(client_month),
    )
    return [(row.id, row.file_path) for row in rows]


def _count_rows(connection: Connection, client_month: ClientMonth) -> int:
    """Rows of a client-month in `raw.primary_data`, by the ledger."""
    return int(
        connection.scalar(
            text(
                f"""
                SELECT coalesce(sum(l.rows_loaded), 0) FROM ops.file_registry f
                JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
                WHERE {OF_CLIENT_MONTH}
                """  # noqa: S608
            ),
            client_month_parameters(client_month),
        )
        or 0
    )
