"""Writes minimal xlsb workbooks for tests, record by record, since no library writes them."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_BINARY = "application/vnd.ms-excel"


def record(kind: int, data: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = len(data), b""
    while size >= 0x80:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return head + length + bytes([size]) + data


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


@dataclass
class Book:
    """What goes into a workbook. `formats` are the format codes of the cell styles from 1 on."""

    rows: Sequence[tuple[int, Sequence[tuple[int, int, int, bytes]]]] = ()
    """Row from 1 and its cells: column from 0, style, kind of record, value."""
    formats: Sequence[str] = ()
    strings: Sequence[str] = ()
    hidden_rows: Sequence[int] = ()
    merges: Sequence[tuple[int, int, int, int]] = ()
    is_1904: bool = False
    states: Sequence[int] = (0,)
    dimension: tuple[int, int, int, int] = (0, 0, 0, 0)
    change: Callable[[str, bytes], bytes] = field(default=lambda name, data: data)


def shared(index: int) -> tuple[int, bytes]:
    return 7, struct.pack("<I", index)


def text(value: str) -> tuple[int, bytes]:
    return 6, wide(value)


def rich(value: str) -> tuple[int, bytes]:
    return 62, b"\0" + wide(value)


def real(value: float) -> tuple[int, bytes]:
    return 5, struct.pack("<d", value)


def rk(value: int) -> tuple[int, bytes]:
    return 2, struct.pack("<i", value << 2 | 2)


def error(code: int) -> tuple[int, bytes]:
    return 3, bytes([code])


def boolean(value: bool) -> tuple[int, bytes]:
    return 4, bytes([value])


def blank() -> tuple[int, bytes]:
    return 1, b""


def formula_number(value: float) -> tuple[int, bytes]:
    return 9, struct.pack("<dHI", value, 0, 0) + struct.pack("<I", 0)


def formula_error(code: int) -> tuple[int, bytes]:
    return 11, struct.pack("<BHI", code, 0, 0) + struct.pack("<I", 0)


def cell(column: int, value: tuple[int, bytes], style: int = 0) -> tuple[int, int, int, bytes]:
    return column, style, *value


def write_xlsb(book: Book) -> bytes:
    parts = {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            f'<Default Extension="bin" ContentType="{_BINARY}.sheet.binary.macroEnabled.main"/>'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
        ).encode(),
        "_rels/.rels": _relations([("rId1", "officeDocument", "xl/workbook.bin")]),
        "xl/_rels/workbook.bin.rels": _relations(
            [
                *((f"rId{i}", "worksheet", f"worksheets/sheet{i}.bin") for i in range(1, len(book.states) + 1)),
                ("rId91", "styles", "styles.bin"),
                ("rId92", "sharedStrings", "sharedStrings.bin"),
            ]
        ),
        "xl/workbook.bin": _workbook(book),
        "xl/styles.bin": _styles(book.formats),
        "xl/sharedStrings.bin": _strings(book.strings),
        **{f"xl/worksheets/sheet{i}.bin": _sheet(book) for i in range(1, len(book.states) + 1)},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, book.change(name, data))
    return out.getvalue()


def _relations(relations: Sequence[tuple[str, str, str]]) -> bytes:
    items = "".join(f'<Relationship Id="{i}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for i, kind, to in relations)
    return f'<Relationships xmlns="{_PACKAGE}">{items}</Relationships>'.encode()


def _workbook(book: Book) -> bytes:
    sheets = (
        record(156, struct.pack("<II", state, index) + wide(f"rId{index}") + wide(f"Лист{index}"))
        for index, state in enumerate(book.states, start=1)
    )
    properties = record(153, struct.pack("<III", int(book.is_1904), 0, 0))
    return record(131) + properties + record(143) + b"".join(sheets) + record(144) + record(132)


def _styles(formats: Sequence[str]) -> bytes:
    codes = b"".join(record(44, struct.pack("<H", 164 + i) + wide(code)) for i, code in enumerate(formats))
    numbers = [0, *range(164, 164 + len(formats))]
    styles = b"".join(record(47, struct.pack("<HHHHHHI", 0, number, 0, 0, 0, 0, 0)) for number in numbers)
    # A style that is no cell style stands before, as in real workbooks.
    base = (
        record(626, struct.pack("<I", 1)) + record(47, struct.pack("<HHHHHHI", 0xFFFF, 14, 0, 0, 0, 0, 0)) + record(627)
    )
    formats_part = record(615, struct.pack("<I", len(formats))) + codes + record(616) if formats else b""
    return (
        record(278)
        + formats_part
        + base
        + record(617, struct.pack("<I", len(numbers)))
        + styles
        + record(618)
        + record(279)
    )


def _strings(strings: Sequence[str]) -> bytes:
    items = b"".join(record(19, b"\0" + wide(value)) for value in strings)
    return record(159, struct.pack("<II", len(strings), len(strings))) + items + record(160)


def _sheet(book: Book) -> bytes:
    body = b""
    for row, cells in book.rows:
        hidden = 0x10 if row in book.hidden_rows else 0
        body += record(0, struct.pack("<IIHBBBI", row - 1, 0, 300, 0, hidden, 0, 0))
        body += b"".join(
            record(kind, struct.pack("<II", column, style) + value) for column, style, kind, value in cells
        )
    merges = b"".join(record(176, struct.pack("<IIII", *merge)) for merge in book.merges)
    merged = record(177, struct.pack("<I", len(book.merges))) + merges + record(178) if merges else b""
    dimension = record(148, struct.pack("<IIII", *book.dimension))
    return record(129) + dimension + record(145) + body + record(146) + merged + record(130)
