"""A layout that changes, end to end: what becomes due by it, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pharma_assets.loading.decisions import decide, release
from pharma_assets_tests.database.house import HEADER, JUNE, LAYOUT, House, opened_house

JULY = HEADER + "02.07.2025;Цитрамон;3\n"
AUGUST = "Дата;Препарат;Количество\n02.08.2025;Цитрамон;4\n"


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        yield house


def loads(house: House) -> dict[str, int]:
    """How often each file was loaded."""
    query = (
        "SELECT file_path, count(*) AS loads FROM ops.file_load l JOIN ops.file_registry f ON f.id = file_id GROUP BY 1"
    )
    return {row.file_path.rpartition("/")[2]: row.loads for row in house.query(query)}


def test_a_version_makes_due_only_the_months_from_which_it_holds(house: House) -> None:
    house.drop("июнь.csv", JUNE)
    house.drop("июль.csv", JULY, month=7)
    house.drop("август.csv", AUGUST, month=8)
    house.tick()
    assert house.files() == {"июнь.csv": "CREATED", "июль.csv": "CREATED", "август.csv": "MISSING_COLUMN"}

    versions = "versions:\n  - {valid_from: 2025-08, columns: {Товар: null, Препарат: {to: tms, filled: true}}}\n"
    house.change_layout(versions)
    house.tick()
    assert set(house.files().values()) == {"CREATED"}
    assert loads(house) == {"июнь.csv": 1, "июль.csv": 1, "август.csv": 1}
    assert house.rows() == [("август.csv", 4), ("июль.csv", 3), ("июнь.csv", 7)]

    house.change_layout(versions + "  - {valid_from: 2025-09, sheets: all}\n")
    house.tick()
    assert loads(house) == {"июнь.csv": 1, "июль.csv": 1, "август.csv": 1}
    house.change_layout(versions.replace("2025-08, ", "2025-07, outside_month: 0.5, "))
    house.tick()
    assert house.files()["июль.csv"] == "MISSING_COLUMN", "the version holds for July too now"
    assert loads(house)["июнь.csv"] == 1


def test_a_change_for_one_report_type_leaves_the_others_alone(house: House) -> None:
    house.drop("продажи.csv", JUNE)
    house.drop("остатки.csv", JULY.replace(".07.", ".06."), report_type="Type2")
    house.tick()
    assert loads(house) == {"продажи.csv": 1, "остатки.csv": 1}
    types = "report_types: {Type1: {}, Type2: {columns: {Количество: amount}}}"
    house.change_layout("", layout=LAYOUT.replace("report_types: [Type1, Type2]", types))
    house.tick()
    assert loads(house) == {"продажи.csv": 1, "остатки.csv": 2}
    (sums,) = house.query("SELECT sum(amount_type_1) AS first, sum(amount_type_2) AS second FROM raw.primary_data")
    assert (sums.first, sums.second) == (7, 3)


def test_a_report_of_too_few_rows_waits_for_a_person(house: House) -> None:
    house.change_layout("rows: {min: 3}\n")
    path = house.drop("обрезан.csv", JUNE)
    house.tick()
    assert house.files() == {"обрезан.csv": "ROWS_OUT_OF_BOUNDS"}
    assert house.rows() == []
    decide(house.platform, [path.relative_to(house.inbox).as_posix()], release, "so it is this month")
    house.tick()
    assert house.files() == {"обрезан.csv": "CREATED"}
    assert house.rows() == [("обрезан.csv", 7)]


def test_the_place_of_a_file_fills_columns_of_its_rows(house: House) -> None:
    house.change_layout(
        "registry:\n  market: client\n  client_type: report_type\n"
        "  supplier_filial: {fact: file_name, pattern: '^(.+)_'}\n  date_godnost: month_end\n"
    )
    house.drop("Казань_июнь.csv", JUNE)
    house.drop("безымянный.csv", JULY.replace(".07.", ".06."))
    house.tick()
    assert house.files() == {"Казань_июнь.csv": "CREATED", "безымянный.csv": "FACT_MISSING"}
    query = (
        "SELECT DISTINCT market, client_type, supplier_filial, date_godnost::date::text AS day FROM raw.primary_data"
    )
    (row,) = house.query(query)
    assert tuple(row) == ("Client_01", "Type1", "Казань", "2025-06-30")


def write_hooks(house: House, code: str) -> None:
    folder = house.platform.settings.transforms / "distributors" / "Client_01"
    (folder / "hooks.py").write_text(code, encoding="utf-8")
    house.change_layout("")


def test_hooks_that_come_change_or_fail_make_their_clients_files_due(house: House) -> None:
    house.drop("июнь.csv")
    house.drop("чужой.csv", JUNE.replace("Аспирин", "Йод"), client="Client_02")
    house.tick()
    write_hooks(house, "def renamed(frame):\n    return frame.assign(market='Сеть')\n")
    house.tick()
    assert loads(house) == {"июнь.csv": 2, "чужой.csv": 1}
    assert house.query("SELECT DISTINCT market FROM raw.primary_data WHERE filename_ish LIKE '%июнь%'") == [("Сеть",)]

    write_hooks(house, "def renamed(frame):\n    return frame.assign(market=frame['нет'])\n")
    house.tick()
    assert house.files() == {"июнь.csv": "HOOK_FAILED", "чужой.csv": "CREATED"}
    assert ("июнь.csv", 7) in house.rows(), "what was loaded stays"
    (detail,) = house.query("SELECT error_detail ->> 'message' FROM ops.file_registry WHERE status = 'ERROR'")
    assert "KeyError: 'нет', line 2: return frame.assign(market=frame['нет'])" in detail[0]

    write_hooks(house, "import os\ndef renamed(frame):\n    return frame\n")
    house.tick()
    assert house.files()["июнь.csv"] == "LAYOUT_INVALID"
    write_hooks(house, "def renamed(frame):\n    return frame.assign(market='Опт')\n")
    house.tick()
    assert house.files()["июнь.csv"] == "CREATED"


def test_rows_that_a_hook_makes_of_one_stand_side_by_side(house: House) -> None:
    code = """
def raw(frame):
    frame["Количество"] = frame["Количество"].str.split("+")
    return frame.explode("Количество")
"""
    write_hooks(house, code)
    house.drop("июнь.csv", HEADER + "02.06.2025;Цитрамон;2+3+4\n03.06.2025;Аспирин;x+y\n04.06.2025;Йод;5\n")
    house.tick()
    assert house.files() == {"июнь.csv": "CREATED"}
    rows = house.query("SELECT source_row, source_part, amount_type_1::int FROM raw.primary_data ORDER BY 1, 2")
    assert [tuple(row) for row in rows] == [(2, 1, 2), (2, 2, 3), (2, 3, 4), (4, 1, 5)]
    held = house.query("SELECT source_row, source_part, raw_value, raw_row ->> 'Количество' FROM ops.rejected_row")
    assert sorted(tuple(row) for row in held) == [(3, 1, "x", "x+y"), (3, 2, "y", "x+y")]
    (load,) = house.query("SELECT rows_read, rows_loaded, rows_rejected FROM ops.file_load")
    assert tuple(load) == (6, 4, 2)
    house.rebuild()
    assert house.rows() == [("июнь.csv", 14)]
