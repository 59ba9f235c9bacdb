"""Reports as the three known distributors send them (CONTRACT §6), with the sums that must stand in the database.

The same arguments always give the same bytes.
"""
# ruff: noqa: S311 - the randomness here is for variety, not for secrets

from __future__ import annotations

import csv
import io
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from pharma_assets.demo.names import MAKERS, PRODUCTS, Buyer, branch, buyers
from pharma_assets.demo.workbook import Cell, write_xlsx

CLIENT_01_HEADER = (
    "инн|клиент|область_район|город|адрес|название|количество|кол_перемещ|филиал|код_клиента|номер_документа|"
    "дата_документа|код_товара"
).split("|")
CLIENT_02_HEADER = (
    "Филиал|Клиент|Регион|Город|Улица|ИНН клиента|Товар|UID товара|Производитель|День|Аптека.ру|Цена|Продажи, шт."
).split("|")
CLIENT_03_HEADER = (
    "Региональная компания|Дата|Код|Товар|Клиент|ИНН|Код контрагента|Код адреса доставки|Адрес доставки|"
    "Регион доставки|Город доставки|Признак тендер|Количество"
).split("|")
BAD_QUANTITY = "дцать"

_MONTHS = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_QUANTITIES = (1, 2, 3, 4, 5, 6, 10, 20, 30, 100, 300)
_QUANTITY_WEIGHTS = (480, 215, 135, 40, 45, 30, 20, 15, 10, 5, 5)
_RESERVES = ("Резерв под акцию", "Списание: истёк срок", "Перемещение между складами")
_REAL_ROWS, _REAL_ZERO_ROWS, _REAL_POINTS = 29_942, 207, 11_585


@dataclass(frozen=True)
class Report:
    """A report's bytes and what is true of it.

    `rows` are all data rows; `zero_rows` of them are left out by rule and `bad_rows` rejected, so that
    `rows - zero_rows - bad_rows` rows are to be loaded, with `quantity` in all.
    """

    content: bytes
    rows: int
    zero_rows: int
    bad_rows: int
    quantity: Decimal


