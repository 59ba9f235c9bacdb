"""The records of an xlsb workbook (BIFF 12): what calamine leaves out, and the cells where calamine does not read.

pyxlsb is no help: it passes over texts that stand in their cells instead of the shared strings, takes the width of a
sheet from its dimension record, which may be wrong, and tells neither dates nor errors from other values.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pharma_assets.reading.cells import ExcelError
from pharma_assets.reading.sheet import Merge
from pharma_assets.reading.workbooks.facts import SheetFacts, mask_width
from pharma_assets.reading.workbooks.serials import is_date_format, moment_of, rk_number

MAX_ROWS, MAX_COLUMNS = 1 << 20, 1 << 14

_ROW, _BLANK, _RK, _ERROR, _BOOL, _REAL, _TEXT, _SHARED = range(8)
_FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_BOOL, _FORMULA_ERROR = range(8, 12)
_RICH_TEXT, _MERGE, _END_OF_CELLS = 62, 176, 146
_SHORT_CELLS = range(12, 19)
_CELLS = {*range(_RK, _FORMULA_ERROR + 1), _RICH_TEXT}
_NUMBERS = {_RK, _REAL, _FORMULA_NUMBER}
_SUSPECTS = {_ERROR, _FORMULA_ERROR, _RICH_TEXT}
_FORMAT, _STYLE, _BEGIN_STYLES, _END_STYLES = 44, 47, 617, 618
_BOOK_PROPERTIES, _SHEET = 153, 156
_BEGIN_STRINGS, _STRING = 159, 19
_ROW_HIDDEN = 0x10
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}


@dataclass(frozen=True)
class SheetEntry:
    """A sheet as the workbook lists it; `relation` names the part that it is in."""

    name: str
    relation: str
    visible: bool


@dataclass(frozen=True)
class Styles:
    """What the cell styles, by their numbers, mean for numbers: a zero mask of so many digits, or a date."""

    masks: Mapping[int, int] = field(default_factory=dict)
    dates: frozenset[int] = frozenset()


@dataclass
class SheetScan:
    """The facts of a sheet, and how far its cells reach."""

    facts: SheetFacts = field(default_factory=SheetFacts)
    last_row: int = 0
    last_column: int = 0


def records(data: bytes) -> Iterator[tuple[int, int]]:
    """The kind of each record, and where its data start. Raises ValueError for a record that is cut off."""
    position, end = 0, len(data)
    while position < end:
        kind = data[position]
        position += 1
        if kind & 0x80:
            kind = kind & 0x7F | data[position] << 7
            position += 1
        size = shift = 0
        while True:
            part = data[position]
            position += 1
            size |= (part & 0x7F) << shift
            if not part & 0x80:
                break
            shift += 7
        if position + size > end:
            raise ValueError("a record is cut off")
        yield kind, position
        position += size


def sheet_entries(data: bytes) -> tuple[list[SheetEntry], bool]:
    """The sheets that the workbook part lists, and whether its dates count from 1904."""
    sheets, is_1904 = [], False
    for kind, start in records(data):
        if kind == _BOOK_PROPERTIES:
            is_1904 = bool(data[start] & 1)
        elif kind == _SHEET:
            (state,) = struct.unpack_from("<I", data, start)
            relation, after = _text(data, start + 8)
            sheets.append(SheetEntry(_text(data, after)[0], relation, visible=state == 0))
    return sheets, is_1904


def read_styles(data: bytes) -> Styles:
    """The cell styles of the styles part."""
    formats: dict[int, str] = {}
    numbers: list[int] = []
    inside = False
    for kind, start in records(data):
        if kind == _FORMAT:
            formats[struct.unpack_from("<H", data, start)[0]] = _text(data, start + 2)[0]
        elif kind in {_BEGIN_STYLES, _END_STYLES}:
            inside = kind == _BEGIN_STYLES
        elif kind == _STYLE and inside:
            numbers.append(struct.unpack_from("<H", data, start + 2)[0])
    widths = {style: mask_width(formats.get(number, "")) for style, number in enumerate(numbers)}
    dates = (style for style, number in enumerate(numbers) if is_date_format(number, formats))
    return Styles({style: width for style, width in widths.items() if width}, frozenset(dates))


def read_strings(data: bytes) -> list[str]:
    """The shared strings. Raises ValueError if more are declared than there can be, which would kill calamine."""
    strings = []
    for kind, start in records(data):
        if kind == _STRING:
            strings.append(_text(data, start + 1)[0])
        elif kind == _BEGIN_STRINGS and max(struct.unpack_from("<II", data, start)) > len(data):
            raise ValueError("more shared strings are declared than there can be")
    return strings


def scan_sheet(data: bytes, styles: Styles, *, is_1904: bool) -> SheetScan:
    """The facts of the sheet part, and what calamine does not read right: rich texts, and dates stored as integers.

    Raises any Exception for damage.
    """
    scan = SheetScan()
    moments: dict[float, object] = {}
    suspects = _SUSPECTS | (_NUMBERS if styles.masks else set()) | ({_RK} if styles.dates else set())
    columns: set[int] = set()
    row, is_whole = 0, False
    for kind, start in records(data):
        if kind in _CELLS:
            column = int.from_bytes(data[start : start + 4], "little")
            columns.add(column)
            scan.last_row = row
            if kind in suspects:
                _inspect(scan.facts, (row, column), kind, data, start, styles, moments, is_1904=is_1904)
        elif kind == _ROW:
            row = _row(data, start, after=row)
            if data[start + 11] & _ROW_HIDDEN:
                scan.facts.hidden.append(row)
        elif kind == _MERGE:
            first, last, left, right = struct.unpack_from("<IIII", data, start)
            scan.facts.merges.append(Merge(first + 1, last + 1, left, right))
        elif kind == _END_OF_CELLS:
            is_whole = True
        elif kind in _SHORT_CELLS:
            raise ValueError("cells of an unknown kind")
    if not is_whole:
        raise ValueError("the sheet is cut off")
    scan.last_column = max(columns, default=-1) + 1
    if scan.last_column > MAX_COLUMNS:
        raise ValueError("cells beyond the last column")
    return scan


def _inspect(
    facts: SheetFacts,
    place: tuple[int, int],
    kind: int,
    data: bytes,
    start: int,
    styles: Styles,
    moments: dict[float, object],
    *,
    is_1904: bool,
) -> None:
    """Note a cell that calamine may have lost or misread; `moments` are those that are worked out already."""
    if kind in _SUSPECTS:
        facts.cells.append((*place, _value(kind, data, start + 8, ())))
        return
    style = _style(data, start)
    if style in styles.masks:
        facts.masked.append((*place, styles.masks[style]))
    elif kind == _RK and style in styles.dates:
        number = _number(kind, data, start + 8)
        if number not in moments:
            moments[number] = moment_of(number, is_1904=is_1904)
        facts.cells.append((*place, moments[number]))


def sheet_cells(
    data: bytes, styles: Styles, strings: Sequence[str], *, is_1904: bool
) -> Iterator[tuple[int, int, object]]:
    """The cells of the sheet part that have a value: row from 1, column from 0, value."""
    row = 0
    for kind, start in records(data):
        if kind == _ROW:
            row = _row(data, start, after=row)
        elif kind in _CELLS:
            column = int.from_bytes(data[start : start + 4], "little")
            if kind not in _NUMBERS:
                yield row, column, _value(kind, data, start + 8, strings)
                continue
            number = _number(kind, data, start + 8)
            yield row, column, moment_of(number, is_1904=is_1904) if _style(data, start) in styles.dates else number
        elif kind == _END_OF_CELLS:
            return


def _value(kind: int, data: bytes, start: int, strings: Sequence[str]) -> object:
    if kind == _SHARED:
        return strings[struct.unpack_from("<I", data, start)[0]]
    if kind in {_ERROR, _FORMULA_ERROR}:
        return _error(data[start])
    if kind in {_BOOL, _FORMULA_BOOL}:
        return data[start] != 0
    return _text(data, start + 1 if kind == _RICH_TEXT else start)[0]


def _number(kind: int, data: bytes, start: int) -> float:
    if kind == _RK:
        return rk_number(struct.unpack_from("<i", data, start)[0])
    number: float = struct.unpack_from("<d", data, start)[0]
    return number


def _row(data: bytes, start: int, *, after: int) -> int:
    row = int.from_bytes(data[start : start + 4], "little") + 1
    if not after < row <= MAX_ROWS:
        raise ValueError("rows beyond the last one, or out of order")
    return row


def _style(data: bytes, start: int) -> int:
    return int.from_bytes(data[start + 4 : start + 7], "little")


def _error(code: int) -> ExcelError:
    return ExcelError(_ERRORS.get(code, f"#ERROR {code}"))


def _text(data: bytes, start: int) -> tuple[str, int]:
    """The text whose length stands there, and where it ends."""
    (length,) = struct.unpack_from("<I", data, start)
    end = start + 4 + 2 * length
    if end > len(data):
        raise ValueError("a text is cut off")
    return data[start + 4 : end].decode("utf-16-le", "replace"), end
