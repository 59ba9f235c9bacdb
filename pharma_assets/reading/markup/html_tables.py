"""The tables of a page as a browser lays them out: spans, nested tables, hidden rows, tags left open.

The page comes as events from lxml's parser and never as a tree, so that neither depth nor size takes memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import ExcelError
from pharma_assets.reading.markup.grid import Grid, number_of
from pharma_assets.reading.sheet import Merge

MAX_COLSPAN, MAX_ROWSPAN = 1000, 65_534
"""Browsers take larger ones for these."""

MAX_DEPTH = 100_000
MAX_NESTED_TABLES = 100
MAX_TABLES = 1000
MAX_WORK = 1_000_000_000
"""The parser looks for what a closing tag closes among all open elements: their product, added up."""

MAX_STEPS = 20_000_000
"""Cells passed over because others above span into their row."""

_LONGEST_LIST = 20
_LONGEST_STYLE = 2000
_CHUNK = 1 << 15
_BREAK = "\0"
_NO_ATTRIBUTES: Mapping[str, str] = {}
_CELLS = frozenset({"td", "th"})
_GROUPS = frozenset({"thead", "tbody", "tfoot"})
_BLOCKS = frozenset({"br", "p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "dt", "dd", "blockquote"})
_SILENT = frozenset({"script", "style", "title", "xml", "template", "noframes"})
_UNTIDY = re.compile(r"[\t\r\n\f\0]|  |^ | $")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_NOT_DISPLAYED = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SPAN = re.compile(r"\s*\+?0*([0-9]{1,9})")
_NUMBER_FORMAT = re.compile(r"""mso-number-format\s*:\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^;}]*)""", re.IGNORECASE)
_CLASS = re.compile(r"\.([\w-]+)")
_TEXT_FORMAT = "@"
_DATE_FORMAT = re.compile(r"date|time|y{2,4}|m{3,4}|d{1,2}[./-]|h{1,2}:|:[ms]", re.IGNORECASE)
_SEEN_AS_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d:\d\d|[а-яёa-z]{3,9}\.?[ -]\d{2,4}\b", re.IGNORECASE)


def read_page(text: str) -> Page:
    """The page, read to its end. Raises RESOURCE_LIMIT for what no report needs."""
    from lxml import etree  # noqa: PLC0415 - heavy, and only pages need it

    page = Page()
    # The parser's own limits would cut a page off without an error; here they are the page's.
    parser = etree.HTMLParser(target=page, encoding="utf-8", huge_tree=True)
    content = text.replace("\0", "␀").encode()
    work = 0
    for at in range(0, len(content), _CHUNK):
        chunk = content[at : at + _CHUNK]
        parser.feed(chunk)
        work += page.depth * chunk.count(b"</")
        if work > MAX_WORK:
            raise PharmaError("RESOURCE_LIMIT", why="elements nested too deep")
    if content:
        parser.close()
    return page


class Styles:
    """The number formats that the page's style sheets give to classes."""

    def __init__(self) -> None:
        self._of_class: dict[str, str] = {}

    def add(self, sheet: str) -> None:
        for rule in sheet.split("}"):
            selectors, _, properties = rule.rpartition("{")
            if found := _NUMBER_FORMAT.search(properties, 0, _LONGEST_STYLE):
                self._of_class.update(dict.fromkeys(_CLASS.findall(selectors), _unquoted(found[1])))

    def number_format(self, attributes: Mapping[str, str]) -> str:
        """The format of a cell with these attributes, '' if it has none."""
        if found := _NUMBER_FORMAT.search(attributes.get("style", ""), 0, _LONGEST_STYLE):
            return _unquoted(found[1])
        classes = attributes.get("class", "").split()
        return next((self._of_class[name] for name in classes if name in self._of_class), "")


def _unquoted(value: str) -> str:
    return value.strip().strip("\"'").replace("\\", "")


