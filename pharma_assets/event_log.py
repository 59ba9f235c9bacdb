"""Dagster's event log in PostgreSQL, but for one question that Dagster 1.13 cannot answer: how a check stands in each
partition where clients are added as they come.

Dagster asks for the partitions one by one, and without saying where it keeps them; so its pages show no client × month
matrix of a check. They ask often, and of all checks at once; so what has been found is kept, and only the partitions
of which something new has been written are asked about again. `dagster.yaml` names this class; the rest is inherited.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import lt
from threading import Lock
from typing import Any, NamedTuple, Self

import sqlalchemy as db
from dagster import AssetCheckKey, DagsterEventType, DagsterRunStatus, PartitionsDefinition, RunsFilter
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
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData
from dagster_postgres import PostgresEventLogStorage
from dagster_postgres.utils import get_token_provider_from_config, pg_url_from_config

Partitioned = tuple[AssetCheckKey, PartitionsDefinition[str] | None]
Status = AssetCheckExecutionResolvedStatus

# Events and executions are numbered before they are committed: what is younger than this is looked at again.
_UNSETTLED = 1000
_UNSETTLED_SECONDS = 60.0


class _Latest(NamedTuple):
    """The numbers of the latest event and of the latest execution of a check; 0 where there is none."""

    event: int = 0
    execution: int = 0


@dataclass
class _Known:
    """What has been found of a check up to the numbers in `seen`: partition → its last execution.

    `moved`: when these last grew. `state` is made of what was found; None when it must be made anew.
    """

    partitions_id: str
    seen: _Latest = field(default_factory=_Latest)
    moved: float = 0.0
    found: dict[str, AssetCheckPartitionInfo] = field(default_factory=dict)
    state: AssetCheckState | None = None


class EventLogStorage(PostgresEventLogStorage):
    """The event log, with the state of partitioned checks."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._known: dict[AssetCheckKey, _Known] = {}
        self._lock = Lock()

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """As the inherited one, which makes no subclass."""
        return cls(
            pg_url_from_config(config_value),
            config_value.get("should_autocreate_tables", True),
            inst_data,
            get_token_provider_from_config(config_value),
        )

    @cached_property
    def supports_asset_checks(self) -> bool:
        """Whether there is a table for them; the inherited one asks the database before each answer of a check."""
        return bool(super().supports_asset_checks)

    def get_asset_check_state(self, keys: Sequence[Partitioned]) -> Mapping[AssetCheckKey, AssetCheckState]:
        """The state of each check, by its partitions where it has any."""
        plain = [(key, None) for key, partitions in keys if partitions is None]
        found = dict(super().get_asset_check_state(plain)) if plain else {}
        with (
            self._lock,
            partition_loading_context(dynamic_partitions_store=CachingDynamicPartitionsLoader(self._instance)),
        ):
            latest = self._latest()
            for key, partitions in keys:
                if partitions is not None:
                    found[key] = self._state(key, partitions, latest)
        return found

    def _latest(self) -> _Latest:
        numbers = (SqlEventLogStorageTable.c.id, AssetCheckExecutionsTable.c.id)
        query = db.select(*(db.select(db.func.max(number)).scalar_subquery() for number in numbers))
        with self.index_connection() as connection:
            return _Latest(*(int(number or 0) for number in connection.execute(query).one()))

    def _state(self, key: AssetCheckKey, partitions: PartitionsDefinition[str], latest: _Latest) -> AssetCheckState:
        partitions_id = partitions.get_serializable_unique_identifier()
        known = self._known.get(key)
        if known is None or known.partitions_id != partitions_id or any(map(lt, latest, known.seen)):
            known = self._known[key] = _Known(partitions_id)
        now = time.monotonic()
        if latest != known.seen:
            known.moved = now
        if latest != known.seen or now - known.moved < _UNSETTLED_SECONDS:
            self._bring_up_to(latest, known, key, partitions)
        # A run that ends without an answer writes none.
        if known.state is None or any(map(_is_planned, known.found.values())):
            known.state = _state_of(key, partitions, known, self._ended_runs(known))
        return known.state

    def _bring_up_to(
        self, latest: _Latest, known: _Known, key: AssetCheckKey, partitions: PartitionsDefinition[str]
    ) -> None:
        changed = self._partitions_since(known, key) if any(known.seen) else None
        if changed is None or changed:
            infos = self.get_asset_check_partition_info([key], partition_keys=changed)
            news = {info.partition_key: info for info in infos if info.partition_key is not None}
            for partition in partitions.filter_valid_partition_keys(set(news)):
                known.found[str(partition)] = news[partition]
            known.state = None
        known.seen = latest

    def _partitions_since(self, known: _Known, key: AssetCheckKey) -> list[str]:
        """The partitions that were materialized, or that the check was executed for, since what is known."""
        asset = key.asset_key.to_string()
        events, checks = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c
        materialized = db.select(events.partition).where(
            events.id > known.seen.event - _UNSETTLED,
            events.asset_key == asset,
            events.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION.value,
        )
        executed = db.select(checks.partition).where(
            checks.id > known.seen.execution - _UNSETTLED, checks.asset_key == asset, checks.check_name == key.name
        )
        with self.index_connection() as connection:
            rows = connection.execute(db.union(materialized, executed)).scalars().all()
        # An execution that was planned gets its answer in the row that it has.
        planned = [partition for partition, info in known.found.items() if _is_planned(info)]
        return [*{partition for partition in [*rows, *planned] if partition is not None}]

    def _ended_runs(self, known: _Known) -> dict[str, DagsterRunStatus]:
        """Of the runs that have not answered yet, those that will not any more."""
        silent = {info.latest_planned_run_id for info in known.found.values() if _is_planned(info)}
        if not silent:
            return {}
        runs = self._instance.get_runs(RunsFilter(run_ids=list(silent), statuses=FINISHED_STATUSES))
        return {run.run_id: run.status for run in runs}


