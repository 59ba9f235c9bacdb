"""Looks over an xlsx archive before any parser does, so that no small file can take all memory.

Two things kill: entries that inflate without end, and one stray cell in XFD1048576, for which calamine
allocates the whole rectangle (512 GiB) and aborts the process. The sheets' XML is only inflated and searched
here, never parsed. An entry that inflates to more than the archive declares is found only among the sheets.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from itertools import chain, pairwise

from pharma_assets.errors import PharmaError

MAX_INFLATED = 2 << 30
MAX_RATIO = 200
BIG_ENTRY = 64 << 20
MAX_BOX = 30_000_000
"""Cells in the rectangle around a sheet's cells; calamine takes 32 bytes for each, blank or not."""

_CHUNK = 1 << 20
_STEP = 1 << 16
_HEAD = 1 << 13
_TAIL = 1 << 12
_SEAM = 64
# Only a sheet with cells beyond column Z can have a large rectangle: 26 full columns stay below MAX_BOX. So
# such cells are sought first, and the numbers of rows only then. Elements without content (`…/>`) are mere
# formatting.
_WIDE = re.compile(rb' r="[A-Z][A-Z]')
_REFERENCE = re.compile(rb' r="(?:([A-Z]{2,3})(\d{1,7})|(\d{1,7}))(?:"|"[^>]*[^/>])>')
# The same however a writer sets blanks, quotes and case: several times slower, so only where a sheet begins
# like that.
_LOOSE_WIDE = re.compile(rb"""\sr\s*=\s*["'][A-Za-z][A-Za-z]""")
_LOOSE_REFERENCE = re.compile(rb"""\sr\s*=\s*["'](?:([A-Za-z]{2,3})(\d{1,7})|(\d{1,7}))["'](?:[^>]*[^/>])?>""")
_LOOSE = re.compile(rb"""\sr\s+=|\sr=\s*'|\sr=\s+"|[\t\r\n]r=|\sr="[a-z]""")
_ERROR_CELL = b't="e"'


def list_entries(content: bytes) -> list[zipfile.ZipInfo]:
    """The XML entries. Raises RESOURCE_LIMIT if they declare a bomb, BadZipFile for a damaged archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    if total > MAX_INFLATED:
        raise PharmaError("RESOURCE_LIMIT", why=f"the archive unpacks to {total / (1 << 30):.1f} GiB")
    for entry in entries:
        if entry.file_size > BIG_ENTRY and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise PharmaError("RESOURCE_LIMIT", why=f"{entry.filename} unpacks to over {MAX_RATIO} times its size")
        if entry.flag_bits & 1:
            raise PharmaError("PASSWORD_PROTECTED")
    return [entry for entry in entries if entry.filename.lower().endswith(".xml")]


def largest_box(content: bytes, entries: list[zipfile.ZipInfo]) -> int:
    """The number of cells in the largest rectangle around a sheet's cells; 0 if none goes beyond column Z.

    Raises RESOURCE_LIMIT for a bomb, and BadZipFile or zlib.error for damage.
    """
    return max((_box(content, entry) for entry in entries), default=0)


def has_error_cells(content: bytes, entries: list[zipfile.ZipInfo]) -> bool:
    """Whether some cell holds an Excel error."""
    return any(
        _ERROR_CELL in tail[-len(_ERROR_CELL) :] + chunk
        for entry in entries
        if _may_hold_cells(entry)
        for tail, chunk in pairwise(chain([b""], _inflate(content, entry)))
    )


def _may_hold_cells(entry: zipfile.ZipInfo) -> bool:
    return not entry.filename.lower().endswith(("sharedstrings.xml", "styles.xml"))


def _box(content: bytes, entry: zipfile.ZipInfo) -> int:
    wide, reference = _WIDE, _REFERENCE
    last_row, last_column, is_wide = 1, 26, False
    tail = b""
    for number, chunk in enumerate(_inflate(content, entry)):
        if number == 0:
            head = chunk[:_HEAD]
            if b"<!DOCTYPE" in head:
                raise PharmaError("RESOURCE_LIMIT", why=f"{entry.filename} declares XML entities")
            if not _may_hold_cells(entry):
                break
            if _LOOSE.search(head):
                wide, reference = _LOOSE_WIDE, _LOOSE_REFERENCE
        is_wide = is_wide or bool(wide.search(tail[-_SEAM:] + chunk[:_SEAM]) or wide.search(chunk))
        if is_wide:
            text = tail + chunk
            for column, cell_row, row in set(reference.findall(text)):
                last_row = max(last_row, int(row or cell_row))
                last_column = max(last_column, _column_number(column))
        # A reference may be cut by the chunk's end: carry on from the last element that begins in it.
        cut = chunk.rfind(b"<", max(0, len(chunk) - _TAIL))
        tail = chunk[cut:] if cut >= 0 else b""
    return last_row * last_column if is_wide else 0


def _inflate(content: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The entry's bytes in chunks; more of them than the archive declares is a bomb."""
    offset = entry.header_offset
    lengths = content[offset + 26 : offset + 30]
    start = offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    packed = content[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from (packed[at : at + _CHUNK] for at in range(0, len(packed), _CHUNK))
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise zipfile.BadZipFile(f"{entry.filename} is packed by method {entry.compress_type}")
    inflater, size = zlib.decompressobj(-15), 0
    # In small steps: what a step does not take up is copied.
    for at in range(0, len(packed), _STEP):
        step = packed[at : at + _STEP]
        while chunk := inflater.decompress(step, _CHUNK):
            step = inflater.unconsumed_tail
            size += len(chunk)
            if size > entry.file_size:
                raise PharmaError("RESOURCE_LIMIT", why=f"{entry.filename} unpacks to more than it declares")
            yield chunk


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
