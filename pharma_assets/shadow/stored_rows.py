"""The rows that a file has in `raw.primary_data` beside those that a report would give, cell by cell."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from pyarrow import csv
from sqlalchemy import Connection

from pharma_assets.database.connect import psycopg_connection
from pharma_assets.model.target import REGISTRY_COLUMNS, TRACE_COLUMNS, TYPES, Type
from pharma_assets.transforms.differing import differing

COMPARED = tuple(name for name in TYPES if name not in REGISTRY_COLUMNS)
"""The columns that a layout or a reference list decides."""

EXTRA = "extra"

# No row is wider than a block may be.
_BLOCK = 1 << 25


class Kind(StrEnum):
    """How a row differs."""

    APPEARS = "appears"
    DISAPPEARS = "disappears"
    CHANGES = "changes"


@dataclass(frozen=True)
class RowDifference:
    """A row that differs; `cells`: column → what is stored, and what would be."""

    sheet: str
    row: int
    kind: Kind
    cells: Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True)
class Comparison:
    """How many rows would appear, disappear or change, and in which columns; with the first of them."""

    appear: int = 0
    disappear: int = 0
    change: int = 0
    by_column: Mapping[str, int] = field(default_factory=dict)
    first: tuple[RowDifference, ...] = ()

    @property
    def rows(self) -> int:
        return self.appear + self.disappear + self.change


def stored_rows(connection: Connection, file_id: int, month: date) -> pa.Table:
    """A file's rows as text, as PostgreSQL writes it; moments in UTC."""
    columns = [_column(name) for name in (*COMPARED, *TRACE_COLUMNS)]
    statement = sql.SQL(
        "COPY (SELECT {} FROM raw.primary_data WHERE partition_month = {} AND file_id = {})"
        " TO STDOUT (FORMAT csv, FORCE_QUOTE *)"
    ).format(sql.SQL(", ").join(columns), sql.Literal(month), sql.Literal(file_id))
    content = io.BytesIO()
    with psycopg_connection(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            content.write(block)
    names = [*COMPARED, *TRACE_COLUMNS]
    if not content.tell():
        return pa.table({name: pa.nulls(0, pa.string()) for name in names})
    return csv.read_csv(
        pa.BufferReader(content.getbuffer()),
        csv.ReadOptions(column_names=names, block_size=_BLOCK),
        csv.ParseOptions(newlines_in_values=True),
        # NULL is what is not quoted.
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    ).combine_chunks()


def _column(name: str) -> sql.Composable:
    identifier = sql.Identifier(name)
    if TYPES.get(name) is Type.MOMENT:
        return sql.SQL("to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')").format(identifier)
    return identifier


def _as_text(table: pa.Table, name: str) -> pa.Array:
    """A report's column as `stored_rows` has it."""
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    values = table[name].combine_chunks()
    return (
        values.view(pa.timestamp("us")).cast(pa.string())
        if TYPES.get(name) is Type.MOMENT
        else values.cast(pa.string())
    )


def compare(stored: pa.Table, report: pa.Table, most: int = 0) -> Comparison:
    """Compare what is stored with what a report gives, row by row of the source; with at most `most` of the rows."""
    new = pa.table({name: _as_text(report, name) for name in (*COMPARED, *TRACE_COLUMNS)})
    keys_before, keys_after = _keys(stored), _keys(new)
    place = pc.index_in(keys_after, value_set=keys_before)
    in_both = pc.is_valid(place)
    before = stored.take(place.drop_null())
    after = new.filter(in_both)
    gone = stored.filter(pc.invert(pc.is_in(keys_before, value_set=keys_after)))
    come = new.filter(pc.invert(in_both))
    masks = {name: differing(before[name], after[name]) for name in COMPARED}
    masks[EXTRA] = _extras_differ(before[EXTRA], after[EXTRA])
    arrays = {name: np.asarray(mask.to_numpy(zero_copy_only=False)) for name, mask in _combined(masks).items()}
    changed = np.zeros(after.num_rows, dtype=np.bool_)
    for mask in arrays.values():
        changed |= mask
    counts = {name: int(mask.sum()) for name, mask in arrays.items()}
    found = _differences(before, after, gone, come, np.flatnonzero(changed).tolist(), most)
    return Comparison(
        appear=come.num_rows,
        disappear=gone.num_rows,
        change=int(changed.sum()),
        by_column={name: count for name, count in counts.items() if count},
        first=tuple(islice(found, most)),
    )


def _combined(masks: Mapping[str, pa.Array | pa.ChunkedArray]) -> dict[str, pa.Array]:
    return {name: mask.combine_chunks() if isinstance(mask, pa.ChunkedArray) else mask for name, mask in masks.items()}


def _keys(table: pa.Table) -> pa.Array:
    keys = pc.binary_join_element_wise(table["source_row"].cast(pa.string()), table["source_sheet"], "\n")
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys


def _extras_differ(before: pa.Array, after: pa.Array) -> pa.Array:
    """As JSON: the database orders the members of an object in its own way."""
    return pa.array(
        [
            one != other and _parsed(one) != _parsed(other)
            for one, other in zip(before.to_pylist(), after.to_pylist(), strict=True)
        ],
        pa.bool_(),
    )


def _parsed(text: str | None) -> dict[str, str]:
    return {} if text is None else json.loads(text)


def _differences(
    before: pa.Table, after: pa.Table, gone: pa.Table, come: pa.Table, changed: Iterable[int], most: int
) -> Iterator[RowDifference]:
    """The rows that differ; of each kind no more are looked at than are wanted."""
    for position in islice(changed, most):
        one, other = (table.slice(position, 1).to_pylist()[0] for table in (before, after))
        yield _difference(Kind.CHANGES, one, other)
    for row in gone.slice(0, most).to_pylist():
        yield _difference(Kind.DISAPPEARS, row, {})
    for row in come.slice(0, most).to_pylist():
        yield _difference(Kind.APPEARS, {}, row)


def _difference(kind: Kind, before: Mapping[str, str | None], after: Mapping[str, str | None]) -> RowDifference:
    known = before or after
    one, other = _flat(before), _flat(after)
    cells = {name: (one.get(name), other.get(name)) for name in {**one, **other} if one.get(name) != other.get(name)}
    return RowDifference(str(known["source_sheet"]), int(known["source_row"] or 0), kind, cells)


def _flat(row: Mapping[str, str | None]) -> dict[str, str | None]:
    """The row's columns, with the members of `extra` beside them."""
    extra = _parsed(row.get(EXTRA))
    return {name: row[name] for name in COMPARED if row} | {f"{EXTRA}.{name}": text for name, text in extra.items()}
