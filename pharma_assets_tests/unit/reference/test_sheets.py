"""Reference lists as people keep them: read whole, or refused whole with every reason."""

from __future__ import annotations

import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reference.lists import ClientType, Supplier
from pharma_assets.reference.sheets import KNOWN_HEADERS, ReadLists, read_lists
from pharma_assets_tests.unit.transforms.sheets import Row, document_of, sheet_of

FIRST, CHAIN = Client(Provider.DISTRIBUTOR, "Client_01"), Client(Provider.CHAIN, "Client_01")
SUPPLIERS: list[Row] = [("provider", "client", "branch", "supplier_id", "supplier_name")]
TYPES: list[Row] = [("client_inn", "client_name", "client_type")]


def read(*sheets: list[Row]) -> ReadLists:
    return read_lists(document_of(*(sheet_of(rows, f"Лист{n}") for n, rows in enumerate(sheets, start=1))), "список")


def problems(*sheets: list[Row]) -> list[tuple[str, object]]:
    return [(problem.code, problem.facts.get("row")) for problem in read(*sheets).problems]


def test_both_lists_in_one_workbook() -> None:
    found = read(
        [
            ("Справочник поставщиков", None),
            ("Вид поставщика", "Папка клиента", "Филиал", "Код поставщика", "Название поставщика"),
            ("Дистрибьюторы", " Client_01 ", None, 17, "Агроресурсы"),
            ("Сеть", "Client_01", "Омск", "0018", None),
        ],
        [*TYPES, (5000000024, None, "Аптека"), (None, "*больница*", "ЛПУ")],
    )
    assert found.problems == []
    assert found.suppliers == {
        3: Supplier(FIRST, None, "17", "Агроресурсы"),
        4: Supplier(CHAIN, "Омск", "0018", None),
    }
    assert found.client_types == {
        2: ClientType("5000000024", None, "Аптека"),
        3: ClientType(None, "*больница*", "ЛПУ"),
    }


def test_a_csv_of_one_list_leaves_the_other_alone() -> None:
    content = "ИНН;Тип клиента\n5000000024;Аптека\n".encode("cp1251")
    found = read_lists(read_document(content, Hints(KNOWN_HEADERS)), "типы.csv")
    assert (found.suppliers, found.client_types) == (None, {2: ClientType("5000000024", None, "Аптека")})


def test_an_inn_that_lost_its_zero_is_put_right() -> None:
    inn = "0411000014"
    found = read([*TYPES, (int(inn), None, "Аптека")])
    assert found.client_types == {2: ClientType(inn, None, "Аптека")}


def test_every_wrong_line_is_named() -> None:
    rows: list[Row] = [
        *SUPPLIERS,
        ("Сети", "Client_01", None, "1", "А"),
        ("Аптеки", "Client_01", None, "1", "А"),
        (None, "Client_02", None, "1", "А"),
        ("Сети", "Client_02", None, None, "А"),
        ("Сети", "Client_02", None, "#Н/Д", "А"),
        ("Сети", "Client_03", None, "1" * 1_001, "А"),
    ]
    assert problems(rows) == [
        ("REFERENCE_PROVIDER_UNKNOWN", 3),
        ("REFERENCE_VALUE_MISSING", 4),
        ("REFERENCE_VALUE_MISSING", 5),
        ("REFERENCE_VALUE_REFUSED", 6),
        ("REFERENCE_VALUE_REFUSED", 7),
    ]
    rows = [
        *TYPES,
        ("5000000025", None, "Аптека"),
        ("5000000024", "*аптека*", "Аптека"),
        (None, None, "Аптека"),
        ("5000000024", None, None),
    ]
    assert problems(rows) == [
        ("REFERENCE_INN_INVALID", 2),
        ("REFERENCE_KEY_UNCLEAR", 3),
        ("REFERENCE_KEY_UNCLEAR", 4),
        ("REFERENCE_VALUE_MISSING", 5),
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("Сети", "Client_01", None, "1", "А"), ("Сеть", "Client_01", None, "2", "Б")),
        (("Сети", "Client_01", "Орёл", "1", "А"), ("chains", "Client_01", " ОРЕЛ ", "1", "А")),
    ],
)
def test_a_key_stands_once(first: Row, second: Row) -> None:
    assert problems([*SUPPLIERS, first, second]) == [("REFERENCE_DUPLICATE", 3)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("5000000024", None, "Аптека"), (" 5000000024", None, "Сеть")),
        ((None, "*Аптека*", "Аптека"), (None, "*аптека*", "Аптека")),
    ],
)
def test_a_client_stands_once(first: Row, second: Row) -> None:
    assert problems([*TYPES, first, second]) == [("REFERENCE_DUPLICATE", 3)]


def test_the_same_name_under_both_providers_is_two_clients() -> None:
    assert problems([*SUPPLIERS, ("Сети", "A", None, "1", None), ("Дистрибьюторы", "A", None, "1", None)]) == []


def test_an_empty_list_is_none() -> None:
    """It would take every supplier away, which nobody means."""
    assert problems(SUPPLIERS) == [("REFERENCE_EMPTY", None)]


def test_two_sheets_of_one_kind_are_doubt() -> None:
    line: Row = ("Сети", "Client_01", None, "1", "А")
    assert problems([*SUPPLIERS, line], [*SUPPLIERS, line]) == [("REFERENCE_LIST_TWICE", None)]


def test_a_hidden_sheet_is_not_read() -> None:
    hidden = sheet_of([*TYPES, ("5000000024", None, "Аптека")], "старое", visible=False)
    shown = sheet_of([*TYPES, ("5000000024", None, "ЛПУ")])
    found = read_lists(document_of(hidden, shown), "список")
    assert [each.client_type for each in (found.client_types or {}).values()] == ["ЛПУ"]


def test_what_is_no_list_is_said_so() -> None:
    with pytest.raises(PharmaError, match="REFERENCE_UNREADABLE"):
        read([("Дата", "Товар"), ("02.06.2025", "Цитрамон")])
