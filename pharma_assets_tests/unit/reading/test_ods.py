from __future__ import annotations

import contextlib
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Kind, Merge, Sheet

_URN = "urn:oasis:names:tc:opendocument:xmlns"
_NAMES = " ".join(f'xmlns:{name}="{_URN}:{name}:1.0"' for name in ("office", "table", "text", "style"))
_CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
BLANK_END = (
    '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row>"
)


def ods(tables: str, styles: str = "", prolog: str = "") -> bytes:
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<office:document-content {_NAMES} {_CALC}>'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>{tables}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
    return out.getvalue()


def table(*rows: str, name: str = "Лист1", style: str = "") -> str:
    return f'<table:table table:name="{name}" table:style-name="{style}">{"".join(rows)}</table:table>'


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def cell(shown: str = "", kind: str = "string", attributes: str = "") -> str:
    office = f'office:value-type="{kind}"' if kind else ""
    return f"<table:table-cell {office} {attributes}>{f'<text:p>{shown}</text:p>' if shown else ''}</table:table-cell>"


def number(value: str, shown: str | None = None, kind: str = "float") -> str:
    return cell(shown or value, kind, f'office:value="{value}"')


def read(*rows: str) -> Sheet:
    document = read_document(ods(table(*rows, BLANK_END)))
    assert (document.format, document.engine, document.remarks) == ("ods", "content.xml", ())
    return document.sheets[0]


def test_each_kind_of_cell_cases_14_36_37_41_44() -> None:
    cells: list[tuple[str, str | None, Kind]] = [
        (cell("0123456789"), "0123456789", Kind.TEXT),
        (cell("526275.00"), "526275.00", Kind.TEXT),
        (cell("-"), "-", Kind.TEXT),
        (cell("", ""), None, Kind.BLANK),
        (number("0"), "0", Kind.NUMBER),
        (number("1.5", "1,5"), "1.5", Kind.NUMBER),
        (number("4.607001234567E+12"), "4607001234567", Kind.NUMBER),
        (number("123", "000123"), "000123", Kind.NUMBER),
        (number("0.5", "00"), "0.5", Kind.NUMBER),
        (number("0.25", "25%", "percentage"), "0.25", Kind.NUMBER),
        (number("99.9", "99,90 ₽", "currency"), "99.9", Kind.NUMBER),
        (cell("01.06.25", "date", 'office:date-value="2025-06-01"'), "2025-06-01", Kind.DATE),
        (cell("x", "date", 'office:date-value="2025-06-01T12:30:15"'), "2025-06-01T12:30:15", Kind.DATE),
        (cell("9:05", "time", 'office:time-value="PT09H05M00S"'), "09:05:00", Kind.DATE),
        (cell("30:00", "time", 'office:time-value="PT30H00M00S"'), "30:00:00", Kind.DATE),
        (cell("x", "time", 'office:time-value="PT9H5M1,5S"'), "09:05:01.500000", Kind.DATE),
        (cell("ИСТИНА", "boolean", 'office:boolean-value="true"'), "TRUE", Kind.BOOL),
        (cell("вчера", "date", 'office:date-value="вчера"'), "вчера", Kind.TEXT),
    ]
    sheet = read(row(*(xml for xml, _, _ in cells)))
    assert sheet.row_texts(0) == [text for _, text, _ in cells]
    assert [kinds[0] for kinds in sheet.kinds] == [kind for _, _, kind in cells]


def test_errors_and_unsaved_formulas_cases_42_and_43() -> None:
    error = 'table:formula="of:=1/0" office:value="0" calcext:value-type="error"'
    sheet = read(
        row(
            cell("#DIV/0!", "float", error),
            cell("#N/A", "string", 'table:formula="of:=NA()" office:string-value=""'),
            cell("", "", 'table:formula="of:=[.A1]+1"'),
            cell("", "string", 'table:formula="of:=&quot;&quot;" office:string-value=""'),
            cell("5", "float", 'table:formula="of:=2+3" office:value="5"'),
            cell("#N/A"),
        )
    )
    assert sheet.row_texts(0) == ["#DIV/0!", "#N/A", "=[.A1]+1", None, "5", "#N/A"]
    kinds = [Kind.ERROR, Kind.ERROR, Kind.FORMULA, Kind.BLANK, Kind.NUMBER, Kind.TEXT]
    assert [kinds[0] for kinds in sheet.kinds] == kinds


def test_texts_as_they_show() -> None:
    note = "<office:annotation><text:p>примечание</text:p></office:annotation>"
    sheet = read(
        row(
            "<table:table-cell office:value-type='string'><text:p>аб</text:p><text:p>вг</text:p></table:table-cell>",
            cell('а<text:s text:c="3"/>б<text:tab/>в<text:line-break/>г<text:span>д</text:span>'),
            f"<table:table-cell office:value-type='string'>{note}<text:p>значение</text:p></table:table-cell>",
            cell("а<text:note><text:p>сноска</text:p></text:note>б"),
            cell("\n  а\n  б"),
            "<table:table-cell><table:table><table:table-row><table:table-cell><text:p>чужое</text:p>"
            "</table:table-cell></table:table-row></table:table></table:table-cell>",
            cell("конец"),
        )
    )
    assert sheet.row_texts(0) == ["аб\nвг", "а   б\tв\nгд", "значение", "аб", "а б", None, "конец"]


