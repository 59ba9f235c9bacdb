"""What arrives in the demo: reports of three clients over two months, and what goes wrong in real life."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pharma_assets.demo.reports import Report, client_01_xlsx, client_02_xlsx, client_03_csv
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider

# The demo's reference lists: a tree that a person can look through.
TREE = """\
[tree]
providers = ["Дистрибьюторы", "Сети"]
years = [2025]
months = [5, 6]
clients = ["Client_01", "Client_02", "Client_03", "Client_04"]
report_types = ["Type1", "Type2"]
"""

MAY, JUNE = date(2025, 5, 1), date(2025, 6, 1)


@dataclass(frozen=True)
class Arrival:
    """A file that arrives: where, and what must become of it.

    `reason` is the code that the registry must show; a report without one must be loaded.
    """

    client_month: ClientMonth
    name: str
    report: Report
    reason: str | None = None


def arrivals() -> Iterator[Arrival]:
    """Every file of the demo, the same each time."""
    yield Arrival(_month("Client_01", MAY), "Агроресурсы_05.2025.xlsx", client_01_xlsx(4_000, MAY, seed=1))
    yield Arrival(_month("Client_01", JUNE), "Агроресурсы_06.2025.xlsx", client_01_xlsx(6_000, JUNE, seed=2))
    yield Arrival(_month("Client_02", MAY), "Катрен май.xlsx", client_02_xlsx(2_500, MAY, seed=3))
    yield Arrival(_month("Client_02", JUNE), "Катрен июнь.xlsx", client_02_xlsx(3_000, JUNE, seed=4))
    yield Arrival(_month("Client_03", MAY), "puls_may.csv", client_03_csv(1_500, MAY, seed=5, encoding="cp1251"))
    bad_row = client_03_csv(2_000, JUNE, seed=6, encoding="utf-8-sig", bad_row=True)
    yield Arrival(_month("Client_03", JUNE), "puls_june.csv", bad_row)
    torn = client_02_xlsx(400, JUNE, seed=7)
    half = Report(torn.content[: len(torn.content) // 2], 0, 0, 0, torn.quantity * 0)
    yield Arrival(_month("Client_02", JUNE), "Катрен июнь (дозагрузка).xlsx", half, "CORRUPT_FILE")
    unknown = client_03_csv(100, JUNE, seed=8)
    yield Arrival(_month("Client_04", JUNE), "Продажи июнь.csv", unknown, "NO_SCRIPT_FOUND")


def _month(client: str, month: date) -> ClientMonth:
    return ClientMonth(Client(Provider.DISTRIBUTOR, client), month.year, month.month)
