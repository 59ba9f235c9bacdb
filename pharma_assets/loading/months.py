"""The monthly partitions of `raw.primary_data`."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, Engine, text


def ensure_month(engine: Engine, first_day: date) -> None:
    """Make the partition that holds a month, if it is not there.

    The database does it, with its owner's rights (`ops.ensure_month`): who loads may not change the schema.
    """
    with engine.begin() as connection:
        if not _exists(connection, f"primary_data_{first_day:%Y_%m}"):
            connection.execute(text("SELECT ops.ensure_month(:first_day)"), {"first_day": first_day})


def _exists(connection: Connection, name: str) -> bool:
    # The catalog itself: to_regclass() may answer from this session's cache, which an advisory lock does not renew.
    query = "SELECT EXISTS (SELECT FROM pg_class WHERE relname = :name AND relnamespace = 'raw'::regnamespace)"
    return bool(connection.scalar(text(query), {"name": name}))
