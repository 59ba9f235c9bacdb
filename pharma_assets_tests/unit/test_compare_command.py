"""`pharma-assets client compare` over one file, wherever it lies: without a database, changing nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.model.target import RESULT_HEADER

LEAF = "Поставщики данных/Сети/2025/06/Client_31/Type2"
REPORT = "Дата;Товар;Кол-во\n02.06.2025;Цитрамон;2\n03.06.2025;Аспирин;0\n04.06.2025;Анальгин;5\n"
LAYOUT = """\
supplier: Аптеки 31
report_types: [Type2]
columns:
  Дата: {to: period, filled: true}
  Товар: tms
  Кол-во: {to: amount_type_2, filled: true}
left_out: [{column: Кол-во, reason: zero quantity}]
"""
# As many a script: "0" is not 0, so the zero row stays.
SCRIPT = f"""
import csv, os
columns = {list(RESULT_HEADER.values())}
rows = list(csv.reader(open(os.environ["TASK_FILE"], encoding="utf-8"), delimiter=";"))[1:]
rows = [dict(zip(("period", "tms", "amount_type_2"), row)) for row in rows if row[2] != 0]
name = f"Client_31_id{{os.environ['TASK_ID']}}_report.csv"
with open("Итоговые отчёты/" + name, "w", encoding="utf-8-sig", newline="") as file:
    writer = csv.DictWriter(file, columns, delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHARMA_HOME", str(home))
    monkeypatch.setenv("PHARMA_TRANSFORMS", str(home / "transforms"))
    monkeypatch.setenv("PHARMA_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    write(home / "Scripts/Nets/Client_31/Client_31_processing.py", SCRIPT)
    write(home / "transforms/chains/Client_31/layout.yaml", LAYOUT)
    write(tmp_path / LEAF / "june.csv", REPORT)
    return home


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def compare(*arguments: object, code: int) -> str:
    result = CliRunner().invoke(app, ["client", "compare", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.stdout if code < 2 else result.output


def document(*arguments: object, code: int) -> Any:
    return json.loads(compare(*arguments, "--json", code=code))


def test_what_differs_is_told_row_by_row(home: Path, tmp_path: Path) -> None:
    before = sorted(path for path in tmp_path.rglob("*"))
    found = document("Client_31", tmp_path / LEAF / "june.csv", code=1)
    assert (found["client"], found["agrees"]) == ("Сети/Client_31", False)
    (file,) = found["files"]
    assert file == {
        "path": f"{LEAF}/june.csv",
        "agrees": False,
        "script": {"read": 3, "loaded": 3, "left_out": {}, "rejected": 0},
        "layout": {"read": 3, "loaded": 2, "left_out": {"zero quantity": 1}, "rejected": 0},
        "equal": 2,
        "differing": 0,
        "only_script": 1,
        "only_layout": 0,
        "by_column": {},
        "sums": {"amount_type_2": {"script": "7.000", "layout": "7.000"}},
        "rows": [
            {
                "script_row": "result:csv 3",
                "layout_row": None,
                "cells": {
                    "period": {"script": "2025-06-03", "layout": None},
                    "tms": {"script": "Аспирин", "layout": None},
                    "amount_type_2": {"script": "0", "layout": None},
                },
            }
        ],
    }
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_a_draft_that_does_the_same_agrees(home: Path, tmp_path: Path) -> None:
    draft = write(tmp_path / "draft.yaml", LAYOUT.partition("left_out")[0])
    shown = compare("chains/Client_31", tmp_path / LEAF / "june.csv", "--layout", draft, code=0)
    assert "Сети/Client_31: 1 of 1 files agree in every row." in shown


def test_columns_that_differ_are_counted_and_shown(home: Path, tmp_path: Path) -> None:
    draft = write(
        tmp_path / "draft.yaml",
        LAYOUT.partition("left_out")[0] + "constants: {supplier_name: Аптеки 31}\n",
    )
    file = tmp_path / LEAF / "june.csv"
    shown = compare("Client_31", file, "--layout", draft, "--rows", 1, code=1)
    for words in ("supplier_name", "script: result:csv 2, layout: csv 2", "supplier_name: – → Аптеки 31"):
        assert words in shown
    assert shown.count("layout: csv") == 1
    compare("Client_31", file, "--layout", draft, "--ignore", "supplier_name", code=0)


def test_a_report_outside_the_inbox_needs_its_month(home: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "june.csv", REPORT)
    assert "--month" in compare("Client_31", file, code=2)
    assert document("Client_31", file, "--month", "2025-06", code=1)["files"][0]["equal"] == 2


def test_a_side_that_fails_is_told(home: Path, tmp_path: Path) -> None:
    script = home / "Scripts/Nets/Client_31/Client_31_processing.py"
    script.write_text("raise SystemExit(3)", encoding="utf-8")
    file = tmp_path / LEAF / "june.csv"
    (found,) = document("Client_31", file, code=1)["files"]
    assert (found["script"]["code"], found["layout"]["loaded"]) == ("RETURN_CODE_3", 2)
    assert "RETURN_CODE_3" in compare("Client_31", file, code=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Client_32", "june.csv"], "chains/Client_31"),
        (["Client_31", "none.csv"], "none.csv"),
        (["Client_31", "june.csv", "--month", "June"], "2025-06"),
        (["Client_31", "june.csv", "--month", "2025-06", "--ignore", "filename_ish"], "filename_ish"),
    ],
)
def test_what_cannot_be_compared_is_said(home: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    write(tmp_path / "june.csv", REPORT)
    assert words in compare(*arguments, code=2)


def test_without_a_layout_a_draft_is_asked_for(home: Path, tmp_path: Path) -> None:
    (home / "transforms/chains/Client_31/layout.yaml").unlink()
    assert "--layout" in compare("Client_31", tmp_path / LEAF / "june.csv", code=2)
