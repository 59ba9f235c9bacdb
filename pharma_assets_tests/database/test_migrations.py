"""The schema and how it comes to be."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import psycopg
import pytest

from pharma_assets.database.migrations import MIGRATIONS, migrate, pending
from pharma_assets.database.server import EmbeddedServer
from pharma_assets.database.urls import connect
from pharma_assets.errors import PharmaError

ALL = sorted(path.stem for path in MIGRATIONS.glob("*.sql"))
MIGRATE = (
    "import sys, pathlib; from pharma_assets.database.migrations import migrate; "
    "print(' '.join(migrate(sys.argv[1], folder=pathlib.Path(sys.argv[2]))))"
)
REGISTER = """
    INSERT INTO ops.file_registry
        (file_path, uploaded_at, status, data_provider, report_year, report_month, client_name, report_type)
    VALUES (%(path)s, now(), %(status)s, %(provider)s, %(year)s, %(month)s, 'Client_01', 'Type1') RETURNING id
"""
REGULAR = {"path": "a/b.csv", "status": "NEW", "provider": "Сеть", "year": 2025, "month": 6}
LOAD = """
    INSERT INTO ops.file_load
        (file_id, version, content_hash, transform_fingerprint, partition_month,
         rows_read, rows_loaded, rows_left_out, rows_left_out_total, rows_rejected)
    VALUES (%s, 1, 'c', 't', '2025-06-01', %s, %s, '{"zero": 2}', %s, %s) RETURNING id
"""


def register(connection: psycopg.Connection, **changes: object) -> int:
    row = connection.execute(REGISTER, {**REGULAR, **changes}).fetchone()
    assert row is not None
    return int(row[0])


def test_migrating_twice_applies_once(blank_database: str) -> None:
    assert pending(blank_database) == ALL
    assert migrate(blank_database) == ALL
    assert pending(blank_database) == []
    assert migrate(blank_database) == []


def test_nothing_to_do_is_quick(database: str) -> None:
    migrate(database)
    best = min(_seconds_to_migrate(database) for _ in range(5))
    assert best < 0.06


def _seconds_to_migrate(url: str) -> float:
    before = time.monotonic()
    assert migrate(url) == []
    return time.monotonic() - before


def test_the_timezone_follows_the_setting(blank_database: str) -> None:
    for timezone in ("Europe/Moscow", "Asia/Novosibirsk"):
        migrate(blank_database, timezone)
        with connect(blank_database) as connection:
            assert connection.execute("SHOW timezone").fetchone() == (timezone,)
    with pytest.raises(PharmaError, match="Atlantis") as caught:
        migrate(blank_database, "Atlantis")
    assert caught.value.code == "MIGRATION_FAILED"


def test_processes_that_migrate_at_once_apply_once(blank_database: str) -> None:
    command = [sys.executable, "-c", MIGRATE, blank_database, str(MIGRATIONS)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(outputs) == [[], [], [], ALL]


def test_a_failed_file_leaves_nothing_of_itself(blank_database: str, tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("CREATE TABLE one (n int);")
    second = tmp_path / "0002_two.sql"
    second.write_text("CREATE TABLE two (n int); SELECT 1 / 0;")
    with pytest.raises(PharmaError, match="0002_two: division by zero") as caught:
        migrate(blank_database, folder=tmp_path)
    assert caught.value.code == "MIGRATION_FAILED"
    assert pending(blank_database, tmp_path) == ["0002_two"]
    second.write_text("CREATE TABLE two (n int);")
    assert migrate(blank_database, folder=tmp_path) == ["0002_two"]


def test_a_killed_migration_is_repeated(blank_database: str, tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("CREATE TABLE one (n int);")
    second = tmp_path / "0002_two.sql"
    second.write_text("CREATE TABLE two (n int); SELECT pg_sleep(600);")
    with subprocess.Popen([sys.executable, "-c", MIGRATE, blank_database, str(tmp_path)]) as process:
        with connect(blank_database, autocommit=True) as watcher:
            sleeping = "SELECT FROM pg_stat_activity WHERE query LIKE %s AND wait_event = 'PgSleep'"
            deadline = time.monotonic() + 20
            while watcher.execute(sleeping, ["CREATE TABLE two%"]).fetchone() is None:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        process.kill()
    second.write_text("CREATE TABLE two (n int);")
    assert migrate(blank_database, folder=tmp_path) == ["0002_two"]


def test_a_killed_migration_leaves_no_lock(blank_database: str, tmp_path: Path) -> None:
    """yoyo's own lock is a row that a killed process leaves behind; here it must not matter."""
    (tmp_path / "0001_one.sql").write_text("CREATE SCHEMA IF NOT EXISTS ops;")
    migrate(blank_database, folder=tmp_path)
    with connect(blank_database, autocommit=True) as connection:
        assert connection.execute("SELECT to_regclass('ops.yoyo_lock')").fetchone() == (None,)
        connection.execute("CREATE TABLE ops.yoyo_lock (locked int PRIMARY KEY, ctime timestamp, pid int)")
        connection.execute("INSERT INTO ops.yoyo_lock VALUES (1, now(), 1)")
    (tmp_path / "0002_two.sql").write_text("CREATE TABLE two (n int);")
    assert migrate(blank_database, folder=tmp_path) == ["0002_two"]


