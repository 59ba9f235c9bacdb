"""The rows below a header: the source's columns with the blank rows taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pharma_assets.transforms.headers import Located

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SourceColumn:
    """One column of the source's rows: `texts` is pa.string() or a dictionary of it, null for blank; `kinds` a Kind
    for each; `from_1904` as of its sheet."""

    header: str
    place: int
    texts: pa.Array
    kinds: npt.NDArray[np.uint8]
    from_1904: bool = False

    @property
    def is_blank(self) -> bool:
        return bool(self.texts.null_count == len(self.texts))

    def take(self, positions: npt.NDArray[np.integer]) -> SourceColumn:
        """The cells at these positions."""
        return replace(self, texts=self.texts.take(pa.array(positions)), kinds=self.kinds[positions])


@dataclass(frozen=True)
class Body:
    """Filled rows below the header.

    `rows`: row numbers in the source. `columns`: one for each sheet column, in its order. `places`: the column of each
    of the layout's headers that is there. `widths`: how many fields each row has, `ragged` where that is not
    `expected_width` (text files only). `hidden`: which rows the source hides; None where none.
    """

    sheet: str
    rows: npt.NDArray[np.int32]
    columns: tuple[SourceColumn, ...]
    places: Mapping[str, int]
    widths: npt.NDArray[np.int32]
    expected_width: int
    ragged: Mask
    hidden: Mask | None = None

    @property
    def height(self) -> int:
        return len(self.rows)

    def without(self, left_out: Mask) -> Body:
        """The rows that are not `left_out`."""
        if not left_out.any():
            return self
        positions = np.flatnonzero(~left_out)
        return replace(
            self,
            rows=self.rows[positions],
            columns=tuple(column.take(positions) for column in self.columns),
            widths=self.widths[positions],
            ragged=self.ragged[positions],
            hidden=None if self.hidden is None else self.hidden[positions],
        )


def data_rows(located: Located) -> Body:
    """Take the filled rows below the header out of the sheet."""
    sheet = located.sheet
    first = located.last_index + 1
    positions = np.flatnonzero(sheet.filled[first:]) + first
    everything_below = len(positions) == sheet.height - first
    take = pa.array(positions)
    columns = tuple(
        SourceColumn(
            header,
            place,
            texts.slice(first) if everything_below else texts.take(take),
            kinds[positions],
            sheet.from_1904,
        )
        for place, (header, texts, kinds) in enumerate(zip(located.headers, sheet.columns, sheet.kinds, strict=True))
    )
    of_header = slice(located.index, located.last_index + 1)
    expected = len(sheet.columns) if sheet.widths is None else int(sheet.widths[of_header].max())
    widths = np.full(len(positions), expected, dtype=np.int32) if sheet.widths is None else sheet.widths[positions]
    return Body(
        sheet=sheet.name,
        rows=sheet.rows[positions],
        columns=columns,
        places=located.places,
        widths=widths,
        expected_width=expected,
        ragged=widths != expected,
        hidden=None if sheet.hidden is None else sheet.hidden[positions],
    )
