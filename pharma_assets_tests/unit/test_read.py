"""`pharma-assets read`: what the reader sees in a file, with a layout and without, without a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets_tests.samples import example, example_name

LEAF = "Поставщики данных/Дистрибьюторы/2025/06/{}/Type1"


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PHARMA_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")


def read(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["read", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def document(*arguments: str, code: int = 0) -> Any:
    return json.loads(read(*arguments, "--json", code=code))


def put(folder: Path, client: str, case: str) -> str:
    path = folder / example_name(client, case)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(example(client, case))
    return str(path)


def test_a_text_file_without_a_layout_shows_what_a_layout_must_know(tmp_path: Path) -> None:
    found = document(put(tmp_path, "Client_03", "cp1251"))
    assert (found["format"], found["encoding"], found["delimiter"], found["layout"]) == ("csv", "cp1251", ";", None)
    assert [column["header"] for column in found["columns"]][:4] == ["Региональная компания", "Дата", "Код", "Товар"]
    assert found["columns"][2]["cells"]["2"] == "000123"
    assert found["problems"] == []
    assert not (tmp_path / "home").exists()


def test_with_a_client_the_layout_tells_where_each_column_goes(tmp_path: Path) -> None:
    path = put(tmp_path, "Client_01", "totals")
    found = document(path, "--client", "Client_01")
    (best, *_) = found["header_candidates"]
    assert (best["row"], best["score"], best["missing"]) == (4, 1.0, [])
    goes_to = {column["header"]: column["to"] for column in found["columns"]}
    assert (goes_to["инн"], goes_to["номер_документа"]) == ("client_inn", "naklad")
    assert found["read"] == found["to_load"] + sum(found["left_out"].values()) + len(found["rejected"])
    assert found["sums"] == {"amount_type_1": "1252.500"}
    shown = read(path, "--client", "distributors/Client_01")
    for words in ("header in row 4", "client_inn", "HIDDEN_ROWS", "sum of amount_type_1: 1252.500", "agrees"):
        assert words in shown


VERSIONED = """
supplier: Пример
report_types: [Type1, Type2]
columns: {Дата: {to: period, filled: true}, Улица: {to: null}, Кол-во: amount}
composed: {client_adress: '{Улица}'}
versions: [{valid_from: 2025-07, constants: {market: Сеть}, rows: {min: 2}}]
"""


def test_type_and_month_choose_the_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_TRANSFORMS", str(tmp_path))
    (tmp_path / "chains" / "Client_05").mkdir(parents=True)
    (tmp_path / "chains" / "Client_05" / "layout.yaml").write_text(VERSIONED, encoding="utf-8")
    file = tmp_path / "report.csv"
    file.write_text("Дата;Улица;Кол-во\n02.06.2025;Мира;5\n", encoding="utf-8")
    june = document(str(file), "--client", "Client_05", "--report-type", "Type2", "--month", "2025-06")
    assert (june["report_type"], june["layout_from"], june["problems"]) == ("Type2", None, [])
    assert [column["to"] for column in june["columns"]] == ["period", "client_adress", "amount_type_2"]
    newest = document(str(file), "--client", "Client_05", code=1)
    assert (newest["report_type"], newest["layout_from"]) == ("Type1", "2025-07")
    assert [problem["code"] for problem in newest["problems"]] == ["ROWS_OUT_OF_BOUNDS"]
    assert newest["to_load"] == 1
    assert "(Type1, from 2025-07)" in read(str(file), "--client", "Client_05", code=1)
    (problem,) = document(str(file), "--client", "Client_05", "--report-type", "Type9", code=1)["problems"]
    assert problem["code"] == "NO_SCRIPT_FOUND"
    assert "2025-06" in read(str(file), "--client", "Client_05", "--month", "June", code=2)


def test_a_path_in_the_inbox_tells_the_client_and_the_month(tmp_path: Path) -> None:
    path = put(tmp_path / LEAF.format("Client_01"), "Client_01", "totals")
    assert document(path)["to_load"] == 4
    wrong_month = put(tmp_path / LEAF.format("Client_01").replace("/06/", "/02/"), "Client_01", "totals")
    (problem,) = document(wrong_month, code=1)["problems"]
    assert problem["code"] == "PERIOD_MISMATCH"


def test_a_client_without_a_layout_is_a_problem_and_the_file_is_shown_all_the_same(tmp_path: Path) -> None:
    path = put(tmp_path / LEAF.format("Client_77"), "Client_03", "cp1251")
    found = document(path, code=1)
    assert [problem["code"] for problem in found["problems"]] == ["NO_SCRIPT_FOUND"]
    assert found["format"] == "csv"


def test_a_client_with_a_script_is_no_problem(tmp_path: Path) -> None:
    script = tmp_path / "home/Scripts/Distibutors/Client_77/Client_77_processing.py"
    script.parent.mkdir(parents=True)
    script.touch()
    path = put(tmp_path / LEAF.format("Client_77"), "Client_03", "cp1251")
    found = document(path)
    assert (found["script"], found["layout"], found["problems"]) == (str(script), None, [])
    assert f"the client's script takes it: {script}" in read(path)


def test_the_wrong_layout_shows_the_rivals_and_what_is_missing(tmp_path: Path) -> None:
    found = document(put(tmp_path, "Client_01", "totals"), "--client", "Client_02", code=1)
    (problem,) = found["problems"]
    assert problem["code"] in ("HEADER_NOT_FOUND", "MISSING_COLUMN")
    assert found["header_candidates"][0]["score"] < 1
    assert "день" in found["header_candidates"][0]["missing"]


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "EMPTY_FILE"), (b"%PDF-1.7\n", "FORMAT_UNSUPPORTED"), (b"PK\x03\x04", "CORRUPT_FILE")]
)
def test_a_file_that_cannot_be_read_ends_with_its_code_and_advice(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "report.xlsx"
    path.write_bytes(content)
    found = document(str(path), code=1)
    assert [problem["code"] for problem in found["problems"]] == [code]
    shown = read(str(path), code=1)
    assert code in shown
    assert found["problems"][0]["advice"][:20] in shown


def test_a_client_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    shown = read(put(tmp_path, "Client_03", "cp1251"), "--client", "Client_77", code=2)
    assert "distributors/Client_01" in shown


def test_a_file_that_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["read", str(tmp_path / "none.xlsx")])
    assert str(result.exception).startswith("FILE_GONE")
