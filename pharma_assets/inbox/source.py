"""Where the suppliers' files lie: what the scan and the work ask of a folder tree, local or elsewhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import psutil

from pharma_assets.errors import PharmaError
from pharma_assets.files import open_settled
from pharma_assets.settings import Settings, SftpUrl

_REMOTE = ("nfs", "cifs", "smb", "fuse", "9p", "afs", "ceph", "gluster", "davfs", "virtiofs", "vboxsf")


class Entry(NamedTuple):
    """One entry of a folder. Times are in nanoseconds; `changed_ns` is the inode's change time, 0 where there is none.

    What is neither a folder nor a regular file (a link, a pipe) is never followed or opened.
    """

    name: str
    is_folder: bool
    is_regular: bool
    size: int
    modified_ns: int
    changed_ns: int


class Inbox(Protocol):
    """A tree of folders. Paths are relative to its root, with slashes; bytes that are no text are surrogates.

    Where it lies on a server, every method may raise PharmaError INBOX_UNREACHABLE or INBOX_HOST_KEY.
    """

    def check(self) -> None:
        """Raise PharmaError INBOX_MISSING unless the root is there."""

    def entries(self, folder: str) -> list[Entry]:
        """What is in a folder, "" for the root. Raises OSError, FileNotFoundError where it has gone."""

    def look_at(self, paths: Sequence[str]) -> list[Entry | OSError]:
        """The files or folders as they are now; the error for each that cannot be seen."""

    def still(self, folders: Iterable[tuple[str, int]]) -> set[str]:
        """Those of the folders in which nothing has come or gone since the given modification time.

        None of them where a folder's time does not move with every entry that comes or goes.
        """

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Open a settled file for reading; raises as `files.open_settled` does."""

    def close(self) -> None:
        """End the connection to it, if there is one; it is made anew when it is needed."""


class LocalInbox:
    """A folder of this machine, or one that is mounted."""

    def __init__(self, root: Path, *, trusts_folder_times: bool = True) -> None:
        self.root = root
        self._top = os.path.join(root, "")  # noqa: PTH118 - joined with each folder, where Path would cost
        self._trusts_folder_times = trusts_folder_times

    def check(self) -> None:
        if not self.root.is_dir():
            raise PharmaError("INBOX_MISSING", folder=self.root)

    def entries(self, folder: str) -> list[Entry]:
        found = []
        with os.scandir(f"{self._top}{folder}") as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # removed since the folder was opened
                found.append(_entry(entry.name, status))
        return found

    def look_at(self, paths: Sequence[str]) -> list[Entry | OSError]:
        return [self._look_at(path) for path in paths]

    def still(self, folders: Iterable[tuple[str, int]]) -> set[str]:
        if not self._trusts_folder_times:
            return set()
        found = set()
        lstat, is_folder, top = os.lstat, stat.S_ISDIR, self._top
        for folder, modified_ns in folders:
            try:
                status = lstat(top + folder)
            except OSError:
                continue
            if status.st_mtime_ns == modified_ns and is_folder(status.st_mode):
                found.add(folder)
        return found

    def _look_at(self, path: str) -> Entry | OSError:
        try:
            return _entry(path.rpartition("/")[2], os.lstat(f"{self._top}{path}"))
        except OSError as error:
            return error

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        with open_settled(self.root, path) as file:
            yield file

    def close(self) -> None:
        pass


def open_inbox(settings: Settings) -> Inbox:
    """The inbox that the settings name. Connects to nothing yet."""
    root = settings.inbox_root
    if isinstance(root, SftpUrl):
        from pharma_assets.inbox.sftp import SftpInbox  # noqa: PLC0415 - it knows Entry

        return SftpInbox(root, settings.sftp_key, settings.sftp_known_hosts)
    return LocalInbox(root, trusts_folder_times=not _is_remote(root))


def _is_remote(root: Path) -> bool:
    """Whether the folder is mounted from another machine, whose folder times may come late or not at all."""
    where = root.resolve()
    mounts = {Path(mount.mountpoint): mount.fstype for mount in psutil.disk_partitions(all=True)}
    fstype = next((mounts[folder] for folder in (where, *where.parents) if folder in mounts), "")
    return fstype.startswith(_REMOTE)


def _entry(name: str, status: os.stat_result) -> Entry:
    mode = status.st_mode
    return Entry(name, stat.S_ISDIR(mode), stat.S_ISREG(mode), status.st_size, status.st_mtime_ns, status.st_ctime_ns)
