"""Whatever the bytes are, reading ends in a document or in a problem of the catalogue that is the file's."""

from __future__ import annotations

import io
import struct
import zipfile

import openpyxl
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st
from msoffcrypto.method.ecma376_agile import ECMA376Agile

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.reading.document import read_document
from pharma_assets.reading.formats import sniff

_BEGINNINGS = st.sampled_from(
    [
        b"",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"\t\x08\x10\x00",
        b"\t\x00\x04\x00",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xff\xfe<\x00",
        b"sep=;\n",
        b'"',
        b"1;2\n",
        b"<",
        b"<?xml ",
        b"<?xml version='1.0' encoding='",
        b"<table><tr><td>",
        b"<html><meta charset=",
        b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html\n\n",
        b"\x03\x7d\x06\x01\x01\x00\x00\x00\x41\x00\x14\x00" + bytes(20),
        b"\x30\x7d\x06\x01\x01\x00\x00\x00\x41\x00",
        b"{",
    ]
)


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["инн", 1, 2.5, None, True])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _xls() -> bytes:
    book = xlwt.Workbook()
    book.add_sheet("x").write(0, 0, "инн")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _encrypted() -> bytes:
    content: bytes = ECMA376Agile.encrypt("VelvetSweatshop", io.BytesIO(_xlsx()), spin_count=5)
    return content


def _ods() -> bytes:
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    cell = '<table:table-cell office:value-type="string"><text:p>инн</text:p></table:table-cell>'
    table = f'<table:table table:name="x"><table:table-row>{cell}</table:table-row></table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("content.xml", f"<office:document-content{names}>{body}</office:document-content>")
        file.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def _dbf() -> bytes:
    fields = (
        (b"INN", b"C", 5),
        (b"QTY", b"N", 8),
        (b"DAY", b"D", 8),
        (b"OK", b"L", 1),
        (b"AT", b"T", 8),
        (b"I", b"I", 4),
    )
    descriptors = b"".join(
        name.ljust(11, b"\0") + kind + bytes(4) + bytes([size]) + bytes(15) for name, kind, size in fields
    )
    header = b"\x30\x7d\x06\x01" + struct.pack("<IHH", 2, 33 + len(descriptors), 35) + bytes(20)
    record = " абв ".encode("cp866") + b"   12.50" + b"20250601" + b"T" + bytes(8) + b"\x01\0\0\0"
    return header + descriptors + b"\r" + b" " + record + b"*" + record + b"\x1a"


_TABLE = "<table><caption>Итог</caption><tr hidden><td colspan=2 rowspan=2 x:num='1.5'>инн<td>б<tr><td>1<td>2</table>"
_PAGE = f"<html><head><meta charset=utf-8><style>.a{{mso-number-format:'0'}}</style></head>{_TABLE}</html>".encode()
_ARCHIVE = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Location: a.htm\r\n"
    b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + _PAGE + b"\r\n--x--\r\n"
)
_SPREADSHEET = (
    '<?xml version="1.0" encoding="utf-8"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
    ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="x"><Table><Row ss:Index="2"><Cell'
    ' ss:MergeAcross="1"><Data ss:Type="String">инн</Data></Cell><Cell><Data ss:Type="Number">1.5</Data></Cell><Cell'
    ' ss:Formula="=1"/><Cell><Data ss:Type="DateTime">2025-06-01T00:00:00.000</Data></Cell></Row></Table></Worksheet>'
    "</Workbook>"
).encode()
FORMATS = {
    "xlsx": _xlsx(),
    "xls": _xls(),
    "an encrypted workbook": _encrypted(),
    "ods": _ods(),
    "dbf": _dbf(),
    "html": _PAGE,
    "mhtml": _ARCHIVE,
    "xml2003": _SPREADSHEET,
    "csv": 'инн;клиент\r\n1;"Ромашка"\r\n'.encode("cp1251"),
}


def _require_an_end(content: bytes) -> None:
    try:
        document = read_document(content)
    except PharmaError as problem:
        assert problem.problem.scope is Scope.FILE  # noqa: PT017 - a document is as good
        return
    for sheet in document.sheets:
        assert all(
            len(column) == len(kinds) == sheet.height for column, kinds in zip(sheet.columns, sheet.kinds, strict=True)
        )
        assert sheet.rows.tolist() == sorted(set(sheet.rows.tolist()))
        assert sheet.hidden is None or len(sheet.hidden) == sheet.height
        for column in sheet.columns:
            column.validate(full=True)
            assert not any("\0" in text for text in column.to_pylist() if text)


def test_14_the_samples_are_what_they_are_called() -> None:
    assert {name: sniff(content) for name, content in FORMATS.items()} == {name: name for name in FORMATS}
    for content in FORMATS.values():
        assert read_document(content).sheets[0].height


@settings(deadline=None, max_examples=400)
@given(_BEGINNINGS, st.binary(max_size=300))
def test_03_12_any_bytes(beginning: bytes, rest: bytes) -> None:
    _require_an_end(beginning + rest)


@settings(deadline=None, max_examples=500)
@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_03_damaged_files(name: str, data: st.DataObject) -> None:
    content = FORMATS[name]
    damaged = bytearray(content[: data.draw(st.integers(1, len(content)))])
    for _ in range(data.draw(st.integers(0, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    _require_an_end(bytes(damaged))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["html", "mhtml", "xml2003", "dbf", "csv"]), st.data())
def test_03_pieces_in_the_wrong_place(name: str, data: st.DataObject) -> None:
    content = FORMATS[name]
    places = st.integers(0, len(content))
    pieces = [
        content[slice(*sorted((data.draw(places), data.draw(places))))] for _ in range(data.draw(st.integers(1, 4)))
    ]
    _require_an_end(content[: data.draw(places)] + b"".join(pieces) or b"x")
