"""The audit's part in the working folders: result files against the ledger, and drafts that were left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, text

from pharma_assets.database.connect import psycopg_connection
from pharma_assets.errors import PharmaError
from pharma_assets.files import sha256_of
from pharma_assets.loading.difference import Difference
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.working_folders import (
    OWNER_COLUMNS,
    TO_BE_LOADED,
    Owner,
    counting_names,
    listed,
    old_drafts,
    owners_of,
    told,
)
from pharma_assets.registry.locks import all_held, client_month_lock, is_held

_BATCH = 1_000
# Digests are computed without Python's lock; more at once than this only makes a disk seek.
_READERS = min(4, os.cpu_count() or 1)

_COUNTING = f"""
    SELECT l.id AS load_id, l.result_name, l.result_hash, l.partition_month, {OWNER_COLUMNS}
    FROM ops.file_load l JOIN ops.file_registry f ON f.id = l.file_id
    WHERE l.superseded_at IS NULL AND l.result_name IS NOT NULL
      AND (CAST(:month AS date) IS NULL OR l.partition_month = :month)
"""  # noqa: S608
_MISSING = f"{_COUNTING} AND NOT EXISTS (SELECT FROM listed WHERE name = l.result_name) ORDER BY l.id"
_NEXT = f"{_COUNTING} AND l.id > :after AND l.result_hash IS NOT NULL ORDER BY l.id LIMIT {_BATCH}"
_UNCOUNTED = f"""
    SELECT name FROM listed
    WHERE NOT EXISTS (SELECT FROM ops.file_load l WHERE l.superseded_at IS NULL AND l.result_name = name)
      AND NOT EXISTS (SELECT FROM ops.file_registry f WHERE f.result_name = name AND {TO_BE_LOADED})
    ORDER BY name
"""  # noqa: S608


def result_differences(platform: Platform, month: date | None, *, contents: bool) -> Iterator[Difference]:
    """Results that are missing, changed or unreadable, and files that no load counts."""
    uncounted, missing = _compare_names(platform, month)
    yield from _still_missing(platform, missing)
    yield from _orphans(platform, uncounted, month)
    if contents:
        yield from _changed(platform, month)


def _compare_names(platform: Platform, month: date | None) -> tuple[list[str], Sequence[Row[Any]]]:
    """The names in the folder that the ledger lacks, and its entries whose name the folder lacks."""
    not_text = []
    with platform.engine.begin() as connection:
        connection.execute(text("CREATE TEMP TABLE listed (name text) ON COMMIT DROP"))
        with (
            psycopg_connection(connection).cursor() as cursor,
            cursor.copy("COPY listed FROM STDIN") as copy,
        ):
            for entry in listed(platform.settings.results_folder):
                if _is_text(entry.name):
                    copy.write_row((entry.name,))
                else:
                    not_text.append(entry.name)
        connection.execute(text("ANALYZE listed"))
        uncounted = list(connection.execute(text(_UNCOUNTED)).scalars())
        return [*uncounted, *not_text], connection.execute(text(_MISSING), {"month": month}).all()


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _still_missing(platform: Platform, rows: Sequence[Row[Any]]) -> Iterator[Difference]:
    """A load that counted before and after its file was found missing has lost it: a file stands there before its load
    counts, and is replaced in one step."""
    folder = platform.settings.results_folder
    missing = [row for row in rows if not (folder / row.result_name).exists()]
    with platform.engine.connect() as connection:
        counting = _counting_loads(connection, missing)
    for row in missing:
        if row.load_id in counting:
            yield _of_load("RESULT_MISSING", row)


def _counting_loads(connection: Connection, rows: Sequence[Row[Any]]) -> set[int]:
    query = text("SELECT id FROM ops.file_load WHERE id = ANY(:ids) AND superseded_at IS NULL")
    return set(connection.execute(query, {"ids": [row.load_id for row in rows]}).scalars())


def _orphans(platform: Platform, names: Sequence[str], month: date | None) -> Iterator[Difference]:
    """Those that no load counts, nobody is working on, and which are still there."""
    folder = platform.settings.results_folder
    with platform.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        owners = owners_of(connection, names)
        # What is being made or set aside meanwhile is so under its lock; what the lock's end left is seen after it.
        held = all_held(connection)
        left = [name for name in names if (folder / name).exists()]
        counting = counting_names(connection, [owner.id for name in left for owner in owners[name]])
    for name in left:
        if name in counting or any(is_held(held, client_month_lock(owner.client_month)) for owner in owners[name]):
            continue
        if month is None or any(owner.client_month.first_day == month for owner in owners[name]):
            yield Difference(PharmaError("RESULT_ORPHANED", name=told(name)), next(iter(owners[name]), None), name)


def _changed(platform: Platform, month: date | None) -> Iterator[Difference]:
    """Those whose bytes are not the ones that were written."""
    after = 0
    folder = platform.settings.results_folder
    with ThreadPoolExecutor(_READERS) as readers:
        while True:
            with platform.engine.connect() as connection:
                rows = connection.execute(text(_NEXT), {"month": month, "after": after}).all()
            if not rows:
                return
            after = rows[-1].load_id
            digests = readers.map(_digest_or_why, [folder / row.result_name for row in rows])
            # None: missing, or set aside meanwhile.
            wrong = [
                (row, seen) for row, seen in zip(rows, digests, strict=True) if seen not in (None, row.result_hash)
            ]
            with platform.engine.connect() as connection:
                counting = _counting_loads(connection, [row for row, _ in wrong])
            for row, seen in wrong:
                if row.load_id in counting:
                    yield (
                        _of_load("RESULT_UNREADABLE", row, why=seen.strerror or seen)
                        if isinstance(seen, OSError)
                        else _of_load("RESULT_CHANGED", row)
                    )


def _digest_or_why(path: Path) -> str | OSError | None:
    try:
        return sha256_of(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return error


def _of_load(code: str, row: Row[Any], **facts: object) -> Difference:
    error = PharmaError(code, name=row.result_name, **facts)
    return Difference(error, Owner.of_row(row), row.result_name, row.partition_month, row.load_id)


def draft_remarks(platform: Platform, month: date | None) -> Iterator[Difference]:
    """Drafts that nobody has written to for long, and nobody is working on."""
    names = old_drafts(platform, datetime.now(platform.timezone))
    with platform.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        owners = owners_of(connection, names)
        held = all_held(connection)
    for name in names:
        if any(is_held(held, client_month_lock(owner.client_month)) for owner in owners[name]):
            continue
        if month is None or any(owner.client_month.first_day == month for owner in owners[name]):
            yield Difference(PharmaError("DRAFT_LEFT", name=told(name)), next(iter(owners[name]), None), name)
