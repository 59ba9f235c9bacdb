from __future__ import annotations

import time
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document, Kind, Merge, Sheet

Cells = list[list[str | None]]


def page(body: str, head: str = "") -> str:
    return f"<html><head>{head}</head><body>{body}</body></html>"


def table(*rows: str) -> str:
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def read(text: str, encoding: str = "utf-8", headers: tuple[str, ...] = ()) -> Document:
    return read_document(text.encode(encoding), Hints(headers=headers))


def only(text: str) -> Sheet:
    (sheet,) = read(text).sheets
    return sheet


def cells(sheet: Sheet) -> Cells:
    return [sheet.row_texts(at) for at in range(sheet.height)]


def failure(content: str | bytes) -> PharmaError:
    with pytest.raises(PharmaError) as caught:
        read_document(content.encode() if isinstance(content, str) else content)
    return caught.value


REPORT = table("<td>ИНН</td><td>Клиент</td>", "<td>0123456789</td><td>Аптека «Ромашка» №1</td>")
REPORT_CELLS: Cells = [["ИНН", "Клиент"], ["0123456789", "Аптека «Ромашка» №1"]]


def test_06_a_table_saved_as_xls() -> None:
    document = read(page(REPORT))
    assert (document.format, document.engine, document.encoding) == ("html", "lxml", "utf-8")
    (sheet,) = document.sheets
    assert (sheet.name, sheet.visible, sheet.hidden, sheet.merges) == ("table 1", True, None, ())
    assert (cells(sheet), sheet.rows.tolist()) == (REPORT_CELLS, [1, 2])
    assert sheet.kinds[0].tolist() == [Kind.TEXT, Kind.TEXT]


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("utf-8", ""),
        ("utf-8-sig", '<meta charset="windows-1251">'),
        ("utf-16", ""),
        ("cp1251", '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'),
        ("cp1251", "<META CHARSET=win-1251>"),
        ("koi8-r", '<meta charset="koi8-r">'),
        ("cp866", "<meta http-equiv=Content-Type content='text/html; charset=IBM866'>"),
        ("utf-8", '<meta charset="windows-1251">'),
        ("cp866", '<meta charset="windows-1251">'),
        ("koi8-r", '<meta charset="windows-1251">'),
        ("cp1251", '<meta charset="koi8-r">'),
        ("cp1251", '<meta charset="iso-8859-1">'),
        ("cp1251", '<meta charset="utf-8">'),
        ("cp1251", '<meta charset="no-such">'),
        ("cp1251", ""),
    ],
)
def test_06_15_the_meta_charset_is_honoured_unless_it_is_wrong(encoding: str, head: str) -> None:
    text = page(REPORT, head)
    if encoding in {"cp866", "koi8-r"}:
        text = text.replace("«", "").replace("»", "").replace("№", "N")
    (sheet,) = read(text, encoding, ("инн", "клиент")).sheets
    assert [cell.replace("«", "").replace("»", "").replace("№", "N") for cell in sheet.row_texts(1) if cell] == [
        "0123456789",
        "Аптека Ромашка N1",
    ]


def test_06_15_the_declaration_decides_where_the_letters_do_not() -> None:
    text = page(table("<td>шт</td><td>1</td>"), "<meta charset=koi8-r>")
    assert read(text, "koi8-r").sheets[0].row_texts(0) == ["шт", "1"]


def test_06_the_declaration_of_xhtml_is_honoured() -> None:
    text = f'<?xml version="1.0" encoding="windows-1251"?>\n<!DOCTYPE html>{page(REPORT)}'
    document = read(text, "cp1251")
    assert (cells(document.sheets[0]), document.encoding) == (REPORT_CELLS, "cp1251")


