"""xls (BIFF 2 to 8): xlrd, and calamine where xlrd fails or finds nothing.

xlrd comes first because calamine takes numbers in 1C's own formats for dates, and misses sheets of some
workbooks. A date that only calamine has read may thus be a number; its kind says DATE.
"""
# ruff: noqa: PLC0415 - the engines are heavy, and importing this module must cost nothing

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from pharma_assets.errors import PharmaError
from pharma_assets.reading.biff import is_sound
from pharma_assets.reading.cells import ExcelError, column_of
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document, Sheet
from pharma_assets.reading.xlsx import calamine_document

if TYPE_CHECKING:
    from xlrd.book import Book
    from xlrd.sheet import Sheet as XlrdSheet

_BIFF8 = 80


def read_xls(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a workbook. Raises CORRUPT_FILE when neither engine can, PASSWORD_PROTECTED if encrypted."""
    document, failure = None, None
    try:
        document = _xlrd_document(content)
        if any(sheet.columns for sheet in document.sheets):
            return document
    except Exception as error:
        if "encrypted" in str(error):
            raise PharmaError("PASSWORD_PROTECTED") from error
        failure = error
    second = _calamine(content) if is_sound(content) else None
    if second and (document is None or any(sheet.columns for sheet in second.sheets)):
        return second
    if document is None:
        raise PharmaError("CORRUPT_FILE", format="xls", why=str(failure) or type(failure).__name__) from failure
    return document


def _calamine(content: bytes) -> Document | None:
    from python_calamine import CalamineWorkbook

    try:
        return calamine_document(CalamineWorkbook.from_filelike(io.BytesIO(content)), "xls")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # calamine panics as a BaseException; xlrd has already said why
        return None


def _xlrd_document(content: bytes) -> Document:
    book = _open(content, None)
    if book.codepage is None and book.biff_version < _BIFF8:  # xlrd would take it for Latin-1
        book = _open(content, "cp1251")
    return Document("xls", "xlrd", tuple(_sheet(book, sheet) for sheet in book.sheets()))


def _open(content: bytes, encoding: str | None) -> Book:
    import xlrd

    return xlrd.open_workbook(
        file_contents=content,
        logfile=io.StringIO(),
        encoding_override=encoding,
        ignore_workbook_corruption=True,
    )


def _sheet(book: Book, sheet: XlrdSheet) -> Sheet:
    columns = [
        column_of(list(map(_Values(book.datemode), sheet.col_types(index), sheet.col_values(index))))
        for index in range(sheet.ncols)
    ]
    return Sheet(
        sheet.name,
        np.arange(1, sheet.nrows + 1, dtype=np.int32),
        tuple(array for array, _ in columns),
        tuple(kinds for _, kinds in columns),
        visible=sheet.visibility == 0,
    )


class _Values:
    """Cells of one workbook, by xlrd's cell type, as the Python values that `cells` renders."""

    def __init__(self, datemode: int) -> None:
        from xlrd import biffh, xldate

        self._as_datetime = xldate.xldate_as_datetime
        self._datemode = datemode
        self._errors: dict[int, str] = biffh.error_text_from_code
        self._plain = {biffh.XL_CELL_TEXT, biffh.XL_CELL_NUMBER}
        self._blank = {biffh.XL_CELL_EMPTY, biffh.XL_CELL_BLANK}
        self._date, self._bool = biffh.XL_CELL_DATE, biffh.XL_CELL_BOOLEAN

    def __call__(self, kind: int, value: Any) -> object:
        if kind in self._plain:
            return value
        if kind in self._blank:
            return None
        if kind == self._date:
            return self._moment(value) if value >= 0 else value
        if kind == self._bool:
            return bool(value)
        return ExcelError(self._errors.get(value, f"#ERROR {value}"))

    def _moment(self, value: float) -> object:
        try:
            moment: datetime = self._as_datetime(value, self._datemode)
        except (OverflowError, ValueError):
            return value  # a number that cannot be a date, under a date format
        return moment.time() if value < 1 else moment
