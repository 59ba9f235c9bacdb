"""The rows of the target schema: parsed columns in their places, texts composed, everything else in `extra`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.model.target import COLUMNS
from pharma_assets.transforms.body import Body, Mask
from pharma_assets.transforms.columns import ParsedColumn
from pharma_assets.transforms.composed import compose, told_by_waybill
from pharma_assets.transforms.extra import extra_column
from pharma_assets.transforms.hooks.steps import Finished, finish
from pharma_assets.transforms.layout import Layout


def target_table(
    body: Body,
    layout: Layout,
    parsed: Mapping[str, ParsedColumn],
    keep: Mask,
    registry: Mapping[str, pa.Scalar],
    timezone: ZoneInfo,
    month: date | None,
) -> tuple[pa.Table, Mapping[str, int]]:
    """The rows to `keep`, with the filled target columns in their order, `source_sheet`, `source_row` and `extra`; text
    is pa.string(). Where a hook made several rows of one, also `source_part`.

    `registry`: the targets that are the same in all rows because the file's place says them. The second result counts
    the rows that a hook leaves out at the last moment, by their reason.
    """
    length = body.height
    columns: dict[str, pa.Array] = {name: pa.repeat(value, length) for name, value in layout.constants.items()}
    columns |= {name: pa.repeat(value, length) for name, value in registry.items()}
    for header, column in parsed.items():
        target = layout.columns[header].to
        if target is not None:
            columns[target] = _plain(column.values)
    for target, template in layout.templates.items():
        columns[target] = compose(template, layout, parsed, length)
    done = finish(columns, body, keep, layout, timezone, month)
    ordered = {column.name: done.columns[column.name] for column in COLUMNS if column.name in done.columns}
    table = pa.table(
        {
            **ordered,
            "source_sheet": pa.repeat(body.sheet, length),
            "source_row": pa.array(body.rows, pa.int32()),
            **({} if body.parts is None else {"source_part": pa.array(body.parts, pa.int16())}),
            "extra": extra_column(_beyond(body, layout, parsed, done), length),
        }
    )
    return table if done.keep.all() else table.filter(pa.array(done.keep)), done.left_out


def _beyond(
    body: Body, layout: Layout, parsed: Mapping[str, ParsedColumn], done: Finished
) -> list[tuple[str, pa.Array]]:
    """The cells that the targets alone do not give back, as they were sent."""
    of_waybill, changed = _of_waybill(layout, parsed), done.changed
    # Of several rows that were made of one, the first that is loaded tells what was sent.
    telling = np.ones(body.height, dtype=np.bool_) if body.parts is None else _first_of_each(body.rows, done.keep)
    beyond: list[tuple[str, pa.Array]] = []
    for header, column in parsed.items():
        target = layout.columns[header].to
        kept = column.kept if target is not None else np.ones(body.height, dtype=np.bool_)
        if target is not None and target in changed:
            kept = kept | changed[target]
        if layout.waybill is not None and header in of_waybill:
            told = told_by_waybill(header, layout.waybill, layout, parsed)
            kept = kept & ~(told & ~changed["naklad"] if "naklad" in changed else told)
        if column.source.changed is not None:
            kept = kept | column.source.changed & telling
        if kept.any() and not (column.source.made and target is not None):
            beyond.append((column.source.header, _where(kept, column.source.as_sent)))
    used = {column.source.place for column in parsed.values()}
    others = [column for column in body.columns if column.place not in used]
    return beyond + [(column.header, column.as_sent_in(telling)) for column in others]


def _first_of_each(rows: npt.NDArray[np.int32], keep: Mask) -> Mask:
    """For each number the first of its rows that is kept."""
    kept = np.flatnonzero(keep)
    first = np.zeros(len(rows), dtype=np.bool_)
    first[kept[np.unique(rows[kept], return_index=True)[1]]] = True
    return first


def _of_waybill(layout: Layout, parsed: Mapping[str, ParsedColumn]) -> set[str | None]:
    """The headers under which the waybill's columns came."""
    waybill = layout.waybill
    return {layout.present(header, parsed) for header in (waybill.number, waybill.date)} if waybill else set()


def _plain(values: pa.Array) -> pa.Array:
    return values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values


def _where(mask: Mask, texts: pa.Array) -> pa.Array:
    return texts if mask.all() else pc.if_else(pa.array(mask), texts, pa.scalar(None, texts.type))
