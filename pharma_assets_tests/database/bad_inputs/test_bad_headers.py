"""BAD_INPUTS 24 to 31: where the header is, and which column is which."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pharma_assets_tests.database.bad_inputs.inbox import Inbox, loads_report
from pharma_assets_tests.database.bad_inputs.markup import (
    html,
    ods,
    raw_html,
)
from pharma_assets_tests.database.bad_inputs.report import (
    COLUMNS,
    HEADER,
    INN,
    MORE,
    REPORT,
    ROWS,
    SUMS,
)
from pharma_assets_tests.database.bad_inputs.tables import Table, csv
from pharma_assets_tests.database.bad_inputs.workbooks import (
    merge,
    xls,
    xlsx,
)


def preamble(count: int) -> list[tuple[object, ...]]:
    return [(f"Строка {number}", None, date(2025, 6, 1), number) for number in range(count)]


@pytest.mark.parametrize("count", [0, 7, 30])
@pytest.mark.parametrize("build", [xlsx, xls, csv, html, ods])
def test_case_24_preamble(inbox: Inbox, build: Callable[[Table], bytes], count: int) -> None:
    table = [*preamble(count), *REPORT]
    if build is csv:
        table = [(*row, *[None] * (5 - len(row))) for row in table]
    taken = loads_report(inbox.take_in(build(table)))
    assert taken.texts("source_row") == [count + 2, count + 3, count + 4]


def test_case_24_preamble_of_short_lines_in_a_text_file(inbox: Inbox) -> None:
    content = "Отчёт за июнь\r\n\r\nПоставщик;Рога и копыта\r\n".encode("cp1251") + csv(REPORT, encoding="cp1251")
    taken = loads_report(inbox.take_in(content))
    assert taken.texts("source_row") == [5, 6, 7]


@pytest.mark.parametrize(("count", "within"), [(40, {}), (10, {"header_within": 10})], ids=["default", "10"])
def test_case_24_preamble_that_is_longer_than_allowed(inbox: Inbox, count: int, within: dict[str, int]) -> None:
    inbox.take_in(xlsx([*preamble(count), *REPORT]), **within).fails("HEADER_NOT_FOUND", "Строка 0")


TWO_ROWS = [
    ("Дата", "Товар", "ИНН", "Продажи", None),
    (None, None, None, "Количество", "Сумма с НДС"),
    *ROWS,
]


def test_case_25_header_of_two_rows(inbox: Inbox) -> None:
    taken = loads_report(inbox.take_in(xlsx(TWO_ROWS, merge("A1:A2", "B1:B2", "C1:C2", "D1:E1"))))
    assert taken.texts("source_row") == [3, 4, 5]


def test_case_25_header_of_two_rows_in_xls(inbox: Inbox) -> None:
    def edit(sheet: Any) -> None:
        for place in range(3):
            sheet.merge(0, 1, place, place)
        sheet.merge(0, 0, 3, 4)

    loads_report(inbox.take_in(xls(TWO_ROWS, edit)))


def test_case_25_header_of_two_rows_in_html(inbox: Inbox) -> None:
    body = html(ROWS).decode("cp1251")
    head = (
        "<tr><td rowspan=2>Дата</td><td rowspan=2>Товар</td><td rowspan=2>ИНН</td><td colspan=2>Продажи</td></tr>"
        "<tr><td>Количество</td><td>Сумма с НДС</td></tr>"
    )
    loads_report(inbox.take_in(raw_html(re.sub("(<table border=1>)", rf"\1{head}", body))))


GROUPS = [
    ("Дата", "Товар", "ИНН", "Остатки", None, "Продажи", None),
    (None, None, None, "Количество", "Сумма с НДС", "Количество", "Сумма с НДС"),
    *((*row[:3], 1000, 1000, *row[3:]) for row in ROWS),
]
GROUP_COLUMNS = {
    "Дата": COLUMNS["Дата"],
    "Товар": COLUMNS["Товар"],
    "ИНН": "client_inn",
    "Продажи Количество": "amount_type_1",
    "Продажи Сумма с НДС": "sum_nds",
}


def test_case_25_groups_in_a_header_of_two_rows(inbox: Inbox) -> None:
    content = xlsx(GROUPS, merge("A1:A2", "B1:B2", "C1:C2", "D1:E1", "F1:G1"))
    taken = loads_report(inbox.take_in(content, columns=GROUP_COLUMNS))
    assert taken.texts("extra") == [{"Остатки Количество": "1000", "Остатки Сумма с НДС": "1000"}] * 3


def test_case_25_groups_are_not_told_apart_by_their_second_row(inbox: Inbox) -> None:
    content = xlsx(GROUPS, merge("A1:A2", "B1:B2", "C1:C2", "D1:E1", "F1:G1"))
    inbox.take_in(content).fails("AMBIGUOUS_COLUMN", "Количество")


def test_case_25_merged_header_cells(inbox: Inbox) -> None:
    """Дата stands over two columns, the second of which has nothing but blanks."""
    rows = [(cells[0], None, *cells[1:]) for cells in REPORT]
    loads_report(inbox.take_in(xlsx(rows, merge("A1:B1"))))


def test_case_25_wrapped_header_texts(inbox: Inbox) -> None:
    header = ("Дата\n", " Товар", "ИНН", "Коли-\nчество", "Сумма\r\nс\u00a0НДС")
    columns = {**COLUMNS, "Количество": {"to": "amount_type_1", "aliases": ["Коли- чество"]}}
    loads_report(inbox.take_in(xlsx([header, *ROWS]), columns=columns))


ALIASES = {**COLUMNS, "Товар": {"to": "tms", "filled": True, "aliases": ["Наименование товара", "Препарат"]}}


@pytest.mark.parametrize("name", ["Товар", "Наименование товара", "ПРЕПАРАТ"])
def test_case_26_header_synonyms(inbox: Inbox, name: str) -> None:
    header = [name if cell == "Товар" else cell for cell in HEADER]
    loads_report(inbox.take_in(xlsx([header, *ROWS]), columns=ALIASES))


def test_case_26_unknown_required_column(inbox: Inbox) -> None:
    header = ("Дата", "Наименование", "ИНН", "Кол-во", "Сумма с НДС", "Скидка")
    message = inbox.take_in(xlsx([header, *((*row, 1) for row in ROWS)])).fails(
        "MISSING_COLUMN", "Отчёт", "row 1", "Товар", "Количество", "Наименование", "Кол-во", "Скидка"
    )
    renames = message.partition("likely renames")[2].partition("looks like: –")[0]
    assert "Количество → Кол-во" in renames
    assert not re.search("→ Скидка|Скидка →", message)


def test_case_27_extra_columns(inbox: Inbox) -> None:
    header = (*HEADER, "Скидка", None, "Примечание \"'«»")
    rows = [(*row, Decimal("0.1"), note, note) for row, note in zip(ROWS, ("да\nнет", None, "\\"), strict=True)]
    taken = loads_report(inbox.take_in(xlsx([header, *rows])))
    assert taken.texts("extra") == [
        {"Скидка": "0.1", "[G]": "да\nнет", "Примечание \"'«»": "да\nнет"},
        {"Скидка": "0.1"},
        {"Скидка": "0.1", "[G]": "\\", "Примечание \"'«»": "\\"},
    ]
    assert "EXTRA_COLUMNS" in taken.remarks


def test_case_27_a_column_that_the_layout_keeps_is_no_remark(inbox: Inbox) -> None:
    rows = [(*HEADER, "Скидка"), *((*row, "5 %") for row in ROWS)]
    taken = loads_report(inbox.take_in(xlsx(rows), columns={**COLUMNS, "Скидка": {"to": None}}))
    assert taken.texts("extra") == [{"Скидка": "5 %"}] * 3
    assert "EXTRA_COLUMNS" not in taken.remarks


@pytest.mark.parametrize(
    "twin", ["Количество", "КОЛИЧЕСТВО ", "Koличecтвo", "Коли\u200bчество", "Кол-во"],
    ids=["the same", "case and blanks", "Latin letters", "zero width", "alias"],
)  # fmt: skip
def test_case_28_duplicate_headers(inbox: Inbox, twin: str) -> None:
    columns = {**COLUMNS, "Количество": {"to": "amount_type_1", "aliases": ["Кол-во"]}}
    rows = [(*HEADER, twin), *((*row, 9) for row in ROWS)]
    inbox.take_in(xlsx(rows), columns=columns).fails("AMBIGUOUS_COLUMN", "Количество", "D", "F")


def test_case_28_duplicate_headers_that_nobody_maps(inbox: Inbox) -> None:
    rows = [(*HEADER, "Скидка", "скидка", "Скидка"), *((*row, 1, 2, 3) for row in ROWS)]
    taken = loads_report(inbox.take_in(xlsx(rows)))
    assert taken.texts("extra") == [{"Скидка": "1", "скидка": "2", "Скидка [H]": "3"}] * 3


@pytest.mark.parametrize("order", [(4, 3, 2, 1, 0), (2, 0, 4, 1, 3)], ids=str)
def test_case_29_reordered_columns(inbox: Inbox, order: Sequence[int]) -> None:
    loads_report(inbox.take_in(xls([[row[place] for place in order] for row in REPORT])))


@pytest.mark.parametrize("build", [xlsx, csv, html])
def test_case_30_no_header(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    message = inbox.take_in(build(ROWS)).fails("HEADER_NOT_FOUND", "Цитрамон-Ёлка", INN)
    assert all(name in message for name in HEADER)


def test_case_31_header_repeated_among_the_rows(inbox: Inbox) -> None:
    again = (" ДАТА", "Товар", "ИНН ", "Количество", "сумма с НДС")
    taken = inbox.take_in(xlsx([*REPORT, HEADER, *MORE, again, (None,), HEADER]))
    taken.loads(read=8, sums={"amount_type_1": "20.5", "sum_nds": "2105.24"}, left_out=3)
    assert taken.texts("source_row") == [2, 3, 4, 6, 7]


def test_case_31_repeated_header_of_a_page_with_its_preamble(inbox: Inbox) -> None:
    """What stands above the header on each page is no data either."""
    taken = inbox.take_in(xlsx([("Стр. 1",), *REPORT, ("Стр. 2",), HEADER, *MORE]))
    assert taken.status == "CREATED", taken.message
    assert taken.stored_sums(SUMS) == {"amount_type_1": Decimal("20.5"), "sum_nds": Decimal("2105.24")}
    assert taken.ledger is not None
    assert (taken.ledger["rows_read"], taken.ledger["rows_loaded"]) == (7, 5)
