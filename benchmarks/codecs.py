"""Small Russian reports in every encoding, delimiter and style, read and compared: `python -m benchmarks.codecs`.

Each is read twice, with and without the headers known. Right means the same text in the same cells; a typed error is
counted apart, and anything else is silently wrong, of which there must be none. The words are not those from which
`reading.encoding_statistics` has learned, except where every report has the same ones («Количество», «ООО»).
"""
# ruff: noqa: S311 - the randomness here is for variety, not for secrets

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from random import Random
from typing import Literal

from rich.table import Table

from benchmarks.measure import console
from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints

Row = list[str]
Rows = list[Row]

SEED = 20250601
TARGET = 0.99
CODECS = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16-le+bom", "utf-16-be+bom", "cp1251", "cp866", "koi8-r")
RARE_CODECS = ("mac-cyrillic", "iso8859-5")
"""Read where they can be told; the target does not count them, but they must never be silently wrong."""

DELIMITERS = (";", ",", "\t", "|")
LENGTHS = (1, 2, 3, 5, 10, 30, 100, 300)

_CITIES = (
    "Бугульма",
    "Элиста",
    "Шуя",
    "Ейск",
    "Чусовой",
    "Ржев",
    "Зея",
    "Кызыл",
    "Жиздра",
    "Холмск",
    "Ухта",
    "Цимлянск",
)
_PLACES = ("Подгорный", "Щербинка", "Отрадное", "Большое Мурашкино", "Усть-Цильма", "Вышний Волочёк", "Энгельс", "Юрга")
_WAYS = (
    "Чапаева",
    "Тургенева",
    "Космонавтов",
    "Строителей",
    "Железнодорожная",
    "Пролетарская",
    "Вокзальная",
    "Кольцевая",
)
_DRUGS = (
    "Верошпирон", "Гроприносин", "Детралекс", "Називин", "Кагоцел", "Фурацилин", "Нурофен", "Супрастин", "Эргоферон",
    "Ингавирин", "Тизин Ксило", "Пенталгин", "Солкосерил", "Бифидумбактерин", "Хофитол", "Цианокобаламин", "Но-шпа",
    "Спазмалгон", "Троксевазин", "Мукалтин", "Пиносол", "Жаропонижающее", "Йодомарин", "Юниэнзим", "Щитовидка",
)  # fmt: skip
_FORMS = (
    "табл. в/о 25мг №40",
    "супп. рект. 10мг №6",
    "фл. 0,05% 20мл",
    "пор. д/приг. р-ра 3г N8",
    "эмульсия 40мл",
    "жев.таб №12",
)
_NAMES = (
    "Живинка",
    "Вита-Плюс",
    "Эдельвейс",
    "Будь здоров",
    "Добрый лекарь",
    "Панацея",
    "Первая помощь",
    "Гармония",
    "Эликсир",
)
_PEOPLE = ("Щукина Ю.Ф.", "Хабибуллин Р.Ш.", "Цветков Э.Ж.", "Ёлкина Ы.Ъ.", "Джафаров М.О.", "Белоусова Н.Ч.")
_UNITS = ("шт", "уп", "фл", "амп")
_HEADERS = (
    "Наименование клиента", "ИНН", "Населённый пункт", "Куда доставлено", "Номенклатура", "Кол-во, уп.",
    "Стоимость, руб.", "Отгружено", "Заказ №", "Ответственный",
)  # fmt: skip
_LATIN_HEADERS = ("client", "inn", "city", "address", "item", "qty", "amount", "date", "order_no", "manager")


@dataclass(frozen=True)
class Report:
    """What a report holds, and how its rows are written between delimiters."""

    rows: Rows
    headers: tuple[str, ...]
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL
    newline: str = "\r\n"


@dataclass(frozen=True)
class Example:
    """A file of the grid: `style` is a key of `STYLES`."""

    codec: str
    delimiter: str
    length: int
    style: str
    seed: int

    def report(self) -> Report:
        random = Random(f"{self.seed} {self.codec} {self.delimiter} {self.length} {self.style}")
        report = STYLES[self.style](random, self.length)
        rows = [[writable(cell, self.codec) for cell in row] for row in report.rows]
        headers = tuple(writable(header, self.codec) for header in report.headers)
        return Report(rows, headers, report.quoting, random.choice(("\r\n", "\n", "\r\n", "\r")))

    def content(self, report: Report) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=self.delimiter, quoting=report.quoting, lineterminator=report.newline).writerows(
            report.rows
        )
        codec, _, marked = self.codec.partition("+")
        return (("\ufeff" if marked else "") + out.getvalue()).encode(codec)


def writable(text: str, codec: str) -> str:
    """The text as a program would write it that has only the characters of `codec`."""
    return text.translate(_replacements(codec))


