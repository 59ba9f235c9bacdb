"""Dagster's event log in PostgreSQL, but for one question that Dagster 1.13 cannot answer: how a check stands in each
partition where clients are added as they come.

Dagster asks for the partitions one by one, and without saying where it keeps them; so its pages show no client × month
matrix of a check. `dagster.yaml` names this class, and everything else is inherited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from dagster import AssetCheckKey, DagsterRunStatus, PartitionsDefinition, RunsFilter
from dagster._core.asset_graph_view.serializable_entity_subset import SerializableEntitySubset
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.instance.types import CachingDynamicPartitionsLoader
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecordStatus,
    AssetCheckExecutionResolvedStatus,
    AssetCheckPartitionInfo,
)
from dagster._core.storage.asset_check_state import AssetCheckState
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._serdes import ConfigurableClassData
from dagster_postgres import PostgresEventLogStorage
from dagster_postgres.utils import get_token_provider_from_config, pg_url_from_config

Partitioned = tuple[AssetCheckKey, PartitionsDefinition[str] | None]


class EventLogStorage(PostgresEventLogStorage):
    """The event log, with the state of partitioned checks."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """As the inherited one, which makes no subclass."""
        return cls(
            pg_url_from_config(config_value),
            config_value.get("should_autocreate_tables", True),
            inst_data,
            get_token_provider_from_config(config_value),
        )

    def get_asset_check_state(self, keys: Sequence[Partitioned]) -> Mapping[AssetCheckKey, AssetCheckState]:
        """The state of each check, by its partitions where it has any."""
        partitioned = {key: partitions for key, partitions in keys if partitions is not None}
        plain = [(key, None) for key, partitions in keys if partitions is None]
        found = dict(super().get_asset_check_state(plain)) if plain else {}
        with partition_loading_context(dynamic_partitions_store=CachingDynamicPartitionsLoader(self._instance)):
            infos: dict[AssetCheckKey, list[AssetCheckPartitionInfo]] = {key: [] for key in partitioned}
            for info in self.get_asset_check_partition_info(list(partitioned)):
                infos[info.check_key].append(info)
            ended = self._ended_runs(infos.values())
            for key, partitions in partitioned.items():
                found[key] = _state(key, partitions, infos[key], ended)
        return found

    def _ended_runs(self, infos: Iterable[Sequence[AssetCheckPartitionInfo]]) -> dict[str, DagsterRunStatus]:
        """Of the runs that have not answered yet, those that will not any more."""
        silent = {info.latest_planned_run_id for some in infos for info in some if _is_planned(info)}
        if not silent:
            return {}
        runs = self._instance.get_runs(RunsFilter(run_ids=list(silent), statuses=FINISHED_STATUSES))
        return {run.run_id: run.status for run in runs}


def _is_planned(info: AssetCheckPartitionInfo) -> bool:
    return info.latest_execution_status is AssetCheckExecutionRecordStatus.PLANNED


def _state(
    key: AssetCheckKey,
    partitions: PartitionsDefinition[str],
    infos: Sequence[AssetCheckPartitionInfo],
    ended: Mapping[str, DagsterRunStatus],
) -> AssetCheckState:
    """What `AssetCheckState.with_updates` makes of the same facts, in one pass."""
    known = partitions.filter_valid_partition_keys({info.partition_key for info in infos if info.partition_key})
    by_status: dict[AssetCheckExecutionResolvedStatus, set[str]] = {
        status: set() for status in AssetCheckExecutionResolvedStatus
    }
    running: dict[str, set[str]] = {}
    for info in infos:
        partition = info.partition_key
        if partition is None or partition not in known:
            continue
        status = _status(info, ended)
        if status is not None:
            by_status[status].add(partition)
        if status is AssetCheckExecutionResolvedStatus.IN_PROGRESS:
            running.setdefault(info.latest_planned_run_id, set()).add(partition)

    def subset(of: set[str]) -> SerializableEntitySubset[AssetCheckKey]:
        return SerializableEntitySubset(key=key, value=partitions.subset_with_partition_keys(of))

    return AssetCheckState(
        latest_storage_id=max((info.latest_check_event_storage_id for info in infos), default=0),
        subsets={status: subset(of) for status, of in by_status.items()},
        in_progress_runs={run_id: subset(of) for run_id, of in running.items()},
    )


def _status(
    info: AssetCheckPartitionInfo, ended: Mapping[str, DagsterRunStatus]
) -> AssetCheckExecutionResolvedStatus | None:
    """None: the partition was materialized after the check, whose answer is about something else."""
    if _is_planned(info):
        run = ended.get(info.latest_planned_run_id)
        if run is None:
            return AssetCheckExecutionResolvedStatus.IN_PROGRESS
        if run is DagsterRunStatus.FAILURE:
            return AssetCheckExecutionResolvedStatus.EXECUTION_FAILED
        return AssetCheckExecutionResolvedStatus.SKIPPED
    if not info.is_current:
        return None
    passed = info.latest_execution_status is AssetCheckExecutionRecordStatus.SUCCEEDED
    return AssetCheckExecutionResolvedStatus.SUCCEEDED if passed else AssetCheckExecutionResolvedStatus.FAILED
