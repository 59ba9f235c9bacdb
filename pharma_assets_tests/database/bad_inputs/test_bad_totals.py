"""BAD_INPUTS 32: totals, subtotals and signatures are no data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import pytest

from pharma_assets_tests.database.bad_inputs.inbox import Inbox, Rejected
from pharma_assets_tests.database.bad_inputs.markup import (
    html,
    ods,
)
from pharma_assets_tests.database.bad_inputs.report import (
    COLUMNS,
    HEADER,
    INN,
    MORE,
    REPORT,
    ROWS,
    STORED,
    SUMS,
    stored,
)
from pharma_assets_tests.database.bad_inputs.tables import Table, csv
from pharma_assets_tests.database.bad_inputs.workbooks import (
    xls,
    xlsx,
)

LOOSE = {**COLUMNS, "Дата": "period", "Товар": "tms", "Количество": "amount_type_1"}
"""No column must be filled, so that only what a row says can tell it from data."""

TOTALS = {
    "Итого": ("Итого", None, None, "11.5", "2090.24"),
    "ИТОГО:": ("ИТОГО:", None, None, "11.5", "2090.24"),
    "Всего": (None, "Всего", None, "11.5", "2090.24"),
    "Итого по отчёту": (None, None, "Итого по отчёту", "11.5", "2090.24"),
    "one column only": ("Итого", None, None, "11.5", None),
}


def numbers(row: Sequence[str | None]) -> list[object]:
    return [*row[:3], *(None if cell is None else Decimal(cell) for cell in row[3:])]


@pytest.mark.parametrize("columns", [COLUMNS, LOOSE], ids=["filled", "loose"])
@pytest.mark.parametrize("total", TOTALS.values(), ids=TOTALS)
def test_case_32_total(inbox: Inbox, total: Sequence[str | None], columns: dict[str, object]) -> None:
    taken = inbox.take_in(xlsx([*REPORT, numbers(total)]), columns=columns)
    assert stored(taken.loads(read=4, sums=SUMS, left_out=1)) == STORED


@pytest.mark.parametrize("columns", [COLUMNS, LOOSE], ids=["filled", "loose"])
def test_case_32_total_in_words_that_nobody_knows(inbox: Inbox, columns: dict[str, object]) -> None:
    """Left out or held back, but no data."""
    taken = inbox.take_in(xlsx([*REPORT, ("Отпущено 3 строки", None, None, 11.5, 2090.24)]), columns=columns)
    assert taken.status == "CREATED", taken.message
    assert stored(taken.rows) == STORED
    assert taken.ledger is not None
    assert taken.ledger["rows_read"] == 4


@pytest.mark.parametrize("build", [csv, xls, html, ods])
def test_case_32_total_in_other_formats(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    taken = inbox.take_in(build([*REPORT, numbers(TOTALS["Итого"])]))
    assert stored(taken.loads(read=4, sums=SUMS, left_out=1)) == STORED


def test_case_32_total_in_a_column_that_is_not_mapped(inbox: Inbox) -> None:
    rows = [("№", *HEADER), *((number, *row) for number, row in enumerate(ROWS, 1))]
    taken = inbox.take_in(xlsx([*rows, ("Итого:", None, None, None, 11.5, 2090.24)]), columns=LOOSE)
    taken.loads(read=4, sums=SUMS, left_out=1)
    wrong = inbox.take_in(xlsx([*rows, ("Итого:", None, None, None, 11.5, 2090.25)]), columns=LOOSE)
    wrong.fails("TOTAL_MISMATCH", "2090.25")


def test_case_32_total_below_the_header(inbox: Inbox) -> None:
    total = numbers(TOTALS["Итого"])
    taken = inbox.take_in(xlsx([HEADER, total, *ROWS]))
    assert stored(taken.loads(read=4, sums=SUMS, left_out=1)) == STORED


def test_case_32_total_as_text(inbox: Inbox) -> None:
    taken = inbox.take_in(xlsx([*REPORT, ("Итого", None, None, "11,5", "2\u00a0090,24")]))
    assert stored(taken.loads(read=4, sums=SUMS, left_out=1)) == STORED


def test_case_32_total_as_excel_computes_it(inbox: Inbox) -> None:
    rows = [(day, tms, inn, 0.1, 0.1) for day, tms, inn, *_ in ROWS]
    total = ("Итого", None, None, 0.1 + 0.1 + 0.1, 0.1 + 0.1 + 0.1)
    assert total[3] != 0.3
    inbox.take_in(xlsx([HEADER, *rows, total])).loads(
        read=4, sums={"amount_type_1": "0.3", "sum_nds": "0.3"}, left_out=1
    )


FOOTERS = ("В том числе НДС", "Генеральный директор", "Страница 1 из 2", "* по данным склада")


@pytest.mark.parametrize("columns", [COLUMNS, LOOSE], ids=["filled", "loose"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_case_32_lines_below_the_total(inbox: Inbox, place: int, columns: dict[str, object]) -> None:
    lines = [
        [None] * place + [words] + [None] * (3 - place) + [190.02 if "НДС" in words else None] for words in FOOTERS
    ]
    taken = inbox.take_in(xlsx([*REPORT, numbers(TOTALS["Итого"]), *lines]), columns=columns)
    assert taken.status == "CREATED", taken.message
    assert stored(taken.rows) == STORED
    assert taken.ledger is not None
    assert (taken.ledger["rows_read"], taken.ledger["rows_loaded"]) == (8, 3)


WRONG = ("Итого", None, None, Decimal("12.5"), Decimal("2090.24"))


def test_case_32_total_that_differs(inbox: Inbox) -> None:
    message = inbox.take_in(xlsx([*REPORT, WRONG])).fails("TOTAL_MISMATCH", "Отчёт", "row 5", "Количество")
    assert "12.5" in message
    assert "11.5" in message


def test_case_32_total_that_differs_in_its_last_digit(inbox: Inbox) -> None:
    total = ("Итого", None, None, Decimal("11.5"), Decimal("2090.25"))
    inbox.take_in(xlsx([*REPORT, total])).fails("TOTAL_MISMATCH", "2090.25", "2090.24")


def test_case_32_total_that_the_layout_ignores(inbox: Inbox) -> None:
    taken = inbox.take_in(xlsx([*REPORT, WRONG]), totals="ignore")
    assert stored(taken.loads(read=4, sums=SUMS, left_out=1)) == STORED


def test_case_32_total_counts_what_a_rule_leaves_out(inbox: Inbox) -> None:
    """A zero row adds nothing to the quantity but its sum stands in the total of the supplier."""
    zero = (date(2025, 6, 4), "Образец", INN, 0, Decimal("100"))
    total = ("Итого", None, None, Decimal("11.5"), Decimal("2190.24"))
    rule = [{"column": "Количество", "reason": "zero quantity"}]
    taken = inbox.take_in(xlsx([*REPORT, zero, total]), left_out=rule)
    assert stored(taken.loads(read=5, sums=SUMS, left_out=2)) == STORED


def test_case_32_total_counts_what_is_rejected(inbox: Inbox) -> None:
    """A row that is held back stands in the supplier's total: that is no mismatch of the file."""
    wrong = ("какой-то день", "Крем", INN, 4, Decimal("7.00"))
    total = ("Итого", None, None, Decimal("15.5"), Decimal("2097.24"))
    taken = inbox.take_in(xlsx([*REPORT, wrong, total]))
    taken.loads(read=5, sums=SUMS, left_out=1, rejected=[Rejected(5, "Дата", "VALUE_DATE")])


