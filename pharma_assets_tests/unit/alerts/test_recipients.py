"""Who is told of what."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from pharma_assets.alerts.items import Item, Kind
from pharma_assets.alerts.recipients import owner_in, routed
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.settings import Settings
from pharma_assets.transforms.catalog import ClientTransforms, Transform, Transforms

CLIENT = Client(Provider.CHAIN, "Client_01")
SETTINGS = Settings(smtp_url=SecretStr("smtp://mail.example.org"), alert_emails=("all@example.org",))


def transforms(owner: object) -> Transforms:
    layout = cast("Any", SimpleNamespace(owner=owner))
    return of_client(Transform(CLIENT, Path("layout.yaml"), "f", layout, report_type="Type1"))


def of_client(transform: Transform) -> Transforms:
    return Transforms({CLIENT: ClientTransforms(CLIENT, transform.file, (transform,))})


def item(client: Client | None) -> Item:
    place = ClientMonth(client, 2025, 6) if client else None
    return Item(Kind.FILE, f"file:{client}", "EMPTY_FILE", "x", "", "", place)


@pytest.mark.parametrize(
    ("owner", "address"),
    [
        ("olga@example.org", "olga@example.org"),
        ("Ольга Иванова <olga@example.org>", "olga@example.org"),
        ("team:pharma", None),
        (None, None),
    ],
)
def test_an_owner_is_who_the_layout_names_by_address(owner: object, address: str | None) -> None:
    assert owner_in(transforms(owner))(CLIENT) == address


def test_clients_without_a_layout_or_with_a_broken_one_have_no_owner() -> None:
    broken = of_client(Transform(CLIENT, Path("layout.yaml"), "f", None))
    assert owner_in(broken)(CLIENT) is None
    assert owner_in(Transforms({}))(CLIENT) is None


def test_everything_goes_to_the_common_ones_and_to_an_owner_their_own() -> None:
    other = Client(Provider.DISTRIBUTOR, "Client_01")
    items = [item(CLIENT), item(other), item(None)]
    shares = routed(SETTINGS, items, owner_in(transforms("olga@example.org")))
    assert {recipient.name: len(share) for recipient, share in shares.items()} == {
        "all@example.org": 3,
        "olga@example.org": 1,
    }
    common = routed(SETTINGS, items, owner_in(transforms("all@example.org")))
    assert {recipient.name: len(share) for recipient, share in common.items()} == {"all@example.org": 3}
    nobody = routed(Settings(alert_emails=("all@example.org",)), items, owner_in(transforms("olga@example.org")))
    assert nobody == {}, "without a server nobody can be reached"
