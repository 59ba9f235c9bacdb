"""BAD_INPUTS 10 and 11: small files that ask for all the memory there is."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from pharma_assets_tests.database.bad_inputs.archives import (
    deflated_repeat,
    lying,
    patched,
)
from pharma_assets_tests.database.bad_inputs.inbox import Inbox, Rejected, Taken, loads_report
from pharma_assets_tests.database.bad_inputs.markup import (
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
    HEADER,
    REPORT,
    ROWS,
    STORED,
    SUMS,
    stored,
)
from pharma_assets_tests.database.bad_inputs.workbooks import (
    SHARED_XML,
    SHEET_XML,
    raw_rows,
    raw_xlsx,
    row_xml,
    sheet_xml,
    xls,
    xlsb,
    xlsx,
)


def quickly(take: Callable[[], Taken], seconds: float = 10) -> Taken:
    """Hold it to end in time, and to take no memory of this process to speak of."""
    before, started = peak_megabytes(), time.monotonic()
    taken = take()
    assert time.monotonic() - started < seconds
    assert peak_megabytes() - before < 200
    return taken


def peak_megabytes() -> int:
    (line,) = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(line) // 1024


STRAY = {
    "xlsx, last cell": raw_xlsx(
        sheet_xml(raw_rows(REPORT) + row_xml(1048576, ['<c r="XFD1048576" t="str"><v>x</v></c>']))
    ),
    "xlsx by openpyxl": xlsx(REPORT, lambda sheet: sheet.cell(1048576, 16384, "x")),
    "xlsb": xlsb(REPORT, stray=(1048575, 16383)),
    "ods": raw_ods(
        '<table:table table:name="Отчёт">'
        + ods_rows(REPORT)
        + '<table:table-row table:number-rows-repeated="1048571"><table:table-cell/></table:table-row>'
        + '<table:table-row><table:table-cell table:number-columns-repeated="16383"/>'
        + ods_cell("x")
        + "</table:table-row></table:table>"
    ),
    "xml 2003": spreadsheet_2003(REPORT).replace(
        b"</Table>",
        b'<Row ss:Index="1048576"><Cell ss:Index="16384"><Data ss:Type="String">x</Data></Cell></Row></Table>',
    ),
}


@pytest.mark.parametrize("content", STRAY.values(), ids=STRAY)
def test_case_10_stray_cell(inbox: Inbox, content: bytes) -> None:
    assert len(content) < 10_000
    taken = quickly(lambda: inbox.take_in(content))
    held_back = [Rejected(1048576, "Дата", "VALUE_MISSING")]
    assert stored(taken.loads(read=4, sums=SUMS, rejected=held_back)) == STORED
    assert taken.held_back[0]["raw_row"] == {"[XFD]": "x"}


FORMATTED = {
    "xlsx": raw_xlsx(sheet_xml(raw_rows(REPORT) + row_xml(1048576, ['<c r="XFD1048576" s="1"/>']))),
    "ods": raw_ods(
        '<table:table table:name="Отчёт">'
        + ods_rows(REPORT)
        + '<table:table-row table:number-rows-repeated="1048572">'
        + '<table:table-cell table:style-name="ce1" table:number-columns-repeated="16384"/></table:table-row>'
        + "</table:table>"
    ),
    "html": raw_html(
        html(REPORT).decode("cp1251").replace("</table>", "<tr><td rowspan=999999999 colspan=999999999></td></table>")
    ),
    "xls": xls(REPORT, lambda sheet: sheet.write(65535, 255, "")),
}


@pytest.mark.parametrize("content", FORMATTED.values(), ids=FORMATTED)
def test_case_10_stray_cell_that_is_blank(inbox: Inbox, content: bytes) -> None:
    loads_report(quickly(lambda: inbox.take_in(content)))


def test_case_10_stray_cell_in_the_last_column_of_a_row(inbox: Inbox) -> None:
    content = xlsx(REPORT, lambda sheet: sheet.cell(2, 16384, "заметка"))
    taken = quickly(lambda: inbox.take_in(content))
    assert stored(taken.loads(read=3, sums=SUMS)) == STORED
    assert taken.texts("extra")[0] == {"[XFD]": "заметка"}


def test_case_10_stray_cell_in_the_last_row_of_xls(inbox: Inbox) -> None:
    content = xls(REPORT, lambda sheet: sheet.write(65535, 255, "x"))
    taken = quickly(lambda: inbox.take_in(content, "отчёт.xls"))
    taken.loads(read=4, sums=SUMS, rejected=[Rejected(65536, "Дата", "VALUE_MISSING")])


NESTED = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20}">' for n in range(1, 12))
DOCTYPE = f'<!DOCTYPE lol [<!ENTITY e0 "lollollol">{NESTED}]>'


@cache
def huge() -> bytes:
    """A worksheet of 4 GiB, packed into 4 MB."""
    return deflated_repeat(b"<worksheet><sheetData>", b" " * (1 << 20), 4096)


def with_doctype(xml: bytes) -> bytes:
    return re.sub(rb"<t>[^<]*</t>", b"<t>&e11;</t>", DOCTYPE.encode() + xml, count=1)


BOMBS: dict[str, Callable[[], bytes]] = {
    "archive that declares 4 GiB": lambda: lying(xlsx(REPORT), SHEET_XML, huge(), 0xFFFF0000),
    "archive that declares 1 KB": lambda: lying(xlsx(REPORT), SHEET_XML, huge(), 1000),
    "ods": lambda: lying(ods(REPORT), "content.xml", huge(), 0xFFFF0000),
    "xlsb": lambda: lying(xlsb(REPORT), "xl/worksheets/sheet1.bin", huge(), 0xFFFF0000),
    "shared strings": lambda: patched(xlsx(REPORT), {SHARED_XML: with_doctype}),
    "xml 2003": lambda: raw_2003(
        '<Worksheet ss:Name="x"><Table><Row><Cell><Data ss:Type="String">&e11;</Data></Cell></Row></Table></Worksheet>',
        doctype=DOCTYPE,
    ),
}


@pytest.mark.parametrize("build", BOMBS.values(), ids=BOMBS)
def test_case_11_bomb(inbox: Inbox, build: Callable[[], bytes]) -> None:
    content = build()
    quickly(lambda: inbox.take_in(content)).fails("RESOURCE_LIMIT")


def test_case_11_a_report_that_packs_well_is_no_bomb(inbox: Inbox) -> None:
    rows = "".join(row_xml(number, ROWS[0]) for number in range(2, 5002))
    content = raw_xlsx(sheet_xml(row_xml(1, HEADER) + rows))
    taken = inbox.take_in(content)
    taken.loads(read=5000, sums={"amount_type_1": "10000", "sum_nds": "902500"})
