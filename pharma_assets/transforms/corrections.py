"""Rows that a person has corrected: their cells take the place of what the source says, before anything is parsed.

So a corrected row is judged like every other one: in the context of its columns, and by the report's own totals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.body import Body, SourceColumn


@dataclass(frozen=True)
class CorrectedCell:
    """A cell as it was and as it shall be; None is blank. `kind` is what the new cell is."""

    place: int
    header: str
    before: str | None
    after: str | None
    kind: Kind = Kind.TEXT


@dataclass(frozen=True)
class RowCorrection:
    """A row of a source and what a person has made of it.

    `raw` is the whole row as sent, column → text of every cell that is not blank: a row that reads otherwise is another
    one. `id` and `who` are those of the record; 0 where it is not recorded yet.
    """

    sheet: str
    row: int
    raw: Mapping[int, str]
    cells: tuple[CorrectedCell, ...]
    id: int = 0
    who: str = ""

    @property
    def key(self) -> tuple[str, int]:
        return self.sheet, self.row


Corrections = Mapping[tuple[str, int], RowCorrection]
"""By sheet and row."""

NO_CORRECTIONS: Corrections = MappingProxyType({})


@dataclass(frozen=True)
class CorrectedBody:
    """A body with the corrections that fit it. `stale` are those whose row is not there, or reads otherwise."""

    body: Body
    applied: tuple[RowCorrection, ...] = ()
    stale: tuple[RowCorrection, ...] = ()

    def remarks(self) -> list[PharmaError]:
        return [
            PharmaError("CORRECTION_NOT_APPLIED", sheet=each.sheet, row=each.row, who=each.who) for each in self.stale
        ]


def correct(body: Body, corrections: Corrections) -> CorrectedBody:
    """Put the corrected cells of this sheet into its rows. A corrected row is no longer ragged: whoever has corrected
    it has seen which cell stands where."""
    wanted = [each for each in corrections.values() if each.sheet == body.sheet]
    if not wanted:
        return CorrectedBody(body)
    applied, stale, positions = [], [], []
    for each in wanted:
        position = int(np.searchsorted(body.rows, each.row))
        if position < body.height and body.rows[position] == each.row and row_texts(body, position) == each.raw:
            applied.append(each)
            positions.append(position)
        else:
            stale.append(each)
    at = dict(zip((each.key for each in applied), positions, strict=True))
    columns = list(body.columns)
    for place, cells in _by_column(applied).items():
        columns[place] = _with_cells(columns[place], {at[key]: cell for key, cell in cells.items()})
    widths, ragged = body.widths.copy(), body.ragged.copy()
    widths[positions] = body.expected_width
    ragged[positions] = False
    corrected = replace(body, columns=tuple(columns), widths=widths, ragged=ragged)
    return CorrectedBody(corrected, tuple(applied), tuple(stale))


def row_texts(body: Body, position: int) -> dict[int, str]:
    """The row's cells that are not blank, by column."""
    return {column.place: text for column in body.columns if (text := column.texts[position].as_py()) is not None}


def _by_column(applied: Iterable[RowCorrection]) -> dict[int, dict[tuple[str, int], CorrectedCell]]:
    by_column: dict[int, dict[tuple[str, int], CorrectedCell]] = {}
    for each in applied:
        for cell in each.cells:
            by_column.setdefault(cell.place, {})[each.key] = cell
    return by_column


def _with_cells(column: SourceColumn, cells: Mapping[int, CorrectedCell]) -> SourceColumn:
    texts = column.texts.cast(pa.string()).to_pylist()
    kinds = column.kinds.copy()
    for position, cell in cells.items():
        texts[position] = cell.after
        kinds[position] = Kind.BLANK if cell.after is None else cell.kind
    return replace(column, texts=pa.array(texts, pa.string()), kinds=kinds)
