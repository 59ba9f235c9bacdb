"""BAD_INPUTS 5 to 7 and 14: the content decides, and every format is read."""

from __future__ import annotations

import quopri
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from pharma_assets_tests.database.bad_inputs.archives import (
    pack,
    patched,
    replacing,
    unpack,
)
from pharma_assets_tests.database.bad_inputs.inbox import Inbox, Rejected, loads_report
from pharma_assets_tests.database.bad_inputs.markup import (
    data_2003,
    html,
    ods,
    ods_cell,
    ods_rows,
    raw_2003,
    raw_html,
    raw_ods,
    spreadsheet_2003,
)
from pharma_assets_tests.database.bad_inputs.report import (
    COLUMNS,
    HEADER,
    INN,
    REPORT,
    ROWS,
    STORED,
    SUMS,
    WITH_SUM_ALIAS,
    dbf_report,
    stored,
)
from pharma_assets_tests.database.bad_inputs.tables import Excel, Formula, csv
from pharma_assets_tests.database.bad_inputs.workbooks import (
    SHARED_XML,
    SHEET_XML,
    biff5,
    raw_rows,
    raw_xlsx,
    sheet_xml,
    xls,
    xlsb,
    xlsx,
)

CONTENT_DECIDES = {
    "xlsx.xls": xlsx(REPORT),
    "xlsx.csv": xlsx(REPORT),
    "xls.xlsx": xls(REPORT),
    "tsv.xls": csv(REPORT, "\t", "cp1251"),
    "csv.xlsx": csv(REPORT),
    "html.xlsx": html(REPORT),
    "xml2003.xls": spreadsheet_2003(REPORT),
    "ods.xls": ods(REPORT),
    "xlsb.xlsx": xlsb(REPORT),
    "no extension": xlsx(REPORT),
}


@pytest.mark.parametrize(("name", "content"), CONTENT_DECIDES.items(), ids=CONTENT_DECIDES)
def test_case_05_the_content_decides(inbox: Inbox, name: str, content: bytes) -> None:
    loads_report(inbox.take_in(content, name))


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866", "utf-8", "utf-8-sig", "utf-16"])
def test_case_06_html_as_xls(inbox: Inbox, encoding: str) -> None:
    loads_report(inbox.take_in(html(REPORT, encoding, meta=encoding.removesuffix("-sig")), "отчёт.xls"))


def test_case_06_html_without_a_charset(inbox: Inbox) -> None:
    loads_report(inbox.take_in(html(REPORT, "cp1251", meta=""), "отчёт.xls"))


def test_case_06_html_as_1c_writes_it(inbox: Inbox) -> None:
    body = (
        "<table><tr><td colspan=5><b>Продажи</b> за&nbsp;июнь<br>2025</td></tr><tr><td></td></tr></table>"
        "<TABLE border=0><TR>" + "".join(f"<TH><font size=2>{name}</font></TH>" for name in HEADER) + "</TR>"
        "<TR><TD>02.06.2025<TD>Цитрамон-Ёлка таб. &#8470;10<TD>5400001230<TD align=right>2<TD>180,50</TR>"
        "<TR><TD>03.06.2025</TD><TD>Нурофенка <i>капс.</i> №20</TD><TD>0123456788</TD><TD>10,5</TD>"
        "<TD>1&nbsp;999,99</TD></TR>"
        "<TR><TD>30.06.2025</TD><TD>Анальгинка р-р 50 %</TD><TD>540000123403</TD><TD>-1</TD><TD>-90,25</TD></TR>"
        "</TABLE>"
    )
    loads_report(inbox.take_in(raw_html(body), "отчёт.xls"))


