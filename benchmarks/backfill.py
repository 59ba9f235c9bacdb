"""Two bursts of 2,880 small client-months through Dagster's daemon: `python -m benchmarks.backfill`.

All files arrive at once; then a backfill makes everything anew. Timed is what people wait for, in the processes of
production: from the start of the sensor's tick, or from the press of the button, to the end of the last run. Beside it
stands what the starts of a process for each client-month would take on all cores, before any of them has done a thing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from datetime import date

import psycopg
from dagster import RunsFilter
from dagster._core.execution.backfill import BulkActionStatus

from benchmarks.burst import all_succeeded, platform, seconds_of
from benchmarks.full_house import numbered_clients
from benchmarks.measure import Figure, Step, Target, scratch_server, show_targets, show_times
from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.instance import dagster_instance
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.model.provider import SUPPLIERS_FOLDER
from pharma_assets.model.report_path import leaf_path
from pharma_assets.services import daemon, running
from pharma_assets_tests.platform.control_room import ControlRoom, workspace

LIMIT = 0.5
ROWS = 30
STARTS = 5


def loaded(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM ops.file_load WHERE superseded_at IS NULL").fetchone()
    return int(row[0]) if row else 0


def wait(process: subprocess.Popen[bytes]) -> None:
    time.sleep(1)
    assert process.poll() is None, "the daemon has ended"


def start_of_a_process() -> float:
    """Seconds until a process has what a run needs."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-W", "ignore", "-c", "import pharma_assets.definitions"], check=True)
    return time.perf_counter() - started


def main() -> int:
    """Run the benchmark; 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=80)
    parser.add_argument("--months", type=int, default=36)
    given = parser.parse_args()
    clients = numbered_clients(given.clients)
    months = [date(2023 + number // 12, number % 12 + 1, 1) for number in range(given.months)]
    whole = [ClientMonth(client, month.year, month.month) for client in clients for month in months]
    with (
        scratch_server() as (folder, server),
        platform(folder, server, clients) as (home, environment),
        dagster_instance() as instance,
    ):
        contents = {month: client_01_xlsx(ROWS, month).content for month in months}
        for client_month in whole:
            leaf = home / "inbox" / SUPPLIERS_FOLDER / leaf_path(client_month, "Type1")
            leaf.mkdir(parents=True)
            (leaf / "report.xlsx").write_bytes(contents[client_month.first_day])
        with (home / "daemon.log").open("wb") as log, running(daemon(), environment, log) as process:
            while loaded(server.url()) < len(whole) or not all_succeeded(instance):
                wait(process)
            arrival, _ = seconds_of(instance, instance.get_run_records())
            runs = len(instance.get_run_records())
            started = time.perf_counter()
            with workspace(instance) as here:
                backfill = ControlRoom(here).launch_backfill(*(month.key for month in whole))
            while (state := instance.get_backfill(backfill)) is None or state.status is BulkActionStatus.REQUESTED:
                wait(process)
            again = time.perf_counter() - started
        assert state.status is BulkActionStatus.COMPLETED_SUCCESS, state.status
        redone = len(instance.get_run_records(RunsFilter(tags={"dagster/backfill": backfill})))
    what = f"{len(whole):,} client-months of {ROWS} rows that arrive at once, in {runs} runs"
    arrived = Step(what, seconds=[arrival])
    remade = Step(f"a backfill of the same, in {redone} runs", seconds=[again])
    starts = sum(start_of_a_process() for _ in range(STARTS)) / STARTS * len(whole) / (os.cpu_count() or 1)
    floor = Step("the starts of a process for each on all cores", seconds=[starts])
    show_times(f"{len(whole):,} client-months of {ROWS} rows", [arrived, remade, floor])
    each = [
        Figure(f"a client-month that {how}", seconds / len(whole) * 1000, "ms")
        for how, seconds in (("arrives", arrival), ("is remade", again))
    ]
    return 0 if show_targets([Target(arrived, floor, LIMIT), Target(remade, floor, LIMIT)], each) else 1


if __name__ == "__main__":
    sys.exit(main())
