"""`pharma-assets client drift`: what has changed in a report, the patch, and the patch applied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.demo import first_client
from pharma_assets.transforms.catalog import parse_layout

LEAF = "Поставщики данных/Дистрибьюторы/2025/{}/Client_05/Type1"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The layout that was drafted from June's report; July's lies in the inbox, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHARMA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PHARMA_INBOX", str(tmp_path / "inbox"))
    monkeypatch.setenv("PHARMA_TRANSFORMS", str(tmp_path / "transforms"))
    monkeypatch.setenv("PHARMA_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    for month, report in (("06", first_client.june()), ("07", first_client.july())):
        folder = tmp_path / "inbox" / LEAF.format(month)
        folder.mkdir(parents=True)
        (folder / report.name).write_bytes(report.content)
    made = CliRunner().invoke(app, ["client", "draft", f"{LEAF.format('06')}/shipments-june.xlsx", "--yes"])
    assert made.exit_code == 0, made.output
    return tmp_path / "transforms" / "distributors" / "Client_05" / "layout.yaml"


JUNE, JULY = (f"{LEAF.format(month)}/shipments-{name}.xlsx" for month, name in (("06", "june"), ("07", "july")))


def drift(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["client", "drift", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def found(*arguments: str, code: int = 0) -> Any:
    return json.loads(drift(*arguments, "--json", code=code))


def test_a_report_that_is_as_ever_has_nothing_to_say(layout: Path) -> None:
    nothing = found(JUNE)
    assert (nothing["findings"], nothing["patch"], nothing["problems"]) == ([], "", [])
    shown = drift(JUNE)
    assert "no changes" in shown
    assert "The report can be taken in." in shown


def test_what_has_changed_is_named_and_the_patch_is_shown_but_not_written(layout: Path) -> None:
    before = layout.read_text(encoding="utf-8")
    drifted = found(JULY, code=1)
    assert [(each["code"], each["header"]) for each in drifted["findings"]] == [
        ("COLUMN_RENAMED", "Покупатель"),
        ("COLUMN_RENAMED", "Кол-во, уп."),
        ("COLUMN_NEW", "Серия"),
        ("COLUMN_MOVED", "Город"),
    ]
    assert [problem["code"] for problem in drifted["problems"]] == ["MISSING_COLUMN"]
    assert "+  Покупатель: {to: client_inlaw, aliases: [Контрагент]}" in drifted["patch"]
    assert not drifted["applied"]
    shown = drift(JULY, code=1)
    assert "`--apply` writes this patch into the layout." in shown
    assert layout.read_text(encoding="utf-8") == before


def test_applied_the_patch_makes_the_report_load_and_leaves_the_rest_alone(layout: Path) -> None:
    layout.write_text(layout.read_text(encoding="utf-8") + "# моё\n", encoding="utf-8")
    before = layout.read_text(encoding="utf-8").splitlines()
    applied = found(JULY, "--apply")
    assert (applied["applied"], applied["problems"]) == (True, [])
    after = layout.read_text(encoding="utf-8").splitlines()
    changed = [line for line in after if line not in before]
    assert len(changed) == 2
    assert len(after) == len(before)
    assert parse_layout(layout.read_bytes()).columns["Кол-во, уп."].aliases == ("Отгружено упаковок",)
    again = found(JULY, "--apply")
    assert (again["applied"], again["patch"]) == (False, "")
    assert found(JUNE)["problems"] == []


def test_a_file_elsewhere_needs_its_client(layout: Path, tmp_path: Path) -> None:
    path = tmp_path / "куда-то.xlsx"
    path.write_bytes(first_client.july().content)
    assert "--client" in drift(str(path), code=2)
    assert "'Client_77'" in drift(str(path), "--client", "Client_77", code=2)
    assert len(found(str(path), "--client", "Client_05", code=1)["findings"]) == 4


def test_a_file_that_is_nowhere_and_a_client_without_a_layout_say_so(layout: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["client", "drift", f"{LEAF.format('06')}/нет.xlsx"])
    assert str(result.exception).startswith("FILE_GONE")
    result = CliRunner().invoke(app, ["client", "drift", JUNE.replace("Client_05", "Client_06")])
    assert str(result.exception).startswith("NO_SCRIPT_FOUND")
