"""The monthly partitions of `raw.primary_data`."""

from __future__ import annotations

from datetime import date

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, text

from pharma_assets.database.connect import psycopg_connection


def ensure_month(engine: Engine, first_day: date) -> None:
    """Make the partition that holds a month, if it is not there.

    It is made detached and then attached, because that takes a lock which readers and writers of other months do not
    feel; `CREATE TABLE … PARTITION OF` would stop them.
    """
    name = _name(first_day)
    with engine.begin() as connection:
        if _exists(connection, name):
            return
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"raw.{name}"})
        if _exists(connection, name):
            return
        make_month(psycopg_connection(connection), first_day)


def make_month(connection: psycopg.Connection, first_day: date) -> None:
    """Make the partition that holds a month, in the caller's transaction. It must not be there."""
    next_month = date(first_day.year + first_day.month // 12, first_day.month % 12 + 1, 1)
    statement = sql.SQL(
        """
        CREATE TABLE {partition} (LIKE raw.primary_data INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
        ALTER TABLE raw.primary_data ATTACH PARTITION {partition} FOR VALUES FROM ({first}) TO ({next});
        """
    ).format(
        partition=sql.Identifier("raw", _name(first_day)),
        first=sql.Literal(first_day.isoformat()),
        next=sql.Literal(next_month.isoformat()),
    )
    connection.execute(statement)


def _name(first_day: date) -> str:
    return f"primary_data_{first_day:%Y_%m}"


def _exists(connection: Connection, name: str) -> bool:
    # The catalog itself: to_regclass() may answer from this session's cache, which an advisory lock does not renew.
    query = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = :name AND relnamespace = 'raw'::regnamespace)"
    return bool(connection.scalar(text(query), {"name": name}))
