from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from pharma_assets.demo.workbook import write_xlsx
from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document, Kind
from pharma_assets.reading.workbooks import xlsx
from pharma_assets.reading.workbooks.archive import list_entries
from pharma_assets.reading.workbooks.survey import Box, survey_sheets, worst_box


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


@pytest.mark.parametrize("hints", [Hints(), Hints(careful=True)], ids=["calamine", "openpyxl"])
def test_dates_of_the_1904_epoch_and_times_case_41(hints: Hints) -> None:
    def fill(book: openpyxl.Workbook) -> None:
        book.epoch = CALENDAR_MAC_1904
        book.active.append([date(2025, 6, 1), datetime(2025, 6, 1, 9, 5), time(9, 5)])

    sheet = read_document(workbook(fill), hints).sheets[0]
    assert sheet.row_texts(0) == ["2025-06-01", "2025-06-01T09:05:00", "09:05:00"]
    assert [kinds[0] for kinds in sheet.kinds] == [Kind.DATE] * 3


@pytest.mark.parametrize("hints", [Hints(), Hints(careful=True)], ids=["calamine", "openpyxl"])
def test_blank_dash_zero_and_long_codes_cases_37_and_44(hints: Hints) -> None:
    content = workbook(lambda book: book.active.append([None, "-", 0, 4607001234567, 4607001234567.0, False]))
    document = read_document(content, hints)
    assert document.engine == ("openpyxl" if hints.careful else "calamine")
    assert document.sheets[0].row_texts(0) == [None, "-", "0", "4607001234567", "4607001234567", "FALSE"]


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


def _stray(book: openpyxl.Workbook) -> None:
    book.active.append(["инн", "клиент"])
    book.active.append(["1", "2"])
    book.active["XFD1048576"] = "x"


def test_a_stray_cell_in_the_last_corner_takes_no_memory_case_10() -> None:
    document = read_document(workbook(_stray))
    sheet = document.sheets[0]
    assert sheet.rows.tolist() == [1, 2, 1048576]
    assert len(sheet.columns) == 16384
    assert sheet.columns[0].to_pylist() == ["инн", "1", None]
    assert sheet.columns[-1].to_pylist() == [None, None, "x"]
    assert sheet.filled.all()
    (remark,) = document.remarks
    assert (remark.code, remark.facts["engine"], remark.facts["first"]) == ("SECOND_ENGINE", "openpyxl", "calamine")


@pytest.mark.parametrize("other", [rb"r='\1'", rb'  r = "\1"', rb'\nr="\1"'])
def test_a_stray_cell_is_found_however_it_is_written(other: bytes) -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        return name, re.sub(rb'\br="(\w+)"', other, data) if "worksheets/" in name else data

    assert read_document(rewrite(workbook(_stray), change)).engine == "openpyxl"


def test_a_stray_cell_in_a_sheet_too_large_for_the_second_engine_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xlsx, "MAX_OPENPYXL", 100)
    with pytest.raises(PharmaError, match="RESOURCE_LIMIT"):
        read_document(workbook(_stray))


def _box(xml: bytes, compression: int = zipfile.ZIP_DEFLATED) -> Box:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        file.writestr("xl/worksheets/sheet1.xml", b"<worksheet><sheetData>" + xml + b"</sheetData></worksheet>")
    return worst_box(survey_sheets(out.getvalue(), list_entries(out.getvalue())))


@pytest.mark.parametrize("at", [1 << 20, (1 << 20) + 10, 1 << 16])
def test_wide_cells_are_found_wherever_the_chunks_end(at: int) -> None:
    for shift in range(0, 60, 3):
        xml = b'<row r="1048576">' + b" " * (at - 39 - shift) + b'<c r="XFD1048576" s="1"><v>1</v></c></row>'
        assert _box(xml, zipfile.ZIP_STORED) == Box(1048576 * 16384, sparse=True)


def test_mere_formatting_far_out_is_no_cell() -> None:
    xml = b'<row r="1"><c r="AB1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="3"/></row>'
    assert _box(xml) == Box(28)


@given(st.lists(st.tuples(st.integers(1, 1 << 20), st.integers(1, 1 << 14)), min_size=1, max_size=20))
def test_no_cell_lies_outside_the_box(places: list[tuple[int, int]]) -> None:
    rows = "".join(
        f'<row r="{row}"><c r="{get_column_letter(column)}{row}"><v>1</v></c></row>' for row, column in sorted(places)
    )
    assert _box(rows.encode()).cells >= max(row for row, _ in places) * max(column for _, column in places)


def test_a_large_dense_sheet_is_not_sparse() -> None:
    cells = "".join(f'<c r="{get_column_letter(column)}%d" t="s"><v>1</v></c>' for column in range(1, 61))
    xml = "".join(f'<row r="{row}">{cells}</row>'.replace("%d", str(row)) for row in range(1, 3000)).encode()
    assert _box(xml) == Box(2999 * 78)


def test_a_wrong_dimension_hides_no_row_case_34() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        for number in range(50):
            book.active.append([str(number)])

    content = rewrite(
        workbook(fill),
        lambda name, data: (name, data.replace(b'<dimension ref="A1:A50"', b'<dimension ref="A1:A2"')),
    )
    assert read_document(content).sheets[0].height == 50


def test_zip_bombs_are_refused_case_11() -> None:
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