def client_01_xlsx(
    rows: int,
    month: date,
    seed: int = 1,
    *,
    zero_rows: int | None = None,
    without_inn: int = 4,
    numeric: int = 17,
    repeats: int = 15,
) -> Report:
    """A twin of Агроресурсы' workbook: a title over the header, and all cells text but for `numeric` quantities.

    `zero_rows` have the quantity 0 (as many as in the real file, in proportion), `without_inn` of them no INN;
    `repeats` of the other rows repeat the row above them exactly. Each is cut down where there are too few rows.
    """
    random = Random(seed)
    zeros = min(rows, round(rows * _REAL_ZERO_ROWS / _REAL_ROWS) if zero_rows is None else zero_rows)
    points = buyers(random, max(1, rows * _REAL_POINTS // _REAL_ROWS))
    zero_at = random.sample(range(rows), zeros)
    is_zero, is_reserve = set(zero_at), set(zero_at[:without_inn])
    plain = [index for index in range(rows) if index not in is_zero]
    repeatable = [index for index in plain if index and index - 1 not in is_zero]
    is_repeat = set(random.sample(repeatable, min(repeats, len(repeatable))))
    body: list[list[Cell]] = []
    total = 0
    for index in range(rows):
        if index in is_repeat:
            row = list(body[-1])
        else:
            quantity = 0 if index in is_zero else _quantity(random)
            row = _client_01_row(random, random.choice(points), month, quantity)
            if index in is_reserve:
                row[0:2] = [None, random.choice(_RESERVES)]
                row[4] = None
        total += int(str(row[6]))
        body.append(row)
    single = [index for index in plain if not is_repeat & {index, index + 1}]
    for index in random.sample(single, min(numeric, len(single))):
        body[index][6] = int(str(body[index][6]))
    lines: list[tuple[int, Sequence[Cell]]] = [
        (1, ()),
        (2, (None, None, "Отчет количественного учета продаж товаров по Клиентам ")),
        (4, CLIENT_01_HEADER),
        *enumerate(body, start=5),
    ]
    return Report(write_xlsx("Лист1", lines, rows + 4), rows, zeros, 0, Decimal(total))


def _client_01_row(random: Random, buyer: Buyer, month: date, quantity: int) -> list[Cell]:
    day = _day(random, month)
    product = random.randrange(len(PRODUCTS))
    number = str(random.randrange(1_000_000, 6_000_000))
    if random.random() < 0.005:
        number = f"{day:%y%m%d}/24/{random.randrange(300_000, 309_999)}/01"
    return [
        buyer.inn,
        buyer.name,
        buyer.region,
        buyer.city,
        buyer.street,
        PRODUCTS[product],
        str(quantity),
        "0" if quantity else str(random.choice((10, 20, 300, 600))),
        branch(random),
        f"{500_000 + buyer.point}.00",
        number,
        f"{_MONTHS[day.month - 1]} {day.day:2d} {day.year} 12:00AM",
        str(40_000 + 317 * product),
    ]


def client_02_xlsx(rows: int, month: date, seed: int = 2) -> Report:
    """Катрен: real Excel dates and numbers, INN as text, аптека.ру да, нет or blank, two columns nobody maps."""
    random = Random(seed)
    points = buyers(random, max(1, rows // 3))
    body: list[list[Cell]] = []
    total = 0
    for _ in range(rows):
        buyer, quantity, product = random.choice(points), _quantity(random), random.randrange(len(PRODUCTS))
        total += quantity
        body.append(
            [
                branch(random),
                buyer.name,
                buyer.region,
                buyer.city,
                buyer.street,
                buyer.inn,
                PRODUCTS[product],
                f"{seed:04x}-{product * 7919:08x}",
                MAKERS[product % len(MAKERS)],
                _day(random, month),
                random.choices(("да", "нет", None), (2, 5, 3))[0],
                Decimal(random.randrange(2_000, 200_000)) / 100,
                quantity,
            ]
        )
    content = write_xlsx("Продажи", enumerate([CLIENT_02_HEADER, *body], start=1), rows + 1)
    return Report(content, rows, 0, 0, Decimal(total))


def client_03_csv(rows: int, month: date, seed: int = 3, *, encoding: str = "cp1251", bad_row: bool = False) -> Report:
    """Пульс: `;`, codes with leading zeros, dd.mm.yyyy, decimal commas; `bad_row` puts «дцать» into one quantity."""
    random = Random(seed)
    points = buyers(random, max(1, rows // 3))
    bad_at = rows // 2 if bad_row and rows else None
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(CLIENT_03_HEADER)
    total = Decimal(0)
    for index in range(rows):
        buyer, product = random.choice(points), random.randrange(len(PRODUCTS))
        quantity = Decimal(_quantity(random))
        if random.random() < 0.02:
            quantity += Decimal("0.5")
        total += 0 if index == bad_at else quantity
        writer.writerow(
            [
                branch(random),
                f"{_day(random, month):%d.%m.%Y}",
                f"{113 * product + 7:06d}",
                PRODUCTS[product],
                buyer.name,
                buyer.inn,
                f"{buyer.company + 1:06d}",
                f"{buyer.point + 123:06d}",
                f"{buyer.city}, {buyer.street}",
                buyer.region,
                buyer.city,
                random.choices(("да", "нет"), (1, 6))[0],
                BAD_QUANTITY if index == bad_at else str(quantity).replace(".", ","),
            ]
        )
    bad_rows = 0 if bad_at is None else 1
    return Report(out.getvalue().encode(encoding), rows, 0, bad_rows, total)


def _quantity(random: Random) -> int:
    return random.choices(_QUANTITIES, _QUANTITY_WEIGHTS)[0]


def _day(random: Random, month: date) -> date:
    return month.replace(day=random.randrange(1, monthrange(month.year, month.month)[1] + 1))
