"""The numbered SQL files of `sql/`, each applied once, in order, in a transaction of its own.

yoyo keeps the record (`ops._yoyo_migration`). Two things of it are not used: its lock is a table row that
survives `kill -9` and then blocks everyone, so an advisory lock guards instead; and it commits a migration
before it records it, so here both are one transaction. A file's text is not compared with what was applied:
yoyo's hash is of the name only.
"""

# ruff: noqa: PLC0415 - yoyo costs 0.1 s to import, and most starts have nothing to apply

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pharma_assets.database.server import DEFAULT_TIMEZONE
from pharma_assets.database.urls import connect, libpq_url
from pharma_assets.errors import PharmaError
from pharma_assets.settings import PROJECT

if TYPE_CHECKING:
    import psycopg

MIGRATIONS = PROJECT / "sql"
FIRST = "0001_ops_file_registry"
OURS = ("ops.file_registry", "raw.primary_data")
"""The tables whose names and columns are a contract: another program may have made them first."""

# yoyo's tables live here so that `public` stays the users' own.
_SCHEMA = "ops"
_LOCK_KEY = int.from_bytes(b"migrate")
_LOCK_TIMEOUT = "15min"


def migrate(url: str, timezone: str = DEFAULT_TIMEZONE, folder: Path = MIGRATIONS) -> list[str]:
    """Bring the database up to date; the names of the files that were applied now.

    Any number of processes may call this at once. `timezone` becomes the database's default, which
    `date_trunc('month', period)` relies on. Raises PharmaError MIGRATION_FAILED or DATABASE_UNREACHABLE.
    """
    with connect(url, autocommit=True) as connection:
        if not _pending(connection, folder) and _timezone(connection) == timezone:
            return []
        with _only_one(connection):
            if _timezone(connection) != timezone:
                _set_timezone(connection, timezone)
            names = _pending(connection, folder)
            if names:
                if originals := original_tables(connection, folder):
                    raise PharmaError("ORIGINAL_TABLES", tables=", ".join(originals))
                _create_schema(connection)
                _apply(url, names, folder)
            return names


def original_tables(connection: psycopg.Connection, folder: Path = MIGRATIONS) -> list[str]:
    """The tables of another program that stand where the first migrations would make ours."""
    if FIRST not in _pending(connection, folder):
        return []
    query = "SELECT name FROM unnest(%s::text[]) AS t (name) WHERE to_regclass(name) IS NOT NULL"
    return [name for (name,) in connection.execute(query, [list(OURS)])]


@dataclass
class OneTransaction:
    """A transaction in which the database can be brought up to date, together with whatever else is done in it.

    `keep`: it is committed in the end.
    """

    connection: psycopg.Connection
    migrate: Callable[[], list[str]]
    keep: bool = True


@contextmanager
def one_transaction(url: str, timezone: str, folder: Path = MIGRATIONS) -> Iterator[OneTransaction]:
    """Have what the block does committed when it ends well, and nothing of it otherwise; nobody migrates meanwhile.

    Raises PharmaError MIGRATION_FAILED or DATABASE_UNREACHABLE.
    """
    from yoyo import read_migrations

    with connect(url, autocommit=True) as guard, _only_one(guard):
        if _timezone(guard) != timezone:
            _set_timezone(guard, timezone)
        _create_schema(guard)
        with _backend(url) as backend:
            _prepare(backend)
            backend.begin()

            def apply() -> list[str]:
                names = _pending(backend.connection, folder)
                migrations = {migration.id: migration for migration in read_migrations(str(folder))}
                for name in names:
                    _apply_one(backend, migrations[name])
                return names

            transaction = OneTransaction(backend.connection, apply)
            yield transaction
            # Where the block has ended otherwise, closing the connection takes everything back.
            (backend.commit if transaction.keep else backend.rollback)()


def pending(url: str, folder: Path = MIGRATIONS) -> list[str]:
    """The names of the files that `migrate` would apply."""
    with connect(url, autocommit=True) as connection:
        return _pending(connection, folder)


