from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.sheet import Document, Kind, Merge

HEAD = (
    '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:x="urn:schemas-microsoft-com:office:excel"'
    ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
)


def workbook(table: str, name: str = "Лист1", options: str = "") -> str:
    worksheet = f'<Worksheet ss:Name="{name}"><Table>{table}</Table>{options}</Worksheet>'
    return f"{HEAD}<Styles/>{worksheet}</Workbook>"


def cell(kind: str, text: str, **attributes: int) -> str:
    stated = "".join(f' ss:{name}="{value}"' for name, value in attributes.items())
    return f'<Cell{stated}><Data ss:Type="{kind}">{text}</Data></Cell>'


def read(text: str) -> Document:
    return read_document(text.encode())


def failure(content: str | bytes) -> PharmaError:
    with pytest.raises(PharmaError) as caught:
        read_document(content.encode() if isinstance(content, str) else content)
    return caught.value


@pytest.mark.parametrize(
    ("content", "text", "kind"),
    [
        (cell("String", " Ромашка &lt;1&gt;&#10;2 "), " Ромашка <1>\n2 ", Kind.TEXT),
        (cell("String", "0123"), "0123", Kind.TEXT),
        (cell("Number", "4607001234567"), "4607001234567", Kind.NUMBER),
        (cell("Number", "12345678901234567890"), "12345678901234567890", Kind.NUMBER),
        (cell("Number", "123.00"), "123", Kind.NUMBER),
        (cell("Number", "0.10000000000000001"), "0.1", Kind.NUMBER),
        (cell("Number", "1.0000000000000001E-5"), "0.00001", Kind.NUMBER),
        (cell("Number", "-5"), "-5", Kind.NUMBER),
        (cell("Number", "1,5"), "1,5", Kind.TEXT),
        (cell("Number", "1e999"), "1e999", Kind.TEXT),
        (cell("DateTime", "2025-06-01T00:00:00.000"), "2025-06-01", Kind.DATE),
        (cell("DateTime", "2025-06-01T12:30:15.000"), "2025-06-01T12:30:15", Kind.DATE),
        (cell("DateTime", "1899-12-31T09:05:00.000"), "09:05:00", Kind.DATE),
        (cell("DateTime", "вчера"), "вчера", Kind.TEXT),
        (cell("Boolean", "1"), "TRUE", Kind.BOOL),
        (cell("Error", "#N/A"), "#N/A", Kind.ERROR),
        ('<Cell ss:Formula="=R[-1]C*2"></Cell>', "=R[-1]C*2", Kind.FORMULA),
        ('<Cell ss:Formula="=RC[-1]*2"><Data ss:Type="Number">7</Data></Cell>', "7", Kind.NUMBER),
        ('<Cell><Data Type="Number">7</Data></Cell>', "7", Kind.NUMBER),
        ('<Cell><Comment><ss:Data>x</ss:Data></Comment><Data ss:Type="String">a</Data></Cell>', "a", Kind.TEXT),
        (
            '<Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40">a<B>b<I>c</I></B>d</ss:Data></Cell>',
            "abcd",
            Kind.TEXT,
        ),
        (cell("String", "<![CDATA[a<b]]>"), "a<b", Kind.TEXT),
        (cell("String", "\u00a0"), None, Kind.BLANK),
    ],
)
def test_07_cells_of_an_xml_spreadsheet(content: str, text: str | None, kind: Kind) -> None:
    document = read(workbook(f"<Row>{content}{cell('String', 'x')}</Row>"))
    assert (document.format, document.engine) == ("xml2003", "lxml")
    (sheet,) = document.sheets
    assert sheet.row_texts(0) == [text, "x"]
    assert sheet.kinds[0].tolist() == [kind]


def test_07_rows_and_columns_are_numbered_as_in_excel() -> None:
    table = (
        f'<Column ss:Width="20"/><Row ss:Index="3">{cell("String", "a", Index=3)}{cell("String", "b")}</Row>'
        f'<Row/><Row ss:Span="4" ss:Hidden="1"/><Row ss:Hidden="1">{cell("Number", "1")}</Row>'
    )
    (sheet,) = read(workbook(table)).sheets
    assert sheet.rows.tolist() == [3, 10]
    assert [sheet.row_texts(0), sheet.row_texts(1)] == [[None, None, "a", "b"], ["1", None, None, None]]
    assert sheet.hidden is not None
    assert sheet.hidden.tolist() == [False, True]


def test_07_merged_cells_keep_their_place() -> None:
    table = (
        f"<Row>{cell('String', 'Отчёт', MergeAcross=2)}{cell('String', 'd')}</Row>"
        f"<Row>{cell('String', 'Москва', MergeDown=1)}{cell('Number', '1')}</Row>"
        f"<Row>{cell('Number', '2', Index=2)}</Row>"
    )
    (sheet,) = read(workbook(table)).sheets
    assert [sheet.row_texts(row) for row in range(3)] == [
        ["Отчёт", None, None, "d"],
        ["Москва", "1", None, None],
        [None, "2", None, None],
    ]
    assert sheet.merges == (Merge(1, 1, 0, 2), Merge(2, 3, 0, 0))


