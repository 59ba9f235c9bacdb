"""The work on one client-month: the due files of a scheduled run, or a rebuild from everything that is there.

Every path – sensor, `tick`, a click in Dagster – comes through `work_on`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Flag, StrEnum, auto
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pyarrow as pa
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.loading.claimed import Claims, claimed
from pharma_assets.loading.ingest import (
    Fate,
    Loaded,
    Step,
    group_of,
    ingest_file,
    normalize_file,
    reached,
)
from pharma_assets.loading.month_facts import loaded_figures
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.primary_data import remove_rows
from pharma_assets.loading.rebuild import kept_on_disk, load_present
from pharma_assets.loading.report import NormalizedFile
from pharma_assets.loading.supersession import Displaced, settle_anew
from pharma_assets.loading.working_folders import set_aside
from pharma_assets.logs import about
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.model.status import Status
from pharma_assets.registry import claims, journal
from pharma_assets.registry.deliveries import is_known
from pharma_assets.registry.files import (
    NOWHERE,
    OF_CLIENT_MONTH,
    RegisteredFile,
    client_month_parameters,
    due_files,
    lock_unchanged,
    present_files,
    waiting_files,
    what_changed,
)
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets.transforms.normalize import RejectedRow
from pharma_assets.transforms.totals import ControlTotal

logger = logging.getLogger(__name__)


PREVIEW_ROWS = 10


# A file that has gone, or whose transform is still to be written, is nobody's failure.
_NO_FAILURE = ("FILE_GONE", "NO_SCRIPT_FOUND")


class Work(Flag):
    """Which half of a file's journey is wanted."""

    NORMALIZE = auto()
    LOAD = auto()


class State(StrEnum):
    """How a client-month stands after a run: a person is needed, all is well, or nobody has sent anything."""

    FAILED = "failed"
    TAKEN_IN = "taken in"
    EMPTY = "empty"


