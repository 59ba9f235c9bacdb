"""What each index of `raw.primary_data` costs a load and takes on disk, and what others would."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import psycopg

LOADS, LOADS_A_BUILD = 20, 4

_AS_IT_IS = "as it is"

# What might be there: the column whose index goes for it, and what comes.
CANDIDATES = {
    "`period` as a BRIN": ("period", "USING brin (period)"),
    "`report_provider_name` as a B-tree": ("report_provider_name", "(report_provider_name)"),
    "one more: `tms_id_ish`": (None, "(tms_id_ish)"),
    "one more: `tms`": (None, "(tms)"),
}

_INDEXES = """
SELECT pg_get_indexdef(indexrelid), indexrelid::regclass::text, pg_relation_size(indexrelid),
       (SELECT conname FROM pg_constraint WHERE conindid = indexrelid)
FROM pg_index WHERE indrelid = 'raw.weighed'::regclass ORDER BY 1
"""


def weigh(url: str, month_table: str, statement: str, rows: bytes) -> list[dict[str, Any]]:
    """What the COPY of `rows` into a month takes without each of its indexes, and with each candidate, as a share of
    what it takes now; and the bytes of each. `statement` copies into `raw.primary_data`."""
    with psycopg.connect(url, autocommit=True) as admin:
        # A table of its own, because a partition's indexes belong to the whole.
        admin.execute(f"CREATE TABLE raw.weighed (LIKE {month_table} INCLUDING ALL)".encode())
        try:
            admin.execute(f"INSERT INTO raw.weighed SELECT * FROM {month_table}".encode())  # noqa: S608 - our own name
            admin.execute("VACUUM ANALYZE raw.weighed")
            return _weighed(admin, statement.replace("raw.primary_data", "raw.weighed"), rows)
        finally:
            admin.execute("DROP TABLE raw.weighed")


def _weighed(admin: psycopg.Connection[Any], copy: str, rows: bytes) -> list[dict[str, Any]]:
    variants = _variants(admin)
    times: dict[str, list[float]] = {what: [] for what in variants}
    sizes: dict[str, int | None] = {}
    for _ in range(LOADS // LOADS_A_BUILD):
        for what, (changes, size) in variants.items():
            with admin.transaction(force_rollback=True):
                for change in changes:
                    admin.execute(change.encode())
                sizes[what] = size or _size_of_candidate(admin)
                # The first after a change warms up.
                times[what] += [_seconds(admin, copy, rows) for _ in range(LOADS_A_BUILD + 1)][1:]
            admin.execute("VACUUM raw.weighed")
    as_it_is = median(times[_AS_IT_IS])
    return [
        {"what": what, "share": median(seconds) / as_it_is, "bytes": sizes[what]}
        for what, seconds in times.items()
        if what != _AS_IT_IS
    ]


def _variants(admin: psycopg.Connection[Any]) -> dict[str, tuple[list[str], int | None]]:
    """What changes the indexes to each of the variants, and the bytes of the index that goes."""
    indexes = admin.execute(_INDEXES).fetchall()
    gone = {
        definition.partition(" USING ")[2]: f"ALTER TABLE raw.weighed DROP CONSTRAINT {key}"
        if key
        else f"DROP INDEX {name}"
        for definition, name, _, key in indexes
    }
    variants: dict[str, tuple[list[str], int | None]] = {_AS_IT_IS: ([], None)}
    for (definition, change), (*_, size, _) in zip(gone.items(), indexes, strict=True):
        variants[f"without `{definition}`"] = ([change], size)
    variants["without any"] = (list(gone.values()), sum(size for *_, size, _ in indexes))
    for what, (column, definition) in CANDIDATES.items():
        replaced = [change for old, change in gone.items() if column and f"({column}" in old]
        variants[what] = ([*replaced, f"CREATE INDEX candidate ON raw.weighed {definition}"], None)
    return variants


def _size_of_candidate(admin: psycopg.Connection[Any]) -> int | None:
    row = admin.execute("SELECT pg_relation_size(to_regclass('raw.candidate'))").fetchone()
    return row[0] if row else None


def _seconds(admin: psycopg.Connection[Any], statement: str, rows: bytes) -> float:
    """Of one COPY, taken back."""
    with admin.transaction(force_rollback=True):
        started = time.perf_counter()
        with admin.cursor().copy(statement.encode()) as copy:
            copy.write(rows)
        return time.perf_counter() - started
