"""BAD_INPUTS 20 to 23 and 33 to 35: which sheets, and all of their rows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from pharma_assets_tests.database.bad_inputs.archives import patched
from pharma_assets_tests.database.bad_inputs.inbox import Inbox, loads_report
from pharma_assets_tests.database.bad_inputs.markup import (
    html,
    ods_cell,
    ods_rows,
    raw_ods,
    spreadsheet_2003,
)
from pharma_assets_tests.database.bad_inputs.report import (
    COLUMNS,
    HEADER,
    MORE,
    REPORT,
    ROWS,
    STORED,
    many,
)
from pharma_assets_tests.database.bad_inputs.tables import Table, csv
from pharma_assets_tests.database.bad_inputs.workbooks import (
    SHEET_XML,
    merge,
    put,
    put_xls,
    raw_rows,
    raw_xlsx,
    row_xml,
    sheet_xml,
    workbook,
    xls,
    xls_workbook,
    xlsb,
    xlsx,
)


def sheets(*tables: tuple[str, Table, str]) -> bytes:
    """A workbook of several sheets: title, rows, state."""

    def fill(book: openpyxl.Workbook) -> None:
        book.remove(book.active)
        for title, rows, state in tables:
            sheet = book.create_sheet(title)
            sheet.sheet_state = state
            put(sheet, rows)

    return workbook(fill)


def sheets_xls(*tables: tuple[str, Table, str]) -> bytes:
    """The same as xls."""

    def fill(book: Any) -> None:
        for title, rows, state in tables:
            sheet = book.add_sheet(title)
            sheet.visibility = {"visible": 0, "hidden": 1, "veryHidden": 2}[state]
            put_xls(sheet, rows)

    return xls_workbook(fill)


TITLE = (("Отчёт о продажах",), ("Поставщик", "Рога и копыта"), ("Дата", "20.06.2025"), ("Товар", "все"))


@pytest.mark.parametrize("build", [sheets, sheets_xls], ids=["xlsx", "xls"])
def test_case_20_title_sheet_first(inbox: Inbox, build: Callable[..., bytes]) -> None:
    content = build(("Титул", TITLE, "visible"), ("Пусто", (), "visible"), ("Продажи", REPORT, "visible"))
    taken = loads_report(inbox.take_in(content))
    assert set(taken.texts("source_sheet")) == {"Продажи"}


def test_case_20_the_named_sheet(inbox: Inbox) -> None:
    content = sheets(("Черновик", (HEADER, *MORE), "visible"), ("Продажи", REPORT, "visible"))
    loads_report(inbox.take_in(content, sheet="Продажи"))


def test_case_20_the_named_sheet_is_not_there(inbox: Inbox) -> None:
    inbox.take_in(xlsx(REPORT, title="Лист1"), sheet="Продажи").fails("HEADER_NOT_FOUND")


@pytest.mark.parametrize("build", [sheets, sheets_xls], ids=["xlsx", "xls"])
@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_case_21_hidden_sheet_alone_has_the_header(inbox: Inbox, build: Callable[..., bytes], state: str) -> None:
    content = build(("Титул", TITLE, "visible"), ("Тайна", REPORT, state))
    inbox.take_in(content).fails("HIDDEN_SHEET", "Тайна")


HIDDEN_SHEETS = {
    "xlsb": lambda: xlsb(REPORT, hidden=True),
    "ods": lambda: raw_ods(
        '<table:table table:name="Отчёт" table:style-name="ta1">' + ods_rows(REPORT) + "</table:table>",
        '<style:style style:name="ta1" style:family="table"><style:table-properties table:display="false"/>'
        "</style:style>",
    ),
    "xml 2003": lambda: spreadsheet_2003(REPORT).replace(
        b"</Table>",
        b'</Table><WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible>'
        b"</WorksheetOptions>",
    ),
}


@pytest.mark.parametrize("build", HIDDEN_SHEETS.values(), ids=HIDDEN_SHEETS)
def test_case_21_hidden_sheet_in_other_formats(inbox: Inbox, build: Callable[[], bytes]) -> None:
    inbox.take_in(build()).fails("HIDDEN_SHEET", "Отчёт")


@pytest.mark.parametrize("build", [sheets, sheets_xls], ids=["xlsx", "xls"])
def test_case_21_hidden_sheet_beside_a_visible_one(inbox: Inbox, build: Callable[..., bytes]) -> None:
    content = build(("Прошлый месяц", (HEADER, *MORE), "hidden"), ("Продажи", REPORT, "visible"))
    taken = loads_report(inbox.take_in(content))
    assert set(taken.texts("source_sheet")) == {"Продажи"}


def test_case_21_hidden_sheet_that_the_layout_names(inbox: Inbox) -> None:
    content = sheets(("Титул", TITLE, "visible"), ("Тайна", REPORT, "hidden"))
    loads_report(inbox.take_in(content, sheet="Тайна"))


def test_case_21_hidden_sheets_are_no_part_of_all_sheets(inbox: Inbox) -> None:
    content = sheets(("Прошлый месяц", (HEADER, *MORE), "hidden"), ("Продажи", REPORT, "visible"))
    loads_report(inbox.take_in(content, sheets="all"))


def hide(sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True


def filter_out(sheet: Any) -> None:
    sheet.auto_filter.ref = "A1:E4"
    sheet.auto_filter.add_filter_column(3, ["2"])
    sheet.row_dimensions[3].hidden = sheet.row_dimensions[4].hidden = True


def hide_xls(sheet: Any) -> None:
    sheet.row(2).hidden = True
    sheet.row(2).has_default_height = False


HIDDEN_ROWS = {
    "xlsx": lambda: xlsx(REPORT, hide),
    "xlsx filtered": lambda: xlsx(REPORT, filter_out),
    "xls": lambda: xls(REPORT, hide_xls),
    "ods": lambda: raw_ods(
        '<table:table table:name="Отчёт">'
        + ods_rows(REPORT, {1: ' table:visibility="collapse"', 2: ' table:visibility="filter"'})
        + "</table:table>"
    ),
    "xlsb": lambda: xlsb(REPORT, hidden_rows=[2]),
    "xml 2003": lambda: spreadsheet_2003(REPORT).replace(b"<Row>", b'<Row ss:Hidden="1">', 2),
}


@pytest.mark.parametrize("build", HIDDEN_ROWS.values(), ids=HIDDEN_ROWS)
def test_case_22_hidden_rows_load_with_a_remark(inbox: Inbox, build: Callable[[], bytes]) -> None:
    assert "HIDDEN_ROWS" in loads_report(inbox.take_in(build())).remarks


def test_case_22_no_remark_where_nothing_is_hidden(inbox: Inbox) -> None:
    assert loads_report(inbox.take_in(xlsx(REPORT))).remarks == frozenset()


TWO = (("Москва", REPORT, "visible"), ("Казань", (("Казань",), HEADER, *MORE), "visible"))


@pytest.mark.parametrize("build", [sheets, sheets_xls], ids=["xlsx", "xls"])
def test_case_23_several_sheets_are_ambiguous(inbox: Inbox, build: Callable[..., bytes]) -> None:
    inbox.take_in(build(*TWO)).fails("AMBIGUOUS_SHEET", "Москва", "Казань")


@pytest.mark.parametrize("build", [sheets, sheets_xls], ids=["xlsx", "xls"])
def test_case_23_several_sheets_all(inbox: Inbox, build: Callable[..., bytes]) -> None:
    taken = inbox.take_in(build(*TWO, ("Титул", TITLE, "visible")), sheets="all")
    rows = taken.loads(read=5, sums={"amount_type_1": "20.5", "sum_nds": "2105.24"})
    assert [(row["source_sheet"], row["source_row"], row["tms"]) for row in rows] == [
        ("Казань", 3, "Крем"),
        ("Казань", 4, "Гель"),
        ("Москва", 2, STORED[0][1]),
        ("Москва", 3, STORED[1][1]),
        ("Москва", 4, STORED[2][1]),
    ]


def test_case_23_several_sheets_all_with_other_orders_of_columns(inbox: Inbox) -> None:
    turned = [tuple(reversed(row)) for row in (HEADER, *MORE)]
    content = sheets(("Москва", REPORT, "visible"), ("Казань", turned, "visible"))
    taken = inbox.take_in(content, sheets="all")
    taken.loads(read=5, sums={"amount_type_1": "20.5", "sum_nds": "2105.24"})


def test_case_23_several_sheets_all_each_with_its_total(inbox: Inbox) -> None:
    def build(total: int) -> bytes:
        moscow = (*REPORT, ("Итого", None, None, 11.5, 2090.24))
        kazan = (HEADER, *MORE, ("Итого", None, None, total, 15))
        return sheets(("Москва", moscow, "visible"), ("Казань", kazan, "visible"))

    taken = inbox.take_in(build(9), sheets="all")
    taken.loads(read=7, sums={"amount_type_1": "20.5", "sum_nds": "2105.24"}, left_out=2)
    inbox.take_in(build(8), sheets="all").fails("TOTAL_MISMATCH", "Казань", "8", "9")


def test_case_23_several_sheets_all_one_of_them_without_rows(inbox: Inbox) -> None:
    content = sheets(("Москва", REPORT, "visible"), ("Казань", (HEADER,), "visible"))
    loads_report(inbox.take_in(content, sheets="all"))


def test_case_23_several_sheets_all_one_of_them_lacking_a_column(inbox: Inbox) -> None:
    """A sheet that looks like one of the report's must not be left out silently."""
    lacking = [row[:3] + row[4:] for row in (HEADER, *MORE)]
    content = sheets(("Москва", REPORT, "visible"), ("Казань", lacking, "visible"))
    inbox.take_in(content, sheets="all").fails("MISSING_COLUMN", "Казань", "Количество")


