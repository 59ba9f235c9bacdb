"""The sheets of an OpenDocument spreadsheet out of its content.xml, parsed as it is inflated.

A cell may stand for thousands and a row for a million. Blank ones cost nothing however often they are repeated; the
others are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from xml.parsers import expat

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import ExcelError, NumberText, UnsavedFormula
from pharma_assets.reading.sheet import Merge, Sheet
from pharma_assets.reading.workbooks.building import SheetBuilder
from pharma_assets.reading.workbooks.facts import SheetFacts, with_facts
from pharma_assets.reading.workbooks.survey import MAX_BOX

MAX_ROWS, MAX_COLUMNS = 1 << 20, 1 << 14
_FREE_CELLS, _TIMES_REPEATED = 2_000_000, 20
"""Cells that a table may have without measure, and how many times more it may have than are written."""

_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE, _TABLE, _TEXT, _STYLE = (f"{_ODF}{part}:1.0 " for part in ("office", "table", "text", "style"))
_CALC_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_TYPE, _VALUE, _STRING = f"{_OFFICE}value-type", f"{_OFFICE}value", f"{_OFFICE}string-value"
_DATE, _TIME, _BOOLEAN = f"{_OFFICE}date-value", f"{_OFFICE}time-value", f"{_OFFICE}boolean-value"
_FORMULA, _NAME, _STYLE_NAME = f"{_TABLE}formula", f"{_TABLE}name", f"{_TABLE}style-name"
_COLUMNS_REPEATED, _ROWS_REPEATED = f"{_TABLE}number-columns-repeated", f"{_TABLE}number-rows-repeated"
_COLUMNS_SPANNED, _ROWS_SPANNED = f"{_TABLE}number-columns-spanned", f"{_TABLE}number-rows-spanned"
_PARAGRAPH = f"{_TEXT}p"
_NOT_IN_THE_CELL = {f"{_OFFICE}annotation", f"{_TEXT}note", f"{_TEXT}ruby-text"}

_ERROR_TEXT = re.compile(r"#N/A|#[A-Z/0]+[!?]|(?:Err|Ошибка):\d+")
_MASKED = re.compile(r"0\d+")
_BLANKS = re.compile(r"[ \t\r\n]+")
_DURATION = re.compile(r"(-?)P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?")
_PREFIX = re.compile(r"^\w+:(?==)")

Attributes = dict[str, str]


@dataclass
class _Table:
    builder: SheetBuilder
    visible: bool
    facts: SheetFacts = field(default_factory=SheetFacts)
    next_row: int = 1
    written: int = 0
    cells: int = 0


def read_content(chunks: Iterable[bytes]) -> tuple[Sheet, ...]:
    """The sheets of a content.xml that comes in chunks.

    Raises RESOURCE_LIMIT for repeated cells without measure or XML entities, ExpatError and ValueError for damage.
    """
    return _Content().read(chunks)


class _Content:
    """What stands in the table, row, cell and paragraph that the parser is in."""

    def __init__(self) -> None:
        self._sheets: list[Sheet] = []
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._table: _Table | None = None
        self._row: Attributes = {}
        self._values: list[object] = []
        self._gap = self._written = 0
        self._cell: Attributes | None = None
        self._paragraphs: list[str] = []
        self._pieces: list[str] | None = None
        self._skipped = 0
        self._starts: dict[str, Callable[[Attributes], None]] = {
            f"{_STYLE}style": self._start_style,
            f"{_STYLE}table-properties": self._table_properties,
            f"{_TABLE}table": self._start_table,
            f"{_TABLE}table-row": self._start_row,
            f"{_TABLE}table-cell": self._start_cell,
            f"{_TABLE}covered-table-cell": self._covered_cell,
        }
        self._ends: dict[str, Callable[[], None]] = {
            f"{_TABLE}table": self._end_table,
            f"{_TABLE}table-row": self._end_row,
            f"{_TABLE}table-cell": self._end_cell,
            f"{_TABLE}covered-table-cell": self._end_covered_cell,
            _PARAGRAPH: self._end_paragraph,
        }

    def read(self, chunks: Iterable[bytes]) -> tuple[Sheet, ...]:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler, parser.EntityDeclHandler = self._characters, _refuse_entity
        for chunk in chunks:
            parser.Parse(chunk)
        parser.Parse(b"", True)
        return tuple(self._sheets)

    def _start(self, name: str, attributes: Attributes) -> None:
        if self._skipped:
            self._skipped += 1
        elif self._pieces is not None:
            self._start_in_paragraph(name, attributes)
        elif self._cell is not None:
            if name == _PARAGRAPH:
                self._pieces = []
            else:  # a note, a drawing, a table in the cell
                self._skipped = 1
        elif start := self._starts.get(name):
            start(attributes)

    def _end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif end := self._ends.get(name):
            end()

    def _start_in_paragraph(self, name: str, attributes: Attributes) -> None:
        pieces = self._pieces or []
        if name in _NOT_IN_THE_CELL:
            self._skipped = 1
        elif name == f"{_TEXT}s":
            pieces.append(" " * min(int(attributes.get(f"{_TEXT}c", 1)), MAX_COLUMNS))
        elif name == f"{_TEXT}tab":
            pieces.append("\t")
        elif name == f"{_TEXT}line-break":
            pieces.append("\n")
        self._pieces = pieces

    def _characters(self, text: str) -> None:
        if self._pieces is None or self._skipped:
            return
        text = _BLANKS.sub(" ", text)
        self._pieces.append(text if self._pieces else text.lstrip(" "))

    def _end_paragraph(self) -> None:
        if self._pieces is not None:
            self._paragraphs.append("".join(self._pieces))
            self._pieces = None

    def _start_style(self, attributes: Attributes) -> None:
        self._style = attributes.get(f"{_STYLE}name", "")

    def _table_properties(self, attributes: Attributes) -> None:
        if attributes.get(f"{_TABLE}display") == "false":
            self._hidden_styles.add(self._style)

    def _start_table(self, attributes: Attributes) -> None:
        builder = SheetBuilder(attributes.get(_NAME, ""))
        self._table = _Table(builder, visible=attributes.get(_STYLE_NAME) not in self._hidden_styles)

    def _end_table(self) -> None:
        if self._table:
            sheet = self._table.builder.sheet(visible=self._table.visible)
            self._sheets.append(with_facts(sheet, self._table.facts))
            self._table = None

    def _start_row(self, attributes: Attributes) -> None:
        self._row, self._values, self._gap, self._written = attributes, [], 0, 0

    def _end_row(self) -> None:
        table = self._table
        if table is None:
            return
        repeated = _count(self._row, _ROWS_REPEATED)
        first, table.next_row = table.next_row, table.next_row + repeated
        if not self._values:
            return
        table.written += self._written
        table.cells += len(self._values) * repeated
        limit = min(MAX_BOX, _FREE_CELLS + _TIMES_REPEATED * table.written)
        if table.cells > limit or table.next_row > MAX_ROWS + 1:
            raise PharmaError("RESOURCE_LIMIT", why=f"{repeated} times the row {first}")
        for row in range(first, table.next_row):
            table.builder.add(row, self._values)
        if self._row.get(f"{_TABLE}visibility") in {"collapse", "filter"}:
            table.facts.hidden += range(first, table.next_row)

    def _start_cell(self, attributes: Attributes) -> None:
        self._cell, self._paragraphs = attributes, []

    def _end_cell(self) -> None:
        cell, self._cell = self._cell or {}, None
        if _COLUMNS_SPANNED in cell or _ROWS_SPANNED in cell:
            self._merge(_count(cell, _ROWS_SPANNED), _count(cell, _COLUMNS_SPANNED))
        value = _value(cell, "\n".join(self._paragraphs)) if cell or self._paragraphs else None
        repeated = _count(cell, _COLUMNS_REPEATED)
        if value is None or value == "":
            self._gap += repeated
            return
        if len(self._values) + self._gap + repeated > MAX_COLUMNS:
            raise PharmaError("RESOURCE_LIMIT", why=f"{len(self._values) + self._gap + repeated} cells in a row")
        self._values += [None] * self._gap + [value] * repeated
        self._gap, self._written = 0, self._written + 1

    def _covered_cell(self, attributes: Attributes) -> None:
        self._cell, self._paragraphs = attributes, []

    def _end_covered_cell(self) -> None:
        """Another cell is merged over it, so whatever stands in it is not seen."""
        self._gap += _count(self._cell or {}, _COLUMNS_REPEATED)
        self._cell = None

    def _merge(self, rows: int, columns: int) -> None:
        if self._table and (rows > 1 or columns > 1):
            row, column = self._table.next_row, len(self._values) + self._gap
            self._table.facts.merges.append(Merge(row, row + rows - 1, column, column + columns - 1))


def _count(attributes: Attributes, name: str) -> int:
    return max(int(attributes.get(name, 1)), 1)


def _value(cell: Attributes, shown: str) -> object:
    kind, formula = cell.get(_TYPE, ""), cell.get(_FORMULA)
    if cell.get(_CALC_TYPE) == "error" or (formula and _ERROR_TEXT.fullmatch(shown)):
        return ExcelError(shown or "#ERROR")
    if not kind and formula and not shown:
        return UnsavedFormula(_PREFIX.sub("", formula))
    if read := _READ.get(kind):
        with suppress(ValueError, OverflowError, KeyError):
            return read(cell, shown)
    return cell.get(_STRING, shown)


def _number(cell: Attributes, shown: str) -> object:
    number = float(cell[_VALUE])
    # What is shown has its zeros from a mask such as `000000`.
    return NumberText(shown) if _MASKED.fullmatch(shown) and int(shown) == number else number


def _clock(cell: Attributes, _: str) -> object:
    parts = _DURATION.fullmatch(cell[_TIME])
    if not parts:
        raise ValueError(cell[_TIME])
    days, hours, minutes = (int(part or 0) for part in parts.groups()[1:4])
    seconds = float((parts[5] or "0").replace(",", "."))
    duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if parts[1]:
        return -duration
    return duration if duration >= timedelta(days=1) else (datetime.combine(datetime.min, time()) + duration).time()


_READ: dict[str, Callable[[Attributes, str], object]] = {
    "float": _number,
    "percentage": _number,
    "currency": _number,
    "date": lambda cell, _: datetime.fromisoformat(cell[_DATE]),
    "time": _clock,
    "boolean": lambda cell, _: {"true": True, "false": False}[cell[_BOOLEAN]],
}


def _refuse_entity(*_: Any) -> None:
    raise PharmaError("RESOURCE_LIMIT", why="content.xml declares XML entities")
