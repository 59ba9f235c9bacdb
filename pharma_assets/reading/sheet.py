"""What reading gives: documents of sheets of text columns, with the row numbers that people see in Excel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pharma_assets.errors import PharmaError


class Kind(IntEnum):
    """What a cell was in the source, before it became text."""

    BLANK = 0
    TEXT = 1
    NUMBER = 2
    DATE = 3
    BOOL = 4
    ERROR = 5
    FORMULA = 6
    """A formula whose value was not stored; the text is the formula where the format keeps it, else `=`."""


@dataclass(frozen=True)
class Merge:
    """A merged range: row numbers as the source counts them (from 1), columns from 0, all four inclusive."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet as columns; `columns[0]` is always column A.

    A column is pa.string(), or pa.dictionary(pa.int32(), pa.string()) where texts repeat so much that it is worth it;
    both are null where a cell is blank.

    `rows` numbers each position as the source does, from 1: Excel's row, or the physical line on which a
    record of a text file starts. Rows without any cell may be left out, so the numbers rise but need not be
    consecutive. A cell is null where it is blank (no cell, nothing, only whitespace), otherwise its text
    exactly as written. `widths` is the number of fields of each record of a text file; None for workbooks. A
    text file's only sheet is named "csv". `hidden` tells which positions are hidden or filtered out on the screen,
    None where none is or the format cannot say. `from_1904`: day numbers in numeric cells
    count from 1904, not from 1900. `merges` are the merged ranges; only their first cell has a text.
    """

    name: str
    rows: npt.NDArray[np.int32]
    columns: tuple[pa.Array, ...]
    kinds: tuple[npt.NDArray[np.uint8], ...]
    widths: npt.NDArray[np.int32] | None = None
    visible: bool = True
    hidden: npt.NDArray[np.bool_] | None = None
    merges: tuple[Merge, ...] = ()
    from_1904: bool = False

    @property
    def height(self) -> int:
        return len(self.rows)

    @cached_property
    def filled(self) -> npt.NDArray[np.bool_]:
        """For each position: whether the row has any cell that is not blank."""
        filled = np.zeros(self.height, dtype=np.bool_)
        # A stray cell in XFD gives thousands of blank columns, which share one array of kinds.
        for kinds in {id(kinds): kinds for kinds in self.kinds}.values():
            filled |= kinds != Kind.BLANK
        return filled

    def rows_filled_below(self, index: int) -> int:
        """How many filled rows follow position `index`: the reader's own count of the rows that it read."""
        return int(np.count_nonzero(self.filled[index + 1 :]))

    def row_texts(self, index: int) -> list[str | None]:
        """The cells of the row at position `index`."""
        return [column[index].as_py() for column in self.columns]


@dataclass(frozen=True, eq=False)
class Document:
    """A file that was read.

    `format` is a key of `document.READERS`; `engine` is what read it, e.g. "calamine". `sheets` are the worksheets in
    order, the hidden ones with `visible=False`; chart sheets are left out. `remarks` are problems of the scope REMARK:
    things that stop nothing and that a person should know.
    """

    format: str
    engine: str
    sheets: tuple[Sheet, ...]
    encoding: str | None = None
    delimiter: str | None = None
    remarks: tuple[PharmaError, ...] = ()
