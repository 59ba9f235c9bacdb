from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document, Kind, Merge
from pharma_assets.reading.workbooks.biff12 import records
from pharma_assets_tests.unit.reading import xlsb_writer as xlsb
from pharma_assets_tests.unit.reading.xlsb_writer import Book, cell, write_xlsb

BOTH = pytest.mark.parametrize("hints", [Hints(), Hints(careful=True)], ids=["calamine", "biff12"])
FORMATS = ("000000", "dd.mm.yyyy", "hh:mm:ss", "dd.mm.yyyy hh:mm", '0" дн."', "0.000")
MASK, DATE, TIME, MOMENT, DAYS, THOUSANDTHS = range(1, 7)
BOOK = Book(
    rows=[
        (1, [cell(0, xlsb.shared(0)), cell(1, xlsb.text("сумма")), cell(2, xlsb.rich("жирный"))]),
        (2, [cell(0, xlsb.rk(123), MASK), cell(1, xlsb.real(45809.0), DATE), cell(2, xlsb.real(4607001234567.0))]),
        (3, [cell(0, xlsb.real(0.5), TIME), cell(1, xlsb.real(45809.5), MOMENT), cell(2, xlsb.rk(5), DAYS)]),
        (4, [cell(0, xlsb.error(0x2A)), cell(1, xlsb.formula_error(0x17)), cell(2, xlsb.boolean(True))]),
        (5, [cell(0, xlsb.formula_number(1.5)), cell(1, xlsb.blank(), MASK), cell(2, xlsb.text("a\0b"))]),
        (7, [cell(1, xlsb.real(7.0), THOUSANDTHS), cell(2, xlsb.text("-"))]),
    ],
    formats=FORMATS,
    strings=["инн"],
)


def read(book: Book, hints: Hints) -> Document:
    document = read_document(write_xlsb(book), hints)
    assert (document.format, document.engine) == ("xlsb", "biff12" if hints.careful else "calamine")
    return document


@BOTH
def test_cells_kinds_and_coordinates_cases_14_36_37_41_43(hints: Hints) -> None:
    document = read(BOOK, hints)
    (sheet,) = document.sheets
    filled = {int(row): sheet.row_texts(index) for index, row in enumerate(sheet.rows) if sheet.filled[index]}
    assert filled == {
        1: ["инн", "сумма", "жирный"],
        2: ["000123", "2025-06-01", "4607001234567"],
        3: ["12:00:00", "2025-06-01T12:00:00", "5"],
        4: ["#N/A", "#REF!", "TRUE"],
        5: ["1.5", None, "a␀b"],
        7: [None, "7", "-"],
    }
    kinds = {int(row): [kinds[index] for kinds in sheet.kinds] for index, row in enumerate(sheet.rows)}
    assert kinds[2] == [Kind.NUMBER, Kind.DATE, Kind.NUMBER]
    assert kinds[3] == [Kind.DATE, Kind.DATE, Kind.NUMBER]
    assert kinds[4] == [Kind.ERROR, Kind.ERROR, Kind.BOOL]
    assert document.remarks == ()


@BOTH
def test_dates_of_the_1904_epoch_case_41(hints: Hints) -> None:
    cells = [cell(0, xlsb.rk(45809 - 1462), DATE), cell(1, xlsb.real(45809.0 - 1462), DATE)]
    sheet = read(Book(rows=[(1, cells)], formats=FORMATS, is_1904=True), hints).sheets[0]
    assert sheet.row_texts(0) == ["2025-06-01", "2025-06-01"]


@BOTH
def test_a_date_that_is_stored_as_an_integer_is_a_date(hints: Hints) -> None:
    sheet = read(Book(rows=[(1, [cell(0, xlsb.rk(45809), DATE)])], formats=FORMATS), hints).sheets[0]
    assert (sheet.row_texts(0), sheet.kinds[0].tolist()) == (["2025-06-01"], [Kind.DATE])


@BOTH
def test_hidden_rows_hidden_sheets_and_merges_cases_21_22_33(hints: Hints) -> None:
    book = replace(BOOK, hidden_rows=[2, 7], merges=[(0, 0, 0, 1)], states=(0, 1, 2))
    sheets = read(book, hints).sheets
    assert [(sheet.name, sheet.visible) for sheet in sheets] == [("Лист1", True), ("Лист2", False), ("Лист3", False)]
    assert sheets[0].hidden is not None
    assert sheets[0].rows[sheets[0].hidden].tolist() == [2, 7]
    assert sheets[0].merges == (Merge(1, 1, 0, 1),)
    assert sheets[0].row_texts(0) == ["инн", None, "жирный"]