def test_hidden_rows_merges_and_groups_cases_22_and_33() -> None:
    merged = cell("итог", attributes='table:number-columns-spanned="2" table:number-rows-spanned="2"')
    collapsed = row(cell("1"), attributes='table:visibility="collapse"')
    covered = '<table:covered-table-cell office:value-type="string"><text:p>под</text:p></table:covered-table-cell>'
    sheet = read(
        row(cell("шапка")),
        f"<table:table-row-group>{collapsed}</table:table-row-group>",
        row(cell("2"), attributes='table:visibility="filter" table:number-rows-repeated="2"'),
        row(merged, covered, cell("в")),
        row('<table:covered-table-cell table:number-columns-repeated="2"/>', cell("г")),
    )
    assert sheet.rows.tolist() == [1, 2, 3, 4, 5, 6]
    assert sheet.hidden is not None
    assert sheet.rows[sheet.hidden].tolist() == [2, 3, 4]
    assert sheet.merges == (Merge(5, 6, 0, 1),)
    assert (sheet.row_texts(4), sheet.row_texts(5)) == (["итог", None, "в"], [None, None, "г"])


def test_hidden_sheets_are_marked_case_21() -> None:
    styles = "".join(
        f'<style:style style:name="{name}" style:family="table"><style:table-properties table:display="{shown}"/>'
        "</style:style>"
        for name, shown in (("ta1", "true"), ("ta2", "false"))
    )
    tables = table(row(cell("a")), name="А", style="ta2") + table(row(cell("b")), name="Б", style="ta1")
    sheets = read_document(ods(tables, styles)).sheets
    assert [(sheet.name, sheet.visible) for sheet in sheets] == [("А", False), ("Б", True)]


def test_repeated_blanks_cost_nothing_and_repeated_values_count_cases_10_and_35() -> None:
    blanks = '<table:table-cell table:number-columns-repeated="{}"/>'
    sheet = read(
        row(cell("а", attributes='table:number-columns-repeated="2"'), blanks.format(16_000)),
        row(blanks.format(16_384), attributes='table:number-rows-repeated="500000"'),
        row(blanks.format(2), cell("б"), attributes='table:number-rows-repeated="2"'),
    )
    assert sheet.rows.tolist() == [1, 500_002, 500_003]
    assert [sheet.row_texts(index) for index in range(3)] == [["а", "а", None], [None, None, "б"], [None, None, "б"]]


@pytest.mark.parametrize(
    "bomb",
    [
        row(
            cell("x", attributes='table:number-columns-repeated="16384"'),
            attributes='table:number-rows-repeated="500"',
        ),
        row(cell("x", attributes='table:number-columns-repeated="999999999"')),
        row(cell("x"), attributes='table:number-rows-repeated="999999999"'),
    ],
    ids=["both", "columns", "rows"],
)
@pytest.mark.parametrize("hints", [Hints(), Hints(careful=True)])
def test_repetitions_without_measure_are_refused_case_11(bomb: str, hints: Hints) -> None:
    with pytest.raises(PharmaError, match="RESOURCE_LIMIT"):
        read_document(ods(table(bomb)), hints)


def test_xml_entities_are_refused_case_11() -> None:
    prolog = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    with pytest.raises(PharmaError, match="RESOURCE_LIMIT"):
        read_document(ods(table(row(cell("&b;"))), prolog=prolog))


def test_a_zip_bomb_is_refused_case_11() -> None:
    with pytest.raises(PharmaError, match="RESOURCE_LIMIT"):
        read_document(ods(table(row(cell("x")), " " * (80 << 20))))


@pytest.mark.parametrize("part", [0.5, 0.9, 0.99])
def test_a_cut_off_spreadsheet_is_corrupt_case_3(part: float) -> None:
    whole = ods(table(*(row(cell(f"строка {index}")) for index in range(100))))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[: int(len(data) * part)] if name == "content.xml" else data)
    for content in (out.getvalue(), whole[: int(len(whole) * part)]):
        with pytest.raises(PharmaError, match="CORRUPT_FILE"):
            read_document(content)


def test_a_sheet_of_many_rows_and_growing_width() -> None:
    rows = [row(number(str(index)), *([cell("вдруг")] if index > 4_500 else [])) for index in range(5_000)]
    sheet = read(*rows)
    assert sheet.columns[0].to_pylist() == [str(index) for index in range(5_000)]
    assert sheet.columns[1].to_pylist() == [None] * 4_501 + ["вдруг"] * 499
    assert (sheet.kinds[1] == Kind.TEXT).sum() == 499


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_spreadsheets_end_in_a_document_or_a_problem(data: st.DataObject) -> None:
    content = bytearray(ods(table(row(cell("инн"), number("5")), BLANK_END)))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(30, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PharmaError):
        read_document(bytes(content))
