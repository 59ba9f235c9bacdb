"""calamine, the fast engine of all workbook formats.

calamine turns Excel errors and formulas without a value into blanks and drops number masks (`facts` puts them back),
and it fills the whole rectangle around a sheet's cells. It panics, and where memory runs out it ends the process.
"""
# ruff: noqa: PLC0415 - the engine is heavy, and importing this module must cost nothing

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING

from pharma_assets.reading.sheet import Document, Sheet
from pharma_assets.reading.workbooks.building import empty_sheet, rows_sheet

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

ENGINE = "calamine"


def open_workbook(content: bytes) -> CalamineWorkbook:
    """May raise anything, panics included, which are BaseExceptions."""
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_filelike(io.BytesIO(content))


def workbook_document(workbook: CalamineWorkbook, format_name: str) -> Document:
    """The worksheets of an open workbook, the hidden ones too. May raise anything, panics included."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    sheets = [
        _sheet(workbook, index, visible=meta.visible == SheetVisibleEnum.Visible)
        for index, meta in enumerate(workbook.sheets_metadata)
        if meta.typ == SheetTypeEnum.WorkSheet
    ]
    return Document(format_name, ENGINE, tuple(sheets))


def _sheet(workbook: CalamineWorkbook, index: int, *, visible: bool) -> Sheet:
    sheet = workbook.get_sheet_by_index(index)
    if sheet.start is None:
        return empty_sheet(sheet.name, visible=visible)
    top, left = sheet.start
    # The iterator begins in row 1, whatever is in it.
    rows = enumerate(islice(sheet.iter_rows(), top, None), top + 1)
    return rows_sheet(sheet.name, rows, sheet.height, left, visible=visible)
