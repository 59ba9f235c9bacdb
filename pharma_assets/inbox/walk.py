"""Walking the inbox: what is in the folders that must be listed, and every path that does not fit.

The walk never follows a link, never leaves the root, and never stops at a folder it cannot read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pharma_assets.errors import PharmaError
from pharma_assets.inbox.source import Entry, Inbox
from pharma_assets.model.report_path import Leaf, is_leaf_deep, parse_leaf

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


@dataclass(frozen=True)
class Listing:
    """A leaf folder that was listed: its reports and the folder's own modification time, taken before.

    `present`: every name in it, whatever it is. `count`: how many are files; `filtered`: how many of those are no
    reports by their name. `plain`: nothing but reports and filtered files is in it.
    """

    folder: str
    leaf: Leaf
    modified_ns: int
    files: list[SeenFile]
    present: frozenset[str]
    count: int
    filtered: int
    plain: bool


@dataclass(frozen=True)
class Passage:
    """A folder above the leaves that was listed, and its modification time, taken before.

    `below`: the folders in it. `plain`: nothing else is.
    """

    folder: str
    modified_ns: int
    below: tuple[str, ...]
    plain: bool


@dataclass
class Walk:
    """What a walk came across besides the folders it yields.

    `listed`: every folder that it has listed. `blind`: folders that could not be read, so that nothing is known of what
    is below them. `stray_files`, `stray_filtered`: files that are in no leaf folder.
    """

    listed: set[str] = field(default_factory=set)
    blind: list[str] = field(default_factory=list)
    problems: list[PathProblem] = field(default_factory=list)
    stray_files: int = 0
    stray_filtered: int = 0

    def sees(self, folder: str) -> bool:
        """Whether the walk would have come across this folder if it were there."""
        return not any(folder == blind or folder.startswith(f"{blind}/") or not blind for blind in self.blind)


def is_report(name: str, extensions: tuple[str, ...]) -> bool:
    """Whether a file name passes the filter of CONTRACT §3: not `~$*` or `*.tmp`, and of a listed extension if any.

    `.part` and `.filepart` are what upload programs call a file that is not whole yet (BAD_INPUTS 4).
    """
    lower = name.lower()
    if lower.startswith("~$") or lower.endswith((".tmp", ".part", ".filepart")):
        return False
    return not extensions or lower.endswith(extensions)


def walk_inbox(
    inbox: Inbox,
    extensions: tuple[str, ...],
    walk: Walk,
    pass_over: Callable[[str], bool] = lambda folder: False,
    starts: Iterable[str] = ("",),
) -> Iterator[Listing | Passage]:
    """Every folder below `starts`, and they themselves, listed; a folder that is passed over hides what is below it.

    One after the other, so that the caller can stop at any, and depth first: at any moment little is known of and not
    yet listed. Counts and problems go into `walk`. Raises PharmaError INBOX_MISSING when the root is not there.
    """
    inbox.check()
    pending = _as_they_are(inbox, starts, walk)
    while pending:
        folder, modified_ns = pending.pop()
        leaf = _leaf(folder)
        entries = _entries(inbox, folder, walk)
        if entries is None:
            continue
        walk.listed.add(folder)
        if leaf is not None:
            yield _listing(inbox, folder, leaf, modified_ns, entries, extensions, walk)
            continue
        prefix = f"{folder}/" if folder else ""
        folders = [(prefix + entry.name, entry.modified_ns) for entry in entries if entry.is_folder]
        strays = [entry for entry in entries if not entry.is_folder]
        if strays:
            _report_strays(folder, strays, extensions, walk)
        pending += [place for place in reversed(folders) if not pass_over(place[0])]
        yield Passage(folder, modified_ns, tuple(place for place, _ in folders), not strays)


def _as_they_are(inbox: Inbox, starts: Iterable[str], walk: Walk) -> list[tuple[str, int]]:
    """The folders to begin with, the last one first, each with its modification time; the root comes last."""
    below = [folder for folder in starts if folder]
    found = []
    for folder, entry in zip(below, inbox.look_at(below), strict=True):
        if isinstance(entry, OSError):
            _blind(folder, entry, walk)
        elif entry.is_folder:
            found.append((folder, entry.modified_ns))
    # The root itself may be a link to a folder, and nothing above it says when it changed.
    return [*(("", 0) for folder in starts if not folder), *reversed(found)]


def storable(path: str) -> bool:
    """Whether the database can keep a path: as UTF-8, and short enough for an index."""
    try:
        return len(path.encode()) <= MAX_PATH_BYTES
    except UnicodeEncodeError:
        return False


def _leaf(path: str) -> Leaf | None:
    """The leaf folder that a path is, if it is one; what is wrong with others is said of the files in them."""
    parts = tuple(path.split("/"))
    try:
        return parse_leaf(parts) if is_leaf_deep(parts) and storable(path) else None
    except PharmaError:
        return None


def _entries(inbox: Inbox, folder: str, walk: Walk) -> list[Entry] | None:
    """What is in a folder; None if that cannot be told."""
    try:
        return inbox.entries(folder)
    except OSError as error:
        _blind(folder, error, walk)
        return None


def _blind(folder: str, error: OSError, walk: Walk) -> None:
    """A folder that cannot be read; one that has been removed since it was heard of is no problem."""
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        walk.blind.append(folder)
        walk.problems.append(path_problem(folder, PharmaError("PATH_UNREADABLE", why=error.strerror or error)))


def _listing(
    inbox: Inbox,
    folder: str,
    leaf: Leaf,
    modified_ns: int,
    entries: list[Entry],
    extensions: tuple[str, ...],
    walk: Walk,
) -> Listing:
    files: list[SeenFile] = []
    count = filtered = 0
    plain = True
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if entry.is_folder:
            plain = False
            _report_below(inbox, path, extensions, walk)
            continue
        count += 1
        if not is_report(entry.name, extensions):
            filtered += 1
        elif (problem := _problem(path, entry)) is not None:
            plain = False
            walk.problems.append(path_problem(path, problem))
        else:
            files.append(SeenFile(path, leaf, entry.size, entry.modified_ns, entry.changed_ns))
    present = frozenset(entry.name for entry in entries)
    return Listing(folder, leaf, modified_ns, files, present, count, filtered, plain)


def _problem(path: str, entry: Entry) -> PharmaError | None:
    """What keeps a file of a leaf folder from being registered."""
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return PharmaError("PATH_NOT_TEXT")
    if "\\" in path:
        return PharmaError("PATH_STRUCTURE", why="it has a backslash in it")
    if size > MAX_PATH_BYTES:
        return PharmaError("PATH_TOO_LONG", path=_shortened(path))
    if not entry.is_regular:
        return PharmaError("PATH_STRUCTURE", why="it is a link or a special file")
    return None


def _report_strays(folder: str, entries: list[Entry], extensions: tuple[str, ...], walk: Walk) -> None:
    """Files that are in no leaf folder, or in one whose path cannot be stored."""
    misplaced: PharmaError | None = None
    try:
        parse_leaf(tuple(folder.split("/")) if folder else ())
    except PharmaError as error:
        misplaced = error
    for entry in entries:
        walk.stray_files += 1
        if not is_report(entry.name, extensions):
            walk.stray_filtered += 1
            continue
        path = f"{folder}/{entry.name}" if folder else entry.name
        problem = misplaced or _problem(path, entry)
        if problem is not None:
            walk.problems.append(path_problem(path, problem))


def _report_below(inbox: Inbox, folder: str, extensions: tuple[str, ...], walk: Walk) -> None:
    """Files below a leaf folder, which have no place there."""
    pending = deque([folder])
    while pending:
        current = pending.popleft()
        entries = _entries(inbox, current, walk) or []
        pending += [f"{current}/{entry.name}" for entry in entries if entry.is_folder]
        _report_strays(current, [entry for entry in entries if not entry.is_folder], extensions, walk)


def path_problem(path: str, error: PharmaError) -> PathProblem:
    """The problem in the form that is kept and shown."""
    return PathProblem(_shortened(path), error.code, error.message)


def _shortened(path: str) -> str:
    """The path for people, short enough to be stored; what is not UTF-8 shows as an escape."""
    whole = path.encode("utf-8", "surrogateescape").decode(errors="backslashreplace").encode()
    return whole.decode() if len(whole) <= MAX_PATH_BYTES else whole[:MAX_PATH_BYTES].decode(errors="ignore") + "…"


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
    # Where there is no change time (SFTP), only a second look tells.
    return settle_seconds > 0 and (not file.changed_ns or now_ns - file.changed_ns < settle_seconds * 1e9)


def standing_still(inbox: Inbox, files: Sequence[SeenFile]) -> list[SeenFile]:
    """Those of the files that are still as they were seen."""
    found = inbox.look_at([file.path for file in files])
    return [
        file
        for file, now in zip(files, found, strict=True)
        if not isinstance(now, OSError)
        and (now.size, now.modified_ns, now.changed_ns) == (file.size, file.modified_ns, file.changed_ns)
    ]
