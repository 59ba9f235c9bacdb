"""What is old enough to go: files in quarantine, superseded loads with their rejects, and the history.

Nothing that the audit needs goes: no load that counts, none of its rows, rejects or its result.
"""

from __future__ import annotations

import logging
import stat
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from pharma_assets.loading.platform import Platform
from pharma_assets.loading.working_folders import listed
from pharma_assets.registry import journal
from pharma_assets.settings import Settings

logger = logging.getLogger(__name__)

PRUNE = "prune"

# A load whose result may still stand in «Данные на загрузку» is what tells whose it is.
_OLD_LOADS = "superseded_at < :before AND (result_name IS NULL OR result_set_aside_at IS NOT NULL)"


@dataclass(frozen=True)
class Pruned:
    """How much went, or would go."""

    quarantine_files: int = 0
    quarantine_bytes: int = 0
    superseded_loads: int = 0
    events: int = 0


def cutoff(days: int, moment: datetime) -> datetime | None:
    """What is older may go; None: nothing may, ever."""
    return moment - timedelta(days=days) if days else None


def prune(platform: Platform, moment: datetime, *, dry_run: bool = False) -> Pruned:
    """Remove what is older than the settings say; with `dry_run` only count it. What went is told in the history."""
    settings = platform.settings
    files, size = _prune_quarantine(settings, cutoff(settings.keep_quarantine_days, moment), dry_run=dry_run)
    with platform.engine.begin() as connection:
        loads = _prune_loads(connection, cutoff(settings.keep_superseded_days, moment), dry_run=dry_run)
        events = _prune_events(connection, cutoff(settings.keep_events_days, moment), dry_run=dry_run)
        pruned = Pruned(files, size, loads, events)
        if not dry_run and pruned != Pruned():
            journal.note(connection, journal.NO_FILE, "PRUNED", PRUNE, asdict(pruned))
    return pruned


def _prune_quarantine(settings: Settings, before: datetime | None, *, dry_run: bool) -> tuple[int, int]:
    """The files that were put into quarantine before then: how many, and their bytes."""
    if before is None:
        return 0, 0
    files = size = 0
    for entry in list(listed(settings.quarantine_folder)):
        status = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode) or status.st_mtime >= before.timestamp():
            continue
        try:
            if not dry_run:
                (settings.quarantine_folder / entry.name).unlink(missing_ok=True)
        except OSError as error:
            logger.warning("%s stays in quarantine: %s", entry.path, error)
            continue
        files += 1
        size += status.st_size
    return files, size


def _prune_loads(connection: Connection, before: datetime | None, *, dry_run: bool) -> int:
    """Superseded entries of the ledger; their rejects go with them."""
    if before is None:
        return 0
    if dry_run:
        query = f"SELECT count(*) FROM ops.file_load WHERE {_OLD_LOADS}"  # noqa: S608
        return int(connection.scalar(text(query), {"before": before}) or 0)
    deleted = connection.execute(text(f"DELETE FROM ops.file_load WHERE {_OLD_LOADS}"), {"before": before})  # noqa: S608
    return deleted.rowcount


def _prune_events(connection: Connection, before: datetime | None, *, dry_run: bool) -> int:
    """Events, but never a person's decision nor the last event of a file (`ops.old_event`)."""
    if before is None:
        return 0
    query = "SELECT count(*) FROM ops.old_event WHERE at < :before" if dry_run else "SELECT ops.forget_events(:before)"
    return int(connection.scalar(text(query), {"before": before}) or 0)
