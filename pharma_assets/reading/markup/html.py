"""HTML tables saved as .xls, as 1C and web reports do: each data table of the page becomes a sheet."""

from __future__ import annotations

import codecs
import html
import posixpath
import re
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import unquote

from pharma_assets.errors import PharmaError
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.markup.html_tables import Page, Table, read_page
from pharma_assets.reading.markup.recognition import printable
from pharma_assets.reading.sheet import Document, Sheet
from pharma_assets.reading.text.encodings import decode

FORMAT = "html"
WITHOUT_TABLE = "an HTML page without a table"

_CHARSET = re.compile(
    rb"""<meta\b[^>]{0,300}?\bcharset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]+)""",
    re.I,
)
_HEAD = 1 << 16
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ALIASES = {"win-1251": "cp1251", "windows1251": "cp1251", "x-cp1251": "cp1251", "ansi": "cp1251", "unicode": "utf-16"}
# What generators declare without thinking; it decodes any bytes, Russian ones to nonsense.
_WESTERN = {"iso8859-1", "cp1252", "ascii", "iso8859-15"}
_WORKSHEET = re.compile(r"<x:ExcelWorksheet>", re.IGNORECASE)
_NAME = re.compile(r"<x:Name>([^<]*)</x:Name>", re.IGNORECASE)
_SOURCE = re.compile(r"""<x:WorksheetSource\s[^>]{0,99}?HRef=["']([^"'<>]*)""", re.IGNORECASE)
_HIDDEN_SHEET = re.compile(r"<x:Visible>\s*Sheet(?:Very)?Hidden", re.IGNORECASE)
_TABLE_TAGS = re.compile(r"<(/?)table[\s/>]", re.IGNORECASE)
_END = re.compile(r"</html\s*>", re.IGNORECASE)


def read_html(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a page. Cells are text as it is seen in a browser, but for the exact numbers that Excel notes beside it.

    Raises FORMAT_UNSUPPORTED where the page has no table, CORRUPT_FILE for a page that is cut off, ENCODING_UNKNOWN,
    and RESOURCE_LIMIT.
    """
    text, encoding = decode_page(content, hints.headers)
    page = whole_page(text)
    sheets = sheets_of(page, text, [name for name, _ in worksheets(text)])
    if not sheets:
        raise PharmaError("FORMAT_UNSUPPORTED", format=_without_table(page, text))
    return Document(FORMAT, "lxml", tuple(sheets), encoding)


def decode_page(content: bytes, headers: Collection[str], declared: str | None = None) -> tuple[str, str]:
    """The text and its encoding; `declared` is what stands beside the page, such as in an archive."""
    for mark, marked in _BOMS:
        if content.startswith(mark):
            return _strictly(content, marked), marked
    found = _CHARSET.search(content, 0, _HEAD)
    meta = _known(str(found[1] or found[2], "ascii")) if found else None
    beside = _known(declared) if declared else None
    encoding = meta if beside is None or beside in _WESTERN else beside
    if encoding and encoding not in _WESTERN and not encoding.startswith("utf-16"):
        with suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            return _found_out(content, headers, encoding) or (text, encoding)
    try:
        return decode(content, headers)
    except PharmaError:
        if encoding and encoding in _WESTERN:
            with suppress(UnicodeDecodeError):
                return content.decode(encoding), encoding
        raise


def _found_out(content: bytes, headers: Collection[str], encoding: str) -> tuple[str, str] | None:
    """The text in another encoding than the one declared, where its letters prove the declaration wrong."""
    if encoding == "utf-8" or content.isascii():
        return None
    try:
        text, other = decode(content, headers)
    except PharmaError:
        return None
    return (text, other) if other != encoding else None


def _known(name: str) -> str | None:
    name = name.lower()
    try:
        return codecs.lookup(_ALIASES.get(name, name)).name
    except (LookupError, ValueError):
        return None


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is not {encoding}, which its byte order mark declares"
        raise PharmaError("ENCODING_UNKNOWN", why=why) from error


def whole_page(text: str) -> Page:
    """The page, read to its end. Raises CORRUPT_FILE where it is cut off.

    A browser shows what there is of a page; of a report that would be silently too little.
    """
    closing = _TABLE_TAGS.findall(text)
    if closing.count("") > closing.count("/") and not _END.search(text, max(0, len(text) - _HEAD)):
        raise PharmaError("CORRUPT_FILE", format="HTML", why="it is cut off: a table is opened and never closed")
    return read_page(text)


def sheets_of(page: Page, text: str, names: list[str]) -> list[Sheet]:
    """The data tables of the page. `names` are those of its worksheets, used if there is one for each table."""
    tables = page.tables()
    given = names if len(names) == len(tables) else [table.caption for table in tables]
    visible = not _HIDDEN_SHEET.search(text)
    used: set[str] = set()
    return [
        _sheet(table, _unused(printable(name) or f"table {number}", used), visible)
        for number, (table, name) in enumerate(zip(tables, given, strict=True), start=1)
    ]


def worksheets(text: str) -> list[tuple[str, str]]:
    """The worksheets that Excel or 1C notes in a page: their names, and the names of the files they are in."""
    found = []
    for worksheet in _WORKSHEET.split(text)[1:]:
        name, source = _NAME.search(worksheet), _SOURCE.search(worksheet)
        if name:
            file = posixpath.basename(unquote(source[1])).lower() if source else ""
            found.append((html.unescape(name[1]).strip(), file))
    return found


def _sheet(table: Table, name: str, visible: bool) -> Sheet:
    return table.grid.sheet(name, visible and table.visible, table.hidden, table.merges)


def _unused(name: str, used: set[str]) -> str:
    number, candidate = 1, name
    while candidate in used:
        number += 1
        candidate = f"{name} ({number})"
    used.add(candidate)
    return candidate


def _without_table(page: Page, text: str) -> str:
    if re.search(r"<frameset[\s>]", text[:_HEAD], re.IGNORECASE):
        return "the frame of a workbook saved as a web page, whose sheets are in a folder beside it"
    title = printable(page.title)
    return f"{WITHOUT_TABLE} ({title})" if title else WITHOUT_TABLE