@pytest.mark.parametrize(
    ("inner", "seen"),
    [
        ("a&nbsp;b &lt;1&gt;&#1071;&laquo;", "a\u00a0b <1>Я«"),
        ("  a \r\n\t b  ", "a b"),
        ("a&#150;b &#1040;&ndash;&#x2116;", "a–b А–№"),
        ("a<br>b<BR/> c", "a\nb\nc"),
        ("<p>a</p>\n<p>b</p>", "a\nb"),
        ("<div><font color=red><b>a</b></font>б</div>", "aб"),
        ("&nbsp;", None),
        ("&nbsp; <br> ", None),
        ("<!-- c -->", None),
        ("<span style='display:none'>20250601<b>x</b></span>01.06.2025", "01.06.2025"),
        ("<script>if (a<b) document.write('<td>')</script>x", "x"),
        ("<span style='mso-spacerun:yes'>a </span>b<o:p></o:p>", "a b"),
        ("<table><tr><td>1 234</td></tr></table>", "1 234"),
        ("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb"),
        ("a\x00b", "a␀b"),
        ("0123", "0123"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
    ],
)
def test_06_a_cell_is_what_a_browser_shows(inner: str, seen: str | None) -> None:
    sheet = only(page(table(f"<td>{inner}</td><td>x</td>", "<td>y</td><td>z</td>")))
    assert cells(sheet) == [[seen, "x"], ["y", "z"]]


@pytest.mark.parametrize(
    "soup",
    [
        "<table><tr><td>1<td>2<tr><td>3<td>4</table>",
        "<TABLE><TBODY><TD>1</TD><TD>2</TD></TR><TR><TD>3<TD>4</TABLE>",
        "<table><td>1<td>2<tr><td>3<td>4</table>",
        "<tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr>",
        "<table><tr><td><font>1<td><font>2<tr><td><b>3<td>4</table>",
        "<table><tr><th>1</b></th></i><td>2</p></td></tr></tr><tr><td>3<td>4</table></td>",
        "<table><form><tr><td>1<td>2<tr><td>3</td><td>4</td></form></table>",
        "<center><table><thead><tr><td>1<td>2<tbody><tr><td>3<td>4</table></html>",
        "<html><table><tr><td>1<td>2<tr><td>3<td>4</html>",
    ],
)
def test_06_tag_soup_reads_as_in_a_browser(soup: str) -> None:
    assert cells(only(soup)) == [["1", "2"], ["3", "4"]]


def test_06_spans_push_cells_and_are_merges() -> None:
    sheet = only(
        table(
            "<td colspan=3>Отчёт<td>d",
            "<td rowspan='2'>Москва</td><td colspan=2 rowspan=2>b</td><td>1</td>",
            "<td>2</td>",
            "<td>a<td>b<td>c<td>d",
        )
    )
    assert cells(sheet) == [
        ["Отчёт", None, None, "d"],
        ["Москва", "b", None, "1"],
        [None, None, None, "2"],
        ["a", "b", "c", "d"],
    ]
    assert sheet.merges == (Merge(1, 1, 0, 2), Merge(2, 3, 0, 0), Merge(2, 3, 1, 2))


def test_06_a_span_ends_with_the_table() -> None:
    sheet = only(table("<td rowspan=99>a<td colspan=100000000>b", "<td>c<td>d", "<td>e<td>f"))
    assert cells(sheet) == [["a", "b", None], [None, "c", "d"], [None, "e", "f"]]
    assert sheet.merges == (Merge(1, 3, 0, 0), Merge(1, 1, 1, 2))


def test_06_hidden_rows_and_tables() -> None:
    text = (
        "<table><tr><td>1<td>2<tr style='height:5pt; display : none'><td>3<td>4"
        "<tbody hidden><tr><td>5<td>6</tbody><tr><td>7<td>8</table>"
        "<div style='display:none'><table><tr><td>1<td>2</table></div>"
        "<table><caption>Итоги</caption><tr><td>1<td>2</table>"
    )
    first, second, third = read(page(text)).sheets
    assert first.hidden is not None
    assert first.hidden.tolist() == [False, True, True, False]
    assert [(sheet.name, sheet.visible) for sheet in (first, second, third)] == [
        ("table 1", True),
        ("table 2", False),
        ("Итоги", True),
    ]


def test_06_a_blank_row_counts() -> None:
    sheet = only(table("<td>a<td>b", "", "<td>&nbsp;<td>", "<td>c<td>d"))
    assert sheet.rows.tolist() == [1, 4]


@pytest.mark.parametrize(
    ("attributes", "shown", "text", "kind"),
    [
        ('x:num="123.45"', "123", "123.45", Kind.NUMBER),
        ('x:num="0.10000000000000001"', "10%", "0.1", Kind.NUMBER),
        ('x:num="4607001234567"', "4,60700E+12", "4607001234567", Kind.NUMBER),
        ("x:num", "526275", "526275", Kind.NUMBER),
        ("x:num", "1 234,5", "1 234,5", Kind.TEXT),
        ('x:num="45809"', "01.06.2025", "01.06.2025", Kind.TEXT),
        ('x:num="45809" class=day', "1 VI", "1 VI", Kind.TEXT),
        ('x:num="45809" class=sum', "45.809.00", "45809", Kind.NUMBER),
        ('x:num="123" class="a text"', "000123", "000123", Kind.TEXT),
        ('x:num="123" style=\'mso-number-format:"\\@"\'', "000123", "000123", Kind.TEXT),
        ('x:num="x"', "7", "7", Kind.TEXT),
        ("x:str", "123", "123", Kind.TEXT),
        ('x:err="#N/A"', "#Н/Д", "#Н/Д", Kind.ERROR),
        ('sdval="1234.5" sdnum="1049;0;0"', "1 235", "1234.5", Kind.NUMBER),
    ],
)
def test_06_exact_numbers_beside_what_is_shown(attributes: str, shown: str, text: str, kind: Kind) -> None:
    css = (
        '<style>.text {mso-number-format:"\\@";} td.day, .d2\n{x:y; mso-number-format:"Short Date"}'
        " .sum{mso-number-format:Fixed}</style>"
    )
    sheet = only(page(table(f"<td {attributes}>{shown}</td><td>x</td>"), css))
    assert (sheet.row_texts(0)[0], sheet.kinds[0].tolist()) == (text, [kind])


def test_06_only_the_innermost_data_tables_of_a_layout_are_sheets() -> None:
    layout = table(f"<td>Меню</td><td>{REPORT}</td>", "<td>Подпись</td>")
    assert cells(only(page(layout))) == REPORT_CELLS
    assert cells(only(page(table(f"<td>{layout}</td>")))) == REPORT_CELLS


def test_06_a_list_in_a_layout_is_a_sheet_and_one_in_a_cell_is_text() -> None:
    names = table("<td>ИНН</td>", "<td>0123456789</td>")
    assert cells(only(page(table(f"<td>{names}</td>")))) == [["ИНН"], ["0123456789"]]
    data = table("<td>1<td>2", f"<td>3<td>{names}")
    assert cells(only(page(data))) == [["1", "2"], ["3", "ИНН\n0123456789"]]


def test_06_a_data_table_around_a_data_table_is_kept() -> None:
    outer, inner = read(page(table("<td>1<td>2", f"<td>3<td>4<td>{REPORT}</td>"))).sheets
    assert cells(outer) == [["1", "2"], ["3", "4"]]
    assert cells(inner) == REPORT_CELLS


def test_20_several_tables_are_several_sheets() -> None:
    sheets = read(page(f"<h1>Отчёт</h1>{table('<td>за</td><td>июнь</td>')}{table('<td>один</td>')}{REPORT}")).sheets
    assert [(sheet.name, cells(sheet)) for sheet in sheets] == [
        ("table 1", [["за", "июнь"]]),
        ("table 2", REPORT_CELLS),
    ]


def test_06_the_name_of_the_worksheet_is_taken_from_excels_notes() -> None:
    notes = (
        "<!--[if gte mso 9]><xml><x:ExcelWorkbook><x:ExcelWorksheets><x:ExcelWorksheet><x:Name>Июнь &amp; К</x:Name>"
        "<x:WorksheetOptions/></x:ExcelWorksheet></x:ExcelWorksheets></x:ExcelWorkbook></xml><![endif]-->"
    )
    assert only(page(REPORT, notes)).name == "Июнь & К"
    hidden = notes.replace("<x:WorksheetOptions/>", "<x:Visible>SheetHidden</x:Visible>")
    assert not only(page(REPORT, hidden)).visible


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            page("<h1>Bad gateway</h1>", "<title>502 Bad\nGateway</title>"),
            "an HTML page without a table (502 Bad Gateway)",
        ),
        (page("<form>Войти: <input></form>"), "an HTML page without a table"),
        (page(table("<td>Вход</td>")), "an HTML page without a table"),
        ("<!DOCTYPE html>", "an HTML page without a table"),
        ("<div>502</div>", "an HTML page without a table"),
        ("<html><frameset><frame src=a></frameset></html>", "in a folder beside it"),
    ],
)
def test_12_a_page_without_a_table_is_named(text: str, words: str) -> None:
    found = failure(text)
    assert found.code == "FORMAT_UNSUPPORTED"
    assert words in found.message


