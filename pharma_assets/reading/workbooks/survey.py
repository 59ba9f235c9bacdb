"""A first look over the sheets of an xlsx workbook before any parser runs: their XML is inflated and searched, once.

One stray cell in XFD1048576 makes calamine allocate the whole rectangle (512 GiB) and abort the process, so the
rectangle around the cells is found first. On the way it is noted which sheets have something that engines leave out.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pharma_assets.errors import PharmaError
from pharma_assets.reading.workbooks.archive import inflate
from pharma_assets.reading.workbooks.references import column_number

MAX_BOX = 30_000_000
"""Cells in the rectangle around a sheet's cells; calamine takes 32 bytes for each, blank or not."""
SPARSE_BOX = 2_000_000
"""A smaller rectangle is not worth a thought, however few of its cells are filled."""

_SMALL = 1 << 20
_HEAD = 1 << 16
_TAIL = 1 << 12
_SEAM = 64
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_ELEMENT = re.compile(rb"<[A-Za-z]")
_WORKSHEET = re.compile(rb"<(?:\w+:)?worksheet\b")
_LOOSE = re.compile(rb"""<c(?! r="[A-Z])(?=[\s>/])|<row(?! r="\d)(?=[\s>/])|<\w+:sheetData\b""")
_ROW_NUMBER = re.compile(rb'<row r="(\d{1,7})"')
_LONG_COLUMN = re.compile(rb' r="([A-Z]{3})\d')
# Elements without content (`…/>`) are mere formatting.
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"(?:>|[^>]*[^/]>)')
_LOOSE_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3})(\d{1,7})["'](?:>|[^>]*[^/]>)""")


ERROR, FORMULA, MERGE = b't="e"', b"<f", b"<mergeCell "
HIDDEN = (b'hidden="1"', b'hidden="true"')
# Each beside its rarest byte: where that is missing, which is quickly found, the whole need not be looked for.
_SIGNS = {ERROR: b"e", FORMULA: b"f", MERGE: b"g", **dict.fromkeys(HIDDEN, b"i")}


@dataclass(frozen=True)
class Box:
    """The largest rectangle of a workbook: `cells` in it at most, and whether hardly any of them can be filled."""

    cells: int = 0
    sparse: bool = False


@dataclass(frozen=True)
class Survey:
    """What a worksheet looks like: its rectangle, the signs in it of what engines leave out, and how it is written.

    A loose one is written in an unusual way – blanks, quotes, prefixes, the order of attributes –, so that only a
    parser finds things in it; it has no signs.
    """

    part: str
    box: Box
    signs: frozenset[bytes] = frozenset()
    is_loose: bool = False


def survey_sheets(content: bytes, entries: Iterable[zipfile.ZipInfo]) -> list[Survey]:
    """A survey of each entry that is a worksheet.

    Raises RESOURCE_LIMIT for a bomb, and BadZipFile or zlib.error for damage.
    """
    return [survey for entry in entries if (survey := _survey(content, entry))]


def worst_box(surveys: Iterable[Survey]) -> Box:
    """The largest rectangle, and whether any is sparse."""
    boxes = [survey.box for survey in surveys]
    return Box(max((box.cells for box in boxes), default=0), any(box.sparse for box in boxes))


def _survey(content: bytes, entry: zipfile.ZipInfo) -> Survey | None:
    last_row, columns, tail = 1, _Columns(), b""
    signs: set[bytes] = set()
    for number, chunk in enumerate(inflate(content, entry)):
        if number == 0:
            if b"<!DOCTYPE" in chunk:
                raise PharmaError("RESOURCE_LIMIT", why=f"{entry.filename} declares XML entities")
            if not _is_worksheet(chunk):
                return None
            if _is_loose(chunk):
                box = _boxed(entry, _exact_box(content, entry, _LOOSE_CELL))
                return Survey(entry.filename, box, is_loose=True)
        text = tail + chunk
        columns.search(text)
        signs |= {sign for sign, rarest in _SIGNS.items() if sign not in signs and rarest in text and sign in text}
        # Rows come in order, so that the last one of each chunk tells enough.
        start = text.rfind(b'<row r="', 0, len(text) - 16)
        if start >= 0 and (found := _ROW_NUMBER.match(text, start)):
            last_row = max(last_row, int(found[1]))
        tail = chunk[-_SEAM:]
    box = _boxed(entry, last_row * columns.last)
    if box.sparse or box.cells > MAX_BOX or (columns.last > 26 and entry.file_size < _SMALL):
        box = _boxed(entry, _exact_box(content, entry, _CELL))
    return Survey(entry.filename, box, frozenset(signs))


def _is_worksheet(head: bytes) -> bool:
    """Whether the XML that begins so is, or may be, a worksheet."""
    named = b"worksheet" in head and _WORKSHEET.search(head)
    return bool(named) or not _ELEMENT.search(head) or head.startswith(_UTF16)


def _is_loose(head: bytes) -> bool:
    """Whether the XML that begins so is written in an unusual way: blanks, quotes, prefixes, attributes elsewhere."""
    # The last tag may be cut off.
    return bool(_LOOSE.search(head, 0, head.rfind(b"<", 0, _HEAD))) or head.startswith(_UTF16)


def _boxed(entry: zipfile.ZipInfo, cells: int) -> Box:
    return Box(cells, sparse=cells > SPARSE_BOX and cells > entry.file_size)


def _exact_box(content: bytes, entry: zipfile.ZipInfo, pattern: re.Pattern[bytes]) -> int:
    last_row, last_column, tail = 0, 0, b""
    for chunk in inflate(content, entry):
        found = pattern.findall(tail + chunk)
        last_row = max(last_row, *(int(row) for row in {row for _, row in found}), 0)
        last_column = max(last_column, *(column_number(letters) for letters in {letters for letters, _ in found}), 0)
        # A reference may be cut by the chunk's end: carry on from the last element that begins in it.
        cut = chunk.rfind(b"<", max(0, len(chunk) - _TAIL))
        tail = chunk[cut:] if cut >= 0 else b""
    return last_row * last_column


class _Columns:
    """The last column there can be: the last one of the 26 that share their first letter with the last one seen."""

    def __init__(self) -> None:
        self.last = 26

    def search(self, text: bytes) -> None:
        while self.last < 702 and self._may_go_beyond(text) and (found := self._beyond.search(text)):
            self.last = -(-column_number(found[1]) // 26) * 26
        if self.last >= 702:
            self.last = max(self.last, *map(column_number, _LONG_COLUMN.findall(text)), 702)

    @property
    def _next_letter(self) -> int:
        """The first letter of the first two-lettered column beyond; `[` behind ZZ."""
        return ord("A") + self.last // 26 - 1

    @property
    def _beyond(self) -> re.Pattern[bytes]:
        return re.compile(rb' r="([%c-Z][A-Z](?=\d)|[A-Z]{3})' % min(self._next_letter, ord("Z")))

    def _may_go_beyond(self, text: bytes) -> bool:
        """Whether such letters stand behind any quote: numpy tells five times faster than the expression."""
        array = np.frombuffer(text, dtype=np.uint8)
        if len(array) < 4:
            return False
        letters = (array - np.uint8(ord("A"))) < 26
        two = (array[:-3] == ord('"')) & letters[1:-2] & letters[2:-1]
        return bool((two & ((array[1:-2] >= self._next_letter) | letters[3:])).any())
