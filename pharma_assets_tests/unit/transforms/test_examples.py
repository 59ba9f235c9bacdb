"""Every client folder: its layout is valid, and each example beside it comes out as expected.

`pharma-assets client check` runs the same; with `--update` it writes the expectations anew.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from pharma_assets.golden import Checked, check_clients, client_folders
from pharma_assets.settings import PROJECT
from pharma_assets.transforms.catalog import load_transforms

FOLDER = PROJECT / "client_transforms"
CHECKED = list(check_clients(client_folders(FOLDER), ZoneInfo("Europe/Moscow")))


def _name(checked: Checked) -> str:
    return (checked.case or checked.client).relative_to(FOLDER).as_posix()


def test_the_three_known_clients_are_found() -> None:
    found = {str(client) for client in load_transforms(FOLDER).by_client}
    assert {f"Дистрибьюторы/Client_0{number}" for number in (1, 2, 3)} <= found
    assert load_transforms(FOLDER).invalid == []


def test_every_example_is_run() -> None:
    folders = {path for path in FOLDER.glob("*/*/examples/*") if path.is_dir()}
    assert {checked.case for checked in CHECKED} - {None} == folders
    assert {checked.client for checked in CHECKED} == {path.parent for path in FOLDER.glob("*/*/layout.yaml")}


@pytest.mark.parametrize("checked", CHECKED, ids=_name)
def test_layout_or_example(checked: Checked) -> None:
    assert checked.difference == ""
    assert checked.error is None, f"{checked.error}\n{checked.error.advice}"