class Table:
    """A table while it is read, and its cells afterwards. Rows count from 1, all that the page has."""

    def __init__(self, styles: Styles, visible: bool = True) -> None:
        self.grid = Grid()
        self.merges: list[Merge] = []
        self.hidden: set[int] = set()
        self.visible = visible
        self.caption = ""
        self.group_hidden = False
        self.pieces: list[str] | None = None
        """The text of the open cell or caption; None where neither is open."""

        self._styles = styles
        self._data: list[Table] = []
        """Tables within this one that are data for sure."""
        self._lists: list[Table] = []
        """Tables within this one of one row or column: data only if this one is mere layout."""
        self._cell: Mapping[str, str] | None = None
        self._row, self._column, self._in_row = 0, 0, False
        self._filled_in_row, self._rows_of_two = 0, 0
        self._occupied: dict[int, int] = {}
        self._steps = 0

    def open_row(self, attributes: Mapping[str, str]) -> None:
        self.close_row()
        self._row += 1
        self._column, self._in_row = 0, True
        if self.group_hidden or _is_hidden(attributes):
            self.hidden.add(self._row)

    def close_row(self) -> None:
        self.close_cell()
        self._rows_of_two += self._filled_in_row >= 2
        self._filled_in_row, self._in_row = 0, False

    def open_cell(self, attributes: Mapping[str, str]) -> None:
        self.close_cell()
        if not self._in_row:
            self.open_row(_NO_ATTRIBUTES)
        self._cell, self.pieces = attributes, []

    def open_caption(self) -> None:
        self.close_row()
        self.pieces = []

    def close_caption(self) -> None:
        if self._cell is None and self.pieces is not None:
            self.caption, self.pieces = _tidy("".join(self.pieces)).replace("\n", " "), None

    def close_cell(self) -> None:
        """Puts the open cell, if there is one, into the next place that no other spans."""
        if self._cell is None or self.pieces is None:
            self.pieces = None
            return
        attributes, text = self._cell, _tidy("".join(self.pieces))
        self._cell = self.pieces = None
        while self._occupied and self._occupied.get(self._column, 0) >= self._row:
            self._column += 1
            self._steps += 1
        if self._steps > MAX_STEPS:
            raise PharmaError("RESOURCE_LIMIT", why="cells that span too many rows")
        across, down = 1, 1
        value: object = text
        if attributes:
            across = min(max(_span(attributes.get("colspan"), 1), 1), MAX_COLSPAN)
            down = min(_span(attributes.get("rowspan"), 1) or MAX_ROWSPAN, MAX_ROWSPAN)
            value = _value(text, attributes, self._styles)
        filled = bool(text) and not text.isspace()
        if filled:
            self.grid.put(self._row, self._column, value)
            self._filled_in_row += 1
        if across > 1 or down > 1:
            self._span(across, down, filled)
        self._column += across

    def _span(self, across: int, down: int, filled: bool) -> None:
        last_row, last_column = self._row + down - 1, self._column + across - 1
        if filled:
            self.merges.append(Merge(self._row, last_row, self._column, last_column))
        if down > 1:
            self._occupied.update(dict.fromkeys(range(self._column, last_column + 1), last_row))
            self._steps += across

    def close(self) -> None:
        self.close_row()

    def take_in(self, inner: Table) -> None:
        """A table that stood within this one and is closed now."""
        if self._cell is not None and self.pieces is not None and not inner.is_data and not inner.has_inner:
            # Mere formatting within a cell, unless this table turns out to be the layout of the page.
            self.pieces.extend(f"{_BREAK}{text}" for text in inner.grid.texts())
            if inner.is_table and len(self._lists) <= MAX_TABLES:
                self._lists.append(inner)
        else:
            self._data.extend(inner.data_tables())
            _require_few(self._data)

    @property
    def is_table(self) -> bool:
        return len(self.grid.rows) >= 2 or len(self.grid.columns) >= 2

    @property
    def is_data(self) -> bool:
        rows, columns = len(self.grid.rows), len(self.grid.columns)
        return min(rows, columns) >= 2 or max(rows, columns) > _LONGEST_LIST

    @property
    def has_inner(self) -> bool:
        return bool(self._data or self._lists)

    def data_tables(self) -> list[Table]:
        """This table, or those within it if it is only there to place them on the page."""
        if not self.has_inner:
            return [self] if self.is_table else []
        if self._rows_of_two >= 2:
            return [self, *self._data]
        return [*self._data, *self._lists]


