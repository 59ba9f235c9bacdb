"""The sensor asks for what is due, once, and clears up after runs that died."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from dagster import (
    DagsterRunStatus,
    JobDefinition,
    ReexecutionOptions,
    SensorResult,
    build_sensor_context,
    execute_job,
    reconstructable,
)

from pharma_assets.database.urls import engine as make_engine
from pharma_assets.definitions import defs
from pharma_assets.defs.evaluation import evaluate_inbox
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import DIGEST_TAG, JOB_NAME, PARTITION_TAG
from pharma_assets.demo.reports import client_01_xlsx, client_02_xlsx, client_03_csv
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry import journal
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets.services import script
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.platform.control_room import control_room
from pharma_assets_tests.samples import example

KEY = "Дистрибьюторы/Client_01|2025-06"


def evaluate(platform: PlatformHome) -> SensorResult:
    with platform.instance() as instance:
        return evaluate_inbox(build_sensor_context(instance=instance), PlatformResource())


def keys(result: SensorResult) -> list[str]:
    return [str(request.partition_key) for request in result.run_requests or []]


def test_it_registers_adds_the_client_and_asks_for_what_is_due(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.drop("без раскладки.csv", b"a;b", client="Client_20")
    result = evaluate(platform)
    assert keys(result) == [KEY, "Дистрибьюторы/Client_20|2025-06"]
    request, waiting = result.run_requests or []
    assert (request.tags["pharma/files"], request.tags["pharma/why"]) == ("1", "new file")
    assert waiting.tags["pharma/why"] == "waits for a layout"
    assert request.run_config == {"ops": {"client_month": {"config": {"rebuild": False}}}}
    (added,) = result.dynamic_partitions_requests or []
    assert list(added.partition_keys) == ["Дистрибьюторы/Client_01", "Дистрибьюторы/Client_20"]
    (event,) = result.asset_events
    assert event.asset_key.to_user_string() == "file_registry"
    assert event.metadata["added"].value == 2

    again = evaluate(platform)
    assert list(again.asset_events) == [], "nothing changed, so the registry has nothing new to say"


def test_what_a_run_is_made_for_is_not_asked_for_again(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    (request,) = evaluate(platform).run_requests or []
    with platform.instance() as instance:
        run = instance.create_run_for_job(
            defs.resolve_job_def(JOB_NAME), status=DagsterRunStatus.STARTING, tags={**request.tags, PARTITION_TAG: KEY}
        )
    assert keys(evaluate(platform)) == []
    with platform.instance() as instance:
        instance.report_run_canceled(run)
    (again,) = evaluate(platform).run_requests or []
    assert again.tags[DIGEST_TAG] == request.tags[DIGEST_TAG]
    assert again.run_key != request.run_key, "Dagster drops a run_key that it has seen"


def test_a_locked_client_month_waits(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.drop("другой.csv", example("Client_03", "cp1251"), client="Client_03")
    evaluate(platform)
    engine = make_engine(platform.url)
    with try_lock(engine, client_month_lock(ClientMonth.of_key(KEY))) as held:
        assert held
        assert keys(evaluate(platform)) == ["Дистрибьюторы/Client_03|2025-06"]
    engine.dispose()
    assert len(keys(evaluate(platform))) == 2


@pytest.mark.timeout(120)
def test_two_ticks_at_once_load_every_file_once(platform: PlatformHome) -> None:
    reports = []
    for client, make in (("Client_01", client_01_xlsx), ("Client_02", client_02_xlsx), ("Client_03", client_03_csv)):
        for month in (4, 5, 6):
            reports.append(make(20, date(2025, month, 1)))
            suffix = "csv" if client == "Client_03" else "xlsx"
            platform.drop(f"отчёт.{suffix}", reports[-1].content, client, month)
    platform.command("scan")
    ticks = [
        subprocess.Popen([script("pharma-assets"), "tick", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for tick in ticks:
        _, errors = tick.communicate()
        assert tick.returncode == 0, errors.decode()
    platform.tick()
    assert platform.one(
        "SELECT count(*) AS rows, sum(amount_type_1) AS amount, (SELECT count(*) FROM ops.file_load) AS loads,"
        " (SELECT count(*) FROM ops.file_registry WHERE status = 'CREATED') AS created FROM raw.primary_data"
    ) == {
        "rows": sum(report.rows - report.zero_rows for report in reports),
        "amount": sum(Decimal(report.quantity) for report in reports),
        "loads": 9,
        "created": 9,
    }
    assert platform.tick() == []


def client_month_job() -> JobDefinition:
    """Dagster re-executes a job that it can make again by itself."""
    return defs.resolve_job_def(JOB_NAME)


def test_a_failed_run_that_is_run_again_tries_its_failed_files(platform: PlatformHome) -> None:
    platform.drop("плохой.xlsx", b"", client="Client_01")
    (failed,) = platform.tick()
    assert "EMPTY_FILE" in failed["message"]
    assert platform.tick() == []
    # Mended behind the platform's back, so that nothing but the person's click makes the file due.
    path = platform.drop("плохой.xlsx", example("Client_01", "preamble"))
    status = path.stat()
    with psycopg.connect(platform.url) as connection:
        connection.execute(
            "UPDATE ops.file_registry SET file_size = %s, modified_ns = %s", [status.st_size, status.st_mtime_ns]
        )
    assert platform.tick() == []
    with platform.instance() as instance:
        # What "Re-execute" in the UI does: the same configuration and tags, and the failed run as parent.
        run = instance.get_run_by_id(failed["run_id"])
        assert run is not None
        result = execute_job(
            reconstructable(client_month_job),
            instance,
            run_config=run.run_config,
            tags=dict(run.tags),
            reexecution_options=ReexecutionOptions(parent_run_id=run.run_id),
        )
        assert result.success
    assert platform.one("SELECT count(*) AS rows FROM raw.primary_data") == {"rows": 4}


def test_a_busy_client_month_fails_the_run_with_its_code(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    (request,) = evaluate(platform).run_requests or []
    engine = make_engine(platform.url)
    with try_lock(engine, client_month_lock(ClientMonth.of_key(KEY))), platform.instance() as instance:
        instance.add_dynamic_partitions("client", ["Дистрибьюторы/Client_01"])
        result = client_month_job().execute_in_process(
            instance=instance, partition_key=KEY, run_config=request.run_config, raise_on_error=False
        )
    engine.dispose()
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_failure_data.user_failure_data is not None
    assert "CLIENT_MONTH_BUSY" in str(failure.step_failure_data.user_failure_data.description)
    assert platform.one("SELECT status FROM ops.file_registry") == {"status": "NEW"}


def test_a_run_in_which_no_process_has_begun_is_ended_when_nobody_holds_its_lock(
    platform: PlatformHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its client-month would be left out for ever: there is no process to look for."""
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    (request,) = evaluate(platform).run_requests or []
    with platform.instance() as instance:
        run = instance.create_run_for_job(
            defs.resolve_job_def(JOB_NAME),
            status=DagsterRunStatus.STARTED,
            tags={**request.tags, PARTITION_TAG: KEY},
        )
    assert keys(evaluate(platform)) == [], "it may be at work"
    monkeypatch.setattr(journal, "LEASE", timedelta(seconds=-1))
    engine = make_engine(platform.url)
    with try_lock(engine, client_month_lock(ClientMonth.of_key(KEY))):
        assert keys(evaluate(platform)) == [], "it holds its lock"
    engine.dispose()
    assert keys(evaluate(platform)) == [KEY]
    with platform.instance() as instance:
        ended = instance.get_run_by_id(run.run_id)
        assert ended is not None
        assert ended.status is DagsterRunStatus.FAILURE


def test_a_run_that_does_not_move_is_silent_whatever_the_systems_time_zone(platform: PlatformHome) -> None:
    with platform.instance() as instance:
        instance.create_run_for_job(defs.resolve_job_def(JOB_NAME), status=DagsterRunStatus.STARTED)
        (record,) = instance.get_run_records()
        assert record.update_timestamp.tzinfo is not None
        assert abs(datetime.now(UTC) - record.update_timestamp) < timedelta(minutes=5)


def test_ticks_leave_no_connections_behind(platform: PlatformHome) -> None:
    """They go on for months in one process, with an instance of Dagster's for each."""
    query = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database()"
    with control_room(platform.home) as room:
        room.tick()
        before = platform.one(query)["count"]
        for _ in range(5):
            room.tick()
        assert platform.one(query)["count"] <= before
