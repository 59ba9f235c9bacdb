"""Excel workbooks from tables: xlsx by openpyxl or by hand, xls by xlwt, xlsb by hand."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any

import openpyxl
import xlwt
from openpyxl.worksheet.worksheet import Worksheet

from pharma_assets_tests.database.bad_inputs.archives import pack, replacing, unpack
from pharma_assets_tests.database.bad_inputs.tables import NUMBERS, Excel, Formula, Table, column, serial

Edit = Callable[[Worksheet], object]
ERROR_CODES = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 15, "#REF!": 23, "#NAME?": 29, "#NUM!": 36, "#N/A": 42}
SHEET_XML = "xl/worksheets/sheet1.xml"
SHARED_XML = "xl/sharedStrings.xml"


def nothing(_: object) -> None:
    """The edit that changes nothing."""


def xlsx(rows: Table, edit: Edit = nothing, title: str = "Отчёт") -> bytes:
    """A workbook of one sheet as openpyxl writes it; `edit` gets the sheet."""

    def fill(book: openpyxl.Workbook) -> None:
        put(book.active, rows)
        book.active.title = title
        edit(book.active)

    return workbook(fill)


def workbook(fill: Callable[[openpyxl.Workbook], object]) -> bytes:
    """A workbook as openpyxl writes it."""
    book = openpyxl.Workbook()
    fill(book)
    out = io.BytesIO()
    book.save(out)
    return _with_shared_strings(out.getvalue())


def merge(*ranges: str) -> Edit:
    """An edit that merges these ranges."""

    def edit(sheet: Worksheet) -> None:
        for cells in ranges:
            sheet.merge_cells(cells)

    return edit


_INLINE = re.compile(rb' t="inlineStr"><is>(.*?)</is></c>', re.DOTALL)


def _with_shared_strings(content: bytes) -> bytes:
    """openpyxl puts texts into their cells; Excel puts them into a part of their own, which may get lost."""
    members, strings = unpack(content), []

    def share(found: re.Match[bytes]) -> bytes:
        strings.append(b"<si>" + found[1] + b"</si>")
        return b' t="s"><v>%d</v></c>' % (len(strings) - 1)

    for name in members:
        if name.startswith("xl/worksheets/"):
            members[name] = _INLINE.sub(share, members[name])
    main = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + kind + b'"/></Types>'
    relation = _relation(99, "sharedStrings", "sharedStrings.xml").encode() + b"</Relationships>"
    members[SHARED_XML] = main + b"".join(strings) + b"</sst>"
    for name, old, new in (
        ("[Content_Types].xml", b"</Types>", part),
        ("xl/_rels/workbook.xml.rels", b"</Relationships>", relation),
    ):
        members[name] = replacing((old, new))(members[name])
    return pack(members)


def put(sheet: Worksheet, rows: Table, first_row: int = 1, first_column: int = 1) -> None:
    """Write a table; texts that begin like a formula stay texts."""
    for number, row in enumerate(rows, first_row):
        for place, value in enumerate(row, first_column):
            if value is None:
                continue
            cell = sheet.cell(number, place)
            if isinstance(value, Formula):
                cell.value = value.text
            elif isinstance(value, Excel):
                cell.value, cell.data_type = value.error, "e"
            else:
                cell.value = value
                if isinstance(value, str):
                    cell.data_type = "s"


def sheet_xml(body: str, before: str = "", after: str = "") -> bytes:
    """A worksheet part around the rows of its `sheetData`."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"{before}<sheetData>{body}</sheetData>{after}</worksheet>"
    ).encode()


def row_xml(number: int, cells: Sequence[object], attributes: str = "") -> str:
    """One row with inline strings; a `str` that begins with `<c ` is taken as the cell's XML."""
    xml = "".join(_cell_xml(f"{column(place)}{number}", value) for place, value in enumerate(cells))
    return f'<row r="{number}"{attributes}>{xml}</row>'


