"""The recipe in deploy/celery: two machines work on 40 client-months, one of them is lost at work, nothing else is."""

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
import pytest
import yaml
from dagster import DagsterRunStatus, RunsFilter
from dagster._core.scheduler.instigation import SensorInstigatorData
from psycopg.rows import tuple_row
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.defs.runs import PROCESS_TAG
from pharma_assets.defs.sensors import SENSOR_NAME
from pharma_assets.instance import URL_VARIABLE, dagster_instance, prepare
from pharma_assets.services import daemon, running
from pharma_assets.settings import PROJECT, load_settings
from pharma_assets_tests.database.house import HEADER, LAYOUT
from pharma_assets_tests.deploy.machines import RECIPE, SERVER, Machine, broker, machines, wait_until

CLIENTS, MONTHS, ROWS = 10, 4, 30
ALL = CLIENTS * MONTHS
# Eight runs, so that there is work left for a machine that comes up late.
BATCH = 5
# Seconds in which something happens, also on a machine that does much else.
_PATIENCE = 120


@dataclass(frozen=True)
class Shared:
    """What all machines have in common: database, inbox, working folders. Asked as on the control machine."""

    url: str
    environment: dict[str, str]
    folder: Path

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, row_factory=tuple_row) as connection:
            return connection.execute(statement.encode()).fetchall()

    def loaded(self) -> int:
        ((count,),) = self.query("SELECT count(*) FROM ops.file_load WHERE superseded_at IS NULL")
        return int(count)

    def working(self) -> int:
        """Runs that are queued or at work."""
        states = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED"]
        with dagster_instance() as instance:
            return instance.get_runs_count(RunsFilter(statuses=[DagsterRunStatus(state) for state in states]))

    def claimants(self) -> dict[int, int]:
        """File → the process that says it works on it, while its lock is held."""
        rows = self.query(
            "SELECT id, claimed_by FROM ops.file_registry WHERE status = 'PROCESSING' AND claimed_by <> ''"
        )
        return {number: int(claimed_by.rpartition(":")[2]) for number, claimed_by in rows}

    def look_at_the_inbox_now(self) -> None:
        """Have the daemon evaluate the sensor at once instead of after its 15 minutes."""
        with dagster_instance() as instance:
            (state,) = [one for one in instance.all_instigator_state() if one.instigator_name == SENSOR_NAME]
            instance.update_instigator_state(state.with_data(SensorInstigatorData()))


@pytest.fixture
def shared(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shared]:
    if SERVER is None:
        pytest.skip("no Redis server on this machine (Debian: apt install redis-server)")
    for client in range(1, CLIENTS + 1):
        layout = tmp_path / "transforms" / "distributors" / f"Client_{client:02d}" / "layout.yaml"
        layout.parent.mkdir(parents=True)
        layout.write_text(LAYOUT, encoding="utf-8")
        for month in range(1, MONTHS + 1):
            leaf = tmp_path / "inbox" / f"Поставщики данных/Дистрибьюторы/2025/{month:02d}/Client_{client:02d}/Type1"
            leaf.mkdir(parents=True)
            rows = (f"{day + 1:02d}.{month:02d}.2025;Товар {client};{client}\n" for day in range(28))
            rows = [*rows, *(f"01.{month:02d}.2025;Товар {number};1\n" for number in range(ROWS - 28))]
            (leaf / "отчёт.csv").write_text(HEADER + "".join(rows), encoding="utf-8")
    with broker(tmp_path) as broker_url:
        environment = {
            "PHARMA_HOME": str(tmp_path / "control"),
            "PHARMA_INBOX": str(tmp_path / "inbox"),
            "PHARMA_DATABASE_URL": database,
            "PHARMA_TRANSFORMS": str(tmp_path / "transforms"),
            "PHARMA_WORKING_FOLDERS": str(tmp_path / "shared"),
            "PHARMA_SETTLE_SECONDS": "0",
            "PHARMA_CELERY_URL": broker_url,
            "PHARMA_BATCH_SIZE": str(BATCH),
            "DAGSTER_HOME": str(tmp_path / "control" / "dagster"),
            URL_VARIABLE: "",
        }
        for name in [name for name in os.environ if name.startswith("PHARMA_") and "TESTS" not in name]:
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        home = tmp_path / "control" / "dagster"
        home.mkdir(parents=True)
        shutil.copy(RECIPE / "dagster.yaml", home / "dagster.yaml")
        environment |= prepare(load_settings())
        yield Shared(database, {**os.environ, **environment}, tmp_path)


