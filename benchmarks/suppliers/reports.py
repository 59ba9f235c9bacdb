"""The suppliers' reports as files, and what each of their columns must become."""
# ruff: noqa: S311 - the randomness here is for variety, not for secrets

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import yaml

from benchmarks.codecs import writable
from benchmarks.suppliers.deals import Style, rows
from benchmarks.suppliers.pools import POOLS
from pharma_assets.demo.workbook import Cell, write_xlsx

MONTH = date(2025, 6, 1)
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Supplier:
    """A supplier: its report's bytes, its headers, and for each the roles that are right."""

    name: str
    content: bytes
    suffix: str
    headers: tuple[str, ...]
    truth: tuple[frozenset[str], ...]


def suppliers(half: str, count: int = 120) -> list[Supplier]:
    """The suppliers of `development` or `held_out`, always with the same reports of `count` rows."""
    described = yaml.safe_load((_HERE / f"{half}.yaml").read_text(encoding="utf-8"))
    return [_supplier(each, Random(f"{half} {each['name']}"), count) for each in described]


def _supplier(described: Mapping[str, Any], random: Random, count: int) -> Supplier:
    file, columns = described["file"], described["columns"]
    style = Style(**{**described["style"], "pool": POOLS[described["style"]["pool"]]})
    headers = [str(header) for header, _, _ in columns]
    parts = [part for _, part, _ in columns]
    deals = rows(random, style, count, MONTH)
    body: list[Sequence[Cell]] = [[deal[part] for part in parts] for deal in deals]
    lines = [[text or None] for text in file.get("above", ())]
    table = [*lines, *_header_rows(headers, file.get("header_rows", 1)), *body]
    if file.get("total"):
        table.append(_total(parts, deals))
    content = _workbook(file["sheet"], table) if file["format"] == "xlsx" else _text(file, table)
    return Supplier(
        described["name"],
        content,
        file["format"],
        tuple(header.replace(" / ", " ") if "header_rows" in file else header for header in headers),
        tuple(frozenset(role.split("|")) for _, _, role in columns),
    )


def _header_rows(headers: Sequence[str], count: int) -> list[list[Cell]]:
    if count == 1:
        return [list(headers)]
    upper, lower, last = [], [], None
    for header in headers:
        group, _, part = header.partition(" / ")
        upper.append(group if group != last else None)
        lower.append(part)
        last = group
    return [list(upper), list(lower)]


def _total(parts: Sequence[str], deals: Sequence[Mapping[str, Cell]]) -> list[Cell]:
    sums: list[Cell] = ["Итого"]
    for part in parts[1:]:
        added = part in ("quantity", "sum.gross", "sum.net")
        sums.append(sum((Decimal(_plain(deal[part])) for deal in deals), Decimal(0)) if added else None)
    return sums


def _plain(cell: Cell) -> str:
    return str(cell).replace("\u00a0", "").replace(",", ".")


def _workbook(sheet: str, table: Sequence[Sequence[Cell]]) -> bytes:
    return write_xlsx(sheet, [(number, row) for number, row in enumerate(table, start=1) if any(row)], len(table))


def _text(file: Mapping[str, Any], table: Sequence[Sequence[Cell]]) -> bytes:
    out = io.StringIO(newline="")
    width = max(map(len, table))
    writer = csv.writer(out, delimiter=file["delimiter"], lineterminator="\r\n")
    writer.writerows(
        [*("" if cell is None else str(cell) for cell in row), *[""] * (width - len(row))] for row in table
    )
    return writable(out.getvalue(), file["encoding"]).encode(file["encoding"])
