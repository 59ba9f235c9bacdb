"""Cells that are merged downwards: their text belongs to every row of the merged range, and to no other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pharma_assets.reading.sheet import Kind, Merge
from pharma_assets.transforms.body import Body, SourceColumn
from pharma_assets.transforms.headers import Located
from pharma_assets.transforms.layout import Layout, Parse


def fill_merged(body: Body, located: Located, layout: Layout) -> Body:
    """Give each row of a merged range the text of its first cell.

    Amounts are left alone, mapped or not: one figure over three rows must not be counted three times. Cells that are
    merged sideways only, or begin in the header, are left alone too.
    """
    downwards = [merge for merge in located.sheet.merges if merge.last_row > merge.first_row]
    if not downwards or not body.height:
        return body
    amounts = {place for header, place in body.places.items() if layout.columns[header].parse is Parse.AMOUNT}
    by_column: dict[int, list[Merge]] = {}
    for merge in downwards:
        if merge.first_column not in amounts and merge.first_column < len(body.columns):
            by_column.setdefault(merge.first_column, []).append(merge)
    columns = list(body.columns)
    for place, merges in by_column.items():
        columns[place] = _filled(columns[place], body.rows, merges, mapped=place in body.places.values())
    return replace(body, columns=tuple(columns))


def _filled(column: SourceColumn, rows: npt.NDArray[np.int32], merges: Iterable[Merge], mapped: bool) -> SourceColumn:
    source = np.arange(len(rows))
    for merge in merges:
        first, end = np.searchsorted(rows, (merge.first_row, merge.last_row + 1)).tolist()
        begins_here = first < len(rows) and rows[first] == merge.first_row
        if begins_here and (mapped or column.kinds[first] != Kind.NUMBER):
            blank = column.kinds[first:end] == Kind.BLANK
            source[first:end][blank] = first
    return column.take(source)
