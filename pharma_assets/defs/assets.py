"""The four assets: `folder_tree → file_registry → normalized_report → primary_data`."""

# Dagster reads the annotations, so they are not postponed here.

from collections.abc import Iterator, Mapping

from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    AssetsDefinition,
    AssetSpec,
    Config,
    Failure,
    MaterializeResult,
    MetadataValue,
    MultiPartitionsDefinition,
    asset,
    multi_asset,
)
from pydantic import Field

from pharma_assets.defs.checks import PRIMARY_DATA, check_specs, run_checks
from pharma_assets.defs.metadata import Metadata, outcome_metadata, scan_metadata, target_schema
from pharma_assets.defs.partitions import CLIENTS
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import own_process_tags
from pharma_assets.defs.script_log import scripts_are_heard
from pharma_assets.errors import PharmaError, Scope
from pharma_assets.inbox.tree import LIST_NAME, make_tree
from pharma_assets.intake import take_in
from pharma_assets.loading.client_month import Outcome, Work, work_on
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.settings import load_settings

NORMALIZED_REPORT = AssetKey("normalized_report")
CLIENT_MONTH_OP = "client_month"

_FOLDER_TREE = """The leaf folders that suppliers drop reports into:
`provider/year/month/client/report type`. Providers, years, clients and types come from `pharma.toml`."""

_FILE_REGISTRY = """`ops.file_registry`: every file that ever arrived, and what became of it.

`inbox_sensor` looks at the inbox every 15 minutes and keeps this up to date; materializing it looks at once."""

_NORMALIZED_REPORT = """Each file of the client-month in the target schema, as a result file in «Данные на загрузку».

**Red**: a file could not be taken in; the run's last message names it, its code and what to do. What could be taken in
is there all the same. **Materialize** reads every present file again."""

_PRIMARY_DATA = """The client-month's rows in `raw.primary_data`, each with its source file, sheet and row.

**Materialize** rebuilds the client-month from all its present files in one transaction; the rows of files that have
gone go. **Red**: a file could not be taken in; the rows of the others are loaded."""


@asset(group_name="inbox", kinds={"folder"}, description=_FOLDER_TREE)
def folder_tree() -> MaterializeResult[None]:
    settings = load_settings()
    result = make_tree(settings.inbox_root, settings.tree, settings.home / LIST_NAME, create=True)
    return MaterializeResult(
        metadata={
            "leaf_folders": len(result.folders),
            "created": result.created,
            "root": MetadataValue.path(str(result.root)),
            "list": MetadataValue.path(result.list_file),
        }
    )


@asset(
    group_name="inbox",
    deps=[folder_tree],
    kinds={"postgres"},
    description=_FILE_REGISTRY,
    metadata={"dagster/table_name": "ops.file_registry"},
)
def file_registry(context: AssetExecutionContext, platform: PlatformResource) -> MaterializeResult[None]:
    with platform.open(context.instance) as opened:
        intake = take_in(opened, context.run.run_id)
    add_clients(context, [client.key for client in intake.clients])
    return MaterializeResult(metadata=scan_metadata(intake.scan, intake.waiting))


def add_clients(context: AssetExecutionContext, keys: list[str]) -> None:
    """Make sure that every client has its row in the client × month matrix."""
    if keys:
        context.instance.add_dynamic_partitions(CLIENTS.name or "", keys)


class ClientMonthConfig(Config):
    """How a client-month is worked on. A person's click rebuilds it; the sensor asks for what is due."""

    rebuild: bool = Field(
        default=True,
        description="True: every present file again, in one transaction. False: the due files only; rows are added or "
        "replaced, never taken away.",
    )


def client_month_assets(partitions_def: MultiPartitionsDefinition) -> AssetsDefinition:
    """`normalized_report` and `primary_data`: one step, so that a report goes from one to the other in memory.

    Either can be materialized alone.
    """

    @multi_asset(
        name=CLIENT_MONTH_OP,
        specs=[
            AssetSpec(
                NORMALIZED_REPORT,
                deps=[file_registry],
                group_name="reports",
                kinds={"python", "csv"},
                description=_NORMALIZED_REPORT,
                metadata={"dagster/column_schema": target_schema()},
            ),
            AssetSpec(
                PRIMARY_DATA,
                deps=[NORMALIZED_REPORT],
                group_name="reports",
                kinds={"postgres", "table"},
                description=_PRIMARY_DATA,
                metadata={"dagster/column_schema": target_schema(), "dagster/table_name": "raw.primary_data"},
            ),
        ],
        check_specs=check_specs(partitions_def),
        partitions_def=partitions_def,
        can_subset=True,
    )
    def client_month(
        context: AssetExecutionContext, config: ClientMonthConfig, platform: PlatformResource
    ) -> Iterator[MaterializeResult[None] | AssetCheckResult]:
        month = ClientMonth.of_key(context.partition_key)
        context.instance.add_run_tags(context.run.run_id, own_process_tags())
        with platform.open(context.instance) as opened:
            # A person who runs a failed run again means its failed files too.
            retry = context.run.parent_run_id is not None
            run_id, work = context.run.run_id, _wanted(context)
            try:
                with scripts_are_heard(context.log):
                    outcome = work_on(opened, month, run_id, work, rebuild=config.rebuild, retry=retry)
            except PharmaError as error:
                if error.problem.scope is Scope.PLATFORM:
                    raise
                raise Failure(f"{error}\n{error.advice}", allow_retries=False) from error
            _log(context, outcome)
            taken_in = not outcome.failed and (bool(outcome.reports) or not outcome.files)
            metadata = outcome_metadata(outcome, opened.timezone)
            # In their order: Dagster refuses an asset that comes before the one it is made from.
            for key in (NORMALIZED_REPORT, PRIMARY_DATA):
                if key not in context.selected_asset_keys:
                    continue
                if not taken_in:
                    # What could be loaded is there to be read, and the partition stays red.
                    context.log_event(AssetObservation(key, partition=context.partition_key, metadata=metadata))
                elif key == PRIMARY_DATA:
                    yield MaterializeResult(
                        key, metadata={"dagster/partition_row_count": outcome.rows_after, **metadata}
                    )
                else:
                    yield MaterializeResult(key, metadata=metadata)
            yield from run_checks(opened, month, context.selected_asset_check_keys)
        if not taken_in:
            raise _failure(outcome, metadata)

    return client_month


def _wanted(context: AssetExecutionContext) -> Work:
    halves = {NORMALIZED_REPORT: Work.NORMALIZE, PRIMARY_DATA: Work.LOAD}
    wanted = Work(0)
    for key in context.selected_asset_keys:
        wanted |= halves[key]
    return wanted


def _log(context: AssetExecutionContext, outcome: Outcome) -> None:
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
                context.log.warning(f"{file.file.path}: {remark}")
    for displaced in outcome.displaced:
        context.log.warning(f"{displaced.path}: {displaced.error}")
    for path in outcome.removed:
        context.log.warning(f"{path}: gone from the inbox, its rows were removed")


def _failure(outcome: Outcome, metadata: Mapping[str, Metadata]) -> Failure:
    """The partition shows as failed, with what to do; what could be taken in is in the database all the same."""
    unread = [file for file in outcome.files if file.error is not None]
    lines = [f"{outcome.client_month}: {len(outcome.failed)} files failed, {len(outcome.reports)} were taken in."]
    lines += [f"{file.file.path}: {file.error}" for file in unread[:5]]
    return Failure(
        description="\n".join(lines),
        metadata={
            **metadata,
            "advice": MetadataValue.json({file.error.code: file.error.advice for file in unread if file.error}),
        },
        allow_retries=False,
    )
