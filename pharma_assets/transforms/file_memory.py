"""Contents of files that are asked for again and again and hardly ever change.

A file is read again when its stamp – times, size, identity – is another. A stamp proves nothing while it is young: two
writes within one step of the file system's clock leave the same one. So a content counts as that of a stamp for good
only if it was read some seconds after the stamp had been seen for the first time, by this process's clock alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

# More than the coarsest clock of a file system, which has steps of two seconds.
SETTLED_SECONDS = 5.0

Stamp = tuple[int, ...]


def stamp_of(file: Path) -> Stamp:
    """What tells a file from what it was before. Raises OSError."""
    status = file.stat()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev


@dataclass(frozen=True)
class _Seen:
    stamp: Stamp
    first_seen: float
    read_at: float
    content: bytes

    @property
    def settled(self) -> bool:
        return self.read_at - self.first_seen >= SETTLED_SECONDS


class FileMemory:
    """The contents of files as they are now, read only where they may have changed."""

    def __init__(self, stamp: Callable[[Path], Stamp] = stamp_of, clock: Callable[[], float] = time.monotonic) -> None:
        self._stamp = stamp
        self._clock = clock
        self._seen: dict[Path, _Seen] = {}

    def read(self, file: Path) -> bytes | None:
        """The content, None if there is no such file. Raises OSError if it cannot be read."""
        now = self._clock()
        try:
            stamp = self._stamp(file)
            seen = self._seen.get(file)
            if seen is not None and seen.stamp == stamp:
                if seen.settled:
                    return seen.content
                first_seen = seen.first_seen
            else:
                first_seen = now
            content = file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            self._seen.pop(file, None)
            return None
        self._seen[file] = _Seen(stamp, first_seen, now, content)
        return content

    def keep_only(self, files: Collection[Path]) -> None:
        """Forget all other files."""
        for file in self._seen.keys() - set(files):
            del self._seen[file]


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder, by name; none if it is not there. Raises OSError."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir())
    except FileNotFoundError:
        return []
