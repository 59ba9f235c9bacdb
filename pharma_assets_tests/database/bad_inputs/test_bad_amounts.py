"""BAD_INPUTS 39, 44, 45 and 47: quantities and sums."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from pharma_assets_tests.database.bad_inputs.formats import EVERY_BUILDER
from pharma_assets_tests.database.bad_inputs.inbox import Inbox, Rejected
from pharma_assets_tests.database.bad_inputs.report import (
    CODES,
    DAY,
    HEADER,
    INN,
    ONE,
    rows_of,
)
from pharma_assets_tests.database.bad_inputs.tables import Table, csv
from pharma_assets_tests.database.bad_inputs.workbooks import (
    raw_xlsx,
    row_xml,
    sheet_xml,
    xls,
    xlsx,
)

AMOUNTS = {
    "1234.5": "1234.5",
    "1234,5": "1234.5",
    "1 234,56": "1234.56",
    "1\u00a0234,56": "1234.56",
    "1\u2009234,56": "1234.56",
    "1\u202f234,56": "1234.56",
    "12 345 678,9": "12345678.9",
    "\u22125": "-5",
    "-5,00": "-5",
    "– 5": "-5",
    "5-": "-5",
    "+5": "5",
    "(12,5)": "-12.5",
    "(1 234,50)": "-1234.5",
    "1.234,56": "1234.56",
    "1,234.56": "1234.56",
    "1.234.567,8": "1234567.8",
    "1'234,5": "1234.5",
    "12 шт.": "12",
    "12шт": "12",
    "12,5 уп.": "12.5",
    " 7 ": "7",
    "0,001": "0.001",
    "007": "7",
    ",5": "0.5",
}


@pytest.mark.parametrize("written", AMOUNTS)
def test_case_39_amounts_as_text(inbox: Inbox, written: str) -> None:
    taken = inbox.take_in(csv(rows_of("Количество", written)))
    taken.loads(read=1, sums={"amount_type_1": AMOUNTS[written]})


def test_case_39_amounts_as_text_in_a_workbook(inbox: Inbox) -> None:
    taken = inbox.take_in(xlsx(rows_of("Количество", *AMOUNTS)))
    taken.loads(read=len(AMOUNTS), sums={"amount_type_1": str(sum(map(Decimal, AMOUNTS.values())))})
    assert taken.texts("amount_type_1") == [Decimal(amount) for amount in AMOUNTS.values()]


NO_AMOUNTS = "12 34|1 2345|1.2345.6|1,2,3|12,5 (две)|5 из 10|--5|(5|1e3|Ⅳ|٣|½|x|10%|5 шт 2".split("|")


def test_case_39_amounts_that_are_none(inbox: Inbox) -> None:
    taken = inbox.take_in(csv(rows_of("Количество", "3", *NO_AMOUNTS)))
    held_back = [Rejected(number, "Количество", "VALUE_AMOUNT") for number in range(3, 3 + len(NO_AMOUNTS))]
    taken.loads(read=1 + len(NO_AMOUNTS), sums={"amount_type_1": "3"}, rejected=held_back)
    assert [row["raw_value"] for row in taken.held_back] == NO_AMOUNTS


@pytest.mark.parametrize("written", ["1,234", "1.234"])
def test_case_39_an_amount_that_may_be_a_thousand(inbox: Inbox, written: str) -> None:
    """Three digits behind the only mark: a fraction in one country, thousands in another."""
    taken = inbox.take_in(csv(rows_of("Количество", "3", written)))
    taken.loads(read=2, sums={"amount_type_1": "3"}, rejected=[Rejected(3, "Количество", "VALUE_AMOUNT")])


@pytest.mark.parametrize("build", EVERY_BUILDER.values(), ids=EVERY_BUILDER)
def test_case_39_amounts_as_numbers_are_exact(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    cells = [0.1 + 0.2, 1.1 * 3, 1e-3, 123456789012.345, 5]
    taken = inbox.take_in(build(rows_of("Количество", *cells)))
    taken.loads(read=5, sums={"amount_type_1": "123456789020.946"})


@pytest.mark.parametrize("build", [csv, xlsx, xls], ids=["csv", "xlsx", "xls"])
def test_case_44_blank_dash_and_zero_in_amounts(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    taken = inbox.take_in(build(rows_of("Сумма с НДС", None, "-", 0, "0,00", "  ")))
    taken.loads(read=5, sums={"amount_type_1": "5", "sum_nds": "0"})
    assert taken.texts("sum_nds") == [None, None, Decimal(0), Decimal(0), None]
    assert taken.texts("extra") == [None, {"Сумма с НДС": "-"}, None, None, None]


def test_case_44_dash_where_the_layout_wants_a_value(inbox: Inbox) -> None:
    taken = inbox.take_in(csv(rows_of("Количество", 1, "-")))
    assert taken.status == "CREATED", taken.message
    assert taken.stored_sums(ONE) == {"amount_type_1": Decimal(1)}
    assert [row["source_row"] for row in taken.held_back] == [3]
    assert taken.held_back[0]["code"] in {"VALUE_MISSING", "VALUE_AMOUNT"}


@pytest.mark.parametrize("build", [csv, xlsx, xls], ids=["csv", "xlsx", "xls"])
def test_case_44_blank_dash_and_zero_in_texts(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    taken = inbox.take_in(build(rows_of("Код", None, "-", 0, "—", "0")), columns=CODES)
    taken.loads(read=5, sums={"amount_type_1": "5"})
    assert taken.texts("tms_id_ish") == [None, "-", "0", "—", "0"]


def test_case_44_blank_where_the_layout_wants_a_value(inbox: Inbox) -> None:
    taken = inbox.take_in(xlsx(rows_of("Количество", 1, None, " \u00a0")))
    held_back = [Rejected(number, "Количество", "VALUE_MISSING") for number in (3, 4)]
    taken.loads(read=3, sums=ONE, rejected=held_back)


@pytest.mark.parametrize("build", [csv, *EVERY_BUILDER.values()], ids=["csv", *EVERY_BUILDER])
def test_case_45_returns(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    rows = [HEADER, (DAY, "Мазь", INN, -3, Decimal("-300.30")), (DAY, "Мазь", INN, 1, Decimal("100.10"))]
    inbox.take_in(build(rows)).loads(read=2, sums={"amount_type_1": "-2", "sum_nds": "-200.20"})


NO_FIT = {
    "1000000000000000": "VALUE_OUT_OF_RANGE",
    "9" * 400: "VALUE_OUT_OF_RANGE",
    "0,0001": "VALUE_OUT_OF_RANGE",
    "NaN": "VALUE_AMOUNT",
    "nan": "VALUE_AMOUNT",
    "inf": "VALUE_AMOUNT",
    "-Infinity": "VALUE_AMOUNT",
    "∞": "VALUE_AMOUNT",
}


def test_case_47_amounts_that_do_not_fit(inbox: Inbox) -> None:
    taken = inbox.take_in(csv(rows_of("Количество", 1, *NO_FIT)))
    held_back = [Rejected(number, "Количество", code) for number, code in enumerate(NO_FIT.values(), 3)]
    taken.loads(read=9, sums=ONE, rejected=held_back)
    assert [row["raw_value"] for row in taken.held_back] == list(NO_FIT)


@pytest.mark.parametrize("build", EVERY_BUILDER.values(), ids=EVERY_BUILDER)
def test_case_47_numbers_that_do_not_fit(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    taken = inbox.take_in(build(rows_of("Количество", 1, 1e15, 1e300, 0.0001, -1e15)))
    held_back = [Rejected(number, "Количество", "VALUE_OUT_OF_RANGE") for number in range(3, 7)]
    taken.loads(read=5, sums=ONE, rejected=held_back)


@pytest.mark.parametrize("written", ["NaN", "INF", "1E999", "-1E999", "abc"])
def test_case_47_numbers_that_are_none(inbox: Inbox, written: str) -> None:
    """What no Excel writes into a numeric cell, but other programs do."""
    rows = row_xml(1, HEADER) + row_xml(2, (DAY, "Мазь", INN, 1, None))
    cell = f'<c r="D3"><v>{written}</v></c>'
    taken = inbox.take_in(raw_xlsx(sheet_xml(rows + row_xml(3, (DAY, "Мазь", INN, cell, None)))))
    if taken.code != "CORRUPT_FILE":
        assert taken.status == "CREATED", taken.message
        assert taken.stored_sums(ONE) == {"amount_type_1": Decimal(1)}
        assert [row["source_row"] for row in taken.held_back] == [3]


def test_case_47_the_largest_that_fits(inbox: Inbox) -> None:
    taken = inbox.take_in(csv(rows_of("Количество", "999999999999999,999", "-999999999999999,999", "1")))
    taken.loads(read=3, sums=ONE)


@pytest.mark.parametrize("name", ["Товар", "ИНН"])
def test_case_47_text_too_long(inbox: Inbox, name: str) -> None:
    taken = inbox.take_in(csv(rows_of(name, INN, "я" * 100_000)))
    taken.loads(read=2, sums=ONE, rejected=[Rejected(3, name, "VALUE_TOO_LONG")])
    assert taken.held_back[0]["raw_row"][name] == "я" * 100_000


def test_case_47_text_that_an_index_cannot_hold(inbox: Inbox) -> None:
    """supplier_id and client_inn have indexes, whose entries may have some 2,700 bytes."""
    taken = inbox.take_in(csv(rows_of("ИНН", INN, "".join(chr(0x4E00 + 7 * number) for number in range(2000)))))
    taken.loads(read=2, sums=ONE, rejected=[Rejected(3, "ИНН", "VALUE_TOO_LONG")])
