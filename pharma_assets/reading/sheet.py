"""What reading gives: documents of sheets of text columns, with the row numbers that people see in Excel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa


class Kind(IntEnum):
    """What a cell was in the source, before it became text."""

    BLANK = 0
    TEXT = 1
    NUMBER = 2
    DATE = 3
    BOOL = 4
    ERROR = 5


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet as columns; `columns[0]` is always column A.

    `rows` numbers each position as the source does, from 1: Excel's row, or the physical line on which a
    record of a text file starts. Rows without any cell may be left out, so the numbers rise but need not be
    consecutive. A cell is null where it is blank (no cell, nothing, only whitespace), otherwise its text
    exactly as written. `widths` is the number of fields of each record of a text file; None for workbooks. A
    text file's only sheet is named "csv".
    """

    name: str
    rows: npt.NDArray[np.int32]
    columns: tuple[pa.Array, ...]
    kinds: tuple[npt.NDArray[np.uint8], ...]
    widths: npt.NDArray[np.int32] | None = None
    visible: bool = True

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

    `format` is "xlsx", "xls" or "csv"; `engine` is what read it: "calamine", "openpyxl", "xlrd" or "csv".
    `sheets` are the worksheets in order, the hidden ones with `visible=False`; chart sheets are left out.
    """

    format: str
    engine: str
    sheets: tuple[Sheet, ...]
    encoding: str | None = None
    delimiter: str | None = None
