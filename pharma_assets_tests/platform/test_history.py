"""What people type to try a layout, to explain a row, to bring rejected rows back and to keep reference lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.errors import PharmaError
from pharma_assets.rejects.workbook import COLUMN, ROW
from pharma_assets.settings import PROJECT
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example

LAYOUT = PROJECT / "client_transforms" / "distributors" / "Client_01" / "layout.yaml"


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


@pytest.fixture
def loaded(platform: PlatformHome) -> PlatformHome:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.tick()
    return platform


def test_rejected_rows_go_out_and_come_back(loaded: PlatformHome, tmp_path: Path) -> None:
    groups = loaded.command("rejects", "list")["rejected"]
    assert sum(group["rows"] for group in groups) == 2
    book = tmp_path / "отказы.xlsx"
    assert "2 rows in" in typed("rejects", "export", str(book), "--client", "Client_01", "--language", "ru").stdout
    workbook = openpyxl.load_workbook(book)
    sheet = workbook["Client_01"]
    column = {str(cell.value): cell.column for cell in sheet[1]}
    first = groups[0]["column"]
    good = {"количество": "3", "дата_документа": "03.06.2025"}
    for line in (3, 4):
        for header, text in good.items():
            sheet.cell(line, column[f"{COLUMN}{header}"]).value = text
    rows = {int(str(sheet.cell(line, column[ROW]).value)) for line in (3, 4)}
    workbook.save(book)
    assert first in good
    returned = loaded.command("rejects", "load", str(book), "--why", "прислали")
    assert returned["counts"] == {"loaded": 2}
    assert {line["row"] for line in returned["lines"]} == rows
    assert loaded.command("rejects", "load", str(book), "--why", "ещё раз")["counts"] == {"corrected before": 2}
    listed = loaded.command("rejects", "list")
    assert (listed["rejected"], len(listed["corrections"])) == ([], 2)
    assert loaded.command("audit")["remaining"] == 0
    assert "No row is rejected" in typed("rejects", "export", str(tmp_path / "пусто.xlsx")).stdout
    assert not (tmp_path / "пусто.xlsx").exists()
    number = str(listed["corrections"][0]["id"])
    assert "is loaded anew" in typed("rejects", "withdraw", number, "--why", "ошиблись").stdout
    assert sum(group["rows"] for group in loaded.command("rejects", "list")["rejected"]) == 1
    for command in (["rejects", "load", str(book), "--why", " "], ["rejects", "export", "r.csv"]):
        assert typed(*command).exit_code == 2


def test_a_row_is_explained_and_what_somebody_has_changed_is_an_exit_code(loaded: PlatformHome) -> None:
    row = loaded.one("SELECT id, source_row FROM raw.primary_data ORDER BY id LIMIT 1")
    (told,) = loaded.command("explain", str(row["id"]))["rows"]
    assert (told["equal"], told["row"], told["file"]["id"]) == (True, row["source_row"], 1)
    shown = typed("explain", "--month", "2025-06", "--client", "Client_01", "--limit", "1")
    assert shown.exit_code == 0
    for said in ("read again: equal", "количество", "constant:"):
        assert said in shown.stdout
    header = typed("explain", "--file", "1", "--row", "1")
    assert (header.exit_code, "above the header" in header.stdout) == (0, True)
    loaded.query("UPDATE raw.primary_data SET tms = 'другое' WHERE id = %s RETURNING id", row["id"])
    wrong = typed("explain", str(row["id"]))
    assert (wrong.exit_code, "другое" in wrong.stdout, "read again: differs" in wrong.stdout) == (1, True, True)
    for arguments in ([], ["1", "--file", "1", "--row", "2"], ["--file", "1"], ["--month", "июнь"]):
        assert typed("explain", *arguments).exit_code == 2
    with pytest.raises(PharmaError, match="ROW_UNKNOWN"):
        typed("explain", "999999")


def test_a_layout_is_tried_as_table_json_and_page(loaded: PlatformHome, tmp_path: Path) -> None:
    same = typed("client", "try", "Client_01")
    assert (same.exit_code, "would be the same, to the cell" in same.stdout) == (0, True)
    text = LAYOUT.read_text(encoding="utf-8")
    candidate, page = tmp_path / "layout.yaml", tmp_path / "проба.html"
    candidate.write_text(text.replace("город: client_city", "город: client_brend"), encoding="utf-8")
    arguments = ("client", "try", "distributors/Client_01", "--layout", str(candidate))
    document = loaded.command(*arguments, "--html", str(page))
    assert document["states"]["differs"] == 1
    assert document["cells_changed"]["client_brend"] == document["cells_changed"]["client_city"]
    assert "client_brend" in page.read_text(encoding="utf-8")
    table = typed(*arguments, "--file", "1", "--rows", "1")
    for said in ("rows that change", "client_brend", "more rows", "1 files in"):
        assert said in table.stdout
    candidate.write_text(text.replace("город: client_city", "города: client_city"), encoding="utf-8")
    failing = typed(*arguments)
    assert (failing.exit_code, "would fail" in failing.stdout, "MISSING_COLUMN" in failing.stdout) == (1, True, True)
    for wrong in (["client", "try", "Client_99"], ["client", "try", "Client_01", "--since", "2025"]):
        assert typed(*wrong).exit_code == 2


def test_reference_lists_from_import_to_coverage(loaded: PlatformHome, tmp_path: Path) -> None:
    lists = tmp_path / "поставщики.csv"
    lists.write_text("provider;client;supplier_id\nДистрибьюторы;Client_01;17\nСети;Никто;1\n", encoding="utf-8")
    before: dict[str, Any] = loaded.command("reference", "coverage")
    assert before["client_months"] == [{"client_month": "Дистрибьюторы/Client_01 2025-06", "passed": True}]
    imported = loaded.command("reference", "import", str(lists), "--why", "начало")
    assert (imported["version"], imported["suppliers"], imported["client_types"]) == (1, 2, None)
    assert [remark["code"] for remark in imported["remarks"]] == ["REFERENCE_CLIENT_UNKNOWN"]
    assert "counts already" in typed("reference", "import", str(lists)).stdout
    (version,) = loaded.command("reference", "list")["versions"]
    assert (version["id"], version["source"]["why"], version["loads"]) == (1, "начало", 0)
    assert [each["after"] for each in loaded.command("reference", "diff")["differences"]] == ["17", "1"]
    assert loaded.command("reference", "apply", "--dry-run")["due"] == []
    assert loaded.command("reference", "apply", "--month", "2025-06")["due"] == [1]
    loaded.tick()
    assert {row["supplier_id"] for row in loaded.query("SELECT supplier_id FROM raw.primary_data")} == {"17"}
    (month,) = loaded.command("reference", "coverage", "--client", "Client_01")["client_months"]
    assert (month["passed"], month["with_supplier_id"]) == (True, month["rows"])
    lists.write_text("provider;client;supplier_id\nДистрибьюторы;Client_01;\n", encoding="utf-8")
    with pytest.raises(PharmaError, match="REFERENCE_REFUSED"):
        typed("reference", "import", str(lists))
    assert len(loaded.command("reference", "list")["versions"]) == 1
    for command in ("list", "diff", "apply", "coverage"):
        shown = typed("reference", command)
        assert (shown.exit_code, bool(shown.stdout.strip())) == (0, True)
