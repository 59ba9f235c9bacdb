"""What a sheet's own records tell and its engine has left out: errors, unsaved formulas, number masks, hidden rows.

The scanners of each format find these; here they are laid over the sheet that an engine has given.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.reading.cells import Column, blank_column, column_of
from pharma_assets.reading.sheet import Document, Kind, Merge, Sheet

# Behind the zeros there may be filling that shows nothing, and sections for other numbers.
_MASK = re.compile(r"(?:\[\$-[^\]]*\])?(0{2,})(?:\\ | |_.|\*.|@)*(?:;.*)?", re.DOTALL)


@dataclass
class SheetFacts:
    """Facts of one sheet; rows from 1, columns from 0.

    `cells` are values that the engine may have lost, mostly errors and unsaved formulas, with their places; `masked`
    are the cells whose format is a mask of that many zeros, `hidden` the rows that do not show.
    """

    cells: list[tuple[int, int, object]] = field(default_factory=list)
    masked: list[tuple[int, int, int]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.cells or self.masked or self.hidden or self.merges)


def mask_width(format_code: str) -> int:
    """The digits of a mask that only fills up with zeros (`000000`), 0 for any other number format."""
    mask = _MASK.fullmatch(format_code)
    return len(mask[1]) if mask else 0


def document_with_facts(document: Document, facts: Mapping[str, SheetFacts]) -> Document:
    """The document with the facts of the sheets that they are named for. Raises ValueError if one is not there."""
    if not facts:
        return document
    if unknown := facts.keys() - {sheet.name for sheet in document.sheets}:
        raise ValueError(f"no sheet of the name {unknown.pop()!r}")
    sheets = (with_facts(sheet, facts[sheet.name]) if sheet.name in facts else sheet for sheet in document.sheets)
    return replace(document, sheets=tuple(sheets))


def document_from_1904(document: Document) -> Document:
    """The document of a workbook whose days count from 1904."""
    return replace(document, sheets=tuple(replace(sheet, from_1904=True) for sheet in document.sheets))


def with_facts(sheet: Sheet, facts: SheetFacts) -> Sheet:
    """The sheet with what the facts add; the cells that they name win over the engine's."""
    if facts.cells:
        sheet = with_cells(sheet, facts.cells)
    if facts.masked:
        sheet = _with_masks(sheet, facts.masked)
    if facts.merges:
        sheet = _without_covered(sheet, facts.merges)
    hidden = np.isin(sheet.rows, np.array(facts.hidden, dtype=np.int32)) if facts.hidden else None
    if hidden is not None and not hidden.any():
        hidden = None
    return replace(sheet, hidden=hidden, merges=tuple(facts.merges))


def with_cells(sheet: Sheet, cells: Sequence[tuple[int, int, object]]) -> Sheet:
    """The sheet with other values in those cells (row from 1, column from 0), at least one; it grows as they need.

    Raises ValueError for a row that Excel cannot have.
    """
    rows = np.union1d(sheet.rows, np.array([row for row, _, _ in cells], dtype=np.int32)).astype(np.int32)
    if rows[0] < 1:
        raise ValueError("a cell above the first row")
    columns = list(zip(sheet.columns, sheet.kinds, strict=True))
    if len(rows) != sheet.height:
        columns = _spread(columns, np.searchsorted(rows, sheet.rows), len(rows))
    width = 1 + max(column for _, column, _ in cells)
    columns += [blank_column(len(rows))] * (width - len(columns))
    by_column: dict[int, dict[int, object]] = defaultdict(dict)
    for row, column, value in cells:
        by_column[column][row] = value
    for column, values in by_column.items():
        array, kinds = columns[column]
        places = np.searchsorted(rows, np.fromiter(values, np.int32, len(values)))
        new, new_kinds = column_of(list(values.values()))
        columns[column] = _put(array, places, new), _put_kinds(kinds, places, new_kinds)
    return replace(
        sheet, rows=rows, columns=tuple(array for array, _ in columns), kinds=tuple(kinds for _, kinds in columns)
    )


def _with_masks(sheet: Sheet, masked: Iterable[tuple[int, int, int]]) -> Sheet:
    by_column: dict[int, dict[int, int]] = defaultdict(dict)
    for row, column, width in masked:
        by_column[column][row] = width
    columns = list(sheet.columns)
    for column in by_column.keys() & range(len(columns)):
        widths = by_column[column]
        numbers = np.fromiter(widths, np.int32, len(widths))
        places = np.minimum(np.searchsorted(sheet.rows, numbers), sheet.height - 1)
        right = (sheet.rows[places] == numbers) & (sheet.kinds[column][places] == Kind.NUMBER)
        places, lengths = places[right], np.fromiter(widths.values(), np.int32, len(widths))[right]
        texts = columns[column].take(pa.array(places)).to_pylist()
        # Excel would round a fraction under such a mask, and the mask of a negative number may be another one.
        shown = [text.zfill(width) if text.isdigit() else text for text, width in zip(texts, lengths, strict=True)]
        columns[column] = _put(columns[column], places, pa.array(shown, pa.string()))
    return replace(sheet, columns=tuple(columns))


def _without_covered(sheet: Sheet, merges: Iterable[Merge]) -> Sheet:
    """What stands in the cells that a merge covers is not seen; openpyxl leaves it out, the other engines do not."""
    filled = [index for index, kinds in enumerate(sheet.kinds) if kinds.any()]
    covered: dict[int, npt.NDArray[np.bool_]] = {}
    for merge in merges:
        first, last = np.searchsorted(sheet.rows, (merge.first_row, merge.last_row + 1))
        below = first + int(first < last and sheet.rows[first] == merge.first_row)
        for column in filled[bisect_left(filled, merge.first_column) : bisect_right(filled, merge.last_column)]:
            if column not in covered:
                covered[column] = np.zeros(sheet.height, dtype=np.bool_)
            covered[column][below if column == merge.first_column else first : last] = True
    columns, kinds = list(sheet.columns), list(sheet.kinds)
    for column, cells in covered.items():
        if kinds[column][cells].any():
            columns[column] = pc.if_else(pa.array(cells), None, columns[column])
            kinds[column] = np.where(cells, np.uint8(Kind.BLANK), kinds[column])
    return replace(sheet, columns=tuple(columns), kinds=tuple(kinds))


def _spread(columns: Iterable[Column], places: npt.NDArray[np.intp], height: int) -> list[Column]:
    """The columns with blanks between, their cells in those places."""
    source = np.full(height, -1, dtype=np.int64)
    source[places] = np.arange(len(places))
    taken = pa.array(source, mask=source < 0)
    spread: dict[int, Column] = {}  # blank columns are shared, and shall stay so
    result = []
    for array, kinds in columns:
        if id(kinds) not in spread:
            new_kinds = np.zeros(height, dtype=np.uint8)
            new_kinds[places] = kinds
            spread[id(kinds)] = array.take(taken), new_kinds
        result.append(spread[id(kinds)])
    return result


def _put(array: pa.Array, places: npt.NDArray[np.intp], values: pa.Array) -> pa.Array:
    if not len(places):
        return array
    source = np.arange(len(array), dtype=np.int64)
    source[places] = np.arange(len(array), len(array) + len(values))
    return pa.concat_arrays([array, values]).take(pa.array(source))


def _put_kinds(
    kinds: npt.NDArray[np.uint8], places: npt.NDArray[np.intp], values: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    changed = kinds.copy()
    changed[places] = values
    return changed