@pytest.mark.parametrize(("encoding", "meta"), [("cp1251", "utf-8"), ("utf-8", "windows-1251"), ("cp866", "cp1251")])
def test_case_06_html_whose_charset_lies(inbox: Inbox, encoding: str, meta: str) -> None:
    """Its letters are found out or it is refused; they are never taken for others."""
    taken = inbox.take_in(html(REPORT, encoding, meta), "отчёт.xls")
    if taken.status == "ERROR":
        assert taken.code in {"ENCODING_UNKNOWN", "HEADER_NOT_FOUND", "CORRUPT_FILE"}
    else:
        loads_report(taken)


def test_case_06_web_archive(inbox: Inbox) -> None:
    page = quopri.encodestring(html(REPORT, "cp1251")).decode()
    parts = [
        "MIME-Version: 1.0",
        'Content-Type: multipart/related; boundary="----=_x"',
        "",
        "------=_x",
        "Content-Location: file:///C:/x.htm",
        "Content-Transfer-Encoding: quoted-printable",
        'Content-Type: text/html; charset="windows-1251"',
        "",
        page,
        "------=_x--",
        "",
    ]
    loads_report(inbox.take_in("\r\n".join(parts).encode(), "отчёт.xls"))


def test_case_07_xml_spreadsheet_2003(inbox: Inbox) -> None:
    loads_report(inbox.take_in(spreadsheet_2003(REPORT), "отчёт.xml"))


def test_case_07_xml_spreadsheet_2003_with_gaps_and_merges(inbox: Inbox) -> None:
    rows = ""
    for number, cells in enumerate(REPORT):
        # The second column stays blank: the first cell after the gap says where it stands.
        first, *others = (f"<Cell{{}}>{data_2003(cell)}</Cell>" for cell in cells)
        placed = first.format("") + others[0].format(' ss:Index="3"') + "".join(cell.format("") for cell in others[1:])
        rows += f'<Row ss:Index="{5 + 2 * number}">{placed}</Row>'
    title = '<Row><Cell ss:MergeAcross="4" ss:MergeDown="1"><Data ss:Type="String">Продажи</Data></Cell></Row>'
    sheet = f'<Worksheet ss:Name="Отчёт"><Table>{title}{rows}</Table></Worksheet>'
    taken = inbox.take_in(raw_2003(sheet, "windows-1251"), "отчёт.xls")
    loads_report(taken)
    assert taken.texts("source_row") == [7, 9, 11]


def xlsm() -> bytes:
    types = replacing((b"spreadsheetml.sheet.main+xml", b"ms-excel.sheet.macroEnabled.main+xml"))
    content = patched(xlsx(REPORT), {"[Content_Types].xml": types})
    return pack({**unpack(content), "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600})


EVERY_FORMAT = {
    "report.xls": xls(REPORT),
    "report.xlsx": xlsx(REPORT),
    "report.xlsm": xlsm(),
    "report.xlsb": xlsb(REPORT),
    "report.ods": ods(REPORT),
    "report.csv": csv(REPORT),
    "report.txt": csv(REPORT, "\t", "cp1251"),
    "report.tsv": csv(REPORT, "\t"),
    "report.dbf": dbf_report(),
    "ansi.dbf": dbf_report("cp1251", 0xC9),
    "of no code page.dbf": dbf_report("cp1251", 0),
}


@pytest.mark.parametrize(("name", "content"), EVERY_FORMAT.items(), ids=EVERY_FORMAT)
def test_case_14_every_format(inbox: Inbox, name: str, content: bytes) -> None:
    loads_report(inbox.take_in(content, name, columns=WITH_SUM_ALIAS))


STRICT = {
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships"
    ),
}


def strict(content: bytes) -> bytes:
    """The same workbook in the strict dialect of OOXML."""
    members = unpack(content)
    for transitional, namespace in STRICT.items():
        members = {name: member.replace(transitional, namespace) for name, member in members.items()}
    return pack(members)


def prefixed(content: bytes) -> bytes:
    """The same workbook with a prefix before every tag, as some programs write it."""

    def change(xml: bytes) -> bytes:
        xml = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", xml)
        return xml.replace(
            b'xmlns="http://schemas.openxmlformats.org/spr', b'xmlns:x="http://schemas.openxmlformats.org/spr'
        )

    return patched(content, {SHEET_XML: change, SHARED_XML: change})


def with_traps(sheet: Any) -> None:
    sheet.row_dimensions[2].hidden = True
    sheet.merge_cells("F2:F3")


DIALECTS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda content: content,
    "strict": strict,
    "prefixed": prefixed,
}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_case_14_dialects_of_xlsx(inbox: Inbox, dialect: Callable[[bytes], bytes]) -> None:
    loads_report(inbox.take_in(dialect(xlsx(REPORT))))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_case_14_dialects_of_xlsx_hide_nothing(inbox: Inbox, dialect: Callable[[bytes], bytes]) -> None:
    """Errors, formulas without values, merges and hidden rows are seen however the tags are written."""
    table = [
        (*HEADER, "Филиал"),
        (*ROWS[0], "Москва"),
        (*ROWS[1], None),
        (*ROWS[2], None),
        (date(2025, 6, 4), "Крем", INN, Excel("#REF!"), 1, None),
        (date(2025, 6, 4), "Крем", INN, Formula("=1+1"), 1, None),
    ]
    taken = inbox.take_in(dialect(xlsx(table, with_traps)), columns={**COLUMNS, "Филиал": "supplier_filial"})
    held_back = [Rejected(5, "Количество", "CELL_ERROR"), Rejected(6, "Количество", "FORMULA_NO_VALUE")]
    assert stored(taken.loads(read=5, sums=SUMS, rejected=held_back)) == STORED
    assert taken.texts("supplier_filial") == ["Москва", "Москва", None]
    assert "HIDDEN_ROWS" in taken.remarks


