"""A team's scripts on day one: the folder is copied, a tick runs them, the run's log has what they say."""

from __future__ import annotations

import io
import json
import logging
import shutil
import threading
from pathlib import Path

import pandas as pd
import pytest
from dagster import DagsterEventType
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.defs.script_log import scripts_are_heard
from pharma_assets.scripts.run import said
from pharma_assets_tests.platform.conftest import PlatformHome

EVERYTHING = (
    "SELECT * FROM ops.file_registry ORDER BY id",
    "SELECT * FROM ops.file_load ORDER BY id",
    "SELECT * FROM ops.file_event ORDER BY id",
    "SELECT * FROM raw.primary_data ORDER BY id",
)
TEAM = Path(__file__).parents[1] / "scripts"


def june() -> bytes:
    content = io.BytesIO()
    frame = {"Дата": ["02.06.2025"], "Товар": ["Цитрамон"], "ИНН": ["0400000023"], "Кол-во": [2], "Сумма": [1000]}
    pd.DataFrame(frame).to_excel(content, index=False)
    return content.getvalue()


def test_a_team_moves_over_by_copying_its_scripts(platform: PlatformHome) -> None:
    platform.drop("июнь.xlsx", june(), client="Client_21")
    platform.drop("остатки.xlsx", june() + b" ", client="Client_21", report_type="Type2")
    (waits,) = platform.tick()
    assert not waits["success"], "no script yet, and the client-month shows it"
    shutil.copytree(TEAM, platform.home / "Scripts")
    (run,) = platform.tick()
    assert not run["success"], "the script does not take Type2"
    assert not run["broken"]
    states = platform.query("SELECT report_type, status, error_reason FROM ops.file_registry ORDER BY 1")
    assert [tuple(state.values()) for state in states] == [
        ("Type1", "CREATED", None),
        ("Type2", "ERROR", "NO_OUTPUT_FILE"),
    ]
    assert platform.one("SELECT sum_nds::text, sum_no_nds::text FROM raw.primary_data") == {
        "sum_nds": "1000.00",
        "sum_no_nds": "909.09",
    }
    with platform.instance() as instance:
        lines = [entry.user_message for entry in instance.all_logs(run["run_id"])]
        failed = instance.all_logs(run["run_id"], of_type=DagsterEventType.STEP_FAILURE)
    first = lines.index("Читаю июнь.xlsx")
    assert lines[first - 1].startswith("Distibutors/Client_21/Client_21_processing.py: Поставщики данных/")
    assert "Готово, строк: 1" in lines[first:]
    assert "Пропуск: тип отчёта Type2 этот скрипт не обрабатывает" in lines[first:]
    assert any("AMOUNTS_ROUNDED" in line for line in lines)
    assert len(failed) == 1


def test_script_and_layout_are_compared_over_the_inbox(
    platform: PlatformHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(TEAM, platform.home / "Scripts")
    layouts = tmp_path / "transforms"
    layouts.mkdir()
    monkeypatch.setenv("PHARMA_TRANSFORMS", str(layouts))
    platform.drop("июнь.xlsx", june(), client="Client_21")
    platform.drop("июль.xlsx", june() + b" ", client="Client_21", month=7)
    platform.drop("остатки.xlsx", june() + b"  ", client="Client_21", report_type="Type2")
    platform.tick()
    draft = tmp_path / "draft.yaml"
    draft.write_text(
        "{supplier: '21', report_types: [Type1], outside_month: 1, columns: {дата: period, товар: tms, инн: client_inn,"
        " кол-во: amount_type_1, сумма: sum_nds}}",
        encoding="utf-8",
    )
    before = [platform.query(query) for query in EVERYTHING]
    result = CliRunner().invoke(app, ["client", "compare", "Client_21", "--layout", str(draft), "--json"])
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [file["path"].rpartition("/")[2] for file in found["files"]] == ["июнь.xlsx", "июль.xlsx"]
    assert [file["by_column"] for file in found["files"]] == [{"sum_no_nds": 1}] * 2
    assert found["files"][0]["sums"]["sum_no_nds"] == {"script": "909.09", "layout": "0"}
    one_month = ["--month", "2025-07", "--ignore", "sum_no_nds"]
    result = CliRunner().invoke(app, ["client", "compare", "Client_21", "--layout", str(draft), *one_month])
    assert result.exit_code == 0, result.output
    assert "1 of 1 files agree" in result.stdout
    assert [platform.query(query) for query in EVERYTHING] == before
    assert list((platform.home / "script-runs").iterdir()) == []


def test_each_run_hears_the_scripts_of_its_own_thread() -> None:
    heard: dict[str, list[str]] = {"one": [], "other": []}

    class Log(logging.Logger):
        def __init__(self, name: str) -> None:
            super().__init__(name, logging.INFO)
            self.addHandler(logging.NullHandler())

        def handle(self, record: logging.LogRecord) -> None:
            heard[self.name].append(record.getMessage())

    both = threading.Barrier(2, timeout=60)

    def run(name: str) -> None:
        with scripts_are_heard(Log(name)):
            both.wait()
            said.info("%s", f"100 % {name}")
            both.wait()
        said.info("%s", "afterwards")

    threads = [threading.Thread(target=run, args=(name,)) for name in heard]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {"one": ["100 % one"], "other": ["100 % other"]}
