"""The folders that scripts know by name, and the absolute paths by which they may ask for them.

The original workflow lay at one fixed place, and its scripts name it:

    C:\\Users\\user\\Desktop\\Итоговые отчеты
    C:\\Users\\user\\Desktop\\Python_scripts\\automated_processing\\Reestr\\new_files_registry.csv
    C:\\Users\\user\\Desktop\\Python_scripts\\automated_processing\\report_header\\report_header.xlsx

Where such a path is not absolute, on Linux and macOS, it is the name of a file in the working folder: so there it is.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pharma_assets.scripts import header, task

DESKTOP = "Desktop"
PROCESSING = (DESKTOP, "Python_scripts", "automated_processing")
"""Where the original workflow lay below its user's home; scripts work in this folder."""

RESULTS = ("Итоговые отчеты", "Итоговые отчёты")
"""The folder that scripts write their files into, as the original spelt it and as it is spelt right."""

RESULTS_PLACES = tuple((*above, name) for above in ((DESKTOP,), PROCESSING) for name in RESULTS)
TASK_LIST = (*PROCESSING, task.FOLDER, task.NAME)
HEADER = (*PROCESSING, header.FOLDER, header.NAME)

Parts = tuple[str, ...]

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]")
_LONGEST = 1_000
_MARKS = re.compile(r"[\\/]+")


def is_results_folder(name: str) -> bool:
    """Whether a folder of this name is where scripts leave their files."""
    return unicodedata.normalize("NFC", name) in RESULTS


def split(path: str) -> Parts:
    """The parts of a path, whichever way its slashes lean."""
    return tuple(part for part in _MARKS.split(path) if part)


def named_paths(sources: Iterable[Path]) -> list[str]:
    """The texts in these Python files that are absolute paths, of this system or of Windows."""
    found: dict[str, None] = {}
    for source in sources:
        # One that Python cannot read will say so when it runs.
        with suppress(OSError, SyntaxError, ValueError):
            for node in ast.walk(ast.parse(source.read_bytes())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_path(node.value):
                    found[node.value] = None
    return list(found)


def _is_path(text: str) -> bool:
    one_line = len(text) <= _LONGEST and text.isprintable()
    return one_line and (_WINDOWS.match(text) is not None or Path(text).is_absolute())


def is_of_windows(path: str) -> bool:
    return _WINDOWS.match(path) is not None


@dataclass(frozen=True)
class Sought:
    """What a script may look for at a path that it names, or below it.

    `place`: where it was on the original machine; `behind`: the parts of it that are missing behind the path. `told`:
    the path's end is a part of the place; otherwise any folder may be it.
    """

    place: Parts
    behind: Parts
    told: bool


def sought(named: str, places: Iterable[Parts]) -> Iterator[Sought]:
    """What may be looked for at or below a path that a script names. `places` are those that the original workflow had
    below its user's home (`Desktop/Python_scripts/automated_processing/Reestr/…`); the path may be one of them, or any
    folder above one, and how much of it stands in the path already, the path's end says."""
    parts = split(named)
    is_file = bool(parts) and "." in parts[-1]
    for place in places:
        for start in range(len(place)):
            common = _overlap(parts, place[start:])
            behind = place[start + common :]
            if not (is_file and behind):
                yield Sought(place, behind, told=common > 0)


def _overlap(parts: Parts, place: Parts) -> int:
    """How many parts the end of the one and the beginning of the other have in common."""
    for length in range(min(len(parts), len(place)), 0, -1):
        if [part.casefold() for part in parts[-length:]] == [part.casefold() for part in place[:length]]:
            return length
    return 0
