"""The sensor: every 15 minutes it looks at the inbox and asks for the client-months that are due."""

# Dagster reads the annotations, so they are not postponed here.

from dagster import (
    AssetMaterialization,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)
from dagster._core.storage.tags import PRIORITY_TAG

from pharma_assets.defs.assets import CLIENT_MONTH_OP, file_registry
from pharma_assets.defs.jobs import client_month_job
from pharma_assets.defs.metadata import scan_metadata
from pharma_assets.defs.partitions import CLIENTS, partition_key
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import DIGEST_TAG, client_months_in_flight, end_dead_runs, runs_for
from pharma_assets.intake import Intake, Request, take_in
from pharma_assets.registry.locks import all_held, client_month_lock, is_held

SENSOR_NAME = "inbox_sensor"
FILES_TAG = "pharma/files"
# Of the runs that are queued, the daemon starts those of the backlog last.
BACKLOG_PRIORITY = "-10"


def inbox_sensor(minutes: int) -> SensorDefinition:
    """The sensor, evaluated every so many minutes."""

    @sensor(
        name=SENSOR_NAME,
        job=client_month_job,
        minimum_interval_seconds=minutes * 60,
        default_status=DefaultSensorStatus.RUNNING,
        description="Registers new files and asks for the client-months that are due.",
    )
    def evaluate(context: SensorEvaluationContext, platform: PlatformResource) -> SensorResult:
        return evaluate_inbox(context, platform)

    return evaluate


def evaluate_inbox(context: SensorEvaluationContext, platform: PlatformResource) -> SensorResult:
    """One evaluation, also of `pharma-assets tick`: register, add clients, request what is due and not in flight."""
    instance = context.instance
    with platform.open(instance) as opened:
        with opened.engine.connect() as connection:
            held = all_held(connection)
        for run_id in end_dead_runs(instance, lambda month: is_held(held, client_month_lock(month))):
            context.log.warning(f"run {run_id} had died and was marked as failed")
        intake = take_in(opened, SENSOR_NAME, client_months_in_flight(instance))
    known = set(instance.get_dynamic_partitions(CLIENTS.name or ""))
    unknown = [client.key for client in intake.clients if client.key not in known]
    requests = [_run_request(request, runs_for(instance, request.digest)) for request in intake.requests]
    return SensorResult(
        run_requests=requests,
        skip_reason=None if requests else SkipReason(_nothing_due(intake)),
        dynamic_partitions_requests=[CLIENTS.build_add_request(unknown)] if unknown else [],
        asset_events=[_registry_event(intake)] if intake.scan.added or intake.scan.changed else [],
    )


def _run_request(request: Request, runs_before: int) -> RunRequest:
    """A `run_key` is remembered for ever; the count of earlier runs in it lets the same work be asked for again."""
    client_month = request.client_month
    return RunRequest(
        run_key=f"{client_month.key}:{request.digest}:{runs_before}",
        partition_key=partition_key(client_month),
        run_config={"ops": {CLIENT_MONTH_OP: {"config": {"rebuild": False}}}},
        tags={
            DIGEST_TAG: request.digest,
            FILES_TAG: str(len(request.file_ids)),
            **({PRIORITY_TAG: BACKLOG_PRIORITY} if request.is_backlog else {}),
        },
    )


def _registry_event(intake: Intake) -> AssetMaterialization:
    return AssetMaterialization(file_registry.key, metadata=scan_metadata(intake.scan, intake.waiting))


def _nothing_due(intake: Intake) -> str:
    if intake.scan.busy:
        return "another scan is at work"
    scan = intake.scan
    return f"nothing is due: {scan.seen} files seen, {scan.added} added, {len(scan.problems)} paths do not fit"
