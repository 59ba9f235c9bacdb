"""Many client-months at once share runs, and Dagster shows each for itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterEventType, DagsterRunStatus, RunsFilter

from pharma_assets.database.urls import engine as make_engine
from pharma_assets.definitions import defs
from pharma_assets.defs import work
from pharma_assets.defs.runs import client_months_in_flight
from pharma_assets.demo.reports import client_03_csv
from pharma_assets.errors import PharmaError
from pharma_assets.loading.client_month import Outcome, work_on
from pharma_assets.loading.platform import Platform
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.platform.control_room import ControlRoom, control_room
from pharma_assets_tests.samples import example

KILL_AT = Path(__file__).parent / "kill_at.py"
MONTHS = (4, 5, 6)


@pytest.fixture
def room(platform: PlatformHome, monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlRoom]:
    monkeypatch.setenv("PHARMA_BATCH_FROM", "3")
    monkeypatch.setenv("PHARMA_BATCH_RUNS", "2")
    with control_room(platform.home) as opened:
        yield opened


def key(client: int, month: int = 6) -> str:
    return f"Дистрибьюторы/Client_{client:02d}|2025-{month:02d}"


GOOD = [key(3, month) for month in MONTHS]
TORN = key(2)


def drop_months(platform: PlatformHome) -> None:
    """Four client-months: three good ones, and one whose only file is torn."""
    for month in MONTHS:
        platform.drop("отчёт.csv", client_03_csv(20, date(2025, month, 1)).content, "Client_03", month)
    platform.drop("плохой.xlsx", b"PK\x03\x04 torn", "Client_02")


def run_batch(room: ControlRoom, *keys: str) -> bool:
    config = {"ops": {"client_months": {"config": {"client_months": list(keys)}}}}
    job = defs.resolve_job_def("client_months_batch_job")
    return job.execute_in_process(instance=room.instance, run_config=config, raise_on_error=False).success


def test_a_burst_shares_runs_and_only_the_torn_file_is_red(platform: PlatformHome, room: ControlRoom) -> None:
    drop_months(platform)
    room.tick()
    runs = room.runs()
    assert {run["jobName"] for run in runs} == {"client_months_batch_job"}
    assert sorted(run["status"] for run in runs) == ["FAILURE", "SUCCESS"]
    assert [run["tags"]["pharma/client_months"] for run in runs] == ["2", "2"]
    assert {run["tags"]["pharma/why"] for run in runs} == {"new file"}

    expected = {**dict.fromkeys(GOOD, "materialized"), TORN: "failed"}
    assert room.matrix("primary_data") == room.matrix("normalized_report") == expected
    checked = {**dict.fromkeys(GOOD, "succeeded"), TORN: "failed"}
    assert room.check_matrix("files_taken_in") == checked
    loaded, observed = room.materialization(key(3, 5)), room.observation(TORN)
    assert loaded is not None
    assert loaded["rows_read"]["intValue"] == 20
    assert observed is not None
    assert "CORRUPT_FILE" in str(observed["file_table"])
    ledger = platform.query("SELECT DISTINCT run_id FROM ops.file_load")
    assert {row["run_id"] for row in ledger} <= {run["runId"] for run in runs}

    room.tick()
    assert len(room.runs()) == 2, "a lasting error does not spin"


def test_a_few_have_a_run_each(platform: PlatformHome, room: ControlRoom) -> None:
    platform.drop("отчёт.csv", example("Client_03", "cp1251"), "Client_03")
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    room.tick()
    runs = {run["tags"]["pharma/client"]: run for run in room.runs()}
    assert set(runs) == {"Дистрибьюторы/Client_01", "Дистрибьюторы/Client_03"}
    tags = runs["Дистрибьюторы/Client_01"]["tags"]
    assert (tags["pharma/month"], tags["pharma/why"], tags["pharma/files"]) == ("2025-06", "new file", "1")
    assert {run["jobName"] for run in runs.values()} == {"client_month_job"}


def test_what_is_fresh_comes_before_what_is_old_and_before_backfills(platform: PlatformHome) -> None:
    today = date.today()
    platform.drop("отчёт.csv", client_03_csv(20, date(2025, 4, 1)).content, "Client_03", 4)
    platform.tick()
    platform.drop("отчёт.csv", client_03_csv(20, date(2025, 5, 1)).content, "Client_03", 5)
    fresh = client_03_csv(20, today.replace(day=1)).content
    platform.drop("отчёт.csv", fresh, "Client_03", today.month, year=today.year)
    with control_room(platform.home, queue=True) as room:
        room.backfill(key(3, 4))
        # What waits in the queue for a backfill is asked for all the same.
        platform.drop("ещё один.csv", client_03_csv(30, date(2025, 4, 1)).content, "Client_03", 4)
        room.tick()
        waiting = [run for run in room.runs() if run["status"] == "QUEUED"]
        assert len(waiting) == 4
        room.tick()
        assert len([run for run in room.runs() if run["status"] == "QUEUED"]) == 4
        room.instance.event_log_storage.set_concurrency_slots("client_months", 0)
        room.dequeue()
        assert [run["status"] for run in room.runs()].count("QUEUED") == 4, "the pool is closed"

        room.instance.event_log_storage.set_concurrency_slots("client_months", 1)
        for _ in range(4):
            room.dequeue()
        records = room.instance.get_run_records(RunsFilter(run_ids=[run["runId"] for run in waiting]))
        began = sorted(records, key=lambda record: record.start_time or 0)
        assert {record.dagster_run.status for record in began} <= {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE}
        first, *older, last = [record.dagster_run.tags.get("pharma/month") for record in began]
        assert (first, set(older), last) == (f"{today:%Y-%m}", {"2025-04", "2025-05"}, None)
        limits = room.instance.get_concurrency_config().run_queue_config
        assert limits is not None
        assert limits.tag_concurrency_limits == [{"key": "dagster/backfill", "limit": 3}]
        assert limits.max_concurrent_runs > 3


def test_a_backfill_shares_runs_and_colours_each_client_month(platform: PlatformHome, room: ControlRoom) -> None:
    drop_months(platform)
    room.tick()
    before = len(room.runs())
    gone = platform.drop("плохой.xlsx", b"", "Client_02")
    gone.unlink()
    platform.drop("хороший.xlsx", example("Client_02", "dates"), "Client_02")
    broken = platform.drop("отчёт.csv", b"\x00\x01", "Client_03", 5)
    platform.command("scan")

    room.backfill(*(key(client, month) for client in (2, 3) for month in MONTHS))
    runs = room.runs()[: len(room.runs()) - before]
    assert 1 <= len(runs) <= len(MONTHS)
    assert all("dagster/backfill" in run["tags"] for run in runs)
    assert room.matrix() == {
        key(3, 4): "materialized",
        key(3, 5): "failed",
        key(3): "materialized",
        key(2): "materialized",
    }
    assert room.check_matrix("files_taken_in")[key(3, 5)] == "failed"
    rebuilt = room.materialization(key(3))
    assert rebuilt is not None
    assert (rebuilt["rows_before"]["intValue"], rebuilt["rows_difference"]["intValue"]) == (
        platform.one(
            "SELECT rows_loaded FROM ops.file_load WHERE partition_month = '2025-06-01' AND rows_read = 20"
            " AND superseded_at IS NULL"
        )["rows_loaded"],
        0,
    )
    assert broken.exists()


def test_a_killed_batch_is_taken_up_where_it_was(platform: PlatformHome, room: ControlRoom) -> None:
    drop_months(platform)
    child = platform.child(KILL_AT, "before commit")
    assert child.returncode == -9, child.stderr
    (killed,) = [run for run in room.runs() if run["status"] == "STARTED"]
    busy = client_months_in_flight(room.instance)
    assert len(busy) == int(killed["tags"]["pharma/client_months"]) == 2

    room.tick()
    assert room.matrix() == {**dict.fromkeys(GOOD, "materialized"), TORN: "failed"}
    assert sorted(run["status"] for run in room.runs()).count("STARTED") == 0
    assert platform.one("SELECT count(*) AS loads FROM ops.file_load") == {"loads": 3}


def test_what_was_killed_after_its_commit_is_told_all_the_same(platform: PlatformHome, room: ControlRoom) -> None:
    drop_months(platform)
    child = platform.child(KILL_AT, "told")
    assert child.returncode == -9, child.stderr
    assert platform.one("SELECT count(*) AS loads FROM ops.file_load") == {"loads": 1}
    assert "materialized" not in room.matrix().values()
    room.tick()
    assert room.matrix() == {**dict.fromkeys(GOOD, "materialized"), TORN: "failed"}
    assert platform.one("SELECT count(*) AS loads FROM ops.file_load") == {"loads": 3}


def test_a_client_month_that_another_run_is_at_is_left_to_it(platform: PlatformHome, room: ControlRoom) -> None:
    drop_months(platform)
    platform.command("scan")
    room.instance.add_dynamic_partitions("client", ["Дистрибьюторы/Client_03"])
    engine = make_engine(platform.url)
    with try_lock(engine, client_month_lock(ClientMonth.of_key(key(3)))):
        assert run_batch(room, *GOOD)
    engine.dispose()
    assert room.matrix() == {key(3, 4): "materialized", key(3, 5): "materialized"}


def test_trouble_with_the_inbox_stops_its_own_client_month_and_is_tried_again(
    platform: PlatformHome, room: ControlRoom
) -> None:
    drop_months(platform)
    platform.command("scan")
    room.instance.add_dynamic_partitions("client", ["Дистрибьюторы/Client_03"])
    (platform.inbox / "Поставщики данных/Дистрибьюторы/2025/05/Client_03/Type1").rename(platform.home / "away")
    assert not run_batch(room, *GOOD)
    assert room.matrix() == {key(3, 4): "materialized", key(3, 5): "failed", key(3): "materialized"}
    (run,) = room.runs()
    events = [record.event_log_entry for record in room.instance.get_records_for_run(run["runId"]).records]
    kinds = [event.dagster_event_type.value for event in events if event.dagster_event_type]
    assert kinds.count("STEP_UP_FOR_RETRY") == 2
    assert kinds.count("ASSET_MATERIALIZATION") == 4, "what is done is not done again"


def test_what_failed_before_the_step_was_tried_again_stays_red(
    platform: PlatformHome, room: ControlRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_months(platform)
    platform.command("scan")
    room.instance.add_dynamic_partitions("client", [f"Дистрибьюторы/Client_{number:02d}" for number in (2, 3)])
    troubles = [PharmaError("INBOX_MISSING", folder="Поставщики данных")]

    def away_once(opened: Platform, month: ClientMonth, *rest: Any, **named: Any) -> Outcome:
        if month.month == 5 and troubles:
            raise troubles.pop()
        return work_on(opened, month, *rest, **named)

    monkeypatch.setattr(work, "work_on", away_once)
    assert not run_batch(room, TORN, *GOOD)
    assert room.matrix() == {**dict.fromkeys(GOOD, "materialized"), TORN: "failed"}
    (run,) = room.runs()
    (failure,) = [
        record.dagster_event.step_failure_data.user_failure_data
        for record in room.instance.all_logs(run["runId"], of_type=DagsterEventType.STEP_FAILURE)
        if record.dagster_event is not None
    ]
    assert failure is not None
    assert (failure.description or "").splitlines() == [
        "1 of 4 client-months need somebody.",
        f"{TORN}: failed before the step was tried again",
    ]


def test_a_fault_of_our_own_stops_its_own_client_month(
    platform: PlatformHome, room: ControlRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_months(platform)
    platform.command("scan")
    room.instance.add_dynamic_partitions("client", ["Дистрибьюторы/Client_03"])

    def fails_in_may(outcome: Outcome, *rest: object) -> dict[str, object]:
        if outcome.client_month.month == 5:
            raise ZeroDivisionError("a bug")
        return {}

    monkeypatch.setattr(work, "outcome_metadata", fails_in_may)
    assert not run_batch(room, *GOOD)
    assert room.matrix() == {key(3, 4): "materialized", key(3, 5): "failed", key(3): "materialized"}
    (run,) = room.runs()
    failure = [record for record in room.instance.all_logs(run["runId"]) if "INTERNAL_ERROR" in str(record)]
    assert failure, "and the run says so"


def test_the_command_works_through_batches_too(platform: PlatformHome, room: ControlRoom) -> None:
    drop_months(platform)
    runs = platform.tick()
    assert [run["partition"] for run in runs] == [None, None]
    assert sorted(month for run in runs for month in run["client_months"]) == sorted([*GOOD, TORN])
    (failed,) = [run for run in runs if not run["success"]]
    assert failed["message"].splitlines()[0] == "1 of 2 client-months need somebody."
    assert "CORRUPT_FILE" in failed["message"]
    assert not failed["broken"]
    assert platform.tick() == []


def test_a_client_month_that_waits_for_a_layout_is_shown_once(platform: PlatformHome, room: ControlRoom) -> None:
    platform.drop("чужой.csv", b"a;b", client="Client_30")
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    room.tick()
    waiting, loaded = key(30), key(1)
    assert room.matrix() == {waiting: "failed", loaded: "materialized"}
    assert room.check_matrix("files_taken_in") == {waiting: "failed", loaded: "succeeded"}
    (failed,) = [run for run in room.runs() if run["status"] == "FAILURE"]
    assert failed["tags"]["pharma/why"] == "waits for a layout"
    room.tick()
    assert len(room.runs()) == 2

    # Beside loaded files it is the check that says so.
    platform.drop("остатки.xlsx", example("Client_01", "preamble"), report_type="Type5")
    room.tick()
    assert room.matrix() == {waiting: "failed", loaded: "materialized"}
    assert room.check_matrix("files_taken_in") == {waiting: "failed", loaded: "failed"}
    room.tick()
    assert len(room.runs()) == 3


def test_a_range_and_a_batch_are_in_flight_as_a_whole(platform: PlatformHome, room: ControlRoom) -> None:
    room.instance.add_dynamic_partitions("client", [f"Дистрибьюторы/Client_{number:02d}" for number in (1, 2, 3)])
    tags = {
        "dagster/asset_partition_range_start": key(1, 5),
        "dagster/asset_partition_range_end": "Дистрибьюторы/Client_02|2026-01",
    }
    job = defs.resolve_job_def("client_month_job")
    room.instance.create_run_for_job(job, status=DagsterRunStatus.STARTING, tags=tags)
    found = client_months_in_flight(room.instance)
    assert len(found) == 2 * 9
    assert ClientMonth.of_key("Дистрибьюторы/Client_02|2025-12") in found
    assert ClientMonth.of_key("Дистрибьюторы/Client_03|2025-12") not in found


def test_checks_alone_change_nothing(platform: PlatformHome, room: ControlRoom) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.command("scan")
    room.instance.add_dynamic_partitions("client", ["Дистрибьюторы/Client_01"])
    job = defs.resolve_implicit_global_asset_job_def()
    checks = job.asset_layer.asset_graph.asset_check_keys
    subset = job.get_subset(
        asset_selection=set(), asset_check_selection={c for c in checks if c.name == "inn_validity"}
    )
    assert subset.execute_in_process(instance=room.instance, partition_key=key(1)).success
    assert platform.one("SELECT status FROM ops.file_registry") == {"status": "NEW"}
    assert room.check_matrix("inn_validity") == {key(1): "succeeded"}
    assert room.matrix() == {}
