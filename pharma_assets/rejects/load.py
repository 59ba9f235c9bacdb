"""A corrected workbook back into the table: file by file, under the lock of its client-month.

What a person has corrected is kept first, and makes the file due; then the file is taken in like any other, its rows,
rejects and ledger entry in one transaction. A crash in between leaves the file due, and the next tick takes it in.
"""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, text

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.files import reading_error
from pharma_assets.loading.client_month import ingest_again
from pharma_assets.loading.corrections import Origin, corrections_for, no_longer_counts, record
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.report import facts_of, read_file
from pharma_assets.model.status import Status
from pharma_assets.registry import journal
from pharma_assets.registry.files import RegisteredFile, find_file, require_unchanged
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets.rejects.judging import Became, Content, Judged, file_refused, judge_lines
from pharma_assets.rejects.sent import DamagedRow, SentRow, sent_rows

EVENT = "CORRECTED"


@dataclass(frozen=True)
class Line:
    """What became of one line of the workbook: `error` where it is refused, `codes` where it is still rejected. `path`
    is None for a line that does not say which file it is of."""

    place: str
    became: Became
    path: str | None = None
    sheet: str | None = None
    row: int | None = None
    error: PharmaError | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Returned:
    """What a workbook came to. `files` are those that were loaded anew; `waiting` those whose corrections are kept and
    that could not be loaded at once, with the reason: they are due, or say in `status` what they wait for."""

    lines: tuple[Line, ...]
    files: tuple[str, ...]
    waiting: tuple[tuple[str, PharmaError], ...]

    @property
    def counts(self) -> Counter[Became]:
        return Counter(line.became for line in self.lines)


def load_workbook(platform: Platform, path: Path, why: str) -> Returned:
    """Take the corrections of a workbook. Loading it once more changes nothing.

    Raises PharmaError CORRECTIONS_UNREADABLE, what reading a file raises, and what the platform is stopped by.
    """
    try:
        with path.open("rb") as content:
            document, digest = platform.reader.read(content)
    except OSError as error:
        raise reading_error(error) from error
    sent = sent_rows(document, path.name)
    origin = Origin(getpass.getuser(), why, path.name, digest)
    lines = [Line(each.place, Became.REFUSED, error=each.error) for each in sent if isinstance(each, DamagedRow)]
    of_files = sorted((each for each in sent if isinstance(each, SentRow)), key=lambda each: each.file_id)
    returned = [
        _return_file(platform, file_id, list(group), origin)
        for file_id, group in groupby(of_files, key=lambda each: each.file_id)
    ]
    lines += [line for file in returned for line in file.lines]
    order = {each.place: number for number, each in enumerate(sent)}
    return Returned(
        lines=tuple(sorted(lines, key=lambda line: order[line.place])),
        files=tuple(file.path for file in returned if file.changed and file.waits_for is None),
        waiting=tuple((file.path, file.waits_for) for file in returned if file.waits_for is not None),
    )


@dataclass(frozen=True)
class _ReturnedFile:
    """What the lines of one file came to. `changed`: corrections of it were kept; `waits_for`: why it is not loaded."""

    path: str
    lines: list[Line]
    changed: bool = False
    waits_for: PharmaError | None = None


def _return_file(platform: Platform, file_id: int, sent: Sequence[SentRow], origin: Origin) -> _ReturnedFile:
    try:
        with platform.engine.connect() as connection:
            file = find_file(connection, str(file_id))
    except PharmaError as problem:
        return _ReturnedFile("", _all_refused(sent, None, PharmaError("CORRECTION_KEY_DAMAGED", why=problem.message)))
    with try_lock(platform.engine, client_month_lock(file.client_month)) as held:
        if not held:
            busy = PharmaError("CLIENT_MONTH_BUSY", client_month=file.client_month)
            return _ReturnedFile(file.path, _all_refused(sent, file, file_refused(busy)))
        judged = _judged(platform, file, sent)
        lines = [_line(file, each) for each in judged]
        kept = [each for each in judged if each.correction is not None and each.became is not Became.REFUSED]
        if not kept:
            return _ReturnedFile(file.path, lines)
        try:
            _keep(platform, file, kept, origin)
        except PharmaError as problem:  # a scan has seen another version of it meanwhile
            return _ReturnedFile(file.path, _all_refused(sent, file, file_refused(problem)))
        return _ReturnedFile(file.path, lines, True, _ingest(platform, file.id, f"person:{origin.who}"))


def _all_refused(sent: Iterable[SentRow], file: RegisteredFile | None, error: PharmaError) -> list[Line]:
    path = None if file is None else file.path
    return [Line(each.place, Became.REFUSED, path, each.sheet, each.row, error) for each in sent]


def _line(file: RegisteredFile, judged: Judged) -> Line:
    sent = judged.sent
    return Line(sent.place, judged.became, file.path, sent.sheet, sent.row, judged.error, judged.codes)


