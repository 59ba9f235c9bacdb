"""Targets without a column of their own: filled from the file's place, or composed of several columns."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.facts import Facts
from pharma_assets.transforms.normalize import normalize
from pharma_assets_tests.unit.transforms.sheets import MOSCOW, accounted, document_of, report_of, sheet_of

JUNE = date(2025, 6, 1)
FACTS = Facts("Сеть", "Client_05", "Type1", "Отчёт_Казань_06.2025.xlsx")

MONTHLY = """
supplier: Пример
report_types: [Type1]
columns:
  товар: {to: tms, filled: true}
  количество: {to: amount_type_1, filled: true}
registry:
"""


def monthly(registry: str, month: date | None = JUNE, facts: Facts = FACTS) -> list[dict[str, Any]]:
    layout = parse_layout((MONTHLY + registry).encode())
    rows = [("Товар", "Количество"), ("Анальгин", "2"), ("Аспирин", "5"), ("Итого", "7")]
    report = normalize(document_of(sheet_of(rows)), layout, MOSCOW, month, facts)
    assert accounted(report) == {"total": 1}
    return list(report.table.to_pylist())


def test_a_report_without_dates_takes_its_period_from_the_folder() -> None:
    start, end = (monthly(f"  period: {fact}") for fact in ("month_start", "month_end"))
    assert {row["period"] for row in start} == {datetime(2025, 5, 31, 21, tzinfo=UTC)}
    assert {row["period"] for row in end} == {datetime(2025, 6, 29, 21, tzinfo=UTC)}
    february = monthly("  period: month_end", date(2024, 2, 1))
    assert {row["period"].astimezone(MOSCOW).day for row in february} == {29}


def test_texts_come_from_the_folder_and_from_a_part_of_the_file_name() -> None:
    rows = monthly(
        "  period: month_start\n  client_name: client\n  market: provider\n  client_type: report_type\n"
        "  supplier_filial: {fact: file_name, pattern: '^Отчёт_(.+?)_'}\n  client_brend: file_name"
    )
    told = {name: rows[0][name] for name in ("client_name", "market", "client_type", "supplier_filial", "client_brend")}
    assert told == {
        "client_name": "Client_05",
        "market": "Сеть",
        "client_type": "Type1",
        "supplier_filial": "Казань",
        "client_brend": "Отчёт_Казань_06.2025.xlsx",
    }


@pytest.mark.parametrize(
    ("registry", "month", "facts"),
    [
        ("  period: month_start", None, FACTS),
        ("  period: month_start\n  client_name: client", JUNE, Facts()),
        ("  period: month_start\n  market: {fact: file_name, pattern: '^Остатки_(.+)_'}", JUNE, FACTS),
        ("  period: month_start\n  market: {fact: file_name, pattern: '^Отчёт(.*?)_'}", JUNE, FACTS),
    ],
)
def test_a_fact_that_is_not_there_fails_the_file(registry: str, month: date | None, facts: Facts) -> None:
    with pytest.raises(PharmaError, match="FACT_MISSING"):
        monthly(registry, month, facts)


@pytest.mark.parametrize(
    ("registry", "why"),
    [
        ("  period: file_name", "period holds timestamptz, which file_name is not"),
        ("  period: month_start\n  tms: client", "tms is filled by 'registry' and by 'товар'"),
        ("  period: month_start\n  filename_ish: client", "'filename_ish' is not a column that a layout can fill"),
        ("  period: month_start\n  market: {fact: file_name, pattern: 'a'}", "must have one group"),
        ("  period: {fact: month_start, pattern: '(a)'}", "is a day and has no pattern"),
        ("  period: month_start\n  market: {fact: file_name, pattern: '('}", "is no regular expression"),
        ("  market: client", "no column goes to period"),
    ],
)
def test_a_registry_field_that_cannot_be_is_refused(registry: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_layout((MONTHLY + registry).encode())
    assert why in str(error.value)


def test_rows_of_totals_must_be_told_by_something() -> None:
    with pytest.raises(ValueError, match="must be filled: true"):
        parse_layout((MONTHLY.replace("{to: tms, filled: true}", "tms") + "  period: month_start").encode())


ADDRESSES = """
supplier: Пример
report_types: [Type1]
columns:
  дата: {to: period, filled: true}
  город: client_city
  улица: {to: null}
  дом: {to: null, required: false}
  количество: amount_type_1
