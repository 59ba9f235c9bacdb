"""One evaluation of the sensor, by Dagster's daemon or by `pharma-assets tick`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from dagster import (
    AssetMaterialization,
    DagsterInstance,
    DagsterRun,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
)

from pharma_assets.defs.batching import digest_of, is_fresh, share_out
from pharma_assets.defs.keys import FILE_REGISTRY
from pharma_assets.defs.metadata import scan_metadata
from pharma_assets.defs.partitions import CLIENTS, partition_key
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import (
    BATCH_JOB_NAME,
    BATCH_OP,
    CLIENT_MONTH_OP,
    DIGEST_TAG,
    JOB_NAME,
    SENSOR_NAME,
    SENSOR_TAG,
    client_months_in_flight,
    client_months_of,
    end_dead_runs,
    runs_for,
)
from pharma_assets.intake import Intake, Request, Why, take_in
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry.locks import all_held, client_month_lock, is_held
from pharma_assets.settings import Settings

PRIORITY_TAG = "dagster/priority"
FILES_TAG = "pharma/files"
CLIENT_TAG = "pharma/client"
MONTH_TAG = "pharma/month"
CLIENT_MONTHS_TAG = "pharma/client_months"
WHY_TAG = "pharma/why"
_MOST_MONTHS = 12

# A backfill has Dagster's own priority, which is 0; files of years ago that a person has asked for come last of all.
FRESH, OLDER, BACKLOG = "2", "1", "-10"


def evaluate_inbox(context: SensorEvaluationContext, platform: PlatformResource) -> SensorResult:
    """One evaluation, also of `pharma-assets tick`: register, add clients, request what is due and not in flight."""
    instance = context.instance
    with platform.open(instance) as opened:
        with opened.engine.connect() as connection:
            held = all_held(connection)
        ended = end_dead_runs(instance, lambda month: is_held(held, client_month_lock(month)))
        for run in ended:
            context.log.warning(f"run {run.run_id} had died and was marked as failed")
        in_flight = client_months_in_flight(instance)
        intake = take_in(opened, SENSOR_NAME, in_flight)
        settings, today = opened.settings, datetime.now(opened.timezone).date()
    clients = instance.get_dynamic_partitions(CLIENTS.name or "")
    known = set(clients)
    unknown = [client.key for client in intake.clients if client.key not in known]
    due = [*intake.requests, *_to_be_told(ended, clients, in_flight, intake.requests)]
    requests = list(run_requests(instance, due, settings, today))
    return SensorResult(
        run_requests=requests,
        skip_reason=None if requests else SkipReason(_nothing_due(intake)),
        dynamic_partitions_requests=[CLIENTS.build_add_request(unknown)] if unknown else [],
        asset_events=[_registry_event(intake)] if intake.scan.added or intake.scan.changed else [],
    )


def _to_be_told(
    ended: Sequence[DagsterRun],
    clients: Sequence[str],
    in_flight: set[ClientMonth],
    requests: Sequence[Request],
) -> list[Request]:
    """What our dead runs were at, where nothing is due: one may have died between its commit and its word of it."""
    ours = [run for run in ended if run.tags.get(SENSOR_TAG) == SENSOR_NAME]
    due = {request.client_month for request in requests}
    return [
        Request(month, (), f"{run.run_id}:{month.key}", frozenset({Why.INTERRUPTED}))
        for run in ours
        for month in client_months_of(run, clients)
        if month not in due and month not in in_flight
    ]


def run_requests(
    instance: DagsterInstance, requests: Sequence[Request], settings: Settings, today: date
) -> Iterable[RunRequest]:
    """A run for each client-month, or batches where many are due; what is fresh comes first."""
    parts: dict[str, list[Request]] = {FRESH: [], OLDER: [], BACKLOG: []}
    for request in requests:
        parts[BACKLOG if request.is_backlog else FRESH if is_fresh(request, today) else OLDER].append(request)
    for priority, part in parts.items():
        if len(requests) < settings.batch_from:
            for request in part:
                yield _run_request(request, runs_for(instance, request.digest), priority)
        elif part:
            for batch in share_out(part, settings.batch_runs or os.cpu_count() or 1, settings.batch_size):
                yield _batch_request(batch, runs_for(instance, digest_of(batch)), priority)


def _run_request(request: Request, runs_before: int, priority: str) -> RunRequest:
    """A `run_key` is remembered for ever; the count of earlier runs in it lets the same work be asked for again."""
    client_month = request.client_month
    return RunRequest(
        run_key=f"{client_month.key}:{request.digest}:{runs_before}",
        job_name=JOB_NAME,
        partition_key=partition_key(client_month),
        run_config={"ops": {CLIENT_MONTH_OP: {"config": {"rebuild": False}}}},
        tags={
            DIGEST_TAG: request.digest,
            PRIORITY_TAG: priority,
            CLIENT_TAG: client_month.client.key,
            **_tags([request]),
        },
    )


def _batch_request(batch: Sequence[Request], runs_before: int, priority: str) -> RunRequest:
    digest = digest_of(batch)
    keys = [request.client_month.key for request in batch]
    return RunRequest(
        run_key=f"batch:{digest}:{runs_before}",
        job_name=BATCH_JOB_NAME,
        run_config={"ops": {BATCH_OP: {"config": {"client_months": keys}}}},
        tags={DIGEST_TAG: digest, PRIORITY_TAG: priority, CLIENT_MONTHS_TAG: str(len(batch)), **_tags(batch)},
    )


def _tags(requests: Sequence[Request]) -> dict[str, str]:
    """Which month, why, and how many files: what people filter runs by."""
    months = sorted({request.client_month.month_key for request in requests})
    shown = months if len(months) <= _MOST_MONTHS else [months[0], "…", months[-1]]
    return {
        MONTH_TAG: " ".join(shown),
        WHY_TAG: ", ".join(sorted({why for request in requests for why in request.why})),
        FILES_TAG: str(sum(len(request.file_ids) for request in requests)),
    }


def _registry_event(intake: Intake) -> AssetMaterialization:
    return AssetMaterialization(FILE_REGISTRY, metadata=scan_metadata(intake.scan, intake.waiting))


def _nothing_due(intake: Intake) -> str:
    if intake.scan.busy:
        return "another scan is at work"
    scan = intake.scan
    return f"nothing is due: {scan.seen} files seen, {scan.added} added, {scan.misplaced} paths do not fit"
