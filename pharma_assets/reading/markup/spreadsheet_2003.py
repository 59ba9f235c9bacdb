"""XML Spreadsheet 2003, which 1C and many web reports save as .xls: lxml, a row at a time."""
# ruff: noqa: PLC0415 - lxml is heavy, and importing this module must cost nothing

from __future__ import annotations

import io
from datetime import date, datetime
from typing import TYPE_CHECKING

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import ExcelError, UnsavedFormula
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.markup.grid import MAX_COLUMNS, MAX_ROWS, Grid, number_of
from pharma_assets.reading.sheet import Document, Merge, Sheet

if TYPE_CHECKING:
    from lxml.etree import _Element

FORMAT = "xml2003"
TITLE = "XML Spreadsheet 2003"

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_EXCEL = "{urn:schemas-microsoft-com:office:excel}"
_WORKSHEET, _TABLE, _ROW, _CELL, _DATA = (f"{_SS}{name}" for name in ("Worksheet", "Table", "Row", "Cell", "Data"))
_VISIBLE, _TYPE = f"{_EXCEL}Visible", f"{_SS}Type"
# Excel's day 0 and day 1: what stands there is a time without a date.
_NO_DATES = {date(1899, 12, 30), date(1899, 12, 31)}


def read_spreadsheet_2003(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a workbook. Raises CORRUPT_FILE for XML that is damaged or cut off, RESOURCE_LIMIT for bombs."""
    from lxml import etree

    # lxml forgives blanks before the XML declaration no more than Excel does, but the exports of some sites begin so.
    source = io.BytesIO(content.lstrip(b" \t\r\n"))
    events = etree.iterparse(
        source,
        events=("start", "end"),
        tag=(_WORKSHEET, _TABLE, _ROW, _VISIBLE),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    workbook = _Workbook()
    try:
        for event, element in events:
            workbook.take(event, element)
    except etree.XMLSyntaxError as error:
        raise _failure(error.msg or "not well-formed") from error
    return Document(FORMAT, "lxml", tuple(workbook.sheets))


def _failure(message: str) -> PharmaError:
    if "huge" in message.lower() or "depth" in message.lower() or "amplification" in message.lower():
        return PharmaError("RESOURCE_LIMIT", why=message)
    return PharmaError("CORRUPT_FILE", format=TITLE, why=message)


class _Workbook:
    """The sheets, put together from the events of the parser."""

    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self._checked = False
        self._begin("")

    def _begin(self, name: str) -> None:
        self._name, self._visible = name, True
        self._grid, self._merges, self._hidden = Grid(), list[Merge](), set[int]()
        self._row, self._top, self._left = 0, 0, 0

    def take(self, event: str, element: _Element) -> None:
        if not self._checked:
            self._checked = True
            if element.getroottree().docinfo.internalDTD is not None:
                raise PharmaError("RESOURCE_LIMIT", why="the file declares XML entities")
        if event == "start":
            self._start(element)
        elif element.tag == _ROW:
            self._take_row(element)
            _forget(element)
        elif element.tag == _VISIBLE:
            self._visible = (element.text or "").strip() not in {"SheetHidden", "SheetVeryHidden"}
        elif element.tag == _WORKSHEET:
            self.sheets.append(self._grid.sheet(self._name, self._visible, self._hidden, self._merges))
            self._begin("")
            _forget(element)

    def _start(self, element: _Element) -> None:
        if element.tag == _WORKSHEET:
            self._begin(_attributes(element).get("Name") or f"sheet {len(self.sheets) + 1}")
        elif element.tag == _TABLE:
            stated = _attributes(element)
            self._top = _whole(stated, "TopCell", MAX_ROWS, 1) - 1
            self._left = _whole(stated, "LeftCell", MAX_COLUMNS, 1) - 1

    def _take_row(self, row: _Element) -> None:
        stated = _attributes(row)
        number = _whole(stated, "Index", MAX_ROWS, self._row + 1)
        if number <= self._row:
            raise PharmaError("CORRUPT_FILE", format=TITLE, why=f"row {number} stands after row {self._row}")
        self._row = number
        if stated.get("Hidden") == "1":
            self._hidden.add(self._top + number)
        column = -1
        for cell in row.iterchildren(_CELL):
            column = self._take_cell(cell, self._top + number, column)
        self._row += _whole(stated, "Span", MAX_ROWS, 0)

    def _take_cell(self, cell: _Element, row: int, previous: int) -> int:
        """Returns the last column that the cell covers."""
        stated = _attributes(cell)
        column = _whole(stated, "Index", MAX_COLUMNS, previous + 2) - 1
        if column <= previous:
            why = f"row {row}: the cell in column {column + 1} stands after column {previous + 1}"
            raise PharmaError("CORRUPT_FILE", format=TITLE, why=why)
        across, down = _whole(stated, "MergeAcross", MAX_COLUMNS, 0), _whole(stated, "MergeDown", MAX_ROWS, 0)
        value = _cell_value(cell, stated)
        if not isinstance(value, str) or (value and not value.isspace()):
            left = self._left + column
            self._grid.put(row, left, value)
            if across or down:
                self._merges.append(Merge(row, row + down, left, left + across))
        return column + across


def _forget(element: _Element) -> None:
    """Frees an element that is done with, and what stands before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _attributes(element: _Element) -> dict[str, str]:
    """The attributes by their names without the namespace, which some programs leave out."""
    return {name.rpartition("}")[2]: value for name, value in element.items()}


def _whole(stated: dict[str, str], name: str, limit: int, default: int) -> int:
    text = stated.get(name)
    if text is None:
        return default
    if not text.strip().isascii() or not text.strip().isdigit():
        raise PharmaError("CORRUPT_FILE", format=TITLE, why=f"ss:{name} is {text[:20]!r}")
    digits = text.strip().lstrip("0") or "0"
    if len(digits) > 7 or int(digits) > limit:
        raise PharmaError("RESOURCE_LIMIT", why=f"ss:{name} is {digits[:20]}, and a worksheet ends at {limit}")
    return int(digits)


def _cell_value(cell: _Element, stated: dict[str, str]) -> object:
    for data in cell:
        if data.tag == _DATA:
            return _value(data)
    formula = stated.get("Formula")
    return "" if formula is None else UnsavedFormula(formula or "=")


def _value(data: _Element) -> object:
    text = data.text or ""
    if len(data):
        text = "".join(str(part) for part in data.itertext())
    kind = data.get(_TYPE) or data.get("Type") or "String"
    if kind == "String" or not text.strip():
        return text
    if kind == "Number":
        number = number_of(text)
        return text if number is None else number
    if kind == "DateTime":
        return _moment(text)
    if kind == "Boolean" and text.strip() in {"0", "1"}:
        return text.strip() == "1"
    return ExcelError(text) if kind == "Error" else text


def _moment(text: str) -> object:
    try:
        moment = datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        return text
    return moment.time() if moment.date() in _NO_DATES else moment
