"""Whatever the bytes are, reading ends in a document or in a problem of the catalogue."""

from __future__ import annotations

import contextlib
import io

import openpyxl
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document

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
        b"sep=;\n",
        b'"',
        b"1;2\n",
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


XLSX, XLS = _xlsx(), _xls()


@settings(deadline=None, max_examples=300)
@given(_BEGINNINGS, st.binary(max_size=300))
def test_any_bytes(beginning: bytes, rest: bytes) -> None:
    with contextlib.suppress(PharmaError):
        read_document(beginning + rest)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([XLSX, XLS]), st.data())
def test_damaged_workbooks(content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content[: data.draw(st.integers(1, len(content)))])
    for _ in range(data.draw(st.integers(0, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PharmaError):
        read_document(bytes(damaged))
