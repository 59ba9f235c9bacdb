"""Where a file of another program's registry lies in this inbox. Pure: paths in, paths out.

The other program may have known the files from another root, with backslashes, or under names in another Unicode form.
What stays the same is the end of a path from the provider's folder on.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from pharma_assets.errors import PharmaError
from pharma_assets.model.provider import SUPPLIERS_FOLDER
from pharma_assets.model.report_path import Leaf, parse_leaf

_DEPTH = 6
"""Provider, year, month, client, report type, file."""


@dataclass(frozen=True, slots=True)
class Present:
    """A file of the inbox."""

    path: str
    size: int
    modified_ns: int


@dataclass(frozen=True)
class Tail:
    """A path from the provider's folder on, and what it says."""

    path: str
    leaf: Leaf

    @property
    def key(self) -> str:
        return folded(self.path)


def slashed(path: str) -> str:
    """The path with forward slashes, without a root, `.` and empty parts."""
    return "/".join(part for part in path.replace("\\", "/").split("/") if part not in ("", "."))


def folded(path: str) -> str:
    """The same for names that differ in their Unicode form or in their case only."""
    return unicodedata.normalize("NFC", path).casefold()


def name_of(path: str) -> str:
    """The file's name, folded."""
    return folded(path.rpartition("/")[2])


def stem_of(path: str) -> str:
    """The file's name without its extension, folded."""
    return folded(PurePosixPath(path).stem)


def tail_of(path: str) -> Tail | None:
    """The end of a path that lies as deep as a report does; None for any other path."""
    parts = slashed(path).split("/")[-_DEPTH:]
    try:
        return Tail("/".join(parts), parse_leaf(tuple(parts[:-1]))) if len(parts) == _DEPTH else None
    except PharmaError:
        return None


class Places:
    """The files of the inbox, to be found by paths that another program has for them."""

    def __init__(self, present: Iterable[Present]) -> None:
        self._by_key: dict[str, list[Present]] = defaultdict(list)
        self._prefixes: Counter[str] = Counter()
        for file in present:
            tail = tail_of(file.path)
            if tail is not None:
                self._by_key[tail.key].append(file)
                self._prefixes[file.path.removesuffix(tail.path).rstrip("/")] += 1

    @cached_property
    def prefix(self) -> str:
        """What stands above the providers' folders, where most of the files lie."""
        return self._prefixes.most_common(1)[0][0] if self._prefixes else SUPPLIERS_FOLDER

    def find(self, path: str) -> Present | None:
        """The file that a path means, None where it is not there. Raises LookupError where it may be several."""
        tail = tail_of(path)
        if tail is None:
            return None
        alike = self._by_key.get(tail.key, [])
        # Of those that differ in their case, only the one that does not; of several roots, the one that is the path's.
        found = [file for file in alike if file.path.endswith(tail.path)] or alike
        if len(found) > 1 and all(file.path.endswith(tail.path) for file in found):
            whole = slashed(path)
            shared = [_common_end(file.path, whole) for file in found]
            found = [file for file, length in zip(found, shared, strict=True) if length == max(shared)]
        if len(found) > 1:
            raise LookupError(f"{path} may be {' or '.join(file.path for file in found)}")
        return found[0] if found else None

    def home(self, path: str) -> str:
        """Where the file would lie if it were there; a path that is no report's stays as it is."""
        tail = tail_of(path)
        return "/".join(filter(None, (self.prefix, tail.path))) if tail else slashed(path)

    @property
    def count(self) -> int:
        return sum(map(len, self._by_key.values()))


def _common_end(one: str, other: str) -> int:
    """How many characters two paths have in common at their end."""
    count = 0
    for mine, its in zip(reversed(one), reversed(other), strict=False):
        if mine != its:
            break
        count += 1
    return count
