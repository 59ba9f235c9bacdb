"""The claims of a run: renewed while it is alive, given back when it cannot go on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy.exc import DBAPIError

from pharma_assets.loading.platform import Platform
from pharma_assets.registry import claims
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.registry.journal import LEASE

_RENEWAL = LEASE / 6


class Claims:
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
def claimed(platform: Platform, files: Sequence[RegisteredFile], run_id: str) -> Iterator[Claims]:
    """What is left of the claims when the block fails is given back, if that is possible: the next run must not take it
    for what a process has died of."""
    try:
        yield Claims(platform, files)
    except Exception:
        with suppress(DBAPIError), platform.engine.begin() as connection:
            claims.give_back(connection, [file.id for file in files], run_id)
        raise