def _pending(connection: psycopg.Connection, folder: Path) -> list[str]:
    names = sorted(path.stem for path in folder.glob("*.sql"))
    table = f"{_SCHEMA}._yoyo_migration"
    if connection.execute("SELECT to_regclass(%s)", [table]).fetchone() == (None,):
        return names
    applied = {name for (name,) in connection.execute("SELECT migration_id FROM ops._yoyo_migration")}
    return [name for name in names if name not in applied]


@contextmanager
def _only_one(connection: psycopg.Connection) -> Iterator[None]:
    """Hold the migrations' advisory lock: it goes with the connection, however the process ends."""
    from psycopg.errors import LockNotAvailable

    try:
        connection.execute("SELECT set_config('lock_timeout', %s, false)", [_LOCK_TIMEOUT])
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
    except LockNotAvailable as error:
        raise PharmaError("MIGRATION_FAILED", name="the lock", why=f"not free after {_LOCK_TIMEOUT}") from error
    try:
        yield
    finally:
        connection.close()


def _create_schema(connection: psycopg.Connection) -> None:
    from psycopg import Error, sql

    try:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(_SCHEMA)))
    except Error as error:
        raise PharmaError("MIGRATION_FAILED", name=f"schema {_SCHEMA}", why=str(error)) from error


def _apply(url: str, names: list[str], folder: Path) -> None:
    from yoyo import read_migrations

    migrations = {migration.id: migration for migration in read_migrations(str(folder))}
    with _backend(url) as backend:
        _prepare(backend)
        for name in names:
            _apply_one(backend, migrations[name])


def _prepare(backend: Any) -> None:
    """Make yoyo's own tables."""
    from yoyo import internalmigrations

    if internalmigrations.needs_upgrading(backend):
        internalmigrations.upgrade(backend)


def _apply_one(backend: Any, migration: Any) -> None:
    """Run one file and record it, both or neither. Sent whole: PostgreSQL splits SQL best."""
    from psycopg import Error

    text = Path(migration.path).read_text(encoding="utf-8")
    try:
        with backend.transaction():
            backend.cursor().execute(text)
            # Without yoyo's log: that one resolves the host's full name, which may take seconds.
            backend.mark_one(migration, log=False)
    except Error as error:
        raise PharmaError("MIGRATION_FAILED", name=migration.id, why=str(error)) from error


def _backend(url: str) -> Any:
    """yoyo over psycopg 3, from libpq's own reading of the URL: yoyo's would turn `+` into a blank.

    Made without `get_backend`, which makes the lock table and a test table at each call.
    """
    from psycopg.conninfo import conninfo_to_dict
    from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
    from yoyo.connections import DatabaseURI
    from yoyo.migrations import default_migration_table

    arguments = conninfo_to_dict(libpq_url(url))
    uri = DatabaseURI(
        scheme="postgresql+psycopg",
        username=None,
        password=None,
        hostname=None,
        port=None,
        database=arguments.get("dbname"),
        args={**arguments, "schema": _SCHEMA},
    )
    return PostgresqlPsycopgBackend(uri, default_migration_table)


def _timezone(connection: psycopg.Connection) -> str | None:
    """The database's own default, which PGTZ or a role's setting may hide in this session."""
    row = connection.execute(
        "SELECT substring(item FROM '=(.*)$') FROM pg_db_role_setting, unnest(setconfig) AS item"
        " WHERE setrole = 0 AND item ILIKE 'timezone=%'"
        " AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).fetchone()
    return row[0] if row else None


def _set_timezone(connection: psycopg.Connection, timezone: str) -> None:
    from psycopg import Error, sql

    statement = sql.SQL("ALTER DATABASE {} SET timezone = {}")
    name = sql.Identifier(connection.info.dbname)
    try:
        connection.execute(statement.format(name, sql.Literal(timezone)))
    except Error as error:
        raise PharmaError("MIGRATION_FAILED", name=f"timezone {timezone}", why=str(error)) from error
