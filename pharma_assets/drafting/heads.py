"""Finding sheet and header without a layout: the rows that speak most of what reports speak of, over rows of data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pharma_assets.drafting.names import Knowledge, name_scores
from pharma_assets.drafting.roles import NONE
from pharma_assets.reading.sheet import Document, Kind, Sheet
from pharma_assets.transforms.header_block import Head, HeaderBlock, read_head
from pharma_assets.transforms.header_text import normalize_header

WITHIN = 100
"""How far down a header is looked for; as far as a layout may say."""

_LONGEST = 120
_FIGURES = re.compile(r"[\d\s.,:/%()+−-]+")
_DAY_OR_CODE = re.compile(r".*\d{4,}.*|.*\d[./]\d{1,2}[./]\d.*")
_ROWS_BELOW = 8
_FEWEST = 2


@dataclass(frozen=True, eq=False)
class FoundHeader:
    """Rows that look like a header: where they stand, what they call each column, how good they are."""

    block: HeaderBlock
    names: dict[int, str]
    score: float

    @property
    def sheet(self) -> Sheet:
        return self.block.head.sheet


def find_headers(document: Document, knowledge: Knowledge) -> list[FoundHeader]:
    """The best header of each sheet that has one, the best first; a hidden sheet only after all visible ones."""
    found = [best for sheet in document.sheets if (best := _best(sheet, knowledge)) is not None]
    return sorted(found, key=lambda header: (header.sheet.visible, header.score), reverse=True)


def _best(sheet: Sheet, knowledge: Knowledge) -> FoundHeader | None:
    head = read_head(sheet, WITHIN)
    filled = np.flatnonzero(sheet.filled)
    candidates = (found for index in range(len(head.texts)) for found in _beginning_at(head, index, filled, knowledge))
    return max(candidates, key=lambda header: header.score, default=None)


def _beginning_at(
    head: Head, index: int, filled: np.ndarray[tuple[int], np.dtype[np.intp]], knowledge: Knowledge
) -> Iterator[FoundHeader]:
    if not _could_be_header(head, index):
        return
    for depth in range(1, head.deepest(index) + 1):
        if depth > 1 and not (_has_groups(head, index) and _could_be_parts(head, index + depth - 1)):
            return
        block = HeaderBlock(head, index, depth)
        names = block.full_names()
        below = filled[filled >= index + depth][:_ROWS_BELOW]
        if len(names) < _FEWEST or not len(below):
            continue
        fullness = min(1.0, max(_cells(head.sheet, int(row)) for row in below) / len(names))
        yield FoundHeader(block, names, _score(names, knowledge) * fullness)


def _has_groups(head: Head, index: int) -> bool:
    """Whether a row has several texts, as the upper row of a header does; a title has one."""
    return len(head.texts[index]) > 1


def _could_be_header(head: Head, index: int) -> bool:
    """Whether most texts of a row are words, and none of several is a day or a long number."""
    texts = head.texts[index]
    if not texts:
        return False
    words = [text for column, text in texts.items() if head.sheet.kinds[column][index] == Kind.TEXT and _is_word(text)]
    data = sum(1 for text in texts.values() if _DAY_OR_CODE.fullmatch(text))
    return len(words) * 2 > len(texts) and data * 4 <= len(texts)


def _could_be_parts(head: Head, index: int) -> bool:
    """Whether a row can be a further one of a header: no text of it is a day or a long number, as in a row of data."""
    texts = head.texts[index].values()
    return _could_be_header(head, index) and not any(_DAY_OR_CODE.fullmatch(text) for text in texts)


def _is_word(text: str) -> bool:
    return len(text) <= _LONGEST and _FIGURES.fullmatch(text) is None


def _score(names: dict[int, str], knowledge: Knowledge) -> float:
    times = Counter(map(normalize_header, names.values()))
    total = 0.0
    for name in names.values():
        repeated = times[normalize_header(name)] > 1
        best = max(name_scores(name, knowledge).values(), default=0.0) if len(name) <= 3 * _LONGEST else 0.0
        total += 0.1 + best - (0.5 if repeated else 0.0)
    return total


def _cells(sheet: Sheet, index: int) -> int:
    return sum(1 for kinds in sheet.kinds if kinds[index] != Kind.BLANK)


def known_names(header: FoundHeader, knowledge: Knowledge) -> int:
    """How many of its columns have a name that means something to a report."""
    return sum(
        1
        for name in header.names.values()
        if any(score >= 0.4 for role, score in name_scores(name, knowledge).items() if role != NONE)
    )
