"""Whether the process that works on a run still lives, on whichever machine: it holds a lock in Dagster's database.

A lock ends with its process and needs no clock, as those of client-months do; what no lock stands for any more is dead.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from dagster import DagsterInstance
from dagster_postgres import PostgresRunStorage
from sqlalchemy import Engine

from pharma_assets.database.urls import engine
from pharma_assets.registry.locks import held_locks, try_lock

# Between its last step and its last event a run holds no lock and is not dead.
LAST_EVENT_SECONDS = 5.0


@contextmanager
def alive(instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """Say during the block that this process works on the run. Raises what the database raises when it is away."""
    with _database(instance) as database:
        if database is None:
            yield
            return
        # Where it is held already, another process works on the same run: the locks of its client-months decide.
        with try_lock(database, _lock(run_id)):
            yield


def dead(instance: DagsterInstance, run_ids: Collection[str]) -> set[str]:
    """Those of the runs, each begun by a process, that no process works on any more.

    Looks twice, with a pause, where it finds any.
    """
    with _database(instance) as database:
        if database is None or not run_ids:
            return set()
        suspects = _without_lock(database, run_ids)
        if suspects:
            time.sleep(LAST_EVENT_SECONDS)
            suspects = _without_lock(database, suspects)
        return suspects


def _without_lock(database: Engine, run_ids: Collection[str]) -> set[str]:
    with database.connect() as connection:
        held = held_locks(connection, map(_lock, run_ids))
    return {run_id for run_id in run_ids if _lock(run_id) not in held}


def _lock(run_id: str) -> str:
    return f"run:{run_id}"


@contextmanager
def _database(instance: DagsterInstance) -> Iterator[Engine | None]:
    storage = instance.run_storage
    if not isinstance(storage, PostgresRunStorage):
        yield None
        return
    database = engine(storage.postgres_url)
    try:
        yield database
    finally:
        database.dispose()
