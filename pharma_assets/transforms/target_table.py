"""The rows of the target schema: parsed columns in their places, the waybill composed, everything else in `extra`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.model.target import COLUMNS
from pharma_assets.transforms.body import Body, Mask
from pharma_assets.transforms.columns import ParsedColumn
from pharma_assets.transforms.extra import extra_column
from pharma_assets.transforms.layout import Layout, Waybill


def target_table(body: Body, layout: Layout, parsed: Mapping[str, ParsedColumn], keep: Mask) -> pa.Table:
    """The rows to `keep`, with the filled target columns in their order, `source_sheet`, `source_row` and `extra`; text
    is pa.string()."""
    length = body.height
    columns: dict[str, pa.Array] = {name: pa.repeat(value, length) for name, value in layout.constants.items()}
    beyond: list[tuple[str, pa.Array]] = []
    for header, column in parsed.items():
        target = layout.columns[header].to
        if target is not None:
            columns[target] = _plain(column.values)
        kept = column.kept if target is not None else np.ones(length, dtype=bool)
        if layout.waybill is not None and header in (layout.waybill.number, layout.waybill.date):
            kept = kept & ~_told_by_waybill(header, layout.waybill, parsed)
        if kept.any():
            beyond.append((column.source.header, _where(kept, column.source.texts)))
    if layout.waybill is not None:
        columns["naklad"] = _compose(layout.waybill, parsed)
    used = {column.source.place for column in parsed.values()}
    beyond += [(column.header, column.texts) for column in body.columns if column.place not in used]
    ordered = {column.name: columns[column.name] for column in COLUMNS if column.name in columns}
    table = pa.table(
        {
            **ordered,
            "source_sheet": pa.repeat(body.sheet, length),
            "source_row": pa.array(body.rows, pa.int32()),
            "extra": extra_column(beyond, length),
        }
    )
    return table if keep.all() else table.filter(pa.array(keep))


def _plain(values: pa.Array) -> pa.Array:
    return values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values


def _where(mask: Mask, texts: pa.Array) -> pa.Array:
    return texts if mask.all() else pc.if_else(pa.array(mask), texts, pa.scalar(None, texts.type))


def _told_by_waybill(header: str, waybill: Waybill, parsed: Mapping[str, ParsedColumn]) -> Mask:
    """The rows whose cell can be read back from `naklad`: every number; a date without a time beside a number."""
    number = pc.is_valid(parsed[waybill.number].values).to_numpy(zero_copy_only=False)
    if header == waybill.number:
        return np.asarray(number)
    local = parsed[waybill.date].local_moments()
    midnight = pc.equal(local, pc.floor_temporal(local, unit="day"))
    return np.asarray(number & pc.fill_null(midnight, False).to_numpy(zero_copy_only=False))


def _compose(waybill: Waybill, parsed: Mapping[str, ParsedColumn]) -> pa.Array:
    """«<number> от <dd.mm.yyyy>»; the number alone where there is no date; null where there is no number."""
    number = _plain(parsed[waybill.number].values)
    encoded = parsed[waybill.date].local_moments().dictionary_encode()
    days = pa.array([f" от {day:%d.%m.%Y}" for day in encoded.dictionary.to_pylist()], pa.string()).take(
        encoded.indices
    )
    return pc.binary_join_element_wise(number, pc.fill_null(days, ""), "")
