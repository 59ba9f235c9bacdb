"""xlsx and xlsm: calamine, and openpyxl where calamine fails, finds nothing, or would fill a huge rectangle.

What both leave out – errors, unsaved formulas, number masks, hidden rows, merges – is found in the sheets' XML
meanwhile and laid over what the engine gives.
"""
# ruff: noqa: PLC0415 - the engines are heavy, and importing this module must cost nothing

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import ExcelError
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document
from pharma_assets.reading.workbooks import calamine
from pharma_assets.reading.workbooks.archive import list_entries
from pharma_assets.reading.workbooks.building import sparse_sheet
from pharma_assets.reading.workbooks.engines import Declined, Engine, read_by
from pharma_assets.reading.workbooks.facts import document_from_1904, document_with_facts
from pharma_assets.reading.workbooks.package import counts_from_1904, sheet_facts_by_name
from pharma_assets.reading.workbooks.survey import MAX_BOX, Box, survey_sheets, worst_box

FORMAT = "xlsx"
MAX_OPENPYXL = 200 << 20
"""Bytes of XML; openpyxl takes some 20 times as much memory."""

_CONTROL = re.compile(r"_x(00[01][0-9A-Fa-f])_")


def read_xlsx(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a workbook. Raises CORRUPT_FILE when neither engine can, RESOURCE_LIMIT if it takes too much."""
    parts = [entry for entry in list_entries(content) if entry.filename.lower().endswith((".xml", ".rels"))]
    # Inflating runs outside the interpreter's lock, and so does calamine: the XML is searched meanwhile.
    with ThreadPoolExecutor(2) as pool:
        engines = [Engine("openpyxl", lambda: _openpyxl(content, sum(part.file_size for part in parts)))]
        surveyed = pool.submit(survey_sheets, content, parts)
        if not hints.careful:
            workbook = pool.submit(calamine.open_workbook, content)
            box = worst_box(surveyed.result())
            engines = _engines(lambda: calamine.workbook_document(workbook.result(), FORMAT), engines[0], box)
        facts = pool.submit(sheet_facts_by_name, content, parts, surveyed.result())
        document = document_with_facts(read_by(FORMAT, engines), facts.result())
    return document_from_1904(document) if counts_from_1904(content, parts) else document


def _engines(read: Callable[[], Document], openpyxl: Engine, box: Box) -> list[Engine]:
    """calamine first, unless the workbook is so sparse that calamine would take far more memory than it has cells."""

    def decline() -> Document:
        raise Declined(f"would fill a rectangle of {box.cells} cells around the few that there are")

    if not box.sparse and box.cells <= MAX_BOX:
        return [Engine(calamine.ENGINE, read), openpyxl]
    last = [Engine(calamine.ENGINE, read)] if box.cells <= MAX_BOX else []
    return [Engine(calamine.ENGINE, decline), openpyxl, *last]


def _openpyxl(content: bytes, size: int) -> Document:
    if size > MAX_OPENPYXL:
        raise PharmaError("RESOURCE_LIMIT", why=f"{size} bytes of XML, for an engine that takes 20 times as much")
    return openpyxl_document(content)


def openpyxl_document(content: bytes) -> Document:
    """The worksheets as openpyxl reads them; rows without cells are left out. May raise any Exception."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Not read_only: that mode trusts <dimension>, which is often wrong.
        workbook = openpyxl.load_workbook(io.BytesIO(content), data_only=True, keep_links=False)
    sheets = []
    for worksheet in workbook.worksheets:
        # The public iterators fill the whole rectangle.
        found = [(cell.row, cell.column - 1, _value(cell)) for cell in worksheet._cells.values()]
        sheets.append(sparse_sheet(worksheet.title, found, visible=worksheet.sheet_state == "visible"))
    return Document(FORMAT, "openpyxl", tuple(sheets))


def _value(cell: Any) -> object:
    value = cell.value
    if cell.data_type == "e":
        return ExcelError(value)
    if isinstance(value, str) and "_x00" in value:
        return _CONTROL.sub(lambda match: chr(int(match[1], 16)), value)
    return value
