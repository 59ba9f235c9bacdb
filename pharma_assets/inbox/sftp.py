"""An inbox on a server, over SFTP. Nothing is ever written there, and no link is followed."""

from __future__ import annotations

import errno
import random
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from pharma_assets.errors import PharmaError
from pharma_assets.files import reading_error, writing_error
from pharma_assets.inbox.sftp_protocol import Dropped, Status
from pharma_assets.inbox.sftp_session import Listing, Session, connect
from pharma_assets.inbox.source import Entry
from pharma_assets.settings import SftpUrl

_T = TypeVar("_T")

# A folder that is being listed costs the server an open file, of which it may have few.
_FOLDERS_AHEAD = 64
_IN_MEMORY = 8 << 20


class SftpInbox:
    """A folder tree on an SFTP server.

    The connection is made when it is first needed and made anew once when it drops; what cannot be reached then raises
    PharmaError INBOX_UNREACHABLE or INBOX_HOST_KEY, from every method. Safe to share between threads, not to be taken
    through a fork. The protocol has times in whole seconds and no change times.
    """

    def __init__(self, url: SftpUrl, key: Path | None, known_hosts: Path) -> None:
        self.url = url
        self._key = key
        self._known_hosts = known_hosts
        self._top = url.path.rstrip("/").encode("utf-8", "surrogateescape")
        self._lock = threading.RLock()
        self._lister: _Lister | None = None
        self._ahead: OrderedDict[str, None] = OrderedDict()

    def close(self) -> None:
        """End the connection, if there is one."""
        with self._lock:
            self._drop()

    def check(self) -> None:
        def look(lister: _Lister) -> Status | OSError:
            lister.start_anew()
            return lister.session.target(self._remote(""))

        root = self._reaching(look)
        if isinstance(root, PermissionError):
            raise PharmaError("INBOX_UNREACHABLE", url=self.url, why=root.strerror) from root
        if isinstance(root, OSError) or not root.is_folder:
            raise PharmaError("INBOX_MISSING", folder=self.url)

    def entries(self, folder: str) -> list[Entry]:
        """What is in a folder. Its own folders are listed ahead, so what they hold may be a moment old."""
        self._remote(folder)
        return self._reaching(lambda lister: lister.entries(folder))

    def look_at(self, paths: Sequence[str]) -> list[Entry | OSError]:
        remote = [self._remote(path) for path in paths]
        found = self._reaching(lambda lister: lister.session.statuses(remote))
        return [
            status if isinstance(status, OSError) else _entry(path.rpartition("/")[2], status)
            for path, status in zip(paths, found, strict=True)
        ]

    def still(self, folders: Iterable[tuple[str, int]]) -> set[str]:
        return set()  # times in whole seconds, of a file system that nobody here knows, prove nothing

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """A copy of a settled file, in memory or, if it is large, in a temporary file."""
        before, content = self._reaching(lambda lister: self._fetch(lister.session, path))
        with content:
            try:
                yield content
            except PharmaError as error:
                if self._moved(before, path):
                    raise PharmaError("FILE_CHANGING") from error
                raise
            if self._moved(before, path):
                raise PharmaError("FILE_CHANGING")

    def _fetch(self, session: Session, path: str) -> tuple[Status, BinaryIO]:
        remote, folder = self._remote(path), self._remote(path.rpartition("/")[0])
        place = session.target(folder)
        if isinstance(place, PermissionError):
            raise reading_error(place) from place
        if isinstance(place, OSError) or not place.is_folder:
            raise PharmaError("INBOX_MISSING", folder=f"{self.url}/{path.rpartition('/')[0]}")
        (before,) = session.statuses([remote])
        if isinstance(before, OSError):
            raise reading_error(before) from before
        if not before.is_regular or not _is_below(*session.real_paths([folder, self._remote("")])):
            raise PharmaError("FILE_GONE")
        if before.size > shutil.disk_usage(tempfile.gettempdir()).free:
            raise PharmaError("NO_SPACE", where=tempfile.gettempdir())
        # Not closed here when all went well: it is what the caller gets.
        content: BinaryIO = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # type: ignore[assignment]  # noqa: SIM115

        def write(offset: int, data: bytes) -> None:
            try:
                content.seek(offset)
                content.write(data)
            except OSError as error:
                raise writing_error(error, Path(tempfile.gettempdir()) / "report") from error

        try:
            if session.fetch(remote, before.size, write) != before.size:
                raise PharmaError("FILE_CHANGING")
        except OSError as error:
            content.close()
            raise reading_error(error) from error
        except BaseException:
            content.close()
            raise
        content.seek(0)
        return before, content

    def _moved(self, before: Status, path: str) -> bool:
        (after,) = self._reaching(lambda lister: lister.session.statuses([self._remote(path)]))
        if isinstance(after, OSError):
            raise reading_error(after) from after
        return (before.size, before.modified) != (after.size, after.modified)

    def _remote(self, path: str) -> bytes:
        """The path on the server. Raises FileNotFoundError for one that could lead out of the root."""
        if "\0" in path or any(part in {"", ".", ".."} for part in path.split("/") if path):
            raise FileNotFoundError(errno.ENOENT, "No path of the inbox", path)
        name = path.encode("utf-8", "surrogateescape")
        return self._top + b"/" + name if name else self._top or b"/"

    def _reaching(self, work: Callable[[_Lister], _T]) -> _T:
        """Do something over the connection, and once more over a new one if it drops."""
        with self._lock:
            try:
                return work(self._connected())
            except Dropped:
                self._drop()
            try:
                return work(self._connected())
            except Dropped as error:
                self._drop()
                raise PharmaError("INBOX_UNREACHABLE", url=self.url, why=str(error)) from error

    def _connected(self) -> _Lister:
        if self._lister is None:
            self._lister = _Lister(connect(self.url, self._key, self._known_hosts), self._remote, self._ahead)
        return self._lister

    def _drop(self) -> None:
        if self._lister is not None:
            self._lister.session.close()
            self._lister = None