def test_03_a_page_that_is_cut_off_is_not_loaded_in_part() -> None:
    text = page(REPORT)
    assert failure(text[: text.index("Ромашка")]).code == "CORRUPT_FILE"
    assert failure(f"{REPORT}<table><tr><td>1<td>2").code == "CORRUPT_FILE"


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 1_000_000 + REPORT,
        "<table><tr><td>" * 100_000 + "</table>" * 100_000,
        "<html>" + "<b>" * 90_000 + "</i>" * 190_000 + "</html>",
        table("<td colspan=1000>x</td>" * 50),
        table("<td colspan=100000000 rowspan=100000000>" * 16, *["<td>x"] * 3000),
        "<html>" + table("<td>1<td>2") * 2000 + "</html>",
        table(*["<td>1"] * 20_000, "<td>1" * 16_000),
        "<html><head><style>" * 100_000,
        "<html>" + "<x:ExcelWorksheet><x:Name>" * 50_000 + REPORT,
        table(f"<td x:num='{'1' * 100_000}x'>1</td><td>2</td>"),
    ],
    ids=["depth", "tables", "closing", "colspan", "rowspan", "many", "box", "style", "names", "digits"],
)
def test_11_bombs_end_quickly(text: str) -> None:
    started = time.monotonic()
    try:
        read(text)
    except PharmaError as error:
        assert error.code in {"RESOURCE_LIMIT", "CORRUPT_FILE", "FORMAT_UNSUPPORTED"}  # noqa: PT017
    assert time.monotonic() - started < 8


