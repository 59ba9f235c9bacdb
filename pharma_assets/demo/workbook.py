"""Writes a plain xlsx the way Excel does, with shared strings; the same cells always give the same bytes.

openpyxl takes seconds for 30,000 rows and puts the time of day into the file.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

Cell = str | int | Decimal | date | None

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "workbook": "sheet.main",
    "worksheets/sheet1": "worksheet",
    "styles": "styles",
    "sharedStrings": "sharedStrings",
}
_EPOCH = date(1899, 12, 30)
_DATE_STYLE = 1
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def write_xlsx(sheet_name: str, rows: Iterable[tuple[int, Sequence[Cell]]], last_row: int) -> bytes:
    """A workbook with one sheet of (row number from 1, cells from column A); None leaves a cell out, up to column Z."""
    strings: dict[str, int] = {}
    width, lines = 1, []
    for number, cells in rows:
        width = max(width, len(cells))
        parts = [_cell(letter, number, value, strings) for letter, value in zip(_LETTERS, cells, strict=False)]
        lines.append(f'<row r="{number}">{"".join(parts)}</row>')
    sheet = (
        f'<worksheet xmlns="{_MAIN}"><dimension ref="A1:{_LETTERS[width - 1]}{last_row}"/>'
        f"<sheetData>{''.join(lines)}</sheetData></worksheet>"
    )
    items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in strings)
    return _archive(sheet_name, sheet, f'<sst xmlns="{_MAIN}" uniqueCount="{len(strings)}">{items}</sst>')


def _cell(letter: str, number: int, value: Cell, strings: dict[str, int]) -> str:
    if isinstance(value, str):
        return f'<c r="{letter}{number}" t="s"><v>{strings.setdefault(value, len(strings))}</v></c>'
    if value is None:
        return ""
    if isinstance(value, date):
        return f'<c r="{letter}{number}" s="{_DATE_STYLE}"><v>{(value - _EPOCH).days}</v></c>'
    return f'<c r="{letter}{number}"><v>{value}</v></c>'


def _archive(sheet_name: str, sheet: str, strings: str) -> bytes:
    types = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{_TYPE}.{kind}+xml"/>' for part, kind in _PARTS.items()
    )
    links = "".join(
        f'<Relationship Id="rId{index}" Type="{_OFFICE}/{kind}" Target="{target}.xml"/>'
        for index, (kind, target) in enumerate(
            (("worksheet", "worksheets/sheet1"), ("styles", "styles"), ("sharedStrings", "sharedStrings")), start=1
        )
    )
    entries = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{escape(sheet_name)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
        "xl/sharedStrings.xml": strings,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            entry = zipfile.ZipInfo(name)  # dated 1980, so that the bytes do not change with the time of day
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, _HEAD + text)
    return out.getvalue()
