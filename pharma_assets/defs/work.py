"""Working through client-months inside a run: each has its own events, so that Dagster shows each for itself.

Whether one client-month or forty, asked for by the sensor or by a person: all of them come through `work_through`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    EventLogRecord,
    Failure,
    MetadataValue,
    OpExecutionContext,
    RetryRequested,
    TableColumn,
    TableRecord,
    TableSchema,
)
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent

from pharma_assets.defs.checks import evaluate
from pharma_assets.defs.keys import NORMALIZED_REPORT, PRIMARY_DATA
from pharma_assets.defs.metadata import LONGEST_LIST, Metadata, layout_metadata, mask_of, outcome_metadata
from pharma_assets.defs.partitions import partition_key
from pharma_assets.defs.script_log import scripts_are_heard
from pharma_assets.errors import PharmaError, Scope
from pharma_assets.loading.client_month import Outcome, State, Work, database_is_lost, work_on
from pharma_assets.loading.month_facts import MonthFacts, month_facts
from pharma_assets.loading.platform import Platform
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.model.transform_version import no_transform

MOST_RETRIES = 2
# So many client-months in a row that the platform fails: then it is the platform, and the rest would fare no better.
_GIVE_UP_AFTER = 3
_MOST_LINES = 5

Context: TypeAlias = OpExecutionContext | AssetExecutionContext


@dataclass(frozen=True)
class Order:
    """What is to be done with each client-month.

    `assets`: the halves that are wanted. `checks`: those to evaluate. `rebuild`, `retry`: see `work_on`. `planned`:
    Dagster itself has planned the partitions of this run; otherwise each is planned when its work begins.
    """

    assets: tuple[AssetKey, ...]
    checks: frozenset[str]
    rebuild: bool
    retry: bool = False
    planned: bool = True

    @property
    def work(self) -> Work:
        halves = {NORMALIZED_REPORT: Work.NORMALIZE, PRIMARY_DATA: Work.LOAD}
        wanted = Work(0)
        for key in self.assets:
            wanted |= halves[key]
        return wanted


@dataclass
class _Told:
    """What has been told so far, above all what has gone wrong.

    `done`: the partitions that an earlier attempt of the step has done with, `failed_before` those that failed in it.
    `broken`: the platform's own problems, those in a row last.
    """

    done: frozenset[str] = frozenset()
    failed_before: frozenset[str] = frozenset()
    failed: list[tuple[ClientMonth, Outcome]] = field(default_factory=list)
    stopped: list[tuple[ClientMonth, PharmaError]] = field(default_factory=list)
    broken: list[PharmaError] = field(default_factory=list)


def work_through(context: Context, platform: Platform, months: Sequence[ClientMonth], order: Order) -> None:
    """Work on each client-month in turn, whatever becomes of the others.

    Events are written when the work of their client-month is committed, so they tell the truth whenever the run ends.
    The run fails last: with Failure for files that need somebody, with RetryRequested for a problem of the platform.
    Raises what the database raises when it is lost.
    """
    told = _told_before(context) if context.retry_number else _Told()
    in_a_row = 0
    for month in months:
        if month.key in told.done:
            continue
        try:
            _work_on(context, platform, month, order, told)
            in_a_row = 0
        except PharmaError as error:
            if error.problem.scope is Scope.PLATFORM:
                context.log.error(f"{month}: {error} – {error.advice}")
                told.broken.append(error)
                in_a_row += 1
                if in_a_row == _GIVE_UP_AFTER:
                    break
            elif order.planned:
                told.stopped.append((month, error))
            else:
                # Another run is at it, and tells what becomes of it; what is due then is due at the next tick.
                context.log.warning(f"{month}: {error}")
        except Exception as error:
            if len(months) == 1 or database_is_lost(error):
                raise
            context.log.exception(f"{month}")
            told.stopped.append((month, PharmaError("INTERNAL_ERROR", kind=type(error).__name__, why=error)))
    if told.broken:
        seconds = platform.settings.retry_seconds * 2**context.retry_number
        raise RetryRequested(MOST_RETRIES, seconds) from told.broken[-1]
    if told.failed or told.stopped or told.failed_before:
        raise _failure(told, len(months))


def _work_on(context: Context, platform: Platform, month: ClientMonth, order: Order, told: _Told) -> None:
    outcome = None
    if order.assets:
        with scripts_are_heard(context.log):
            outcome = work_on(
                platform,
                month,
                context.run.run_id,
                order.work,
                rebuild=order.rebuild,
                retry=order.retry,
                begun=partial(_begun, context, month, order),
            )
        if outcome.state is State.FAILED:
            told.failed.append((month, outcome))
    today = datetime.now(platform.timezone).date()
    with platform.engine.connect() as connection:
        facts = month_facts(connection, month, platform.settings.timezone, today)
    if outcome is not None:
        _log(context, platform, outcome)
        _tell(context, platform, outcome, facts, order)
    if order.checks:
        target = _latest_materialization(context.instance, month)
        for evaluation in evaluate(facts, order.checks, target, show_personal=platform.settings.show_personal):
            # Dagster takes it, and its annotations do not say so.
            context.log_event(evaluation)  # type: ignore[arg-type]


def _begun(context: Context, month: ClientMonth, order: Order) -> None:
    """Have the partition shown as being worked on; and as failed, if the run ends before it is told otherwise."""
    if order.planned:
        return
    for key in order.assets:
        planned = AssetMaterializationPlannedData(key, partition=partition_key(month))
        event = DagsterEvent.build_asset_materialization_planned_event(context.job_name, context.op.name, planned)
        context.instance.report_dagster_event(event, context.run.run_id, "DEBUG")


def _tell(context: Context, platform: Platform, outcome: Outcome, facts: MonthFacts, order: Order) -> None:
    if outcome.state is State.EMPTY:
        context.log.info(f"{outcome.client_month}: no file has arrived")
        return
    metadata = outcome_metadata(outcome, facts, platform)
    of_asset = layout_metadata(outcome, platform)
    key = partition_key(outcome.client_month)
    for asset in order.assets:
        if outcome.state is State.FAILED:
            # What could be loaded is there to be read, and the partition stays red.
            context.log_event(AssetObservation(asset, partition=key, metadata=metadata))
            continue
        rows = {"dagster/partition_row_count": outcome.rows_after} if asset == PRIMARY_DATA else {}
        whole = {**rows, **metadata, **of_asset.get(asset.to_user_string(), {})}
        context.log_event(AssetMaterialization(asset, partition=key, metadata=whole))


def _latest_materialization(instance: DagsterInstance, month: ClientMonth) -> EventLogRecord | None:
    """What a check's answer is about; without it Dagster would take it for outdated."""
    wanted = AssetRecordsFilter(PRIMARY_DATA, asset_partitions=[partition_key(month)])
    return next(iter(instance.fetch_materializations(wanted, limit=1).records), None)


