"""A burst of client-months through Dagster's daemon, beside its floor: `python -m benchmarks.burst`.

Timed is what people wait for: from the start of the sensor's tick that finds the files to the end of its last run, in
the processes of production. The floor is what no loader can do without, on as many processes as there are cores:
calamine reads the same files, and ready-made rows are copied into the same table and committed, file by file.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import psycopg
from dagster import DagsterInstance, DagsterRunStatus, RunRecord
from python_calamine import load_workbook

from benchmarks.full_house import numbered_clients
from benchmarks.measure import Figure, Step, Target, scratch_server, show_targets, show_times
from pharma_assets.database.server import DATABASE, EmbeddedServer
from pharma_assets.defs.runs import SENSOR_NAME
from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.instance import dagster_instance, prepare
from pharma_assets.loading.months import ensure_month
from pharma_assets.loading.platform import open_platform
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import SUPPLIERS_FOLDER
from pharma_assets.model.report_path import leaf_path
from pharma_assets.services import daemon, running
from pharma_assets.settings import PROJECT, load_settings
from pharma_assets_tests.platform.control_room import rest

LAYOUT = PROJECT / "client_transforms" / "distributors" / "Client_01" / "layout.yaml"
LIMIT = 1.5
MOST_IDLE_PERCENT = 15.0
PATIENCE_SECONDS = 1800


@dataclass(frozen=True)
class Burst:
    """The files of one round, one a client-month, and the ready rows of each."""

    home: Path
    url: str
    clients: Sequence[Client]
    month: date
    content: bytes

    @property
    def files(self) -> list[Path]:
        return [self._leaf(client) / "report.xlsx" for client in self.clients]

    def ready(self, file: Path) -> Path:
        return self.home / "ready" / "-".join(file.relative_to(self.home / "inbox").parts)

    def drop(self) -> None:
        for file in self.files:
            file.parent.mkdir(parents=True)
            file.write_bytes(self.content)

    def keep_ready_rows(self) -> str:
        """The rows that stand in the table now, as COPY takes them; returns the statement that takes them."""
        (self.home / "ready").mkdir(exist_ok=True)
        with psycopg.connect(self.url) as connection:
            filled = _filled_columns(connection)
            for file in self.files:
                name = str(file.relative_to(self.home / "inbox"))
                query = f"COPY (SELECT {filled} FROM raw.primary_data WHERE filename_ish = %s ORDER BY id) TO STDOUT"  # noqa: S608
                with connection.cursor().copy(query.encode(), [name]) as copy, self.ready(file).open("wb") as rows:
                    for block in copy:
                        rows.write(block)
            return f"COPY raw.primary_data ({filled}) FROM STDIN"

    def _leaf(self, client: Client) -> Path:
        month = ClientMonth(client, self.month.year, self.month.month)
        return self.home / "inbox" / SUPPLIERS_FOLDER / leaf_path(month, "Type1")


def _filled_columns(connection: psycopg.Connection) -> str:
    row = connection.execute("SELECT to_jsonb(d) - 'id' FROM raw.primary_data d LIMIT 1").fetchone()
    assert row is not None, "nothing was loaded"
    return ", ".join(name for name, value in row[0].items() if value is not None)


def read_and_copy(url: str, statement: str, file: Path, rows: Path) -> None:
    """The floor's work on one file."""
    load_workbook(io.BytesIO(file.read_bytes())).get_sheet_by_index(0).to_python()
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(rows.read_bytes())


def floor(burst: Burst, pool: ProcessPoolExecutor, statement: str) -> float:
    """Seconds that the least takes."""
    files = burst.files
    started = time.perf_counter()
    list(
        pool.map(
            read_and_copy, [burst.url] * len(files), [statement] * len(files), files, [burst.ready(f) for f in files]
        )
    )
    return time.perf_counter() - started


def by_daemon(burst: Burst, instance: DagsterInstance, environment: dict[str, str]) -> tuple[float, float, float]:
    """Drop the files and start the daemon, whose sensor looks at once. Returns the seconds from the start of the tick
    to the end of its last run, those until the first run began its work, and how busy all cores were from then on."""
    before = {record.dagster_run.run_id for record in instance.get_run_records()}
    burst.drop()
    rest(instance, SENSOR_NAME)
    with (burst.home / "daemon.log").open("wb") as log, running(daemon(), environment, log) as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        moments = []
        while True:
            time.sleep(1)
            moments.append((time.time(), psutil.cpu_times()))
            assert process.poll() is None, "the daemon has ended"
            assert time.monotonic() < deadline, "it takes too long"
            runs = [record for record in instance.get_run_records() if record.dagster_run.run_id not in before]
            if runs and all_succeeded(instance) and _loaded(burst):
                break
    whole, first = seconds_of(instance, runs)
    begun = min(record.start_time or 0 for record in runs)
    at_work = [times for moment, times in moments if begun <= moment <= begun + whole - first]
    return whole, first, busy(at_work[0], at_work[-1])


