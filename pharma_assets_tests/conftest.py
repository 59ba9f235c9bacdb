"""One embedded PostgreSQL for a whole test run, shared by its xdist workers; a fresh database a test."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from filelock import FileLock
from hypothesis import settings
from psycopg import sql

from pharma_assets.database.migrations import migrate
from pharma_assets.database.server import DEFAULT_TIMEZONE, ROLE, EmbeddedServer

# Machines are shared: a slow moment is no failure.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

_HOME_VARIABLE = "PHARMA_TESTS_SERVER_HOME"
_TEMPLATE = "pharma_template"


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """Name the run's server before the workers start: they inherit the environment. Nothing is made yet."""
    if not _is_worker(config):
        name = f"pharma-tests-{os.getpid()}-{secrets.token_hex(4)}"
        os.environ[_HOME_VARIABLE] = str(Path(tempfile.gettempdir()) / name)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the run's server, if a test has started it. The workers have ended by now."""
    home = None if _is_worker(config) else os.environ.pop(_HOME_VARIABLE, None)
    if home and Path(home).exists():
        EmbeddedServer(Path(home)).stop()
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def server() -> EmbeddedServer:
    """The test run's own embedded server, running."""
    home = Path(os.environ[_HOME_VARIABLE])
    home.mkdir(mode=0o700, exist_ok=True)
    embedded = EmbeddedServer(home)
    embedded.start()
    return embedded


@pytest.fixture(scope="session")
def template_database(server: EmbeddedServer) -> str:
    """The name of a migrated database to copy from."""
    # Made under another name first: nobody may be connected to a database that is being copied.
    unfinished = sql.Identifier(f"{_TEMPLATE}_new")
    with (
        FileLock(server.home / "template.lock"),
        psycopg.connect(server.superuser_url(), autocommit=True) as admin,
    ):
        if admin.execute("SELECT FROM pg_database WHERE datname = %s", [_TEMPLATE]).fetchone() is None:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(unfinished))
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(unfinished, sql.Identifier(ROLE)))
            migrate(server.url(f"{_TEMPLATE}_new"))
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            admin.execute(rename.format(unfinished, sql.Identifier(_TEMPLATE)))
    return _TEMPLATE


@pytest.fixture
def database(server: EmbeddedServer, template_database: str) -> Iterator[str]:
    """The URL, as the platform's role, of a migrated and empty database of the test's own."""
    yield from fresh_database(server, template_database)


@pytest.fixture
def blank_database(server: EmbeddedServer) -> Iterator[str]:
    """The same without any migration applied."""
    yield from fresh_database(server, "template1")


def fresh_database(server: EmbeddedServer, template: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    quoted = sql.Identifier(name)
    create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
    set_timezone = sql.SQL("ALTER DATABASE {} SET timezone = {}")
    with psycopg.connect(server.superuser_url(), autocommit=True) as admin:
        admin.execute(create.format(quoted, sql.Identifier(ROLE), sql.Identifier(template)))
        if template != "template1":
            # Settings of a database are not copied with it.
            admin.execute(set_timezone.format(quoted, sql.Literal(DEFAULT_TIMEZONE)))
    yield server.url(name)
    with psycopg.connect(server.superuser_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))
