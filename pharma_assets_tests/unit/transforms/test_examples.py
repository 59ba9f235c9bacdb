"""Every client folder: its layout is valid, and each example beside it comes out as expected.

`pharma-assets client check` runs the same; with `--update` it writes the expectations anew.
"""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pharma_assets.golden import Checked, check_clients, client_folders, report_of, transforms_of
from pharma_assets.settings import PROJECT
from pharma_assets.transforms.catalog import load_transforms
from pharma_assets.transforms.example_case import HISTORY_NAME, input_of, read_case

FOLDER = PROJECT / "client_transforms"
CHECKED = list(check_clients(client_folders(FOLDER), ZoneInfo("Europe/Moscow")))


def _name(checked: Checked) -> str:
    return (checked.case or checked.client).relative_to(FOLDER).as_posix()


def test_the_three_known_clients_are_found() -> None:
    found = {str(client) for client in load_transforms(FOLDER).by_client}
    assert {f"Дистрибьюторы/Client_0{number}" for number in (1, 2, 3)} <= found
    assert load_transforms(FOLDER).invalid == []


def test_every_example_is_run() -> None:
    folders = {path for path in FOLDER.glob("*/*/examples/*") if path.is_dir() and not (path / HISTORY_NAME).exists()}
    assert {checked.case for checked in CHECKED} - {None} == folders
    assert {checked.client for checked in CHECKED} == {path.parent for path in FOLDER.glob("*/*/layout.yaml")}


@pytest.mark.parametrize("checked", CHECKED, ids=_name)
def test_layout_or_example(checked: Checked) -> None:
    assert checked.difference == ""
    assert checked.error is None, f"{checked.error}\n{checked.error.advice}"


def test_a_case_says_what_the_place_of_its_input_would_say(tmp_path: Path) -> None:
    case = tmp_path / "chains" / "Client_60" / "examples" / "july"
    case.mkdir(parents=True)
    (case.parent.parent / "layout.yaml").write_text(
        """
        supplier: Пример
        report_types: [Type1, Type2]
        registry: {period: month_start, supplier_filial: {fact: file_name, pattern: '^(.+)_'}, client_type: client}
        columns: {Товар: {to: tms, filled: true}, Кол-во: amount}
        versions: [{valid_from: 2025-07, constants: {market: Сеть}}]
        """,
        encoding="utf-8",
    )
    (case / "input.csv").write_text("Товар;Кол-во\nЙод;5\n", encoding="utf-8")
    text = "report_type: Type2\nmonth: 2025-07\nfile_name: Казань_июль.csv\n"
    (case / "case.yaml").write_text(text, encoding="utf-8")
    (row,) = report_of(case, transforms_of(case.parent.parent), ZoneInfo("Europe/Moscow")).table.to_pylist()
    told = {name: row[name] for name in ("supplier_filial", "client_type", "market", "amount_type_2")}
    assert told == {"supplier_filial": "Казань", "client_type": "Client_60", "market": "Сеть", "amount_type_2": 5}
    (case / "case.yaml").write_text(text.replace("07", "06"), encoding="utf-8")
    (row,) = report_of(case, transforms_of(case.parent.parent), ZoneInfo("Europe/Moscow")).table.to_pylist()
    assert "market" not in row
    assert row["period"].astimezone(ZoneInfo("Europe/Moscow")).month == 6
    (case / "case.yaml").write_text("months: 2025-07\n", encoding="utf-8")
    with pytest.raises(ValueError, match="months"):
        read_case(case)
    (case / "input.xlsx").touch()
    with pytest.raises(ValueError, match=r"2 files are called input"):
        input_of(case)
