"""The audit and prune as people and Dagster run them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    DagsterInstance,
    DagsterRunStatus,
    RunsFilter,
)
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.definitions import defs
from pharma_assets.defs.old_runs import PrunedRuns, prune_runs
from pharma_assets.defs.runs import DIGEST_TAG, PARTITION_TAG
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example

KEY = "Дистрибьюторы/Client_01|2025-06"
SOON = datetime.now(UTC) + timedelta(days=1)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return result.exit_code, result.output


def checked(platform: PlatformHome, **config: object) -> Any:
    """What the schedule's job does; the check's evaluation."""
    with platform.instance() as instance:
        result = defs.resolve_job_def("audit_job").execute_in_process(
            instance=instance, run_config={"ops": {"file_registry_audit": {"config": config}}}
        )
        (evaluation,) = result.get_asset_check_evaluations()
        latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(
            [AssetCheckKey(AssetKey("file_registry"), "audit")]
        )
        assert len(latest) == 1
    return evaluation


def test_the_audit_ends_with_1_while_anything_differs(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.tick()
    code, output = run("audit")
    assert (code, output.splitlines()[-1].split(", ")[:2]) == (0, ["1 files", "4 rows: 0 differences"])
    assert checked(platform).passed

    (result,) = (platform.home / "Данные на загрузку").iterdir()
    result.unlink()
    code, output = run("audit")
    assert code == 1
    assert output.startswith("RESULT_MISSING  1 Поставщики данных/")
    assert "--mend" in output
    code, output = run("audit", "--json", "--month", "2025-06")
    document = json.loads(output)
    assert (code, document["remaining"], document["counts"]) == (1, 1, {"RESULT_MISSING": 1})
    assert document["differences"][0]["name"] == result.name
    assert run("audit", "--month", "2025-07", "--quick")[0] == 0
    assert run("audit", "--month", "июнь")[0] == 2

    evaluation = checked(platform)
    assert not evaluation.passed
    assert evaluation.severity.value == "ERROR"
    assert "RESULT\\_MISSING" in evaluation.metadata["found"].value
    evaluation = checked(platform, mend=True, month="2025-06")
    assert evaluation.passed
    (tick,) = platform.tick()
    assert tick["success"]
    assert result.exists()
    assert checked(platform).passed


def test_mending_from_the_command_line(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.tick()
    (platform.home / "Данные на загрузку" / "чужой.csv").write_bytes(b"x")
    code, output = run("audit", "--mend")
    assert (code, "moved into quarantine" in output) == (0, True)
    assert (platform.home / "Карантин" / "чужой.csv").exists()
    assert platform.command("audit")["remaining"] == 0


@pytest.fixture
def runs(platform: PlatformHome) -> list[str]:
    """One partition: a run that failed, one that succeeded, one that failed again, and a check alone."""
    ids: list[str] = []
    for content in (b"", example("Client_01", "preamble"), b"torn"):
        # Anew and not in place, which would not move the folder's time.
        for old in platform.inbox.rglob("*.xlsx"):
            old.unlink()
        os.utime(platform.drop("отчёт.xlsx", content), (len(ids), len(ids)))
        (tick,) = platform.tick()
        ids.append(tick["run_id"])
    return ids


def all_runs(instance: DagsterInstance) -> set[str]:
    return {record.dagster_run.run_id for record in instance.get_run_records()}


def test_prune_keeps_what_the_pages_show(platform: PlatformHome, runs: list[str]) -> None:
    first, good, last = runs
    with platform.instance() as instance:
        assert prune_runs(instance, SOON, dry_run=True).runs == 1
        assert prune_runs(instance, datetime.now(UTC) - timedelta(days=1)) == PrunedRuns()
        assert all_runs(instance) == set(runs)
        assert prune_runs(instance, SOON).runs == 1
        assert all_runs(instance) == {good, last}
        assert list(instance.all_logs(first)) == []
        assert list(instance.all_logs(good)) != []
        latest = instance.get_latest_materialization_event(AssetKey("primary_data"))
        assert latest is not None
        assert latest.run_id == good
        assert prune_runs(instance, SOON).runs == 0


def test_prune_takes_no_run_that_is_at_work(platform: PlatformHome, runs: list[str]) -> None:
    with platform.instance() as instance:
        for status in (DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED):
            instance.create_run_for_job(
                defs.resolve_job_def("client_month_job"), status=status, tags={PARTITION_TAG: KEY}
            )
        unfinished = all_runs(instance) - set(runs)
        prune_runs(instance, SOON)
        assert unfinished <= all_runs(instance)


def test_runs_for_the_same_work_go_together_or_stay(platform: PlatformHome, runs: list[str]) -> None:
    """They are counted, and the count makes the next run_key, which Dagster must not have seen."""
    with platform.instance() as instance:
        for run_id in (runs[0], runs[2]):
            instance.add_run_tags(run_id, {DIGEST_TAG: "the same"})
        assert prune_runs(instance, SOON).runs == 0
        assert instance.get_runs_count(RunsFilter(tags={DIGEST_TAG: "the same"})) == 2


def test_prune_from_the_command_line(platform: PlatformHome, runs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    before = platform.command("prune", "--dry-run")
    assert before == {
        "dry_run": True,
        "quarantine_files": 0,
        "quarantine_bytes": 0,
        "superseded_loads": 0,
        "events": 0,
        "runs": 0,
        "ticks": 0,
        "runless_events": 0,
        "check_evaluations": 0,
    }
    for kept in (platform.home / "Карантин").glob("*"):
        os.utime(kept, (0, 0))
    monkeypatch.setenv("PHARMA_KEEP_RUNS_DAYS", "0")
    assert platform.command("prune") == {**before, "dry_run": False}
    code, output = run("prune", "--dry-run")
    assert (code, output.split(":")[0]) == (0, "Would go")


def test_old_ticks_go_and_young_ones_stay(platform: PlatformHome) -> None:
    origin = RemoteInstigatorOrigin(
        RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("pharma"), "__repository__"), "inbox_sensor"
    )
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, SensorInstigatorData())
    with platform.instance() as instance:
        instance.add_instigator_state(state)
        now = datetime.now(UTC)
        for age, status in ((400, TickStatus.SKIPPED), (400, TickStatus.STARTED), (300, TickStatus.SUCCESS)):
            moment = (now - timedelta(days=age)).timestamp()
            place = (state.instigator_origin_id, state.instigator_name, InstigatorType.SENSOR, status, moment)
            run_ids: list[str] | None = [] if status is TickStatus.SUCCESS else None
            instance.create_tick(TickData(*place, run_ids=run_ids, selector_id=state.selector_id))
        year_ago = now - timedelta(days=365)
        assert prune_runs(instance, year_ago, dry_run=True) == PrunedRuns(ticks=1)
        assert prune_runs(instance, year_ago) == PrunedRuns(ticks=1)
        assert prune_runs(instance, year_ago) == PrunedRuns()
        left = instance.get_ticks(state.instigator_origin_id, state.selector_id)
        assert {tick.status for tick in left} == {TickStatus.STARTED, TickStatus.SUCCESS}


REGISTRY, CHECK = AssetKey("file_registry"), AssetCheckKey(AssetKey("file_registry"), "audit")


def runless_events(platform: PlatformHome) -> list[str]:
    """Event types of events that belong to no run, oldest first."""
    query = "SELECT dagster_event_type FROM dagster.event_logs WHERE run_id = '' ORDER BY id"
    return [row["dagster_event_type"] for row in platform.query(query)]


def test_events_without_a_run_go_but_for_the_last_of_each(platform: PlatformHome) -> None:
    """The sensor tells of what has arrived without a run; in years that is many events."""
    with platform.instance() as instance:
        for number in range(3):
            instance.report_runless_asset_event(
                AssetMaterialization(REGISTRY, metadata={"added": number}, tags={DATA_VERSION_TAG: str(number)})
            )
            instance.report_runless_asset_event(AssetObservation(REGISTRY))
            for partition in ("a", "b"):
                instance.report_runless_asset_event(AssetMaterialization("elsewhere", partition=partition))
        assert len(runless_events(platform)) == 12
        assert prune_runs(instance, datetime.now(UTC) - timedelta(days=1)) == PrunedRuns()
        assert prune_runs(instance, SOON, dry_run=True) == PrunedRuns(runless_events=8)
        assert len(runless_events(platform)) == 12
        assert prune_runs(instance, SOON) == PrunedRuns(runless_events=8)
        assert sorted(runless_events(platform)) == ["ASSET_MATERIALIZATION"] * 3 + ["ASSET_OBSERVATION"]
        latest = instance.get_latest_materialization_event(REGISTRY)
        assert latest is not None
        assert latest.asset_materialization is not None
        assert latest.asset_materialization.metadata["added"].value == 2
        assert instance.get_materialized_partitions(AssetKey("elsewhere")) == {"a", "b"}
        assert platform.query("SELECT value FROM dagster.asset_event_tags") == [{"value": "2"}]
        assert prune_runs(instance, SOON) == PrunedRuns()


def test_evaluations_of_checks_go_with_their_runs_but_for_the_last(platform: PlatformHome) -> None:
    for _ in range(3):
        checked(platform)
    with platform.instance() as instance:
        storage = instance.event_log_storage
        first = storage.get_asset_check_execution_history(CHECK, limit=10)[-1]
        tried = prune_runs(instance, SOON, dry_run=True)
        assert (tried.runs, tried.check_evaluations) == (2, 2)
        assert len(storage.get_asset_check_execution_history(CHECK, limit=10)) == 3
        done = prune_runs(instance, SOON)
        assert (done.runs, done.check_evaluations) == (2, 2)
        (left,) = storage.get_asset_check_execution_history(CHECK, limit=10)
        assert left.run_id != first.run_id
        assert left.run_id in all_runs(instance)
        latest = storage.get_latest_asset_check_execution_by_key([CHECK])
        assert latest[CHECK].run_id == left.run_id


def test_evaluations_that_an_earlier_prune_has_left_go_too(platform: PlatformHome) -> None:
    for _ in range(2):
        checked(platform)
    with platform.instance() as instance:
        runs = [record.dagster_run.run_id for record in instance.get_run_records()]
        instance.delete_run(runs[-1])
        assert prune_runs(instance, SOON) == PrunedRuns(check_evaluations=1)


def test_an_evaluation_without_a_run_goes_by_its_age(platform: PlatformHome) -> None:
    with platform.instance() as instance:
        for number in range(3):
            instance.report_runless_asset_event(
                AssetCheckEvaluation(asset_key=REGISTRY, check_name="by_hand", passed=bool(number), metadata={})
            )
        assert prune_runs(instance, SOON) == PrunedRuns(runless_events=2, check_evaluations=2)
        key = AssetCheckKey(REGISTRY, "by_hand")
        (left,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        assert left.event is not None
