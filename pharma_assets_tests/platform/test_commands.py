"""The commands that scripts rely on: names, exit codes, one JSON document."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from pharma_assets.services import script
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example

UNREACHABLE = "postgresql://pharma:secret@127.0.0.1:1/pharma"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command, as cron runs it."""
    return subprocess.run(
        [script("pharma-assets"), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_default_tree_has_14400_leaf_folders(platform: PlatformHome) -> None:
    result = run("tree")
    assert result.returncode == 0
    folders = result.stdout.splitlines()
    assert len(folders) == len(set(folders)) == 14_400
    assert folders[0] == "Поставщики данных/Сети/2023/01/Client_01/Type1"
    assert folders[-1] == "Поставщики данных/Дистрибьюторы/2025/12/Client_40/Type5"
    assert list(platform.inbox.iterdir()) == []
    assert (platform.home / "folders_list.txt").read_text(encoding="utf-8").splitlines() == folders


def test_the_tree_follows_pharma_toml_and_making_it_again_changes_nothing(platform: PlatformHome) -> None:
    platform.home.mkdir()
    (platform.home / "pharma.toml").write_text(
        '[tree]\nproviders = ["Сети"]\nyears = [2026]\nmonths = [1, 2]\nclients = ["А", "Б"]\n'
        'report_types = ["Продажи"]\n',
        encoding="utf-8",
    )
    assert "4 made" in run("tree", "--create", "-q").stdout
    assert "0 made" in run("tree", "--create", "-q").stdout
    leaves = sorted(path.relative_to(platform.inbox).as_posix() for path in platform.inbox.rglob("Продажи"))
    assert leaves == [
        f"Поставщики данных/Сети/2026/{month}/{client}/Продажи" for month in ("01", "02") for client in "АБ"
    ]
    elsewhere = platform.home / "elsewhere"
    assert run("tree", str(elsewhere), "--create", "-q").returncode == 0
    assert len(list(elsewhere.rglob("Продажи"))) == 4


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[tree]\nyear = [2025]", "tree.year"),
        ('[tree]\nclients = ["a/b"]', "tree.clients"),
        ("scan_minutes = 0", "scan_minutes"),
        ("first_year = 2020", "first_year"),
        ('timezone = "Moscow"', "timezone"),
    ],
)
def test_a_wrong_setting_is_named(platform: PlatformHome, text: str, named: str) -> None:
    platform.home.mkdir()
    (platform.home / "pharma.toml").write_text(text, encoding="utf-8")
    result = run("tree")
    assert result.returncode == 1
    assert "SETTINGS_INVALID" in result.stderr
    assert named in result.stderr


def test_a_dry_run_needs_no_database_and_writes_nothing(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", b"x")
    platform.drop("лишний.xlsx", b"x", client="Client_01", report_type="Type1/глубже")
    result = run("scan", "--dry-run", "--json", PHARMA_DATABASE_URL=UNREACHABLE)
    assert result.returncode == 0
    found = json.loads(result.stdout)
    assert found["files"] == ["Поставщики данных/Дистрибьюторы/2025/06/Client_01/Type1/отчёт.xlsx"]
    assert [problem["code"] for problem in found["problems"]] == ["PATH_STRUCTURE"]
    assert not platform.home.exists()


def test_a_scan_registers_and_processes_nothing(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    assert platform.command("scan")["added"] == 1
    assert platform.command("scan")["added"] == 0
    assert platform.one("SELECT status FROM ops.file_registry") == {"status": "NEW"}


def test_an_unreachable_database_is_an_error_that_hides_the_password(platform: PlatformHome) -> None:
    for command in ("scan", "tick", "status", "env"):
        result = run(command, PHARMA_DATABASE_URL=UNREACHABLE)
        assert result.returncode == 1, command
        assert "DATABASE_UNREACHABLE" in result.stderr
        assert "secret" not in result.stdout + result.stderr


def test_a_missing_inbox_is_an_error(platform: PlatformHome) -> None:
    platform.inbox.rmdir()
    for command in ("scan", "tick"):
        result = run(command)
        assert result.returncode == 1
        assert "INBOX_MISSING" in result.stderr


def test_status_tells_what_waits_for_somebody(platform: PlatformHome) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.drop("плохой.xlsx", b"", client="Client_02")
    platform.drop("чужой.csv", b"a;b", client="Client_30")
    platform.drop("не туда.csv", b"a;b", client="Client_30", report_type="Type1/глубже")
    platform.tick()
    picture = platform.command("status")
    assert picture["files"] == {"CREATED": 1, "ERROR": 1, "PROCESSING": 1}
    by_client = {month["client"]: month for month in picture["client_months"]}
    loaded = by_client["Client_01"]
    assert (loaded["rows_read"], loaded["rows_loaded"], loaded["rows_left_out"], loaded["rows_rejected"]) == (
        8,
        4,
        2,
        2,
    )
    waits = {file["code"]: file for file in picture["open_files"]}
    assert set(waits) == {"EMPTY_FILE", "NO_SCRIPT_FOUND"}
    assert "client_transforms/distributors/Client_30/layout.yaml" in waits["NO_SCRIPT_FOUND"]["advice"]
    assert [problem["code"] for problem in picture["problems"]] == ["PATH_STRUCTURE"]
    shown = run("status").stdout
    for told in ("Дистрибьютор/Client_01", "EMPTY_FILE", "NO_SCRIPT_FOUND", "PATH_STRUCTURE"):
        assert told in shown


def test_env_is_what_a_shell_needs_for_plain_dagster(platform: PlatformHome) -> None:
    lines = run("env").stdout.splitlines()
    variables = dict(shlex.split(line)[1].split("=", 1) for line in lines)
    assert variables["DAGSTER_HOME"] == str(platform.home / "dagster")
    assert (Path(variables["DAGSTER_HOME"]) / "dagster.yaml").exists()
    code = "from dagster import DagsterInstance as D; print(type(D.get().run_storage).__name__)"
    python = str(Path(script("python")))
    result = subprocess.run(
        [python, "-c", code], env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "PostgresRunStorage"


def test_plain_dagster_without_it_says_what_to_do(platform: PlatformHome, tmp_path: Path) -> None:
    environment = {"DAGSTER_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [
        script("dagster"),
        "asset",
        "materialize",
        "--select",
        "file_registry",
        "-m",
        "pharma_assets.definitions",
    ]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert 'eval "$(pharma-assets env)"' in result.stdout + result.stderr
