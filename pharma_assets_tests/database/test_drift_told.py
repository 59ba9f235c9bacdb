"""A drift is named on the day it happens: the registry's error says what has changed, and what to run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.drift import failure
from pharma_assets_tests.database.house import HEADER, JUNE, House, opened_house

DRIFTED = JUNE.replace("Товар", "Наименование препарата").replace("Количество", "Отпущено упаковок")


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        yield house


def detail(house: House) -> dict[str, object]:
    (row,) = house.query("SELECT error_reason, error_detail FROM ops.file_registry WHERE status = 'ERROR'")
    return {"code": row.error_reason, **row.error_detail}


def with_example(house: House, content: str = JUNE) -> None:
    case = house.platform.settings.transforms / "distributors" / "Client_01" / "examples" / "may"
    case.mkdir(parents=True)
    (case / "input.csv").write_text(content, encoding="utf-8")


def test_the_registry_says_what_has_changed_and_the_command_shows_the_patch(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_example(house)
    house.drop("июнь, новый.csv", DRIFTED)
    house.tick()
    told = detail(house)
    assert told["code"] == "HEADER_NOT_FOUND"
    assert [each["code"] for each in told["drift"]] == ["COLUMN_RENAMED", "COLUMN_RENAMED"]  # type: ignore[attr-defined]
    assert "Количество is now called Отпущено упаковок" in str(told["message"])
    command = str(told["command"])
    assert command in str(told["advice"])
    settings = house.platform.settings
    for name, value in {"HOME": settings.home, "INBOX": settings.inbox, "TRANSFORMS": settings.transforms}.items():
        monkeypatch.setenv(f"PHARMA_{name}", str(value))
    typed = shlex.split(command)
    assert typed[:3] == ["pharma-assets", "client", "drift"]
    shown = json.loads(CliRunner().invoke(app, [*typed[1:], "--json"]).stdout)
    assert [each["message"] for each in shown["findings"]] == [each["message"] for each in told["drift"]]  # type: ignore[attr-defined]
    applied = CliRunner().invoke(app, [*typed[1:], "--apply"])
    assert applied.exit_code == 0, applied.output


def test_without_an_example_the_names_alone_tell(house: House) -> None:
    house.drop("июнь.csv", DRIFTED)
    house.tick()
    told = detail(house)
    assert {each["message"].partition(" is now")[0] for each in told["drift"]} == {"Товар", "Количество"}  # type: ignore[attr-defined]


def test_a_file_of_another_failure_has_no_drift(house: House) -> None:
    with_example(house)
    house.drop("пустой.csv", HEADER + "Итого;;5\n")
    house.tick()
    told = detail(house)
    assert "drift" not in told
    assert "command" not in told


def test_an_example_that_cannot_be_read_hides_nothing(house: House) -> None:
    with_example(house, "\0\0\0")
    house.drop("июнь.csv", DRIFTED)
    house.tick()
    assert detail(house)["code"] == "HEADER_NOT_FOUND"
    assert "drift" in detail(house)


def test_a_defect_of_the_explanation_hides_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(failure, "drift_of", fails)
    house.drop("июнь.csv", DRIFTED)
    house.tick()
    told = detail(house)
    assert told["code"] == "HEADER_NOT_FOUND"
    assert "drift" not in told
