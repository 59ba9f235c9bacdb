"""One run of a script over one record, from its source to the file that it writes; nothing else is changed."""

from __future__ import annotations

import logging
import os
import site
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pharma_assets.errors import PharmaError
from pharma_assets.files import sha256_of
from pharma_assets.scripts.desk import at_desk
from pharma_assets.scripts.found import Script
from pharma_assets.scripts.places import split
from pharma_assets.scripts.process import Ended, LaunchFailed, Limits, run_supervised
from pharma_assets.scripts.task import Task, render_tasks
from pharma_assets.scripts.workplace import Workplace, workplace
from pharma_assets.settings import Settings

said = logging.getLogger("pharma_assets.scripts.said")
"""What scripts say, line by line, in the thread of the run: whoever wants to hear it adds a handler."""

_NOTHING = "–"
_LONGEST = 300

# What a process needs of its surroundings; nothing in it is a secret.
_PASSED = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"),
)


@dataclass(frozen=True)
class ScriptFile:
    """The file that a script has written: its own name and its bytes. `source_digest`: SHA-256 of what it was made
    from."""

    name: str
    content: bytes
    source_digest: str


def run_script(
    settings: Settings, script: Script, task: Task, source: AbstractContextManager[BinaryIO], places: Path
) -> ScriptFile:
    """Run a client's script for one record, in a working folder of its own below `places`.

    Raises what opening the source raises, and PharmaError LAUNCH_ERROR, TIMEOUT, RETURN_CODE_<n>, NO_OUTPUT_FILE,
    AMBIGUOUS_OUTPUT, OUTPUT_INVALID (too large), NO_SPACE, PATH_TOO_LONG or LOCKED. The end of what the script said is
    a note of the error.
    """
    limits = Limits(settings.script_seconds, settings.script_memory_mb, settings.script_output_mb)
    task_list = render_tasks([task.row(str(script.file))])
    with (
        workplace(places, script, task, source) as place,
        at_desk(settings.script_desktop, script, task_list) as desk,
    ):
        ended = _run(settings, script, task, place, limits)
        try:
            if ended.timed_out:
                raise PharmaError("TIMEOUT", seconds=round(limits.seconds))
            if ended.code:
                raise PharmaError("RETURN_CODE_<n>", script=script.name, n=ended.code, said=_last_words(ended))
            results = [*place.results(task.id), *desk.results(task.id)]
            try:
                return _the_one(script, task, results, place, ended, limits)
            finally:
                for path in results:
                    with suppress(OSError):
                        path.unlink()
        except PharmaError as problem:
            if ended.tail:
                problem.add_note(ended.tail)
            raise


def _run(settings: Settings, script: Script, task: Task, place: Workplace, limits: Limits) -> Ended:
    command = [str(settings.script_python or sys.executable), str(place.script)]
    said.info("%s: %s", script.name, task.path)
    try:
        ended = run_supervised(
            command,
            place.folder,
            environment(os.environ, settings.script_environment, place, task),
            limits,
            lambda line: said.info("%s", line),
        )
    except LaunchFailed as error:
        raise PharmaError("LAUNCH_ERROR", script=script.name, why=str(error)) from error
    said.info("%s: %s", script.name, "its time is over" if ended.timed_out else f"exit code {ended.code}")
    return ended


def environment(own: Mapping[str, str], wanted: Sequence[str], place: Workplace, task: Task) -> dict[str, str]:
    """The environment of a script: what a process needs of `own`, the variables that are `wanted`, and its record."""
    home, scratch = str(place.home), str(place.scratch)
    return {
        **{name: own[name] for name in (*_PASSED, *wanted) if name in own},
        # Whatever it looks for below its home is in the working folder; packages installed for the user are not.
        "HOME": home,
        "USERPROFILE": home,
        "PYTHONUSERBASE": own.get("PYTHONUSERBASE") or site.getuserbase(),
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **task.environment(),
    }


def _the_one(
    script: Script, task: Task, results: Sequence[Path], place: Workplace, ended: Ended, limits: Limits
) -> ScriptFile:
    """The file that counts. The same content twice, in both spellings of the folder for instance, is one."""
    if not results:
        left = ", ".join(sorted({_name(path) for path in place.left()}))[:_LONGEST]
        raise PharmaError(
            "NO_OUTPUT_FILE",
            script=script.name,
            pattern=f"_id{task.id}_",
            left=left or _NOTHING,
            said=_last_words(ended),
        )
    distinct = {sha256_of(path): path for path in results}
    if len(distinct) > 1:
        names = ", ".join(sorted(_name(path) for path in distinct.values()))
        raise PharmaError("AMBIGUOUS_OUTPUT", script=script.name, names=names)
    (path,) = distinct.values()
    megabytes = path.stat().st_size / (1 << 20)
    if megabytes > limits.output_mb:
        problem = f"{megabytes:.0f} MB > PHARMA_SCRIPT_OUTPUT_MB"
        raise PharmaError("OUTPUT_INVALID", name=_name(path), problem=problem)
    return ScriptFile(_name(path), path.read_bytes(), place.source_digest)


def _name(path: Path) -> str:
    """A file's name as it can be printed and stored; where its name is a whole path of another system, its end."""
    return split(path.name)[-1].encode(errors="backslashreplace").decode()


def _last_words(ended: Ended) -> str:
    return ended.tail.rpartition("\n")[2].strip()[:_LONGEST] or _NOTHING