def _cell_xml(reference: str, value: object) -> str:  # noqa: PLR0911 - one for each kind of cell
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith("<c "):
        return value
    if isinstance(value, Formula):
        return f'<c r="{reference}"><f>{escape(value.text.removeprefix("="))}</f></c>'
    if isinstance(value, Excel):
        return f'<c r="{reference}" t="e"><v>{value.error}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{reference}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, NUMBERS):
        return f'<c r="{reference}"><v>{value}</v></c>'
    if isinstance(value, date):
        return f'<c r="{reference}" s="1"><v>{serial(value):g}</v></c>'
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


_STYLES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<fonts count="1"><font/></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="20" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def raw_xlsx(sheet: bytes, title: str = "Отчёт") -> bytes:
    """The smallest workbook around a worksheet part written by hand. Style 1 is a date, style 2 a time."""
    return pack(
        {
            "[Content_Types].xml": (
                b'<?xml version="1.0" encoding="UTF-8"?>'
                b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                b'<Default Extension="xml" ContentType="application/xml"/>'
                b'<Override PartName="/xl/workbook.xml" ContentType='
                b'"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
                b'<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
                b'"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
                b'<Override PartName="/xl/styles.xml" ContentType='
                b'"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>'
            ),
            "_rels/.rels": _RELATIONS.format(_relation(1, "officeDocument", "xl/workbook.xml")).encode(),
            "xl/workbook.xml": (
                '<?xml version="1.0" encoding="UTF-8"?>'
                '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
                f'xmlns:r="{_OFFICE}"><sheets><sheet name="{title}" sheetId="1" r:id="rId1"/></sheets></workbook>'
            ).encode(),
            "xl/_rels/workbook.xml.rels": _RELATIONS.format(
                _relation(1, "worksheet", "worksheets/sheet1.xml") + _relation(2, "styles", "styles.xml")
            ).encode(),
            "xl/styles.xml": _STYLES.encode(),
            SHEET_XML: sheet,
        }
    )


def raw_rows(rows: Table, first_row: int = 1) -> str:
    """The `sheetData` of a table."""
    return "".join(row_xml(number, cells) for number, cells in enumerate(rows, first_row))


def xls(rows: Table, edit: Callable[[Any], object] = nothing, title: str = "Отчёт") -> bytes:
    """A BIFF8 workbook of one sheet; `edit` gets xlwt's sheet."""

    def fill(book: Any) -> None:
        sheet = book.add_sheet(title)
        put_xls(sheet, rows)
        edit(sheet)

    return xls_workbook(fill)


def xls_workbook(fill: Callable[[Any], object]) -> bytes:
    """A BIFF8 workbook as xlwt writes it."""
    book = xlwt.Workbook(encoding="utf-8")
    fill(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put_xls(sheet: Any, rows: Table) -> None:
    """Write a table into xlwt's sheet."""
    day = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, Excel):
                sheet.row(number).set_cell_error(place, ERROR_CODES[value.error])
            elif isinstance(value, Formula):
                sheet.write(number, place, xlwt.Formula(value.text.removeprefix("=")))
            elif isinstance(value, Decimal):
                sheet.write(number, place, float(value))
            elif isinstance(value, date):
                sheet.write(number, place, value, day)
            else:
                sheet.write(number, place, value)


