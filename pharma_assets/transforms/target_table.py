"""The rows of the target schema: parsed columns in their places, texts composed, everything else in `extra`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.model.target import COLUMNS
from pharma_assets.transforms.body import Body, Mask
from pharma_assets.transforms.columns import ParsedColumn
from pharma_assets.transforms.composed import compose, told_by_waybill
from pharma_assets.transforms.extra import extra_column
from pharma_assets.transforms.layout import Layout


def target_table(
    body: Body,
    layout: Layout,
    parsed: Mapping[str, ParsedColumn],
    keep: Mask,
    registry: Mapping[str, pa.Scalar],
) -> pa.Table:
    """The rows to `keep`, with the filled target columns in their order, `source_sheet`, `source_row` and `extra`; text
    is pa.string(). `registry`: the targets that are the same in all rows because the file's place says them."""
    length = body.height
    columns: dict[str, pa.Array] = {name: pa.repeat(value, length) for name, value in layout.constants.items()}
    columns |= {name: pa.repeat(value, length) for name, value in registry.items()}
    of_waybill = _of_waybill(layout, parsed)
    beyond: list[tuple[str, pa.Array]] = []
    for header, column in parsed.items():
        target = layout.columns[header].to
        if target is not None:
            columns[target] = _plain(column.values)
        kept = column.kept if target is not None else np.ones(length, dtype=bool)
        if layout.waybill is not None and header in of_waybill:
            kept = kept & ~told_by_waybill(header, layout.waybill, layout, parsed)
        if kept.any():
            beyond.append((column.source.header, _where(kept, column.source.texts)))
    for target, template in layout.templates.items():
        columns[target] = compose(template, layout, parsed, length)
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


def _of_waybill(layout: Layout, parsed: Mapping[str, ParsedColumn]) -> set[str | None]:
    """The headers under which the waybill's columns came."""
    waybill = layout.waybill
    return {layout.present(header, parsed) for header in (waybill.number, waybill.date)} if waybill else set()


def _plain(values: pa.Array) -> pa.Array:
    return values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values


def _where(mask: Mask, texts: pa.Array) -> pa.Array:
    return texts if mask.all() else pc.if_else(pa.array(mask), texts, pa.scalar(None, texts.type))
