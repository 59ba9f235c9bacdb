"""From the inbox to raw.primary_data through the doors that people use."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterRunStatus, RunsFilter

from pharma_assets.definitions import defs
from pharma_assets.defs.runs import JOB_NAME
from pharma_assets.loading.ingest import Step
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import REAL_REPORT, example

KILL_AT = Path(__file__).parent / "kill_at.py"
KEY = "Дистрибьюторы/Client_01|2025-06"

_STATE = """
    SELECT (SELECT count(*) FROM raw.primary_data) AS rows, (SELECT sum(amount_type_1) FROM raw.primary_data) AS amount,
           (SELECT count(*) FROM ops.rejected_row) AS rejected, (SELECT status FROM ops.file_registry) AS status,
           (SELECT count(*) FROM ops.file_load WHERE superseded_at IS NULL) AS loads
"""
_LOADED = {"rows": 4, "amount": Decimal("1252.500"), "rejected": 2, "status": "CREATED", "loads": 1}


def rematerialize(platform: PlatformHome, *assets: str) -> bool:
    """What a click on "Materialize" does."""
    job = defs.resolve_implicit_global_asset_job_def()
    with platform.instance() as instance:
        result = job.execute_in_process(
            instance=instance,
            partition_key=KEY,
            asset_selection=[AssetKey(name) for name in assets],
            raise_on_error=False,
        )
    return result.success


@pytest.mark.skipif(not REAL_REPORT.exists(), reason="the real report is not at hand")
def test_the_real_report(platform: PlatformHome) -> None:
    platform.command("scan", "--dry-run")
    platform.drop(REAL_REPORT.name, REAL_REPORT.read_bytes())
    (run,) = platform.tick()
    assert run["success"]
    figures = platform.one(
        """
        SELECT count(*) AS rows, sum(amount_type_1) AS amount, count(DISTINCT supplier_filial) AS branches,
               count(DISTINCT tms) AS products, count(DISTINCT naklad) AS waybills,
               bool_and(client_inn ~ '^([0-9]{10}|[0-9]{12})$') AS inn, count(DISTINCT client_inn) AS inns,
               min(period AT TIME ZONE 'Europe/Moscow')::text AS first,
               max(period AT TIME ZONE 'Europe/Moscow')::text AS last,
               bool_or(naklad = '3337432 от 20.06.2025') AS waybill, bool_or(client_id_ish = '526275.00') AS code
        FROM raw.primary_data
        """
    )
    assert figures == {
        "rows": 29_735,
        "amount": Decimal("109985.000"),
        "branches": 8,
        "products": 34,
        "waybills": 25_740,
        "inn": True,
        "inns": 2_766,
        "first": "2025-06-02 00:00:00",
        "last": "2025-06-30 00:00:00",
        "waybill": True,
        "code": True,
    }
    ledger = platform.one("SELECT rows_read, rows_loaded, rows_left_out, rows_rejected FROM ops.file_load")
    assert ledger == {
        "rows_read": 29_942,
        "rows_loaded": 29_735,
        "rows_left_out": {"zero quantity": 207},
        "rows_rejected": 0,
    }
    assert platform.one("SELECT status, error_reason FROM ops.file_registry") == {
        "status": "CREATED",
        "error_reason": None,
    }
    assert platform.tick() == []
    assert rematerialize(platform, "normalized_report", "primary_data")
    assert platform.one("SELECT count(*) AS rows, sum(amount_type_1) AS amount FROM raw.primary_data") == {
        "rows": 29_735,
        "amount": Decimal("109985.000"),
    }
    assert platform.tick() == []


def test_a_tick_loads_what_arrived_and_the_next_one_does_nothing(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    (run,) = platform.tick()
    assert run["partition"] == KEY
    assert run["success"]
    assert platform.one(_STATE) == _LOADED
    assert platform.tick() == []
    with platform.instance() as instance:
        assert list(instance.get_dynamic_partitions("client")) == ["Дистрибьюторы/Client_01"]
        (record,) = instance.get_run_records()
        assert record.dagster_run.tags["dagster/sensor_name"] == "inbox_sensor"
        assert record.dagster_run.job_name == JOB_NAME
        for name in ("file_registry", "normalized_report", "primary_data"):
            assert instance.get_latest_materialization_event(AssetKey(name)) is not None


@pytest.mark.parametrize("step", list(Step), ids=lambda step: step.value)
def test_kill_9_at_every_step_costs_nothing_but_a_repeat(platform: PlatformHome, step: Step) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    child = platform.child(KILL_AT, step.value)
    assert child.returncode == -9, f"{step} was not reached: {child.stderr}"
    killed = platform.one(_STATE)
    assert killed["loads"] == 0, "the file was loaded before it was killed"
    with platform.instance() as instance:
        assert instance.get_runs_count(RunsFilter(statuses=[DagsterRunStatus.STARTED])) == 1

    (run,) = platform.tick()
    assert run["success"]
    assert platform.one(_STATE) == _LOADED
    results = sorted(path.name for path in (platform.home / "Данные на загрузку").iterdir())
    assert results == [platform.one("SELECT result_name FROM ops.file_load")["result_name"]]
    with platform.instance() as instance:
        statuses = sorted(record.dagster_run.status.value for record in instance.get_run_records())
    assert statuses == ["FAILURE", "SUCCESS"]
    assert platform.tick() == []


def test_each_half_can_be_materialized_alone(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.command("scan")
    with platform.instance() as instance:
        instance.add_dynamic_partitions("client", ["Дистрибьюторы/Client_01"])

    assert rematerialize(platform, "normalized_report")
    assert platform.one(_STATE) == {"rows": 0, "amount": None, "rejected": 0, "status": "CREATED", "loads": 0}
    assert len(list((platform.home / "Данные на загрузку").iterdir())) == 1

    assert rematerialize(platform, "primary_data")
    assert platform.one(_STATE) == _LOADED
    assert rematerialize(platform, "primary_data")
    assert platform.one(_STATE) == _LOADED
    assert rematerialize(platform, "normalized_report")
    assert platform.one(_STATE) == _LOADED
    assert platform.tick() == []


def test_normalized_and_not_loaded_is_due(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.command("scan")
    with platform.instance() as instance:
        instance.add_dynamic_partitions("client", ["Дистрибьюторы/Client_01"])
    assert rematerialize(platform, "normalized_report")
    (run,) = platform.tick()
    assert run["success"]
    assert platform.one(_STATE) == _LOADED


def test_a_rebuild_takes_out_the_rows_of_a_file_that_has_gone(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    gone = platform.drop("второй.xlsx", example("Client_01", "totals"))
    platform.tick()
    assert platform.one("SELECT count(*) AS rows FROM raw.primary_data") == {"rows": 8}
    gone.unlink()
    assert platform.tick() == []
    assert platform.one("SELECT count(*) AS rows FROM raw.primary_data") == {"rows": 8}, "a tick never takes rows away"

    assert rematerialize(platform, "normalized_report", "primary_data")
    assert platform.one("SELECT count(*) AS rows FROM raw.primary_data") == {"rows": 4}
    statuses = platform.query("SELECT status FROM ops.file_registry ORDER BY id")
    assert [row["status"] for row in statuses] == ["CREATED", "DELETE"]


def test_a_replaced_file_supersedes_its_rows(platform: PlatformHome) -> None:
    path = platform.drop("отчёт.csv", example("Client_03", "cp1251"), "Client_03")
    platform.tick()
    before = platform.one("SELECT result_name FROM ops.file_load WHERE superseded_at IS NULL")["result_name"]
    lines = example("Client_03", "cp1251").splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]))
    (run,) = platform.tick()
    assert run["success"]
    assert platform.one("SELECT count(*) AS rows, sum(amount_type_1) AS amount FROM raw.primary_data") == {
        "rows": 1,
        "amount": Decimal("10.000"),
    }
    assert platform.one("SELECT version, status FROM ops.file_registry") == {"version": 2, "status": "CREATED"}
    assert (platform.home / "Карантин" / before).exists()


def test_one_bad_file_stops_no_other_and_a_failure_can_be_run_again(platform: PlatformHome) -> None:
    platform.drop("плохой.xlsx", b"PK\x03\x04 torn", "Client_01")
    platform.drop("хороший.xlsx", example("Client_01", "preamble"), "Client_01")
    platform.drop("отчёт.csv", example("Client_03", "cp1251"), "Client_03")
    runs = {run["partition"].split("|")[0]: run for run in platform.tick()}
    assert not runs["Дистрибьюторы/Client_01"]["success"]
    assert "CORRUPT_FILE" in runs["Дистрибьюторы/Client_01"]["message"]
    assert not runs["Дистрибьюторы/Client_01"]["broken"]
    assert runs["Дистрибьюторы/Client_03"]["success"]
    rows = platform.query("SELECT report_provider_name AS client, count(*) AS rows FROM raw.primary_data GROUP BY 1")
    assert {row["client"]: row["rows"] for row in rows} == {"Client_01": 4, "Client_03": 3}
    assert platform.tick() == [], "a lasting error does not spin"

    bad = platform.one("SELECT id, error_detail FROM ops.file_registry WHERE status = 'ERROR'")
    assert "Excel" in bad["error_detail"]["advice"]
    platform.drop("плохой.xlsx", example("Client_01", "totals"), "Client_01")
    (again,) = platform.tick()
    assert again["success"]
    assert platform.one("SELECT count(*) > 0 AS loaded FROM raw.primary_data WHERE file_id = %s", bad["id"])["loaded"]


def test_a_drifted_header_is_named_in_the_runs_failure(platform: PlatformHome) -> None:
    content = example("Client_03", "utf8").decode("utf-8-sig").replace("Количество", "Отпущено упаковок", 1)
    platform.drop("новый отчёт.csv", content.encode(), "Client_03")
    (run,) = platform.tick()
    assert "MISSING_COLUMN" in run["message"]
    assert "What has changed: количество is now called Отпущено упаковок" in run["message"]
    with platform.instance() as instance:
        events = [record.dagster_event for record in instance.all_logs(instance.get_runs()[0].run_id)]
    (failure,) = [event.step_failure_data for event in events if event is not None and event.is_step_failure]
    assert failure.user_failure_data is not None
    advice = failure.user_failure_data.metadata["advice"].value
    assert "pharma-assets client drift 'Поставщики данных/" in str(advice)


def test_a_client_without_a_layout_waits_and_is_taken_up_when_it_has_one(
    platform: PlatformHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transforms = tmp_path / "transforms"
    folder = transforms / "distributors" / "Client_09"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PHARMA_TRANSFORMS", str(transforms))
    platform.drop("отчёт.csv", example("Client_03", "cp1251"), "Client_09")
    (shown,) = platform.tick()
    assert "NO_SCRIPT_FOUND" in shown["message"]
    assert not shown["broken"]
    assert platform.tick() == [], "it is shown once"
    waiting = platform.one("SELECT status, error_reason FROM ops.file_registry")
    assert waiting == {"status": "PROCESSING", "error_reason": "NO_SCRIPT_FOUND"}

    layout = Path(__file__).parents[2] / "client_transforms" / "distributors" / "Client_03" / "layout.yaml"
    (folder / "layout.yaml").write_text("supplier: [", encoding="utf-8")
    (run,) = platform.tick()
    assert "LAYOUT_INVALID" in run["message"]
    assert platform.tick() == []

    (folder / "layout.yaml").write_bytes(layout.read_bytes())
    (run,) = platform.tick()
    assert run["success"]
    assert platform.one("SELECT status, error_reason FROM ops.file_registry") == {
        "status": "CREATED",
        "error_reason": None,
    }


def test_a_changed_layout_makes_its_files_due(
    platform: PlatformHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(__file__).parents[2] / "client_transforms" / "distributors" / "Client_03" / "layout.yaml"
    folder = tmp_path / "transforms" / "distributors" / "Client_03"
    folder.mkdir(parents=True)
    (folder / "layout.yaml").write_bytes(source.read_bytes())
    monkeypatch.setenv("PHARMA_TRANSFORMS", str(tmp_path / "transforms"))
    platform.drop("отчёт.csv", example("Client_03", "cp1251"), "Client_03")
    platform.tick()

    text = source.read_text(encoding="utf-8")
    (folder / "layout.yaml").write_text("# a remark\n" + text, encoding="utf-8")
    assert platform.tick() == [], "a remark changes no result"
    (folder / "layout.yaml").write_text(text.replace("otherwise: Коммерция", "otherwise: Опт"), encoding="utf-8")
    (run,) = platform.tick()
    assert run["success"]
    markets = platform.query("SELECT market, count(*) AS rows FROM raw.primary_data GROUP BY 1 ORDER BY 1")
    assert [(row["market"], row["rows"]) for row in markets] == [("Коммерция", 1), ("Опт", 1), ("Тендер", 1)]


def test_a_rebuild_while_the_mount_is_gone_takes_no_row_away(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.tick()
    suppliers = platform.inbox / "Поставщики данных"
    suppliers.rename(platform.home / "away")
    assert not rematerialize(platform, "normalized_report", "primary_data")
    assert platform.one("SELECT count(*) AS rows FROM raw.primary_data") == {"rows": 4}

    (platform.home / "away").rename(suppliers)
    (run,) = platform.tick()
    assert run["success"]
    assert platform.one(_STATE) == _LOADED


def test_a_rebuild_leaves_files_without_a_transform_waiting(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.drop("остатки.xlsx", example("Client_01", "preamble"), report_type="Type5")
    platform.tick()
    assert rematerialize(platform, "normalized_report", "primary_data")
    reasons = platform.query("SELECT status, error_reason FROM ops.file_registry ORDER BY report_type")
    assert [tuple(row.values()) for row in reasons] == [("CREATED", None), ("PROCESSING", "NO_SCRIPT_FOUND")]