def biff5(rows: Table, codepage: int | None = None) -> bytes:
    """A BIFF5 workbook of one sheet, without a container around it; its texts are cp1251."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    cells = b""
    for number, row in enumerate(rows):
        for place, value in enumerate(row):
            head = struct.pack("<HHH", number, place, 0)
            if isinstance(value, date):
                cells += record(0x203, head + struct.pack("<d", serial(value)))
            elif isinstance(value, NUMBERS):
                cells += record(0x203, head + struct.pack("<d", float(value)))
            elif value is not None:
                letters = str(value).encode("cp1251")
                cells += record(0x204, head + struct.pack("<H", len(letters)) + letters)
    name = "Отчёт".encode("cp1251")
    start = record(0x809, struct.pack("<HHHH", 0x500, 5, 0, 0))
    start += b"" if codepage is None else record(0x42, struct.pack("<H", codepage))
    at = len(start) + 4 + 7 + len(name) + 4
    sheets = record(0x85, struct.pack("<IHB", at, 0, len(name)) + name) + record(0x0A, b"")
    return start + sheets + record(0x809, struct.pack("<HHHH", 0x500, 0x10, 0, 0)) + cells + record(0x0A, b"")


def xlsb(
    rows: Table,
    title: str = "Отчёт",
    stray: tuple[int, int] | None = None,
    *,
    hidden: bool = False,
    hidden_rows: Sequence[int] = (),
    merges: Sequence[tuple[int, int, int, int]] = (),
) -> bytes:
    """A binary workbook of one sheet. Rows and columns count from 0: `stray` is the place of one more cell, a merge is
    its first and last row, then its first and last column."""
    cells = bytearray()
    strings: list[str] = []
    placed = {(number, place): value for number, row in enumerate(rows) for place, value in enumerate(row)}
    if stray is not None:
        placed[stray] = "x"
    before = -1
    for (number, place), value in sorted(placed.items(), key=lambda item: item[0]):
        if value is None:
            continue
        if number != before:
            cells += _binary(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0x10 if number in hidden_rows else 0, 0, 0))
            before = number
        cells += _binary_cell(place, value, strings)
    last_row, last_column = max(row for row, _ in placed), max(place for _, place in placed)
    sheet = (
        _binary(129)
        + _binary(148, struct.pack("<4I", 0, last_row, 0, last_column))
        + _binary(145)
        + bytes(cells)
        + _binary(146)
        + (_binary(177, struct.pack("<I", len(merges))) if merges else b"")
        + b"".join(_binary(176, struct.pack("<4I", *merge)) for merge in merges)
        + (_binary(178) if merges else b"")
        + _binary(130)
    )
    styles = (
        _binary(278)
        + _binary(617, struct.pack("<I", 2))
        + _binary(47, struct.pack("<8H", 0xFFFF, 0, 0, 0, 0, 0, 0, 0))
        + _binary(47, struct.pack("<8H", 0xFFFF, 14, 0, 0, 0, 0, 0, 0))
        + _binary(618)
        + _binary(279)
    )
    book = (
        _binary(131)
        + _binary(143)
        + _binary(156, struct.pack("<II", hidden, 1) + _wide("rId1") + _wide(title))
        + _binary(144)
        + _binary(132)
    )
    shared = (
        _binary(159, struct.pack("<II", len(strings), len(strings)))
        + b"".join(_binary(19, b"\0" + _wide(string)) for string in strings)
        + _binary(160)
    )
    main = b"application/vnd.ms-excel"
    return pack(
        {
            "[Content_Types].xml": (
                b'<?xml version="1.0" encoding="UTF-8"?>'
                b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                b'<Default Extension="bin" ContentType="' + main + b'.sheet.binary.macroEnabled.main"/>'
                b'<Override PartName="/xl/worksheets/sheet1.bin" ContentType="' + main + b'.worksheet"/>'
                b'<Override PartName="/xl/sharedStrings.bin" ContentType="' + main + b'.sharedStrings"/>'
                b'<Override PartName="/xl/styles.bin" ContentType="' + main + b'.styles"/></Types>'
            ),
            "_rels/.rels": _RELATIONS.format(_relation(1, "officeDocument", "xl/workbook.bin")).encode(),
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": _RELATIONS.format(
                _relation(1, "worksheet", "worksheets/sheet1.bin")
                + _relation(2, "styles", "styles.bin")
                + _relation(3, "sharedStrings", "sharedStrings.bin")
            ).encode(),
            "xl/worksheets/sheet1.bin": sheet,
            "xl/styles.bin": styles,
            "xl/sharedStrings.bin": shared,
        }
    )


def _binary(kind: int, content: bytes = b"") -> bytes:
    """One record: its number and its length as varints, then its content."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = len(content)
    while length >= 128:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


def _binary_cell(place: int, value: object, strings: list[str]) -> bytes:
    style = 1 if isinstance(value, date) else 0
    head = struct.pack("<II", place, style)
    if isinstance(value, Excel):
        return _binary(3, head + bytes([ERROR_CODES[value.error]]))
    if isinstance(value, bool):
        return _binary(4, head + bytes([value]))
    if isinstance(value, date):
        return _binary(5, head + struct.pack("<d", serial(value)))
    if isinstance(value, NUMBERS):
        return _binary(5, head + struct.pack("<d", float(value)))
    strings.append(str(value))
    return _binary(7, head + struct.pack("<I", len(strings) - 1))
