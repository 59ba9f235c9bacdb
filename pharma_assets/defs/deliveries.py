"""Who has sent, as a check on the registry, with its job and its schedule: honest freshness, client by client.

Dagster's own freshness is one of the whole asset, and a backfill of an old month would renew it.
"""

# ruff: noqa: PLC0415 - definitions load fast, and import what they need when it is needed

# Dagster reads the annotations, so they are not postponed here.

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetSelection,
    Config,
    DefaultScheduleStatus,
    MetadataValue,
    ScheduleDefinition,
    TableColumn,
    TableRecord,
    TableSchema,
    asset_check,
    define_asset_job,
    in_process_executor,
)
from pydantic import Field

from pharma_assets.defs.keys import FILE_REGISTRY
from pharma_assets.defs.platform import PlatformResource

if TYPE_CHECKING:
    from pharma_assets.registry.senders import Delivery

DELIVERIES = AssetCheckKey(FILE_REGISTRY, "deliveries")
DELIVERIES_JOB_NAME = "deliveries_job"
IN_THE_MORNING = "0 8 * * *"

_DESCRIPTION = """Every supplier has sent what is due, by its own schedule or by what is usual for it.

**Failed**: the table names who is late or has sent less than usual. `pharma-assets missing` shows all of them, for any
month, and exports them."""

_COLUMNS = (
    "month",
    "client",
    "report_type",
    "state",
    "due",
    "usual",
    "files",
    "loaded",
    "not_taken_in",
    "first",
    "last",
)


class DeliveriesConfig(Config):
    """Which month is asked about."""

    month: str = Field(default="", description="A month, as 2025-06; empty: this one and the last one.")


@asset_check(asset=FILE_REGISTRY, name=DELIVERIES.name, description=_DESCRIPTION)
def deliveries(
    context: AssetCheckExecutionContext, config: DeliveriesConfig, platform: PlatformResource
) -> AssetCheckResult:
    from pharma_assets.loading.expectations import deliveries_of
    from pharma_assets.registry.senders import WANTING

    with platform.open(context.instance) as opened, opened.engine.connect() as connection:
        today = datetime.now(opened.timezone).date()
        months = [datetime.strptime(config.month, "%Y-%m").date()] if config.month else _latest_months(today)
        found = [(month, item) for month in months for item in deliveries_of(opened, connection, month)]
    wanting = [(month, item) for month, item in found if item.state in WANTING]
    counts: dict[str, int] = {}
    for _, item in found:
        counts[item.state.value] = counts.get(item.state.value, 0) + 1
    return AssetCheckResult(
        passed=not wanting,
        severity=AssetCheckSeverity.WARN,
        description=f"{len(wanting)} of {len(found)} deliveries are wanting",
        metadata={"counts": MetadataValue.json(counts), "wanting": _table(wanting), "deliveries": _table(found)},
    )


def _latest_months(today: date) -> list[date]:
    month = today.replace(day=1)
    return [(month - timedelta(days=1)).replace(day=1), month]


def _table(found: "Sequence[tuple[date, Delivery]]") -> MetadataValue[Any]:
    return MetadataValue.table(
        [TableRecord({"month": f"{month:%Y-%m}", **item.record()}) for month, item in found],
        TableSchema([TableColumn(name) for name in _COLUMNS]),
    )


deliveries_job = define_asset_job(
    DELIVERIES_JOB_NAME,
    selection=AssetSelection.checks(DELIVERIES),
    executor_def=in_process_executor,
    description="Tells who has not sent, who is late, and what is usual for them.",
)


def morning_deliveries(timezone: str) -> ScheduleDefinition:
    """The question every morning, in the suppliers' time zone."""
    return ScheduleDefinition(
        name="morning_deliveries",
        job=deliveries_job,
        cron_schedule=IN_THE_MORNING,
        execution_timezone=timezone,
        default_status=DefaultScheduleStatus.RUNNING,
    )
