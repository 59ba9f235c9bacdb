"""A run whose process has died is seen to be dead from another machine, and one that lives is not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

from pharma_assets.definitions import defs
from pharma_assets.defs import liveness
from pharma_assets.defs.liveness import alive, dead
from pharma_assets.defs.runs import JOB_NAME, PROCESS_TAG, end_dead_runs
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example

HOLDER = """
import sys, time
from pharma_assets.defs.liveness import alive
from pharma_assets.instance import dagster_instance
with dagster_instance() as instance, alive(instance, sys.argv[1]):
    print("alive", flush=True)
    time.sleep(600)
"""
ELSEWHERE = "machine-b/1234/1.00"


@pytest.fixture(autouse=True)
def in_no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "LAST_EVENT_SECONDS", 0.5)


def started(instance: DagsterInstance) -> DagsterRun:
    return instance.create_run_for_job(
        defs.resolve_job_def(JOB_NAME), status=DagsterRunStatus.STARTED, tags={PROCESS_TAG: ELSEWHERE}
    )


def status(instance: DagsterInstance, run: DagsterRun) -> DagsterRunStatus:
    (record,) = instance.get_run_records()
    assert record.dagster_run.run_id == run.run_id
    return record.dagster_run.status


def test_a_run_of_another_machine_lives_as_long_as_its_process(platform: PlatformHome) -> None:
    with platform.instance() as instance:
        run = started(instance)
        command = [sys.executable, "-c", HOLDER, run.run_id]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "alive\n"
            assert end_dead_runs(instance, lambda month: False) == []
            assert status(instance, run) is DagsterRunStatus.STARTED
            holder.send_signal(signal.SIGKILL)
            holder.wait()
        assert [ended.run_id for ended in end_dead_runs(instance, lambda month: False)] == [run.run_id]
        assert status(instance, run) is DagsterRunStatus.FAILURE
        assert end_dead_runs(instance, lambda month: False) == []


def test_a_run_that_is_writing_its_last_event_is_not_dead(
    platform: PlatformHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform.instance() as instance:
        run = started(instance)
        monkeypatch.setattr(time, "sleep", lambda seconds: instance.report_run_canceled(run))
        assert end_dead_runs(instance, lambda month: False) == []
        assert status(instance, run) is DagsterRunStatus.CANCELED


def test_a_run_without_a_process_is_waited_for(platform: PlatformHome) -> None:
    """Queued at the broker, or between the launcher and the worker: nobody has begun it."""
    with platform.instance() as instance:
        instance.create_run_for_job(defs.resolve_job_def(JOB_NAME), status=DagsterRunStatus.STARTING)
        assert end_dead_runs(instance, lambda month: False) == []


def test_every_run_of_the_platform_says_that_it_lives(
    platform: PlatformHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    seen: list[tuple[set[str], int]] = []

    def look(file: object, step: object) -> None:
        with platform.instance() as instance:
            ids = {record.dagster_run.run_id for record in instance.get_run_records()}
            seen.append((dead(instance, ids), len(ids)))

    monkeypatch.setattr("pharma_assets.loading.client_month.reached", look)
    (run,) = platform.tick()
    assert run["success"]
    assert seen == [(set(), 1)]
    with platform.instance() as instance:
        assert dead(instance, [run["run_id"]]) == {run["run_id"]}
        with alive(instance, run["run_id"]):
            assert dead(instance, [run["run_id"]]) == set()
