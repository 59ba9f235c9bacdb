"""One inbox and its database for all cases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.rows import dict_row

from pharma_assets.database.server import EmbeddedServer
from pharma_assets.loading.platform import open_platform
from pharma_assets.settings import Settings
from pharma_assets_tests.conftest import fresh_database
from pharma_assets_tests.database.bad_inputs.inbox import PASSWORD, Inbox

READ_SECONDS = 15
READ_MEMORY_MB = 1024


@pytest.fixture(scope="session")
def inbox(server: EmbeddedServer, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    folder = tmp_path_factory.mktemp("bad_inputs")
    with contextmanager(fresh_database)(server, template_database) as url:
        settings = Settings(
            home=folder / "home",
            inbox=folder / "inbox",
            database_url=url,
            settle_seconds=0,
            extensions=(),
            passwords=(PASSWORD,),
            read_seconds=READ_SECONDS,
            read_memory_mb=READ_MEMORY_MB,
        )
        settings.inbox_root.mkdir()
        with (
            open_platform(settings) as platform,
            psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection,
        ):
            connection.execute("SET timezone = 'Europe/Moscow'")
            yield Inbox(platform, connection, folder)