@contextmanager
def nothing_becomes_created(shared: Shared) -> Iterator[None]:
    """Work goes on until a file has been read and normalized, and stays there with its claims until the block ends."""
    with psycopg.connect(shared.url) as connection:
        connection.execute(
            """
            CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_advisory_xact_lock_shared(40);
                RETURN NEW;
            END $$;
            CREATE TRIGGER wait_for_the_test BEFORE UPDATE ON ops.file_registry FOR EACH ROW
                WHEN (NEW.status = 'CREATED' AND OLD.status = 'PROCESSING') EXECUTE FUNCTION wait_for_the_test();
            SELECT pg_advisory_lock(40);
            """
        )
        connection.commit()
        yield


@pytest.mark.timeout(900)
def test_a_machine_is_lost_and_nothing_else(shared: Shared) -> None:
    log = shared.folder / "daemon.log"

    def seen() -> str:
        waits = "SELECT pid, wait_event, query FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return (
            f"{shared.loaded()} loaded, {shared.claimants()}, {shared.query(waits)}\n"
            f"{log.read_text(errors='replace')[-3000:]}\n"
            + "\n".join(f"{machine.name}:\n{machine.log[-2000:]}" for machine in both)
        )

    with (
        machines(shared.folder, shared.environment, "machine-a", "machine-b") as both,
        log.open("wb") as output,
        running(daemon(), shared.environment, output),
    ):
        wait_until(lambda: shared.loaded() >= BATCH, _PATIENCE, seen, shared.loaded)
        with nothing_becomes_created(shared):
            wait_until(lambda: len(working_machines(shared, both)) == 2, _PATIENCE, seen)
            lost = both[0]
            held = set(shared.claimants().values()) & lost.pids()
            assert held, "it holds a claim"
            lost.lose()
            before = shared.loaded()
        assert before < ALL
        wait_until(lambda: shared.working() <= 1, _PATIENCE, seen, shared.loaded)
        assert ALL - BATCH <= shared.loaded() < ALL, "the survivor has done all but what the lost run was asked for"
        shared.look_at_the_inbox_now()
        wait_until(lambda: shared.loaded() == ALL and shared.working() == 0, _PATIENCE, seen)
        with dagster_instance() as instance:
            failed = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
            all_runs = instance.get_runs()
        workers = {run.tags[PROCESS_TAG].rsplit("/", 1)[0] for run in all_runs}
        assert len(workers) >= 2, "both have worked"
        (died,) = failed
        assert int(died.tags[PROCESS_TAG].split("/")[1]) in held

    assert shared.query("SELECT count(*), sum(amount_type_1)::int, count(DISTINCT file_id) FROM raw.primary_data") == [
        (ALL * ROWS, sum(28 * client + ROWS - 28 for client in range(1, CLIENTS + 1)) * MONTHS, ALL)
    ]
    assert shared.query("SELECT status, count(*) FROM ops.file_registry GROUP BY 1") == [("CREATED", ALL)]
    audited = CliRunner().invoke(app, ["audit", "--json"], catch_exceptions=False)
    document = json.loads(audited.stdout)
    assert (audited.exit_code, document["remaining"], document["counts"], document["files"]) == (0, 0, {}, ALL)
    results = list((shared.folder / "shared" / "Данные на загрузку").iterdir())
    assert len(results) == ALL
    for machine in both:
        kept = {path.name for path in machine.home.iterdir()}
        assert kept <= {"dagster", "tmp", "cwd", "worker.log"}, "what counts is on shared storage"


def working_machines(shared: Shared, both: list[Machine]) -> list[str]:
    claimed = set(shared.claimants().values())
    return [machine.name for machine in both if machine.pids() & claimed]


def test_the_recipe_differs_from_the_one_machine_in_its_launcher_only() -> None:
    one = yaml.safe_load((PROJECT / "deploy" / "dagster.yaml").read_text(encoding="utf-8"))
    many = yaml.safe_load((RECIPE / "dagster.yaml").read_text(encoding="utf-8"))
    launcher = many.pop("run_launcher")
    assert launcher["class"] == "CeleryRunLauncher"
    for concurrency in (one["concurrency"]["runs"], many["concurrency"]["runs"]):
        concurrency.pop("max_concurrent_runs")
        concurrency["tag_concurrency_limits"][0].pop("limit")
    assert one == many
