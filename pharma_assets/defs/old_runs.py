"""Which of Dagster's runs and ticks are old enough to go, by Dagster's own API, and their events with them.

What its pages show as the present state stays: the last run of every partition and job, and the runs that hold an
asset's last materialization or last attempt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunsFilter,
)
from dagster._core.scheduler.instigation import TickStatus

from pharma_assets.defs.old_events import prune_runless
from pharma_assets.defs.runs import DIGEST_TAG, PARTITION_TAG

_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_ENDED = [TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE]
_BATCH = 500


@dataclass(frozen=True)
class PrunedRuns:
    """How many runs, ticks, events without a run and evaluations of checks went, or would go."""

    runs: int = 0
    ticks: int = 0
    runless_events: int = 0
    check_evaluations: int = 0


def prune_runs(instance: DagsterInstance, before: datetime, *, dry_run: bool = False) -> PrunedRuns:
    """Delete finished runs that have not changed since, with their events and logs, and what else is from before then:
    ticks, events without a run, and evaluations of checks."""
    old = _old_runs(instance, before)
    if not dry_run:
        for run_id in old:
            # The run itself last: while it stands, a prune that was stopped can be done again.
            instance.compute_log_manager.delete_logs(prefix=[run_id])
            instance.event_log_storage.delete_events(run_id)
            instance.delete_run(run_id)
    events = prune_runless(instance, before, old, dry_run=dry_run)
    ticks = _prune_ticks(instance, before, dry_run=dry_run)
    return PrunedRuns(len(old), ticks, events.runless_events, events.check_evaluations)


def _old_runs(instance: DagsterInstance, before: datetime) -> list[str]:
    shown = _runs_of_present_state(instance)
    last: dict[tuple[str | None, str], str] = {}
    old: dict[str, DagsterRun] = {}
    for run in _finished_before(instance, before):
        partition = run.tags.get(PARTITION_TAG)
        place = (None, partition) if partition else (run.job_name, "")
        if place not in last:
            of_place = RunsFilter(tags={PARTITION_TAG: partition}) if partition else RunsFilter(job_name=run.job_name)
            last[place] = instance.get_run_records(of_place, limit=1)[0].dagster_run.run_id
        if run.run_id not in shown and run.run_id != last[place]:
            old[run.run_id] = run
    # The runs that were made for the same work are counted, which gives its next run_key: they go together or stay.
    for digest in {run.tags[DIGEST_TAG] for run in old.values() if DIGEST_TAG in run.tags}:
        together = [run.run_id for run in instance.get_runs(RunsFilter(tags={DIGEST_TAG: digest}))]
        if not old.keys() >= set(together):
            for run_id in together:
                old.pop(run_id, None)
    return list(old)


def _finished_before(instance: DagsterInstance, before: datetime) -> Iterator[DagsterRun]:
    """The finished runs that have not changed since, the newest first."""
    cursor = None
    while True:
        found = instance.get_run_records(
            RunsFilter(statuses=_FINISHED, updated_before=before), limit=_BATCH, cursor=cursor
        )
        yield from (record.dagster_run for record in found)
        if len(found) < _BATCH:
            return
        cursor = found[-1].dagster_run.run_id


def _runs_of_present_state(instance: DagsterInstance) -> set[str]:
    """The runs without which a partition would lose its colour, or an asset its last materialization."""
    runs: set[str] = set()
    storage = instance.event_log_storage
    for key in instance.all_asset_keys():
        latest = storage.get_latest_storage_id_by_partition(key, DagsterEventType.ASSET_MATERIALIZATION)
        runs |= _runs_of(instance, key, list(latest.values()))
        attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
        runs |= {run_id for run_id, _ in attempts.values()}
        event = instance.get_latest_materialization_event(key)
        if event is not None:
            runs.add(event.run_id)
    return runs


def _runs_of(instance: DagsterInstance, key: AssetKey, storage_ids: list[int]) -> set[str]:
    runs = set()
    for start in range(0, len(storage_ids), _BATCH):
        some = AssetRecordsFilter(key, storage_ids=storage_ids[start : start + _BATCH])
        runs |= {record.run_id for record in instance.fetch_materializations(some, limit=_BATCH).records}
    return runs


def _prune_ticks(instance: DagsterInstance, before: datetime, *, dry_run: bool) -> int:
    ticks = 0
    for state in instance.all_instigator_state():
        place = (state.instigator_origin_id, state.selector_id)
        ticks += len(instance.get_ticks(*place, before=before.timestamp(), statuses=_ENDED))
        if not dry_run:
            instance.purge_ticks(*place, before=before.timestamp(), tick_statuses=_ENDED)
    return ticks