@dataclass(frozen=True)
class Figures:
    """What is told of a report that was taken in; its rows are let go, for a month of daily files is many of them.

    `source`: format, engine, encoding, sheet and header row. `superseded`: rows that do not count, because those of
    other files stand for them; neither `loaded` nor `sums` has them. `left_out`: rule → rows. `remarks`: what stops
    nothing and is worth a look. `control_totals`: the report's own. `first_rows`: for a preview.
    """

    source: Mapping[str, object]
    result_name: str | None
    read: int
    loaded: int
    superseded: int
    left_out: Mapping[str, int]
    rejected: tuple[RejectedRow, ...]
    remarks: tuple[PharmaError, ...]
    control_totals: tuple[ControlTotal, ...]
    sums: Mapping[str, Decimal]
    first_rows: pa.Table


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file: its report's figures, with a remark where it does not count or not wholly, or the error
    that the registry shows."""

    file: RegisteredFile
    figures: Figures | None = None
    error: PharmaError | None = None
    remark: PharmaError | None = None


@dataclass
class Outcome:
    """What became of a client-month's files in one run.

    `removed`: files that have gone, whose rows were taken out. `superseded`: result files that no longer count.
    `displaced`: files that were not worked on, and rows of which do not count any more. `waiting`: files that wait for
    a transform. `files_loaded`: files that are loaded now, by any run. `rows_before` and so on: rows in
    `raw.primary_data`, and the sums of their numeric columns.
    """

    client_month: ClientMonth
    rebuild: bool
    files: list[FileOutcome] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    displaced: list[Displaced] = field(default_factory=list)
    waiting: list[RegisteredFile] = field(default_factory=list)
    files_loaded: int = 0
    rows_before: int = 0
    rows_after: int = 0
    sums_before: Mapping[str, Decimal] = field(default_factory=dict)
    sums_after: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """What the client-month is to be shown as."""
        if self.failed:
            return State.FAILED
        if self.reports or self.removed or self.files_loaded:
            return State.TAKEN_IN
        return State.FAILED if self.waiting else State.EMPTY

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


def nothing() -> None:
    """What is done at a moment that nobody waits for."""


def work_on(
    platform: Platform,
    client_month: ClientMonth,
    run_id: str,
    work: Work,
    *,
    rebuild: bool,
    retry: bool = False,
    begun: Callable[[], object] = nothing,
) -> Outcome:
    """Work on a client-month under its lock; `begun` is called when that is held.

    Without `rebuild`: the due files, each in a transaction of its own (with `retry` also those in ERROR); rows are only
    added, or put in the place of those that they replace. With it: every present file again, in one transaction, and
    the rows of files that have gone go. A file that fails is marked and never stops the others.

    Raises PharmaError CLIENT_MONTH_BUSY when another run is at it, INBOX_MISSING when the inbox is not there, and what
    the database raises when it is lost.
    """
    with (
        about(run_id=run_id, client=client_month.client.key, month=client_month.month_key),
        try_lock(platform.engine, client_month_lock(client_month)) as held,
    ):
        if not held:
            raise PharmaError("CLIENT_MONTH_BUSY", client_month=client_month)
        begun()
        outcome = Outcome(client_month, rebuild)
        with platform.engine.begin() as connection:
            before = loaded_figures(connection, client_month)
            todo = _files_to_do(connection, platform, client_month, rebuild=rebuild, retry=retry)
            files = lock_unchanged(connection, todo)
            deadly = _deadly(platform, connection, files, run_id)
            if deadly is not None:
                outcome.files.append(deadly)
                files = [file for file in files if file.id != deadly.file.id]
            journal.claim(connection, [file.id for file in files], run_id)
        with claimed(platform, files, run_id) as at_work:
            if files:
                platform.reader.start()
            for file in files:
                reached(file, Step.CLAIMED)
            if rebuild and Work.LOAD in work:
                _rebuild(platform, files, run_id, outcome, at_work)
            else:
                step = _normalize if work is Work.NORMALIZE else ingest_file
                for file in at_work.renewed(files):
                    _attempt(platform, file, run_id, step, outcome)
        with platform.engine.begin() as connection:
            after = loaded_figures(connection, client_month)
            outcome.waiting = waiting_files(connection, client_month)
            journal.shown(connection, outcome.waiting)
        outcome.rows_before, outcome.sums_before = before.rows, before.sums
        outcome.files_loaded, outcome.rows_after, outcome.sums_after = after.files, after.rows, after.sums
        return outcome


def ingest_again(platform: Platform, file: RegisteredFile, run_id: str) -> FileOutcome:
    """Take one file in anew; the caller holds the lock of its client-month. What goes wrong is written down."""
    with platform.engine.begin() as connection:
        files = lock_unchanged(connection, [file])
        journal.claim(connection, [each.id for each in files], run_id)
    reached(file, Step.CLAIMED)
    outcome = Outcome(file.client_month, rebuild=False)
    _attempt(platform, file, run_id, ingest_file, outcome)
    return outcome.files[-1]


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


def _fingerprint(platform: Platform, file: RegisteredFile) -> str | None:
    client_month = file.client_month
    transform = platform.transforms.get(client_month.client, file.report_type, client_month.first_day)
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
    platform: Platform, files: Sequence[RegisteredFile], run_id: str, outcome: Outcome, at_work: Claims
) -> None:
    """Every file's rows anew in one transaction; a file that fails keeps the rows it had.

    All are read before it is decided which of them count: that is asked once, of all together.
    """
    read: dict[int, NormalizedFile] = {}
    failed: dict[int, PharmaError] = {}
    with TemporaryDirectory(prefix="pharma-rebuild-", ignore_cleanup_errors=True) as folder:
        for file in at_work.renewed(files):
            try:
                read[file.id] = kept_on_disk(normalize_file(platform, file, run_id), Path(folder))
            except Exception as problem:
                failed[file.id] = _written_down(platform, file, run_id, problem)
        with platform.engine.begin() as connection:
            unchanged = [read[file.id] for file in lock_unchanged(connection, [one.file for one in read.values()])]
            loadable = {one.file.id for one in unchanged}
            failed |= {
                number: what_changed(connection, one.file) for number, one in read.items() if number not in loadable
            }
            gone = [file_id for file_id, _ in _loaded_and_gone(connection, outcome.client_month)]
            loaded = load_present(platform, connection, files, unchanged, run_id, gone, _error_of)
            for file_id, path in _loaded_and_gone(connection, outcome.client_month):
                loaded.superseded += remove_rows(connection, file_id)
                journal.removed(connection, file_id, run_id)
                outcome.removed.append(path)
            if files:
                reached(files[-1], Step.COMMITTING)
        for file in files:
            fate = loaded.fates[file.id] if file.id in loaded.fates else Fate(error=failed[file.id])
            outcome.files.append(_outcome(file, read.get(file.id), fate))
        read.clear()
    outcome.superseded += loaded.superseded
    outcome.displaced += loaded.displaced
    set_aside(platform, loaded.superseded, loaded.counting)


def _normalize(platform: Platform, file: RegisteredFile, run_id: str) -> tuple[NormalizedFile, Loaded]:
    return normalize_file(platform, file, run_id), Loaded()


def _attempt(
    platform: Platform,
    file: RegisteredFile,
    run_id: str,
    step: Callable[[Platform, RegisteredFile, str], tuple[NormalizedFile, Loaded]],
    outcome: Outcome,
) -> None:
    """Take one file a step further; what goes wrong with it is written down and goes no further."""
    with about(file_id=file.id):
        told = _attempted(platform, file, run_id, step, outcome)
        outcome.files.append(told)
        if told.error is not None:
            with about(code=told.error.code):
                logger.info("the file was not taken in")
        elif told.figures is not None:
            with about(rows_read=told.figures.read, rows_loaded=told.figures.loaded):
                logger.info("the file was taken in")


def _attempted(
    platform: Platform,
    file: RegisteredFile,
    run_id: str,
    step: Callable[[Platform, RegisteredFile, str], tuple[NormalizedFile, Loaded]],
    outcome: Outcome,
) -> FileOutcome:
    try:
        normalized, loaded = step(platform, file, run_id)
    except Exception as problem:
        error = _written_down(platform, file, run_id, problem)
        with platform.engine.begin() as connection:
            # What it has replaced or held back, as it was before, may count now.
            known = is_known(connection, file.id)
            superseded = settle_anew(connection, group_of(platform, file), run_id) if known else []
        set_aside(platform, superseded, [])
        return FileOutcome(file, error=error)
    outcome.displaced += loaded.displaced
    return _outcome(file, normalized, loaded.fates.get(file.id, Fate()))


def _written_down(platform: Platform, file: RegisteredFile, run_id: str, problem: Exception) -> PharmaError:
    """Tell the registry what went wrong with a file; raises what is nothing of the file's."""
    error = _error_of(file, problem)
    with platform.engine.begin() as connection:
        # What was wrong with a version says nothing of the next one, which is due as it is.
        if lock_unchanged(connection, [file]):
            journal.failed(connection, file, run_id, error, _fingerprint(platform, file))
    return error