composed:
"""


def composed(template: str, *rows: tuple[str | None, ...], target: str = "client_adress") -> list[str | None]:
    layout = parse_layout((ADDRESSES + f"  {target}: '{template}'").encode())
    sheet = [("Дата", "Город", "Улица", "Дом", "Количество"), *(("02.06.2025", *row, "1") for row in rows)]
    report = report_of(sheet, layout=layout)
    for row, parts in zip(report.table.to_pylist(), rows, strict=True):
        kept = json.loads(row["extra"] or "{}")
        assert {"Улица": parts[1], "Дом": parts[2]} == {"Улица": kept.get("Улица"), "Дом": kept.get("Дом")}
    return list(report.table[target].to_pylist())


def test_a_text_is_composed_of_columns() -> None:
    rows = [("Казань", "Мира", "5"), ("Казань", None, "5"), (None, "Мира", None), (None, None, None)]
    assert composed("{город}[, ул. {улица}][, д. {дом}]", *rows) == [
        "Казань, ул. Мира, д. 5",
        "Казань, д. 5",
        None,
        None,
    ]
    assert composed("[{город}, ]{улица}[ ({дом})]", *rows) == ["Казань, Мира (5)", None, "Мира", None]
    assert composed("г. [{город}][ {улица} {дом}]", *rows) == ["г. Казань Мира 5", "г. Казань", None, None]


def test_days_in_a_composed_text_are_written_as_people_write_them() -> None:
    assert composed("{улица}[ от {дата}]", (None, "А-17", None), target="naklad") == ["А-17 от 02.06.2025"]


def test_a_column_that_is_absent_is_blank_in_a_template() -> None:
    layout = parse_layout((ADDRESSES + "  client_adress: '{город}[, {дом}]'").encode())
    report = report_of([("Дата", "Город", "Улица", "Количество"), ("02.06.2025", "Казань", "Мира", "1")], layout=layout)
    assert report.table["client_adress"].to_pylist() == ["Казань"]


def test_a_part_that_is_too_long_for_the_schema_rejects_its_row() -> None:
    layout = parse_layout((ADDRESSES + "  client_adress: '{город}[, {улица}]'").encode())
    rows = [("02.06.2025", "Казань", street, "5", "1") for street in ("Мира", "я" * 1001)]
    report = report_of([("Дата", "Город", "Улица", "Дом", "Количество"), *rows], layout=layout)
    assert [(row.row, row.cells[0].code) for row in report.rejected] == [(3, "VALUE_TOO_LONG")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("client_adress: '{город'", "the brackets do not fit"),
        ("client_adress: '{город}]'", "the brackets do not fit"),
        ("client_adress: '{город}[, [{дом}]]'", "the brackets do not fit"),
        ("client_adress: '{город}[, {дом}'", "the brackets do not fit"),
        ("client_adress: '{город}[, д.]'", "there is no column in the square brackets"),
        ("client_adress: Казань", "names no column in braces"),
        ("client_adress: '{село}'", "'село' is named but not among the columns"),
        ("client_adress: '{количество}'", "is an amount, and no text is composed of those"),
        ("client_city: '{улица}'", "client_city is filled by 'composed' and by 'город'"),
        ("client_inn: '{улица}'", "client_inn is a number by which people search"),
        ("sum_nds: '{улица}'", "'sum_nds' is not a text column"),
    ],
)
def test_a_template_that_cannot_be_meant_is_refused(line: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_layout((ADDRESSES + "  " + line).encode())
    assert why in str(error.value)


def test_the_waybill_takes_the_stand_in_of_an_absent_column() -> None:
    layout = parse_layout(
        """
        supplier: Пример
        report_types: [Type1]
        columns:
          дата: {to: period, filled: true}
          номер: {to: null}
          накладная: {to: null, unless: номер}
          количество: amount_type_1
        waybill: {number: номер, date: дата}
        """.encode()
    )
    report = report_of([("Дата", "Накладная", "Количество"), ("02.06.2025", "А-17", "1")], layout=layout)
    (row,) = report.table.to_pylist()
    assert (row["naklad"], row["extra"]) == ("А-17 от 02.06.2025", None)
