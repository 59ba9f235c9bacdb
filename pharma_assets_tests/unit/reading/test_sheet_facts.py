"""What the engines leave out of an xlsx sheet, found in its XML however that is written."""

from __future__ import annotations

import re
from collections.abc import Callable

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Kind, Merge, Sheet
from pharma_assets.reading.workbooks.facts import mask_width
from pharma_assets_tests.unit.reading.test_xlsx import rewrite, sheet_of, workbook

MASKS = (
    '<numFmt numFmtId="164" formatCode="000000"/><numFmt numFmtId="165" formatCode="0.00"/>'
    '|<xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/>'
)
ROWS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>код</t></is></c><c r="B1" t="inlineStr"><is><t>сумма</t></is></c></row>'
    '<row r="2" hidden="1"><c r="A2" s="1"><v>123</v></c><c r="B2" s="2"><v>5</v></c></row>'
    '<row r="3"><c r="A3" s="1"><v>-7</v></c><c r="B3" t="e"><v>#N/A</v></c></row>'
    '<row r="4" hidden="true"><c r="A4" s="1"><v>1234567</v></c><c r="B4" t="e"><f>A1/0</f><v>#DIV/0!</v></c></row>'
    '<row r="5"><c r="A5" s="1"><v>1.5</v></c><c r="B5"><f>A1&amp;"x"</f></c></row>'
    '<row r="6"><c r="A6" s="1" t="inlineStr"><is><t>12</t></is></c><c r="B6"><f>SUM(B2)</f><v></v></c></row>'
    '<row r="7"><c r="B7" t="str"><f>""</f><v></v></c><c r="C7"><f t="shared" si="0"/></c></row>'
    '<row r="8"><c r="A8" s="1"><v>1234567</v></c><c r="B8" s="1"><v>1.5</v></c></row>'
    '<row r="9"><c r="B9"><f>1+1</f><v>2</v></c><c r="AC9" t="e"><v>#REF!</v></c></row>'
)
MERGES = (
    '<mergeCells count="2"><mergeCell ref="A1:B1"/><mergeCell ref="A3:A5"/></mergeCells>'  # A1 and A3 alone are seen
)


def _quotes(xml: bytes) -> bytes:
    return re.sub(rb'([\w:]+)="([^"<>\']*)"', rb"\1='\2'", xml)


def _prefixes(xml: bytes) -> bytes:
    return re.sub(rb"<(/?)(\w+)", rb"<\1x:\2", xml).replace(b"xmlns=", b"xmlns:x=")


def _other_order(xml: bytes) -> bytes:
    return re.sub(rb'<c (r="\w+") ((?:[st]="\w+" ?)+)', rb"<c \2 \1", xml)


def _indented(xml: bytes) -> bytes:
    return xml.replace(b"><", b">\n  <")


WRITERS: dict[str, Callable[[bytes], bytes]] = {
    "as Excel": lambda xml: xml,
    "single quotes": _quotes,
    "prefixes": _prefixes,
    "attributes in another order": _other_order,
}


def _sheet(change: Callable[[bytes], bytes], hints: Hints) -> Sheet:
    content = sheet_of(ROWS, MASKS)

    def finish(name: str, data: bytes) -> tuple[str, bytes]:
        if name == "xl/worksheets/sheet1.xml":
            data = change(data.replace(b"</sheetData>", b"</sheetData>" + MERGES.encode()))
        return name, data

    return read_document(rewrite(content, finish), hints).sheets[0]


@pytest.mark.parametrize("hints", [Hints(), Hints(careful=True)], ids=["calamine", "openpyxl"])
@pytest.mark.parametrize("writer", WRITERS)
def test_facts_cases_22_33_36_42_43(writer: str, hints: Hints) -> None:
    sheet = _sheet(WRITERS[writer], hints)
    filled = {int(row): sheet.row_texts(index)[:3] for index, row in enumerate(sheet.rows) if sheet.filled[index]}
    assert filled == {
        1: ["код", None, None],
        2: ["000123", "5", None],
        3: ["-7", "#N/A", None],
        4: [None, "#DIV/0!", None],
        5: [None, '=A1&"x"', None],
        6: ["12", "=SUM(B2)", None],
        7: [None, None, "="],
        8: ["1234567", "1.5", None],
        9: [None, "2", None],
    }
    kinds = {int(row): [kinds[index] for kinds in sheet.kinds[:3]] for index, row in enumerate(sheet.rows)}
    assert kinds[2] == [Kind.NUMBER, Kind.NUMBER, Kind.BLANK]
    assert (kinds[3][1], kinds[4][1], kinds[5][1], kinds[6][1]) == (Kind.ERROR, Kind.ERROR, Kind.FORMULA, Kind.FORMULA)
    assert kinds[7] == [Kind.BLANK, Kind.BLANK, Kind.FORMULA]
    assert len(sheet.columns) == 29
    assert (sheet.columns[28].to_pylist()[-1], sheet.kinds[28][-1]) == ("#REF!", Kind.ERROR)
    assert sheet.hidden is not None
    assert sheet.rows[sheet.hidden].tolist() == [2, 4]
    assert sheet.merges == (Merge(1, 1, 0, 1), Merge(3, 5, 0, 0))


