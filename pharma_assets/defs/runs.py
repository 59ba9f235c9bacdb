"""Which Dagster runs are at work, and putting an end to those whose process has died."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

import psutil
from dagster import DagsterInstance, DagsterRunStatus, RunRecord, RunsFilter

from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry.journal import LEASE

JOB_NAME = "client_month_job"
# Dagster keeps tags under this prefix out of people's sight.
PROCESS_TAG = ".dagster/pharma_process"
DIGEST_TAG = ".dagster/pharma_due"
PARTITION_TAG = "dagster/partition"

_WORKING = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]
_MOST_MEASURED = 30
_IN_FLIGHT = [DagsterRunStatus.QUEUED, *_WORKING]


def own_process_tags() -> dict[str, str]:
    """Tags that say which process works on a run: host, number and start, since numbers are used again."""
    return {PROCESS_TAG: f"{socket.gethostname()}/{os.getpid()}/{psutil.Process().create_time():.2f}"}


def client_months_in_flight(instance: DagsterInstance) -> set[ClientMonth]:
    """The client-months that a run is queued for or at work on."""
    months = set()
    for record in _records(instance, _IN_FLIGHT):
        key = record.dagster_run.tags.get(PARTITION_TAG)
        if key is not None:
            months.add(ClientMonth.of_key(key))
    return months


def end_dead_runs(instance: DagsterInstance, is_held: Callable[[ClientMonth], bool]) -> list[str]:
    """Mark runs as failed whose process has died without a word (`kill -9`, power cut); returns their ids.

    Dagster's default launcher cannot tell, and the run would stand as STARTED for ever, its client-month left out. On
    this host the process itself is looked for. Elsewhere, or where no process has ever begun, a run is dead that has
    not moved for longer than a claim holds, and whose client-month's lock nobody holds (`is_held`).
    """
    ended = []
    for record in _records(instance, _WORKING):
        process = record.dagster_run.tags.get(PROCESS_TAG)
        if process is not None and _is_here(process):
            dead = _is_dead(process)
        else:
            dead = _is_silent(record) and not _holds_lock(record, is_held)
        if dead:
            why = f"its process {process or ''} has died; what was due is due again"
            instance.report_run_failed(record.dagster_run, why)
            ended.append(record.dagster_run.run_id)
    return ended


def _is_silent(record: RunRecord) -> bool:
    return datetime.now(UTC) - record.update_timestamp.astimezone(UTC) > LEASE


def _holds_lock(record: RunRecord, is_held: Callable[[ClientMonth], bool]) -> bool:
    """Whether its client-month is being worked on; of a run that has none, nothing can be told."""
    key = record.dagster_run.tags.get(PARTITION_TAG)
    return key is None or is_held(ClientMonth.of_key(key))


def runs_for(instance: DagsterInstance, digest: str) -> int:
    """How many runs were ever made for exactly this work due."""
    return instance.get_runs_count(RunsFilter(tags={DIGEST_TAG: digest}))


def seconds_beside_work(instance: DagsterInstance) -> float | None:
    """What a run takes beside its steps: the median of the latest ones; None where there is none."""
    beside = []
    for record in instance.get_run_records(
        RunsFilter(job_name=JOB_NAME, statuses=[DagsterRunStatus.SUCCESS]), limit=_MOST_MEASURED
    ):
        run_id = record.dagster_run.run_id
        stats = instance.get_run_stats(run_id)
        steps = instance.get_run_step_stats(run_id)
        began = stats.launch_time or stats.start_time
        worked = sum(step.end_time - step.start_time for step in steps if step.start_time and step.end_time)
        if began is not None and stats.end_time is not None:
            beside.append(stats.end_time - began - worked)
    return median(beside) if beside else None


def _records(instance: DagsterInstance, statuses: list[DagsterRunStatus]) -> list[RunRecord]:
    return list(instance.get_run_records(RunsFilter(statuses=statuses)))


def _is_here(process: str) -> bool:
    return process.partition("/")[0] == socket.gethostname()


def _is_dead(process: str) -> bool:
    number, _, started = process.partition("/")[2].partition("/")
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" != started
    except psutil.NoSuchProcess:
        return True
