"""Invented buyers and products, the same ones for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from stdnum.ru import inn as inn_module

BRANCHES: tuple[str, ...] = (
    "Заречье",
    "Холмогорье",
    "Лесной",
    "Степногорск-2",
    "Приморье (АГ)",
    "Н.Слобода",
    "Белый Яр",
    "Южный",
)
_BRANCH_WEIGHTS = (23, 22, 17, 9, 8, 7, 7, 6)
PRODUCTS = tuple(
    f"{name} {form}"
    for name, forms in {
        "Парацетамол": ("таб. 500 мг №20", "таб. 500 мг №10", "сироп 125 мг/5 мл 100 мл"),
        "Ибупрофен": ("таб. п.п.о. 400 мг №20", "гель 5% 50 г", "сусп. 100 мг/5 мл 150 мл"),
        "Ацетилсалициловая к-та": ("таб. 500 мг №10", "таб. кишечнораств. 100 мг №30"),
        "Амоксициллин": ("капс. 500 мг №16", "таб. 250 мг №20"),
        "Лоратадин": ("таб. 10 мг №10", "таб. 10 мг №30"),
        "Омепразол": ("капс. кишечнораств. 20 мг №30", "капс. кишечнораств. 20 мг №14"),
        "Дротаверин": ("таб. 40 мг №28", "р-р д/ин. 20 мг/мл 2 мл №10"),
        "Левотироксин": ("таб. 50 мкг №50", "таб. 100 мкг №100"),
        "Бисопролол": ("таб. п.п.о. 5 мг №30", "таб. п.п.о. 2,5 мг №60"),
        "Натрия хлорид": ("р-р д/инф. 0,9% 400 мл", "р-р д/ин. 0,9% 5 мл №10"),
        "Хлоргексидин": ("р-р 0,05% 100 мл", "супп. ваг. 16 мг №10"),
        "Активированный уголь": ("таб. 250 мг №50", "таб. 250 мг №10"),
    }.items()
    for form in forms
)
MAKERS: tuple[str, ...] = (
    "Фармлаб-Север",
    "НПО «Вымысел»",
    "Биосинтетик",
    "Завод медпрепаратов №7",
    "Pharma Nova GmbH",
)

_REGIONS: tuple[str, ...] = ("Приозёрный край", "Заволжская обл", "Светлогорская обл", "Увальский край", "Хвойная обл")
_REGIONS += ("Сосновая Респ", "Верхнереченская обл", "Белогорский край", "Майская Респ", "Студёный АО - Югра")
_CITY_STARTS: tuple[str, ...] = (
    "Верхне",
    "Нижне",
    "Ново",
    "Старо",
    "Красно",
    "Бело",
    "Светло",
    "Усть-",
    "Больше",
    "Мало",
)
_CITY_ENDS: tuple[str, ...] = (
    "липск",
    "реченск",
    "горье",
    "камск",
    "озёрск",
    "ярск",
    "полье",
    "борск",
    "донск",
    "мысск",
)
_CITY_KINDS: tuple[str, ...] = ("г", "г", "г", "с", "пгт", "д")
_STREETS: tuple[str, ...] = (
    "Берёзовая",
    "Аптекарская",
    "Полевая",
    "Рябиновая",
    "Школьная",
    "Заводская",
    "Речная",
    "Мятная",
    "Южная",
)
_STREETS += ("Липовая", "Садовая", "им. газеты «Заря»", "Трактовая", "Кедровая", "50 лет Урожая", "Набережная")
_COMPANIES: tuple[str, ...] = (
    "Ромашка",
    "Подорожник",
    "Календула",
    "Шалфей",
    "Зверобой",
    "Облепиха",
    "Валериана",
    "Чабрец",
    "Лаванда",
)
_COMPANIES += ("Мелисса", "Душица", "Эхинацея", "Пижма", "Багульник", "Женьшень", "Донник", "Левзея", "Солодка")
_COMPANY_ENDS: tuple[str, ...] = (
    "",
    "-Фарм",
    " плюс",
    "-Мед",
    " и К",
    " 24",
    "-Сервис",
    " Холдинг",
    "-Север",
    "-Юг",
    " №1",
)
_SURNAMES: tuple[str, ...] = (
    "Ягодкин",
    "Травников",
    "Микстуров",
    "Пилюлькин",
    "Порошков",
    "Бинтов",
    "Склянкин",
    "Мензуркин",
    "Ступкин",
)
_NAMES: tuple[str, ...] = ("Иван", "Пётр", "Семён", "Фёдор", "Лев", "Артём", "Глеб", "Юрий")
_PATRONYMICS: tuple[str, ...] = ("Иванович", "Петрович", "Семёнович", "Львович", "Юрьевич", "Глебович")


@dataclass(frozen=True)
class Buyer:
    """One point of sale. Points of one chain share their INN; `point` is a number of its own."""

    name: str
    inn: str
    region: str
    city: str
    street: str
    company: int
    point: int


def company_inn(random: Random) -> str:
    """Ten digits with a valid check digit; some begin with 0, as the tax offices of regions 01 to 09 do."""
    body = f"{_tax_office(random)}{random.randrange(10**5):05d}"
    return body + str(inn_module.calc_company_check_digit(body))


def person_inn(random: Random) -> str:
    """Twelve digits with valid check digits."""
    body = f"{_tax_office(random)}{random.randrange(10**6):06d}"
    return body + str(inn_module.calc_personal_check_digits(body))


def _tax_office(random: Random) -> str:
    region = random.randrange(1, 10) if random.random() < 0.08 else random.randrange(10, 90)
    return f"{region:02d}{random.randrange(1, 60):02d}"


def buyers(random: Random, count: int) -> list[Buyer]:
    """`count` points of sale of about a quarter as many companies."""
    companies: list[tuple[str, str]] = []
    points: list[Buyer] = []
    for point in range(count):
        if not companies or random.random() < 0.25:
            companies.append(_company(random))
        company = random.randrange(len(companies))
        name, inn = companies[company]
        city = f"{random.choice(_CITY_STARTS)}{random.choice(_CITY_ENDS)}"
        street = f"ул. {random.choice(_STREETS)}, д. {random.randrange(1, 200)}"
        if random.random() < 0.2:
            street += f", пом. {random.randrange(1, 40)}"
        place = f", г.{city}, {street}" if random.random() < 0.5 else ""
        kind = random.choice(_CITY_KINDS)
        points.append(Buyer(name + place, inn, random.choice(_REGIONS), f"{city} {kind}", street, company, point))
    return points


def _company(random: Random) -> tuple[str, str]:
    if random.random() < 0.2:
        person = f"{random.choice(_SURNAMES)} {random.choice(_NAMES)} {random.choice(_PATRONYMICS)}"
        return f"ИП {person}", person_inn(random)
    name = random.choice(_COMPANIES) + random.choice(_COMPANY_ENDS)
    styles = (
        f"ООО «Аптека {name}»",
        f'ООО "{name}"',
        f'АО "{name}" Аптека № {random.randrange(1, 300)}',
        f"{name} ООО",
    )
    return random.choice(styles), company_inn(random)


def branch(random: Random) -> str:
    """A branch of the distributor; some sell several times as much as others."""
    return random.choices(BRANCHES, _BRANCH_WEIGHTS)[0]
