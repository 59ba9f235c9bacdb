"""Names that no reference list has: reported with their reason, counted, and taken as soon as somebody knows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pharma_assets.intake import scan_rules, take_in
from pharma_assets.registry.scan import look
from pharma_assets.settings import TreeSettings
from pharma_assets_tests.database.house import House, opened_house


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    """Client_01 and Client_02 have a layout for Type1 and Type2; Client_03 and Type3 are in the lists only."""
    with opened_house(tmp_path, database) as house:
        listed(house, "Client_03")
        yield house


def listed(house: House, *clients: str) -> None:
    tree = TreeSettings(clients=clients, report_types=("Type3",))
    settings = house.platform.settings.model_copy(update={"tree": tree})
    house.platform = replace(house.platform, settings=settings)


def problems(house: House) -> list[tuple[str, str]]:
    rows = house.query("SELECT path, code, message FROM ops.path_problem ORDER BY path")
    return [(row.path.rpartition("/")[2], f"{row.code}: {row.message}") for row in rows]


def test_an_unknown_client_or_type_is_reported_and_the_rest_goes_on(house: House) -> None:
    house.drop("known.csv")
    house.drop("listed.csv", client="Client_03", report_type="Type3")
    house.drop("a slip.csv", client="Client_1")
    house.drop("no such type.csv", report_type="Тип1")
    intake = take_in(house.platform, "test")
    assert (intake.scan.seen, intake.scan.added, len(intake.scan.problems)) == (4, 2, 2)
    unknown = "is not in the reference list"
    assert problems(house) == [
        ("no such type.csv", f"PATH_UNKNOWN: Тип1 {unknown} `tree.report_types`, and no layout is for it"),
        ("a slip.csv", f"PATH_UNKNOWN: Дистрибьюторы/Client_1 {unknown} `tree.clients`, and no layout is for it"),
    ]
    house.tick()
    assert house.files() == {"known.csv": "CREATED", "listed.csv": "NO_SCRIPT_FOUND"}
    rules = scan_rules(house.platform.settings, house.platform.transforms)
    assert len(look(house.platform.inbox, rules).problems) == 2, "a dry run says the same"


def test_it_is_taken_when_the_list_or_a_layout_knows_it(house: House) -> None:
    house.drop("new client.csv", client="Client_77")
    house.drop("new type.csv", report_type="Type5")
    house.tick()
    assert house.files() == {}
    assert len(problems(house)) == 2
    listed(house, "Client_77")
    layout = house.platform.settings.transforms / "distributors" / "Client_01" / "layout.yaml"
    layout.write_text(layout.read_text(encoding="utf-8").replace("Type2]", "Type5]"), encoding="utf-8")
    house.reload_layouts()
    house.tick()
    assert house.files() == {"new client.csv": "NO_SCRIPT_FOUND", "new type.csv": "CREATED"}
    assert problems(house) == []


def test_a_file_that_is_registered_stays_so_when_its_name_leaves_the_list(house: House) -> None:
    house.drop("a.csv", client="Client_03", report_type="Type3")
    house.tick()
    listed(house, "Client_04")
    house.drop("b.csv", client="Client_03", report_type="Type3")
    house.tick()
    assert house.files() == {"a.csv": "NO_SCRIPT_FOUND"}
    assert [name for name, _ in problems(house)] == ["b.csv"]