def _told_before(context: Context) -> _Told:
    """What earlier attempts of this step have told."""
    loaded, failed = (
        frozenset(
            str(record.partition_key)
            for record in context.instance.get_records_for_run(context.run.run_id, of_type=kind).records
        )
        for kind in (DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_OBSERVATION)
    )
    return _Told(loaded | failed, failed)


def _log(context: Context, platform: Platform, outcome: Outcome) -> None:
    mask = mask_of(outcome, platform)
    for file in outcome.files:
        if file.error is not None:
            context.log.error(f"{file.file.path}: {file.error} – {file.error.advice}")
        elif file.figures is not None:
            report = file.figures
            context.log.info(
                f"{file.file.path}: {report.read} rows read, {report.loaded} to load,"
                f" {sum(report.left_out.values())} left out, {len(report.rejected)} rejected"
            )
            for remark in (*report.remarks, *([file.remark] if file.remark else [])):
                context.log.warning(f"{file.file.path}: {mask.remark(str(remark))}")
    for displaced in outcome.displaced:
        context.log.warning(f"{displaced.path}: {displaced.error}")
    for path in outcome.removed:
        context.log.warning(f"{path}: gone from the inbox, its rows were removed")


def _failure(told: _Told, months: int) -> Failure:
    """The partitions show as failed, with what to do; what could be taken in is in the database all the same."""
    problems = [(month, "", error) for month, error in told.stopped]
    for month, outcome in told.failed:
        problems += [(month, path, error) for path, error in _problems(outcome)]
    lines = [f"{key}: failed before the step was tried again" for key in sorted(told.failed_before)]
    lines += [f"{path or month}: {error}" for month, path, error in problems[:_MOST_LINES]]
    if len(problems) > _MOST_LINES:
        lines.append(f"and {len(problems) - _MOST_LINES} more")
    metadata: dict[str, Metadata] = {
        "problems": _problem_table(problems),
        "advice": MetadataValue.json({error.code: error.advice for _, _, error in problems}),
    }
    if months > 1:
        count = len(told.failed) + len(told.stopped) + len(told.failed_before)
        summary = f"{count} of {months} client-months need somebody."
    elif told.failed:
        summary = _summary(told.failed[0][1])
    else:
        (month, error), *_ = told.stopped
        return Failure(f"{error}\n{error.advice}", metadata, allow_retries=False)
    return Failure("\n".join([summary, *lines]), metadata, allow_retries=False)


def _problems(outcome: Outcome) -> list[tuple[str, PharmaError]]:
    """Each file that is not taken in, and why."""
    found = {file.file.path: file.error for file in outcome.files if file.error is not None}
    waiting = {file.path: no_transform(file.client_month.client, file.report_type) for file in outcome.waiting}
    return list({**found, **waiting}.items())


def _summary(outcome: Outcome) -> str:
    counts = {
        "failed": len(outcome.failed),
        "wait for a layout": len(outcome.waiting),
        "were taken in": len(outcome.reports),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"{outcome.client_month}: of its files {told}."


_PROBLEM_COLUMNS = TableSchema([TableColumn(name) for name in ("client_month", "file", "code", "message", "advice")])


def _problem_table(problems: Sequence[tuple[ClientMonth, str, PharmaError]]) -> MetadataValue[Any]:
    return MetadataValue.table(
        [
            TableRecord(
                {
                    "client_month": str(month),
                    "file": path.rpartition("/")[2],
                    "code": error.code,
                    "message": error.message,
                    "advice": error.advice,
                }
            )
            for month, path, error in problems[:LONGEST_LIST]
        ],
        _PROBLEM_COLUMNS,
    )
