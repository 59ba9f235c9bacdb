"""Files that are no longer where they were: DELETE, unless that is too many to be believed (BAD_INPUTS 52 and 58)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from pharma_assets.errors import PharmaError
from pharma_assets.inbox.source import Inbox
from pharma_assets.registry import journal

MOST_GONE = 10
MOST_GONE_SHARE = 0.2

# Folders that the scan saw, looked at once more before anything is called gone.
_WITNESSES = 3


@dataclass(frozen=True)
class Departures:
    """What is done about files that a scan has not found. The caller owns the transaction."""

    connection: Connection
    inbox: Inbox
    run_id: str

    def mark(self, missing: Mapping[str, int], seen: Collection[str], *, accept: bool) -> list[str]:
        """Make files DELETE that are missing now too (path → id); returns their paths.

        `seen`: folders that were there a moment ago. Raises PharmaError INBOX_MISSING or INBOX_VANISHED, before
        anything is written, where it must be the mount that has gone; `accept`: a person has said that it is right.
        """
        gone = self._missing_still(missing)
        if gone:
            self._require_inbox(gone, seen)
            if not accept:
                self._refuse_disaster(gone)
            journal.gone(self.connection, list(gone.values()), self.run_id)
        return list(gone)

    def _missing_still(self, missing: Mapping[str, int]) -> dict[str, int]:
        """Those that are missing now too: a file that is being replaced is away for a moment only."""
        found = self.inbox.look_at(list(missing))
        return {
            path: number
            for (path, number), now in zip(missing.items(), found, strict=True)
            if isinstance(now, (FileNotFoundError, NotADirectoryError))
        }

    def _require_inbox(self, gone: Mapping[str, int], seen: Collection[str]) -> None:
        """Raise PharmaError INBOX_MISSING or INBOX_VANISHED if the mount has gone since the walk began."""
        self.inbox.check()
        folders = sorted(folder for folder in seen if folder)
        witnesses = folders[:: max(1, len(folders) // _WITNESSES)]
        if witnesses and all(isinstance(found, OSError) for found in self.inbox.look_at(witnesses)):
            raise self._vanished(gone)

    def _refuse_disaster(self, gone: Mapping[str, int]) -> None:
        present = self._present()
        if len(gone) == present or (len(gone) > MOST_GONE and len(gone) > MOST_GONE_SHARE * present):
            raise self._vanished(gone)

    def _present(self) -> int:
        return self.connection.scalar(text("SELECT count(*) FROM ops.file_registry WHERE status <> 'DELETE'")) or 0

    def _vanished(self, gone: Mapping[str, int]) -> PharmaError:
        return PharmaError("INBOX_VANISHED", gone=len(gone), present=self._present(), example=next(iter(gone)))
