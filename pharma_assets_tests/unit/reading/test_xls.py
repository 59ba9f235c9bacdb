from __future__ import annotations

import io
import struct
from collections.abc import Callable
from datetime import date, datetime, time

import pytest
import xlrd
import xlwt

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Kind, Merge
from pharma_assets.reading.workbooks import biff, calamine, xls


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
    ]
    kinds = [Kind.TEXT] * 2 + [Kind.NUMBER] * 2 + [Kind.DATE] * 3 + [Kind.BOOL]
    assert sheet.kinds[1].tolist()[2:] == kinds


def test_dates_of_the_1904_epoch_case_41() -> None:
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


def test_excel_errors_are_kept_case_43() -> None:
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


@pytest.mark.parametrize(
    ("opening", "version", "label", "number"),
    [
        (0x0009, 0x0002, (0x0004, "<HH3xB"), (0x0003, "<HH3xd")),
        (0x0209, 0x0300, (0x0204, "<HHHH"), (0x0203, "<HHHd")),
        (0x0409, 0x0400, (0x0204, "<HHHH"), (0x0203, "<HHHd")),
    ],
    ids=["BIFF2", "BIFF3", "BIFF4"],
)
def test_workbooks_of_the_first_excels(
    opening: int, version: int, label: tuple[int, str], number: tuple[int, str]
) -> None:
    text = "инн".encode("cp1251")
    style = () if opening == 0x0009 else (0,)
    content = _biff5(
        [
            (opening, struct.pack("<HH", version, 0x0010) + (b"" if opening == 0x0009 else bytes(2))),
            (label[0], struct.pack(label[1], 0, 0, *style, len(text)) + text),
            (number[0], struct.pack(number[1], 1, 0, *style, 4607001234567.0)),
            (0x000A, b""),
        ]
    )
    document = read_document(content)
    assert (document.format, document.engine) == ("xls", "xlrd")
    assert document.sheets[0].columns[0].to_pylist() == ["инн", "4607001234567"]


