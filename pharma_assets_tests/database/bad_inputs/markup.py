"""Reports in XML and HTML, written by hand: OpenDocument, XML Spreadsheet 2003, HTML tables under .xls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from html import escape

from pharma_assets_tests.database.bad_inputs.archives import pack
from pharma_assets_tests.database.bad_inputs.tables import NUMBERS, Excel, Formula, Table, shown, text


def ods(rows: Table, title: str = "Отчёт") -> bytes:
    """An OpenDocument spreadsheet of one sheet."""
    return raw_ods(f'<table:table table:name="{title}">{ods_rows(rows)}</table:table>')


def ods_rows(rows: Table, attributes: Mapping[int, str] | None = None) -> str:
    """The rows of a table; `attributes` are those of a row by its index."""
    return "".join(
        f"<table:table-row{(attributes or {}).get(number, '')}>{''.join(map(ods_cell, row))}</table:table-row>"
        for number, row in enumerate(rows)
    )


def ods_cell(value: object, attributes: str = "") -> str:
    """One cell."""
    if value is None:
        return f"<table:table-cell{attributes}/>"
    paragraph = "" if isinstance(value, Formula) else f"<text:p>{escape(shown(value))}</text:p>"
    return f"<table:table-cell{attributes}{_ods_type(value)}>{paragraph}</table:table-cell>"


def _ods_type(value: object) -> str:
    if isinstance(value, Formula):
        return f' table:formula="of:{escape(value.text)}"'
    if isinstance(value, Excel):
        return f' table:formula="of:={escape(value.error)}" office:value-type="string" office:string-value=""'
    if isinstance(value, bool):
        return f' office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
    if isinstance(value, NUMBERS):
        return f' office:value-type="float" office:value="{value}"'
    if isinstance(value, date):
        return f' office:value-type="date" office:date-value="{value.isoformat()}"'
    return ' office:value-type="string"'


def raw_ods(tables: str, styles: str = "") -> bytes:
    """The smallest OpenDocument spreadsheet around its tables."""
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"'
        for name, urn in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"))
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return pack(
        {
            "mimetype": kind.encode(),
            "META-INF/manifest.xml": (
                '<?xml version="1.0" encoding="UTF-8"?>'
                '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
                f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
                '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
                "</manifest:manifest>"
            ).encode(),
            "content.xml": (
                f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{names} office:version="1.2">'
                f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
                "</office:document-content>"
            ).encode(),
        },
        stored=["mimetype"],
    )


def html(rows: Table, encoding: str = "cp1251", meta: str | None = None, title: str = "") -> bytes:
    """A page with one table, as 1C saves it under .xls; `meta` is the charset that it names (by default, its own)."""
    cells = "".join("<tr>" + "".join(f"<td>{escape(text(cell))}</td>" for cell in row) + "</tr>\r\n" for row in rows)
    return raw_html(f"<table border=1>{title}{cells}</table>", encoding, meta)


def raw_html(body: str, encoding: str = "cp1251", meta: str | None = None) -> bytes:
    """A page around its body."""
    charset = encoding if meta is None else meta
    head = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">' if charset else ""
    return f"<html><head>{head}<style>td {{mso-number-format:'0';}}</style></head><body>{body}</body></html>".encode(
        encoding, "xmlcharrefreplace"
    )


def spreadsheet_2003(rows: Table, title: str = "Отчёт") -> bytes:
    """An XML Spreadsheet 2003 of one sheet."""
    cells = "".join("<Row>" + "".join(map(_cell_2003, row)) + "</Row>\n" for row in rows)
    return raw_2003(f'<Worksheet ss:Name="{title}"><Table>{cells}</Table></Worksheet>')


def _cell_2003(value: object) -> str:
    formula = f' ss:Formula="{escape(value.text)}"' if isinstance(value, Formula) else ""
    return f"<Cell{formula}>{data_2003(value)}</Cell>"


def data_2003(value: object) -> str:
    """What a cell holds."""
    if value is None or isinstance(value, Formula):
        return ""
    if isinstance(value, Excel):
        return f'<Data ss:Type="Error">{escape(value.error)}</Data>'
    if isinstance(value, NUMBERS):
        return f'<Data ss:Type="Number">{value}</Data>'
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        return f'<Data ss:Type="DateTime">{moment:%Y-%m-%dT%H:%M:%S}.000</Data>'
    return f'<Data ss:Type="String">{escape(str(value))}</Data>'


def raw_2003(sheets: str, encoding: str = "utf-8", doctype: str = "") -> bytes:
    """An XML Spreadsheet 2003 around its sheets."""
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>{doctype}\n<?mso-application progid="Excel.Sheet"?>\n'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        f'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">{sheets}</Workbook>'
    ).encode(encoding)