def _judged(platform: Platform, file: RegisteredFile, sent: Sequence[SentRow]) -> list[Judged]:
    """What the lines of a file come to; the caller holds the lock of its client-month."""
    with platform.engine.connect() as connection:
        loaded = _ledger_entry(connection, file.id)
    if loaded is None:
        return _none(sent, PharmaError("CORRECTION_NOT_LOADED", file=file.path))
    stale = PharmaError("CORRECTION_STALE")
    current = [each for each in sent if each.content_hash == loaded.content_hash]
    refused = _none([each for each in sent if each.content_hash != loaded.content_hash], stale)
    if not current:
        return refused
    try:
        read = read_file(platform, file)
    except PharmaError as problem:
        if problem.problem.scope is Scope.PLATFORM:
            raise
        return [*refused, *_none(current, file_refused(problem))]
    if read.content_hash != loaded.content_hash:
        return [*refused, *_none(current, stale)]
    with platform.engine.connect() as connection:
        content = Content(
            read.document,
            read.transform.require_layout(),
            platform.timezone,
            file.client_month.first_day,
            facts_of(file),
            _held(connection, loaded.id),
            corrections_for(connection, file, read.content_hash),
        )
    return [*refused, *judge_lines(content, current)]


def _none(sent: Iterable[SentRow], error: PharmaError) -> list[Judged]:
    return [Judged(each, Became.REFUSED, error=error) for each in sent]


def _ledger_entry(connection: Connection, file_id: int) -> Row[Any] | None:
    query = "SELECT id, content_hash FROM ops.file_load WHERE file_id = :file_id AND superseded_at IS NULL"
    return connection.execute(text(query), {"file_id": file_id}).one_or_none()


def _held(connection: Connection, load_id: int) -> frozenset[tuple[str, int]]:
    query = "SELECT source_sheet, source_row FROM ops.rejected_row WHERE load_id = :load_id"
    return frozenset(
        (row.source_sheet, row.source_row) for row in connection.execute(text(query), {"load_id": load_id})
    )


def _keep(platform: Platform, file: RegisteredFile, kept: Sequence[Judged], origin: Origin) -> None:
    """Keep the corrections, and make the file due: both or neither."""
    new = [each.correction for each in kept if each.correction is not None]
    content_hash, run_id = kept[0].sent.content_hash, f"person:{origin.who}"
    with platform.engine.begin() as connection:
        require_unchanged(connection, file)
        before = corrections_for(connection, file, content_hash)
        replaced = [before[each.key].id for each in new if each.key in before]
        record(connection, file.id, content_hash, new, replaced, origin)
        detail = {"workbook": origin.workbook, "digest": origin.digest}
        rows = Counter(each.became.value for each in kept)
        journal.due_again(connection, file.id, origin.why, EVENT, run_id, who=origin.who, rows=rows, **detail)


def withdraw(platform: Platform, correction_id: int, why: str) -> tuple[str | None, PharmaError | None]:
    """Let a correction no longer count: its row is read again as it was sent.

    Returns the file that was loaded anew for it, None where the correction is in no load that counts; and what kept the
    file from it. Raises PharmaError CORRECTION_UNKNOWN or CLIENT_MONTH_BUSY.
    """
    who = getpass.getuser()
    with platform.engine.connect() as connection:
        found = connection.execute(text(_CORRECTION), {"id": correction_id}).one_or_none()
        if found is None:
            raise PharmaError("CORRECTION_UNKNOWN", id=correction_id)
        file = find_file(connection, str(found.loaded or found.file_id))
    with try_lock(platform.engine, client_month_lock(file.client_month)) as held:
        if not held:
            raise PharmaError("CLIENT_MONTH_BUSY", client_month=file.client_month)
        is_there = found.loaded is not None and file.status is not Status.DELETE
        with platform.engine.begin() as connection:
            no_longer_counts(connection, [correction_id])
            run_id, detail = f"person:{who}", {"who": who, "correction": correction_id}
            if is_there:
                journal.due_again(connection, file.id, why, "CORRECTION_WITHDRAWN", run_id, **detail)
            else:
                journal.note(connection, file.id, "CORRECTION_WITHDRAWN", run_id, {"why": why, **detail})
        if is_there:
            return file.path, _ingest(platform, file.id, run_id)
        return (file.path, PharmaError("FILE_GONE")) if found.loaded is not None else (None, None)


_CORRECTION = """
    SELECT c.file_id, l.file_id AS loaded
    FROM ops.row_correction c LEFT JOIN ops.file_load l ON l.id = c.load_id AND l.superseded_at IS NULL
    WHERE c.id = :id AND c.superseded_at IS NULL
"""


def _ingest(platform: Platform, file_id: int, run_id: str) -> PharmaError | None:
    """Load the file anew; returns what kept it from it."""
    with platform.engine.connect() as connection:
        file = find_file(connection, str(file_id))
    return ingest_again(platform, file, run_id).error
