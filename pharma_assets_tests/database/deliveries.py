"""Reports of branches and days for tests of delivery modes, and what stands of them in the table."""

from __future__ import annotations

import os
from pathlib import Path

from pharma_assets.intake import scan_rules
from pharma_assets.registry.scan import scan
from pharma_assets_tests.database.house import House

LAYOUT = """\
supplier: Ромашка
report_types: [Type1, Type2]
outside_month: 1
nil_report: true
columns:
  Дата: {to: period}
  Филиал: {to: supplier_filial, required: false}
  Товар: {to: tms, filled: true}
  Количество: {to: amount_type_1, filled: true}
"""
MIXED = """\
delivery: {increment: "*", month_to_date: "накоп*", full_month: "*месяц*", restatement: "*корр*"}
"""

# Day, branch, packs.
Line = tuple[int | None, str, int]
_LONG_AGO = 1_700_000_000


def report(*lines: Line, product: str = "Цитрамон") -> bytes:
    """A report of June 2025."""
    rows = [
        f"{day:02d}.06.2025;{branch};{product};{packs}" if day else f";{branch};{product};{packs}"
        for day, branch, packs in lines
    ]
    return "\n".join(["Дата;Филиал;Товар;Количество", *rows, ""]).encode()


def arrive(house: House, name: str, content: bytes, at: int, **place: object) -> Path:
    """Let a file arrive that was written at a moment of its own; it is registered, so ids tell who came first."""
    path = house.path(name, **place)
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    os.utime(path, (_LONG_AGO + at, _LONG_AGO + at))
    platform = house.platform
    scan(platform.engine, platform.inbox, scan_rules(platform.settings), "test")
    return path


def standing(house: House) -> dict[str, list[Line]]:
    """For each file with rows in the table: day, branch and packs of each, in this order."""
    rows = house.query(
        "SELECT filename_ish, extract(day FROM period AT TIME ZONE 'Europe/Moscow')::int AS day,"
        " coalesce(supplier_filial, '') AS branch, amount_type_1::int AS packs"
        " FROM raw.primary_data ORDER BY 1, 2, 3, 4"
    )
    found: dict[str, list[Line]] = {}
    for row in rows:
        found.setdefault(row.filename_ish.rpartition("/")[2], []).append((row.day, row.branch, row.packs))
    return found


def events(house: House, *names: str) -> list[tuple[str, str]]:
    """File and event of these events, in their order."""
    rows = house.query(
        "SELECT f.file_path, e.event FROM ops.file_event e JOIN ops.file_registry f ON f.id = e.file_id ORDER BY e.id"
    )
    return [(row.file_path.rpartition("/")[2], row.event) for row in rows if row.event in names]


def quiet(house: House, ticks: int = 6) -> None:
    """Tick until nothing is due."""
    for _ in range(ticks):
        before = house.query("SELECT max(id) AS last FROM ops.file_event")[0].last
        house.tick()
        if house.query("SELECT max(id) AS last FROM ops.file_event")[0].last == before:
            return
    raise AssertionError(f"not quiet after {ticks} ticks: {house.files()}")
