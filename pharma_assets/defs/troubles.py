"""What is wrong with the platform itself, as Dagster knows it: runs, checks and ticks that failed for no file's sake.

What is wrong with files stands in the registry; a run that failed because of its files is told there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    EventRecordsFilter,
    RunsFilter,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick, InstigatorType, TickStatus

from pharma_assets.alerts.items import Item, Kind
from pharma_assets.defs.runs import PARTITION_TAG
from pharma_assets.errors import CATALOGUE, PharmaError, told
from pharma_assets.logs import masked
from pharma_assets.model.client_month import ClientMonth

KINDS = frozenset({Kind.RUN, Kind.CHECK, Kind.TICK})

# As workspace.yaml names it.
LOCATION = "pharma_assets"

# A run that failed is told for a day; a person has seen it by then, or the next one has failed too.
RUN_AGE = timedelta(days=1)
MOST_RUNS = 200
MOST_EVENTS = 2_000
MOST_CHECKS = 500

# Told file by file.
_OF_FILES = frozenset({"files_taken_in"})


@dataclass
class Memory:
    """What was found at earlier looks; the sensor's cursor.

    `event`: the last check's event that was looked at. `checks`: those that fail, by asset, check and partition, with
    what they say. `runs`: run id → what was wrong, empty where it was the files.
    """

    event: int | None = None
    checks: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_cursor(cls, cursor: str | None) -> Memory:
        return cls(**json.loads(cursor)) if cursor else cls()

    def cursor(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def troubles(instance: DagsterInstance, memory: Memory, moment: datetime) -> list[Item]:
    """Everything of the platform's own that waits for a person. Keeps what it found out in `memory`."""
    return [
        *_failed_runs(instance, memory, moment),
        *_failed_checks(instance, memory),
        *_failed_ticks(instance),
    ]


def _failed_runs(instance: DagsterInstance, memory: Memory, moment: datetime) -> Iterator[Item]:
    failed = RunsFilter(statuses=[DagsterRunStatus.FAILURE], updated_after=moment - RUN_AGE)
    records = instance.get_run_records(failed, limit=MOST_RUNS)
    runs = {record.dagster_run.run_id: record.dagster_run for record in records}
    memory.runs = {
        run_id: memory.runs[run_id] if run_id in memory.runs else _why(instance, run) for run_id, run in runs.items()
    }
    for run_id, why in memory.runs.items():
        if why and not _has_a_later_success(instance, runs[run_id]):
            yield _run_item(runs[run_id], why)


def _why(instance: DagsterInstance, run: DagsterRun) -> str:
    """What a run failed of; empty where it was its files, which the run says by Dagster's Failure."""
    events = instance.all_logs(run.run_id, of_type={DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE})
    by_files = False
    other = ""
    for entry in events:
        event = entry.dagster_event
        if event is None:
            continue
        if event.is_step_failure:
            failure = event.step_failure_data
            if failure.user_failure_data is not None:
                by_files = True
            elif failure.error is not None:
                other = (failure.error.cause or failure.error).message
        elif not by_files and not other:
            other = event.message or "the run failed"
    return "" if by_files and not other else _first_line(other)


def _first_line(message: str) -> str:
    lines = message.strip().splitlines()
    return masked(lines[0] if lines else "")


def _has_a_later_success(instance: DagsterInstance, run: DagsterRun) -> bool:
    tags = {PARTITION_TAG: run.tags[PARTITION_TAG]} if PARTITION_TAG in run.tags else {}
    (record,) = instance.get_run_records(RunsFilter(run_ids=[run.run_id]))
    later = RunsFilter(
        job_name=run.job_name, tags=tags, statuses=[DagsterRunStatus.SUCCESS], created_after=record.create_timestamp
    )
    return bool(instance.get_run_records(later, limit=1))


def _run_item(run: DagsterRun, why: str) -> Item:
    code, message, advice = _known(why, "RUN_FAILED")
    key = run.tags.get(PARTITION_TAG)
    return Item(
        Kind.RUN,
        f"{Kind.RUN}:{run.run_id}",
        code,
        f"{run.job_name} {run.run_id[:8]}",
        message,
        advice,
        ClientMonth.of_key(key) if key else None,
        link=f"runs/{run.run_id}",
    )


def _failed_checks(instance: DagsterInstance, memory: Memory) -> Iterator[Item]:
    records = instance.event_log_storage.get_event_records(
        EventRecordsFilter(DagsterEventType.ASSET_CHECK_EVALUATION, after_cursor=memory.event),
        limit=MOST_EVENTS,
        ascending=True,
    )
    for record in records:
        memory.event = record.storage_id
        event = record.event_log_entry.dagster_event
        evaluation = event.asset_check_evaluation_data if event is not None else None
        if evaluation is not None and evaluation.check_name not in _OF_FILES:
            _remember(memory, evaluation)
    for place, description in memory.checks.items():
        asset, name, partition = json.loads(place)
        message, advice = told("CHECK_FAILED", {"asset": asset, "check": name, "why": description})
        yield Item(
            Kind.CHECK,
            f"{Kind.CHECK}:{place}",
            "CHECK_FAILED",
            name,
            message,
            advice,
            ClientMonth.of_key(partition) if partition else None,
            link=f"assets/{asset}?view=checks&checkDetail={name}",
        )


def _remember(memory: Memory, evaluation: AssetCheckEvaluation) -> None:
    place = json.dumps(
        [evaluation.asset_key.to_user_string(), evaluation.check_name, evaluation.partition or ""], ensure_ascii=False
    )
    if evaluation.passed or evaluation.severity is not AssetCheckSeverity.ERROR:
        memory.checks.pop(place, None)
    elif len(memory.checks) < MOST_CHECKS:
        memory.checks[place] = masked(evaluation.description or "")


def _failed_ticks(instance: DagsterInstance) -> Iterator[Item]:
    """Sensors and schedules whose last tick failed: nothing is taken in while that is so."""
    for state in instance.all_instigator_state():
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
        if ticks and ticks[0].status is TickStatus.FAILURE:
            yield _tick_item(state, ticks[0])


def _tick_item(state: InstigatorState, tick: InstigatorTick) -> Item:
    name, error = state.instigator_name, tick.error
    page = "schedules" if state.instigator_type is InstigatorType.SCHEDULE else "sensors"
    why = _first_line((error.cause or error).message) if error is not None else ""
    code, message, advice = _known(why, "TICK_FAILED")
    return Item(
        Kind.TICK, f"{Kind.TICK}:{name}:{code}", code, name, message, advice, link=f"locations/{LOCATION}/{page}/{name}"
    )


def _known(why: str, otherwise: str) -> tuple[str, str, str]:
    """Code, message and advice of a line like `CODE: message`, or of any other one."""
    code, colon, message = why.partition(": ")
    # Dagster writes the exception's class before its text.
    code = code.rpartition(" ")[2].rpartition(".")[2]
    if colon and code == "PharmaError":
        code, colon, message = message.partition(": ")
    if colon and code in CATALOGUE:
        unsaid = dict.fromkeys(CATALOGUE[code].placeholders, "…")
        return code, message, told(code, unsaid).advice
    error = PharmaError(otherwise, why=why)
    return error.code, error.message, error.advice
