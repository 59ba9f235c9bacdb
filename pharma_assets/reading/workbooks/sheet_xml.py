"""Facts of an xlsx sheet from its XML, for what the engines leave out.

Most sheets have no sign of any, and that is all. In the others the elements in question are found by regular
expressions, thirty times faster than a parser finds them; a sheet that is written in an unusual way is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import unescape

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import ExcelError, UnsavedFormula
from pharma_assets.reading.sheet import Merge
from pharma_assets.reading.workbooks.facts import SheetFacts
from pharma_assets.reading.workbooks.references import column_number
from pharma_assets.reading.workbooks.survey import ERROR, FORMULA, HIDDEN, MERGE, Survey

_LONGEST_CELL = 1 << 20
_NAMELESS = "#ERROR"
_TRUE = {"1", "true"}
_ENTITIES = {"&quot;": '"', "&apos;": "'"}

_ERROR_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})(\d{1,7})"[^>]*\bt="e"[^>]*>(?:(?!</c>).)*?<v>\s*([^<]*?)\s*</v>', re.DOTALL
)
_FORMULA_CELL = (
    rb'<c r="([A-Z]{1,3})(\d{1,7})"([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>([^<]*)</f>)\s*'
    rb"(?:<v\s*/>|<v[^>]*>(%b)</v>)?\s*</c>"
)
_UNSAVED = re.compile(_FORMULA_CELL % rb"\s*")
_UNSAVED_OR_ZERO = re.compile(_FORMULA_CELL % rb"\s*|0")
_HIDDEN_ROW = re.compile(rb'<row r="(\d{1,7})"[^>]*\bhidden="(?:1|true)"')
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})")


@dataclass(frozen=True)
class BookFacts:
    """What counts for all sheets of a workbook.

    `masks` gives the digits of the zero mask of each cell style that has one. `uncalculated`: the workbook asks to be
    calculated when it is opened, so that a formula's 0 is a placeholder.
    """

    masks: Mapping[int, int]
    uncalculated: bool = False


def sheet_facts(chunks: Iterator[bytes], survey: Survey, book: BookFacts) -> SheetFacts:
    """The facts of the worksheet that comes in chunks. Raises ExpatError for damage."""
    if survey.is_loose:
        return _Parser(book).parse(chunks)
    facts, signs = SheetFacts(), survey.signs
    if not signs and not book.masks:
        return facts
    masked = _masked_cell(book.masks) if book.masks else None
    unsaved = _UNSAVED_OR_ZERO if book.uncalculated else _UNSAVED
    for block in _blocks(chunks):
        if ERROR in signs:
            facts.cells += (
                (*_place(m[1], m[2]), ExcelError(_text(m[3]) or _NAMELESS)) for m in _ERROR_CELL.finditer(block)
            )
        if FORMULA in signs:
            facts.cells += _unsaved_cells(unsaved, block)
        if masked:
            facts.masked += ((*_place(m[1], m[2]), book.masks[int(m[3] or 0)]) for m in masked.finditer(block))
        if not signs.isdisjoint(HIDDEN):
            facts.hidden += map(int, _HIDDEN_ROW.findall(block))
        if MERGE in signs:
            facts.merges += (_merge(_place(m[1], m[2]), _place(m[3], m[4])) for m in _MERGED.finditer(block))
    return facts


def _blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The XML in pieces that cut no cell, no row's start tag and no merge in two."""
    rest = b""
    for chunk in chunks:
        text = rest + chunk
        cut = max(text.rfind(b"<c "), text.rfind(b"<row ")) if b"<c " in chunk else text.rfind(b"<mergeCell ")
        cut = cut if cut > 0 else len(text) if len(text) > _LONGEST_CELL else 0
        rest = text[cut:]
        yield text[:cut]
    yield rest


def _masked_cell(masks: Mapping[int, int]) -> re.Pattern[bytes]:
    styled = rb'[^>]* s="(%b)"' % "|".join(map(str, masks)).encode()
    bare = rb'|(?![^>]* s=")' if 0 in masks else b""
    return re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"(?:%b%b)[^>]*>' % (styled, bare))


def _unsaved_cells(pattern: re.Pattern[bytes], block: bytes) -> Iterator[tuple[int, int, UnsavedFormula]]:
    for match in pattern.finditer(block):
        if b't="str"' in match[3] and match[5] is not None:
            continue
        yield *_place(match[1], match[2]), UnsavedFormula(f"={_text(match[4] or b'')}")


def _place(letters: bytes, row: bytes) -> tuple[int, int]:
    return int(row), column_number(letters) - 1


def _merge(first: tuple[int, int], last: tuple[int, int]) -> Merge:
    return Merge(first[0], last[0], first[1], last[1])


def _text(xml: bytes) -> str:
    return unescape(xml.decode("utf-8", "replace"), _ENTITIES)


class _Parser:
    """The same from XML that is written in an unusual way: prefixes, other quotes, no references, UTF-16."""

    def __init__(self, book: BookFacts) -> None:
        self._book = book
        self._facts = SheetFacts()
        self._row, self._column = 0, -1
        self._cell: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._open = ""

    def parse(self, chunks: Iterator[bytes]) -> SheetFacts:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler, parser.EntityDeclHandler = self._characters, _refuse_entity
        for chunk in chunks:
            parser.Parse(chunk)
        parser.Parse(b"", True)
        return self._facts

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            self._row, self._column = int(attributes.get("r", self._row + 1)), -1
            if attributes.get("hidden") in _TRUE:
                self._facts.hidden.append(self._row)
        elif name == "c":
            self._cell, self._texts = attributes, {}
            place = _REFERENCE.fullmatch(attributes.get("r", ""))
            self._column = column_number(place[1].encode()) - 1 if place else self._column + 1
            self._row = int(place[2]) if place else self._row
        elif name in {"f", "v"}:
            self._texts[name], self._open = "", name
        elif name == "mergeCell" and (places := _REFERENCE.findall(attributes.get("ref", ""))):
            first, last = places[0], places[-1]
            self._facts.merges.append(_merge(*(_place(p[0].encode(), p[1].encode()) for p in (first, last))))

    def _characters(self, text: str) -> None:
        if self._open:
            self._texts[self._open] += text

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == self._open:
            self._open = ""
        if name != "c":
            return
        kind, value, formula = self._cell.get("t"), self._texts.get("v"), self._texts.get("f")
        width = self._book.masks.get(int(self._cell.get("s", 0)))
        if kind == "e":
            self._facts.cells.append((self._row, self._column, ExcelError((value or "").strip() or _NAMELESS)))
        elif formula is not None and self._is_unsaved(kind, value):
            self._facts.cells.append((self._row, self._column, UnsavedFormula(f"={formula}")))
        elif width:
            self._facts.masked.append((self._row, self._column, width))

    def _is_unsaved(self, kind: str | None, value: str | None) -> bool:
        if kind == "str" and value is not None:
            return False
        return not (value or "").strip() or (self._book.uncalculated and value == "0")


def _refuse_entity(*_: Any) -> None:
    raise PharmaError("RESOURCE_LIMIT", why="a sheet declares XML entities")
