"""Walking the inbox: every file that is there, and every path that does not read as a report's.

The walk never follows a symbolic link, never leaves the root, and never stops at a folder it cannot read.
"""

from __future__ import annotations

import os
import random
import stat
import time
from collections import deque
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pharma_assets.errors import PharmaError
from pharma_assets.model.report_path import Leaf, parse_leaf

# An entry of a b-tree takes some 2,700 bytes, and the registry has one for each path.
MAX_PATH_BYTES = 2_500


class SeenFile(NamedTuple):
    """A file of the inbox. `path` is relative to the root with POSIX slashes; `modified_ns` is its mtime."""

    path: str
    leaf: Leaf
    size: int
    modified_ns: int
    changed_ns: int


@dataclass(frozen=True)
class PathProblem:
    """A path that the walk could not place, with the code and message of the catalogue."""

    path: str
    code: str
    message: str


@dataclass
class Walk:
    """What a walk found besides the files it yields."""

    seen: int = 0
    filtered: int = 0
    unsettled: int = 0
    problems: list[PathProblem] = field(default_factory=list)


def is_report(name: str, extensions: tuple[str, ...]) -> bool:
    """Whether a file name passes the filter of CONTRACT §3: not `~$*` or `*.tmp`, and of a listed extension if any.

    `.part` and `.filepart` are what upload programs call a file that is not whole yet (BAD_INPUTS 4).
    """
    lower = name.lower()
    if lower.startswith("~$") or lower.endswith((".tmp", ".part", ".filepart")):
        return False
    return not extensions or lower.endswith(extensions)


# Handing a list to the caller for every folder would cost more than finding it known.
_BREATH = 64


def walk_inbox(
    root: Path, extensions: tuple[str, ...], walk: Walk, known: Callable[[], Container[bytes]] = frozenset
) -> Iterator[list[SeenFile]]:
    """The report files below `root` that are not known as they are now: a list for each folder that has some.

    An empty list comes now and then, so that the caller can stop. `known` is asked when the first file turns up, and
    gives `path/size/modified_ns` in UTF-8 for each file that need not be seen again. Counts and problems go into
    `walk`. Raises PharmaError INBOX_MISSING when the root is not there.
    """
    if not root.is_dir():
        raise PharmaError("INBOX_MISSING", folder=root)
    top = os.path.join(os.fsencode(root), b"")  # noqa: PTH118 - bytes
    # Bytes, until something unknown turns up: most files are known, and text costs. Breadth first: all folders above
    # the leaves are gone through before the first file is met.
    pending = deque([b""])
    files = folders = 0
    lookup: Container[bytes] | None = None
    while pending:
        folder = pending.popleft()
        folders += 1
        subfolders: list[bytes] = []
        unknown: list[os.DirEntry[bytes]] = []
        try:
            with os.scandir(top + folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        subfolders.append(b"%b%b/" % (folder, entry.name))
                        continue
                    files += 1
                    if lookup is None:
                        lookup = known()
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError:
                        unknown.append(entry)  # `_placed` meets it again
                        continue
                    if b"%b%b/%d/%d" % (folder, entry.name, status.st_size, status.st_mtime_ns) not in lookup:
                        unknown.append(entry)
        except FileNotFoundError:
            pass  # removed since its parent was listed
        except OSError as error:
            walk.problems.append(path_problem(_text(folder.rstrip(b"/")), _unreadable(error)))
        walk.seen = files
        if subfolders:
            # A walk that its caller cuts short must not leave out the same folders each time.
            first = random.randrange(len(subfolders))  # noqa: S311
            pending += subfolders[first:] + subfolders[:first]
        if unknown:
            yield _placed(folder, unknown, extensions, walk)
        elif folders % _BREATH == 0:
            yield []


def _placed(
    folder: bytes, entries: list[os.DirEntry[bytes]], extensions: tuple[str, ...], walk: Walk
) -> list[SeenFile]:
    """The files of one folder with what its place says; `folder` ends with a slash, or is empty for the root."""
    files: list[SeenFile] = []
    place = _text(folder)
    leaf: Leaf | PharmaError
    try:
        leaf = parse_leaf(tuple(place.split("/")[:-1]))
    except PharmaError as error:
        leaf = error
    for entry in entries:
        name = _text(entry.name)
        path = place + name
        if not is_report(name, extensions):
            walk.filtered += 1
            continue
        raw_path = folder + entry.name
        try:
            status = entry.stat(follow_symlinks=False)
            if path.encode() != raw_path:
                raise PharmaError("PATH_NOT_TEXT")
            if isinstance(leaf, PharmaError):
                raise leaf
            if b"\\" in raw_path:
                raise PharmaError("PATH_STRUCTURE", why="it has a backslash in it")
            if len(raw_path) > MAX_PATH_BYTES:
                raise PharmaError("PATH_TOO_LONG", path=_shortened(path))
            if not stat.S_ISREG(status.st_mode):
                raise PharmaError("PATH_STRUCTURE", why="it is a link or a special file")
        except FileNotFoundError:
            continue  # removed since its folder was listed
        except OSError as error:
            walk.problems.append(path_problem(path, _unreadable(error)))
            continue
        except PharmaError as error:
            walk.problems.append(path_problem(path, error))
            continue
        files.append(SeenFile(path, leaf, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return files


def path_problem(path: str, error: PharmaError) -> PathProblem:
    """The problem in the form that is kept and shown."""
    return PathProblem(_shortened(path), error.code, error.message)


def _unreadable(error: OSError) -> PharmaError:
    return PharmaError("PATH_UNREADABLE", why=error.strerror or error)


def _text(path: bytes) -> str:
    """The path for people; what is not UTF-8 shows as an escape, so that it can be stored."""
    return path.decode(errors="backslashreplace")


def _shortened(path: str) -> str:
    whole = path.encode()
    return path if len(whole) <= MAX_PATH_BYTES else whole[:MAX_PATH_BYTES].decode(errors="ignore") + "…"


def settled(file: SeenFile, now_ns: int, settle_seconds: float) -> bool:
    """Whether the file's last change is old enough for the upload to be over.

    A modification time in the future says nothing (clocks differ, uploads may keep the sender's); the inode's change
    time stands in for it then.
    """
    if settle_seconds == 0:
        return True
    changed = file.modified_ns if file.modified_ns <= now_ns else file.changed_ns
    return now_ns - changed >= settle_seconds * 1e9


def changed_lately(file: SeenFile, now_ns: int, settle_seconds: float) -> bool:
    """Whether the file's inode changed so lately that its modification time proves nothing.

    Programs that keep the sender's modification time set it before or while they write.
    """
    return settle_seconds > 0 and now_ns - file.changed_ns < settle_seconds * 1e9


def drop_moving(root: Path, files: list[SeenFile], walk: Walk, settle_seconds: float) -> list[SeenFile]:
    """The files whose size and times stand still over a moment; the others are counted as unsettled."""
    if not files:
        return []
    time.sleep(min(settle_seconds, 1.0))
    still = [file for file in files if not _moved(root / file.path, file)]
    walk.unsettled += len(files) - len(still)
    return still


def _moved(path: Path, before: SeenFile) -> bool:
    try:
        now = path.lstat()
    except OSError:
        return True
    return (now.st_size, now.st_mtime_ns, now.st_ctime_ns) != (before.size, before.modified_ns, before.changed_ns)
