"""A path says provider, month, client and type; a client-month and its partition key say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import SUPPLIERS_FOLDER, Provider
from pharma_assets.model.report_path import leaf_path, parse_leaf

names = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=30).filter(
    lambda name: name not in {".", ".."} and Provider.of_folder(name) is None
)
client_months = st.builds(
    ClientMonth, st.builds(Client, st.sampled_from(Provider), names), st.integers(2000, 2100), st.integers(1, 12)
)


@given(client_months, names, st.lists(names, max_size=3))
def test_a_leaf_at_any_depth_reads_back(client_month: ClientMonth, report_type: str, prefix: list[str]) -> None:
    leaf = parse_leaf((*prefix, SUPPLIERS_FOLDER, *leaf_path(client_month, report_type).parts))
    assert (leaf.client_month, leaf.report_type) == (client_month, report_type)


@given(client_months)
def test_a_partition_key_reads_back_and_has_nothing_that_dagster_refuses(client_month: ClientMonth) -> None:
    assert ClientMonth.of_key(client_month.key) == client_month
    client = client_month.client.key
    assert not any(char in client for char in "|,[]\t\n\r")
    assert "..." not in client


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("Поставщики данных/Склады/2025/06/Client_01/Type1", "no folder"),
        ("Сети/2025/06/Client_01", "3 folders"),
        ("Сети/2025/06/Client_01/Type1/архив", "5 folders"),
        ("Сети/25/06/Client_01/Type1", "'25' is not a year"),
        ("Сети/1999/06/Client_01/Type1", "'1999' is not a year"),
        ("Сети/2025/6/Client_01/Type1", "'6' is not a month"),
        ("Сети/2025/13/Client_01/Type1", "'13' is not a month"),
        ("Сети/٢٠٢٥/06/Client_01/Type1", "is not a year"),
    ],
)
def test_a_path_that_does_not_fit_says_why(path: str, why: str) -> None:
    with pytest.raises(PharmaError, match="PATH_STRUCTURE") as error:
        parse_leaf(tuple(path.split("/")))
    assert why in error.value.message


@pytest.mark.parametrize("key", ["", "Client_01|2025-06", "Сети/|2025-06", "Сети/Client_01|2025", "Склады/x|2025-06"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError):
        ClientMonth.of_key(key)
