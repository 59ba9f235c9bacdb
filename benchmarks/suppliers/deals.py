"""Invented deals, and how a supplier writes each part of one into a cell."""
# ruff: noqa: S311 - the randomness here is for variety, not for secrets

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from benchmarks.suppliers.pools import Pool
from pharma_assets.demo.names import company_inn, person_inn
from pharma_assets.demo.workbook import Cell

_MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
_DATES: dict[str, Callable[[date], Cell]] = {
    "dotted": lambda day: f"{day:%d.%m.%Y}",
    "dotted_short": lambda day: f"{day:%d.%m.%y}",
    "dotted_time": lambda day: f"{day:%d.%m.%Y} 12:30:00",
    "slashed": lambda day: f"{day:%d/%m/%Y}",
    "iso": lambda day: f"{day:%Y-%m-%d}",
    "compact": lambda day: f"{day:%Y%m%d}",
    "words": lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year} г.",
    "excel": lambda day: day,
}


def _spaced(value: Decimal) -> str:
    return f"{value:,}".replace(",", "\u00a0").replace(".", ",")


_AMOUNTS: dict[str, Callable[[Decimal], Cell]] = {
    "number": lambda value: value,
    "comma": lambda value: str(value).replace(".", ","),
    "dot": str,
    "spaced": _spaced,
}
_FLAGS = {"да": ("да", "нет"), "нет": ("Да", "Нет"), "Y": ("Y", "N"), "yes": ("yes", "no")}


@dataclass(frozen=True)
class Style:
    """A supplier's habits: keys of the tables above, how codes look, which words stand in the cells."""

    date: str
    amount: str
    code: str
    pool: Pool
    flag: str = "да"


@dataclass(frozen=True)
class _Buyer:
    legal: str
    inn: str
    brand: str
    point: str
    region: str
    district: str
    city: str
    street: str
    house: str
    number: int
    company: int


