"""The reports of the walk-through «Your first client», June and July: `docs/samples/shipments-*.xlsx`.

`python -m pharma_assets.demo.first_client` writes them. In July the supplier calls two columns otherwise, has moved one
and added one. Nothing in them is a real company or person.
"""
# ruff: noqa: S311 - the randomness here is for variety, not for secrets

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

from pharma_assets.demo.names import MAKERS, PRODUCTS, Buyer, branch, buyers
from pharma_assets.demo.workbook import Cell, write_xlsx
from pharma_assets.settings import PROJECT

SAMPLES = PROJECT / "docs" / "samples"
ROWS = 60

_JUNE = (
    "Дата отгр.|№ накл.|Склад|Покупатель|ИНН покупателя|Область|Город|Адрес доставки|Препарат|Код препарата|Завод|"
    "Госконтракт|Кол-во, уп.|Сумма|Прайс"
).split("|")
_JULY = {"Покупатель": "Контрагент", "Кол-во, уп.": "Отгружено упаковок"}
_MOVED, _BEFORE, _NEW = "Город", "Область", "Серия"


@dataclass(frozen=True)
class Shipments:
    """A month's report: its file's name and bytes, and the packs and roubles of its ROWS rows."""

    name: str
    content: bytes
    packs: Decimal
    roubles: Decimal


def june() -> Shipments:
    """The report from which the layout is drafted."""
    return _report("shipments-june.xlsx", date(2025, 6, 1), 61)


def july() -> Shipments:
    """The next one, which has drifted."""
    return _report("shipments-july.xlsx", date(2025, 7, 1), 71, drifted=True)


def _report(name: str, month: date, seed: int, *, drifted: bool = False) -> Shipments:
    random = Random(seed)
    points = buyers(random, 18)
    body = [_row(random, random.choice(points), month) for _ in range(ROWS)]
    packs = sum((Decimal(str(row["Кол-во, уп."])) for row in body), Decimal(0))
    roubles = sum((Decimal(str(row["Сумма"])) for row in body), Decimal(0))
    headers = list(_JUNE)
    if drifted:
        headers.remove(_MOVED)
        headers.insert(headers.index(_BEFORE), _MOVED)
        headers.append(_NEW)
    total: list[Cell] = [None] * len(headers)
    total[0] = "Итого"
    total[headers.index("Кол-во, уп.")], total[headers.index("Сумма")] = packs, roubles
    lines: list[Sequence[Cell]] = [
        (f"Заря-Фарм: отгрузки за {'июль' if drifted else 'июнь'} 2025 г.",),
        ("Сформировано программой учёта",),
        (),
        [_JULY.get(header, header) if drifted else header for header in headers],
        *([row[header] for header in headers] for row in body),
        total,
    ]
    content = write_xlsx("Отгрузки", enumerate(lines, start=1), len(lines))
    return Shipments(name, content, packs, roubles)


def _row(random: Random, buyer: Buyer, month: date) -> dict[str, Cell]:
    product = random.randrange(len(PRODUCTS))
    quantity = random.choice((1, 1, 2, 3, 5, 10))
    price = Decimal(3_000 + 431 * product) / 100
    return {
        "Дата отгр.": month.replace(day=random.randrange(1, 29)).strftime("%d.%m.%Y"),
        "№ накл.": f"ЗФ-{random.randrange(10_000, 99_999)}",
        "Склад": branch(random),
        "Покупатель": buyer.name.partition(", г.")[0],
        "ИНН покупателя": buyer.inn,
        "Область": buyer.region,
        "Город": buyer.city,
        "Адрес доставки": buyer.street,
        "Препарат": PRODUCTS[product],
        "Код препарата": f"{product * 37 + 12:05d}",
        "Завод": MAKERS[product % len(MAKERS)],
        "Госконтракт": random.choices(("да", "нет"), (1, 4))[0],
        "Кол-во, уп.": quantity,
        "Сумма": price * quantity,
        "Прайс": price,
        "Серия": f"{product * 91 + 1000}",
    }


def write(folder: Path = SAMPLES) -> None:
    """Write both reports."""
    folder.mkdir(parents=True, exist_ok=True)
    for report in (june(), july()):
        (folder / report.name).write_bytes(report.content)


if __name__ == "__main__":
    write()
