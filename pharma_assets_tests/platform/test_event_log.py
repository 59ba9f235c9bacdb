"""How checks stand in each partition: what is kept between two questions never hides what was written since."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetKey,
    AssetMaterialization,
    AssetRecordsFilter,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    MultiPartitionKey,
)
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData
from dagster._core.utils import make_new_run_id

from pharma_assets import event_log
from pharma_assets.definitions import defs
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.platform.control_room import ControlRoom, control_room

ASSET = AssetKey("primary_data")
CLIENT = "Дистрибьюторы/Client_01"
MAY, JUNE = f"{CLIENT}|2025-05", f"{CLIENT}|2025-06"


@pytest.fixture
def room(platform: PlatformHome) -> Iterator[ControlRoom]:
    with control_room(platform.home) as opened:
        opened.instance.add_dynamic_partitions("client", [CLIENT])
        yield opened


def key(partition: str) -> MultiPartitionKey:
    client, month = partition.split("|")
    return MultiPartitionKey({"client": client, "month": month})


def materialize(instance: DagsterInstance, partition: str) -> None:
    instance.report_runless_asset_event(AssetMaterialization(ASSET, partition=key(partition)))


def check(
    instance: DagsterInstance, partition: str, *, passed: bool, name: str = "volume", run_id: str | None = None
) -> None:
    """As a run does it: about the partition's last materialization."""
    wanted = AssetRecordsFilter(ASSET, asset_partitions=[partition])
    (record,) = instance.fetch_materializations(wanted, limit=1).records
    target = AssetCheckEvaluationTargetMaterializationData(
        storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
    )
    evaluation = AssetCheckEvaluation(
        asset_key=ASSET,
        check_name=name,
        passed=passed,
        metadata={},
        target_materialization_data=target,
        partition=key(partition),
    )
    # Each in a run of its own: Dagster keeps one answer of a check outside of runs, and refuses the next.
    event = DagsterEvent(DagsterEventType.ASSET_CHECK_EVALUATION.value, "a job", event_specific_data=evaluation)
    instance.report_dagster_event(event, run_id or make_new_run_id())


def test_the_last_answer_counts(room: ControlRoom) -> None:
    assert room.check_matrix("volume") == {}
    materialize(room.instance, MAY)
    check(room.instance, MAY, passed=False)
    assert room.check_matrix("volume") == {MAY: "failed"}
    materialize(room.instance, JUNE)
    check(room.instance, JUNE, passed=True)
    check(room.instance, MAY, passed=True)
    assert room.check_matrix("volume") == {MAY: "succeeded", JUNE: "succeeded"}
    assert room.check_matrix("duplicates") == {}


def test_an_answer_about_an_older_materialization_is_none(room: ControlRoom) -> None:
    materialize(room.instance, JUNE)
    check(room.instance, JUNE, passed=True)
    assert room.check_matrix("volume") == {JUNE: "succeeded"}
    materialize(room.instance, JUNE)
    assert room.check_matrix("volume") == {}


@pytest.mark.parametrize(
    ("end", "state"), [(DagsterRunStatus.CANCELED, "skipped"), (DagsterRunStatus.FAILURE, "executionFailed")]
)
def test_a_run_that_ends_without_an_answer(room: ControlRoom, end: DagsterRunStatus, state: str) -> None:
    job = defs.resolve_job_def("client_month_job")
    run = room.instance.create_run_for_job(job, tags={"dagster/partition": JUNE}, status=DagsterRunStatus.STARTED)
    assert room.check_matrix("volume") == {}, "in progress is none of those that are asked for"
    if end is DagsterRunStatus.FAILURE:
        room.instance.report_run_failed(run)
    else:
        room.instance.report_run_canceled(run)
    assert room.check_matrix("volume") == {JUNE: state}


def test_what_is_written_late_is_found(room: ControlRoom, platform: PlatformHome) -> None:
    """An event's number is older than its commit: the last one may be seen before those before it."""
    for partition in (MAY, JUNE):
        materialize(room.instance, partition)
        check(room.instance, partition, passed=True)
    platform.change("CREATE TABLE held AS SELECT * FROM dagster.asset_check_executions WHERE partition LIKE '%05'")
    platform.change("DELETE FROM dagster.asset_check_executions WHERE partition LIKE '%05'")
    assert room.check_matrix("volume") == {JUNE: "succeeded"}
    platform.change("INSERT INTO dagster.asset_check_executions SELECT * FROM held")
    assert room.check_matrix("volume") == {MAY: "succeeded", JUNE: "succeeded"}


def test_an_answer_is_found_that_was_planned_long_before(room: ControlRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written into the row that the plan has made, whose number is older than those of others by then."""
    monkeypatch.setattr(event_log, "_UNSETTLED", 0)
    job = defs.resolve_job_def("client_month_job")
    run = room.instance.create_run_for_job(job, tags={"dagster/partition": JUNE}, status=DagsterRunStatus.STARTED)
    for partition in (JUNE, MAY):
        materialize(room.instance, partition)
    check(room.instance, MAY, passed=True)
    assert room.check_matrix("volume") == {MAY: "succeeded"}
    check(room.instance, JUNE, passed=False, run_id=run.run_id)
    assert room.check_matrix("volume") == {MAY: "succeeded", JUNE: "failed"}


def test_what_is_known_is_not_asked_for_again(room: ControlRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    materialize(room.instance, JUNE)
    check(room.instance, JUNE, passed=True)
    expected = room.check_matrix("volume")
    monkeypatch.setattr(event_log, "_UNSETTLED_SECONDS", 0.0)
    monkeypatch.setattr(event_log.EventLogStorage, "get_asset_check_partition_info", None)
    assert room.check_matrix("volume") == expected == {JUNE: "succeeded"}


def test_all_checks_are_answered_at_once(room: ControlRoom) -> None:
    """What the lineage asks."""
    materialize(room.instance, JUNE)
    for name, passed in (("volume", False), ("duplicates", True)):
        check(room.instance, JUNE, passed=passed, name=name)
    found = room.ask(
        """{ assetNodeOrError(assetKey: {path: ["primary_data"]}) { ... on AssetNode { assetChecksOrError {
        ... on AssetChecks { checks { name partitionStatuses { ... on AssetCheckMultiPartitionStatuses { ranges {
        secondaryDim { ... on AssetCheckDefaultPartitionStatuses { succeededPartitions failedPartitions } } } } } }
        } } } } }"""
    )
    checks = found["assetNodeOrError"]["assetChecksOrError"]["checks"]
    answers = {item["name"]: item["partitionStatuses"]["ranges"] for item in checks}
    assert len(answers) == 8
    assert answers["volume"][0]["secondaryDim"] == {"succeededPartitions": [], "failedPartitions": [CLIENT]}
    assert answers["duplicates"][0]["secondaryDim"] == {"succeededPartitions": [CLIENT], "failedPartitions": []}
    assert answers["reconciliation"] == []


def test_an_answer_does_not_ask_whether_there_is_a_table_of_answers(
    room: ControlRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    has_table = event_log.EventLogStorage.has_table

    def noted(storage: event_log.EventLogStorage, name: str) -> bool:
        asked.append(name)
        return has_table(storage, name)

    monkeypatch.setattr(event_log.EventLogStorage, "has_table", noted)
    materialize(room.instance, MAY)
    for passed in (True, False, True):
        check(room.instance, MAY, passed=passed)
    assert room.check_matrix("volume") == {MAY: "succeeded"}
    assert asked.count("asset_check_executions") <= 1
