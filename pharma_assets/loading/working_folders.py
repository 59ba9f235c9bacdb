"""«Итоговые отчёты», «Данные на загрузку» and «Карантин»: what is moved out of the way, and when (CONTRACT §4).

Nothing is deleted here, and nothing that somebody is working on is touched: a result or draft belongs to the work on
its file, and that is alive while the lock of the file's client-month is held.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, text

from pharma_assets.files import move_into
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.result_file import owner_ids
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.registry import journal
from pharma_assets.registry.locks import client_month_lock, try_lock

logger = logging.getLogger(__name__)

DRAFT_AGE = timedelta(minutes=60)

# A registry row, called f, whose result is made and still to be loaded, or will be written again under its name.
TO_BE_LOADED = "(f.status IN ('CREATED', 'NEW', 'PROCESSING') AND f.error_reason IS NULL)"

OWNER_COLUMNS = "f.id, f.file_path, f.data_provider, f.client_name, f.report_year, f.report_month"

_MOST_AT_ONCE = 500
# What the system or an editor puts beside people's files.
_NOBODYS = (".", "~$")
_SYSTEM = frozenset({"thumbs.db", "desktop.ini"})


@dataclass(frozen=True)
class Owner:
    """A file of the registry that a result or draft belongs to."""

    id: int
    path: str
    client_month: ClientMonth

    @classmethod
    def of_row(cls, row: Row[Any]) -> Owner:
        """The owner in a row that has OWNER_COLUMNS."""
        return cls(row.id, row.file_path, _client_month(row))


def listed(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The files of a working folder, without what the system or an editor put there; none where it is missing."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                ours = not entry.name.startswith(_NOBODYS) and entry.name.lower() not in _SYSTEM
                if ours and entry.is_file(follow_symlinks=False):
                    yield entry
    except FileNotFoundError:
        return


def owners_of(connection: Connection, names: Collection[str]) -> dict[str, list[Owner]]:
    """The files that each of these results or drafts may belong to, by their names."""
    ids = {name: owner_ids(name) for name in names}
    rows = connection.execute(
        text(
            f"SELECT {OWNER_COLUMNS} FROM ops.file_registry f WHERE id = ANY(CAST(:ids AS bigint[]))"  # noqa: S608
        ),
        {"ids": sorted(set().union(*ids.values()))},
    )
    owners = {row.id: Owner.of_row(row) for row in rows}
    return {name: [owners[number] for number in sorted(ids[name]) if number in owners] for name in names}


def set_aside(platform: Platform, superseded: Iterable[str], counting: Iterable[str | None]) -> None:
    """Move the result files that no longer count out of «Данные на загрузку»; called after the commit.

    One that cannot be moved now stays for `finish_setting_aside`.
    """
    names = set(superseded)
    if not names:
        return
    done = [name for name in names if name in set(counting) or quarantine(platform, name)]
    with platform.engine.begin() as connection:
        _mark_set_aside(connection, done)


def finish_setting_aside(platform: Platform, busy: Collection[ClientMonth] = ()) -> list[str]:
    """Set aside the results of superseded loads whose process died, or could not move them, after the commit.

    Client-months that are being worked on wait. Returns the names of the files that were moved.
    """
    with platform.engine.connect() as connection:
        rows = connection.execute(text(_TO_SET_ASIDE), {"most": _MOST_AT_ONCE}).all()
    moved: list[str] = []
    for client_month, group in groupby(rows, key=_client_month):
        if client_month in busy:
            continue
        with try_lock(platform.engine, client_month_lock(client_month)) as held:
            if not held:
                continue
            names = {row.result_name: row.file_id for row in group}
            with platform.engine.begin() as connection:
                counting = counting_names(connection, names.values())
            done = []
            for name in names:
                was_there = name not in counting and (platform.settings.results_folder / name).exists()
                if name in counting or quarantine(platform, name):
                    done.append(name)
                    moved += [name] if was_there else []
            with platform.engine.begin() as connection:
                _mark_set_aside(connection, done)
                tell_set_aside(connection, {name: names[name] for name in done if name in moved}, "after a crash")
    return moved


def _client_month(row: Row[Any]) -> ClientMonth:
    return ClientMonth(Client(Provider(row.data_provider), row.client_name), row.report_year, row.report_month)


_TO_SET_ASIDE = """
    SELECT f.data_provider, f.client_name, f.report_year, f.report_month, l.file_id, l.result_name
    FROM ops.file_load l JOIN ops.file_registry f ON f.id = l.file_id
    WHERE l.superseded_at IS NOT NULL AND l.result_name IS NOT NULL AND l.result_set_aside_at IS NULL
    ORDER BY 1, 2, 3, 4 LIMIT :most
