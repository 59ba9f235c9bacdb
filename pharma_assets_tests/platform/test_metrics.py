"""What Prometheus gets, over HTTP and as a file."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.definitions import defs
from pharma_assets.instance import prepare
from pharma_assets.metrics import PlatformCollector, exposition
from pharma_assets.services import script
from pharma_assets.settings import load_settings
from pharma_assets_tests.listeners import free_port
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example


def parsed(text: str) -> dict[tuple[str, ...], float]:
    """Name and label values → value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figures(platform: PlatformHome, url: str | None = None) -> dict[tuple[str, ...], float]:
    settings = load_settings()
    prepare(settings)
    return parsed(exposition(PlatformCollector(settings, url or platform.url)).decode())


def test_an_empty_platform_has_figures(platform: PlatformHome) -> None:
    found = figures(platform)
    assert found["pharma_up",] == 1
    assert found["pharma_files", "CREATED"] == found["pharma_files_due",] == found["pharma_rows_loaded",] == 0
    assert ("pharma_last_scan_timestamp_seconds",) not in found
    assert found["pharma_disk_free_bytes", "home"] > 0


def test_what_waits_and_what_is_loaded_is_told(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.drop("плохой.xlsx", b"", client="Client_02")
    platform.drop("чужой.csv", b"a;b", client="Client_30")
    platform.drop("не туда.csv", b"a;b", report_type="Type1/глубже")
    before = time.time()
    platform.tick()
    late = platform.drop("ещё.xlsx", example("Client_01", "totals"), month=7)
    platform.command("scan")
    found = figures(platform)
    assert {name: value for (family, *rest), value in found.items() for name in rest if family == "pharma_files"} == {
        "NEW": 1,
        "PROCESSING": 1,
        "ERROR": 1,
        "CREATED": 1,
        "DELETE": 0,
    }
    assert found["pharma_files_waiting", "EMPTY_FILE"] == found["pharma_files_waiting", "NO_SCRIPT_FOUND"] == 1
    assert found["pharma_files_due",] == 1
    assert found["pharma_oldest_due_seconds",] == pytest.approx(time.time() - late.stat().st_mtime, abs=5)
    assert (found["pharma_files_loaded",], found["pharma_rows_loaded",], found["pharma_rows_rejected",]) == (1, 4, 2)
    assert found["pharma_path_problems",] == 1
    assert before - 1 <= found["pharma_last_scan_timestamp_seconds",] <= time.time()
    assert found["pharma_last_scan_files",] >= 4
    assert found["pharma_last_scan_complete",] == 1
    assert found["pharma_runs", "QUEUED"] == 0


def test_the_audits_differences_are_told(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.tick()
    (result,) = (platform.home / "Данные на загрузку").iterdir()
    result.unlink()
    with platform.instance() as instance:
        defs.resolve_job_def("audit_job").execute_in_process(instance=instance)
    found = figures(platform)
    assert found["pharma_audit_differences",] == 1
    assert found["pharma_audit_timestamp_seconds",] == pytest.approx(time.time(), abs=60)


def test_a_database_that_is_away_is_told_and_the_disks_all_the_same(platform: PlatformHome) -> None:
    found = figures(platform, "postgresql://pharma@127.0.0.1:1/pharma")
    assert found["pharma_up",] == 0
    assert found["pharma_disk_free_bytes", "home"] > 0
    assert found["pharma_runs", "QUEUED"] == 0, "what can be asked is told"


def test_the_figures_can_be_a_file(platform: PlatformHome, tmp_path: Path) -> None:
    path = tmp_path / "pharma.prom"
    result = CliRunner().invoke(app, ["metrics", "--textfile", str(path)], catch_exceptions=False)
    assert result.exit_code == 0
    assert parsed(path.read_text())["pharma_up",] == 1
    assert path.stat().st_mode & 0o777 == 0o644
    result = CliRunner().invoke(app, ["metrics", "--textfile", str(tmp_path / "no" / "such")])
    assert getattr(result.exception, "code", None) == "LOCKED"


def test_the_figures_are_served_until_the_process_is_ended(platform: PlatformHome) -> None:
    port = free_port()
    command = [script("pharma-assets"), "metrics", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f":{port}/metrics" in process.stdout.readline()
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            assert parsed(answer.read().decode())["pharma_up",] == 1
        process.terminate()
        assert process.wait(20) == 0