BRANCHES = {**COLUMNS, "Филиал": "supplier_filial"}
BRANCH_ROWS = [
    ("Филиал", *HEADER),
    ("Москва", *ROWS[0]),
    (None, *ROWS[1]),
    (None, *ROWS[2]),
    (None, *MORE[0]),
    ("Казань", *MORE[1]),
]
FILLED_BRANCHES = ["Москва", "Москва", "Москва", None, "Казань"]


def ods_merged() -> bytes:
    first = ods_cell("Москва", ' table:number-rows-spanned="3" table:number-columns-spanned="1"')
    rows = [ods_rows([cells]) for cells in BRANCH_ROWS]
    rows[1] = rows[1].replace(ods_cell("Москва"), first)
    for covered in (2, 3):
        rows[covered] = rows[covered].replace("<table:table-cell/>", "<table:covered-table-cell/>", 1)
    return raw_ods(f'<table:table table:name="Отчёт">{"".join(rows)}</table:table>')


def html_merged() -> bytes:
    page = html(BRANCH_ROWS).decode("cp1251")
    page = page.replace("<td>Москва</td>", "<td rowspan=3>Москва</td>")
    for row in ROWS[1:]:
        page = page.replace(f"<td></td><td>{row[0]:%d.%m.%Y}</td>", f"<td>{row[0]:%d.%m.%Y}</td>")
    return page.encode("cp1251")


