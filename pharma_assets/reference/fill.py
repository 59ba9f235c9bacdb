"""Filling the columns that a layout leaves open, from the reference lists: once for each distinct key."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.model.client_month import Client
from pharma_assets.model.target import TRACE_COLUMNS, TYPES
from pharma_assets.reference.lists import ReferenceLists, text_key

FILLED = ("supplier_id", "supplier_name", "client_type")
"""The columns that the lists fill."""


def fill(table: pa.Table, lists: ReferenceLists, client: Client) -> pa.Table:
    """The table with what the lists say of its rows. Only blanks are filled: constants and source columns win."""
    if lists.version is None or not table.num_rows:
        return table
    found = {name: values for name, values in _said(table, lists, client) if values.null_count < len(values)}
    columns = {name: table[name] for name in table.column_names}
    for name, values in found.items():
        columns[name] = pc.coalesce(columns[name], values) if name in columns else values
    if not found:
        return table
    return pa.table({name: columns[name] for name in (*TYPES, "source_part", *TRACE_COLUMNS) if name in columns})


def _said(table: pa.Table, lists: ReferenceLists, client: Client) -> list[tuple[str, pa.Array]]:
    """What the lists say, for each column that has any blanks."""
    is_open = {name for name in FILLED if name not in table.column_names or table[name].null_count}
    said = []
    branches = _texts(table, "supplier_filial")
    if "supplier_id" in is_open:
        said.append(("supplier_id", _mapped(branches, lambda branch: _supplier(lists, client, branch)[0])))
    if "supplier_name" in is_open:
        said.append(("supplier_name", _mapped(branches, lambda branch: _supplier(lists, client, branch)[1])))
    if "client_type" in is_open:
        said.append(("client_type", client_types(table, lists)))
    return said


def _supplier(lists: ReferenceLists, client: Client, branch: str | None) -> tuple[str | None, str | None]:
    found = lists.supplier(client, branch)
    return (None, None) if found is None else (found.supplier_id, found.supplier_name)


def client_types(table: pa.Table, lists: ReferenceLists) -> pa.Array:
    """The type of each row's buyer: by `client_inn`, else by the first pattern that fits `client_inlaw`, or
    `client_name` where that is blank; null where nothing fits."""
    inns = _texts(table, "client_inn")
    by_inn = _mapped(inns, lambda inn: None if inn is None else lists.type_of_inn.get(inn))
    if not lists.type_of_names or not by_inn.null_count:
        return by_inn
    names = pc.coalesce(_texts(table, "client_inlaw"), _texts(table, "client_name"))
    encoded = pc.if_else(pc.is_null(by_inn), names, pa.scalar(None, pa.string())).dictionary_encode()
    keys = pa.array([text_key(name) for name in encoded.dictionary.to_pylist()], pa.string())
    return pc.coalesce(by_inn, _by_patterns(keys, lists).take(encoded.indices))


def _by_patterns(keys: pa.Array, lists: ReferenceLists) -> pa.Array:
    types = pa.nulls(len(keys), pa.string())
    for pattern, client_type in lists.type_of_names:
        fits = pc.and_(pc.is_null(types), pc.match_like(keys, pattern))
        types = pc.if_else(fits, pa.scalar(client_type, pa.string()), types)
    return types


def _texts(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return table[name].combine_chunks()


def _mapped(keys: pa.Array, say: Callable[[str | None], str | None]) -> pa.Array:
    """What is said of each key, asked once for each distinct one."""
    encoded = keys.dictionary_encode()
    said = pa.array([say(key) for key in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)
    of_blank = say(None) if keys.null_count else None
    return said if of_blank is None else pc.if_else(pc.is_null(keys), pa.scalar(of_blank), said)
