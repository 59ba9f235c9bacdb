"""From SQLAlchemy's connection to the driver's, for COPY."""

from __future__ import annotations

from typing import Any, cast

import psycopg
from sqlalchemy import Connection


def psycopg_connection(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection below a SQLAlchemy one; it shares the transaction."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
