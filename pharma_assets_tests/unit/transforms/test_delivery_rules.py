"""Which mode a file is delivered in, by its name."""

from __future__ import annotations

import unicodedata

import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.model.delivery import Delivery
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.delivery import mode_of

LAYOUT = "{{supplier: А, report_types: [Type1], columns: {{Дата: period}}, delivery: {}}}"


def mode(delivery: str, name: str) -> Delivery:
    layout = parse_layout(LAYOUT.format(delivery).encode())
    return mode_of(layout.delivery, f"Поставщики данных/Сети/2025/06/месяц/Type1/{name}")


def test_one_word_stands_for_all_files() -> None:
    assert mode("month_to_date", "что угодно.xlsx") is Delivery.MONTH_TO_DATE


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Продажи за день 3.xlsx", Delivery.INCREMENT),
        ("ДЕНЬ.csv", Delivery.INCREMENT),
        ("отчёт за мЕсяц.csv", Delivery.FULL_MONTH),
        (unicodedata.normalize("NFD", "отчёт за месяц й.csv"), Delivery.FULL_MONTH),
        ("корр1.csv", Delivery.RESTATEMENT),
        ("уточнённый.csv", Delivery.RESTATEMENT),
    ],
)
def test_patterns_are_of_the_name_in_any_case_and_spelling(name: str, expected: Delivery) -> None:
    rule = '{increment: "*день*", full_month: "*отчет*месяц*", restatement: ["корр[0-9].csv", "уточненный*"]}'
    assert mode(rule, name) is expected


def test_a_star_alone_is_for_what_no_other_pattern_fits() -> None:
    rule = '{increment: "*", full_month: "*месяц*"}'
    assert mode(rule, "месяц.csv") is Delivery.FULL_MONTH
    assert mode(rule, "3 июня.csv") is Delivery.INCREMENT


@pytest.mark.parametrize(("name", "fitting"), [("3 июня.csv", 0), ("день месяца.csv", 2)])
def test_a_name_that_fits_none_or_several_is_named(name: str, fitting: int) -> None:
    with pytest.raises(PharmaError) as error:
        mode('{increment: "*день*", full_month: "*месяц*"}', name)
    assert error.value.code == "DELIVERY_UNKNOWN"
    assert error.value.facts == {
        "name": name,
        "fitting": fitting,
        "patterns": "increment: *день*; full_month: *месяц*",
    }


def test_what_decides_about_deliveries_makes_files_due() -> None:
    prints = {parse_layout(LAYOUT.format(rule).encode()).fingerprint() for rule in ("increment", "full_month")}
    prints.add(parse_layout(LAYOUT.format("increment, overlap: allow").encode()).fingerprint())
    prints.add(parse_layout(LAYOUT.format("increment, shrinkage: 0.2").encode()).fingerprint())
    assert len(prints) == 4
