"""The branches and days that a report covers, and its rows without those of some of them."""

from __future__ import annotations

from collections.abc import Collection
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.model.delivery import Amounts, BranchDay
from pharma_assets.model.target import TYPES

_BRANCH, _DAY = "supplier_filial", "period"


def coverage(table: pa.Table, zone: ZoneInfo) -> dict[BranchDay, Amounts]:
    """What a report's rows to load say of each branch and local day; of nothing if there are none."""
    summed = [name for name in table.column_names if name in TYPES and TYPES[name].is_numeric]
    columns = {name: table[name].cast(pa.decimal128(38, TYPES[name].scale)) for name in summed}
    keyed = pa.table({**_keys(table, zone), **columns})
    found = keyed.group_by(["branch", "day"]).aggregate([([], "count_all"), *((name, "sum") for name in summed)])
    return {
        BranchDay(row["branch"], row["day"]): Amounts(
            row["count_all"], {name: row[f"{name}_sum"] for name in summed if row[f"{name}_sum"] is not None}
        )
        for row in found.to_pylist()
    }


def without(table: pa.Table, places: Collection[BranchDay], zone: ZoneInfo) -> pa.Table:
    """The rows that are of none of these branch-days, in their order."""
    if not places:
        return table
    named = pa.table(
        {
            "branch": pa.array([place.branch for place in places], pa.string()),
            "day": pa.array([place.day for place in places], pa.date32()),
        }
    )
    rows = pa.table(_keys(table, zone))
    return table.filter(pc.invert(pc.is_in(_joined(rows), value_set=_joined(named))))


def _keys(table: pa.Table, zone: ZoneInfo) -> dict[str, pa.Array]:
    moments = table[_DAY].combine_chunks().dictionary_encode()
    # Arrow would look for time zone data, which slim systems lack.
    days = [moment and moment.astimezone(zone).date() for moment in moments.dictionary.to_pylist()]
    if _BRANCH in table.column_names:
        branch = pc.fill_null(table[_BRANCH].combine_chunks(), "")
    else:
        branch = pa.repeat("", table.num_rows)
    return {"branch": branch, "day": pa.array(days, pa.date32()).take(moments.indices)}


def _joined(keys: pa.Table) -> pa.Array:
    """One text for each row: is_in compares no structs."""
    day = pc.fill_null(keys["day"].cast(pa.string()), "")
    return pc.binary_join_element_wise(day, keys["branch"], "|").combine_chunks()
