"""The names that people's schedules, alerts and bookmarks rely on."""

from __future__ import annotations

import pytest
from dagster import AssetKey, MultiPartitionsDefinition

from pharma_assets.definitions import defs
from pharma_assets.defs.partitions import partition_key
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider

JOBS = ("client_month_job", "audit_job")
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
        "control_totals",
        "rows_taken_in",
        "volume",
        "duplicates",
        "audit",
        "deliveries",
    }
    assert {job.name for job in defs.resolve_all_job_defs()} == {
        "client_month_job",
        "client_months_batch_job",
        "audit_job",
        "deliveries_job",
        "__ASSET_JOB",
    }
    sensor = defs.resolve_sensor_def("inbox_sensor")
    assert sensor.minimum_interval_seconds == 15 * 60
    assert sensor.default_status.value == "RUNNING"
    alerts = defs.resolve_sensor_def("alerts_sensor")
    assert (alerts.minimum_interval_seconds, alerts.default_status.value) == (300, "RUNNING")


def test_the_audit_runs_at_night_and_with_no_client_month() -> None:
    schedule = defs.resolve_schedule_def("nightly_audit")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 3 * * *", "Europe/Moscow")
    assert schedule.default_status.value == "RUNNING"
    assert schedule.job_name == "audit_job"
    checks = {name: defs.resolve_job_def(name).asset_layer.asset_graph.asset_check_keys for name in JOBS}
    assert {key.name for key in checks["audit_job"]} == {"audit"}
    assert "audit" not in {key.name for key in checks["client_month_job"]}


@pytest.mark.parametrize("name", ["normalized_report", "primary_data"])
def test_partitions_are_client_by_month(name: str) -> None:
    partitions = GRAPH.get(AssetKey(name)).partitions_def
    assert isinstance(partitions, MultiPartitionsDefinition)
    assert partitions.partition_dimension_names == ["client", "month"]
    month = ClientMonth(Client(Provider.CHAIN, "Client_01"), 2025, 6)
    assert partition_key(month) == month.key == "Сети/Client_01|2025-06"
