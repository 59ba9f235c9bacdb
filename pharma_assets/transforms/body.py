"""The rows below a header: the source's columns with the blank rows taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.transforms.headers import Located

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SourceColumn:
    """One column of the source's rows: `texts` is pa.string() or a dictionary of it, null for blank; `kinds` a Kind
    for each; `from_1904` as of its sheet.

    Where a hook has changed texts, `sent` are those of the source, and `changed` masks the cells where they differ.
    `made`: a hook has made the column, and the source has it not.
    """

    header: str
    place: int
    texts: pa.Array
    kinds: npt.NDArray[np.uint8]
    from_1904: bool = False
    sent: pa.Array | None = None
    changed: Mask | None = None
    made: bool = False

    @property
    def as_sent(self) -> pa.Array:
        """The texts of the source."""
        return self.texts if self.sent is None else self.sent

    def as_sent_in(self, rows: Mask) -> pa.Array:
        """The texts of the source, but those that a hook has changed only in these rows."""
        if self.sent is None or self.changed is None:
            return self.texts
        return pc.if_else(pa.array(rows | ~self.changed), self.sent, pa.scalar(None, self.sent.type))

    @property
    def is_blank(self) -> bool:
        return bool(self.texts.null_count == len(self.texts))

    def take(self, positions: npt.NDArray[np.integer]) -> SourceColumn:
        """The cells at these positions."""
        taken = pa.array(positions)
        return replace(
            self,
            texts=self.texts.take(taken),
            kinds=self.kinds[positions],
            sent=None if self.sent is None else self.sent.take(taken),
            changed=None if self.changed is None else self.changed[positions],
        )


@dataclass(frozen=True)
class Body:
    """Filled rows below the header.

    `rows`: row numbers in the source. `columns`: one for each sheet column, in its order. `places`: the column of each
    of the layout's headers that is there. `widths`: how many fields each row has, `ragged` where that is not
    `expected_width` (text files only). `hidden`: which rows the source hides; None where none. `parts`: where a hook
    has made several rows of one, the number of each among them, from 1.
    """

    sheet: str
    rows: npt.NDArray[np.int32]
    columns: tuple[SourceColumn, ...]
    places: Mapping[str, int]
    widths: npt.NDArray[np.int32]
    expected_width: int
    ragged: Mask
    hidden: Mask | None = None
    parts: npt.NDArray[np.int16] | None = None

    @property
    def height(self) -> int:
        return len(self.rows)

    def without(self, left_out: Mask) -> Body:
        """The rows that are not `left_out`."""
        if not left_out.any():
            return self
        return self.take(np.flatnonzero(~left_out))

    def take(self, positions: npt.NDArray[np.integer]) -> Body:
        """The rows at these positions."""
        return replace(
            self,
            rows=self.rows[positions],
            columns=tuple(column.take(positions) for column in self.columns),
            widths=self.widths[positions],
            ragged=self.ragged[positions],
            hidden=None if self.hidden is None else self.hidden[positions],
            parts=None if self.parts is None else self.parts[positions],
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
