"""Walking the inbox: every file that is there, and every path that does not read as a report's.

The walk never follows a symbolic link, never leaves the root, and never stops at a folder it cannot read.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pharma_assets.errors import PharmaError
from pharma_assets.model.report_path import Leaf, parse_leaf


@dataclass(frozen=True)
class SeenFile:
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


def walk_inbox(root: Path, extensions: tuple[str, ...], walk: Walk) -> Iterator[SeenFile]:
    """Every report file below `root`, folder by folder; counts and problems go into `walk`.

    Raises PharmaError INBOX_MISSING when the root is not there.
    """
    if not root.is_dir():
        raise PharmaError("INBOX_MISSING", folder=root)
    base = len(os.fspath(root)) + 1
    pending = [os.fspath(root)]
    while pending:
        folder = pending.pop()
        relative = folder[base:].replace(os.sep, "/")
        try:
            with os.scandir(folder) as scan:
                entries = list(scan)
        except FileNotFoundError:
            continue  # removed since its parent was listed
        except OSError as error:
            walk.problems.append(path_problem(relative, PharmaError("PATH_UNREADABLE", why=error.strerror or error)))
            continue
        files = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            else:
                files.append(entry)
        if files:
            yield from _files_of(relative, files, extensions, walk)


def _files_of(
    folder: str, entries: list[os.DirEntry[str]], extensions: tuple[str, ...], walk: Walk
) -> Iterator[SeenFile]:
    leaf: Leaf | PharmaError
    try:
        leaf = parse_leaf(tuple(folder.split("/")) if folder else ())
    except PharmaError as error:
        leaf = error
    for entry in entries:
        walk.seen += 1
        path = f"{folder}/{entry.name}" if folder else entry.name
        if not is_report(entry.name, extensions):
            walk.filtered += 1
            continue
        try:
            path.encode()
        except UnicodeEncodeError:
            readable = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
            walk.problems.append(path_problem(readable, PharmaError("PATH_NOT_TEXT")))
            continue
        if isinstance(leaf, PharmaError):
            walk.problems.append(path_problem(path, leaf))
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        except OSError as error:
            walk.problems.append(path_problem(path, PharmaError("PATH_UNREADABLE", why=error.strerror or error)))
            continue
        if not stat.S_ISREG(status.st_mode):
            walk.problems.append(
                path_problem(path, PharmaError("PATH_STRUCTURE", why="it is a link or a special file"))
            )
            continue
        yield SeenFile(path, leaf, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def path_problem(path: str, error: PharmaError) -> PathProblem:
    """The problem in the form that is kept and shown."""
    return PathProblem(path, error.code, error.message)


def settled(file: SeenFile, now_ns: int, settle_seconds: float) -> bool:
    """Whether the file's last change is old enough for the upload to be over.

    A modification time in the future says nothing (clocks differ, uploads may keep the sender's); the inode's change
    time stands in for it then.
    """
    if settle_seconds == 0:
        return True
    changed = file.modified_ns if file.modified_ns <= now_ns else file.changed_ns
    return now_ns - changed >= settle_seconds * 1e9


def drop_moving(root: Path, files: list[SeenFile], walk: Walk, settle_seconds: float) -> list[SeenFile]:
    """The files whose size and times stand still over a moment; the others are counted as unsettled.

    Programs that keep the sender's modification time set it before or while they write, so an old time alone does not
    prove that a file is whole. Only files whose inode changed lately are looked at twice.
    """
    now_ns = time.time_ns()
    suspects = [file for file in files if now_ns - file.changed_ns < settle_seconds * 1e9]
    if not suspects:
        return files
    time.sleep(min(settle_seconds, 1.0))
    moving = {file.path for file in suspects if _moved(root / file.path, file)}
    walk.unsettled += len(moving)
    return [file for file in files if file.path not in moving]


def _moved(path: Path, before: SeenFile) -> bool:
    try:
        now = path.lstat()
    except OSError:
        return True
    return (now.st_size, now.st_mtime_ns, now.st_ctime_ns) != (before.size, before.modified_ns, before.changed_ns)
