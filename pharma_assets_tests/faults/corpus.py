"""Files for an inbox: several client-months, every outcome that a file can have. All names and figures are invented."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from openpyxl import Workbook

SUPPLIERS = "Поставщики данных"
HEADER = ("Дата", "Товар", "Количество", "Сумма", "Склад")
CLIENTS = ("Дистрибьюторы/Client_01", "Дистрибьюторы/Client_02", "Сети/Client_01")
WITHOUT_LAYOUT = "Сети/Client_09"
_GOODS = ("Цитрамон", "Аспирин", "Анальгин", "Нурофен", "Корвалол", "Йод; 5 %", "Бинт\tстерильный")
_FIRST_MOMENT = 1_750_000_000

LAYOUT = """\
supplier: Ромашка
report_types: [Type1, Type2]
outside_month: 1
nil_report: true
overlap: allow
shrinkage: 1
delivery: {increment: "*", month_to_date: "накоп*", restatement: "корр*"}
columns:
  Дата: {to: period, filled: true}
  Товар: {to: tms, filled: true}
  Количество: {to: amount_type_1, filled: true}
  Сумма: {to: sum_nds}
left_out:
  - {column: Количество, equals: 0, reason: zero quantity}
"""


def write_layouts(transforms: Path) -> None:
    """One layout for each client that has one."""
    for client in CLIENTS:
        provider, name = client.split("/")
        folder = transforms / {"Дистрибьюторы": "distributors", "Сети": "chains"}[provider] / name
        folder.mkdir(parents=True)
        (folder / "layout.yaml").write_text(LAYOUT, encoding="utf-8")


def place(client: str, month: int, name: str, report_type: str = "Type1") -> str:
    """A path below the inbox."""
    provider, folder = client.split("/")
    return f"{SUPPLIERS}/{provider}/2025/{month:02d}/{folder}/{report_type}/{name}"


def csv_report(rng: random.Random, month: int, rows: int) -> bytes:
    """A report with rows to load, rows to leave out and, at times, rows to reject."""
    lines = [";".join(f'"{cell}"' if ";" in cell else cell for cell in cells) for cells in _rows(rng, month, rows)]
    return "\n".join([";".join(HEADER), *lines, ""]).encode()


def days_report(rng: random.Random, month: int, days: Iterable[int]) -> bytes:
    """A report with a row to load for each day."""
    rows = [
        (f"{day:02d}.{month:02d}.2025", rng.choice(_GOODS[:5]), "2", f"{rng.randint(1, 999)},50", "А") for day in days
    ]
    return "\n".join([";".join(HEADER), *(";".join(row) for row in rows), ""]).encode()


def xlsx_report(rng: random.Random, month: int, rows: int) -> bytes:
    """The same as a workbook, under a preamble."""
    workbook = Workbook()
    sheet = workbook.active
    if sheet is None:
        raise RuntimeError("a workbook without a sheet")
    sheet.title = "Отчёт"
    sheet.append(["Ромашка, продажи"])
    sheet.append([])
    sheet.append(HEADER)
    for cells in _rows(rng, month, rows):
        sheet.append(cells)
    workbook.properties.created = workbook.properties.modified = datetime(2025, 1, 1)
    sink = io.BytesIO()
    workbook.save(sink)
    return sink.getvalue()


def nil_report() -> bytes:
    """Nothing was sold."""
    return (";".join(HEADER) + "\n02.06.2025;Цитрамон;0;0;А\n").encode()


def _rows(rng: random.Random, month: int, rows: int) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for number in range(rows):
        day = date(2025, month, rng.randint(1, 28))
        quantity = str(rng.choice([0, 1, 2, 5, 40])) if number else "3"
        if number and rng.random() < 0.05:
            quantity = "много"
        amount = f"{rng.randint(1, 99999)},{rng.randint(0, 99):02d}"
        found.append((f"{day:%d.%m.%Y}", rng.choice(_GOODS), quantity, amount, rng.choice("АБВ")))
    return found


def corpus(seed: int, *, copies_across_months: bool = True, small: bool = False) -> dict[str, bytes]:
    """Path → bytes of some 40 files, or half as many, in the order in which they are to arrive.

    Of copies in different months the one that is worked on first counts, which two instances may disagree on.
    """
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    files: dict[str, bytes] = {}
    for client in CLIENTS:
        for month in (5, 6, 7):
            for number in range(1 if small else 3):
                report_type = "Type2" if number == 2 else "Type1"
                rows = rng.randint(5, 60)
                files[place(client, month, f"Отчёт №{number}.csv", report_type)] = csv_report(rng, month, rows)
    first = place(CLIENTS[0], 5, "Отчёт №0.csv")
    for client, month in ((CLIENTS[0], 6), (CLIENTS[1], 5), (CLIENTS[2], 7)):
        files[place(client, month, "книга.xlsx")] = xlsx_report(rng, month, rng.randint(20, 200))
    files[place(CLIENTS[1], 6, "большой.csv")] = csv_report(rng, 6, 300 if small else 3_000)
    files[place(CLIENTS[0], 6, "ничего.csv")] = nil_report()
    files[place(CLIENTS[0], 7, "ничего.csv")] = nil_report()
    files[place(CLIENTS[0], 5, "копия.csv")] = files[first]
    files[place(CLIENTS[0], 5, "копия.csv", "Type2")] = files[first]
    files[place(CLIENTS[1], 5, "чужая копия.csv")] = files[first]
    if copies_across_months:
        files[place(CLIENTS[0], 7, "копия.csv")] = files[first]
    for name, days in (("накоп 1.csv", (1, 5)), ("накоп 2.csv", (1, 10)), ("корр.csv", (3, 6)), ("после.csv", (4, 5))):
        files[place(CLIENTS[1], 7, name, "Type2")] = days_report(rng, 7, range(*days))
    files[place(CLIENTS[2], 6, "плохой.xlsx")] = b"PK\x03\x04 torn"
    files[place(CLIENTS[2], 6, "скан.csv")] = b"%PDF-1.7"
    files[place(CLIENTS[2], 6, "пустой.csv")] = b""
    files[place(WITHOUT_LAYOUT, 6, "отчёт.csv")] = csv_report(rng, 6, 5)
    files[f"{SUPPLIERS}/Сети/2025/06/не там.csv"] = b"x"
    files[place(CLIENTS[2], 6, "~$отчёт.xlsx")] = b"x"
    return files


def put(inbox: Path, path: str, content: bytes, moment: int) -> Path:
    """Let a file arrive, whole at once, with a modification time of its own."""
    target = inbox / path
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = inbox / f".arriving-{os.getpid()}.tmp"
    draft.write_bytes(content)
    os.utime(draft, (_FIRST_MOMENT + moment, _FIRST_MOMENT + moment))
    draft.replace(target)
    return target


def fill(inbox: Path, files: dict[str, bytes]) -> None:
    """Let all files arrive."""
    inbox.mkdir(exist_ok=True)
    for moment, (path, content) in enumerate(files.items()):
        put(inbox, path, content, moment)
