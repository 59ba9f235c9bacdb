"""Month partitions: made once, whoever comes first, and attached with the table's own keys and indexes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine, text

from pharma_assets.database.urls import engine as make_engine
from pharma_assets.loading.months import ensure_month


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = make_engine(database)
    yield engine
    engine.dispose()


def partitions(engine: Engine) -> list[str]:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'raw.primary_data'::regclass ORDER BY 1"
    with engine.connect() as connection:
        return list(connection.scalars(text(query)))


def test_a_month_is_made_once_with_the_keys_of_the_table(engine: Engine) -> None:
    for month in (date(2025, 6, 1), date(2025, 12, 1), date(2025, 6, 1)):
        ensure_month(engine, month)
    assert partitions(engine) == ["raw.primary_data_2025_06", "raw.primary_data_2025_12"]
    query = "SELECT count(*) FROM pg_index WHERE indrelid = :table ::regclass"
    with engine.connect() as connection:
        counts = [connection.scalar(text(query), {"table": name}) for name in ("raw.primary_data", *partitions(engine))]
    assert counts[0] == counts[1] == counts[2]


def test_many_at_once_make_a_month_once(engine: Engine) -> None:
    errors: list[Exception] = []
    start = threading.Barrier(8)

    def make() -> None:
        try:
            start.wait()
            for month in range(1, 7):
                ensure_month(engine, date(2025, month, 1))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(partitions(engine)) == 6


def test_a_clients_rows_are_found_by_its_folder(engine: Engine) -> None:
    """Among 6,000 rows the month would be read as fast, so that is forbidden."""
    ensure_month(engine, date(2025, 6, 1))
    rows = (
        "INSERT INTO raw.primary_data (report_provider_name, file_id, source_sheet, source_row, partition_month)"
        " SELECT 'Client_0' || f, f, 'Лист1', r, '2025-06-01' FROM generate_series(1, 3) f, generate_series(1, 2000) r"
    )
    question = "SELECT count(*) FROM raw.primary_data WHERE report_provider_name = 'Client_02'"
    with engine.begin() as connection:
        connection.execute(text(rows))
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(connection.scalars(text(f"EXPLAIN {question}")))
        assert connection.scalar(text(question)) == 2000
    assert "Bitmap Index Scan on primary_data_2025_06_report_provider_name_idx" in plan
