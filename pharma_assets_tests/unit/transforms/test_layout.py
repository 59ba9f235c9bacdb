"""A layout that is wrong is refused with the place and the reason, before any report meets it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.transforms.catalog import load_transforms, parse_layout

JUNE = date(2025, 6, 1)

GOOD = """
supplier: Пример
report_types: [Type1]
columns:
  дата: period
  товар: tms
  количество: amount_type_1
  номер: {to: null}
"""


@pytest.mark.parametrize(
    ("yaml", "why"),
    [
        (GOOD + "colour: red", "colour: Extra inputs"),
        (GOOD.replace("tms", "product"), "line 6, columns.товар.to: 'product' is not a column"),
        (GOOD.replace("tms", "filename_ish"), "'filename_ish' is not a column that a layout can fill"),
        (GOOD.replace("товар: tms", "товар: {to: tms, parse: date}"), "tms holds varchar"),
        (GOOD.replace("дата: period", "дата: date_godnost"), "no column goes to period"),
        (GOOD.replace("номер: {to: null}", "номер: tms"), "tms is filled by 'товар' and by 'номер'"),
        (GOOD.replace("номер:", "ТОВАР :"), "are the same header"),
        (GOOD.replace("номер:", "товар:"), "stands twice"),
        (GOOD + "delivery: hourly", "Input should be"),
        (GOOD + "delivery: {}", "no mode is given"),
        (GOOD + "delivery: {increment: '*день*', full_month: ['*месяц*', '*ДЕНЬ*']}", "a pattern stands twice"),
        (GOOD + "delivery: {increment: []}", "delivery"),
        (GOOD + "overlap: sometimes", "overlap"),
        (GOOD + "shrinkage: 2", "shrinkage"),
        (GOOD + "waybill: {number: номер, date: день}", "'день' is named but not among the columns"),
        (GOOD + "waybill: {number: номер, date: товар}", "waybill: the column 'товар' must be parsed as a date"),
        (
            GOOD.replace("номер: {to: null}", "номер: {required: false}") + "waybill: {number: номер, date: дата}",
            "waybill: the column 'номер' must be required",
        ),
        (GOOD + "left_out: [{column: остаток, reason: x}]", "'остаток' is named but not among the columns"),
        (GOOD + "left_out: [{column: товар, reason: x}]", "'товар' is no amount: put 0 in quotes"),
        (GOOD + "constants: {period: x}", "constants.period"),
        (GOOD.replace("tms", "{to: tms, aliases: [Дата]}"), "columns 'дата' and 'Дата' are the same header"),
        (GOOD.replace("tms", "{to: tms, aliases: [лек, ЛЁК.]}"), "'лек' and 'ЛЁК.' are the same"),
        (GOOD.replace("номер:", "'**':"), "'**' is no header"),
        (GOOD.replace("tms", "{to: tms, dates: dmy}"), "dates goes with parse: date"),
        (GOOD + "sheet: Лист1\nsheets: all", "does not go with sheets: all"),
        (GOOD + "outside_month: 10", "outside_month"),
        (GOOD + "header_within: 0", "header_within"),
        ("supplier: [", "not YAML"),
        ("", "Input should be"),
    ],
)
def test_a_wrong_layout_says_where_and_why(yaml: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_layout(yaml.encode())
    assert why in str(error.value)


def test_the_fingerprint_follows_the_meaning_not_the_text() -> None:
    plain = parse_layout(GOOD.encode()).fingerprint()
    assert parse_layout(f"# a remark\n{GOOD}".encode()).fingerprint() == plain
    assert parse_layout(GOOD.replace("товар: tms", "товар: {to: tms}").encode()).fingerprint() == plain
    assert parse_layout(GOOD.replace("Type1", "Type2").encode()).fingerprint() != plain


def test_one_wrong_layout_stops_no_other(tmp_path: Path) -> None:
    for name, text in (("Good", GOOD), ("Bad", "supplier: 1")):
        (tmp_path / "chains" / name).mkdir(parents=True)
        (tmp_path / "chains" / name / "layout.yaml").write_text(text, encoding="utf-8")
    transforms = load_transforms(tmp_path)
    good, bad = Client(Provider.CHAIN, "Good"), Client(Provider.CHAIN, "Bad")
    assert transforms.find(good, "Type1", JUNE).require_layout().supplier == "Пример"
    with pytest.raises(PharmaError, match="LAYOUT_INVALID"):
        transforms.find(bad, "Type1", JUNE).require_layout()
    with pytest.raises(PharmaError, match="NO_SCRIPT_FOUND"):
        transforms.find(good, "Type2", JUNE)
    with pytest.raises(PharmaError, match="NO_SCRIPT_FOUND"):
        transforms.find(Client(Provider.DISTRIBUTOR, "Good"), "Type1", JUNE)


def test_what_a_layout_says_of_headers() -> None:
    layout = parse_layout(GOOD.replace("tms", "{to: tms, aliases: [Наименование]}").encode())
    assert layout.known_headers == ("дата", "товар", "количество", "номер", "Наименование")
    assert layout.header_of["наименование"] == "товар"
    assert layout.only_kept == {"номер"}
