"""A client is one folder: it is taken up while the platform runs, and nothing of the program is touched for it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from dagster import SensorResult, build_sensor_context

from pharma_assets.defs.evaluation import evaluate_inbox
from pharma_assets.defs.platform import PlatformResource
from pharma_assets_tests.platform.conftest import PlatformHome

LAYOUT = """\
supplier: Новая сеть
report_types: [Type1]
registry: {period: month_end}
columns:
  Товар: {to: tms, filled: true}
  Аптека: client_inlaw
  Кол-во: {to: amount, filled: true}
composed: {client_name: '{Аптека}'}
left_out:
  - {column: Товар, matches: '(?i)тара', reason: packaging}
"""
HOOKS = """\
def raw(frame):
    heading = frame["Кол-во"].isna()
    frame["Аптека"] = frame["Товар"].where(heading).ffill()
    frame.loc[heading, "left_out"] = "heading of a pharmacy"
    return frame
"""
REPORT = "Товар;Аптека;Кол-во\nАптека № 1;;\nЦитрамон;;5\nТара;;1\nАптека № 2;;\nЙод;;1 000,5\nИтого;;1 006,5\n"


@pytest.fixture
def layouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of layouts, from which this process and its children read."""
    folder = tmp_path / "layouts"
    folder.mkdir()
    monkeypatch.setenv("PHARMA_TRANSFORMS", str(folder))
    return folder


def write(folder: Path, layout: str = LAYOUT, hooks: str | None = None) -> None:
    client = folder / "chains" / "Client_60"
    client.mkdir(parents=True, exist_ok=True)
    (client / "layout.yaml").write_text(layout, encoding="utf-8")
    if hooks is not None:
        (client / "hooks.py").write_text(hooks, encoding="utf-8")


def drop(platform: PlatformHome, report_type: str, content: str = REPORT) -> None:
    leaf = platform.inbox / "Поставщики данных" / "Сети" / "2025" / "06" / "Client_60" / report_type
    leaf.mkdir(parents=True, exist_ok=True)
    (leaf / "отчёт.csv").write_bytes(content.encode())


def evaluate(platform: PlatformHome) -> SensorResult:
    """One evaluation, as Dagster's daemon makes it in a process that goes on."""
    with platform.instance() as instance:
        return evaluate_inbox(build_sensor_context(instance=instance), PlatformResource())


def due(platform: PlatformHome) -> list[tuple[str, str]]:
    """Of each request: how many files it is about, and why."""
    return [
        (request.tags["pharma/files"], request.tags["pharma/why"]) for request in evaluate(platform).run_requests or []
    ]


def test_a_folder_that_is_added_is_taken_up_without_a_restart(platform: PlatformHome, layouts: Path) -> None:
    drop(platform, "Type1")
    drop(platform, "Остатки")
    assert due(platform) == []
    assert platform.query("SELECT code, count(*) AS files FROM ops.path_problem GROUP BY 1") == [
        {"code": "PATH_UNKNOWN", "files": 2}
    ]
    write(layouts)
    assert due(platform) == [("1", "new file")]
    write(layouts, LAYOUT.replace("[Type1]", "{Type1: {}, Остатки: {amount: amount_type_4}}"))
    assert due(platform) == [("2", "new file")]
    write(layouts, LAYOUT.replace("[Type1]", "[Type1, Type2]"))
    assert due(platform) == [("2", "new file, waits for a layout")]


def test_a_client_needs_its_folder_and_nothing_else(platform: PlatformHome, layouts: Path) -> None:
    write(layouts, hooks=HOOKS)
    drop(platform, "Type1")
    (run,) = platform.tick()
    assert run["success"], run
    rows = platform.query(
        "SELECT source_row, tms, client_inlaw, client_name, amount_type_1::text AS packs,"
        " to_char(period, 'DD.MM.YYYY') AS day FROM raw.primary_data ORDER BY source_row"
    )
    assert [tuple(row.values()) for row in rows] == [
        (3, "Цитрамон", "Аптека № 1", "Аптека № 1", "5.000", "30.06.2025"),
        (6, "Йод", "Аптека № 2", "Аптека № 2", "1000.500", "30.06.2025"),
    ]
    load = platform.one("SELECT rows_read, rows_loaded, rows_left_out AS left_out, result_name FROM ops.file_load")
    assert load["left_out"] == {"packaging": 1, "heading of a pharmacy": 2, "total": 1}
    assert (load["rows_read"], load["rows_loaded"]) == (6, 2)
    result = platform.home / "Данные на загрузку" / load["result_name"]
    written = csv.DictReader(io.StringIO(result.read_text(encoding="utf-8-sig")), delimiter=";")
    assert [row["tms"] for row in written] == ["Цитрамон", "Йод"]