def test_indented_xml() -> None:
    sheet = read_document(sheet_of(_indented(ROWS.encode()).decode(), MASKS)).sheets[0]
    assert sheet.columns[1].to_pylist()[2:6] == ["#N/A", "#DIV/0!", '=A1&"x"', "=SUM(B2)"]


def test_a_workbook_without_any_of_it_has_no_facts() -> None:
    sheet = read_document(workbook(lambda book: book.active.append(["инн", 1]))).sheets[0]
    assert (sheet.hidden, sheet.merges) == (None, ())


@pytest.mark.parametrize(("calculation", "kind"), [('<calcPr fullCalcOnLoad="1"/>', Kind.FORMULA), ("", Kind.NUMBER)])
def test_a_zero_that_is_still_to_be_calculated_is_no_value_case_42(calculation: str, kind: Kind) -> None:
    rows = '<row r="1"><c r="A1"><f>B1*2</f><v>0</v></c><c r="B1"><v>0</v></c><c r="C1"><f>1</f><v>1</v></c></row>'
    for change in (lambda xml: xml, _quotes):
        content = rewrite(
            sheet_of(rows, calculation=calculation),
            lambda name, data, change=change: (name, change(data) if "worksheets/" in name else data),
        )
        sheet = read_document(content).sheets[0]
        assert [kinds[0] for kinds in sheet.kinds] == [kind, Kind.NUMBER, Kind.NUMBER]


def test_a_mask_on_the_style_of_cells_without_a_style_case_36() -> None:
    styles = '<numFmt numFmtId="164" formatCode="0000"/>|<xf numFmtId="164"/><xf numFmtId="0"/>'
    sheet = read_document(
        sheet_of('<row r="1"><c r="A1"><v>5</v></c><c r="B1" s="1"><v>5</v></c></row>', styles)
    ).sheets[0]
    assert sheet.row_texts(0) == ["0005", "5"]


def test_facts_go_to_their_own_sheets() -> None:
    def fill(book: openpyxl.Workbook) -> None:
        book.active.append(["a", "#N/A"])
        for name, value in (("Второй & <последний>", "#REF!"), ("Третий", "x")):
            sheet = book.create_sheet(name)
            sheet.append([value])
        book.create_chartsheet("График", 0)
        book["Третий"].row_dimensions[1].hidden = True

    sheets = read_document(workbook(fill)).sheets
    assert [sheet.row_texts(0) for sheet in sheets] == [["a", "#N/A"], ["#REF!"], ["x"]]
    assert [sheet.hidden is not None for sheet in sheets] == [False, False, True]


def test_declared_entities_are_refused_by_the_slow_way_too() -> None:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        late = b"<!--" + b" " * 70_000 + b"-->" + b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
        return name, late + _prefixes(data) if "worksheets/" in name else data

    with pytest.raises(PharmaError, match=r"RESOURCE_LIMIT|CORRUPT_FILE"):
        read_document(rewrite(sheet_of(ROWS), change))


@given(st.integers(1, 3), st.lists(st.integers(0, 3000), min_size=1, max_size=30, unique=True), st.booleans())
def test_errors_are_found_wherever_the_chunks_end(column: int, rows: list[int], long_text: bool) -> None:
    wrong = set(rows)
    text = "x" * 700 if long_text else "x"
    letter = "ABC"[column - 1]
    lines = (
        f'<row r="{row}"><c r="{letter}{row}" t="e"><v>#N/A</v></c></row>'
        if row in wrong
        else f'<row r="{row}"><c r="{letter}{row}" t="str"><v>{text}</v></c></row>'
        for row in range(1, 3001)
    )
    sheet = read_document(sheet_of("".join(lines))).sheets[0]
    found = sheet.rows[sheet.kinds[column - 1] == Kind.ERROR].tolist()
    assert found == sorted(wrong - {0})


@pytest.mark.parametrize(
    ("code", "width"),
    [
        ("000000", 6),
        ("00", 2),
        ("0000000000@", 10),
        ("000000_ ", 6),
        ("000000\\ ", 6),
        ("[$-419]0000", 4),
        ("000;-000", 3),
        ("0", 0),
        ("General", 0),
        ("0.00", 0),
        ("#000", 0),
        ("00\\-00", 0),
        ('"00"0', 0),
        ('000" шт."', 0),
        ("000,000", 0),
        ("000%", 0),
        ("", 0),
    ],
)
def test_zero_masks_case_36(code: str, width: int) -> None:
    assert mask_width(code) == width