def test_a_broken_sheet_is_corrupt_case_3() -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        return name, data[: len(data) // 2] if "worksheets/" in name else data

    with pytest.raises(PharmaError, match="CORRUPT_FILE: not readable as xlsx"):
        read_document(rewrite(workbook(_offset), change))


def _shared_strings() -> bytes:
    return write_xlsx("Лист1", [(1, ["инн", 5]), (2, ["клиент", 6])], 2)  # openpyxl may write texts into their cells


def test_shared_strings_in_the_wrong_case_are_found_case_9() -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        return ("xl/SharedStrings.xml" if name == "xl/sharedStrings.xml" else name), data

    sheet = read_document(rewrite(_shared_strings(), change)).sheets[0]
    assert sheet.columns[0].to_pylist() == ["инн", "клиент"]


@pytest.mark.parametrize("cell", ['<c r="A0"><v>1</v></c>', '<c r="A0" t="e"><v>#N/A</v></c>'])
def test_a_row_that_cannot_be_is_corrupt(cell: str) -> None:
    for hints in (Hints(), Hints(careful=True)):
        with pytest.raises(PharmaError, match="CORRUPT_FILE"):
            read_document(sheet_of(f'<row r="1"><c r="B1"><v>1</v></c></row><row r="0">{cell}</row>'), hints)


def test_missing_shared_strings_are_no_text_out_of_nowhere_case_9() -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        return ("xl/other.xml" if name == "xl/sharedStrings.xml" else name), data

    with pytest.raises(PharmaError, match="CORRUPT_FILE"):
        read_document(rewrite(_shared_strings(), change))


def test_styles_that_the_strict_engine_refuses_are_read_case_9() -> None:
    content = rewrite(
        workbook(_offset),
        lambda name, data: (name, re.sub(rb"<fill>.*?</fill>", b"<fill/>", data) if name == "xl/styles.xml" else data),
    )
    with pytest.raises(TypeError):
        xlsx.openpyxl_document(content)
    assert read_document(content).sheets[0].row_texts(0)[2] == "инн"


def test_strict_office_open_xml_is_read() -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        data = data.replace(
            b"schemas.openxmlformats.org/spreadsheetml/2006/main", b"purl.oclc.org/ooxml/spreadsheetml/main"
        )
        return name, data.replace(
            b"schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"purl.oclc.org/ooxml/officeDocument/relationships",
        )

    def fill(book: openpyxl.Workbook) -> None:
        _offset(book)
        book.active["E6"] = "#N/A"

    document = read_document(rewrite(workbook(fill), change))
    assert document.engine == "calamine"
    assert document.sheets[0].row_texts(2) == [None, None, "0123456789", "4607001234567", "#N/A"]


def test_a_workbook_with_macros_is_read_case_14() -> None:
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    macro = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    content = rewrite(workbook(_offset), lambda name, data: (name, data.replace(kind, macro)))
    for hints in (Hints(), Hints(careful=True)):
        assert read_document(content, hints).sheets[0].row_texts(0)[2] == "инн"


@pytest.mark.parametrize("hints", [Hints(), Hints(careful=True)], ids=["calamine", "openpyxl"])
def test_texts_as_excel_shows_them(hints: Hints) -> None:
    item = '<r><t>аб</t></r><r><rPr><b/></rPr><t xml:space="preserve"> вг </t></r><rPh sb="0" eb="1"><t>нет</t></rPh>'
    cells = (
        f'<c r="A1" t="inlineStr"><is>{item}</is></c><c r="B1" t="inlineStr"><is><t>a_x000D_b</t></is></c>'
        '<c r="C1" t="inlineStr"><is><t>a_x0000_b</t></is></c><c r="D1" t="str"><v>=HYPERLINK()</v></c>'
    )
    assert read_document(sheet_of(f'<row r="1">{cells}</row>'), hints).sheets[0].row_texts(0) == [
        "аб вг ",
        "a\rb",
        "a␀b",
        "=HYPERLINK()",
    ]


@pytest.mark.parametrize("stray", ["", '<row r="1048576"><c r="A1048576"><v>7</v></c></row>'], ids=["blank", "stray"])
def test_blank_formatted_rows_cost_nothing_case_35(stray: str) -> None:
    real = "".join(f'<row r="{row}"><c r="A{row}"><v>{row}</v></c></row>' for row in range(1, 11))
    blank = "".join(
        f'<row r="{row}" s="1"><c r="A{row}" s="1"/><c r="B{row}" s="1"/></row>' for row in range(11, 50_000)
    )
    sheet = read_document(sheet_of(real + blank + stray)).sheets[0]
    assert sheet.rows.tolist()[:10] == list(range(1, 11))
    assert sheet.height < 5_000
    assert sheet.columns[0].to_pylist()[-1] == ("7" if stray else "10")
    assert sheet.rows[-1] == (1048576 if stray else 10)


def sheet_of(rows: str, styles: str = "", calculation: str = "") -> bytes:
    """A workbook with those rows in its first sheet and other styles, as Excel would write it."""

    def change(name: str, data: bytes) -> tuple[str, bytes]:
        if name == "xl/worksheets/sheet1.xml":
            data = re.sub(rb"<sheetData ?/>|<sheetData>.*</sheetData>", f"<sheetData>{rows}</sheetData>".encode(), data)
        if name == "xl/workbook.xml":
            data = re.sub(rb"<calcPr[^>]*/>", calculation.encode(), data)
        if name == "xl/styles.xml" and styles:
            formats, cell_styles = styles.split("|")
            data = re.sub(rb"<numFmts[^>]*/>", f"<numFmts>{formats}</numFmts>".encode(), data)
            data = re.sub(rb"<cellXfs.*</cellXfs>", f"<cellXfs>{cell_styles}</cellXfs>".encode(), data)
        return name, data

    return rewrite(workbook(lambda book: None), change)