def test_a_role_without_rights_is_told_so(server: EmbeddedServer) -> None:
    with pytest.raises(PharmaError) as caught:
        migrate(server.url("template1"))
    assert caught.value.code == "MIGRATION_FAILED"


def test_yoyos_tables_are_not_in_public(database: str) -> None:
    with connect(database) as connection:
        schemas = connection.execute(
            "SELECT DISTINCT table_schema FROM information_schema.tables"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        ).fetchall()
    assert schemas == [("ops",), ("raw",)]


def test_a_path_is_registered_once(database: str) -> None:
    with connect(database) as connection:
        register(connection)
        with pytest.raises(psycopg.errors.UniqueViolation):
            register(connection)


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("path", "/absolute.csv"),
        ("path", "back\\slash.csv"),
        ("path", ""),
        ("status", "DONE"),
        ("provider", "Сети"),
        ("year", 1999),
        ("month", 13),
    ],
)
def test_the_registry_refuses(database: str, column: str, wrong: object) -> None:
    with connect(database) as connection, pytest.raises(psycopg.errors.CheckViolation):
        register(connection, **{column: wrong})


def test_a_file_has_one_current_load(database: str) -> None:
    with connect(database, autocommit=True) as connection:
        file_id = register(connection)
        connection.execute(LOAD, [file_id, 10, 7, 2, 1])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(LOAD, [file_id, 10, 7, 2, 1])
        connection.execute("UPDATE ops.file_load SET superseded_at = now() WHERE file_id = %s", [file_id])
        connection.execute(LOAD, [file_id, 10, 7, 2, 1])


def test_rows_must_be_accounted_for(database: str) -> None:
    with connect(database) as connection:
        file_id = register(connection)
        with pytest.raises(psycopg.errors.CheckViolation, match="file_load_rows_check"):
            connection.execute(LOAD, [file_id, 10, 7, 2, 0])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ops.file_event SET event = 'X'",
        "DELETE FROM ops.file_event",
        "DELETE FROM ops.file_event WHERE false",
        "TRUNCATE ops.file_event",
    ],
)
def test_events_are_append_only(database: str, statement: str) -> None:
    with connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO ops.file_event (file_id, event) VALUES (1, 'REGISTERED')")
        with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
            connection.execute(statement.encode())
        assert connection.execute("SELECT count(*) FROM ops.file_event").fetchone() == (1,)


INSERT_ROW = """
    INSERT INTO raw.primary_data (period, file_id, source_sheet, source_row, partition_month)
    VALUES ('2025-06-01 00:00', 1, 'Лист1', %s, '2025-06-01') RETURNING id
"""


def add_june(connection: psycopg.Connection) -> None:
    """As the loader does it: detached first, attached when it is whole."""
    connection.execute("CREATE TABLE raw.june (LIKE raw.primary_data INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    connection.execute(
        "ALTER TABLE raw.primary_data ATTACH PARTITION raw.june FOR VALUES FROM ('2025-06-01') TO ('2025-07-01')"
    )


def test_months_are_partitions_and_rows_are_not_doubled(database: str) -> None:
    with connect(database, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.CheckViolation, match="no partition"):
            connection.execute(INSERT_ROW, [1])
        add_june(connection)
        first = connection.execute(INSERT_ROW, [1]).fetchone()
        second = connection.execute(INSERT_ROW, [2]).fetchone()
        assert first is not None
        assert second is not None
        assert second[0] > first[0]
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(INSERT_ROW, [2])


def test_months_of_a_period_are_moscow_months(database: str) -> None:
    with connect(database) as connection:
        add_june(connection)
        connection.execute(INSERT_ROW, [1])
        months = connection.execute("SELECT date_trunc('month', period)::date FROM raw.primary_data").fetchall()
        in_utc = connection.execute("SELECT (period AT TIME ZONE 'UTC')::date FROM raw.primary_data").fetchall()
    assert months == [(date(2025, 6, 1),)]
    assert in_utc == [(date(2025, 5, 31),)]
