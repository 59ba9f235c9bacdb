"""The report that most cases damage in one way or another, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pharma_assets_tests.database.bad_inputs.tables import dbf

HEADER = ("Дата", "Товар", "ИНН", "Количество", "Сумма с НДС")
INN, INN_WITH_ZERO, INN_OF_PERSON, INN_OF_PERSON_WITH_ZERO = "5400001230", "0123456788", "540000123403", "012345678943"
NOT_AN_INN = "1234567890"

ROWS = (
    (date(2025, 6, 2), "Цитрамон-Ёлка таб. №10", INN, 2, Decimal("180.50")),
    (date(2025, 6, 3), "Нурофенка капс. №20", INN_WITH_ZERO, Decimal("10.5"), Decimal("1999.99")),
    (date(2025, 6, 30), "Анальгинка р-р 50 %", INN_OF_PERSON, -1, Decimal("-90.25")),
)
REPORT = (HEADER, *ROWS)
SUMS = {"amount_type_1": "11.5", "sum_nds": "2090.24"}
STORED = [
    ("2025-06-02", "Цитрамон-Ёлка таб. №10", INN, Decimal("2.000"), Decimal("180.50")),
    ("2025-06-03", "Нурофенка капс. №20", INN_WITH_ZERO, Decimal("10.500"), Decimal("1999.99")),
    ("2025-06-30", "Анальгинка р-р 50 %", INN_OF_PERSON, Decimal("-1.000"), Decimal("-90.25")),
]


def stored(rows: Sequence[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """The rows of `raw.primary_data` as `STORED` has them; a time of day only where it is not midnight."""
    return [
        (
            f"{row['period']:%Y-%m-%d}" if f"{row['period']:%H%M}" == "0000" else f"{row['period']:%Y-%m-%d %H:%M}",
            row["tms"],
            row["client_inn"],
            row["amount_type_1"],
            row["sum_nds"],
        )
        for row in rows
    ]


COLUMNS: Mapping[str, object] = {
    "Дата": {"to": "period", "filled": True},
    "Товар": {"to": "tms", "filled": True},
    "ИНН": "client_inn",
    "Количество": {"to": "amount_type_1", "filled": True},
    "Сумма с НДС": "sum_nds",
}
"""The columns of the layout that most cases use."""

CODES = {**COLUMNS, "Код": "tms_id_ish"}
WITH_SUM_ALIAS = {**COLUMNS, "Сумма с НДС": {"to": "sum_nds", "aliases": ["Сумма"]}}
DBF_FIELDS = (("Дата", "D", 8, 0), ("Товар", "C", 40, 0), ("ИНН", "C", 12, 0), ("Количество", "N", 12, 3))
MORE = ((date(2025, 6, 5), "Крем", INN, 4, Decimal("7.00")), (date(2025, 6, 6), "Гель", INN, 5, Decimal("8.00")))
DAY = date(2025, 6, 2)
ONE = {"amount_type_1": "1"}


def rows_of(name: str, *cells: object) -> list[tuple[object, ...]]:
    """A report with one row for each of these cells of one column; the others are as good as can be."""
    good = {"Дата": DAY, "Товар": "Мазь", "ИНН": INN, "Количество": 1, "Сумма с НДС": None}
    header = HEADER if name in HEADER else (*HEADER, name)
    return [header, *(tuple(cell if column == name else good[column] for column in header) for cell in cells)]


def dbf_report(encoding: str = "cp866", driver: int = 0x65) -> bytes:
    """The report as a dBase table, whose names of columns are short: its layout is WITH_SUM_ALIAS."""
    return dbf([*DBF_FIELDS, ("Сумма", "N", 12, 2)], ROWS, encoding, driver)


def many(count: int, start: int = 0) -> list[tuple[object, ...]]:
    """Rows that all differ: the quantities are 1, 2, 3, …"""
    return [
        (date(2025, 6, 1 + number % 30), f"Препарат № {number}", INN, number + 1, Decimal(number + 1) / 4)
        for number in range(start, start + count)
    ]
