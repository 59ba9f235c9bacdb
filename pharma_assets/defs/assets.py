"""The four assets: `folder_tree → file_registry → normalized_report → primary_data`."""

# ruff: noqa: PLC0415 - definitions load fast, and import what they need when it is needed

# Dagster reads the annotations, so they are not postponed here.

from collections.abc import Iterator

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    Config,
    MaterializeResult,
    MetadataValue,
    MultiPartitionsDefinition,
    asset,
    multi_asset,
)
from pydantic import Field

from pharma_assets.defs.checks import check_specs
from pharma_assets.defs.keys import NORMALIZED_REPORT, PRIMARY_DATA
from pharma_assets.defs.partitions import CLIENTS
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import CLIENT_MONTH_OP, POOL
from pharma_assets.defs.schemas import registry_schema, target_schema
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.settings import load_settings

_FOLDER_TREE = """The leaf folders that suppliers drop reports into:
`provider/year/month/client/report type`. Providers, years, clients and types come from `pharma.toml`.

**folder_tree** → file_registry → normalized_report → primary_data"""

_FILE_REGISTRY = """`ops.file_registry`: every file that ever arrived, and what became of it.

`inbox_sensor` looks at the inbox every 15 minutes and keeps this up to date; materializing it looks at once. In column
lineage, the headers of the files stand here as columns.

folder_tree → **file_registry** → normalized_report → primary_data"""

_NORMALIZED_REPORT = """Each file of the client-month in the target schema, as a result file in «Данные на загрузку».

File in the inbox → read in a guarded process → client's layout: header, columns, values → each row loaded, left out
by a rule, or held back with its reason → result file.

**Red**: a file could not be taken in, or nothing can be before there is a layout; the run's last message names the
file, its code and what to do. What could be taken in is there all the same. **Materialize** reads every present file
again.

folder_tree → file_registry → **normalized_report** → primary_data"""

_PRIMARY_DATA = """The client-month's rows in `raw.primary_data`, each with its source file, sheet and row.

**Green**: what was worked on is loaded; whether rows are held back, the check `rows_taken_in` says, whether files
wait, `files_taken_in`, each with a matrix of its own. **Red**: a file could not be taken in; the rows of the others are
loaded. **Grey**: nobody has sent anything. **Materialize** rebuilds the client-month from all its present files in one
transaction; the rows of files that have gone go.

folder_tree → file_registry → normalized_report → **primary_data**"""


@asset(group_name="inbox", kinds={"folder"}, tags={"layer": "inbox"}, description=_FOLDER_TREE)
def folder_tree() -> MaterializeResult[None]:
    from pharma_assets.inbox.tree import LIST_NAME, make_tree

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
    tags={"layer": "registry"},
    description=_FILE_REGISTRY,
    metadata={"dagster/table_name": "ops.file_registry", "dagster/column_schema": registry_schema()},
)
def file_registry(context: AssetExecutionContext, platform: PlatformResource) -> MaterializeResult[None]:
    from pharma_assets.defs.metadata import scan_metadata
    from pharma_assets.intake import take_in

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


def client_month_assets(partitions_def: MultiPartitionsDefinition, most_in_a_run: int) -> AssetsDefinition:
    """`normalized_report` and `primary_data`: one step, so that a report goes from one to the other in memory.

    Either can be materialized alone. A backfill puts up to `most_in_a_run` client-months into one run.
    """

    @multi_asset(
        name=CLIENT_MONTH_OP,
        # Skippable, because the step tells of each partition by itself: an output would be taken for every partition of
        # its run, also for those that failed.
        specs=[
            AssetSpec(
                NORMALIZED_REPORT,
                deps=[file_registry],
                group_name="reports",
                kinds={"python", "csv"},
                tags={"layer": "normalized"},
                description=_NORMALIZED_REPORT,
                metadata={"dagster/column_schema": target_schema()},
                skippable=True,
            ),
            AssetSpec(
                PRIMARY_DATA,
                deps=[NORMALIZED_REPORT],
                group_name="reports",
                kinds={"postgres", "table"},
                tags={"layer": "loaded"},
                description=_PRIMARY_DATA,
                metadata={"dagster/column_schema": target_schema(), "dagster/table_name": "raw.primary_data"},
                skippable=True,
            ),
        ],
        check_specs=check_specs(partitions_def),
        partitions_def=partitions_def,
        can_subset=True,
        backfill_policy=BackfillPolicy.multi_run(most_in_a_run),
        pool=POOL,
    )
    def client_month(
        context: AssetExecutionContext, config: ClientMonthConfig, platform: PlatformResource
    ) -> Iterator[MaterializeResult[None]]:
        from pharma_assets.defs.work import Order, work_through

        order = Order(
            assets=tuple(key for key in (NORMALIZED_REPORT, PRIMARY_DATA) if key in context.selected_asset_keys),
            checks=frozenset(key.name for key in context.selected_asset_check_keys),
            rebuild=config.rebuild,
            # A person who runs a failed run again means its failed files too.
            retry=context.run.parent_run_id is not None,
        )
        with platform.open_for_run(context.instance, context.run.run_id) as opened:
            work_through(context, opened, [ClientMonth.of_key(key) for key in context.partition_keys], order)
        yield from ()

    return client_month