class Page:
    """What lxml's parser tells its events to: `start`, `end`, `data` and `close` are its names."""

    def __init__(self) -> None:
        self.depth = 0
        self.title = ""
        self._styles = Styles()
        # Rows without a table around them count as one.
        self._open = [Table(self._styles)]
        self._muted_at: int | None = None
        self._unseen: list[str] = []
        self._hidden_at: int | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self._muted_at is not None:
            return
        table = self._open[-1]
        if tag in _CELLS:
            table.open_cell(attributes)
        elif tag == "tr":
            table.open_row(attributes)
        elif tag == "table":
            self._open_table(attributes)
        elif tag in _GROUPS:
            table.close_row()
            table.group_hidden = _is_hidden(attributes)
        elif tag == "caption":
            table.open_caption()
        elif tag in _SILENT:
            self._muted_at = self.depth
        else:
            self._start_other(tag, attributes, table)
        if self.depth > MAX_DEPTH:
            raise PharmaError("RESOURCE_LIMIT", why=f"elements nested over {MAX_DEPTH:,} deep")

    def _start_other(self, tag: str, attributes: Mapping[str, str], table: Table) -> None:
        if attributes and _is_hidden(attributes):
            if table.pieces is not None:
                self._muted_at = self.depth
            elif self._hidden_at is None:
                self._hidden_at = self.depth
        elif tag in _BLOCKS and table.pieces is not None:
            table.pieces.append(_BREAK)

    def _open_table(self, attributes: Mapping[str, str]) -> None:
        if len(self._open) > MAX_NESTED_TABLES:
            raise PharmaError("RESOURCE_LIMIT", why=f"tables nested over {MAX_NESTED_TABLES} deep")
        self._open.append(Table(self._styles, visible=self._hidden_at is None and not _is_hidden(attributes)))

    def end(self, tag: str) -> None:
        depth, self.depth = self.depth, self.depth - 1
        if self._muted_at is not None:
            if self._muted_at == depth:
                self._end_muted(tag)
            return
        if self._hidden_at == depth:
            self._hidden_at = None
        table = self._open[-1]
        if tag in _CELLS:
            table.close_cell()
        elif tag == "tr":
            table.close_row()
        elif tag == "table":
            if len(self._open) > 1:
                table.close()
                self._open.pop()
                self._open[-1].take_in(table)
        elif tag in _GROUPS:
            table.close_row()
            table.group_hidden = False
        elif tag == "caption":
            table.close_caption()
        elif tag in _BLOCKS and tag != "br" and table.pieces is not None:
            table.pieces.append(_BREAK)

    def _end_muted(self, tag: str) -> None:
        text, self._unseen, self._muted_at = "".join(self._unseen), [], None
        if tag == "style":
            self._styles.add(text)
        elif tag == "title":
            self.title = self.title or text

    def data(self, text: str) -> None:
        pieces = self._open[-1].pieces if self._muted_at is None else self._unseen
        if pieces is not None:
            pieces.append(text)

    def close(self) -> None:
        """The parser wants it; what is still open is closed by `tables`."""

    def tables(self) -> list[Table]:
        """The data tables, in order."""
        while len(self._open) > 1:
            table = self._open.pop()
            table.close()
            self._open[-1].take_in(table)
        self._open[0].close()
        tables = self._open[0].data_tables()
        _require_few(tables)
        return tables


def _require_few(tables: list[Table]) -> None:
    if len(tables) > MAX_TABLES:
        raise PharmaError("RESOURCE_LIMIT", why=f"over {MAX_TABLES} tables in one page")


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    return bool(attributes) and ("hidden" in attributes or bool(_NOT_DISPLAYED.search(attributes.get("style", ""))))


def _span(text: str | None, default: int) -> int:
    found = _SPAN.match(text) if text is not None else None
    return int(found[1]) if found else default


def _tidy(text: str) -> str:
    """As a browser shows it: runs of blanks are one, breaks are line ends, no-break spaces stay."""
    if not _UNTIDY.search(text):
        return text
    lines = (_SPACES.sub(" ", line).strip(" ") for line in text.split(_BREAK))
    return "\n".join(filter(None, lines))


def _value(text: str, attributes: Mapping[str, str], styles: Styles) -> object:
    """The text, or the exact number (Excel's `x:num`, LibreOffice's `sdval`) of which it shows a rounded one."""
    if "x:err" in attributes:
        return ExcelError(text)
    exact = attributes.get("x:num", attributes.get("sdval"))
    if exact is None:
        return text
    number = number_of(exact or text)
    shown_as = styles.number_format(attributes)
    if number is None or shown_as == _TEXT_FORMAT or _DATE_FORMAT.search(shown_as):
        return text
    return text if not shown_as and _SEEN_AS_DATE.search(text) else number
