"""xls (BIFF 2 to 8): xlrd, and calamine where xlrd fails or finds nothing.

xlrd comes first because calamine takes numbers in 1C's own formats for dates, and misses sheets of some workbooks.
Where only calamine can read a workbook, each date is held against the number and the format in the cell's own record.
"""
# ruff: noqa: PLC0415 - the engines are heavy, and importing this module must cost nothing

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import ExcelError
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document, Kind, Sheet
from pharma_assets.reading.workbooks import calamine
from pharma_assets.reading.workbooks.biff import BookRecords, is_sound, read_records
from pharma_assets.reading.workbooks.building import rows_sheet
from pharma_assets.reading.workbooks.engines import Declined, Engine, read_by
from pharma_assets.reading.workbooks.facts import with_cells, with_facts
from pharma_assets.reading.workbooks.serials import is_date_format, moment_of

if TYPE_CHECKING:
    from xlrd.book import Book
    from xlrd.sheet import Sheet as XlrdSheet

FORMAT = "xls"

_BIFF8 = 80
_AS_THEY_ARE = bytes([0, 1, 2, 6])
"""xlrd's types of cells whose values need nothing: empty, text, number, blank."""


def read_xls(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a workbook. Raises CORRUPT_FILE when neither engine can, PASSWORD_PROTECTED if encrypted."""
    engines = [Engine("xlrd", lambda: _xlrd_document(content))]
    if not hints.careful:
        engines.append(Engine(calamine.ENGINE, lambda: _calamine_document(content)))
    return read_by(FORMAT, engines)


def _xlrd_document(content: bytes) -> Document:
    try:
        book = _open(content, None)
        if book.codepage is None and book.biff_version < _BIFF8:  # xlrd would take it for Latin-1
            book = _open(content, "cp1251")
    except Exception as error:
        if "encrypted" in str(error):
            raise PharmaError("PASSWORD_PROTECTED") from error
        raise
    return _with_facts(Document(FORMAT, "xlrd", tuple(map(_sheet, book.sheets()))), read_records(content))


def _calamine_document(content: bytes) -> Document:
    if not is_sound(content):
        raise Declined("would be led astray by what the damaged records declare")
    document = calamine.workbook_document(calamine.open_workbook(content), FORMAT)
    records = read_records(content, numbers=True)
    if len(document.sheets) != len(records.sheets):
        raise ValueError("the sheets do not match their records")
    sheets = (_with_true_dates(sheet, index, records) for index, sheet in enumerate(document.sheets))
    return _with_facts(replace(document, sheets=tuple(sheets)), records)


def _with_facts(document: Document, records: BookRecords) -> Document:
    if len(document.sheets) != len(records.sheets):
        return document
    pairs = zip(document.sheets, records.sheets, strict=True)
    sheets = (with_facts(sheet, record.facts) for sheet, record in pairs)
    return replace(document, sheets=tuple(replace(sheet, from_1904=records.from_1904) for sheet in sheets))


def _with_true_dates(sheet: Sheet, index: int, records: BookRecords) -> Sheet:
    """calamine's dates that are none become the numbers that they are. Raises ValueError where that cannot be told."""
    numbers = records.sheets[index].numbers
    wrong: list[tuple[int, int, object]] = []
    for column, kinds in enumerate(sheet.kinds):
        for row in sheet.rows[kinds == Kind.DATE].tolist():
            if (row, column) not in numbers:
                raise ValueError(f"no number is stored for the date in row {row}, column {column + 1}")
            number_format, value = numbers[row, column]
            if not is_date_format(number_format, records.formats):
                wrong.append((row, column, value))
    return with_cells(sheet, wrong) if wrong else sheet


def _open(content: bytes, encoding: str | None) -> Book:
    import xlrd

    return xlrd.open_workbook(
        file_contents=content,
        logfile=io.StringIO(),
        encoding_override=encoding,
        ignore_workbook_corruption=True,
        ragged_rows=True,
    )


def _sheet(sheet: XlrdSheet) -> Sheet:
    return rows_sheet(sheet.name, _rows(sheet), sheet.nrows, visible=sheet.visibility == 0)


def _rows(sheet: XlrdSheet) -> Iterator[tuple[int, Sequence[object]]]:
    convert = _Values(sheet.book.datemode)
    for index in range(sheet.nrows):
        types, values = sheet.row_types(index), sheet.row_values(index)
        if bytes(types).translate(None, _AS_THEY_ARE):
            values = list(map(convert, types, values))
        yield index + 1, values


class _Values:
    """Cells of one workbook, by xlrd's cell type, as the Python values that `cells` renders."""

    def __init__(self, datemode: int) -> None:
        from xlrd import biffh

        self._is_1904 = bool(datemode)
        self._errors: dict[int, str] = biffh.error_text_from_code
        self._date, self._bool, self._error = biffh.XL_CELL_DATE, biffh.XL_CELL_BOOLEAN, biffh.XL_CELL_ERROR

    def __call__(self, kind: int, value: Any) -> object:
        if kind == self._date:
            return moment_of(value, is_1904=self._is_1904)
        if kind == self._bool:
            return bool(value)
        if kind == self._error:
            return ExcelError(self._errors.get(value, f"#ERROR {value}"))
        return value
