"""The embedded server's roles and database: an owner that is no superuser, and the suppliers' time zone."""

# ruff: noqa: PLC0415 - psycopg is not needed by `--help`

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

ROLE = "pharma"
SUPERUSER = "postgres"
# Made only when they are asked for (`roles`).
LOADER = "pharma_loader"
READER = "pharma_reader"

_RIGHTS = {ROLE: "LOGIN NOSUPERUSER", SUPERUSER: "LOGIN SUPERUSER"}


def set_up(superuser_url: str, passwords: Mapping[str, str], database: str, timezone: str) -> None:
    """Make the role and its database, and set both roles' passwords. Each step checks first, so that a killed start is
    repeated safely. Raises psycopg.Error."""
    import psycopg

    with psycopg.connect(superuser_url, autocommit=True, connect_timeout=30) as connection:
        _set_up_roles(connection, passwords)
        _set_up_database(connection, database, timezone)


def _set_up_roles(connection: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    from psycopg import sql

    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(ROLE)))
    for role, password in passwords.items():
        # Hashed here: the statement may be logged, the password must not.
        hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} {} PASSWORD {}")
        rights = sql.SQL(_RIGHTS[role])
        connection.execute(statement.format(sql.Identifier(role), rights, sql.Literal(hashed.decode())))


def _set_up_database(connection: psycopg.Connection, database: str, timezone: str) -> None:
    from psycopg import sql

    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [database]).fetchone() is not None:
        return
    name = sql.Identifier(database)
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(ROLE)))
    set_timezone = sql.SQL("ALTER DATABASE {} SET timezone = {}")
    connection.execute(set_timezone.format(name, sql.Literal(timezone)))
