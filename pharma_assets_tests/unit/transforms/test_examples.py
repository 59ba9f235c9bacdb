"""Every client folder: its layout is valid, and each example beside it comes out as expected.

`pharma-assets client check` runs the same; with `--update` it writes the expectations anew.
"""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pharma_assets.golden import check_clients, client_folders
from pharma_assets.settings import PROJECT
from pharma_assets.transforms.catalog import load_transforms

FOLDER = PROJECT / "client_transforms"
LAYOUTS = sorted(FOLDER.glob("*/*/layout.yaml"))


def test_the_three_known_clients_are_found() -> None:
    found = {str(client) for client in load_transforms(FOLDER).by_client}
    assert {f"Дистрибьюторы/Client_0{number}" for number in (1, 2, 3)} <= found
    assert load_transforms(FOLDER).invalid == []


def test_no_client_is_passed_over() -> None:
    assert client_folders(FOLDER) == [file.parent for file in LAYOUTS]


@pytest.mark.parametrize("folder", [file.parent for file in LAYOUTS], ids=lambda folder: folder.name)
def test_the_layout_is_valid_and_every_example_comes_out(folder: Path) -> None:
    checked = list(check_clients([folder], ZoneInfo("Europe/Moscow")))
    assert [(each.case, each.error, each.difference) for each in checked if not each.good] == []
    assert {each.case for each in checked} == {None, *folder.glob("examples/*")}
