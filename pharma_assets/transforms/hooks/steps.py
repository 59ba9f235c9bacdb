"""Where hooks stand in a report's way: `raw` and `renamed` between the rows and their parsing, `final` before the rows
are loaded.

Whatever a hook does, no row and no cell of the source gets lost: every row comes back or has a reason, rows that a hook
makes name the row of which they are made, and what a hook changes stays in `extra` as it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.model.target import TYPES
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.body import Body, Mask, SourceColumn
from pharma_assets.transforms.columns import arrow_type
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.hooks.frames import (
    LEFT_OUT,
    BadFrame,
    as_frame,
    require_same_rows,
    text_frame,
    texts_of,
    typed_frame,
    values_of,
)
from pharma_assets.transforms.hooks.source import Hooks
from pharma_assets.transforms.layout import TARGETS, ColumnRule, Layout
from pharma_assets.transforms.row_words import Reason

if TYPE_CHECKING:
    import pandas as pd

_MOST_PARTS = 32_767


@dataclass(frozen=True)
class Shaped:
    """The rows of a sheet as its hooks leave them.

    `layout`: that by which they are read on, with the columns that hooks have made. `known`: the sheet columns that are
    not unknown. `left_out`: reason → rows that a hook left out. `gone`: the source rows of which nothing remains.
    `made`: how many rows there are beside those of the source.
    """

    body: Body
    layout: Layout
    known: frozenset[int]
    left_out: Mapping[str, int] = field(default_factory=dict)
    gone: frozenset[int] = frozenset()
    made: int = 0


def shape(body: Body, layout: Layout, known: frozenset[int], month: date | None) -> Shaped:
    """Put the rows of a sheet, if there are any, through `raw` and `renamed`. Raises PharmaError HOOK_FAILED."""
    shaped = Shaped(body, layout, known)
    for name, step in (("raw", _raw), ("renamed", _renamed)):
        if layout.hooks is not None and name in layout.hooks.names and shaped.body.height:
            try:
                shaped = step(shaped, layout.hooks, month)
            except BadFrame as error:
                raise layout.hooks.failed(name, str(error)) from error
    return shaped


def _called(
    hooks: Hooks, name: str, frame: pd.DataFrame, layout: Layout, month: date | None, sheet: str
) -> pd.DataFrame:
    """What a hook makes of a frame that says where it comes from."""
    frame.attrs = {"sheet": sheet, "report_type": layout.report_type, "month": month}
    return as_frame(hooks.call(name, frame))


def _raw(shaped: Shaped, hooks: Hooks, month: date | None) -> Shaped:
    body, layout = shaped.body, shaped.layout
    frame = text_frame({column.header: column.texts for column in body.columns}, body.rows)
    given = _called(hooks, "raw", frame, layout, month, body.sheet)
    order, origin = _origin(given, body.rows)
    given, moved = given.iloc[order], body.take(origin)
    parts = np.arange(len(origin)) - np.searchsorted(origin, origin) + 1
    if parts.max(initial=1) > _MOST_PARTS:
        raise BadFrame(f"it made over {_MOST_PARTS} rows of one")
    moved = replace(moved, parts=parts.astype(np.int16) if (parts > 1).any() else None)
    known, places, columns = set(shaped.known), dict(moved.places), list(moved.columns)
    for place, column in enumerate(columns):
        there = column.header in given.columns
        if not there:
            known.add(place)
        texts = texts_of(given, column.header) if there else pa.nulls(len(given), pa.string())
        columns[place] = _changed(column, texts)
    for name in given.columns.drop([column.header for column in columns] + [LEFT_OUT], errors="ignore"):
        header = layout.header_of.get(normalize_header(name))
        if header in places:
            raise BadFrame(f"it makes a column {name}, which the report has already")
        if header is not None:
            places[header] = len(columns)
            known.add(len(columns))
        columns.append(_made(name, len(columns), texts_of(given, name)))
    moved = replace(moved, columns=tuple(columns), places=places)
    made = len(origin) - body.height
    return _without_left_out(replace(shaped, body=moved, known=frozenset(known), made=made), given)


def _origin(given: pd.DataFrame, rows: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The order in which the rows stand in the source, and the position there of each in this order."""
    labels = given.index.to_numpy()
    if labels.dtype.kind not in "iu":
        raise BadFrame("its index is not the number of the source row any more")
    unknown = labels[~np.isin(labels, rows)]
    if len(unknown):
        raise BadFrame(f"row {unknown[0]} is none of the report: a row that is made has the number of its source row")
    gone = np.setdiff1d(rows, labels)
    if len(gone):
        raise BadFrame(
            f"{len(gone)} rows are gone, e.g. row {gone[0]}: name the reason of rows that are not to be loaded in the "
            f"column {LEFT_OUT}"
        )
    order = np.argsort(labels, kind="stable")
    return order, np.searchsorted(rows, labels[order])


def _changed(column: SourceColumn, texts: pa.Array) -> SourceColumn:
    """The column with other texts, beside those that were sent."""
    changed = _differ(column.texts.cast(pa.string()), texts)
    if not changed.any():
        return column
    blank = texts.is_null().to_numpy(zero_copy_only=False)
    kinds = np.where(changed, np.where(blank, Kind.BLANK, Kind.TEXT), column.kinds).astype(np.uint8)
    return replace(
        column,
        texts=texts,
        kinds=kinds,
        sent=column.as_sent.cast(pa.string()),
        changed=changed if column.changed is None else changed | column.changed,
    )


