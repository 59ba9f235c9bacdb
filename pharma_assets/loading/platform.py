"""What a piece of work has at hand: settings, database and transforms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from pharma_assets.database.urls import database_url, engine, reaching
from pharma_assets.inbox.source import Inbox, open_inbox
from pharma_assets.reading.guard import GuardedReader
from pharma_assets.reference.store import References
from pharma_assets.settings import Settings
from pharma_assets.transforms.catalog import Transforms, load_transforms


@dataclass(frozen=True)
class Platform:
    """The settings, an engine on the business database, every client's transform as it stands now, the guarded
    reader, whose process starts with the first file, the inbox, and the reference lists."""

    settings: Settings
    engine: Engine
    transforms: Transforms
    reader: GuardedReader
    inbox: Inbox
    references: References = field(default_factory=References)

    @property
    def timezone(self) -> ZoneInfo:
        return self.settings.zone


@contextmanager
def open_platform(settings: Settings) -> Iterator[Platform]:
    """The platform over these settings; starts the embedded server if that is the one and it does not run.

    Raises PharmaError DATABASE_START_FAILED, or DATABASE_UNREACHABLE at the first statement.
    """
    url = database_url(settings)
    database = engine(url)
    try:
        with (
            reaching(url),
            GuardedReader(settings.read_seconds, settings.read_memory_mb) as reader,
            closing(open_inbox(settings)) as inbox,
        ):
            yield Platform(settings, database, current_transforms(settings), reader, inbox)
    finally:
        database.dispose()


def current_transforms(settings: Settings) -> Transforms:
    """Every client's transform as it stands now."""
    return load_transforms(settings.transforms, settings.scripts_root, _reloaded_since(settings))


def _reloaded_since(settings: Settings) -> date:
    """The month of folders from which on a changed script concerns what is loaded."""
    now = datetime.now(settings.zone)
    months = max(now.year * 12 + now.month - 1 - settings.script_reload_months, 12)
    return date(months // 12, months % 12 + 1, 1)