@pytest.fixture
def without_xlrd(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise xlrd.XLRDError("no")

    monkeypatch.setattr(xls, "_open", fail)


@pytest.mark.usefixtures("without_xlrd")
def test_the_second_engine_takes_over() -> None:
    document = read_document(workbook(_cells))
    assert document.engine == "calamine"
    assert "0123456789" in document.sheets[0].columns[1].to_pylist()
    assert [(remark.code, remark.facts) for remark in document.remarks] == [
        ("SECOND_ENGINE", {"engine": "calamine", "first": "xlrd", "why": "failed: no"})
    ]
    with pytest.raises(PharmaError, match="CORRUPT_FILE: not readable as xls: no"):
        read_document(workbook(_cells)[:600])
    with pytest.raises(PharmaError, match="CORRUPT_FILE: not readable as xls: no"):
        read_document(workbook(_cells), Hints(careful=True))


def _with_formats(book: xlwt.Workbook) -> None:
    sheet = book.add_sheet("x")
    formats = ["0.000", "DD.MM.YYYY", "000000", "HH:MM"]
    sheet.write(0, 0, 12.5, xlwt.easyxf(num_format_str=formats[0]))
    sheet.write(1, 0, 45809, xlwt.easyxf(num_format_str=formats[1]))
    sheet.write(2, 0, 123, xlwt.easyxf(num_format_str=formats[2]))
    sheet.write(3, 0, 0.5, xlwt.easyxf(num_format_str=formats[3]))
    for column in range(3):  # adjacent numbers share a record
        sheet.write(4, column, 7 + column, xlwt.easyxf(num_format_str=formats[2]))


def _as_1c_numbers_formats(content: bytes) -> bytes:
    """The number formats from 164 on become those from 50 on, as in the files of 1C."""
    for number in range(164, 170):
        old, new = struct.pack("<H", number), struct.pack("<H", number - 114)
        at = 0
        while (at := content.find(old, at)) >= 0:
            is_format = content[at - 4 : at - 2] == b"\x1e\x04"
            is_style = content[at - 6 : at - 4] == b"\xe0\x00" and content[at - 4 : at - 2] == b"\x14\x00"
            if is_format or is_style:
                content = content[:at] + new + content[at + 2 :]
            at += 2
    return content


WITH_FORMATS = ["12.5", "2025-06-01", "000123", "12:00:00", "000007"]


def test_formats_numbered_as_1c_does_case_36() -> None:
    sheet = read_document(_as_1c_numbers_formats(workbook(_with_formats))).sheets[0]
    assert sheet.columns[0].to_pylist() == WITH_FORMATS
    assert [column[4].as_py() for column in sheet.columns] == ["000007", "000008", "000009"]
    assert sheet.kinds[0].tolist() == [Kind.NUMBER, Kind.DATE, Kind.NUMBER, Kind.DATE, Kind.NUMBER]


@pytest.mark.usefixtures("without_xlrd")
def test_the_second_engine_takes_no_number_for_a_date() -> None:
    content = _as_1c_numbers_formats(workbook(_with_formats))
    misread = calamine.workbook_document(calamine.open_workbook(content), "xls").sheets[0]
    assert misread.columns[0].to_pylist() != WITH_FORMATS
    document = read_document(content)
    assert document.engine == "calamine"
    assert document.sheets[0].columns[0].to_pylist() == WITH_FORMATS
    assert document.sheets[0].kinds[0].tolist() == [Kind.NUMBER, Kind.DATE, Kind.NUMBER, Kind.DATE, Kind.NUMBER]


@pytest.mark.usefixtures("without_xlrd")
def test_the_second_engine_knows_the_1904_epoch_case_41() -> None:
    def fill(book: xlwt.Workbook) -> None:
        book.dates_1904 = True
        serial = (date(2025, 6, 1) - date(1904, 1, 1)).days
        book.add_sheet("x").write(0, 0, serial, xlwt.easyxf(num_format_str="DD.MM.YYYY"))

    assert read_document(workbook(fill)).sheets[0].row_texts(0) == ["2025-06-01"]


def test_hidden_rows_and_merges_cases_22_and_33() -> None:
    def fill(book: xlwt.Workbook) -> None:
        book.add_sheet("пустой")
        sheet = book.add_sheet("x")
        for row in range(4):
            sheet.write(row, 2, row)
        sheet.write_merge(0, 3, 0, 1, "итог")
        sheet.row(2).hidden = True

    empty, sheet = read_document(workbook(fill)).sheets
    assert (empty.hidden, empty.merges) == (None, ())
    assert sheet.hidden is not None
    assert sheet.rows[sheet.hidden].tolist() == [3]
    assert sheet.merges == (Merge(1, 4, 0, 1),)
    assert sheet.columns[0].to_pylist() == ["итог", None, None, None]


def test_a_formula_that_was_never_calculated_case_42() -> None:
    def fill(book: xlwt.Workbook) -> None:
        sheet = book.add_sheet("x")
        sheet.write(0, 0, xlwt.Formula("1+1"))
        sheet.write(0, 1, xlwt.Formula("1+1"))
        sheet.write(0, 2, 5)

    content = workbook(fill)
    result = struct.pack("<Q", 0xFFFF000000000003) + bytes(2)  # as xlwt writes it: an empty text
    at = content.index(result)
    content = content[:at] + bytes(8) + b"\x02\x00" + content[at + 10 :]  # as Java's POI does
    at = content.index(result)
    content = content[:at] + bytes(10) + content[at + 10 :]  # a 0 that was calculated
    sheet = read_document(content).sheets[0]
    assert sheet.row_texts(0) == ["=", "0", "5"]
    assert [kinds[0] for kinds in sheet.kinds] == [Kind.FORMULA, Kind.NUMBER, Kind.NUMBER]


def test_a_stray_cell_in_the_last_corner_case_10() -> None:
    def fill(book: xlwt.Workbook) -> None:
        sheet = book.add_sheet("x")
        sheet.write(0, 0, "инн")
        sheet.write(65535, 255, 1)

    sheet = read_document(workbook(fill)).sheets[0]
    assert (sheet.rows[0], sheet.rows[-1], len(sheet.columns)) == (1, 65536, 256)
    assert sheet.height < 5_000
    assert sheet.columns[255][sheet.height - 1].as_py() == "1"


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8, 0.95])
def test_a_cut_off_workbook_is_never_read_in_part_case_3(part: float) -> None:
    def fill(book: xlwt.Workbook) -> None:
        sheet = book.add_sheet("x")
        for row in range(2000):
            sheet.write(row, 0, f"строка {row}")

    content = workbook(fill)
    with pytest.raises(PharmaError, match="CORRUPT_FILE"):
        read_document(content[: int(len(content) * part)])


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
