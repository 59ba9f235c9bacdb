"""The working folder of one run of a script: laid out as the original workflow's, with one record in it.

    <home>/Desktop/Итоговые отчеты/                           what the script writes
    <home>/Desktop/Python_scripts/automated_processing/       its working directory
        Reestr/new_files_registry.csv                         the task list: this record
        report_header/report_header.xlsx
        Scripts/{Distibutors|Nets}/<Client>/                  the script, with what lies beside it
        Поставщики данных/…                                   the source: a copy, for nothing may write to the inbox
        Итоговые отчёты/                                      read as well

Each run has one of its own, so that any number may run at once, and it goes when the run is over.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pharma_assets.files import writing_error
from pharma_assets.scripts import places
from pharma_assets.scripts.found import Script, sources
from pharma_assets.scripts.header import header_template
from pharma_assets.scripts.task import Task, render_tasks

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Workplace:
    """Where a script runs. `home`: what it takes for its user's folder; `folder`: its working directory; `script`: the
    copy that is run; `source_digest`: SHA-256 of the source's bytes; `laid_out`: the files that were there before."""

    home: Path
    folder: Path
    script: Path
    source_digest: str
    laid_out: frozenset[Path] = frozenset()

    @property
    def scratch(self) -> Path:
        """Its folder for temporary files."""
        return self.home / "tmp"

    def left(self) -> list[Path]:
        """The files that the script has left."""
        return [path for path in _files(self.home) if path not in self.laid_out and self.scratch not in path.parents]

    def results(self, task_id: int) -> list[Path]:
        """Those of them that lie in a folder «Итоговые отчёты» and are named as this record's."""
        return [path for path in self.left() if _is_result(path.relative_to(self.home), task_id)]


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                yield path


@contextmanager
def workplace(
    parent: Path, script: Script, task: Task, source: AbstractContextManager[BinaryIO]
) -> Iterator[Workplace]:
    """Make a working folder below `parent` and take it away again. `source` is opened and closed while it is made.

    Raises what opening the source raises, and PharmaError NO_SPACE, PATH_TOO_LONG or LOCKED.
    """
    home = None
    try:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            # The name says whose it is, for whoever finds it after a crash.
            home = Path(tempfile.mkdtemp(prefix=f"script_id{task.id}_", dir=parent))
            made = _lay_out(home, script, task, source)
        except OSError as error:
            raise writing_error(error, Path(error.filename or parent)) from error
        yield made
    finally:
        if home is not None:
            shutil.rmtree(home, ignore_errors=True)


def _lay_out(home: Path, script: Script, task: Task, source: AbstractContextManager[BinaryIO]) -> Workplace:
    folder = home / Path(*places.PROCESSING)
    task_list, header = home / Path(*places.TASK_LIST), home / Path(*places.HEADER)
    for path in (task_list, header):
        path.parent.mkdir(parents=True)
    task_list.write_bytes(render_tasks([task.row(str(script.file))]))
    header.write_bytes(header_template())
    (home / "tmp").mkdir()
    for place in places.RESULTS_PLACES:
        (home / Path(*place)).mkdir()
    copy = folder / task.path
    digest = _copy(source, copy)
    os.utime(copy, (task.uploaded_at.timestamp(), task.uploaded_at.timestamp()))
    started = _bring(script, folder / "Scripts")
    if os.name == "posix":
        for named in filter(places.is_of_windows, places.named_paths(sources(script.file))):
            _provide(folder, named, task, task_list, header, copy)
    return Workplace(home, folder, started, digest, frozenset(_files(home)))


def _copy(source: AbstractContextManager[BinaryIO], target: Path) -> str:
    """Copy the source; returns the SHA-256 of its bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source as opened, target.open("wb") as copied:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
            copied.write(chunk)
    return digest.hexdigest()


def _bring(script: Script, scripts: Path) -> Path:
    """The scripts' tree as the script may look for it from where it stands: its own Python files as copies, so that
    `__file__` leads into the working folder; the rest of its folder, and its neighbours, as links."""
    own = scripts / script.file.parent.relative_to(script.root)
    own.mkdir(parents=True)
    for file in sources(script.file):
        shutil.copyfile(file, own / file.name)
    for original, here in ((script.file.parent, own), (script.file.parents[1], own.parent), (script.root, scripts)):
        for entry in original.iterdir():
            # Where links may not be made, the script has to do without.
            with suppress(OSError):
                if not (here / entry.name).exists():
                    (here / entry.name).symlink_to(entry.absolute())
    return own / script.file.name


def _provide(folder: Path, named: str, task: Task, task_list: Path, header: Path, copy: Path) -> None:
    """Put what a script looks for under a path of the original machine where that path leads here."""
    files = {places.TASK_LIST: task_list, places.HEADER: header, places.split(task.path): copy}
    base = named.rstrip("\\/")
    if ".." in places.split(base):
        return
    for what in places.sought(named, (*files, *places.RESULTS_PLACES)):
        # As a path that is joined to it, and as a text that is appended.
        for path in {folder / base / Path(*what.behind), folder / "\\".join((base, *what.behind))}:
            with suppress(OSError):  # too long for a name
                path.parent.mkdir(parents=True, exist_ok=True)
                if what.place not in files:
                    path.mkdir(exist_ok=True)
                elif not path.is_symlink():
                    path.symlink_to(files[what.place])


def _is_result(path: Path, task_id: int) -> bool:
    # A name may hold the slashes of another system.
    parts = places.split(path.as_posix())
    return len(parts) > 1 and places.is_results_folder(parts[-2]) and names_record(parts[-1], task_id)


def names_record(name: str, task_id: int) -> bool:
    """Whether a file's name says that it is this record's: `_id{ID}_`, as loosely as the original workflow took it."""
    return re.search(rf"[_-]id{task_id}(?:[_.-]|$)", name, re.IGNORECASE) is not None and not name.startswith("~$")