class _Lister:
    """Lists folders over one connection, and those in them ahead: they are what will be asked for next.

    `waiting`: the folders to be listed ahead, which outlive the connection.
    """

    def __init__(self, session: Session, remote: Callable[[str], bytes], waiting: OrderedDict[str, None]) -> None:
        self.session = session
        self._remote = remote
        self._started: dict[str, Listing] = {}
        self._waiting = waiting

    def start_anew(self) -> None:
        """Forget what was listed ahead."""
        self._waiting.clear()
        while any(not listing.done for listing in self._started.values()):
            self.session.pump()
        self._started.clear()

    def entries(self, folder: str) -> list[Entry]:
        self._waiting.pop(folder, None)
        listing = self._started.pop(folder, None) or Listing(self.session, self._remote(folder))
        self._go_ahead()
        while not listing.done:
            self.session.pump()
        if listing.error is not None:
            raise listing.error
        found = [_entry(_name(name), status) for name, status in listing.found if name not in {b".", b".."}]
        # In another order each time: a scan that runs out of time has then seen other folders than the one before.
        random.shuffle(found)
        prefix = f"{folder}/" if folder else ""
        # The walk goes on with the first of these.
        for entry in reversed(found):
            if entry.is_folder:
                self._waiting[prefix + entry.name] = None
                self._waiting.move_to_end(prefix + entry.name, last=False)
        self._go_ahead()
        return found

    def _go_ahead(self) -> None:
        while self._waiting and len(self._started) < _FOLDERS_AHEAD:
            folder, _ = self._waiting.popitem(last=False)
            self._started[folder] = Listing(self.session, self._remote(folder))


def _name(name: bytes) -> str:
    """Raises OSError for what cannot be the name of anything, so that nothing of this folder is believed."""
    if not name or b"/" in name or b"\0" in name:
        raise OSError(errno.EBADMSG, f"The server names an entry {name[:100]!r}, which leads elsewhere")
    return name.decode("utf-8", "surrogateescape")


def _entry(name: str, status: Status) -> Entry:
    return Entry(name, status.is_folder, status.is_regular, status.size, status.modified * 10**9, 0)


def _is_below(folder: bytes | OSError, root: bytes | OSError) -> bool:
    if isinstance(folder, OSError) or isinstance(root, OSError):
        return False
    return folder == root or folder.startswith(root.rstrip(b"/") + b"/")