def busy(before: Any, after: Any) -> float:
    """The share of their time that the cores were at work."""
    spent = [late - early for early, late in zip(before, after, strict=True)]
    return 1 - (spent[before._fields.index("idle")] + spent[before._fields.index("iowait")]) / sum(spent)


def all_succeeded(instance: DagsterInstance) -> bool:
    """Whether all runs have ended; they must have ended well."""
    states = [record.dagster_run.status for record in instance.get_run_records()]
    assert not {DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}.intersection(states), "a run failed"
    return all(state is DagsterRunStatus.SUCCESS for state in states)


def seconds_of(instance: DagsterInstance, runs: Sequence[RunRecord]) -> tuple[float, float]:
    """From the start of the tick that has asked for the runs to the end of the last, and to the start of the first."""
    state = next(state for state in instance.all_instigator_state() if state.name == SENSOR_NAME)
    tick = max(
        tick.timestamp for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id) if tick.run_ids
    )
    return max(map(_end, runs)) - tick, min(record.start_time or 0 for record in runs) - tick


def _end(record: RunRecord) -> float:
    return record.end_time or 0


def _loaded(burst: Burst) -> bool:
    with psycopg.connect(burst.url) as connection:
        query = "SELECT count(*) FROM ops.file_load WHERE partition_month = %s AND superseded_at IS NULL"
        row = connection.execute(query, [burst.month]).fetchone()
    return row == (len(burst.clients),)


@contextmanager
def platform(folder: Path, server: EmbeddedServer, clients: Sequence[Client]) -> Iterator[tuple[Path, dict[str, str]]]:
    """A platform of its own that knows the clients; its state folder, and the environment of Dagster's processes."""
    for name in [name for name in os.environ if name.startswith("PHARMA_")]:
        del os.environ[name]
    home, transforms = folder / "home", folder / "transforms"
    (home / "inbox").mkdir()
    for client in clients:
        layout = transforms / client.provider.transforms_folder / client.name / "layout.yaml"
        layout.parent.mkdir(parents=True)
        shutil.copy(LAYOUT, layout)
    own = {"PHARMA_HOME": home, "PHARMA_TRANSFORMS": transforms, "PHARMA_SETTLE_SECONDS": 0}
    os.environ |= {name: str(value) for name, value in own.items()}
    yield home, {**{name: str(value) for name, value in own.items()}, **prepare(load_settings())}


def empty_table(server: EmbeddedServer) -> None:
    with psycopg.connect(server.superuser_url(DATABASE), autocommit=True) as admin:
        admin.execute("TRUNCATE raw.primary_data")
        admin.execute("CHECKPOINT")


def main() -> int:
    """Run the benchmark; 1 if the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client-months", type=int, default=80)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    clients = numbered_clients(given.client_months)
    content = client_01_xlsx(given.rows, date(2025, 1, 1)).content
    what = (
        f"{given.client_months} client-months of {given.rows:,} rows at once, from the tick to the end of the last run"
    )
    burst_step, floor_step = Step(what), Step("calamine + COPY + commit on all cores")
    begun: list[float] = []
    busy_shares: list[float] = []
    with (
        scratch_server() as (folder, server),
        platform(folder, server, clients) as (home, environment),
        ProcessPoolExecutor(os.cpu_count()) as pool,
        dagster_instance() as instance,
    ):
        for number in range(given.rounds):
            # The layout lets no row lie outside its month, so each round has its own content.
            month = date(2025, number + 1, 1)
            content = client_01_xlsx(given.rows, month).content
            burst = Burst(home, server.url(), clients, month, content)
            with open_platform(load_settings()) as opened:
                ensure_month(opened.engine, month)
            empty_table(server)
            seconds, first, share = by_daemon(burst, instance, environment)
            burst_step.seconds.append(seconds)
            begun.append(first)
            busy_shares.append(share)
            statement = burst.keep_ready_rows()
            empty_table(server)
            floor_step.seconds.append(floor(burst, pool, statement))
            shutil.rmtree(home / "ready")
    title = f"{given.client_months} client-months of {given.rows:,} rows, {given.rounds} rounds"
    show_times(title, [burst_step, floor_step])
    figures = [
        Figure("of which until the first run began", median(begun), "s"),
        Figure("idle from then on, of all cores", 100 * (1 - median(busy_shares)), "%", MOST_IDLE_PERCENT),
    ]
    return 0 if show_targets([Target(burst_step, floor_step, LIMIT)], figures) else 1


if __name__ == "__main__":
    sys.exit(main())
