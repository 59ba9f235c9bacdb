"""The names that people's schedules, alerts and bookmarks rely on."""

from __future__ import annotations

import pytest
from dagster import AssetKey, MultiPartitionsDefinition

from pharma_assets.definitions import defs
from pharma_assets.defs.partitions import partition_key
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider

GRAPH = defs.resolve_asset_graph()


def test_assets_and_their_order() -> None:
    parents = {
        key.to_user_string(): {p.to_user_string() for p in GRAPH.get(key).parent_keys}
        for key in GRAPH.get_all_asset_keys()
    }
    assert parents == {
        "folder_tree": set(),
        "file_registry": {"folder_tree"},
        "normalized_report": {"file_registry"},
        "primary_data": {"normalized_report"},
    }


def test_checks_jobs_and_sensor() -> None:
    assert {key.name for key in GRAPH.asset_check_keys} == {
        "reconciliation",
        "files_taken_in",
        "period_within_month",
        "inn_validity",
    }
    assert {job.name for job in defs.resolve_all_job_defs()} == {"client_month_job", "__ASSET_JOB"}
    sensor = defs.resolve_sensor_def("inbox_sensor")
    assert sensor.minimum_interval_seconds == 15 * 60
    assert sensor.default_status.value == "RUNNING"


@pytest.mark.parametrize("name", ["normalized_report", "primary_data"])
def test_partitions_are_client_by_month(name: str) -> None:
    partitions = GRAPH.get(AssetKey(name)).partitions_def
    assert isinstance(partitions, MultiPartitionsDefinition)
    assert partitions.partition_dimension_names == ["client", "month"]
    month = ClientMonth(Client(Provider.CHAIN, "Client_01"), 2025, 6)
    assert partition_key(month) == month.key == "Сети/Client_01|2025-06"
