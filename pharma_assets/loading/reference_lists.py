"""The reference lists at work: imported from a file, and brought to what is loaded already.

A new version makes nothing due by itself: what is loaded from then on is filled from it. `apply` makes those files due
whose rows it changes.
"""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, Row, text

from pharma_assets.errors import PharmaError
from pharma_assets.files import reading_error
from pharma_assets.loading.platform import Platform
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.reading.hints import Hints
from pharma_assets.reference.fill import FILLED, fill
from pharma_assets.reference.lists import ReferenceLists
from pharma_assets.reference.sheets import KNOWN_HEADERS, ReadLists, read_lists
from pharma_assets.reference.store import Source, keep
from pharma_assets.registry import journal
from pharma_assets.registry.files import known_clients
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets.transforms.layout import Layout

EVENT = "REFERENCE_APPLIED"

_KEYS = ("supplier_filial", "client_inn", "client_inlaw", "client_name")


@dataclass(frozen=True)
class Import:
    """What an import came to. With `problems` nothing was changed, and `version` is None; `is_new` is false where the
    lists are those that count already."""

    version: int | None
    is_new: bool
    suppliers: int | None
    client_types: int | None
    problems: tuple[PharmaError, ...]
    remarks: tuple[PharmaError, ...] = ()


def import_lists(platform: Platform, path: Path, why: str = "") -> Import:
    """Take the lists of a file; one that the file has not stays as it is.

    Raises PharmaError REFERENCE_UNREADABLE where the file has no list, and what reading a file raises.
    """
    try:
        with path.open("rb") as content:
            document, digest = platform.reader.read(content, Hints(KNOWN_HEADERS))
    except OSError as error:
        raise reading_error(error) from error
    read = read_lists(document, path.name)
    suppliers = None if read.suppliers is None else list(read.suppliers.values())
    types = None if read.client_types is None else list(read.client_types.values())
    counts = (None if suppliers is None else len(suppliers), None if types is None else len(types))
    if read.problems:
        return Import(None, False, *counts, tuple(read.problems))
    with platform.engine.begin() as connection:
        remarks = tuple(_unknown_clients(platform, connection, read))
        version, is_new = keep(connection, suppliers, types, Source(path.name, digest, getpass.getuser(), why))
    return Import(version, is_new, *counts, (), remarks)


def _unknown_clients(platform: Platform, connection: Connection, read: ReadLists) -> Iterator[PharmaError]:
    known = {*known_clients(connection), *platform.transforms.by_client}
    for row, supplier in (read.suppliers or {}).items():
        if supplier.client not in known:
            known.add(supplier.client)
            yield PharmaError("REFERENCE_CLIENT_UNKNOWN", sheet=read.supplier_sheet, row=row, client=supplier.client)


@dataclass(frozen=True)
class Change:
    """So many rows of a file whose column would hold something else."""

    column: str
    before: str | None
    after: str | None
    rows: int


@dataclass(frozen=True)
class FileChanges:
    """What the lists that count now would change of a loaded file. `is_gone`: it is no longer in the inbox, so its rows
    stay as they are. `certain`: told from the rows alone; otherwise only loading it again will tell."""

    file_id: int
    path: str
    client_month: ClientMonth
    loaded_with: int | None
    is_gone: bool
    certain: bool
    changes: tuple[Change, ...]


@dataclass
class Applied:
    """What an application came to: the files that differ, those of them made due, those that are being worked on."""

    version: int | None
    files: list[FileChanges] = field(default_factory=list)
    due: list[int] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)


