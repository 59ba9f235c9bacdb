"""Which Dagster runs are at work, and putting an end to those whose process has died."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

import psutil
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunRecord, RunsFilter

from pharma_assets.defs.partitions import CLIENTS
from pharma_assets.model.client_month import Client, ClientMonth

SENSOR_NAME = "inbox_sensor"
SENSOR_TAG = "dagster/sensor_name"
JOB_NAME = "client_month_job"
CLIENT_MONTH_OP = "client_month"
BATCH_JOB_NAME = "client_months_batch_job"
BATCH_OP = "client_months"
# So that a limit can be set on how many steps of this work go on at once, on all machines together.
POOL = "client_months"
# Dagster keeps tags under this prefix out of people's sight.
PROCESS_TAG = ".dagster/pharma_process"
DIGEST_TAG = ".dagster/pharma_due"
PARTITION_TAG = "dagster/partition"
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")

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


def client_months_of(run: DagsterRun, clients: Sequence[str]) -> list[ClientMonth]:
    """The client-months that a run is for. `clients`: the keys of Dagster's `client` dimension, in its order."""
    if run.job_name == BATCH_JOB_NAME:
        ops: Any = run.run_config.get("ops", {})
        keys = ops.get(BATCH_OP, {}).get("config", {}).get("client_months", [])
    elif PARTITION_TAG in run.tags:
        keys = [run.tags[PARTITION_TAG]]
    elif all(tag in run.tags for tag in RANGE_TAGS):
        first, last = (ClientMonth.of_key(run.tags[tag]) for tag in RANGE_TAGS)
        return _between(first, last, clients)
    else:
        keys = []
    return [ClientMonth.of_key(key) for key in keys]


def _between(first: ClientMonth, last: ClientMonth, clients: Sequence[str]) -> list[ClientMonth]:
    """A range of Dagster's: the clients from one to the other, each with the months from one to the other."""
    if not {first.client.key, last.client.key} <= set(clients):
        return [first, last]  # somebody has deleted a client since
    start, end = (clients.index(month.client.key) for month in (first, last))
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [
        ClientMonth(Client.of_key(client), month // 12, month % 12 + 1)
        for client in clients[start : end + 1]
        for month in months
    ]


def client_months_in_flight(instance: DagsterInstance) -> set[ClientMonth]:
    """The client-months that a run is at work on, or that the sensor has asked for.

    What a person has queued, a backfill of everything maybe, keeps no fresh report waiting.
    """
    found = [record.dagster_run for record in _records(instance, _IN_FLIGHT)]
    runs = [
        run for run in found if run.status is not DagsterRunStatus.QUEUED or run.tags.get(SENSOR_TAG) == SENSOR_NAME
    ]
    clients = instance.get_dynamic_partitions(CLIENTS.name or "") if runs else []
    return {month for run in runs for month in client_months_of(run, clients)}


def end_dead_runs(instance: DagsterInstance, is_held: Callable[[ClientMonth], bool]) -> list[DagsterRun]:
    """Mark runs as failed whose process has died without a word (`kill -9`, power cut), on whichever machine.

    Returns them. Dagster's default launcher cannot tell, nor can Celery's if a whole machine goes, and the run would
    stand as STARTED for ever, its client-month left out. A run in which no process has ever begun is dead if it has not
    moved for longer than a claim holds, and if nobody holds the lock of its client-month (`is_held`).
    """
    from pharma_assets.defs.liveness import dead  # noqa: PLC0415 - definitions load fast

    working = _records(instance, _WORKING)
    if not working:
        return []
    begun = {
        record.dagster_run.run_id: process
        for record in working
        if (process := record.dagster_run.tags.get(PROCESS_TAG)) is not None
    }
    lost = {run_id for run_id, process in begun.items() if _is_here(process) and _is_dead(process)}
    lost |= dead(instance, begun.keys() - lost)
    ended = []
    for record in _records(instance, _WORKING):
        run = record.dagster_run
        if run.run_id in lost or (run.run_id not in begun and _is_silent(record) and not _holds_lock(run, is_held)):
            process = begun.get(run.run_id, "")
            instance.report_run_failed(run, f"its process {process} has died; what was due is due again")
            ended.append(run)
    return ended


def _is_silent(record: RunRecord) -> bool:
    from pharma_assets.registry.journal import LEASE  # noqa: PLC0415 - definitions load fast

    return datetime.now(UTC) - record.update_timestamp.astimezone(UTC) > LEASE


def _holds_lock(run: DagsterRun, is_held: Callable[[ClientMonth], bool]) -> bool:
    """Whether its client-month is being worked on; of a run that has none, nothing can be told."""
    key = run.tags.get(PARTITION_TAG)
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
