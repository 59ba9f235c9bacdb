"""What a block of header rows calls each column: rows, merged cells and group headers read together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, takewhile

import numpy as np

from pharma_assets.reading.sheet import Kind, Merge, Sheet
from pharma_assets.transforms.header_text import normalize_header

MAX_DEPTH = 4
"""Rows of one header."""


@dataclass(frozen=True, eq=False)
class Head:
    """The first rows of a sheet, as far as a header may reach: the texts of each position by column."""

    sheet: Sheet
    texts: tuple[Mapping[int, str], ...]
    merges: tuple[Merge, ...]

    def deepest(self, index: int) -> int:
        """How many rows a header that begins at position `index` can have: those that follow without a gap."""
        rows = self.sheet.rows
        following = range(1, min(MAX_DEPTH, len(self.texts) - index))
        return 1 + sum(1 for _ in takewhile(lambda k: rows[index + k] == rows[index] + k, following))


def read_head(sheet: Sheet, within: int) -> Head:
    """The rows up to the source's row `within`, and those below it that a header may still need."""
    count = int(np.searchsorted(sheet.rows, within + MAX_DEPTH, side="left"))
    texts: list[dict[int, str]] = [{} for _ in range(count)]
    for place, (column, kinds) in enumerate(zip(sheet.columns, sheet.kinds, strict=True)):
        for index in np.flatnonzero(kinds[:count] != Kind.BLANK).tolist():
            texts[index][place] = column[index].as_py()
    return Head(sheet, tuple(texts), tuple(merge for merge in sheet.merges if merge.first_row < within + MAX_DEPTH))


@dataclass(frozen=True, eq=False)
class HeaderBlock:
    """`depth` rows of a sheet's head, from position `index` on, taken for a header."""

    head: Head
    index: int
    depth: int

    @property
    def first_row(self) -> int:
        """The number of its first row in the source."""
        return int(self.head.sheet.rows[self.index])

    @property
    def rows(self) -> tuple[Mapping[int, str], ...]:
        """The texts of its rows as they stand."""
        return self.head.texts[self.index : self.index + self.depth]

    @cached_property
    def merges(self) -> tuple[Merge, ...]:
        """The merged ranges that begin in it."""
        last = self.first_row + self.depth - 1
        return tuple(merge for merge in self.head.merges if self.first_row <= merge.first_row <= last)

    @cached_property
    def parts(self) -> dict[int, tuple[str, ...]]:
        """For each column the texts that stand over it, from top to bottom.

        A text stands over its own column. It stands over others too where it is a group's: its merged range reaches
        there, or, without one, the cells to its right are blank; and there must be a text below it.
        """
        levels = [self._spread(level) for level in range(self.depth)]
        found: dict[int, tuple[str, ...]] = {}
        for column in sorted(set().union(*levels)):
            texts = [level[column].strip() for level in levels if column in level]
            found[column] = tuple(text for at, text in enumerate(texts) if at == 0 or text != texts[at - 1])
        return found

    def _spread(self, level: int) -> dict[int, str]:
        own = self.rows[level]
        below: set[int] = set().union(*self.rows[level + 1 :])
        merged = {merge.first_column: merge for merge in self.merges if merge.first_row == self.first_row + level}
        spread = dict(own)
        for column, text in own.items():
            if column in merged:
                reach = range(column + 1, merged[column].last_column + 1)
            elif column in below:
                reach = range(column + 1, max(below, default=column) + 1)
            else:
                continue
            for right in reach:
                if right in own or (column not in merged and (right not in below or right in merged)):
                    break
                if right in below:
                    spread[right] = text
        return spread

    def full_names(self) -> dict[int, str]:
        """For each column all its texts, joined by a blank."""
        return {column: " ".join(texts) for column, texts in self.parts.items()}

    def find(self, header_of: Mapping[str, str]) -> dict[str, list[int]]:
        """The columns that each of the layout's headers may mean.

        A header is first compared with all the texts of a column together, from top to bottom; one that is found
        nowhere so is compared with some of them (the upper row alone, the lower row alone).
        """
        found: dict[str, list[int]] = {}
        for column, name in self.full_names().items():
            header = header_of.get(normalize_header(name))
            if header is not None:
                found.setdefault(header, []).append(column)
        taken = {column for columns in found.values() for column in columns}
        partly: dict[str, list[int]] = {}
        for column, texts in self.parts.items():
            if column not in taken:
                headers = {header_of.get(normalize_header(name)) for name in _some_of(texts)}
                for header in headers - {None, *found}:
                    partly.setdefault(str(header), []).append(column)
        return found | partly

    def merged_beyond(self, column: int) -> range:
        """The columns to the right of `column` that its lowest header cell is merged over."""
        for merge in sorted(self.merges, key=lambda merge: -merge.first_row):
            if merge.first_column == column:
                return range(column + 1, merge.last_column + 1)
        return range(0)

    def reach_of(self, columns: set[int]) -> int:
        """How many rows the header must have, by cells of these columns that are merged downwards."""
        last = [merge.last_row for merge in self.merges if merge.first_column in columns]
        return max([self.depth, *(row - self.first_row + 1 for row in last)])

    def has_row_of_parts_below(self) -> bool:
        """Whether the next row cannot be data: all its texts are words under groups of this block's last row.

        A group is a text with a blank cell to its right; at least one group must have more than one part.
        """
        if self.index + self.depth >= len(self.head.texts) or self.head.deepest(self.index) <= self.depth:
            return False
        below = self.head.texts[self.index + self.depth]
        upper = self.rows[-1]
        if not below or any(any(letter.isdigit() for letter in text) for text in below.values()):
            return False
        groups = {column for column in upper if column in below and column + 1 in below and column + 1 not in upper}
        if not groups:
            return False
        under = set(_under(groups, upper, below))
        return set(below) <= under


def _under(groups: set[int], upper: Mapping[int, str], below: Mapping[int, str]) -> Iterator[int]:
    for group in groups:
        yield group
        yield from takewhile(lambda column: column in below and column not in upper, range(group + 1, max(below) + 1))


def _some_of(texts: tuple[str, ...]) -> Iterator[str]:
    for count in range(1, len(texts)):
        for chosen in combinations(texts, count):
            yield " ".join(chosen)