def test_case_14_cells_that_do_not_say_where_they_stand(inbox: Inbox) -> None:
    xml = re.sub(r' r="[A-Z]*\d+"', "", raw_rows(REPORT))
    loads_report(inbox.take_in(raw_xlsx(sheet_xml(xml))))


def test_case_14_rich_text(inbox: Inbox) -> None:
    bold = "<r><rPr><b/></rPr><t>Цитрамон-Ёлка</t></r>"
    rich = f'<is>{bold}<r><t xml:space="preserve"> таб. №10</t></r><rPh><t>x</t></rPh></is>'
    xml = raw_rows(REPORT).replace('<is><t xml:space="preserve">Цитрамон-Ёлка таб. №10</t></is>', rich)
    assert rich in xml
    loads_report(inbox.take_in(raw_xlsx(sheet_xml(xml))))


def test_case_14_notes_in_cells_of_ods_are_not_their_text(inbox: Inbox) -> None:
    note = "<office:annotation><text:p>Заметка</text:p></office:annotation>"
    spans = "<text:p>Цитрамон-Ёлка<text:s/><text:span>таб.</text:span> №10</text:p>"
    cell = ods_cell(ROWS[0][1])
    rows = ods_rows(REPORT).replace(cell, cell.replace("<text:p>Цитрамон-Ёлка таб. №10</text:p>", note + spans))
    assert note in rows
    loads_report(inbox.take_in(raw_ods(f'<table:table table:name="Отчёт">{rows}</table:table>')))


@pytest.mark.parametrize("codepage", [None, 1251])
def test_case_14_an_old_xls(inbox: Inbox, codepage: int | None) -> None:
    """BIFF5, which often does not name its code page."""
    loads_report(inbox.take_in(biff5(REPORT, codepage), "отчёт.xls"))


def test_case_14_deleted_records_of_a_dbf_are_no_rows(inbox: Inbox) -> None:
    whole = dbf_report()
    start = whole.index(b" 20250603")
    content = whole[:start] + b"*" + whole[start + 1 :]
    taken = inbox.take_in(content, "отчёт.dbf", columns=WITH_SUM_ALIAS)
    assert stored(taken.loads(read=2, sums={"amount_type_1": "1", "sum_nds": "90.25"})) == [STORED[0], STORED[2]]
