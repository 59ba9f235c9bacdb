"""Texts that are composed of several columns by a template: the waybill, an address in parts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.transforms.body import Mask
from pharma_assets.transforms.columns import ParsedColumn
from pharma_assets.transforms.layout import Layout, Parse, Waybill, segments_of


def compose(template: str, layout: Layout, parsed: Mapping[str, ParsedColumn], length: int) -> pa.Array:
    """The texts of a template as pa.string(), null where all its columns are blank or one that must not be."""
    parts: list[pa.Array] = []
    filled: list[pa.Array] = []
    for segment in segments_of(template):
        words: list[str | pa.Array] = [segment.texts[0]]
        for header, text in zip(segment.headers, segment.texts[1:], strict=True):
            words += [_texts(layout.present(header, parsed), layout, parsed, length), text]
        if segment.headers:
            part = pc.binary_join_element_wise(*words, "")
            filled.append(pc.is_valid(part))
            parts.append(pc.fill_null(part, "") if segment.optional else part)
        else:
            parts.append(pa.repeat(segment.texts[0], length))
    said = reduce(pc.or_, filled)
    return pc.if_else(said, pc.binary_join_element_wise(*parts, ""), pa.scalar(None, pa.string()))


def _texts(header: str | None, layout: Layout, parsed: Mapping[str, ParsedColumn], length: int) -> pa.Array:
    if header is None:
        return pa.nulls(length, pa.string())
    column = parsed[header]
    if layout.columns[header].parse is not Parse.DATE:
        return column.values.cast(pa.string())
    encoded = column.local_moments().dictionary_encode()
    days = pa.array([f"{day:%d.%m.%Y}" for day in encoded.dictionary.to_pylist()], pa.string())
    return days.take(encoded.indices)


def told_by_waybill(header: str, waybill: Waybill, layout: Layout, parsed: Mapping[str, ParsedColumn]) -> Mask:
    """The rows whose cell can be read back from `naklad`: every number; a date without a time beside a number."""
    number = parsed[layout.present(waybill.number, parsed) or ""].values
    told = np.asarray(pc.is_valid(number).to_numpy(zero_copy_only=False))
    if header == layout.present(waybill.number, parsed):
        return told
    local = parsed[header].local_moments()
    midnight = pc.equal(local, pc.floor_temporal(local, unit="day"))
    return np.asarray(told & pc.fill_null(midnight, False).to_numpy(zero_copy_only=False))