def rows(random: Random, style: Style, count: int, month: date) -> list[Mapping[str, Cell]]:
    """`count` rows: for each part of a deal its cell."""
    pool = style.pool
    buyers = _buyers(random, pool, max(3, count // 6))
    products = [f"{name} {form}" for name in pool.drugs for form in random.sample(pool.forms, 2)]
    barcodes = {product: _barcode(random) for product in products}
    supplier, supplier_inn = pool.supplier, company_inn(random)
    found: list[Mapping[str, Cell]] = []
    day, number = month, random.randrange(1_000, 90_000)
    buyer = random.choice(buyers)
    for row in range(count):
        if random.random() < 0.4:
            buyer, number = random.choice(buyers), number + random.randrange(1, 9)
            day = month + timedelta(days=random.randrange(28))
        product = random.randrange(len(products))
        quantity = Decimal(random.choices((1, 2, 3, 5, 10, 24, 100, -1), (40, 20, 10, 8, 6, 3, 2, 1))[0])
        price = Decimal(Random(product).randrange(4_000, 200_000)) / 100
        found.append(
            _cells(random, style, buyer, day, number, product, products[product], barcodes, quantity, price)
            | {"row": row + 1, "supplier.name": supplier, "supplier.inn": supplier_inn}
        )
    return found


def _cells(
    random: Random,
    style: Style,
    buyer: _Buyer,
    day: date,
    number: int,
    at: int,
    product: str,
    barcodes: Mapping[str, str],
    quantity: Decimal,
    price: Decimal,
) -> dict[str, Cell]:
    pool, amount = style.pool, _AMOUNTS[style.amount]
    net = (price * quantity).quantize(Decimal("0.01"))
    tax = (net / 10).quantize(Decimal("0.01"))
    document = pool.document.format(number=number)
    town = pool.city.format(city=buyer.city)
    street = pool.street.format(street=buyer.street, house=buyer.house)
    yes, no = _FLAGS[style.flag]
    written: Callable[[date], Cell] = _DATES[style.date]
    return {
        "doc.number": document,
        "doc.date": written(day),
        "doc.full": f"Реализация товаров и услуг {document} от {day:%d.%m.%Y} 0:00:00",
        "doc.numdate": f"{document} от {day:%d.%m.%Y}",
        "doc.type": "Возврат" if quantity < 0 else "Реализация",
        "doc.order": f"З-{number * 3 % 7919}",
        "doc.order_date": written(day - timedelta(days=number % 4 + 1)),
        "branch": pool.branches[buyer.number % len(pool.branches)],
        "branch.code": str(100 + buyer.number % len(pool.branches)),
        "branch.city": pool.places[buyer.number % len(pool.branches) % len(pool.places)][2][0],
        "buyer.legal": buyer.legal,
        "buyer.inn": buyer.inn,
        "buyer.kpp": f"{buyer.inn[:4]}01001",
        "buyer.innkpp": f"{buyer.inn}/{buyer.inn[:4]}01001" if len(buyer.inn) == 10 else buyer.inn,
        "buyer.brand": buyer.brand,
        "buyer.point": buyer.point,
        "buyer.region": pool.region.format(region=buyer.region),
        "buyer.city": town,
        "buyer.street": street,
        "buyer.address": pool.address.format(
            index=101_000 + buyer.number * 37, region=buyer.region, city=town, street=street
        ),
        "buyer.legal_address": pool.address.format(
            index=190_000 + buyer.company, region=buyer.region, city=town, street=pool.streets[0]
        ),
        "region.code": str(10 + [place[0] for place in pool.places].index(buyer.region)),
        "buyer.code": _code(style.code, buyer.company, 1),
        "buyer.type": pool.types[buyer.company % len(pool.types)],
        "point.code": _code(style.code, buyer.number, 2),
        "district": buyer.district,
        "phone": f"+7 (4{buyer.number % 90 + 10}2) {buyer.number * 7 % 90 + 10}-11-22",
        "postal": str(101_000 + buyer.number * 37),
        "product.name": product,
        "product.code": _code(style.code, at, 3),
        "product.maker": pool.makers[at % len(pool.makers)],
        "product.mnn": product.split(maxsplit=1)[0].casefold(),
        "product.group": product.split(maxsplit=1)[0],
        "product.unit": "уп",
        "product.pack": str((10, 20, 30)[at % 3]),
        "product.made": written(date(2024, at % 12 + 1, 15)),
        "maker.code": str(900 + at % len(pool.makers)),
        "product.country": pool.countries[at % len(pool.countries)],
        "product.series": f"{at * 101 % 9000 + 1000}{'АБВГ'[at % 4]}",
        "product.expiry": written(date(2027, at % 12 + 1, 1)),
        "product.barcode": barcodes[product],
        "quantity": amount(quantity),
        "ordered": amount(max(quantity, Decimal(1)) + number % 3),
        "returned": amount(Decimal(random.choice((0, 0, 0, 1)))),
        "purchase.sum": amount((net * Decimal("0.8")).quantize(Decimal("0.01"))),
        "weight": amount((quantity * Decimal("0.125")).quantize(Decimal("0.001"))),
        "price": amount(price),
        "sum.net": amount(net),
        "sum.gross": amount(net + tax),
        "tax.sum": amount(tax),
        "tax.rate": "10%",
        "discount": amount(Decimal(random.choice((0, 0, 0, 3, 5)))),
        "stock": amount(Decimal(random.randrange(0, 500))),
        "flag": random.choices((yes, no), (1, 4))[0],
        "channel": pool.channels[buyer.company % len(pool.channels)],
        "manager": pool.people[buyer.company % len(pool.people)],
        "contract": f"Договор поставки № {buyer.company + 12}/25",
        "comment": random.choice((None,) * 9 + ("срочно",)),
        "year": str(day.year),
        "month": ("Январь Февраль Март Апрель Май Июнь Июль".split())[day.month - 1],
    }


def _buyers(random: Random, pool: Pool, count: int) -> list[_Buyer]:
    companies: list[tuple[str, str, str]] = []
    found = []
    for number in range(count):
        if not companies or random.random() < 0.4:
            person = random.random() < 0.2
            brand = random.choice(pool.brands)
            legal = random.choice(pool.persons) if person else random.choice(pool.legal).format(brand=brand)
            companies.append((legal, person_inn(random) if person else company_inn(random), brand))
        company = random.randrange(len(companies))
        legal, inn, brand = companies[company]
        region, district, cities = random.choice(pool.places)
        found.append(
            _Buyer(
                legal,
                inn,
                brand,
                pool.point.format(brand=brand, number=number % 200 + 1),
                region,
                district,
                random.choice(cities),
                random.choice(pool.streets),
                f"{random.randrange(1, 150)}{random.choice(('', '', 'А', '/2'))}",
                number,
                company,
            )
        )
    return found


def _code(style: str, number: int, kind: int) -> str:
    if style == "dashed":
        return f"{'0КТН'[kind]}0-{number * 7 + 13:06d}"
    if style == "letters":
        return f"{'XKTA'[kind]}{number * 11 + 101}"
    if style == "sap":
        return f"{kind * 1_000_000_000 + number * 17:010d}"
    if style == "guid":
        return f"{kind:08x}-{number * 7919 % 65536:04x}-4a1b-9c2d-{number * 104729:012x}"
    return str(kind * 10_000 + number * 3 + 7)


def _barcode(random: Random) -> str:
    body = f"460{random.randrange(10**9):09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return body + str(-total % 10)
