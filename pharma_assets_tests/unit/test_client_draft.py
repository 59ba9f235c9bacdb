"""`pharma-assets client draft`: from a file to a layout that loads it and an example that is checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.demo import first_client
from pharma_assets.transforms.catalog import parse_layout, read_layout

LEAF = "Поставщики данных/Сети/2025/06/Client_05/Type2"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHARMA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PHARMA_INBOX", str(tmp_path / "inbox"))
    monkeypatch.setenv("PHARMA_TRANSFORMS", str(tmp_path / "transforms"))
    monkeypatch.setenv("PHARMA_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    path = tmp_path / "inbox" / LEAF / "июнь.xlsx"
    path.parent.mkdir(parents=True)
    path.write_bytes(first_client.june().content)
    return tmp_path


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["client", *arguments], input=typed)


def draft(*arguments: str, code: int = 0, typed: str | None = None) -> str:
    result = run("draft", *arguments, typed=typed)
    assert result.exit_code == code, result.output
    return result.output


def test_a_file_of_the_inbox_says_whose_it_is(home: Path) -> None:
    shown = draft(str(home / "inbox" / LEAF / "июнь.xlsx"), "--yes")
    folder = home / "transforms" / "chains" / "Client_05"
    (effective,) = read_layout((folder / "layout.yaml").read_bytes())
    assert effective.report_type == "Type2"
    assert effective.layout.columns["Кол-во, уп."].to == "amount_type_2"
    assert "61 rows read = 60 to load + 1 left out (total 1) + 0 rejected" in shown
    example = folder / "examples" / "sample"
    assert sorted(path.name for path in example.iterdir()) == ["expected.csv", "expected.json", "input.xlsx"]
    assert json.loads((example / "expected.json").read_text(encoding="utf-8"))["loaded"] == 50
    assert run("check").exit_code == 0


def test_a_path_below_the_inbox_does_as_well(home: Path) -> None:
    found = json.loads(draft(f"{LEAF}/июнь.xlsx", "--json"))
    assert (found["to_load"], found["sheet"], found["header_row"]) == (60, "Отгрузки", 4)
    assert found["sums"]["amount_type_2"] == f"{first_client.june().packs}.000"


def test_doubts_are_asked_about_and_the_answer_counts(home: Path) -> None:
    shown = draft(str(home / "inbox" / LEAF / "июнь.xlsx"), typed="чепуха\n1\nЗаря-Фарм\ny\n")
    assert "1 columns are in doubt" in shown
    assert "N Сумма" in shown
    assert "one of: supplier_id" in shown  # after a word that is no answer
    layout = parse_layout((home / "transforms" / "chains" / "Client_05" / "layout.yaml").read_bytes())
    assert layout.columns["Сумма"].to == "sum_no_nds"
    assert (layout.supplier, layout.constants) == ("Заря-Фарм", {"supplier_name": "Заря-Фарм"})


def test_a_person_who_says_no_at_the_end_writes_nothing(home: Path) -> None:
    shown = draft(str(home / "inbox" / LEAF / "июнь.xlsx"), typed="\n\nn\n")
    assert "nothing was written" in shown
    assert not (home / "transforms").exists()


def test_what_the_command_line_says_of_a_column_goes_first(home: Path) -> None:
    draft(f"{LEAF}/июнь.xlsx", "--yes", "--column", "прайс=sum_no_nds", "--column", "Завод=none")
    layout = parse_layout((home / "transforms" / "chains" / "Client_05" / "layout.yaml").read_bytes())
    assert (layout.columns["Прайс"].to, layout.columns["Завод"].to) == ("sum_no_nds", None)


@pytest.mark.parametrize("column", ["Нет такой=tms", "Завод=нет такой", "Завод"])
def test_a_column_or_a_role_that_is_none_is_refused(home: Path, column: str) -> None:
    draft(f"{LEAF}/июнь.xlsx", "--yes", "--column", column, code=2)


def test_a_layout_that_is_there_is_replaced_only_by_force(home: Path) -> None:
    draft(f"{LEAF}/июнь.xlsx", "--yes")
    file = home / "transforms" / "chains" / "Client_05" / "layout.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "# моё\n", encoding="utf-8")
    refused = run("draft", f"{LEAF}/июнь.xlsx", "--yes")
    assert str(refused.exception).startswith("LAYOUT_EXISTS")
    assert "# моё" in file.read_text(encoding="utf-8")
    draft(f"{LEAF}/июнь.xlsx", "--yes", "--dry-run")
    assert "# моё" in file.read_text(encoding="utf-8")
    draft(f"{LEAF}/июнь.xlsx", "--yes", "--force")
    assert "# моё" not in file.read_text(encoding="utf-8")


def test_a_file_elsewhere_needs_a_client(home: Path) -> None:
    path = home / "куда-то.xlsx"
    path.write_bytes(first_client.june().content)
    assert "--client" in draft(str(path), "--yes", code=2)
    draft(str(path), "--yes", "--client", "Client_09", "--type", "Type4", "--month", "2025-06")
    (effective,) = read_layout((home / "transforms" / "distributors" / "Client_09" / "layout.yaml").read_bytes())
    assert effective.report_type == "Type4"
    asked = draft(str(path), typed="chains/Client_08\n\n\n\n")
    assert "Whose report is this?" in asked
    assert (home / "transforms" / "chains" / "Client_08" / "layout.yaml").exists()


@pytest.mark.parametrize("client", ["где-то/Client_09", "..", "chains/", "a:b"])
def test_a_name_that_no_folder_can_have_is_refused(home: Path, client: str) -> None:
    draft(f"{LEAF}/июнь.xlsx", "--yes", "--client", client, code=2)


def test_a_file_of_another_month_keeps_its_layout_and_says_so(home: Path) -> None:
    shown = draft(f"{LEAF}/июнь.xlsx", "--yes", "--month", "2025-02", code=1)
    assert "PERIOD_MISMATCH" in shown
    assert (home / "transforms" / "chains" / "Client_05" / "layout.yaml").exists()


def test_other_layouts_teach_the_draft_but_not_its_own(home: Path) -> None:
    def rivals(*arguments: str) -> set[str]:
        columns: list[Any] = json.loads(draft(f"{LEAF}/июнь.xlsx", "--json", "--dry-run", *arguments))["columns"]
        (address,) = [column for column in columns if column["header"] == "Адрес доставки"]
        return {address["to"], *address["rivals"]}

    draft(f"{LEAF}/июнь.xlsx", "--yes", "--column", "Адрес доставки=client_name")
    assert rivals() == {"client_adress"}
    assert rivals("--client", "Client_06") == {"client_adress", "client_name"}
