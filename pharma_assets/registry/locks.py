"""PostgreSQL advisory locks: the truth about who is working on what.

A lock lives and dies with its own connection, so a killed process frees it at once, on any machine. Nothing here uses
a pooled connection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from pharma_assets.database.urls import APPLICATION
from pharma_assets.model.client_month import ClientMonth

SCAN = "scan"


def client_month_lock(client_month: ClientMonth) -> str:
    """The name of the lock under which a client-month is worked on."""
    return f"client-month:{client_month.key}"


# A host that vanishes does not close its connections. The server looks after them, so that its locks do not outlive it
# for the two hours that systems take by default. Over a socket of the same machine this means nothing.
_LOCK = """
    SELECT set_config('tcp_keepalives_idle', '60', false), set_config('tcp_keepalives_interval', '15', false),
           set_config('tcp_keepalives_count', '4', false), pg_try_advisory_lock(:key) AS held
"""


@contextmanager
def try_lock(engine: Engine, name: str) -> Iterator[bool]:
    """Hold the named lock during the block; yields False, without waiting, where somebody else holds it."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Out of the pool: closing it must end the session, and the lock with it, whatever happened.
        connection.detach()
        held = bool(connection.execute(text(_LOCK), {"key": _key(name)}).one().held)
        try:
            yield held
        finally:
            if held:
                _unlock(connection, name)


def _unlock(connection: Connection, name: str) -> None:
    # A lost connection has freed the lock already, and must not hide the error that the block ended with.
    if not connection.closed and not connection.invalidated:
        connection.scalar(text("SELECT pg_advisory_unlock(:key)"), {"key": _key(name)})


def end_holder(connection: Connection, name: str) -> bool:
    """End the session that holds the named lock, if it is one of ours; whether there was one.

    Whoever had it can do no harm without it: what he writes is refused where somebody else has done it meanwhile.
    """
    ended = connection.execute(
        text(
            """
            SELECT pg_terminate_backend(s.pid) FROM pg_locks l JOIN pg_stat_activity s ON s.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
              AND (l.classid::bigint << 32) | l.objid::bigint = :key AND s.datname = current_database()
              AND s.usename = current_user AND s.application_name = :application
            """
        ),
        {"key": _key(name), "application": APPLICATION},
    )
    return bool(ended.all())


def held_locks(connection: Connection, names: Iterable[str]) -> set[str]:
    """Which of the named locks anybody holds now."""
    held = all_held(connection)
    return {name for name in names if is_held(held, name)}


def is_held(held: Collection[int], name: str) -> bool:
    """Whether the named lock is among those that `all_held` found."""
    return _key(name) in held


def all_held(connection: Connection) -> frozenset[int]:
    """The numbers of all locks that anybody holds now: for a question that is asked before the names are known."""
    rows = connection.execute(
        text(
            """
            SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
            WHERE locktype = 'advisory' AND objsubid = 1 AND granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        )
    )
    return frozenset(rows.scalars())


def _key(name: str) -> int:
    """A lock's number: 64 bits of a digest, signed as PostgreSQL's bigint is."""
    return int.from_bytes(hashlib.sha256(f"pharma-assets:{name}".encode()).digest()[:8], signed=True)