@cache
def _replacements(codec: str) -> dict[int, str]:
    pairs = {"№": "N", "«": '"', "»": '"', "–": "-", "\xa0": " ", "ё": "е", "Ё": "Е"}
    return {
        ord(character): instead
        for character, instead in pairs.items()
        if not character.encode(codec.partition("+")[0], "ignore")
    }


def _rows(random: Random, count: int) -> Rows:
    rows = []
    for _ in range(count):
        buyer = random.choice(
            (
                f"ООО «{random.choice(_NAMES)}»",
                f'ООО "{random.choice(_NAMES)}"',
                f"{random.choice(_NAMES)} ООО",
                f"ИП {random.choice(_PEOPLE)}",
                f"Аптечный пункт №{random.randrange(1, 90)} «{random.choice(_NAMES)}»",
            )
        )
        quantity, price = random.randrange(1, 40), random.randrange(1_000, 900_000)
        rows.append(
            [
                buyer,
                f"{random.randrange(10**9, 10**10)}",
                random.choice((*_CITIES, *_PLACES)),
                f"ул. {random.choice(_WAYS)}, {random.randrange(1, 150)}"
                + random.choice(("", ", лит. Щ", "", " – склад")),
                f"{random.choice(_DRUGS)} {random.choice(_FORMS)}",
                str(quantity),
                f"{price // 100},{price % 100:02d}",
                f"{random.randrange(1, 31):02d}.06.2025",
                f"{random.choice('АБЦЩ')}-{random.randrange(10_000, 99_999)}",
                random.choice(("", "", random.choice(_PEOPLE))),
            ]
        )
    return rows


def _plain(random: Random, length: int) -> Report:
    return Report([list(_HEADERS), *_rows(random, length)], _HEADERS)


def _upper(random: Random, length: int) -> Report:
    rows = [[cell.upper() for cell in row] for row in _plain(random, length).rows]
    return Report(rows, _HEADERS)


def _lower(random: Random, length: int) -> Report:
    rows = [[cell.lower() for cell in row] for row in _plain(random, length).rows]
    return Report(rows, _HEADERS)


def _quoted(random: Random, length: int) -> Report:
    return Report(_plain(random, length).rows, _HEADERS, csv.QUOTE_ALL)


def _preamble(random: Random, length: int) -> Report:
    report = _plain(random, length)
    width = len(_HEADERS) if random.random() < 0.5 else 1
    lines = [
        f"Сведения об отгрузке, {random.choice(_CITIES)}, за июнь",
        "Сформировано: Щукина",
        "",
        "База: основная; рабочая",
    ]
    above = [[line] + [""] * (width - 1) for line in random.choices(lines, k=random.randrange(1, 13))]
    return Report([*above, *report.rows], _HEADERS)


def _latin_header(random: Random, length: int) -> Report:
    return Report([list(_LATIN_HEADERS), *_rows(random, length)], _LATIN_HEADERS)


def _no_header(random: Random, length: int) -> Report:
    return Report(_rows(random, length), ())


def _numbers(random: Random, length: int) -> Report:
    """Only the header is Cyrillic, below it are codes and amounts with decimal commas."""
    headers = ("Код", "Склад", "Остаток", "Цена", "Сумма")
    rows = [
        [str(random.randrange(10**6)), str(random.randrange(9)), f"{random.randrange(999)},{random.randrange(10)}",
         f"{random.randrange(9999)},{random.randrange(10, 99)}", f"{random.randrange(9999)},{random.randrange(10, 99)}"]
        for _ in range(length)
    ]  # fmt: skip
    return Report([list(headers), *rows], headers)


def _few_letters(random: Random, length: int) -> Report:
    """A Latin header, numbers, and one town."""
    headers = ("id", "day", "city", "qty")
    rows = [
        [
            str(random.randrange(10**6)),
            f"2025-06-{random.randrange(10, 31)}",
            random.choice(_CITIES),
            str(random.randrange(99)),
        ]
        for _ in range(length)
    ]
    return Report([list(headers), *rows], headers)


def _units(random: Random, length: int) -> Report:
    """A Latin header, numbers, and a unit of two or three letters."""
    headers = ("sku", "unit", "qty", "price")
    rows = [
        [str(random.randrange(10**8)), random.choice(_UNITS), str(random.randrange(99)), f"{random.randrange(999)}.50"]
        for _ in range(length)
    ]
    return Report([list(headers), *rows], headers)


def _signs(random: Random, length: int) -> Report:
    """Hardly anything but № and the blank that does not break, in a Latin report."""
    headers = ("item", "pack", "total")
    rows = [
        [
            f"SKU-{random.randrange(10**5)}",
            f"tab. №{random.choice((10, 20, 30))}",
            f"{random.randrange(1, 99)}\xa0{random.randrange(100, 999)}.00",
        ]
        for _ in range(length)
    ]
    return Report([list(headers), *rows], headers)


