"""A large CSV through `read_document`, beside pandas: `python -m benchmarks.text [ROWS]`.

The file is generated: 1,000,000 rows × 13 columns in cp1251 with `;`, as a distributor's yearly report would be. Time
is measured against `pandas.read_csv` of the same file as text; memory is the peak of a process that does nothing else.
"""
# ruff: noqa: S311 - the randomness here is for variety, not for secrets

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks import memory
from benchmarks.measure import Figure, Step, Target, interleave, show_targets, show_times
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints

ROWS = 1_000_000
ROUNDS = 5
CLIENTS, PRODUCTS, DELIVERIES = 30_000, 40, 250_000
TIME_LIMIT, MEMORY_LIMIT = 1.4, 500.0
HEADER = (
    "Филиал;Дата;Номер накладной;Код клиента;Клиент;ИНН;Адрес доставки;Город;Код товара;Товар;Количество;Цена;Сумма"
)

_BRANCHES = ("Север", "Юг", "Запад", "Восток", "Центр", "Поволжье", "Урал", "Сибирь")
_CITIES = ("Москва", "Казань", "Пермь", "Омск", "Тула", "Уфа", "Томск", "Самара", "Киров", "Курск", "Орёл", "Чита")
_STREETS = ("Ленина", "Мира", "Садовая", "Лесная", "Победы", "Школьная", "Новая", "Гагарина", "Зелёная", "Речная")
_FLOWERS = ("Ромашка", "Лютик", "Василёк", "Пион", "Астра", "Ирис", "Мак", "Тюльпан", "Фиалка", "Сирень")
_FORMS = ("таб. п/о 20мг №30", "капс. 200мг №20", "р-р д/ин. 5мл №10", "сироп 100мл")


def lines(rows: int, random: Random) -> Iterator[str]:
    """The header and the rows."""
    yield HEADER
    clients = []
    for number in range(CLIENTS):
        city = random.choice(_CITIES)
        name = f"ООО {random.choice(_FLOWERS)}-{number % 500} Фарм"
        address = f"ул. {random.choice(_STREETS)}, д. {random.randrange(1, 200)}, пом. {number % 70}"
        clients.append(f"{500_000 + number};{name};{7_700_000_000 + 37 * number};{address};{city}")
    products = []
    for number in range(PRODUCTS):
        name = f"Препарат-{number} {_FORMS[number % len(_FORMS)]}"
        products.append((f"{40_000 + 317 * number};{name}", 5_000 + 731 * number))
    for _ in range(rows):
        client, (product, price) = random.choice(clients), random.choice(products)
        price += random.randrange(300)
        quantity = random.choice((1, 1, 1, 2, 2, 3, 5, 10))
        total = price * quantity
        yield (
            f"{random.choice(_BRANCHES)};{random.randrange(1, 29):02d}.{random.randrange(1, 13):02d}.2025;"
            f"{1_000_000 + random.randrange(DELIVERIES)};{client};{product};{quantity};"
            f"{price // 100},{price % 100:02d};{total // 100},{total % 100:02d}"
        )


def write(path: Path, rows: int) -> None:
    with path.open("w", encoding="cp1251", newline="\r\n") as file:
        file.writelines(line + "\n" for line in lines(rows, Random(1)))


def read(path: Path) -> int:
    (sheet,) = read_document(path.read_bytes(), Hints(headers=tuple(HEADER.split(";")))).sheets
    return sheet.height


def read_with_pandas(path: Path) -> int:
    import pandas as pd  # noqa: PLC0415

    return len(pd.read_csv(path, engine="c", dtype=str, encoding="cp1251", sep=";"))


def peak_megabytes(path: Path) -> float:
    """The most memory that a process takes to read the file, all of it counted: Python, libraries, the file's bytes."""
    script = f"from benchmarks import text; text.report_peak({str(path)!r})"
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    return float(output)


def report_peak(path: str) -> None:
    read(Path(path))
    print(memory.peak_megabytes())


def main() -> int:
    """Run the benchmark; 1 if a target is missed."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory(prefix="pharma-benchmark-") as folder:
        path = Path(folder) / "report.csv"
        write(path, rows)
        size = path.stat().st_size
        peak = peak_megabytes(path)
        ours = Step(f"reading text of {rows:,} rows × 13 columns", lambda: read(path))
        theirs = Step("pandas' C reader", lambda: read_with_pandas(path))
        interleave([ours, theirs], ROUNDS)
    show_times(f"{rows:,} rows, {size / rows:.0f} bytes each, {ROUNDS} rounds", [ours, theirs])
    memory = Figure(f"a file of {size / 2**20:,.0f} MB: peak memory", peak, "MB", MEMORY_LIMIT)
    return 0 if show_targets([Target(ours, theirs, TIME_LIMIT)], [memory]) else 1


if __name__ == "__main__":
    sys.exit(main())
