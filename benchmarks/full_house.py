"""A platform in which every client-month has been taken in, as far as scan, sensor and Dagster's pages can tell.

One report is really taken in; its rows in Dagster's tables are then written for all the other client-months too.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.measure import scratch_server
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import SUPPLIERS_FOLDER, Provider
from pharma_assets.model.report_path import leaf_path
from pharma_assets.settings import PROJECT

LAYOUT = PROJECT / "client_transforms" / "distributors" / "Client_01"
LAST_YEAR = 2025
# Every so many client-months has no colour, as in life.
GAP = 17

_LOADED = """
    UPDATE ops.file_registry SET status = 'CREATED', error_reason = NULL, content_hash = id::text,
        transform_fingerprint = known.print, claimed_by = NULL, claimed_until = NULL
    FROM (SELECT transform_fingerprint AS print FROM ops.file_load LIMIT 1) known
    WHERE id NOT IN (SELECT file_id FROM ops.file_load);
    INSERT INTO ops.file_load (file_id, version, content_hash, transform_fingerprint, partition_month, rows_read,
        rows_loaded, rows_rejected, sums, run_id)
    SELECT f.id, f.version, f.content_hash, f.transform_fingerprint, make_date(f.report_year, f.report_month, 1), 1, 1,
        0, '{}', 'benchmark'
    FROM ops.file_registry f WHERE f.id NOT IN (SELECT file_id FROM ops.file_load)
"""


@dataclass(frozen=True)
class House:
    """Its state folder, the database's URL, and the client-months."""

    home: Path
    url: str
    months: list[ClientMonth]


def numbered_clients(count: int) -> list[Client]:
    """So many clients, of both providers in turn."""
    providers = list(Provider)
    return [Client(providers[number % 2], f"Client_{number // 2 + 1:02d}") for number in range(count)]


