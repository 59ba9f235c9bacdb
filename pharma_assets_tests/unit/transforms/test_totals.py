"""The report's own totals, held against the rows (BAD_INPUTS 32), and its dates against the month (49)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.transforms.totals import ControlTotal
from pharma_assets_tests.unit.transforms.sheets import HEADER, Cell, Row, layout_of, report_of, sale, sheet_of


def total(quantity: Cell, amount: Cell = None, label: str = "Итого") -> Row:
    return (label, None, None, quantity, amount)


def mismatch(*rows: Row) -> dict[str, object]:
    with pytest.raises(PharmaError) as error:
        report_of([HEADER, *rows])
    assert error.value.code == "TOTAL_MISMATCH"
    return error.value.facts


def checked(*rows: Row) -> list[tuple[int, str, bool | None]]:
    return [(one.row, one.column, one.agrees) for one in report_of([HEADER, *rows]).control_totals]


def test_a_total_that_agrees_is_kept_with_both_figures() -> None:
    report = report_of([HEADER, sale(2, "1 000,5", "90 045,00"), sale(3, 2, "180,50"), total("1 002,5", "90 225,50")])
    assert report.control_totals == (
        ControlTotal("Лист1", 4, "Итого", "Количество", Decimal("1002.5"), Decimal("1002.5"), True),
        ControlTotal("Лист1", 4, "Итого", "Сумма", Decimal("90225.5"), Decimal("90225.5"), True),
    )


def test_a_total_that_does_not_agree() -> None:
    facts = mismatch(sale(2, 5, 10), sale(3, 7, 20), total(13, 30))
    assert {name: str(fact) for name, fact in facts.items()} == {
        "sheet": "Лист1",
        "row": "4",
        "column": "Количество",
        "stated": "13",
        "found": "12.000",
    }


def test_totals_can_be_ignored() -> None:
    report = report_of([HEADER, sale(2, 5), total(13)], layout=layout_of(totals="ignore"))
    assert (report.loaded, report.left_out["total"]) == (1, 1)
    assert [one.agrees for one in report.control_totals] == [False]


def test_a_total_covers_rows_that_are_left_out_or_rejected_too() -> None:
    zero, no_product = sale(3, 0, 10), ("03.06.2025", None, None, 3, 5)
    assert checked(sale(2, 5, 10), zero, no_product, total(8, 25)) == [(5, "Количество", True), (5, "Сумма", True)]


def test_rows_that_are_no_data_and_not_recognised_may_be_counted_or_not() -> None:
    group = ("Филиал Северный", None, None, 12, None)
    assert checked(group, sale(2, 5), sale(3, 7), total(12)) == [(5, "Количество", True)]
    assert checked(group, sale(2, 5), sale(3, 7), total(24)) == [(5, "Количество", True)]
    assert mismatch(group, sale(2, 5), sale(3, 7), total(13))["found"] == "24.000"


def test_an_amount_that_cannot_be_read_leaves_the_total_unchecked() -> None:
    assert checked(sale(2, 5, 10), sale(3, "дцать", 20), total(12, 30)) == [(4, "Количество", None), (4, "Сумма", True)]


@pytest.mark.parametrize(
    ("written", "agrees"),
    [
        ("10,01", True),
        ("10,0", True),
        ("10", True),
        ("10,02", False),
        (Decimal("10.01"), True),
        (Decimal("10.006"), True),
        (Decimal("10.02"), False),
        (10, False),
    ],
)
def test_a_total_may_be_rounded_where_it_is_written_with_fewer_decimals(written: Cell, agrees: bool) -> None:
    report = report_of([HEADER, sale(2, Decimal("10.006")), total(written)], layout=layout_of(totals="ignore"))
    assert [one.agrees for one in report.control_totals] == [agrees]


def test_subtotals_are_of_the_rows_since_the_one_before() -> None:
    rows = [sale(2, 5), sale(2, 1), total(6, label="Итого по А"), sale(3, 7), total(7, label="Итого по Б"), total(13)]
    report = report_of([HEADER, *rows])
    assert report.left_out == {"zero quantity": 0, "subtotal": 2, "total": 1}
    assert [one.agrees for one in report.control_totals] == [True, True, True]
    rows[4] = total(8, label="Итого по Б")
    assert mismatch(*rows)["row"] == 6


def test_subtotals_within_subtotals() -> None:
    city, branch = "Итого по городу", "Итого по филиалу"
    rows = [sale(2, 1), total(1, label=city), sale(2, 2), total(2, label=city), total(3, label=branch)]
    rows += [sale(3, 4), total(4, label=city), total(4, label=branch), total(7, label="Всего")]
    assert {agrees for _, _, agrees in checked(*rows)} == {True}
    assert mismatch(*rows[:4], total(5, label=branch))["row"] == 6


def test_the_same_word_after_each_group_and_at_the_end() -> None:
    rows = [sale(2, 1), total(1), sale(2, 2), total(2), total(3)]
    assert {agrees for _, _, agrees in checked(*rows)} == {True}
    assert mismatch(*rows[:4], total(4))["row"] == 6
    assert mismatch(*rows[:3], total(4))["row"] == 5


def test_totals_above_their_rows() -> None:
    rows = [total(7, label="Всего"), total(3, label="Итого по А"), sale(2, 1), sale(2, 2)]
    rows += [total(4, label="Итого по Б"), sale(3, 4)]
    assert {agrees for _, _, agrees in checked(*rows)} == {True}
    assert mismatch(total(8, label="Всего"), *rows[2:4])["found"] == "3.000"


def test_totals_of_something_else_are_not_compared_beside_a_total_that_agrees() -> None:
    rows = [sale(2, 5), sale(3, 7), total(12), total(4, label="В том числе по акции")]
    assert checked(*rows) == [(4, "Количество", True)]
    assert checked(sale(2, 5), sale(3, 7), total(4, label="Итого по акции"), total(12)) == [
        (4, "Количество", None),
        (5, "Количество", True),
    ]
    assert mismatch(sale(2, 5), sale(3, 7), total(4, label="Итого по филиалу"))["stated"] == "4"


def test_each_sheet_has_its_own_totals() -> None:
    layout = layout_of(sheets="all")
    north, south = [HEADER, sale(2, 5), total(5)], [HEADER, sale(3, 7), total(7)]
    report = report_of(sheet_of(north, "Север"), sheet_of(south, "Юг"), layout=layout)
    assert [(one.sheet, one.agrees) for one in report.control_totals] == [("Север", True), ("Юг", True)]
    with pytest.raises(PharmaError, match="sheet Юг, row 3"):
        report_of(sheet_of(north, "Север"), sheet_of([*south[:2], total(8)], "Юг"), layout=layout)


def test_a_figure_in_a_column_that_is_not_loaded_says_nothing() -> None:
    report = report_of([(*HEADER, "Цена"), (*sale(2, 5), 10), (*total(5), 99)])
    assert [one.column for one in report.control_totals] == ["Количество"]


@given(
    st.lists(st.decimals(-1000, 1000, places=2), min_size=1, max_size=12),
    st.decimals(-1, 1, places=2).filter(bool),
    st.booleans(),
)
def test_every_wrong_total_is_noticed(quantities: list[Decimal], error: Decimal, dictionary: bool) -> None:
    rows: list[Row] = [HEADER, *(sale(2, f"{quantity:f}".replace(".", ",")) for quantity in quantities)]
    right, wrong = (f"{figure:f}".replace(".", ",") for figure in (sum(quantities), sum(quantities) + error))
    report = report_of(sheet_of([*rows, total(right)], dictionary=dictionary))
    assert [one.agrees for one in report.control_totals] == [True]
    with pytest.raises(PharmaError, match="TOTAL_MISMATCH"):
        report_of(sheet_of([*rows, total(wrong)], dictionary=dictionary))


JUNE = date(2025, 6, 1)


def dated(*days: str, share: float | None = None) -> None:
    layout = layout_of() if share is None else layout_of(outside_month=share)
    report_of([HEADER, *((day, *sale(1)[1:]) for day in days)], layout=layout, month=JUNE)


def test_dates_outside_the_month_of_the_folder() -> None:
    dated(*["01.06.2025", "30.06.2025 23:59"] * 5, "31.05.2025")
    with pytest.raises(PharmaError) as error:
        dated("02.06.2025", "31.05.2025", "01.07.2025")
    assert error.value.message == (
        "2 of 3 rows are dated outside 2025-06: 31.05.2025 to 01.07.2025; the layout allows 10%"
    )
    dated("02.06.2025", "31.05.2025", share=0.5)
    with pytest.raises(PharmaError, match="PERIOD_MISMATCH"):
        dated(*["02.06.2025"] * 999, "01.07.2025", share=0)
    report_of([HEADER, sale(2)])


def test_only_rows_to_load_are_dated() -> None:
    rows: list[Row] = [HEADER, sale(2), ("01.01.2024", "А", "Б", 0), ("01.01.2024", "А", "Б", "дцать")]
    assert report_of(rows, month=JUNE).loaded == 1