def test_07_hidden_and_empty_worksheets() -> None:
    visible = "<Visible>SheetHidden</Visible>"
    options = f'<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel">{visible}</WorksheetOptions>'
    text = workbook(f"<Row>{cell('String', 'a')}</Row>", "Скрытый", options)
    text = text.replace("</Workbook>", '<Worksheet ss:Name="Пустой"/></Workbook>')
    hidden, empty = read(text).sheets
    assert (hidden.name, hidden.visible) == ("Скрытый", False)
    assert (empty.name, empty.visible, empty.height, empty.columns) == ("Пустой", True, 0, ())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251"])
def test_15_the_declared_encoding_counts(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = workbook(f"<Row>{cell('String', 'Пенза №1')}</Row>").replace('"1.0"', f'"1.0" encoding="{declared}"', 1)
    assert read_document(text.encode(encoding)).sheets[0].row_texts(0) == ["Пенза №1"]


def test_07_blanks_before_the_declaration_and_prefixes_for_all_names() -> None:
    text = workbook(f"<Row>{cell('String', 'a')}</Row>")
    assert read("\n \r\n" + text).sheets[0].row_texts(0) == ["a"]
    for name in ("Workbook", "Worksheet", "Table", "Row", "Cell", "Data", "Styles"):
        text = text.replace(f"<{name}", f"<ss:{name}").replace(f"</{name}", f"</ss:{name}")
    assert read(text).sheets[0].row_texts(0) == ["a"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (workbook(f"<Row>{cell('String', 'a')}</Row>")[:-40], "XML Spreadsheet 2003"),
        (workbook(f"<Row>{cell('String', 'a & b')}</Row>"), "XML Spreadsheet 2003"),
        (workbook('<Row ss:Index="5"/><Row ss:Index="2"/>'), "row 2 stands after row 5"),
        (workbook(f"<Row>{cell('String', 'a', MergeAcross=3)}{cell('String', 'b', Index=2)}</Row>"), "column 2"),
        (workbook('<Row ss:Index="два"/>'), "ss:Index"),
    ],
)
def test_03_damage_is_named(content: str, words: str) -> None:
    found = failure(content)
    assert found.code == "CORRUPT_FILE"
    assert words in found.message


LAUGHS = "".join(f'<!ENTITY l{n} "' + 10 * f"&l{n - 1};" + '">' for n in range(1, 10))


@pytest.mark.parametrize(
    "content",
    [
        workbook('<Row ss:Index="1000000000"/>'),
        workbook(f"<Row>{cell('String', 'a', Index=1000000000)}</Row>"),
        workbook('<Row ss:Span="99999999999999999999"/>'),
        workbook(f"<Row>{cell('String', 'a', MergeDown=1000000000)}</Row>"),
        workbook("<Row><Cell><Data>" + "<B>" * 1_000_000),
        workbook(f"<Row>{cell('String', '&l9;')}</Row>").replace(
            "<Workbook", f'<!DOCTYPE Workbook [<!ENTITY l0 "ha">{LAUGHS}]><Workbook'
        ),
        '<!DOCTYPE Workbook [<!ENTITY a "x">]>' + workbook(f"<Row>{cell('String', '&a;')}</Row>").split("?>", 2)[2],
        workbook(f"<Row>{cell('String', '&a;')}</Row>").replace(
            "<Workbook", '<!DOCTYPE Workbook [<!ENTITY a SYSTEM "file:///etc/hostname">]><Workbook'
        ),
        workbook(f"<Row>{cell('String', 'a' * 10_100_000)}</Row>"),
    ],
    ids=["row", "column", "span", "merge", "depth", "laughs", "dtd only", "external", "long text"],
)
def test_10_11_bombs_end_quickly(content: str) -> None:
    started = time.monotonic()
    assert failure(content).code == "RESOURCE_LIMIT"
    assert time.monotonic() - started < 5


def test_10_a_stray_cell_far_out_costs_nothing() -> None:
    table = f'<Row>{cell("String", "a")}</Row><Row ss:Index="1048576">{cell("Number", "1", Index=16384)}</Row>'
    (sheet,) = read(workbook(table)).sheets
    assert sheet.rows.tolist() == [1, 1_048_576]
    assert (len(sheet.columns), sheet.columns[-1].to_pylist()) == (16_384, [None, "1"])


@given(st.lists(st.lists(st.none() | st.text("аБ x1&<\n", min_size=1), max_size=4), max_size=6))
def test_what_is_written_is_read(rows: list[list[str | None]]) -> None:
    def render(value: str | None) -> str:
        if value is None:
            return "<Cell/>"
        return cell("String", value.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "&#10;"))

    table = "".join(f"<Row>{''.join(map(render, row))}</Row>" for row in rows)
    (sheet,) = read(workbook(table)).sheets
    found = {
        (int(number), column): text
        for at, number in enumerate(sheet.rows)
        for column, text in enumerate(sheet.row_texts(at))
        if text is not None
    }
    wanted = {
        (number, column): text
        for number, row in enumerate(rows, start=1)
        for column, text in enumerate(row)
        if text is not None and text.strip()
    }
    assert found == wanted
    assert (np.diff(sheet.rows) > 0).all()
