"""The schema every report is brought to: the columns of `raw.primary_data` (CONTRACT §5) and of the result file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PRECISION = 18
"""Digits of a numeric column."""


class Type(StrEnum):
    """How a column is stored: free text, a moment, or an exact decimal."""

    TEXT = "varchar"
    MOMENT = "timestamptz"
    MONEY = "numeric(18,2)"
    AMOUNT = "numeric(18,3)"

    @property
    def scale(self) -> int:
        """Digits after the decimal point of a numeric type."""
        return {Type.MONEY: 2, Type.AMOUNT: 3}[self]

    @property
    def is_numeric(self) -> bool:
        return self in (Type.MONEY, Type.AMOUNT)


@dataclass(frozen=True)
class Column:
    name: str
    type: Type
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("supplier_id", Type.TEXT, "supplier's number in our reference list"),
    Column("period", Type.MOMENT, "day of the movement"),
    Column("supplier_name", Type.TEXT, "supplier's name"),
    Column("supplier_adress", Type.TEXT, "supplier's address"),
    Column("supplier_inn", Type.TEXT, "supplier's INN"),
    Column("supplier_filial", Type.TEXT, "branch of the supplier"),
    Column("naklad", Type.TEXT, "waybill: <number> от <dd.mm.yyyy>"),
    Column("client_inlaw", Type.TEXT, "buyer: legal entity"),
    Column("client_adress", Type.TEXT, "buyer's address"),
    Column("client_inn", Type.TEXT, "buyer's INN"),
    Column("client_region", Type.TEXT, "buyer's region"),
    Column("client_city", Type.TEXT, "buyer's city"),
    Column("client_id_ish", Type.TEXT, "buyer's code in the source"),
    Column("client_brend", Type.TEXT, "buyer's brand"),
    Column("client_name", Type.TEXT, "buyer's name"),
    Column("tms", Type.TEXT, "product as written in the source"),
    Column("tms_id_ish", Type.TEXT, "product's code in the source"),
    Column("date_godnost", Type.MOMENT, "best before"),
    Column("mnf", Type.TEXT, "manufacturer"),
    Column("sum_nds", Type.MONEY, "sum with VAT, roubles"),
    Column("sum_no_nds", Type.MONEY, "sum without VAT, roubles"),
    Column("filename_result", Type.TEXT, "result file"),
    Column("filename_ish", Type.TEXT, "source file, relative to the inbox root"),
    *(Column(f"amount_type_{n}", Type.AMOUNT, f"quantity of report type {n}, packs") for n in range(1, 6)),
    Column("market", Type.TEXT, "sales channel"),
    Column("report_provider", Type.TEXT, "Сеть or Дистрибьютор"),
    Column("report_provider_name", Type.TEXT, "client folder"),
    Column("client_type", Type.TEXT, "kind of buyer"),
)

TYPES: dict[str, Type] = {column.name: column.type for column in COLUMNS}

# Written by the platform from the registry, never by a layout.
REGISTRY_COLUMNS = ("filename_result", "filename_ish", "report_provider", "report_provider_name")

# Where a row came from, and what the schema has no place for.
TRACE_COLUMNS = ("source_sheet", "source_row", "extra")

# report_header.xlsx: names and order that the existing scripts write, `Report_Provaider` spelt as there.
RESULT_HEADER: dict[str, str] = {
    name: "Report_Provaider" if name == "report_provider" else name
    for name in (
        "supplier_filial",
        "client_inlaw",
        "client_region",
        "client_city",
        "client_adress",
        "tms",
        "client_inn",
        "amount_type_1",
        "client_id_ish",
        "filename_ish",
        "report_provider_name",
        "period",
        "report_provider",
        "market",
        "client_type",
        "client_name",
        "supplier_name",
        "tms_id_ish",
        "mnf",
        "naklad",
        "amount_type_2",
        "amount_type_3",
        "amount_type_4",
        "amount_type_5",
        "date_godnost",
        "sum_no_nds",
        "sum_nds",
    )
}