def _late(random: Random, length: int) -> Report:
    """The first Cyrillic letter after a lot of ASCII."""
    headers = ("id", "client", "qty")
    rows = [[str(random.randrange(10**9)), f"Pharm {random.randrange(10**6)}", "1"] for _ in range(3000)]
    rows += [[str(random.randrange(10**9)), f"Аптека {random.choice(_NAMES)}", "1"] for _ in range(length)]
    return Report([list(headers), *rows], headers)


def _one_column(random: Random, length: int) -> Report:
    headers = ("Номенклатура",)
    return Report([list(headers), *([random.choice(_DRUGS)] for _ in range(length))], headers)


STYLES: dict[str, Callable[[Random, int], Report]] = {
    "plain": _plain,
    "upper case": _upper,
    "lower case": _lower,
    "all quoted": _quoted,
    "preamble": _preamble,
    "Latin header": _latin_header,
    "no header": _no_header,
    "only numbers below": _numbers,
    "few letters": _few_letters,
    "units only": _units,
    "№ and NBSP only": _signs,
    "Cyrillic comes late": _late,
    "one column": _one_column,
}


def grid(seed: int, codecs: Iterable[str] = (*CODECS, *RARE_CODECS)) -> Iterator[Example]:
    """All examples."""
    for codec, delimiter, length, style in product(codecs, DELIMITERS, LENGTHS, STYLES):
        yield Example(codec, delimiter, length, style, seed)


@dataclass(frozen=True)
class Outcome:
    """`right`, or the `error` that was raised, or neither: silently wrong, as `seen` shows."""

    example: Example
    with_headers: bool
    right: bool
    error: PharmaError | None = None
    seen: str = ""


def outcome(example: Example, *, with_headers: bool) -> Outcome:
    """Read the example and compare."""
    report = example.report()
    try:
        document = read_document(example.content(report), Hints(headers=report.headers if with_headers else ()))
    except PharmaError as error:
        return Outcome(example, with_headers, right=False, error=error)
    (sheet,) = document.sheets
    width = max(map(len, report.rows))
    expected = [[cell if cell.strip() else None for cell in row] + [None] * (width - len(row)) for row in report.rows]
    seen = list(map(list, zip(*(column.to_pylist() for column in sheet.columns), strict=True)))
    if seen == expected:
        return Outcome(example, with_headers, right=True)
    different = next((pair for pair in zip(seen, expected, strict=False) if pair[0] != pair[1]), None)
    return Outcome(example, with_headers, right=False, seen=f"{document.encoding} {document.delimiter!r} {different}")


def main() -> int:
    """Read the whole grid; 1 if too few are right or any is silently wrong."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else SEED
    outcomes = [outcome(example, with_headers=known) for example in grid(seed) for known in (True, False)]
    _show("encoding", outcomes, lambda one: one.example.codec)
    _show("style", outcomes, lambda one: one.example.style)
    _show("delimiter", outcomes, lambda one: repr(one.example.delimiter))
    _show("rows", outcomes, lambda one: f"{one.example.length:3}")
    _show("headers", outcomes, lambda one: "known" if one.with_headers else "unknown")
    _show_errors(outcomes)
    counted = [one for one in outcomes if one.example.codec in CODECS]
    share = sum(one.right for one in counted) / len(counted)
    wrong = [one for one in outcomes if not one.right and one.error is None]
    for one in wrong[:20]:
        console.print(f"WRONG {one.example} {one.with_headers=} {one.seen}", markup=False)
    console.print(
        f"{len(counted):,} readings of {len(counted) // 2:,} files: {share:.2%} right, target ≥ {TARGET:.0%};"
        f" {len(wrong)} of {len(outcomes):,} silently wrong, target 0"
    )
    return 0 if share >= TARGET and not wrong else 1


def _show(title: str, outcomes: Iterable[Outcome], key: Callable[[Outcome], str]) -> None:
    right, errors, wrong = Counter[str](), Counter[str](), Counter[str]()
    for one in outcomes:
        (right if one.right else errors if one.error else wrong)[key(one)] += 1
    table = Table(title, "readings", "right", "typed errors", "silently wrong")
    for name in dict.fromkeys([*right, *errors, *wrong]):
        count = right[name] + errors[name] + wrong[name]
        table.add_row(name, f"{count:,}", f"{right[name] / count:.2%}", str(errors[name]), str(wrong[name]))
    console.print(table)


def _show_errors(outcomes: Iterable[Outcome]) -> None:
    """Each typed error once for a kind of file, with what it says: the readings among which nothing decides."""
    kinds: dict[tuple[str, str], list[Outcome]] = {}
    for one in outcomes:
        if one.error:
            kinds.setdefault((one.example.codec, one.example.style), []).append(one)
    for (codec, style), ones in kinds.items():
        console.print(f"{len(ones):3} × {codec}, {style}, e.g. {ones[0].error}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