def xml_2003_merged() -> bytes:
    page = spreadsheet_2003(BRANCH_ROWS).decode()
    page = page.replace('<Cell><Data ss:Type="String">Москва<', '<Cell ss:MergeDown="2"><Data ss:Type="String">Москва<')
    for row in ROWS[1:]:
        day = f'<Cell{{}}><Data ss:Type="DateTime">{row[0].isoformat()}'
        page = page.replace("<Cell></Cell>" + day.format(""), day.format(' ss:Index="2"'))
    return page.encode()


MERGED = {
    "xlsx": lambda: xlsx(BRANCH_ROWS, merge("A2:A4")),
    "xls": lambda: xls(BRANCH_ROWS, lambda sheet: sheet.merge(1, 3, 0, 0)),
    "ods": ods_merged,
    "html": html_merged,
    "xlsb": lambda: xlsb(BRANCH_ROWS, merges=[(1, 3, 0, 0)]),
    "xml 2003": xml_2003_merged,
}


@pytest.mark.parametrize("build", MERGED.values(), ids=MERGED)
def test_case_33_merged_keys(inbox: Inbox, build: Callable[[], bytes]) -> None:
    taken = inbox.take_in(build(), columns=BRANCHES)
    taken.loads(read=5, sums={"amount_type_1": "20.5", "sum_nds": "2105.24"})
    assert taken.texts("supplier_filial") == FILLED_BRANCHES


