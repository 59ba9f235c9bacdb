"""The asset checks of a client-month. What blocks was decided before, file by file; these report it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    EventLogRecord,
    MetadataValue,
    PartitionsDefinition,
)
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData
from sqlalchemy import Connection

from pharma_assets.defs.partitions import partition_key
from pharma_assets.loading import checks
from pharma_assets.loading.checks import Finding
from pharma_assets.loading.platform import Platform
from pharma_assets.model.client_month import ClientMonth

PRIMARY_DATA = AssetKey("primary_data")

Check = Callable[[Connection, ClientMonth, Platform], Finding]

_CHECKS: dict[str, tuple[AssetCheckSeverity, Check]] = {
    "reconciliation": (AssetCheckSeverity.ERROR, lambda connection, month, _: checks.reconciliation(connection, month)),
    "files_taken_in": (AssetCheckSeverity.ERROR, lambda connection, month, _: checks.files_taken_in(connection, month)),
    "period_within_month": (
        AssetCheckSeverity.WARN,
        lambda connection, month, platform: checks.period_within_month(connection, month, platform.settings.timezone),
    ),
    "inn_validity": (AssetCheckSeverity.WARN, lambda connection, month, _: checks.inn_validity(connection, month)),
}


CHECK_NAMES = frozenset(_CHECKS)


def check_specs(partitions_def: PartitionsDefinition[str]) -> list[AssetCheckSpec]:
    """The specs of all checks, partitioned like the asset so that each client-month keeps its own result."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*partitions_def.*")  # a preview, pinned by a test
        return [
            AssetCheckSpec(
                name,
                asset=PRIMARY_DATA,
                description=(getattr(checks, name).__doc__ or "").strip(),
                partitions_def=partitions_def,
            )
            for name in _CHECKS
        ]


def evaluate(
    platform: Platform, client_month: ClientMonth, names: AbstractSet[str], target: EventLogRecord | None
) -> Iterator[AssetCheckEvaluation]:
    """Ask the database the named checks about a client-month. `target`: the materialization that they are about."""
    about = target and AssetCheckEvaluationTargetMaterializationData(
        storage_id=target.storage_id, run_id=target.run_id, timestamp=target.timestamp
    )
    with platform.engine.connect() as connection:
        for name, (severity, check) in _CHECKS.items():
            if name not in names:
                continue
            finding = check(connection, client_month, platform)
            yield AssetCheckEvaluation(
                asset_key=PRIMARY_DATA,
                check_name=name,
                passed=finding.passed,
                severity=severity,
                description=finding.summary,
                metadata={name: _shown(value) for name, value in finding.figures.items()},
                target_materialization_data=about,
                partition=partition_key(client_month),
            )


def _shown(value: object) -> int | str | MetadataValue[Any]:
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        return MetadataValue.json(value)
    return value if isinstance(value, int) else str(value)
