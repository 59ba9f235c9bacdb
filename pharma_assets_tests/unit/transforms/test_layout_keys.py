"""What further keys of a layout do: constants, ignored columns, sheets by a pattern, volume, agreements."""

from __future__ import annotations

import json

import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.transforms.normalize import check_volume
from pharma_assets_tests.unit.transforms.sheets import HEADER, SALES, layout_of, report_of, sale, sheet_of


def test_a_constant_fills_any_text_column() -> None:
    report = report_of(
        [HEADER, sale(2)], layout=layout_of(SALES + "constants: {market: Аптека, supplier_id: '000017'}")
    )
    assert [(row["market"], row["supplier_id"]) for row in report.table.to_pylist()] == [("Аптека", "000017")]


@pytest.mark.parametrize(
    ("constants", "why"),
    [
        ("{sum_nds: '1'}", "'sum_nds' is not a text column that a layout can fill"),
        ("{supplier_id: 17}", "constants.supplier_id: Input should be a valid string"),
        ("{tms: x}", "tms is filled by 'constants' and by 'товар'"),
    ],
)
def test_a_constant_that_cannot_be_is_refused(constants: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        layout_of(SALES + f"constants: {constants}")
    assert why in str(error.value)


def test_an_ignored_column_is_kept_and_not_reported() -> None:
    yaml = SALES.replace("  сумма:", "  цвет: {ignored: nobody asks, aliases: [окраска]}\n  сумма:")
    header = (*HEADER, "Окраска")
    report = report_of([header, (*sale(2, amount=1), "синий")], layout=layout_of(yaml))
    assert json.loads(report.table["extra"][0].as_py()) == {"Окраска": "синий"}
    assert report.remarks == ()
    assert report_of([HEADER, sale(2)], layout=layout_of(yaml)).loaded == 1, "it may be absent"


@pytest.mark.parametrize("rule", ["to: tms", "filled: true", "required: true", "parse: date", "unless: сумма"])
def test_what_is_ignored_cannot_be_wanted(rule: str) -> None:
    with pytest.raises(ValueError, match="what is ignored has aliases at most"):
        layout_of(SALES.replace("  сумма:", f"  цвет: {{ignored: x, {rule}}}\n  сумма:"))


def test_what_is_ignored_is_named_nowhere() -> None:
    yaml = SALES.replace("  сумма:", "  цвет: {ignored: x}\n  сумма:").replace("column: количество", "column: цвет")
    with pytest.raises(ValueError, match="'цвет' is ignored, and named all the same"):
        layout_of(yaml)


def sheets_taken(sheet: str, *names: str, hidden: str = "", **keys: str) -> str:
    sheets = [sheet_of([HEADER, sale(2)], name, visible=name != hidden) for name in names]
    return report_of(*sheets, layout=layout_of(sheet=sheet, **keys)).sheet


def test_a_sheet_is_named_by_a_pattern() -> None:
    assert sheets_taken("'Продажи *'", "Остатки", "ПРОДАЖИ  июнь") == "ПРОДАЖИ  июнь"
    assert sheets_taken("'Лист?'", "Лист10", "Лист2") == "Лист2"
    assert sheets_taken("'*продажи'", "Наши продажи", "Продажи июнь", sheets="all") == "Наши продажи"
    assert sheets_taken("'Продажи*'", "Продажи 1", "Продажи 2", "Склад", sheets="all") == "Продажи 1, Продажи 2"
    with pytest.raises(PharmaError, match="AMBIGUOUS_SHEET"):
        sheets_taken("'Продажи*'", "Продажи 1", "Продажи 2")
    with pytest.raises(PharmaError, match="HEADER_NOT_FOUND"):
        sheets_taken("'Продажи.*'", "Итоги")


def test_a_hidden_sheet_is_taken_by_its_name_and_never_by_a_pattern() -> None:
    assert sheets_taken("Продажи", "Продажи", hidden="Продажи") == "Продажи"
    assert sheets_taken("'Продажи*'", "Продажи", "Продажи старые", hidden="Продажи старые") == "Продажи"
    with pytest.raises(PharmaError, match="HIDDEN_SHEET"):
        sheets_taken("'Продажи*'", "Продажи", hidden="Продажи")


@pytest.mark.parametrize(
    ("bounds", "rows", "told"),
    [
        ("{min: 3}", 2, "3 to ∞"),
        ("{max: 3}", 4, "0 to 3"),
        ("{min: 3, max: 3}", 4, "3 to 3"),
        ("{min: 3, max: 5}", 4, None),
        ("{min: 1}", 0, "1 to ∞"),
    ],
)
def test_the_volume_of_a_report_is_bounded(bounds: str, rows: int, told: str | None) -> None:
    layout = layout_of(rows=bounds, nil_report=True)
    report = report_of([HEADER, *(sale(2) for _ in range(rows))], layout=layout)
    if told is None or rows == 0:
        check_volume(report, layout)
    else:
        with pytest.raises(PharmaError, match="ROWS_OUT_OF_BOUNDS") as error:
            check_volume(report, layout)
        assert told in error.value.message


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("rows: {}", "min, max or both must be given"),
        ("rows: {min: 5, max: 4}", "min is more than max"),
        ("rows: {min: 0}", "rows.min"),
        ("schedule: {every: month, due_day: 0}", "due_day is one of 1 to 31"),
        ("schedule: {every: week, due_day: 8}", "due_day is one of 1 to 7"),
        ("schedule: {every: week}", "schedule.due_day: Field required"),
        ("schedule: {every: quarter, due_day: 1}", "schedule.every"),
        ("owner: ''", "owner"),
    ],
)
def test_what_cannot_be_agreed_is_refused(key: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        layout_of(SALES + key)
    assert why in str(error.value)


def test_owner_schedule_and_written_defaults_change_no_result() -> None:
    plain = layout_of().fingerprint()
    schedule = "{every: month, due_day: 5}"
    assert layout_of(owner="Мария", schedule=schedule, totals="check", nil_report="false").fingerprint() == plain
    assert layout_of(SALES.replace("Пример", "Другой")).fingerprint() == plain
    for key in ("rows: {min: 1}", "outside_month: 0.2", "sheets: all", "constants: {market: x}"):
        assert layout_of(SALES + key).fingerprint() != plain
