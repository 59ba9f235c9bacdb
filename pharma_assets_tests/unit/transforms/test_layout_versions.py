"""One file, many layouts: what report types say differently, and what holds only from a month on."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.model.month_range import MonthRange
from pharma_assets.model.provider import Provider
from pharma_assets.transforms.catalog import Transforms, load_transforms, parse_layout
from pharma_assets.transforms.layout import DateOrder, Parse, read_layout

CLIENT = Client(Provider.CHAIN, "Client_05")
MAY, JUNE, JULY, AUGUST = (date(2025, month, 1) for month in (5, 6, 7, 8))

BASE = """\
supplier: Пример
report_types:
  Type1:
  Type2:
    columns:
      Кол-во: {dates: auto}
      Сумма: sum_nds
      Скидка: null
  Остатки:
    amount: amount_type_5
    header_within: 10
constants: {supplier_name: Пример, client_type: Розница}
columns:
  Дата: {to: period, filled: true}
  Товар: tms
  Кол-во: {to: amount, filled: true}
  Скидка: {to: null, required: false}
"""
VERSIONS = """\
versions:
  - valid_from: 2025-07
    constants: {client_type: null}
    columns:
      кол-во: {aliases: [Упаковок]}
      Дата: null
      День: {to: period, filled: true, dates: dmy}
    report_types:
      Type2: {sheet: Июль}
  - valid_from: 2025-08-01
    report_types:
      Type2: {sheet: null, outside_month: 0.5}