def _differ(one: pa.Array, other: pa.Array) -> Mask:
    """Where two arrays of a type say different things; null is no value like others."""
    same = pc.fill_null(pc.equal(one, other), False)
    both_null = pc.and_(pc.is_null(one), pc.is_null(other))
    return ~np.asarray(pc.or_(same, both_null).to_numpy(zero_copy_only=False))


def _made(name: str, place: int, texts: pa.Array) -> SourceColumn:
    kinds = np.where(texts.is_null().to_numpy(zero_copy_only=False), Kind.BLANK, Kind.TEXT).astype(np.uint8)
    return SourceColumn(name, place, texts, kinds, made=True)


def _without_left_out(shaped: Shaped, given: pd.DataFrame) -> Shaped:
    """The rows for which the hook has named no reason."""
    mask, counts = _reasons(given, shaped.layout, shaped.left_out)
    if not counts:
        return shaped
    body = shaped.body.without(mask)
    gone = frozenset(np.setdiff1d(shaped.body.rows[mask], body.rows).tolist())
    return replace(shaped, body=body, left_out={**shaped.left_out, **counts}, gone=shaped.gone | gone)


def _reasons(given: pd.DataFrame, layout: Layout, before: Mapping[str, int]) -> tuple[Mask, dict[str, int]]:
    """The rows for which a reason is named, and how many there are for each."""
    if LEFT_OUT not in given.columns:
        return np.zeros(len(given), dtype=np.bool_), {}
    reasons = texts_of(given, LEFT_OUT)
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(reasons.drop_null()).to_pylist()}
    taken = {*before, *(rule.reason for rule in layout.left_out), *(reason.value for reason in Reason)}
    for reason in counts.keys() & taken:
        raise BadFrame(f"the reason {reason!r} has another meaning already")
    return np.asarray(pc.is_valid(reasons).to_numpy(zero_copy_only=False)), counts


def _renamed(shaped: Shaped, hooks: Hooks, month: date | None) -> Shaped:
    body, layout = shaped.body, shaped.layout
    place_of = {
        rule.to: body.places[header]
        for header, rule in layout.columns.items()
        if rule.to is not None and header in body.places and (rule.unless is None or rule.unless not in body.places)
    }
    frame = text_frame({target: body.columns[place].texts for target, place in place_of.items()}, body.rows)
    before = frame.index
    given = _called(hooks, "renamed", frame, layout, month, body.sheet)
    require_same_rows(given, before)
    columns, places = list(body.columns), dict(body.places)
    rules: dict[str, ColumnRule] = {}
    for target, place in place_of.items():
        columns[place] = _changed(columns[place], texts_of(_with(given, target), target))
    filled = {*layout.constants, *layout.registry, *layout.templates}
    for target in _new_targets(given, place_of):
        if target in filled:
            raise BadFrame(f"it fills {target}, which the layout fills already")
        header = f"{target} of {hooks.file.name}"
        rules[header], places[header] = ColumnRule.model_validate(target), len(columns)
        columns.append(_made(target, len(columns), texts_of(given, target)))
    known = shaped.known | set(range(len(body.columns), len(columns)))
    body = replace(body, columns=tuple(columns), places=places)
    layout = layout.with_columns(rules)
    return _without_left_out(replace(shaped, body=body, layout=layout, known=known), given)


def _with(given: pd.DataFrame, target: str) -> pd.DataFrame:
    if target not in given.columns:
        raise BadFrame(f"the column {target} is gone")
    return given


def _new_targets(given: pd.DataFrame, before: Mapping[str, object]) -> list[str]:
    names = [name for name in given.columns if name not in before and name != LEFT_OUT]
    for name in names:
        if name not in TARGETS:
            raise BadFrame(f"{name!r} is not a column that a layout can fill")
    return names


@dataclass(frozen=True)
class Finished:
    """The targets as `final` leaves them, over all rows of a body: which of them are to be loaded still, which reasons
    it named for the others, and in which cells of which target it changed something."""

    columns: dict[str, pa.Array]
    keep: Mask
    left_out: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, Mask] = field(default_factory=dict)


def finish(
    columns: dict[str, pa.Array], body: Body, keep: Mask, layout: Layout, timezone: ZoneInfo, month: date | None
) -> Finished:
    """Put the rows to `keep`, if there are any, through `final`. Raises PharmaError HOOK_FAILED."""
    hooks = layout.hooks
    if hooks is None or "final" not in hooks.names or not keep.any():
        return Finished(columns, keep)
    try:
        return _finished(columns, body, keep, layout, hooks, timezone, month)
    except BadFrame as error:
        raise hooks.failed("final", str(error)) from error


def _finished(
    columns: dict[str, pa.Array],
    body: Body,
    keep: Mask,
    layout: Layout,
    hooks: Hooks,
    timezone: ZoneInfo,
    month: date | None,
) -> Finished:
    kept = pa.array(keep)
    frame = typed_frame({name: values.filter(kept) for name, values in columns.items()}, body.rows[keep], timezone)
    before = frame.index
    given = _called(hooks, "final", frame, layout, month, body.sheet)
    require_same_rows(given, before)
    result, changed = dict(columns), {}
    for target in [*columns, *_new_targets(given, columns)]:
        old = columns.get(target, pa.nulls(body.height, arrow_type(TYPES[target])))
        values = values_of(_with(given, target), target, timezone)
        result[target] = pc.replace_with_mask(old, kept, values)
        changed[target] = _differ(old, result[target])
    mask, counts = _reasons(given, layout, {})
    still = keep.copy()
    still[keep] = ~mask
    return Finished(result, still, counts, changed)
