"""Sheets out of what the engines give: rows of a rectangle, or single cells with their places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import NUL_SHOWN, Column, blank_column, column_of
from pharma_assets.reading.sheet import Kind, Sheet

_SLICE = 2000
"""Rows turned into columns at a time: Python's objects for a whole sheet would take several times its memory."""
_MAX_COLUMN = (1 << 31) - 1
_SPARE = 1 << 8


def rows_sheet(
    name: str, rows: Iterable[tuple[int, Sequence[object]]], height: int = 0, left: int = 0, *, visible: bool = True
) -> Sheet:
    """A sheet of rows with their numbers (from 1, rising), whose first cells stand in column `left`.

    Rows may be of different widths. `height` is their number as far as it is known.
    """
    builder = SheetBuilder(name, height, left)
    for number, values in rows:
        builder.add(number, values)
    return builder.sheet(visible=visible)


class SheetBuilder:
    """Takes a sheet row by row. Blank rows at the end are left out, and so are long stretches of them elsewhere."""

    def __init__(self, name: str, height: int = 0, left: int = 0) -> None:
        self._name = name
        self._height, self._left = height, left
        self._numbers: list[int] = []
        self._block: list[Sequence[object]] = []
        self._places: list[npt.NDArray[np.int32]] = []
        self._columns: list[_GrowingColumn | None] = []
        self._taken = self._filled = 0

    def add(self, number: int, values: Sequence[object]) -> None:
        """The next row; `number` is higher than all before."""
        self._numbers.append(number)
        self._block.append(values)
        if len(self._block) == _SLICE:
            self._take()

    def sheet(self, *, visible: bool = True) -> Sheet:
        """The sheet of all rows; the builder is used up."""
        if self._block:
            self._take()
        blank = blank_column(self._filled)
        self._columns.reverse()
        # Each column lets go of what it has spare as soon as it is finished.
        columns = [
            column.finished(self._filled) if (column := self._columns.pop()) else blank
            for _ in range(len(self._columns))
        ]
        while columns and columns[-1] is blank:
            columns.pop()
        places = np.concatenate(self._places)[: self._filled] if columns else np.zeros(0, dtype=np.int32)
        return columns_sheet(self._name, places, [blank] * (self._left if columns else 0) + columns, visible=visible)

    def _take(self) -> None:
        last = 0
        for index, values in enumerate(zip_longest(*self._block)):
            # `any` also passes over 0 and False, so what it finds blank is looked at once more.
            if not any(values) and all(value is None or value == "" for value in values):
                continue
            array, kinds = column_of(values)
            self._columns += [None] * (index + 1 - len(self._columns))
            column = self._columns[index] = self._columns[index] or _GrowingColumn(self._height)
            column.add(self._taken, array, kinds)
            last = max(last, _filled_height(kinds))
        if last:
            self._places.append(np.array(self._numbers, dtype=np.int32))
            self._filled, self._taken = self._taken + last, self._taken + len(self._block)
        self._numbers, self._block = [], []


def sparse_sheet(name: str, cells: Iterable[tuple[int, int, object]], *, visible: bool = True) -> Sheet:
    """A sheet of those cells (row from 1, column from 0, value) that have a value; other rows are left out."""
    filled: dict[int, dict[int, object]] = defaultdict(dict)
    for row, column, value in cells:
        if value is not None and value != "":
            filled[column][row] = value
    numbers = sorted(set().union(*filled.values()))
    blank = blank_column(len(numbers))
    columns = [
        column_of([filled[column].get(row) for row in numbers]) if column in filled else blank
        for column in range(max(filled, default=-1) + 1)
    ]
    return columns_sheet(name, np.array(numbers, dtype=np.int32), columns, visible=visible)


def columns_sheet(name: str, rows: npt.NDArray[np.int32], columns: Sequence[Column], *, visible: bool = True) -> Sheet:
    """Raises ValueError for a row that Excel cannot have."""
    if len(rows) and rows[0] < 1:
        raise ValueError("a cell above the first row")
    name = name.replace("\0", NUL_SHOWN)
    return Sheet(
        name, rows, tuple(array for array, _ in columns), tuple(kinds for _, kinds in columns), visible=visible
    )


def empty_sheet(name: str, *, visible: bool = True) -> Sheet:
    return Sheet(name, np.zeros(0, np.int32), (), (), visible=visible)


def _filled_height(kinds: npt.NDArray[np.uint8]) -> int:
    """The rows up to the last one that is not blank."""
    return len(kinds) if kinds[-1] != Kind.BLANK else int(np.flatnonzero(kinds).max(initial=-1)) + 1


class _GrowingColumn:
    """A column that is filled slice by slice, in place: joining slices at the end would take their memory twice.

    Room that is never written to takes no memory, so it is taken generously.
    """

    def __init__(self, height: int) -> None:
        self._expected = height
        self._data = np.empty(0, dtype=np.uint8)
        self._ends = np.zeros(height + 1, dtype=np.int32)
        self._kinds = np.zeros(height, dtype=np.uint8)
        self._height = 0

    def add(self, first: int, array: pa.Array, kinds: npt.NDArray[np.uint8]) -> None:
        """Put a slice from row `first` on; rows that were left out before it are blank."""
        last = first + len(kinds)
        if last > len(self._kinds):
            self._kinds = _larger(self._kinds, 2 * last)
            self._ends = _larger(self._ends, 2 * last + 1)
        self._blank_up_to(first)
        _, offsets, data = array.buffers()
        ends = np.frombuffer(offsets, dtype=np.int32, count=len(array) + 1)[1:]
        start, size = int(self._ends[first]), int(ends[-1])
        self._reserve(start + size, last)
        if size:
            self._data[start : start + size] = np.frombuffer(data, dtype=np.uint8, count=size)
        np.add(ends, start, out=self._ends[first + 1 : last + 1])
        self._kinds[first:last] = kinds
        self._height = last

    def finished(self, height: int) -> Column:
        """The column of its first `height` cells."""
        if height > len(self._kinds):
            self._kinds, self._ends = _larger(self._kinds, height), _larger(self._ends, height + 1)
        self._blank_up_to(height)
        kinds = self._kinds[:height]
        filled = kinds != Kind.BLANK
        valid = None if filled.all() else pa.py_buffer(np.packbits(filled, bitorder="little").tobytes())
        buffers = [valid, pa.py_buffer(self._ends[: height + 1]), pa.py_buffer(self._data)]
        return pa.Array.from_buffers(pa.string(), height, buffers), kinds

    def _blank_up_to(self, row: int) -> None:
        if row > self._height:
            self._ends[self._height + 1 : row + 1] = self._ends[self._height]
            self._kinds[self._height : row] = Kind.BLANK
            self._height = row

    def _reserve(self, size: int, rows: int) -> None:
        if size <= len(self._data):
            return
        if size > _MAX_COLUMN:
            raise PharmaError("RESOURCE_LIMIT", why="a column of over 2 GiB")
        expected = size * self._expected // rows * 5 // 4
        self._data = _larger(self._data, min(max(expected, 2 * size) + _SPARE, _MAX_COLUMN))


def _larger(array: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    larger = np.empty(size, dtype=array.dtype)
    larger[: len(array)] = array
    return larger
