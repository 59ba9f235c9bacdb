"""What the audit may put right by itself: nothing is lost by it, and each deed stands in the file's history.

A file is made due and then taken in anew from the inbox, so its rows are replaced only by rows that are right; what
nothing counts goes into quarantine. Rows are taken out for good only where a person has asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from psycopg import sql
from sqlalchemy import Connection, text

from pharma_assets.database.connect import psycopg_connection
from pharma_assets.errors import PharmaError
from pharma_assets.files import replace_atomically, sha256_of, writing_error
from pharma_assets.loading.audit import Audit
from pharma_assets.loading.difference import Difference
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.working_folders import (
    Owner,
    all_locked,
    clear_draft,
    counting_names,
    owners_of,
    quarantine,
    tell_set_aside,
)
from pharma_assets.model.status import Status
from pharma_assets.registry import journal
from pharma_assets.registry.files import RegisteredFile, find_file

MOST_MISSING = 10
MOST_MISSING_SHARE = 0.2

_BY_LOADING_AGAIN = frozenset(
    {
        "ROWS_DIFFER",
        "SUMS_DIFFER",
        "REJECTS_DIFFER",
        "DELIVERY_DIFFERS",
        "SUPERSEDED_BY_NONE",
        "LEDGER_MONTH_DIFFERS",
        "STATUS_WITHOUT_LEDGER",
        "RESULT_MISSING",
    }
)


@dataclass(frozen=True)
class Mending:
    """How far mending may go.

    `rows`: take out rows that no load counts and the inbox cannot give again. `missing`: write results again, however
    many of them are missing at once.
    """

    rows: bool = False
    missing: bool = False


def mend(platform: Platform, found: Audit, mending: Mending) -> dict[Difference, str]:
    """Put right what is safe; returns the event that tells of it, for each difference that no longer needs anybody.

    What is being worked on is left alone. Raises PharmaError RESULTS_VANISHED, before anything is changed, where so
    many results are missing at once that it must be the folder.
    """
    missing = found.counts["RESULT_MISSING"]
    if not mending.missing and missing > MOST_MISSING and missing > MOST_MISSING_SHARE * found.files:
        raise PharmaError(
            "RESULTS_VANISHED", missing=missing, files=found.files, folder=platform.settings.results_folder
        )
    done = {}
    for difference in found.differences:
        event = _mend(platform, difference, mending)
        if event is not None:
            done[difference] = event
    return done


def _mend(platform: Platform, difference: Difference, mending: Mending) -> str | None:
    if difference.code in _BY_LOADING_AGAIN:
        return _load_again(platform, difference)
    mended = _DEEDS.get(difference.code)
    event = mended(platform, difference) if mended else None
    if event is None and difference.code == "ROWS_WITHOUT_LEDGER" and mending.rows:
        return _take_rows_out(platform, difference)
    return event


@contextmanager
def _at_rest(platform: Platform, owner: Owner) -> Iterator[tuple[Connection, RegisteredFile] | None]:
    """The file as it is now, under its lock and in a transaction; None where somebody is working on it."""
    with all_locked(platform, [owner]) as held:
        if not held:
            yield None
            return
        with platform.engine.begin() as connection:
            yield connection, find_file(connection, str(owner.id))


def _load_again(platform: Platform, difference: Difference) -> str | None:
    """The file is due: rows, ledger and result are made anew. Not if it is no longer in the inbox, or set aside."""
    if difference.file is None:
        return None
    with _at_rest(platform, difference.file) as found:
        if found is None or not _can_be_loaded(found[1]):
            return None
        journal.due_again(found[0], difference.file.id, difference.code)
    return "DUE_AGAIN"


def _can_be_loaded(file: RegisteredFile) -> bool:
    return file.status is not Status.DELETE and file.reason != "IGNORED"


def _renew_result(platform: Platform, difference: Difference) -> str | None:
    """The changed result goes into quarantine, and the file is due, which writes it again under its name."""
    file, name = difference.file, difference.name
    if file is None or name is None:
        return None
    with _at_rest(platform, file) as found:
        if found is None or not _can_be_loaded(found[1]):
            return None
        connection = found[0]
        query = "SELECT result_hash FROM ops.file_load WHERE id = :id AND superseded_at IS NULL"
        written = connection.scalar(text(query), {"id": difference.load_id})
        if written is None or not _differs(platform.settings.results_folder / name, written):
            return None
        if not quarantine(platform, name):
            return None
        tell_set_aside(connection, {name: file.id}, difference.code)
        journal.due_again(connection, file.id, difference.code)
    return "DUE_AGAIN"


def _differs(path: Path, digest: str) -> bool:
    try:
        return sha256_of(path) != digest
    except FileNotFoundError:
        return True


def _set_orphan_aside(platform: Platform, difference: Difference) -> str | None:
    name = difference.name or ""
    with platform.engine.connect() as connection:
        owners = owners_of(connection, [name])[name]
    with all_locked(platform, owners) as held:
        if not held:
            return None
        with platform.engine.begin() as connection:
            if name in counting_names(connection, [owner.id for owner in owners]) or not quarantine(platform, name):
                return None
            tell_set_aside(connection, {name: owners[0].id if owners else journal.NO_FILE}, difference.code)
    return "SET_ASIDE"


def _clear_draft(platform: Platform, difference: Difference) -> str | None:
    name = difference.name or ""
    with platform.engine.connect() as connection:
        owners = owners_of(connection, [name])[name]
    return "SET_ASIDE" if clear_draft(platform, name, owners, datetime.now(platform.timezone)) else None


def _drop_claim(platform: Platform, difference: Difference) -> str | None:
    if difference.file is None:
        return None
    with _at_rest(platform, difference.file) as found:
        if found is None:
            return None
        connection, file = found
        # One that waits for a transform, or has become an error, is no work that was begun.
        begun = file.status is Status.PROCESSING and file.reason is None
        journal.claim_dropped(connection, file.id, begun=begun)
    return "CLAIM_DROPPED"


def _remove_rejects(platform: Platform, difference: Difference) -> str | None:
    if difference.file is None:
        return None
    with _at_rest(platform, difference.file) as found:
        if found is None:
            return None
        connection, file = found
        gone = connection.execute(
            text(
                """
                DELETE FROM ops.rejected_row r USING ops.file_load l
                WHERE l.id = r.load_id AND l.id = :load_id AND l.superseded_at IS NOT NULL
                """
            ),
            {"load_id": difference.load_id},
        ).rowcount
        journal.note(connection, file.id, "REJECTS_REMOVED", journal.AUDIT, {"load": difference.load_id, "rows": gone})
    return "REJECTS_REMOVED"


def _load_rows_again(platform: Platform, difference: Difference) -> str | None:
    """Rows of a file that is there, in the month of its folder: loading it replaces them."""
    if difference.file is None or difference.month != difference.file.client_month.first_day:
        return None
    return _load_again(platform, difference)


def _take_rows_out(platform: Platform, difference: Difference) -> str | None:
    """Rows that no load counts, into a CSV file in quarantine; then they go from the table."""
    month, file_id = difference.month, difference.error.facts["file_id"]
    if month is None or not isinstance(file_id, int):
        return None
    with all_locked(platform, [difference.file] if difference.file else []) as held:
        if not held:
            return None
        with platform.engine.begin() as connection:
            if _is_counted(connection, file_id, month):
                return None
            name = f"rows_without_ledger_id{file_id}_{month:%Y_%m}_{datetime.now(platform.timezone):%Y%m%d_%H%M%S}.csv"
            kept = _keep_rows(connection, file_id, month, platform.settings.quarantine_folder / name)
            removed = connection.execute(
                text("DELETE FROM raw.primary_data WHERE partition_month = :month AND file_id = :file_id"),
                {"month": month, "file_id": file_id},
            ).rowcount
            if removed != kept:
                raise PharmaError("ROWS_NOT_STORED", written=kept, stored=removed)
            detail = {"file_id": file_id, "month": month, "rows": removed, "kept_in": name}
            known = difference.file.id if difference.file else journal.NO_FILE
            journal.note(connection, known, "ROWS_TAKEN_OUT", journal.AUDIT, detail)
    return "ROWS_TAKEN_OUT"


def _is_counted(connection: Connection, file_id: int, month: date) -> bool:
    query = """
        SELECT EXISTS (SELECT FROM ops.file_load
                       WHERE file_id = :file_id AND partition_month = :month AND superseded_at IS NULL)
    """
    return bool(connection.scalar(text(query), {"file_id": file_id, "month": month}))


def _keep_rows(connection: Connection, file_id: int, month: date, path: Path) -> int:
    """Write the rows as CSV, with every column of the table; returns how many."""
    statement = sql.SQL(
        "COPY (SELECT * FROM raw.primary_data WHERE partition_month = {} AND file_id = {} ORDER BY id)"
        " TO STDOUT (FORMAT csv, HEADER)"
    ).format(sql.Literal(month), sql.Literal(file_id))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            replace_atomically(path) as draft,
            draft.open("wb") as file,
            psycopg_connection(connection).cursor() as cursor,
        ):
            with cursor.copy(statement) as copy:
                for block in copy:
                    file.write(block)
            return cursor.rowcount
    except OSError as error:
        raise writing_error(error, path) from error


_DEEDS: dict[str, Callable[[Platform, Difference], str | None]] = {
    "ROWS_WITHOUT_LEDGER": _load_rows_again,
    "REJECTS_WITHOUT_LEDGER": _remove_rejects,
    "RESULT_CHANGED": _renew_result,
    "RESULT_ORPHANED": _set_orphan_aside,
    "CLAIM_STALE": _drop_claim,
    "DRAFT_LEFT": _clear_draft,
}
