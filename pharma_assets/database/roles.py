"""The roles beside the database's owner: who loads, and who reads.

The owner alone changes the schema (`db upgrade`). Both roles exist once in a server and are granted to databases; what
they may do in this one is in `grants.sql`.
"""

# ruff: noqa: PLC0415 - psycopg is not needed by `--help`

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pharma_assets.database.set_up import LOADER, READER
from pharma_assets.database.urls import connect
from pharma_assets.errors import PharmaError

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

_GRANTS = Path(__file__).parent / "grants.sql"
_ATTEMPTS = 5


def set_up_roles(admin_url: str, owner_url: str, passwords: Mapping[str, str]) -> list[str]:
    """Make the roles that are missing and grant them what they need; returns those that were made now.

    `admin_url`: somebody who may make roles; only asked if there is something to make or a password to set. A role in
    `passwords` may log in, the others are granted to people's own roles. Raises PharmaError ROLES_REFUSED.
    """
    from psycopg import Error

    try:
        with connect(owner_url, autocommit=True) as owner:
            missing = sorted({LOADER, READER} - _existing(owner))
        if missing or passwords:
            with connect(admin_url, autocommit=True) as admin:
                for role in missing:
                    _make(admin, role)
                for role, password in passwords.items():
                    _let_in(admin, role, password)
        renew_grants(owner_url)
    except Error as error:
        raise PharmaError("ROLES_REFUSED", why=str(error).strip()) from error
    return missing


def renew_grants(owner_url: str) -> bool:
    """Grant again, for tables that have come since; False where the roles were never set up."""
    with connect(owner_url) as owner:
        if _existing(owner) != {LOADER, READER}:
            return False
        # Two at once would be told that a row was updated concurrently.
        owner.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(b"grants")])
        owner.execute(_GRANTS.read_bytes())
    return True


def _existing(connection: psycopg.Connection) -> set[str]:
    query = "SELECT rolname::text FROM pg_roles WHERE rolname = ANY(%s)"
    return {name for (name,) in connection.execute(query, [[LOADER, READER]])}


def _make(admin: psycopg.Connection, role: str) -> None:
    from psycopg import errors, sql

    try:
        admin.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    except (errors.DuplicateObject, errors.UniqueViolation):
        return  # somebody else has made it meanwhile
    if role == READER:
        # Keeps from mistakes; what keeps from writing is that nothing is granted.
        _alter(admin, sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(sql.Identifier(role)))


def _let_in(admin: psycopg.Connection, role: str, password: str) -> None:
    from psycopg import sql

    # Hashed here: the statement may be logged, the password must not.
    hashed = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    _alter(admin, sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(hashed.decode())))


def _alter(admin: psycopg.Connection, statement: sql.Composed) -> None:
    """Once more where another session has changed the role meanwhile, which the server calls an internal error.

    An advisory lock would not keep others off: it holds in one database, and roles are the whole server's.
    """
    from psycopg import errors

    for _ in range(_ATTEMPTS - 1):
        try:
            admin.execute(statement)
        except errors.InternalError_:
            continue
        return
    admin.execute(statement)
