"""The fixed place that scripts name by absolute paths of this machine: served there, one script at a time.

Needed where `C:\\Users\\user\\Desktop\\…` or `/home/user/…` in a script is a path of this very system, and so cannot be
led into a working folder. What the original workflow did there is done there: the task list is written, the header if
there is none, and the results are taken away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from pharma_assets.files import replace_atomically, writing_error
from pharma_assets.scripts import places
from pharma_assets.scripts.found import Script, sources
from pharma_assets.scripts.header import header_template
from pharma_assets.scripts.workplace import names_record

LOCK = ".pharma-scripts.lock"


@dataclass(frozen=True)
class Desk:
    """The folders into which scripts write there; what was in them before `since`, a time of their file system in
    nanoseconds, is not this run's."""

    folders: tuple[Path, ...] = ()
    since: int = 0

    def results(self, task_id: int) -> list[Path]:
        """The files that have come into them and are named as this record's."""
        return [
            path
            for folder in self.folders
            for path in sorted(folder.iterdir())
            if names_record(path.name, task_id) and path.is_file() and path.lstat().st_mtime_ns >= self.since
        ]


NO_DESK = Desk()


@contextmanager
def at_desk(desktop: Path | None, script: Script, task_list: bytes) -> Iterator[Desk]:
    """Have the desktop to oneself while the block lasts, laid out for one run; nothing is done where there is none.

    Raises PharmaError NO_SPACE, PATH_TOO_LONG or LOCKED.
    """
    if desktop is None:
        yield NO_DESK
        return
    try:
        desktop.mkdir(parents=True, exist_ok=True)
        with FileLock(desktop / LOCK):
            yield _lay_out(desktop, script, task_list)
    except OSError as error:
        raise writing_error(error, desktop) from error


def _lay_out(desktop: Path, script: Script, task_list: bytes) -> Desk:
    known = (places.TASK_LIST, places.HEADER, *((places.DESKTOP, name) for name in places.RESULTS))
    paths = {desktop.joinpath(*place[1:]): place for place in known}
    for named in places.named_paths(sources(script.file)):
        if Path(named).is_relative_to(desktop) and ".." not in places.split(named):
            # Only where its end tells what it is: the folders of this machine are not filled on a guess.
            paths |= {Path(named, *what.behind): what.place for what in places.sought(named, known) if what.told}
    folders = sorted(path for path, place in paths.items() if place not in (places.TASK_LIST, places.HEADER))
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    since = 0
    for path, place in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if place == places.TASK_LIST:
            _write(path, task_list)
            since = path.stat().st_mtime_ns
        elif place == places.HEADER and not path.exists():
            _write(path, header_template())
    return Desk(tuple(folders), since)


def _write(path: Path, content: bytes) -> None:
    with replace_atomically(path) as draft:
        draft.write_bytes(content)