"""


def transforms_of(folder: Path, text: str) -> Transforms:
    file = folder / "chains" / "Client_05" / "layout.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return load_transforms(folder)


def test_a_report_type_differs_in_what_its_section_says() -> None:
    first, second, stock = (parse_layout(BASE.encode(), name) for name in ("Type1", "Type2", "Остатки"))
    assert list(first.columns) == ["Дата", "Товар", "Кол-во", "Скидка"]
    assert list(second.columns) == ["Дата", "Товар", "Кол-во", "Сумма"]
    assert (first.header_within, stock.header_within) == (40, 10)
    targets = [layout.columns["Кол-во"].to for layout in (first, second, stock)]
    assert targets == ["amount_type_1", "amount_type_2", "amount_type_5"]
    assert all(layout.columns["Кол-во"].filled for layout in (first, second, stock)), "a rule is merged key by key"


def test_the_amount_of_a_report_type_must_be_told() -> None:
    with pytest.raises(ValueError, match="Остатки, layout: to: amount"):
        parse_layout(BASE.replace("    amount: amount_type_5\n", "").encode())
    with pytest.raises(ValueError, match=r"Type7.*to: amount"):
        parse_layout(BASE.replace("Type2:", "Type7:").encode())


def test_versions_build_upon_one_another() -> None:
    text = (BASE + VERSIONS).encode()
    for month in (MAY, JUNE):
        assert parse_layout(text, "Type2", month) == parse_layout(BASE.encode(), "Type2")
    july, august = parse_layout(text, "Type2", JULY), parse_layout(text, "Type2", AUGUST)
    assert list(july.columns) == ["Товар", "Кол-во", "Сумма", "День"]
    assert july.columns["Кол-во"].aliases == ("Упаковок",)
    assert july.columns["Кол-во"].to == "amount_type_2"
    assert (july.columns["День"].parse, july.columns["День"].dates) == (Parse.DATE, DateOrder.DAY_FIRST)
    assert july.constants == {"supplier_name": "Пример"}
    assert (july.sheet, august.sheet) == ("Июль", None)
    assert (july.outside_month, august.outside_month) == (0.1, 0.5)
    assert august.columns == july.columns
    assert parse_layout(text, "Type2") == august, "without a month, the newest"


def test_a_version_that_changes_nothing_for_a_type_is_none_of_it() -> None:
    ranges = {}
    for found in read_layout((BASE + VERSIONS).encode()):
        ranges.setdefault(found.report_type, []).append(found.months)
    assert ranges == {
        "Type1": [MonthRange(None, JULY), MonthRange(JULY)],
        "Type2": [MonthRange(None, JULY), MonthRange(JULY, AUGUST), MonthRange(AUGUST)],
        "Остатки": [MonthRange(None, JULY), MonthRange(JULY)],
    }


def test_a_later_version_leaves_the_fingerprint_of_the_months_before_it(tmp_path: Path) -> None:
    before = transforms_of(tmp_path, BASE)
    after = transforms_of(tmp_path, BASE + VERSIONS)
    for name in ("Type1", "Type2", "Остатки"):
        was = before.find(CLIENT, name, JUNE).fingerprint
        assert after.find(CLIENT, name, JUNE).fingerprint == was
        assert after.find(CLIENT, name, JULY).fingerprint != was
    one_type = transforms_of(tmp_path, BASE.replace("Сумма: sum_nds", "Сумма: sum_no_nds"))
    assert one_type.find(CLIENT, "Type1", JUNE).fingerprint == before.find(CLIENT, "Type1", JUNE).fingerprint
    assert one_type.find(CLIENT, "Type2", JUNE).fingerprint != before.find(CLIENT, "Type2", JUNE).fingerprint


def test_the_registry_is_told_of_each_type_and_its_months(tmp_path: Path) -> None:
    versions = transforms_of(tmp_path, BASE + VERSIONS).versions
    assert len(versions) == 7
    assert len({version.fingerprint for version in versions}) == 7
    assert [version.months for version in versions if version.report_type == "Type1"] == [
        MonthRange(None, JULY),
        MonthRange(JULY),
    ]


def test_a_report_type_that_a_layout_lacks_has_no_transform(tmp_path: Path) -> None:
    transforms = transforms_of(tmp_path, BASE + VERSIONS)
    with pytest.raises(PharmaError, match="NO_SCRIPT_FOUND"):
        transforms.find(CLIENT, "Type9", JUNE)
    assert transforms.get(CLIENT, "Type9", JUNE) is None


WRONG = [
    # Where the fault stands in the file, for which type and month it shows, and why.
    (BASE.replace("Сумма: sum_nds", "Сумма: sumnds"), "line 7, Type2, columns.Сумма.to: 'sumnds' is not a column"),
    (BASE.replace("header_within: 10", "header_within: 0"), "line 11, Остатки, header_within: "),
    (
        BASE.replace("      Скидка: null", "      Скидки: null"),
        "line 8, Type2, columns.Скидки: null",
    ),
    (BASE.replace("Товар: tms", "Товар: tsm"), "line 15, columns.Товар.to: 'tsm' is not a column"),
    (BASE + VERSIONS.replace("dates: dmy", "dates: myd"), "line 24, Type1 from 2025-07, columns.День.dates: "),
    (BASE + VERSIONS.replace("sheet: Июль", "sheets: [Июль]"), "line 26, Type2 from 2025-07, sheets: "),
    (
        BASE + VERSIONS.replace("      Дата: null\n", ""),
        "Type1 from 2025-07, layout: period is filled by 'Дата'",
    ),
    (BASE + VERSIONS.replace("2025-07", "2025-09"), "each must begin in a later month"),
    (BASE + VERSIONS.replace("2025-07", "2025-13"), "line 19, versions.0.valid_from: "),
    (BASE + VERSIONS.replace("2025-07", "Juli"), "a month is written as 2025-07"),
    (BASE + VERSIONS.replace("Type2: {sheet", "Type3: {sheet"), "'Type3' is not among the report types"),
    (BASE + "versions: [{sheet: Лист1}]", "line 18, versions.0.valid_from: Field required"),
    (BASE.replace("  Type1:\n", "  Type1: {report_types: [Type3]}\n"), "report_types cannot stand there"),
    (BASE + "report_type: Type1\n", "report_type cannot stand there"),
    (BASE.replace("  Type1:\n", "  Type1: yes\n"), "line 3, report_types.Type1: Input should be a valid dictionary"),
    (BASE.replace("  Type1:\n", "  Type1: {colour: red}\n"), "line 3, Type1, colour: Extra inputs are not permitted"),
]


@pytest.mark.parametrize(("text", "why"), WRONG, ids=[why for _, why in WRONG])
def test_what_is_wrong_is_told_with_its_line_type_and_month(text: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        read_layout(text.encode())
    assert why in str(error.value)


def test_what_is_wrong_for_every_type_is_told_once() -> None:
    with pytest.raises(ValueError) as error:
        read_layout((BASE + VERSIONS).replace("Товар: tms", "Товар: tsm").encode())
    assert str(error.value).count("'tsm'") == 1
