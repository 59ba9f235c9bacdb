"""The records of an xls workbook (BIFF 2 to 8), beside the engines: what they leave out, and what would kill one.

calamine allocates what a damaged workbook declares, and aborts the process when there is not that much memory. xlrd
tells nothing of hidden rows, merges and number masks unless it keeps all formatting, which takes twice the time.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from pharma_assets.reading.cells import UnsavedFormula
from pharma_assets.reading.sheet import Merge
from pharma_assets.reading.workbooks.facts import SheetFacts, mask_width
from pharma_assets.reading.workbooks.serials import rk_number

MAX_ROWS, MAX_COLUMNS = 65_536, 256

_BOF, _EOF, _BOUND_SHEET, _FORMAT, _XF = 0x0809, 0x000A, 0x0085, 0x041E, 0x00E0
_DIMENSIONS, _SHARED_STRINGS = 0x0200, 0x00FC
_DATE_MODE = 0x0022
_ROW, _MERGED_CELLS = 0x0208, 0x00E5
_FORMULA, _MULTIPLE_RK, _NUMBER, _RK = 0x0006, 0x00BD, 0x0203, 0x027E
_NUMBERS = {_FORMULA, _MULTIPLE_RK, _NUMBER, _RK}
# Records of one or more cells; each begins with its row and its (first) column.
_CELLS = _NUMBERS | {0x00BE, 0x00D6, 0x00FD, 0x0201, 0x0204, 0x0205}
_GLOBAL_RECORDS = {_BOUND_SHEET, _DATE_MODE, _FORMAT, _XF}
_SHEET_RECORDS = _NUMBERS | {_ROW, _MERGED_CELLS}

_WORKSHEET = 0
_ROW_HIDDEN = 0x0020
_CALCULATE_ON_LOAD = 0x0002
_NO_NUMBER = b"\xff\xff"
_BIFF8 = 0x0600

Record = tuple[int, bytes]


@dataclass
class SheetRecords:
    """What the records of one worksheet tell: its facts, and its numbers with their formats by (row from 1, column)."""

    facts: SheetFacts = field(default_factory=SheetFacts)
    numbers: dict[tuple[int, int], tuple[int, float]] = field(default_factory=dict)


@dataclass
class BookRecords:
    """The worksheets in order, the format code of each number format that the workbook defines itself, and whether its
    days count from 1904."""

    sheets: list[SheetRecords] = field(default_factory=list)
    formats: dict[int, str] = field(default_factory=dict)
    from_1904: bool = False


def read_records(content: bytes, *, numbers: bool = False) -> BookRecords:
    """Walk through the records of BIFF 5 or 8; `numbers` are kept only if asked for. Raises any Exception for damage.

    Before BIFF 5, cells are laid out otherwise and there is one sheet: nothing is told of it.
    """
    memory, start, end = _workbook_stream(content)
    if memory[start : start + 2] != struct.pack("<H", _BOF):
        return BookRecords([SheetRecords()])
    return _Walk(memory, start, end, keep_numbers=numbers).book


def is_sound(content: bytes) -> bool:
    """Whether no record declares more than a workbook can hold."""
    try:
        memory, position, end = _workbook_stream(content)
        while position + 4 <= end:
            code, length = struct.unpack_from("<HH", memory, position)
            if not _is_sound_record(code, memory[position + 4 : position + 4 + length], end):
                return False
            position += 4 + length
    except Exception:  # too damaged to be walked through
        return False
    return True


class _Walk:
    def __init__(self, memory: bytes, start: int, end: int, *, keep_numbers: bool) -> None:
        self.book = BookRecords()
        self._memory, self._base, self._end = memory, start, end
        (version,) = struct.unpack_from("<H", memory, start + 4)
        self._is_biff8 = version == _BIFF8
        self._keep_numbers = keep_numbers
        self._starts: list[int] = []
        self._style_formats: list[int] = []
        for code, data in self._records(start, _GLOBAL_RECORDS):
            self._global_record(code, data)
        widths = [mask_width(self.book.formats.get(number, "")) for number in self._style_formats]
        self._masks = {style: width for style, width in enumerate(widths) if width}
        for position in self._starts:
            self.book.sheets.append(self._sheet(start + position))

    def _records(self, position: int, wanted: set[int]) -> Iterator[Record]:
        """The wanted records of the substream that begins there, without those of charts inside it."""
        memory, end, depth = self._memory, self._end, 0
        header = struct.Struct("<HH").unpack_from
        while position + 4 <= end:
            code, length = header(memory, position)
            if code == _BOF:
                depth += 1
            elif not code and not length:
                raise ValueError("there are zeros among its records")
            elif code == _EOF:
                depth -= 1
                if depth <= 0:
                    return
            elif code in wanted and depth <= 1:
                yield code, memory[position + 4 : position + 4 + length]
            position += 4 + length
        raise ValueError("its records break off")

    def _global_record(self, code: int, data: bytes) -> None:
        if code == _BOUND_SHEET:
            start, _, kind = struct.unpack_from("<IBB", data)
            if kind == _WORKSHEET:
                self._starts.append(start)
        elif code == _DATE_MODE:
            self.book.from_1904 = bool(data[:1] == b"\x01")
        elif code == _FORMAT:
            (number,) = struct.unpack_from("<H", data)
            self.book.formats[number] = _format_code(data, is_biff8=self._is_biff8)
        else:
            self._style_formats.append(struct.unpack_from("<H", data, 2)[0])

    def _sheet(self, start: int) -> SheetRecords:
        sheet = SheetRecords()
        numbers = bool(self._keep_numbers or self._masks)
        for code, data in self._records(start, _SHEET_RECORDS):
            if code == _ROW:
                row, *_, flags = struct.unpack_from("<HHHHHHH", data)
                if flags & _ROW_HIDDEN:
                    sheet.facts.hidden.append(row + 1)
            elif code == _MERGED_CELLS:
                (count,) = struct.unpack_from("<H", data)
                for first, last, left, right in struct.iter_unpack("<HHHH", data[2 : 2 + 8 * count]):
                    sheet.facts.merges.append(Merge(first + 1, last + 1, left, right))
            elif code == _FORMULA and _is_unsaved(data):
                row, column = struct.unpack_from("<HH", data)
                sheet.facts.cells.append((row + 1, column, UnsavedFormula("=")))
            elif numbers:
                self._number(sheet, code, data)
        return sheet

    def _number(self, sheet: SheetRecords, code: int, data: bytes) -> None:
        row, column, style = struct.unpack_from("<HHH", data)
        for place, (cell_style, value) in enumerate(_numbers(code, style, data), start=column):
            if cell_style in self._masks:
                sheet.facts.masked.append((row + 1, place, self._masks[cell_style]))
            if self._keep_numbers:
                number_format = self._style_formats[cell_style] if cell_style < len(self._style_formats) else 0
                sheet.numbers[row + 1, place] = (number_format, value)


def _numbers(code: int, style: int, data: bytes) -> list[tuple[int, float]]:
    """The styles and values of the adjacent numbers of one record."""
    if code == _NUMBER:
        return [(style, struct.unpack_from("<d", data, 6)[0])]
    if code == _RK:
        return [(style, rk_number(*struct.unpack_from("<i", data, 6)))]
    if code == _MULTIPLE_RK:
        return [(cell_style, rk_number(value)) for cell_style, value in struct.iter_unpack("<Hi", data[4:-2])]
    return [] if data[12:14] == _NO_NUMBER else [(style, struct.unpack_from("<d", data, 6)[0])]


def _is_unsaved(data: bytes) -> bool:
    """A formula that was never calculated: 0, and to be calculated on loading, which only libraries ask for."""
    return data[6:14] == bytes(8) and bool(data[14] & _CALCULATE_ON_LOAD)


def _format_code(data: bytes, *, is_biff8: bool) -> str:
    if not is_biff8:
        return data[3:].decode("latin-1")
    return data[5:].decode("utf-16-le" if data[4] & 1 else "latin-1", "replace")


def _workbook_stream(content: bytes) -> tuple[bytes, int, int]:
    """The bytes that hold the stream, where it starts in them and where it ends."""
    from xlrd.compdoc import SIGNATURE, CompDoc  # noqa: PLC0415 - heavy, and seldom needed

    if not content.startswith(SIGNATURE):
        return content, 0, len(content)
    container = CompDoc(content, logfile=io.StringIO(), ignore_workbook_corruption=True)
    for name in ("Workbook", "Book"):
        memory, base, length = container.locate_named_stream(name)
        if memory:
            return memory, base, base + length
    raise ValueError("no workbook stream")


def _is_sound_record(code: int, data: bytes, stream_size: int) -> bool:
    if code == _DIMENSIONS and len(data) >= 10:
        first_row, last_row, first_column, last_column = struct.unpack_from(
            "<IIHH" if len(data) >= 12 else "<HHHH", data
        )
        # calamine wraps round below zero when the first one is behind the last one.
        return bool(first_row <= last_row <= MAX_ROWS and first_column <= last_column <= MAX_COLUMNS)
    if code == _SHARED_STRINGS and len(data) >= 8:
        (count,) = struct.unpack_from("<I", data, 4)
        return bool(count <= stream_size // 3)  # the shortest string takes 3 bytes
    if code in _CELLS and len(data) >= 4:
        (column,) = struct.unpack_from("<H", data, 2)
        return bool(column < MAX_COLUMNS)
    return True
