"""Cells as they arrive, row by row → a sheet of columns."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable

import numpy as np

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import Column, blank_column, column_of
from pharma_assets.reading.sheet import Merge, Sheet

MAX_ROWS, MAX_COLUMNS = 1 << 20, 1 << 14
"""What a worksheet of Excel can hold."""

MAX_BOX = 100_000_000
"""Cells once every column that has any is filled up to the last row."""

_EXACT_DIGITS = 15  # that any float keeps
_WHOLE = re.compile(r"[+-]?[0-9]{1,400}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def number_of(text: str) -> int | float | None:
    """The number that a file states as ASCII text, whole ones to the last digit; None if it is none."""
    text = text.strip()
    if len(text) > _EXACT_DIGITS and _WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else None
    return None


class Grid:
    """The cells of one sheet; rows come in ascending order.

    `put` raises RESOURCE_LIMIT for what no worksheet can hold, so that no number in a file can take all memory.
    """

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.columns: dict[int, list[object]] = {}
        self._box = 0

    @property
    def last_row(self) -> int:
        return self.rows[-1] if self.rows else 0

    def put(self, row: int, column: int, value: object) -> None:
        """A cell that is not blank; `row` counts from 1, `column` from 0."""
        if row > MAX_ROWS or column >= MAX_COLUMNS:
            raise PharmaError("RESOURCE_LIMIT", why=f"a cell in row {row}, column {column + 1}")
        if row != self.last_row:
            self.rows.append(row)
        values = self.columns.setdefault(column, [])
        missing = len(self.rows) - 1 - len(values)
        if missing:
            values.extend([""] * missing)
        values.append(value)
        self._box += missing + 1
        if self._box > MAX_BOX:
            raise PharmaError("RESOURCE_LIMIT", why=f"cells far apart in {len(self.rows)} rows")

    def texts(self) -> list[str]:
        """The cells, row by row: for the few of a small table."""
        height = len(self.rows)
        cells = [(at, column, value) for column, values in self.columns.items() for at, value in enumerate(values)]
        return [str(value) for at, column, value in sorted(cells, key=lambda cell: cell[:2]) if value and at < height]

    def sheet(
        self, name: str, visible: bool = True, hidden: Collection[int] = (), merges: Iterable[Merge] = ()
    ) -> Sheet:
        """All that was put; `hidden` are numbers of rows. The grid is empty afterwards."""
        height, width = len(self.rows), max(self.columns, default=-1) + 1
        if height * len(self.columns) > MAX_BOX:
            raise PharmaError("RESOURCE_LIMIT", why=f"cells far apart in {height} rows")
        rows = np.array(self.rows, dtype=np.int32)
        blank = blank_column(height)
        columns = [self._column(column, height) if column in self.columns else blank for column in range(width)]
        mask = np.isin(rows, np.fromiter(hidden, np.int32, len(hidden))) if hidden else None
        return Sheet(
            name,
            rows,
            tuple(array for array, _ in columns),
            tuple(kinds for _, kinds in columns),
            visible=visible,
            hidden=mask if mask is not None and mask.any() else None,
            merges=tuple(filter(None, (_clipped(merge, self.last_row, width) for merge in merges))),
        )

    def _column(self, column: int, height: int) -> Column:
        values = self.columns.pop(column)
        values.extend([""] * (height - len(values)))
        return column_of(values)


def _clipped(merge: Merge, last_row: int, width: int) -> Merge | None:
    """The part of a merged range within the sheet, if that is more than a cell."""
    last_row, last_column = min(merge.last_row, last_row), min(merge.last_column, width - 1)
    if last_row < merge.first_row or last_column < merge.first_column:
        return None
    if (last_row, last_column) == (merge.first_row, merge.first_column):
        return None
    return Merge(merge.first_row, last_row, merge.first_column, last_column)