"""


def _mark_set_aside(connection: Connection, names: Sequence[str]) -> None:
    connection.execute(
        text(
            """
            UPDATE ops.file_load SET result_set_aside_at = now()
            WHERE superseded_at IS NOT NULL AND result_set_aside_at IS NULL AND result_name = ANY(:names)
            """
        ),
        {"names": list(names)},
    )


def counting_names(connection: Connection, file_ids: Iterable[int]) -> set[str]:
    """The results of these files that count: those that are loaded, and those that are made and still to be loaded."""
    rows = connection.execute(
        text(
            f"""
            SELECT result_name FROM ops.file_load WHERE file_id = ANY(:ids) AND superseded_at IS NULL
            UNION SELECT f.result_name FROM ops.file_registry f WHERE f.id = ANY(:ids) AND {TO_BE_LOADED}
            """  # noqa: S608
        ),
        {"ids": list(file_ids)},
    )
    return {name for name in rows.scalars() if name is not None}


def clear_drafts(platform: Platform, moment: datetime, busy: Collection[ClientMonth] = ()) -> list[str]:
    """Move what was left in «Итоговые отчёты» into quarantine: older than DRAFT_AGE, and nobody at work on its file.

    Returns the names.
    """
    old = old_drafts(platform, moment)
    if not old:
        return []
    with platform.engine.connect() as connection:
        owners = owners_of(connection, old)
    return [
        name
        for name in old
        if not any(owner.client_month in busy for owner in owners[name])
        and clear_draft(platform, name, owners[name], moment)
    ]


def old_drafts(platform: Platform, moment: datetime) -> list[str]:
    """The files of «Итоговые отчёты» that nobody has written to for DRAFT_AGE."""
    return sorted(entry.name for entry in listed(platform.settings.drafts_folder) if _is_old(entry.stat(), moment))


def _is_old(status: os.stat_result, moment: datetime) -> bool:
    return moment.timestamp() - status.st_mtime > DRAFT_AGE.total_seconds()


def clear_draft(platform: Platform, name: str, owners: Sequence[Owner], moment: datetime) -> bool:
    """Move one draft into quarantine unless somebody is working on its file, or has written to it again."""
    folder = platform.settings.drafts_folder
    with all_locked(platform, owners) as held:
        try:
            if not held or not _is_old((folder / name).lstat(), moment):
                return False
        except FileNotFoundError:
            return False
        if not quarantine(platform, name, folder):
            return False
        with platform.engine.begin() as connection:
            tell_set_aside(connection, {name: owners[0].id if owners else journal.NO_FILE}, "a draft that was left")
    return True


@contextmanager
def all_locked(platform: Platform, owners: Iterable[Owner]) -> Iterator[bool]:
    """Hold the locks of these files' client-months; yields False, without waiting, where somebody is at work."""
    with ExitStack() as stack:
        months = sorted({owner.client_month for owner in owners})
        yield all(stack.enter_context(try_lock(platform.engine, client_month_lock(month))) for month in months)


def quarantine(platform: Platform, name: str, folder: Path | None = None) -> bool:
    """Move a file of «Данные на загрузку», or of another working folder, into quarantine.

    Whether it is gone from there now; False where somebody holds it: that is no reason to stop, it can be done later.
    """
    settings = platform.settings
    source = (folder or settings.results_folder) / name
    try:
        moved = move_into(source, settings.quarantine_folder, datetime.now(platform.timezone), tries=1)
        # Its age in quarantine is what `prune` asks for.
        os.utime(moved)
    except FileNotFoundError:
        return not source.exists()
    except OSError as error:
        logger.warning("%s could not be moved into quarantine: %s", source, error)
        return False
    return True


def tell_set_aside(connection: Connection, names: Mapping[str, int], why: str) -> None:
    """Write into the history of these files, by the names of what was moved."""
    for name, file_id in names.items():
        journal.note(connection, file_id, "SET_ASIDE", journal.AUDIT, {"name": told(name), "why": why})


def told(name: str) -> str:
    """A file's name as it can be printed and stored, also where its bytes are no text."""
    return name.encode(errors="backslashreplace").decode()
