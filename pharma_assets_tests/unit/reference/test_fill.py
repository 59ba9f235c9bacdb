"""What the lists say of a report's rows, as asking for each row alone would give it."""

from __future__ import annotations

import re
from fnmatch import translate

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.reference.fill import FILLED, fill
from pharma_assets.reference.lists import ClientType, ReferenceLists, Supplier, text_key

OURS, OTHER = Client(Provider.DISTRIBUTOR, "Client_01"), Client(Provider.CHAIN, "Client_01")
INNS = ("5000000024", "7707083893", "нет")
NAMES = ("ООО Ромашка", "Городская больница № 1", "АПТЕКА 100%", "аптека_2", "Ёлка\\1", "ооо  ромашка")
PATTERNS = ("*ромашка*", "*больница*", "аптека*%", "аптека?2", "Елка\\*", "*", "???")
BRANCHES = ("Омск", "ОМСК ", "Орёл", "Тула")


def text(*choices: str) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.sampled_from(choices))


rows = st.fixed_dictionaries(
    {
        "supplier_filial": text(*BRANCHES),
        "client_inn": text(*INNS),
        "client_inlaw": text(*NAMES),
        "client_name": text(*NAMES),
        "supplier_name": text("из отчёта"),
        "source_row": st.integers(1, 99),
    }
)
suppliers = st.lists(
    st.builds(Supplier, st.sampled_from([OURS, OTHER]), text("омск", "Орел"), st.sampled_from("12"), text("А", "Б")),
    unique_by=lambda each: each.key,
)
types = st.lists(
    st.one_of(
        st.builds(ClientType, st.sampled_from(INNS[:2]), st.none(), st.sampled_from("АБ")),
        st.builds(ClientType, st.none(), st.sampled_from(PATTERNS), st.sampled_from("ВГ")),
    ),
    unique_by=lambda each: each.key,
)


def expected(row: dict[str, str | None], lists: ReferenceLists) -> dict[str, str | None]:
    """The lists asked for one row, without anything clever."""
    branch = text_key(row["supplier_filial"]) if row["supplier_filial"] else None
    ours = [each for each in lists.suppliers if each.client == OURS]
    of_branch = [each for each in ours if each.branch and text_key(each.branch) == branch]
    supplier = next(iter([*of_branch, *(each for each in ours if each.branch is None)]), None)
    by_inn = [each.client_type for each in lists.client_types if each.inn and each.inn == row["client_inn"]]
    name = row["client_inlaw"] or row["client_name"]
    by_name = [
        each.client_type
        for each in lists.client_types
        if each.pattern and name and re.match(translate(text_key(each.pattern).replace("[", "[[]")), text_key(name))
    ]
    return {
        "supplier_id": supplier and supplier.supplier_id,
        "supplier_name": row["supplier_name"] or (supplier and supplier.supplier_name),
        "client_type": next(iter([*by_inn, *by_name]), None),
    }


@given(st.lists(rows, min_size=1, max_size=12), suppliers, types)
def test_filling_columns_is_asking_for_each_row(
    table: list[dict[str, str | None]], some_suppliers: list[Supplier], some_types: list[ClientType]
) -> None:
    lists = ReferenceLists(1, tuple(some_suppliers), tuple(some_types))
    schema = pa.schema([(name, pa.int32() if name == "source_row" else pa.string()) for name in table[0]])
    source = pa.Table.from_pylist(table, schema)
    filled = fill(source, lists, OURS)
    for before, after in zip(table, filled.to_pylist(), strict=True):
        assert {name: after.get(name) for name in FILLED} == expected(before, lists)
        assert {name: value for name, value in after.items() if name not in FILLED} == {
            name: value for name, value in before.items() if name not in FILLED
        }


def test_a_constant_of_the_layout_wins() -> None:
    table = pa.table({"supplier_name": ["Наш"], "client_type": ["Розница"], "client_inn": ["5000000024"]})
    lists = ReferenceLists(1, (Supplier(OURS, None, "7", "Их"),), (ClientType("5000000024", None, "ЛПУ"),))
    (row,) = fill(table, lists, OURS).to_pylist()
    assert (row["supplier_id"], row["supplier_name"], row["client_type"]) == ("7", "Наш", "Розница")


def test_without_lists_nothing_is_touched() -> None:
    table = pa.table({"client_inn": ["5000000024"]})
    assert fill(table, ReferenceLists(), OURS) is table
    assert fill(table, ReferenceLists(1, (Supplier(OTHER, None, "7", None),)), OURS) is table
