"""Dagster's UI without a browser: what it asks by GraphQL, and its daemon's turns, in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from dagster import DagsterInstance
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.scheduler.instigation import InstigatorTick, InstigatorType, SensorInstigatorData, TickStatus
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration
from dagster_graphql.test.utils import execute_dagster_graphql

from pharma_assets.defs.runs import SENSOR_NAME
from pharma_assets.instance import dagster_instance, prepare
from pharma_assets.settings import load_settings

# Runs are launched in this process, and at once unless they are to queue; everything else is as in production.
# Of the backfill daemon: it requests runs, then looks what became of them.
_TURNS = 3

_HERE = {"module": "dagster._core.launcher.sync_in_memory_run_launcher", "class": "SyncInMemoryRunLauncher"}
_AT_ONCE = {"module": "dagster.core.run_coordinator", "class": "DefaultRunCoordinator"}

_MATRIX = """query ($asset: AssetKeyInput!) { assetNodeOrError(assetKey: $asset) { ... on AssetNode {
    assetPartitionStatuses { ... on MultiPartitionStatuses { primaryDimensionName ranges {
        primaryDimStartKey primaryDimEndKey secondaryDim { ... on DefaultPartitionStatuses {
        materializedPartitions failedPartitions materializingPartitions } } } } } } } }"""
_CHECK_MATRIX = """query ($asset: AssetKeyInput!, $check: String!) { assetNodeOrError(assetKey: $asset) {
    ... on AssetNode { assetCheckOrError(checkName: $check) { ... on AssetCheck { partitionStatuses {
    ... on AssetCheckMultiPartitionStatuses { primaryDimensionName ranges {
        primaryDimStartKey primaryDimEndKey secondaryDim { ... on AssetCheckDefaultPartitionStatuses {
        succeededPartitions failedPartitions executionFailedPartitions skippedPartitions } } } } } } } } } }"""
_EVENT = """query ($asset: AssetKeyInput!, $partition: String!) { assetOrError(assetKey: $asset) { ... on Asset {
    assetMaterializations(partitions: [$partition], limit: 1) { runId tags { key value } metadataEntries { ...entry } }
    assetObservations(partitions: [$partition], limit: 1) { runId metadataEntries { ...entry } } } } }
    fragment entry on MetadataEntry { label description ... on IntMetadataEntry { intValue }
    ... on TextMetadataEntry { text } ... on MarkdownMetadataEntry { mdStr } ... on PathMetadataEntry { path }
    ... on UrlMetadataEntry { url } ... on JsonMetadataEntry { jsonString }
    ... on AssetMetadataEntry { assetKey { path } } ... on TableMetadataEntry { table { records } }
    ... on TableColumnLineageMetadataEntry { lineage { columnName columnDeps { assetKey { path } columnName } } } }"""
_CHECK = """query ($asset: AssetKeyInput!, $check: String!) {
    assetCheckExecutions(assetKey: $asset, checkName: $check, limit: 100) { status runId
    evaluation { partition severity success description metadataEntries { label
    ... on TextMetadataEntry { text } ... on IntMetadataEntry { intValue } ... on FloatMetadataEntry { floatValue }
    ... on JsonMetadataEntry { jsonString } } } } }"""
_RUNS = """{ runsOrError { ... on Runs { results {
    runId jobName status tags { key value } assetSelection { path } } } } }"""
_BACKFILL = """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""