@BOTH
@pytest.mark.parametrize("dimension", [(0, 0, 0, 0), (0, 1048575, 0, 16383), (5, 2, 7, 1)])
def test_a_wrong_dimension_changes_nothing_case_34(dimension: tuple[int, int, int, int], hints: Hints) -> None:
    assert read(replace(BOOK, dimension=dimension), hints).sheets[0].columns[0].to_pylist()[0] == "инн"


def test_a_stray_cell_in_the_last_corner_takes_no_memory_case_10() -> None:
    document = read_document(write_xlsb(replace(BOOK, rows=[*BOOK.rows, (1048576, [cell(16383, xlsb.rk(1))])])))
    assert document.engine == "biff12"
    assert [remark.code for remark in document.remarks] == ["SECOND_ENGINE"]
    assert document.sheets[0].rows.tolist() == [1, 2, 3, 4, 5, 7, 1048576]


@BOTH
def test_blank_rows_cost_nothing_case_35(hints: Hints) -> None:
    blank = [(row, [cell(0, xlsb.blank(), MASK)]) for row in range(8, 20_000)]
    sheet = read(replace(BOOK, rows=[*BOOK.rows, *blank]), hints).sheets[0]
    assert sheet.rows[-1] == 7


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/sharedStrings.bin", struct.pack("<II", 1, 1), struct.pack("<II", 1, 0x7FFFFFFF)),
        ("xl/worksheets/sheet1.bin", struct.pack("<I", 6), struct.pack("<I", 1 << 21)),
    ],
    ids=["shared strings", "row"],
)
def test_what_damaged_records_declare_takes_no_memory(part: str, old: bytes, new: bytes) -> None:
    change = lambda name, data: data.replace(old, new, 1) if name == part else data  # noqa: E731
    with pytest.raises(PharmaError, match="CORRUPT_FILE"):
        read_document(write_xlsb(replace(BOOK, change=change)))


@pytest.mark.parametrize("at", [146, 5, 0], ids=["end", "a number", "a row"])
def test_a_cut_off_sheet_is_never_read_in_part_case_3(at: int) -> None:
    head = xlsb.record(at)[:1]
    change = lambda name, data: data[: data.rindex(head)] if name == "xl/worksheets/sheet1.bin" else data  # noqa: E731
    for hints in (Hints(), Hints(careful=True)):
        with pytest.raises(PharmaError, match="CORRUPT_FILE"):
            read_document(write_xlsb(replace(BOOK, change=change)), hints)


def test_cells_before_any_row_are_corrupt() -> None:
    change = lambda name, data: data.replace(xlsb.record(145), xlsb.record(145) + xlsb.record(2, bytes(12)))  # noqa: E731
    with pytest.raises(PharmaError, match="CORRUPT_FILE"):
        read_document(write_xlsb(replace(BOOK, change=change)), Hints(careful=True))


def test_a_zip_bomb_is_refused_case_11() -> None:
    change = lambda name, data: data + bytes(80 << 20) if "sheet1" in name else data  # noqa: E731
    with pytest.raises(PharmaError, match="RESOURCE_LIMIT"):
        read_document(write_xlsb(replace(BOOK, change=change)))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_records_end_in_a_document_or_a_problem(data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(["workbook.bin", "styles.bin", "sharedStrings.bin", "sheet1.bin"]))
    places = data.draw(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), min_size=1, max_size=4))

    def change(name: str, content: bytes) -> bytes:
        damaged = bytearray(content)
        for at, byte in places if name.endswith(part) else ():
            damaged[at % len(damaged)] = byte
        return bytes(damaged)

    for hints in (Hints(), Hints(careful=True)):
        try:
            read_document(write_xlsb(replace(BOOK, change=change)), hints)
        except PharmaError as problem:
            assert problem.code in {"CORRUPT_FILE", "RESOURCE_LIMIT", "FORMAT_UNSUPPORTED"}  # noqa: PT017


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=300))))
def test_records_are_walked_through(items: list[tuple[int, bytes]]) -> None:
    data = b"".join(xlsb.record(kind, content) for kind, content in items)
    assert [kind for kind, _ in records(data)] == [kind for kind, _ in items]
    for (_, content), (_, start) in zip(items, records(data), strict=True):
        assert data[start : start + len(content)] == content
