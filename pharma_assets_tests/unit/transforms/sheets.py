"""Sheets and documents as a reader would give them, from rows of plain values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pharma_assets.reading.sheet import Document, Kind, Merge, Sheet
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.normalize import NormalizedReport, normalize

MOSCOW = ZoneInfo("Europe/Moscow")
Cell = str | int | Decimal | None
Row = Sequence[Cell]

SALES = """
supplier: Пример
report_types: [Type1]
columns:
  дата: {to: period, filled: true}
  аптека: client_inlaw
  товар: {to: tms, filled: true}
  количество: {to: amount_type_1, filled: true}
  сумма: {to: sum_nds, required: false}
left_out: [{column: количество, reason: zero quantity}]
"""
HEADER = ("Дата", "Аптека", "Товар", "Количество", "Сумма")


def layout_of(yaml: str = SALES, **keys: object) -> Layout:
    """The layout, with further keys at its top level."""
    lines = [f"{key}: {'true' if value is True else value}" for key, value in keys.items()]
    return parse_layout("\n".join([yaml, *lines]).encode())


def sheet_of(
    rows: Sequence[Row],
    name: str = "Лист1",
    *,
    merges: Sequence[Merge] = (),
    visible: bool = True,
    hidden: Sequence[int] = (),
    numbers: Sequence[int] | None = None,
    dictionary: bool = False,
    text: bool = False,
) -> Sheet:
    """A sheet of these rows, which begin at row 1 or have the row `numbers`; `hidden` are row numbers. With `text` it
    is a text file's, whose rows may differ in width."""
    width = max(map(len, rows), default=0)
    numbered = np.array(numbers if numbers is not None else range(1, len(rows) + 1), dtype=np.int32)
    columns, kinds = [], []
    for column in range(width):
        cells = [row[column] if column < len(row) else None for row in rows]
        cells = [None if cell is None or not str(cell).strip() else cell for cell in cells]
        array = pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
        columns.append(array.dictionary_encode() if dictionary else array)
        kinds.append(np.array([_kind(cell) for cell in cells], dtype=np.uint8))
    return Sheet(
        name="csv" if text else name,
        rows=numbered,
        columns=tuple(columns),
        kinds=tuple(kinds),
        widths=np.array([len(row) for row in rows], dtype=np.int32) if text else None,
        visible=visible,
        hidden=np.isin(numbered, hidden) if hidden else None,
        merges=tuple(merges),
    )


def _kind(cell: Cell) -> Kind:
    if cell is None:
        return Kind.BLANK
    return Kind.TEXT if isinstance(cell, str) else Kind.NUMBER


def document_of(*sheets: Sheet) -> Document:
    return Document("xlsx", "test", sheets)


def report_of(
    *sheets: Sheet | Sequence[Row], layout: Layout | None = None, month: date | None = None
) -> NormalizedReport:
    """Normalize a document of these sheets; rows alone are a sheet."""
    made = [sheet if isinstance(sheet, Sheet) else sheet_of(sheet) for sheet in sheets]
    return normalize(document_of(*made), layout or layout_of(), MOSCOW, month)


def accounted(report: NormalizedReport) -> dict[str, int]:
    """What was left out, after a look whether every row is accounted for."""
    assert report.read == report.loaded + sum(report.left_out.values()) + len(report.rejected)
    return {reason: count for reason, count in report.left_out.items() if count}


def loaded_rows(report: NormalizedReport) -> list[int]:
    """The source rows that were loaded."""
    return [int(row) for row in report.table["source_row"].to_pylist()]


def sale(
    day: int, quantity: Cell = 1, amount: Cell = None, pharmacy: str = "Аптека № 1", product: str = "Анальгин"
) -> Row:
    """A data row of the layout `SALES`."""
    return (f"{day:02d}.06.2025", pharmacy, product, quantity, amount)
