from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from pharma_assets.errors import PharmaError
from pharma_assets.reading import archive, xlsx
from pharma_assets.reading.document import read_document
from pharma_assets.reading.sheet import Document, Kind


def workbook(fill: Callable[[openpyxl.Workbook], None]) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rewrite(content: bytes, change: Callable[[str, bytes], tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(*change(name, old.read(name)))
    return out.getvalue()


def read(fill: Callable[[openpyxl.Workbook], None]) -> Document:
    return read_document(workbook(fill))


def _offset(book: openpyxl.Workbook) -> None:
    book.active["C4"] = "инн"
    book.active["D4"] = "количество"
    book.active["C6"] = "0123456789"
    book.active["D6"] = 4607001234567


def test_coordinates_are_those_of_excel() -> None:
    sheet = read(_offset).sheets[0]
    assert sheet.rows.tolist() == [4, 5, 6]
    assert len(sheet.columns) == 4
    assert sheet.row_texts(0) == [None, None, "инн", "количество"]
    assert sheet.row_texts(2) == [None, None, "0123456789", "4607001234567"]
    assert sheet.kinds[3].tolist() == [Kind.TEXT, Kind.BLANK, Kind.NUMBER]
    assert sheet.filled.tolist() == [True, False, True]
    assert sheet.rows_filled_below(0) == 1
    assert sheet.widths is None


def test_both_engines_agree() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        sheet = book.active
        for row in (
            ["инн", "день", "да", "число"],
            ["0123456789", date(2025, 6, 1), True, 0.1],
            ["526275.00", datetime(2025, 6, 1, 12, 30, 15), False, 1e-05],
            [" x\nу ", None, None, 5],
        ):
            sheet.append(row)

    content = workbook(fill)
    first, second = read_document(content), xlsx.openpyxl_document(content)
    assert (first.engine, second.engine) == ("calamine", "openpyxl")
    for one, other in zip(first.sheets, second.sheets, strict=True):
        assert [one.row_texts(i) for i in range(4)] == [other.row_texts(i) for i in range(4)]
        assert [k.tolist() for k in one.kinds] == [k.tolist() for k in other.kinds]
    assert first.sheets[0].row_texts(2) == ["526275.00", "2025-06-01T12:30:15", "FALSE", "0.00001"]


def test_dates_of_the_1904_epoch() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        book.epoch = CALENDAR_MAC_1904
        book.active["A1"] = date(2025, 6, 1)

    assert read(fill).sheets[0].row_texts(0) == ["2025-06-01"]


def test_hidden_sheets_are_marked_and_chart_sheets_left_out() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        book.active.title = "Титул"
        book.active["A1"] = 1
        book.create_chartsheet("График")
        book.create_sheet("Скрытый").sheet_state = "hidden"
        book.create_sheet("Данные")["A1"] = 2

    sheets = read(fill).sheets
    assert [(sheet.name, sheet.visible) for sheet in sheets] == [
        ("Титул", True),
        ("Скрытый", False),
        ("Данные", True),
    ]
    assert (sheets[1].height, sheets[1].columns, sheets[1].filled.tolist()) == (0, (), [])


def test_a_workbook_without_cells_is_read_as_empty() -> None:
    document = read(lambda book: None)
    assert [sheet.height for sheet in document.sheets] == [0]


def test_excel_errors_are_kept() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        book.active.append(["инн", "количество"])
        book.active.append(["1", "#N/A"])

    document = read(fill)
    assert document.engine == "openpyxl"
    assert document.sheets[0].row_texts(1) == ["1", "#N/A"]
    assert document.sheets[0].kinds[1].tolist() == [Kind.TEXT, Kind.ERROR]


def _stray(book: openpyxl.Workbook) -> None:
    book.active.append(["инн", "клиент"])
    book.active.append(["1", "2"])
    book.active["XFD1048576"] = "x"


def test_a_stray_cell_in_the_last_corner_takes_no_memory() -> None:
    content = workbook(_stray)
    sheet = read_document(content).sheets[0]
    assert sheet.rows.tolist() == [1, 2, 1048576]
    assert len(sheet.columns) == 16384
    assert sheet.columns[0].to_pylist() == ["инн", "1", None]
    assert sheet.columns[-1].to_pylist() == [None, None, "x"]
    assert sheet.filled.all()


@pytest.mark.parametrize("other", [rb"r='\1'", rb'  r = "\1"', rb'\nr="\1"'])
def test_a_stray_cell_is_found_however_it_is_written(other: bytes) -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        return name, re.sub(rb'r="(\w+)"', other, data) if "worksheets/" in name else data

    assert read_document(rewrite(workbook(_stray), change)).engine == "openpyxl"


def test_a_stray_cell_in_a_sheet_too_large_for_the_second_engine_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xlsx, "MAX_OPENPYXL", 100)
    with pytest.raises(PharmaError, match="RESOURCE_LIMIT"):
        read_document(workbook(_stray))


@pytest.mark.parametrize("at", [1 << 20, (1 << 20) + 10, 1 << 16])
def test_wide_cells_are_found_wherever_the_chunks_end(at: int) -> None:
    for shift in range(0, 40, 3):
        xml = b'<row r="1048576">' + b" " * (at - 17 - shift) + b'<c r="XFD1048576" s="1"><v>1</v></c></row>'
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
            file.writestr("xl/worksheets/sheet1.xml", xml)
        entries = archive.list_entries(out.getvalue())
        assert archive.largest_box(out.getvalue(), entries) == 1048576 * 16384


def test_mere_formatting_far_out_is_no_cell() -> None:
    xml = b'<row r="1"><c r="AB1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="3"/></row>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", xml)
    assert archive.largest_box(out.getvalue(), archive.list_entries(out.getvalue())) <= 1048576 * 28


def test_a_wrong_dimension_hides_no_row() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        for number in range(50):
            book.active.append([str(number)])

    content = rewrite(
        workbook(fill),
        lambda name, data: (name, data.replace(b'<dimension ref="A1:A50"', b'<dimension ref="A1:A2"')),
    )
    assert read_document(content).sheets[0].height == 50


def test_zip_bombs_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "x")
        with file.open("xl/worksheets/sheet1.xml", "w") as entry:
            for _ in range(80):
                entry.write(b" " * (1 << 20))
    with pytest.raises(PharmaError, match="RESOURCE_LIMIT"):
        read_document(out.getvalue())


def test_an_entry_larger_than_it_declares_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", b" " * 5000)
    content = out.getvalue().replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    with pytest.raises(PharmaError, match="RESOURCE_LIMIT"):
        read_document(content)


def test_declared_entities_are_refused() -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        return name, bomb + data if "worksheets/" in name else data

    with pytest.raises(PharmaError, match="RESOURCE_LIMIT"):
        read_document(rewrite(workbook(_offset), change))


def test_a_broken_sheet_is_corrupt() -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        return name, data[: len(data) // 2] if "worksheets/" in name else data

    with pytest.raises(PharmaError, match="CORRUPT_FILE: not readable as xlsx"):
        read_document(rewrite(workbook(_offset), change))


def test_shared_strings_in_the_wrong_case_are_found() -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        return ("xl/SharedStrings.xml" if name == "xl/sharedStrings.xml" else name), data

    assert read_document(rewrite(workbook(_offset), change)).sheets[0].row_texts(0)[2] == "инн"