def test_case_33_merged_amounts_are_not_multiplied(inbox: Inbox) -> None:
    """A sum that is merged over three rows is one sum, not three."""
    rows = [HEADER, *((*row[:4], Decimal(900) if number == 0 else None) for number, row in enumerate(ROWS))]
    taken = inbox.take_in(xlsx(rows, merge("E2:E4")))
    taken.loads(read=3, sums={"amount_type_1": "11.5", "sum_nds": "900"})


def resized(content: bytes, dimension: str) -> bytes:
    return patched(content, {SHEET_XML: lambda xml: re.sub(rb'<dimension ref="[^"]+"\s*/>', dimension.encode(), xml)})


DIMENSIONS = {
    "too small": '<dimension ref="A1:B2"/>',
    "elsewhere": '<dimension ref="C3:C3"/>',
    "one cell": '<dimension ref="A1"/>',
    "too large": '<dimension ref="A1:XFD1048576"/>',
    "nonsense": '<dimension ref="A0:$$9"/>',
    "missing": "",
}


@pytest.mark.parametrize("dimension", DIMENSIONS.values(), ids=DIMENSIONS)
def test_case_34_wrong_dimension(inbox: Inbox, dimension: str) -> None:
    content = resized(xlsx([HEADER, *many(300)]), dimension)
    started = time.monotonic()
    inbox.take_in(content).loads(read=300, sums={"amount_type_1": "45150", "sum_nds": "11287.5"})
    assert time.monotonic() - started < 10


BLANK_ROWS = {
    "xlsx, rows without cells": lambda: raw_xlsx(
        sheet_xml(
            raw_rows(REPORT[:2])
            + "".join(f'<row r="{number}"/>' for number in range(3, 1_000_003))
            + raw_rows(REPORT[2:], 1_000_003)
        )
    ),
    "xlsx, formatted cells": lambda: raw_xlsx(
        sheet_xml(
            raw_rows(REPORT[:2])
            + "".join(f'<row r="{n}"><c r="A{n}" s="1"/><c r="E{n}" s="1"/></row>' for n in range(3, 1_000_003))
            + row_xml(1_000_003, REPORT[2])
            + row_xml(1_000_004, REPORT[3])
        )
    ),
    "csv": lambda: csv(REPORT[:2]) + b";;;;\r\n" * 500_000 + b"\r\n" * 500_000 + csv(REPORT[2:]),
    "xls": lambda: xls(
        [*REPORT[:2], *[()] * 60_000, *REPORT[2:]], lambda sheet: [sheet.write(row, 0, "") for row in range(4, 60_000)]
    ),
    "ods": lambda: raw_ods(
        '<table:table table:name="Отчёт">'
        + ods_rows(REPORT[:2])
        + '<table:table-row table:number-rows-repeated="1000000"><table:table-cell '
        + 'table:number-columns-repeated="1024"/></table:table-row>'
        + ods_rows(REPORT[2:])
        + "</table:table>"
    ),
}


@pytest.mark.parametrize("build", BLANK_ROWS.values(), ids=BLANK_ROWS)
def test_case_35_million_blank_rows(inbox: Inbox, build: Callable[[], bytes]) -> None:
    content = build()
    started = time.monotonic()
    loads_report(inbox.take_in(content))
    assert time.monotonic() - started < 15
