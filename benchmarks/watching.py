"""Watching a full registry, beside one grouped pass over it: `python -m benchmarks.watching`.

43,200 files of 1,200 client-months; 200 in ERROR, 1,000 without a layout, the others loaded. A round of alerts asks
what waits and finds that all of it was told; a scrape asks all figures, Dagster's too. Floor: counting the files by
status.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
from pydantic import SecretStr
from sqlalchemy import Engine, text

from benchmarks.measure import Step, Target, interleave, scratch_server, show_targets, show_times
from pharma_assets.alerts.items import REGISTRY_KINDS, waiting_items
from pharma_assets.alerts.recipients import common_recipients
from pharma_assets.alerts.rounds import tell
from pharma_assets.database.urls import engine
from pharma_assets.instance import prepare
from pharma_assets.metrics import PlatformCollector, exposition
from pharma_assets.settings import Settings

ROUNDS = 9
FILES = 43_200

_FILL = """
    INSERT INTO ops.file_registry (file_path, uploaded_at, status, error_reason, error_detail, data_provider,
        report_year, report_month, client_name, report_type, content_hash)
    SELECT format('Поставщики данных/Сети/%%s.xlsx', n), now(),
        CASE WHEN n <= 200 THEN 'ERROR' WHEN n <= 1200 THEN 'PROCESSING' ELSE 'CREATED' END,
        CASE WHEN n <= 200 THEN 'EMPTY_FILE' WHEN n <= 1200 THEN 'NO_SCRIPT_FOUND' END,
        '{"message": "m", "advice": "a"}', 'Сеть', 2023 + n %% 3, 1 + n / 3 %% 12, 'Client_' || n / 36 %% 40,
        'Type1', 'c'
    FROM generate_series(1, %(files)s) AS n;
"""
_LOAD = """
    INSERT INTO ops.file_load (file_id, version, content_hash, transform_fingerprint, partition_month, rows_read,
        rows_loaded, rows_rejected)
    SELECT id, 1, 'c', 't', '2025-06-01', 10, 10, 0 FROM ops.file_registry WHERE status = 'CREATED'
"""


def main() -> int:
    with scratch_server() as (folder, server):
        settings = Settings(
            home=folder / "home",
            inbox=folder,
            database_url=SecretStr(server.url()),
            # Told of everything before it begins: nothing is sent.
            alert_webhooks=(SecretStr("http://127.0.0.1:9/x"),),
        )
        os.environ.update(prepare(settings))
        database = engine(server.url())
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(_FILL, {"files": FILES})
            connection.execute(_LOAD)
            connection.execute("VACUUM ANALYZE")
        with database.connect() as connection:
            items = waiting_items(connection, personal=False)
        with psycopg.connect(server.url()) as connection:
            for item in items:
                connection.execute(
                    "INSERT INTO ops.alert_item (channel, recipient, item, alert_id) VALUES ('webhook', %s, %s, 1)",
                    [_recipient(settings), item.key],
                )
        collector = PlatformCollector(settings, server.url())
        floor = Step("files by status", _counting(database))
        asked = Step("what waits", lambda: _waiting(database, len(items)))
        told = Step("a round of alerts with nothing new", lambda: _round(database, settings))
        scraped = Step("a scrape of all figures", lambda: exposition(collector))
        steps = [floor, asked, told, scraped]
        interleave(steps, ROUNDS)
        database.dispose()
    show_times(f"watching {FILES} files, {len(items)} things wait, {ROUNDS} rounds", steps)
    return 0 if show_targets([Target(step, floor) for step in steps[1:]]) else 1


def _recipient(settings: Settings) -> str:
    (recipient,) = common_recipients(settings)
    return recipient.name


def _counting(database: Engine) -> Callable[[], object]:
    def count() -> object:
        with database.connect() as connection:
            query = "SELECT status, count(*) FROM ops.file_registry GROUP BY 1"
            return connection.execute(text(query)).all()

    return count


def _waiting(database: Engine, expected: int) -> None:
    with database.connect() as connection:
        assert len(waiting_items(connection, personal=False)) == expected


def _round(database: Engine, settings: Settings) -> None:
    with database.connect() as connection:
        items = waiting_items(connection, personal=False)
    assert tell(database, settings, items, REGISTRY_KINDS, lambda client: None, datetime.now(UTC)) == []


if __name__ == "__main__":
    sys.exit(main())
