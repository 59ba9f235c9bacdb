"""The nightly audit: a check on the registry, its job and its schedule."""

# ruff: noqa: PLC0415 - definitions load fast, and import what they need when it is needed

# Dagster reads the annotations, so they are not postponed here.

from datetime import datetime
from typing import TYPE_CHECKING

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
    asset_check,
    define_asset_job,
    in_process_executor,
)
from pydantic import Field

from pharma_assets.defs.keys import FILE_REGISTRY
from pharma_assets.defs.platform import PlatformResource

if TYPE_CHECKING:
    from pharma_assets.defs.metadata import Metadata
    from pharma_assets.loading.audit import Audit
    from pharma_assets.loading.difference import Difference

AUDIT = AssetCheckKey(FILE_REGISTRY, "audit")
AUDIT_JOB_NAME = "audit_job"
AT_NIGHT = "30 3 * * *"

_DESCRIPTION = """Registry, result files and `raw.primary_data` agree, over all client-months.

**Failed**: the metadata name every difference by its code. To put right what is safe, run `audit_job` with
`mend: true`, or `pharma-assets audit --mend`."""


class AuditConfig(Config):
    """What is compared, and whether it is put right."""

    month: str = Field(default="", description="Only this month of folders, as 2025-06; empty: all of them.")
    contents: bool = Field(default=True, description="Read the result files too. False: only look for them.")
    mend: bool = Field(default=False, description="Put right what is safe; rows are never taken out here.")


# On the registry and not on `primary_data`: it is over all client-months, and a click on one must not start it.
@asset_check(asset=FILE_REGISTRY, name=AUDIT.name, description=_DESCRIPTION)
def audit(context: AssetCheckExecutionContext, config: AuditConfig, platform: PlatformResource) -> AssetCheckResult:
    from pharma_assets.loading.audit import audit as compare
    from pharma_assets.loading.mend import Mending
    from pharma_assets.loading.mend import mend as put_right

    month = datetime.strptime(config.month, "%Y-%m").date() if config.month else None
    with platform.open(context.instance) as opened:
        found = compare(opened, month, contents=config.contents)
        mended = put_right(opened, found, Mending()) if config.mend else {}
    remaining = found.remaining - sum(not difference.is_remark for difference in mended)
    return AssetCheckResult(
        passed=remaining == 0,
        severity=AssetCheckSeverity.ERROR,
        description=f"{found.files} files, {found.rows} rows: {remaining} differences",
        metadata={"remaining": remaining, **_metadata(found, mended)},
    )


def _metadata(found: "Audit", mended: "dict[Difference, str]") -> "dict[str, Metadata]":
    from pharma_assets.defs.metadata import LONGEST_LIST, text_list

    metadata: dict[str, Metadata] = {"files": found.files, "rows": found.rows, "seconds": round(found.seconds, 3)}
    if found.counts:
        metadata["counts"] = MetadataValue.json(dict(found.counts))
        metadata["found"] = text_list(
            [
                f"{difference.file.path if difference.file else ''} {difference.error}"
                f"{f' – {mended[difference]}' if difference in mended else ''}"
                for difference in found.differences[:LONGEST_LIST]
            ]
        )
    return metadata


audit_job = define_asset_job(
    AUDIT_JOB_NAME,
    selection=AssetSelection.checks(AUDIT),
    executor_def=in_process_executor,
    description="Compares registry, result files and raw.primary_data.",
    # It only reads: where its process dies, it is simply done again, if the instance's `run_retries` allow it.
    tags={"dagster/max_retries": "2"},
)


def nightly_audit(timezone: str) -> ScheduleDefinition:
    """The audit, every night in the suppliers' time zone."""
    return ScheduleDefinition(
        name="nightly_audit",
        job=audit_job,
        cron_schedule=AT_NIGHT,
        execution_timezone=timezone,
        default_status=DefaultScheduleStatus.RUNNING,
    )