@contextmanager
def full_house(clients: int, months: int) -> Iterator[House]:
    """So many clients with so many months each, up to December of LAST_YEAR; sets this process's environment.

    To be used once in a process, before Dagster's definitions are imported: they read it.
    """
    for name in [name for name in os.environ if name.startswith("PHARMA_")]:
        del os.environ[name]
    first_year = LAST_YEAR - (months - 1) // 12
    with scratch_server() as (folder, server):
        home, transforms = folder / "home", folder / "transforms"
        os.environ |= {
            "PHARMA_HOME": str(home),
            "PHARMA_TRANSFORMS": str(transforms),
            "PHARMA_SETTLE_SECONDS": "0",
            "PHARMA_SCAN_BUDGET_SECONDS": "50",
            "PHARMA_TREE": json.dumps({"years": list(range(first_year, LAST_YEAR + 1))}),
        }
        names = numbered_clients(clients)
        ends = [LAST_YEAR * 12 + 11 - number for number in range(months)]
        whole = [ClientMonth(client, end // 12, end % 12 + 1) for client in names for end in ends]
        for client in names:
            layout = transforms / client.provider.transforms_folder / client.name / "layout.yaml"
            layout.parent.mkdir(parents=True)
            shutil.copy(LAYOUT / "layout.yaml", layout)
        house = House(home, server.url(), whole)
        _fill(house)
        yield house


def _fill(house: House) -> None:
    from pharma_assets.instance import dagster_instance, prepare  # noqa: PLC0415 - they read the environment
    from pharma_assets.settings import load_settings  # noqa: PLC0415

    report = (LAYOUT / "examples" / "preamble" / "input.xlsx").read_bytes()
    _drop(house, ClientMonth(house.months[0].client, 2025, 6), report)
    prepare(load_settings())

    from pharma_assets.tick import run_tick  # noqa: PLC0415

    (run,) = run_tick(lambda line: None).runs
    assert run.success, run.message
    for month in house.months:
        _drop(house, month, b"x")
    with dagster_instance() as instance:
        instance.add_dynamic_partitions("client", sorted({month.client.key for month in house.months}))
    _scan()
    with psycopg.connect(house.url) as connection:
        for statement in _LOADED.split(";"):
            connection.execute(statement.encode())
        loaded = str(run.partition)
        keys = [month.key for month in house.months if month.key != loaded]
        _copy_events(connection, loaded, [key for number, key in enumerate(keys) if number % GAP])
    with psycopg.connect(house.url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _drop(house: House, month: ClientMonth, content: bytes) -> None:
    folder = house.home / "inbox" / SUPPLIERS_FOLDER / leaf_path(month, "Type1")
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "report.xlsx").exists():
        (folder / "report.xlsx").write_bytes(content)


def _scan() -> None:
    from pharma_assets.intake import take_in  # noqa: PLC0415
    from pharma_assets.loading.platform import open_platform  # noqa: PLC0415
    from pharma_assets.settings import load_settings  # noqa: PLC0415

    with open_platform(load_settings()) as platform:
        while not take_in(platform, "benchmark").scan.complete:
            pass


def _copy_events(connection: psycopg.Connection, loaded: str, keys: list[str]) -> None:
    """What Dagster keeps of the partition that was loaded, for the others too: events, their tags, and checks."""
    connection.execute("SET search_path TO dagster")
    events = _rows(connection, "event_logs", sql.SQL("partition = {}").format(loaded))
    checks = _rows(connection, "asset_check_executions", sql.SQL("partition = {}").format(loaded))
    answers = _rows(
        connection,
        "event_logs",
        sql.SQL("id IN (SELECT evaluation_event_storage_id FROM asset_check_executions WHERE partition = {})").format(
            loaded
        ),
    )
    tags = {
        event["id"]: _rows(connection, "asset_event_tags", sql.SQL("event_id = {}").format(event["id"]))
        for event in [*events, *answers]
    }
    row = connection.execute("SELECT max(id) FROM event_logs").fetchone()
    number = int(row[0]) if row else 0
    old, of_tables = json.dumps(loaded)[1:-1], {"event_logs": [], "asset_event_tags": [], "asset_check_executions": []}
    tables: dict[str, list[dict[str, Any]]] = of_tables
    client, month = loaded.split("|")
    for key in keys:
        new = json.dumps(key)[1:-1]
        numbers: dict[int, int] = {}
        # In the order in which they came: a check is about a materialization that stands before it.
        for event in sorted({event["id"]: event for event in [*events, *answers]}.values(), key=lambda row: row["id"]):
            number += 1
            numbers[event["id"]] = number
            text = event["event"].replace(old, new).replace(loaded, key)
            partition = key if event["partition"] == loaded else event["partition"]
            tables["event_logs"].append({**event, "id": number, "event": text, "partition": partition})
            for tag in tags[event["id"]]:
                value = {client: key.split("|")[0], month: key.split("|")[1]}.get(tag["value"], tag["value"])
                tables["asset_event_tags"].append({**tag, "id": None, "value": value, "event_id": number})
        for check in checks:
            about = check["materialization_event_storage_id"]
            tables["asset_check_executions"].append(
                {
                    **check,
                    "id": None,
                    "partition": key,
                    "evaluation_event": check["evaluation_event"].replace(old, new).replace(loaded, key),
                    "evaluation_event_storage_id": numbers[check["evaluation_event_storage_id"]],
                    "materialization_event_storage_id": numbers.get(about, about),
                }
            )
        if len(tables["event_logs"]) > 20_000:
            _write(connection, tables)
    _write(connection, tables)
    connection.execute("SELECT setval('event_logs_id_seq', (SELECT max(id) FROM event_logs))")
    connection.execute("UPDATE asset_keys SET cached_status_data = NULL")


def _rows(connection: psycopg.Connection, table: str, condition: sql.Composable) -> list[dict[str, Any]]:
    cursor = connection.execute(
        sql.SQL("SELECT * FROM {} WHERE {} ORDER BY id").format(sql.Identifier(table), condition)
    )
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _write(connection: psycopg.Connection, tables: dict[str, list[dict[str, Any]]]) -> None:
    for table, rows in tables.items():
        if not rows:
            continue
        names = [name for name in rows[0] if name != "id" or rows[0]["id"] is not None]
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        with connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])
        rows.clear()