@dataclass(frozen=True)
class ControlRoom:
    """The UI's questions and the daemon's turns over one instance."""

    process: WorkspaceProcessContext

    @property
    def instance(self) -> DagsterInstance:
        return self.process.instance

    def ask(self, query: str, **variables: object) -> Any:
        """The data of a GraphQL answer; an error fails the test."""
        result = execute_dagster_graphql(self.process.create_request_context(), query, variables)
        assert not result.errors, result.errors
        return result.data

    def matrix(self, asset: str = "primary_data") -> dict[str, str]:
        """Partition → its colour, for those that have one."""
        node = self.ask(_MATRIX, asset={"path": [asset]})["assetNodeOrError"]
        statuses = ("materialized", "failed", "materializing")
        return _by_partition(node["assetPartitionStatuses"], {f"{status}Partitions": status for status in statuses})

    def check_matrix(self, check: str, asset: str = "primary_data") -> dict[str, str]:
        """Partition → the state of a check."""
        node = self.ask(_CHECK_MATRIX, asset={"path": [asset]}, check=check)["assetNodeOrError"]
        statuses = ("succeeded", "failed", "executionFailed", "skipped")
        found = node["assetCheckOrError"]["partitionStatuses"]
        return _by_partition(found, {f"{status}Partitions": status for status in statuses}) if found else {}

    def materialization(self, partition: str, asset: str = "primary_data") -> dict[str, Any] | None:
        """The metadata of a partition's last materialization: label → entry; with `run_id`."""
        return self._event("assetMaterializations", partition, asset)

    def observation(self, partition: str, asset: str = "primary_data") -> dict[str, Any] | None:
        return self._event("assetObservations", partition, asset)

    def _event(self, kind: str, partition: str, asset: str) -> dict[str, Any] | None:
        found = self.ask(_EVENT, asset={"path": [asset]}, partition=partition)["assetOrError"][kind]
        if not found:
            return None
        return {entry["label"]: entry for entry in found[0]["metadataEntries"]} | {"run_id": found[0]["runId"]}

    def checked(self, check: str, partition: str, asset: str = "primary_data") -> dict[str, Any]:
        """A check's last answer about a partition; its metadata are label → entry."""
        found = self.ask(_CHECK, asset={"path": [asset]}, check=check)["assetCheckExecutions"]
        answers = [execution["evaluation"] for execution in found if execution["evaluation"]]
        last = next(answer for answer in answers if answer["partition"] == partition)
        return {**last, "metadata": {entry["label"]: entry for entry in last["metadataEntries"]}}

    def runs(self) -> list[dict[str, Any]]:
        """All runs, the newest first, each with its tags as a dictionary."""
        runs = self.ask(_RUNS)["runsOrError"]["results"]
        return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in runs]

    def backfill(self, *partitions: str) -> str:
        """Launch a backfill; then the daemon does its part."""
        launched = self.launch_backfill(*partitions)
        for _ in range(_TURNS):
            errors = [error for error in execute_backfill_iteration(self.process, logging.getLogger()) if error]
            assert not errors, errors
        return launched

    def launch_backfill(self, *partitions: str) -> str:
        """What the dialog "Materialize" of both assets does with several partitions; returns the backfill's id."""
        params = {
            "assetSelection": [{"path": ["normalized_report"]}, {"path": ["primary_data"]}],
            "partitionNames": list(partitions),
            "fromFailure": False,
        }
        launched = self.ask(_BACKFILL, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return str(launched["backfillId"])

    def tick(self) -> None:
        """The daemon's turn at the sensor, runs included, as if its pause were over."""
        rest(self.instance)
        ticks = len(self._ticks())
        with ThreadPoolExecutor(1) as pool:
            futures: dict[str, Any] = {}
            list(
                execute_sensor_iteration(
                    self.process,
                    logging.getLogger("sensor"),
                    threadpool_executor=pool,
                    submit_threadpool_executor=None,
                    sensor_tick_futures=futures,
                )
            )
            for future in futures.values():
                future.result()
        done = self._ticks()
        assert len(done) == ticks + 1
        assert done[0].status in {TickStatus.SUCCESS, TickStatus.SKIPPED}, done[0].error

    def dequeue(self) -> None:
        """The daemon's turn at the queue."""
        with QueuedRunCoordinatorDaemon(1) as daemon:
            list(daemon.run_iteration(self.process))

    def _ticks(self) -> list[InstigatorTick]:
        """The inbox sensor's ticks, the latest first."""
        states = self.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        return [
            tick
            for state in states
            if state.instigator_name == SENSOR_NAME
            for tick in self.instance.get_ticks(state.instigator_origin_id, state.selector_id)
        ]


def rest(instance: DagsterInstance, sensor: str | None = None) -> None:
    """As if the pause between two ticks were over: of this sensor, or of all."""
    for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
        if sensor in {None, state.name}:
            data = cast("SensorInstigatorData", state.instigator_data)
            rested = data._replace(last_tick_timestamp=None, last_tick_start_timestamp=None)
            instance.update_instigator_state(state.with_data(rested))


@contextmanager
def workspace(
    instance: DagsterInstance, module: str = "pharma_assets.definitions", location: str = "pharma_assets"
) -> Iterator[WorkspaceProcessContext]:
    """A module's definitions in this process, as the webserver and the daemon have them."""
    origin = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name=module), location_name=location)
    with WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as process:
        yield process


def _by_partition(statuses: Any, names: dict[str, str]) -> dict[str, str]:
    """Dagster's ranges of months, cell by cell."""
    assert statuses["primaryDimensionName"] == "month"
    found = {}
    for part in statuses["ranges"]:
        first, last = (
            12 * int(part[end][:4]) + int(part[end][5:]) for end in ("primaryDimStartKey", "primaryDimEndKey")
        )
        for field, status in names.items():
            for client in part["secondaryDim"][field]:
                for month in range(first, last + 1):
                    found[f"{client}|{(month - 1) // 12:04d}-{(month - 1) % 12 + 1:02d}"] = status
    return found


@contextmanager
def control_room(home: Path, *, queue: bool = False) -> Iterator[ControlRoom]:
    """Over the platform in this state folder, as its environment says. `queue`: runs wait for `dequeue`."""
    prepare(load_settings())
    file = home / "dagster" / "dagster.yaml"
    config = {**yaml.safe_load(file.read_bytes()), "run_launcher": _HERE}
    if queue:
        config["run_coordinator"]["config"]["dequeue_use_threads"] = False
    else:
        config["run_coordinator"] = _AT_ONCE
        del config["concurrency"]
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    with dagster_instance() as instance, workspace(instance) as process:
        yield ControlRoom(process)