def _is_planned(info: AssetCheckPartitionInfo) -> bool:
    return info.latest_execution_status is AssetCheckExecutionRecordStatus.PLANNED


def _state_of(
    key: AssetCheckKey, partitions: PartitionsDefinition[str], known: _Known, ended: Mapping[str, DagsterRunStatus]
) -> AssetCheckState:
    """What `AssetCheckState.with_updates` makes of the same facts, in one pass."""
    by_status: dict[Status, set[str]] = {status: set() for status in Status}
    running: dict[str, set[str]] = {}
    for partition, info in known.found.items():
        status = _status(info, ended)
        if status is not None:
            by_status[status].add(partition)
        if status is Status.IN_PROGRESS:
            running.setdefault(info.latest_planned_run_id, set()).add(partition)

    def subset(of: set[str]) -> SerializableEntitySubset[AssetCheckKey]:
        return SerializableEntitySubset(key=key, value=partitions.subset_with_partition_keys(of))

    return AssetCheckState(
        latest_storage_id=known.seen.event,
        subsets={status: subset(of) for status, of in by_status.items()},
        in_progress_runs={run_id: subset(of) for run_id, of in running.items()},
    )


def _status(info: AssetCheckPartitionInfo, ended: Mapping[str, DagsterRunStatus]) -> Status | None:
    """None: the partition was materialized after the check, whose answer is about something else."""
    if _is_planned(info):
        run = ended.get(info.latest_planned_run_id)
        if run is None:
            return Status.IN_PROGRESS
        return Status.EXECUTION_FAILED if run is DagsterRunStatus.FAILURE else Status.SKIPPED
    if not info.is_current:
        return None
    passed = info.latest_execution_status is AssetCheckExecutionRecordStatus.SUCCEEDED
    return Status.SUCCEEDED if passed else Status.FAILED
