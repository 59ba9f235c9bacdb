"""`pharma-assets client check`: every layout and example; what differs is shown, and kept only when asked for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.settings import PROJECT

CASES = ("layout", "preamble", "totals")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Client_01 with its two examples, alone in a folder of its own."""
    monkeypatch.setenv("PHARMA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PHARMA_TRANSFORMS", str(tmp_path / "transforms"))
    folder = tmp_path / "transforms" / "distributors" / "Client_01"
    shutil.copytree(PROJECT / "client_transforms" / "distributors" / "Client_01", folder)
    return folder


def check(*arguments: str, code: int = 0) -> str:
    result: Result = CliRunner().invoke(app, ["client", "check", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def found(*arguments: str, code: int = 0) -> dict[str, Any]:
    return {each["what"]: each for each in json.loads(check(*arguments, "--json", code=code))}


def change(folder: Path, before: str, after: str) -> None:
    file = folder / "layout.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def test_what_is_good_is_said_in_a_table(client: Path) -> None:
    shown = check()
    assert [line.split()[:3] for line in shown.splitlines() if "Client_01" in line] == [
        ["distributors/Client_01", what, "good"] for what in CASES
    ]
    assert "3 checked, 0 wrong" in shown


def test_a_changed_rule_shows_the_lines_that_differ(client: Path) -> None:
    change(client, "город: client_city", "город: client_name")
    results = found(code=1)
    assert results["layout"]["good"]
    assert results["totals"]["code"] == "EXAMPLE_DIFFERS"
    difference = results["totals"]["difference"].splitlines()
    assert any(line.startswith("-") and '"Степной г"' in line for line in difference)
    assert "EXAMPLE_DIFFERS" in check(code=1)
    assert found(code=1)["totals"]["code"] == "EXAMPLE_DIFFERS"  # nothing was written


def test_update_shows_the_difference_and_keeps_what_comes(client: Path) -> None:
    change(client, "reason: zero quantity", "reason: nothing sold")
    results = found("--update")
    assert results["totals"]["updated"]
    assert '+    "nothing sold": 1,' in results["totals"]["difference"]
    assert all(each["good"] and not each["updated"] for each in found().values())


def test_update_makes_nothing_of_a_layout_that_fails(client: Path) -> None:
    before = (client / "examples" / "totals" / "expected.csv").read_bytes()
    change(client, "  инн: client_inn", "  ИНН покупателя: client_inn")
    assert found("--update", code=1)["totals"]["code"] == "MISSING_COLUMN"
    assert (client / "examples" / "totals" / "expected.csv").read_bytes() == before


def test_an_invalid_layout_is_one_line_and_the_others_are_checked(client: Path) -> None:
    shutil.copytree(client, client.parent / "Client_02")
    change(client, "client_city", "client_town")
    shown = check(code=1)
    assert "LAYOUT_INVALID" in shown
    assert "4 checked, 1 wrong" in shown


def test_a_layout_without_an_example_and_an_example_without_a_file(client: Path) -> None:
    shutil.rmtree(client / "examples" / "preamble")
    (client / "examples" / "totals" / "input.xlsx").unlink()
    assert found(code=1)["totals"]["code"] == "EXAMPLE_INCOMPLETE"
    shutil.rmtree(client / "examples")
    assert found(code=1)["layout"]["code"] == "EXAMPLE_MISSING"
    (client / "layout.yaml").unlink()
    assert found() == {}


def test_only_the_clients_that_are_named_are_checked(client: Path) -> None:
    other = client.parent / "Client_02"
    shutil.copytree(client, other)
    change(other, "client_city", "client_town")
    assert set(found("--client", "distributors/Client_01")) == set(CASES)
    assert set(found(str(client / "layout.yaml"), str(client / "examples" / "totals" / "input.xlsx"))) == set(CASES)
    assert found(str(other / "layout.yaml"), code=1)["layout"]["code"] == "LAYOUT_INVALID"
    assert json.loads(check(str(client.parent.parent / "README.md"), "--json")) == []
    check("--client", "Client_77", code=2)


def test_the_hook_for_pre_commit_calls_it() -> None:
    (hook,) = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["entry"] == "pharma-assets client check"
    assert hook["files"] == "^client_transforms/"
