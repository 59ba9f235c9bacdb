"""The beginning of a report as a file of its own: the input of a client's first golden example."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from pharma_assets.reading.sheet import Document, Kind, Sheet

ROWS = 50
"""So many rows of data are enough for an example."""

_VISIBLE = "–"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True)
class SampleFile:
    """A file: its suffix and its bytes."""

    suffix: str
    content: bytes


def cut_text(content: bytes, document: Document, header_end: int, without: Collection[int] = ()) -> SampleFile:
    """The first records of a text file byte for byte: up to ROWS below the header, but the lines `without`."""
    sheet = document.sheets[0]
    last = _last_row(sheet, header_end)
    following = sheet.rows[sheet.rows > last]
    end = int(following[0]) if len(following) else None
    encoding = document.encoding or "utf-8"
    lines = _LINE.findall(content.decode(encoding))
    kept = (
        line for number, line in enumerate(lines, start=1) if (end is None or number < end) and number not in without
    )
    return SampleFile("csv", "".join(kept).encode(encoding))


def write_text(document: Document, header_end: int, without: Collection[int] = ()) -> SampleFile:
    """The same from the cells, for a document whose texts were changed."""
    sheet = document.sheets[0]
    last = _last_row(sheet, header_end)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=document.delimiter or ";", lineterminator="\r\n")
    for index, number in enumerate(sheet.rows.tolist()):
        if number <= last and number not in without:
            width = len(sheet.columns) if sheet.widths is None else int(sheet.widths[index])
            writer.writerow([text or "" for text in sheet.row_texts(index)[:width]])
    return SampleFile("csv", out.getvalue().encode(document.encoding or "utf-8", "replace"))


def write_workbook(document: Document, header_end: int, without: Collection[int] = ()) -> SampleFile:
    """The first rows of every sheet as xlsx: cells with their kinds, merged ranges, what is hidden."""
    book = Workbook()
    book.remove(book.worksheets[0])
    if any(sheet.from_1904 for sheet in document.sheets):
        book.epoch = CALENDAR_MAC_1904
    for sheet in document.sheets:
        page = book.create_sheet(sheet.name[:31])
        page.sheet_state = "visible" if sheet.visible else "hidden"
        _fill(page, sheet, _last_row(sheet, header_end), without)
    if not any(sheet.visible for sheet in document.sheets):
        book.create_sheet(_VISIBLE, 0)  # Excel opens no workbook of hidden sheets only
    out = io.BytesIO()
    book.save(out)
    return SampleFile("xlsx", out.getvalue())


def _last_row(sheet: Sheet, header_end: int) -> int:
    """The number of the last row that is kept."""
    below = sheet.rows[sheet.filled & (sheet.rows > header_end)]
    return int(below[min(ROWS, len(below)) - 1]) if len(below) else header_end


def _fill(page: Worksheet, sheet: Sheet, last: int, without: Collection[int]) -> None:
    kept = [index for index in np.flatnonzero(sheet.rows <= last).tolist() if int(sheet.rows[index]) not in without]
    for place, (texts, kinds) in enumerate(zip(sheet.columns, sheet.kinds, strict=True), start=1):
        for index in kept:
            text = texts[index].as_py()
            if text is not None:
                _write(page.cell(int(sheet.rows[index]), place), text, Kind(kinds[index]))
    for index in kept:
        if sheet.hidden is not None and sheet.hidden[index]:
            page.row_dimensions[int(sheet.rows[index])].hidden = True
    for merge in sheet.merges:
        if merge.last_row <= last:
            page.merge_cells(
                start_row=merge.first_row,
                end_row=merge.last_row,
                start_column=merge.first_column + 1,
                end_column=merge.last_column + 1,
            )


def _write(cell: Cell, text: str, kind: Kind) -> None:
    if kind is Kind.NUMBER:
        cell.value = float(text) if "." in text else int(text)
        if len(text) > 1 and text.startswith("0") and text.isdigit():
            cell.number_format = "0" * len(text)
    elif kind is Kind.DATE and (moment := _moment(text)) is not None:
        cell.value = moment
        cell.number_format = "yyyy-mm-dd" if len(text) == 10 else "yyyy-mm-dd hh:mm:ss"
    elif kind is Kind.BOOL:
        cell.value = text == "TRUE"
    elif kind is Kind.ERROR:
        cell.value, cell.data_type = text, "e"
    elif kind is Kind.FORMULA:
        cell.value = text
    else:
        cell.value, cell.data_type = ILLEGAL_CHARACTERS_RE.sub("", text), "s"


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