def _error_of(file: RegisteredFile, problem: Exception) -> PharmaError:
    """The error that the registry shows. Raises the problem where nothing is wrong with the file: it stays claimed, and
    is due again once the lock is free."""
    if isinstance(problem, PharmaError):
        if problem.problem.scope is Scope.PLATFORM:
            raise problem
        return problem
    if database_is_lost(problem):
        raise problem
    logger.error("file %s: %s", file.id, file.path, exc_info=problem)
    cause = getattr(problem, "orig", None) or problem
    return PharmaError("INTERNAL_ERROR", kind=type(cause).__name__, why=cause)


def database_is_lost(problem: Exception) -> bool:
    """Whether the database is away, full or busy. SQLAlchemy wraps what the driver raises, but not from a COPY."""
    if isinstance(problem, DBAPIError):
        return problem.connection_invalidated or isinstance(problem, OperationalError)
    return isinstance(problem, psycopg.OperationalError)


def _outcome(file: RegisteredFile, normalized: NormalizedFile | None, fate: Fate) -> FileOutcome:
    if normalized is None or fate.error is not None:
        return FileOutcome(file, error=fate.error)
    report, superseded = normalized.report, fate.superseded
    sums = {name: total - superseded.sums.get(name, Decimal(0)) for name, total in report.sums().items()}
    figures = Figures(
        source=normalized.source,
        result_name=normalized.result_name,
        read=report.read,
        loaded=report.loaded - superseded.rows,
        superseded=superseded.rows,
        left_out=report.left_out,
        rejected=report.rejected,
        remarks=report.remarks,
        control_totals=report.control_totals,
        sums=sums,
        first_rows=report.table.take(pa.array(range(min(PREVIEW_ROWS, report.loaded)), pa.int64())),
    )
    return FileOutcome(file, figures, remark=fate.remark)


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
