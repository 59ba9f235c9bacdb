"""What a piece of work has at hand: settings, database and transforms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
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
            yield Platform(settings, database, load_transforms(settings.transforms), reader, inbox)
    finally:
        database.dispose()
