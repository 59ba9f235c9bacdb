from __future__ import annotations

import io
import struct
from collections.abc import Callable
from datetime import date, datetime, time

import pytest
import xlrd
import xlwt

from pharma_assets.errors import PharmaError
from pharma_assets.reading import biff, xls
from pharma_assets.reading.document import read_document
from pharma_assets.reading.sheet import Kind


def workbook(fill: Callable[[xlwt.Workbook], None]) -> bytes:
    book = xlwt.Workbook()
    fill(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cells(book: xlwt.Workbook) -> None:
    sheet = book.add_sheet("Лист1")
    day = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    clock = xlwt.easyxf(num_format_str="HH:MM:SS")
    sheet.write(2, 1, "инн")
    sheet.write(3, 1, "0123456789")
    sheet.write(4, 1, 4607001234567)
    sheet.write(5, 1, 0.1)
    sheet.write(6, 1, datetime(2025, 6, 1), day)
    sheet.write(7, 1, datetime(2025, 6, 1, 12, 30, 15), day)
    sheet.write(8, 1, time(9, 5), clock)
    sheet.write(9, 1, True)
    sheet.write(10, 1, " ")
    book.add_sheet("Скрытый").visibility = 1


def test_cells_kinds_and_coordinates() -> None:
    document = read_document(workbook(_cells))
    assert (document.format, document.engine) == ("xls", "xlrd")
    sheet, hidden = document.sheets
    assert (sheet.visible, hidden.visible) == (True, False)
    assert sheet.rows[2] == 3
    assert sheet.columns[0].null_count == sheet.height
    assert sheet.columns[1].to_pylist()[2:] == [
        "инн",
        "0123456789",
        "4607001234567",
        "0.1",
        "2025-06-01",
        "2025-06-01T12:30:15",
        "09:05:00",
        "TRUE",
        None,
    ]
    kinds = [Kind.TEXT] * 2 + [Kind.NUMBER] * 2 + [Kind.DATE] * 3 + [Kind.BOOL, Kind.BLANK]
    assert sheet.kinds[1].tolist()[2:] == kinds


def test_dates_of_the_1904_epoch() -> None:
    def fill(book: xlwt.Workbook) -> None:
        book.dates_1904 = True
        serial = (date(2025, 6, 1) - date(1904, 1, 1)).days
        book.add_sheet("x").write(0, 0, serial, xlwt.easyxf(num_format_str="DD.MM.YYYY"))

    assert read_document(workbook(fill)).sheets[0].row_texts(0) == ["2025-06-01"]


def test_a_negative_number_under_a_date_format_stays_a_number() -> None:
    def fill(book: xlwt.Workbook) -> None:
        book.add_sheet("x").write(0, 0, -3, xlwt.easyxf(num_format_str="DD.MM.YYYY"))

    sheet = read_document(workbook(fill)).sheets[0]
    assert (sheet.row_texts(0), sheet.kinds[0].tolist()) == (["-3"], [Kind.NUMBER])


def test_excel_errors_are_kept() -> None:
    # xlwt writes no error cells; BOOLERR with the error flag is what Excel writes for #N/A.
    def fill(book: xlwt.Workbook) -> None:
        book.add_sheet("x").write(0, 0, True)

    content = workbook(fill)
    record = struct.pack("<HHHH", 0x0205, 8, 0, 0)
    at = content.index(record)
    content = content[: at + 10] + b"\x2a\x01" + content[at + 12 :]
    sheet = read_document(content).sheets[0]
    assert (sheet.row_texts(0), sheet.kinds[0].tolist()) == (["#N/A"], [Kind.ERROR])


def _biff5(records: list[tuple[int, bytes]]) -> bytes:
    return b"".join(struct.pack("<HH", code, len(data)) + data for code, data in records)


def test_bare_biff5_without_code_page_is_read_as_cp1251() -> None:
    label = "инн".encode("cp1251")
    sheet = _biff5(
        [
            (0x0809, struct.pack("<HHHH", 0x0500, 0x0010, 0, 0)),
            (0x0204, struct.pack("<HHHH", 0, 0, 0, len(label)) + label),
            (0x000A, b""),
        ]
    )
    name = "Лист".encode("cp1251")

    def globals_at(offset: int) -> bytes:
        return _biff5(
            [
                (0x0809, struct.pack("<HHHH", 0x0500, 0x0005, 0, 0)),
                (0x0085, struct.pack("<IHB", offset, 0, len(name)) + name),
                (0x000A, b""),
            ]
        )

    content = globals_at(len(globals_at(0))) + sheet
    document = read_document(content)
    assert document.engine == "xlrd"
    assert document.sheets[0].name == "Лист"
    assert document.sheets[0].row_texts(0) == ["инн"]


def test_the_second_engine_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise xlrd.XLRDError("no")

    monkeypatch.setattr(xls, "_open", fail)
    document = read_document(workbook(_cells))
    assert document.engine == "calamine"
    assert "0123456789" in document.sheets[0].columns[1].to_pylist()
    with pytest.raises(PharmaError, match="CORRUPT_FILE: not readable as xls: no"):
        read_document(workbook(_cells)[:600])


def test_an_encrypted_workbook_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise xlrd.XLRDError("Workbook is encrypted")

    monkeypatch.setattr(xls, "_open", fail)
    with pytest.raises(PharmaError, match="PASSWORD_PROTECTED"):
        read_document(workbook(_cells))


@pytest.mark.parametrize(
    ("record", "at", "wild"),
    [
        (struct.pack("<HHI", 0x0200, 14, 0), 8, b"\x01\x00\x00\xb9"),
        (struct.pack("<H", 0x00FC), 8, b"\xff\xff\xff\x7f"),
        (struct.pack("<HHH", 0x00FD, 10, 0), 6, b"\xff\xff"),
    ],
    ids=["dimensions", "shared strings", "a cell's column"],
)
def test_calamine_never_sees_what_would_abort_the_process(record: bytes, at: int, wild: bytes) -> None:
    content = workbook(lambda book: book.add_sheet("x").write(0, 0, "инн"))
    assert biff.is_sound(content)
    start = content.index(record) + at
    assert not biff.is_sound(content[:start] + wild + content[start + len(wild) :])