def test_case_32_subtotals(inbox: Inbox) -> None:
    rows = [
        HEADER,
        *ROWS,
        ("Итого по Москве", None, None, Decimal("11.5"), Decimal("2090.24")),
        *MORE,
        ("Итого по Казани", None, None, 9, 15),
        ("Итого", None, None, Decimal("20.5"), Decimal("2105.24")),
    ]
    taken = inbox.take_in(xlsx(rows))
    taken.loads(read=8, sums={"amount_type_1": "20.5", "sum_nds": "2105.24"}, left_out=3)


def test_case_32_subtotal_that_differs(inbox: Inbox) -> None:
    """A row is missing in the second group, and the grand total was made of what is there."""
    rows = [
        HEADER,
        *ROWS,
        ("Итого по Москве", None, None, Decimal("11.5"), Decimal("2090.24")),
        *MORE,
        ("Итого по Казани", None, None, 10, 15),
        ("Итого", None, None, Decimal("20.5"), Decimal("2105.24")),
    ]
    inbox.take_in(xlsx(rows)).fails("TOTAL_MISMATCH", "row 8", "10", "9")


SIGNATURES = [
    (None,),
    ("Генеральный директор", None, "Иванов И. И."),
    ("М. П.",),
    ("Исполнитель: Петрова, тел. 8 (000) 000-00-00",),
]


@pytest.mark.parametrize("columns", [COLUMNS, LOOSE], ids=["filled", "loose"])
def test_case_32_signatures(inbox: Inbox, columns: dict[str, object]) -> None:
    total = numbers(TOTALS["Итого"])
    taken = inbox.take_in(xlsx([*REPORT, total, *SIGNATURES]), columns=columns)
    assert taken.status == "CREATED", taken.message
    assert taken.ledger is not None
    assert stored(taken.rows) == STORED
    assert (taken.ledger["rows_read"], taken.ledger["rows_loaded"]) == (7, 3)


def test_case_32_a_total_without_rows(inbox: Inbox) -> None:
    """The rows that it adds up are not there, and nobody may call that a nil report."""
    content = xlsx([HEADER, numbers(TOTALS["Итого"])])
    assert inbox.take_in(content).code in {"NO_DATA_ROWS", "TOTAL_MISMATCH"}
    inbox.take_in(content, nil_report=True).fails("TOTAL_MISMATCH", "11.5")


@pytest.mark.parametrize("name", ["Генеральный директор", "Страница 1", "Товар", "НДС 10 %", "Всего хватит крем"])
@pytest.mark.parametrize("columns", [COLUMNS, LOOSE], ids=["filled", "loose"])
def test_case_32_words_in_a_row_that_has_everything(inbox: Inbox, name: str, columns: dict[str, object]) -> None:
    rows = [HEADER, *ROWS, (date(2025, 6, 4), name, INN, 1, 1)]
    taken = inbox.take_in(xlsx(rows), columns=columns)
    taken.loads(read=4, sums={"amount_type_1": "12.5", "sum_nds": "2091.24"})


def test_case_32_a_row_that_has_everything_is_told_when_it_is_taken_for_a_total(inbox: Inbox) -> None:
    rows = [HEADER, *ROWS, (date(2025, 6, 4), "Итого", INN, 1, 1)]
    inbox.take_in(xlsx(rows)).fails("TOTAL_MISMATCH", "row 5")


def test_case_32_a_product_that_is_called_like_a_total(inbox: Inbox) -> None:
    rows = [(day, f"Итого-вит {tms}", *rest) for day, tms, *rest in ROWS]
    taken = inbox.take_in(xlsx([HEADER, *rows]))
    taken.loads(read=3, sums=SUMS)
    assert taken.texts("tms")[0] == "Итого-вит Цитрамон-Ёлка таб. №10"