_VALUES = st.text("аБ x1&<>\"'", max_size=6)


@settings(deadline=None)
@given(st.lists(st.lists(_VALUES, min_size=2, max_size=4), min_size=2, max_size=6))
def test_what_is_written_is_read(rows: list[list[str]]) -> None:
    def render(value: str) -> str:
        return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def shown(value: str) -> str | None:
        return " ".join(value.split()) or None

    wanted = {
        (number, column): shown(value)
        for number, row in enumerate(rows, start=1)
        for column, value in enumerate(row)
        if shown(value)
    }
    text = page(table(*("".join(f"<td>{render(value)}</td>" for value in row) for row in rows)))
    if len({row for row, _ in wanted}) < 2 and len({column for _, column in wanted}) < 2:
        return
    sheet = only(text)
    assert wanted == {
        (int(number), column): value
        for at, number in enumerate(sheet.rows)
        for column, value in enumerate(sheet.row_texts(at))
        if value is not None
    }


_TAGS = st.sampled_from(
    ["table", "tr", "td", "th", "tbody", "caption", "div", "br", "b", "script", "style", "title", "p", "select", "xml"]
)
_PIECES = st.one_of(
    _TAGS.map(lambda tag: f"<{tag}>"),
    _TAGS.map(lambda tag: f"</{tag}>"),
    st.sampled_from(
        ["<td colspan=3 rowspan=0>", "<td x:num='1'>", "<tr hidden>", "<!--", "-->", "<![CDATA[", "&nbsp;"]
    ),
    st.text(max_size=3),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(_PIECES, max_size=40))
