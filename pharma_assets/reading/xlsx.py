"""xlsx and xlsm: calamine, and openpyxl where calamine fails, finds nothing, or would lose something.

calamine turns Excel errors (`#N/A`) into blanks; a workbook that has any goes to openpyxl, which keeps them.
It also fills the whole rectangle around a sheet's cells; a workbook with a stray cell far out goes to
openpyxl, which keeps only the cells there are. Where openpyxl cannot read the workbook, or it is too large,
errors stay blank.
"""
# ruff: noqa: PLC0415 - the engines are heavy, and importing this module must cost nothing

from __future__ import annotations

import io
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pharma_assets.errors import PharmaError
from pharma_assets.reading.archive import MAX_BOX, has_error_cells, largest_box, list_entries
from pharma_assets.reading.cells import Column, ExcelError, blank_column, column_of
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document, Sheet

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

T = TypeVar("T")

MAX_OPENPYXL = 200 << 20
"""Bytes of XML; openpyxl takes some 20 times as much memory."""


def read_xlsx(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a workbook. Raises CORRUPT_FILE when neither engine can, RESOURCE_LIMIT if it takes too much."""
    entries = _quietly(list_entries, content) or []
    size = sum(entry.file_size for entry in entries)
    # Inflating runs outside the interpreter's lock, and so does calamine: the archive is searched meanwhile.
    with ThreadPoolExecutor(1) as pool:
        box = pool.submit(_quietly, largest_box, content, entries)
        workbook, failure = _attempt(lambda: _open(content))
        sparse = (box.result() or 0) > MAX_BOX
        errors = pool.submit(_quietly, has_error_cells, content, entries)
        document = None
        if workbook is not None and not sparse:
            document, failure = _attempt(lambda: calamine_document(workbook, "xlsx"))
    if document and any(sheet.columns for sheet in document.sheets) and not errors.result():
        return document
    if size <= MAX_OPENPYXL:
        return _second_reading(content, document, failure)
    if document:
        return document
    why = "cells far out on a sheet that is large already" if sparse else f"{size} bytes of XML"
    raise PharmaError("RESOURCE_LIMIT", why=why)


def _second_reading(content: bytes, first: Document | None, failure: BaseException | None) -> Document:
    try:
        second = openpyxl_document(content)
    except Exception as error:
        if first:
            return first
        raise PharmaError("CORRUPT_FILE", format="xlsx", why=_why(failure or error)) from error
    if first and not any(sheet.columns for sheet in second.sheets):
        return first
    return second


def _open(content: bytes) -> CalamineWorkbook:
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_filelike(io.BytesIO(content))


def _attempt(step: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    """What a step of calamine's gives, or how it failed; its panics are BaseExceptions."""
    try:
        return step(), None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return None, error


def _quietly(search: Callable[..., T], *arguments: object) -> T | None:
    """None for an archive that is damaged: the engines find out what can still be read of it."""
    try:
        return search(*arguments)
    except PharmaError:
        raise
    except Exception:
        return None


def _why(error: BaseException) -> str:
    return str(error) or type(error).__name__


def calamine_document(workbook: CalamineWorkbook, format_name: str) -> Document:
    """The worksheets of an open workbook, as calamine reads them. May raise anything, panics too."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    sheets = [
        _calamine_sheet(workbook.get_sheet_by_index(index), meta.visible == SheetVisibleEnum.Visible)
        for index, meta in enumerate(workbook.sheets_metadata)
        if meta.typ == SheetTypeEnum.WorkSheet
    ]
    return Document(format_name, "calamine", tuple(sheets))


def _calamine_sheet(sheet: CalamineSheet, visible: bool) -> Sheet:
    if sheet.start is None:
        return Sheet(sheet.name, np.zeros(0, np.int32), (), (), visible=visible)
    top, left = sheet.start
    values = sheet.to_python(skip_empty_area=True)
    rows = np.arange(top + 1, top + 1 + len(values), dtype=np.int32)
    columns = [blank_column(len(values))] * left
    columns.extend(column_of(column) for column in zip(*values, strict=True))
    return _sheet(sheet.name, rows, columns, visible)


def openpyxl_document(content: bytes) -> Document:
    """The worksheets as openpyxl reads them; rows without cells are left out. May raise any Exception."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Not read_only: that mode trusts <dimension>, which is often wrong.
        workbook = openpyxl.load_workbook(io.BytesIO(content), data_only=True, keep_links=False)
    sheets = []
    for worksheet in workbook.worksheets:
        cells = worksheet._cells.values()  # the public iterators fill the whole rectangle
        found = [(c.row, c.column - 1, ExcelError(c.value) if c.data_type == "e" else c.value) for c in cells]
        sheets.append(sparse_sheet(worksheet.title, found, worksheet.sheet_state == "visible"))
    return Document("xlsx", "openpyxl", tuple(sheets))


def sparse_sheet(name: str, cells: Iterable[tuple[int, int, object]], visible: bool) -> Sheet:
    """A sheet of those cells (row from 1, column from 0, value) that have a value."""
    filled: dict[int, dict[int, object]] = defaultdict(dict)
    for row, column, value in cells:
        if value is not None and value != "":
            filled[column][row] = value
    numbers = sorted(set().union(*filled.values()))
    blank = blank_column(len(numbers))
    columns = [
        column_of([filled[column].get(row) for row in numbers]) if column in filled else blank
        for column in range(max(filled, default=-1) + 1)
    ]
    return _sheet(name, np.array(numbers, dtype=np.int32), columns, visible)


def _sheet(name: str, rows: np.ndarray, columns: list[Column], visible: bool) -> Sheet:
    arrays, kinds = tuple(array for array, _ in columns), tuple(kinds for _, kinds in columns)
    return Sheet(name, rows, arrays, kinds, visible=visible)
