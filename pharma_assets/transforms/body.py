"""The data rows below a header: the source's columns with the blank rows taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pharma_assets.transforms.headers import Located

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SourceColumn:
    """One column of the source's data rows: `texts` is pa.string() with null for blank, `kinds` a Kind for each."""

    header: str
    place: int
    texts: pa.Array
    kinds: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Body:
    """Every filled row below the header.

    `rows`: row numbers in the source. `columns`: one for each sheet column, in its order. `places`: the column of each
    of the layout's headers that is there. `widths`: how many fields each row has, `ragged` where that is not
    `expected_width` (text files only).
    """

    sheet: str
    rows: npt.NDArray[np.int32]
    columns: tuple[SourceColumn, ...]
    places: dict[str, int]
    widths: npt.NDArray[np.int32]
    expected_width: int
    ragged: Mask


def data_rows(located: Located) -> Body:
    """Take the filled rows below the header out of the sheet."""
    sheet = located.sheet
    filled = sheet.filled.copy()
    filled[: located.index + 1] = False
    positions = np.flatnonzero(filled)
    everything_below = len(positions) == sheet.height - located.index - 1
    take = pa.array(positions)
    columns = tuple(
        SourceColumn(
            header,
            place,
            texts.slice(located.index + 1) if everything_below else texts.take(take),
            kinds[positions],
        )
        for place, (header, texts, kinds) in enumerate(zip(located.headers, sheet.columns, sheet.kinds, strict=True))
    )
    expected = len(sheet.columns) if sheet.widths is None else int(sheet.widths[located.index])
    widths = np.full(len(positions), expected, dtype=np.int32) if sheet.widths is None else sheet.widths[positions]
    return Body(sheet.name, sheet.rows[positions], columns, located.places, widths, expected, widths != expected)