def test_any_soup_ends_in_a_document_or_a_problem(pieces: list[str]) -> None:
    try:
        document = read_document(b"<html>" + "".join(pieces).encode("utf-8", "replace") + b"</html>")
    except PharmaError:
        return
    for sheet in document.sheets:
        assert all(len(column) == sheet.height for column in sheet.columns)


def archive(*parts: tuple[str, str, str], encoding: str = "utf-8") -> bytes:
    """An mhtml as Excel writes it: (location, MIME subtype, text)."""
    message = MIMEMultipart("related", type="text/html", boundary="----=_NextPart_01")
    for location, subtype, text in parts:
        part = MIMEText(text, subtype, encoding)
        part["Content-Location"] = f"file:///C:/12345/{location}"
        message.attach(part)
    image = MIMEApplication(b"\x89PNG")
    message.attach(image)
    return message.as_bytes().replace(b"\n", b"\r\n")


FRAME = (
    "<html><head><!--[if gte mso 9]><xml><x:ExcelWorkbook><x:ExcelWorksheets>"
    '<x:ExcelWorksheet><x:Name>Июнь</x:Name><x:WorksheetSource HRef="Book1.files/sheet001.htm"/></x:ExcelWorksheet>'
    '<x:ExcelWorksheet><x:Name>Справка</x:Name><x:WorksheetSource HRef="Book1.files/sheet002.htm"/></x:ExcelWorksheet>'
    "</x:ExcelWorksheets></x:ExcelWorkbook></xml><![endif]--></head><frameset><frame></frameset></html>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
def test_06_a_web_archive_of_several_sheets(encoding: str) -> None:
    content = archive(
        ("Book1.htm", "html", FRAME),
        ("Book1.files/stylesheet.css", "css", ".a {}"),
        ("Book1.files/tabstrip.htm", "html", page(table("<td>Июнь</td><td>Справка</td>"))),
        ("Book1.files/sheet001.htm", "html", page(REPORT)),
        ("Book1.files/sheet002.htm", "html", page(table("<td>1</td><td>2</td>"))),
        encoding=encoding,
    )
    document = read_document(content)
    assert document.format == "mhtml"
    assert [(sheet.name, cells(sheet)) for sheet in document.sheets] == [
        ("Июнь", REPORT_CELLS),
        ("Справка", [["1", "2"]]),
    ]


def test_15_the_charset_of_a_web_archive_counts_unless_it_is_us_ascii() -> None:
    content = (
        b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=us-ascii\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + page(REPORT, "<meta charset=koi8-r>").replace("«", "").replace("»", "").replace("№", "N").encode("koi8-r")
    )
    assert read_document(content).sheets[0].row_texts(1) == ["0123456789", "Аптека Ромашка N1"]


def test_06_a_web_archive_of_one_page_and_one_without_a_table() -> None:
    assert cells(read_document(archive(("a.htm", "html", page(REPORT)))).sheets[0]) == REPORT_CELLS
    found = failure(archive(("a.htm", "html", page("Вход"))))
    assert (found.code, "without a table" in found.message) == ("FORMAT_UNSUPPORTED", True)


def test_03_a_web_archive_that_is_cut_off() -> None:
    content = archive(("a.htm", "html", page(REPORT)), ("b.htm", "html", page(REPORT)))
    assert failure(content[:-60]).code == "CORRUPT_FILE"
