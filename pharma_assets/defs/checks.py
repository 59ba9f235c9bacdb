"""The asset checks of a client-month. What blocks was decided before, file by file; these report it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetCheckSpec,
    EventLogRecord,
    MetadataValue,
    PartitionsDefinition,
)
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

from pharma_assets.defs.keys import PRIMARY_DATA
from pharma_assets.defs.partitions import partition_key
from pharma_assets.loading import checks
from pharma_assets.loading.checks import Finding
from pharma_assets.model.personal import masked

if TYPE_CHECKING:
    from pharma_assets.loading.month_facts import MonthFacts

Check = Callable[["MonthFacts"], Finding]

_CHECKS: dict[str, tuple[AssetCheckSeverity, Check]] = {
    "reconciliation": (AssetCheckSeverity.ERROR, checks.reconciliation),
    "control_totals": (AssetCheckSeverity.ERROR, checks.control_totals),
    "files_taken_in": (AssetCheckSeverity.ERROR, checks.files_taken_in),
    "rows_taken_in": (AssetCheckSeverity.WARN, checks.rows_taken_in),
    "period_within_month": (AssetCheckSeverity.WARN, checks.period_within_month),
    "inn_validity": (AssetCheckSeverity.WARN, checks.inn_validity),
    "volume": (AssetCheckSeverity.WARN, checks.volume),
    "duplicates": (AssetCheckSeverity.WARN, checks.duplicates),
}
# Figures by a personal value.
_PERSONAL = {"invalid"}

CHECK_NAMES = frozenset(_CHECKS)


def check_specs(partitions_def: PartitionsDefinition[str]) -> list[AssetCheckSpec]:
    """The specs of all checks, partitioned like the asset so that each client-month keeps its own result."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*partitions_def.*")  # a preview, pinned by a test
        return [
            AssetCheckSpec(
                name,
                asset=PRIMARY_DATA,
                description=" ".join((check.__doc__ or "").split()),
                partitions_def=partitions_def,
            )
            for name, (_, check) in _CHECKS.items()
        ]


def evaluate(
    facts: MonthFacts, names: AbstractSet[str], target: EventLogRecord | None, *, show_personal: bool
) -> Iterator[AssetCheckEvaluation]:
    """The named checks' answers about a client-month. `target`: the materialization that they are about."""
    about = target and AssetCheckEvaluationTargetMaterializationData(
        storage_id=target.storage_id, run_id=target.run_id, timestamp=target.timestamp
    )
    for name, (severity, check) in _CHECKS.items():
        if name not in names:
            continue
        finding = check(facts)
        figures = dict(finding.figures)
        if not show_personal:
            figures |= {name: _masked(figures[name]) for name in _PERSONAL & figures.keys()}
        yield AssetCheckEvaluation(
            asset_key=PRIMARY_DATA,
            check_name=name,
            passed=finding.passed,
            severity=severity,
            description=finding.summary,
            metadata={name: _shown(value) for name, value in figures.items()},
            target_materialization_data=about,
            partition=partition_key(facts.client_month),
        )


def _masked(figure: object) -> object:
    return [f"{masked(text)}: {rows}" for text, rows in figure.items()] if isinstance(figure, Mapping) else figure


def _shown(value: object) -> int | float | str | MetadataValue[Any]:
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        return MetadataValue.json(value)
    return value if isinstance(value, int | float) else str(value)