def apply_lists(platform: Platform, month: date | None = None, *, dry_run: bool = False) -> Applied:
    """Make the loaded files due whose rows the lists change; with `dry_run` only tell. Client-month by client-month,
    each in a transaction under its lock; one that is being worked on is left for the next time."""
    with platform.engine.connect() as connection:
        lists = platform.references.current(connection)
        applied = Applied(lists.version)
        if lists.version is None:
            return applied
        applied.files = list(_changed_files(platform, connection, lists, month))
    if dry_run:
        return applied
    run_id = f"person:{getpass.getuser()}"
    for client_month, group in groupby(applied.files, key=lambda each: each.client_month):
        ids = [each.file_id for each in group if not each.is_gone]
        with try_lock(platform.engine, client_month_lock(client_month)) as held:
            if not held:
                applied.busy += ids
                continue
            with platform.engine.begin() as connection:
                for file_id in _still_loaded(connection, ids, lists.version):
                    why = f"version {lists.version} of the reference lists"
                    journal.due_again(connection, file_id, why, EVENT, run_id, version=lists.version)
                    applied.due.append(file_id)
    return applied


def _still_loaded(connection: Connection, ids: list[int], version: int) -> list[int]:
    """Those that are there and still loaded with other lists."""
    rows = connection.execute(
        text(
            """
            SELECT f.id FROM ops.file_registry f JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
            WHERE f.id = ANY(:ids) AND f.status = 'CREATED' AND l.reference_version IS DISTINCT FROM :version
            ORDER BY f.id
            """
        ),
        {"ids": ids, "version": version},
    )
    return list(rows.scalars())


_LOADED = """
    SELECT f.id, f.file_path, f.data_provider, f.client_name, f.report_year, f.report_month, f.report_type,
           f.status = 'DELETE' AS is_gone, l.partition_month, l.reference_version
    FROM ops.file_registry f JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
    WHERE l.reference_version IS DISTINCT FROM :version AND l.rows_loaded > 0
      AND (CAST(:month AS date) IS NULL OR l.partition_month = :month)
    ORDER BY f.data_provider, f.client_name, f.report_year, f.report_month, f.id
"""

_DISTINCT = f"""
    SELECT {", ".join((*_KEYS, *FILLED))}, count(*) AS rows FROM raw.primary_data
    WHERE partition_month = :month AND file_id = :file_id GROUP BY {", ".join((*_KEYS, *FILLED))}
"""  # noqa: S608


def _changed_files(
    platform: Platform, connection: Connection, lists: ReferenceLists, month: date | None
) -> Iterator[FileChanges]:
    for row in connection.execute(text(_LOADED), {"version": lists.version, "month": month}).all():
        client = Client(Provider(row.data_provider), row.client_name)
        try:
            layout = platform.transforms.find(client, row.report_type, row.partition_month).layout
        except PharmaError:
            continue  # nothing could load it again
        stored = connection.execute(text(_DISTINCT), {"month": row.partition_month, "file_id": row.id}).all()
        changes = _changes(stored, _open_columns(layout), lists, client)
        certain = layout is not None and not _mapped(layout) & set(FILLED)
        if changes or not certain:
            yield FileChanges(
                row.id,
                row.file_path,
                ClientMonth(client, row.report_year, row.report_month),
                row.reference_version,
                row.is_gone,
                certain,
                changes,
            )


def _mapped(layout: Layout) -> set[str]:
    return {rule.to for rule in layout.columns.values() if rule.to is not None}


def _open_columns(layout: Layout | None) -> set[str]:
    """The columns that nothing but the lists fills."""
    if layout is None:
        return set()
    return set(FILLED) - set(layout.constants) - _mapped(layout)


def _changes(
    stored: Sequence[Row[Any]], is_open: set[str], lists: ReferenceLists, client: Client
) -> tuple[Change, ...]:
    """What the lists say of these distinct keys, beside what is stored; a column that a layout maps may have its value
    from the source or from the lists, and is only filled where it is blank."""
    columns = {name: [None if name in is_open else getattr(row, name) for row in stored] for name in (*_KEYS, *FILLED)}
    said = fill(pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()}), lists, client)
    counts: Counter[tuple[str, str | None, str | None]] = Counter()
    for name in FILLED:
        for row, after in zip(stored, said[name].to_pylist(), strict=True):
            if getattr(row, name) != after:
                counts[name, getattr(row, name), after] += row.rows
    return tuple(Change(*key, rows) for key, rows in counts.most_common())
