"""Drift: every mutation of a header has its name, and what a patch can mend loads again, to the same rows."""

# ruff: noqa: S311 - the randomness here is for variety, not for secrets

from __future__ import annotations

from datetime import datetime
from random import Random

import pytest

from pharma_assets.drift.compare import Drift, drift_of
from pharma_assets.drift.patching import patched
from pharma_assets.drift.reference import Reference
from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Document
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.headers import locate
from pharma_assets.transforms.normalize import normalize
from pharma_assets_tests.unit.drift import mutations as m
from pharma_assets_tests.unit.transforms.sheets import HEADER, MOSCOW, layout_of, sale, sheet_of
from pharma_assets_tests.unit.transforms.sheets import document_of as workbook_of

each_client = pytest.mark.parametrize("client", m.CLIENTS)
each_seed = pytest.mark.parametrize("seed", range(4))


def drift(client: str, table: m.Table) -> Drift:
    base = m.base(client)
    return drift_of(m.document_of(table), base.layout, base.reference)


def found(drift: Drift) -> list[tuple[str, object]]:
    """The findings: code, and the header that they are about."""
    return [(each.code, each.facts.get("header") or each.facts.get("headers")) for each in drift.findings]


def loaded(document: Document, text: str) -> int:
    return normalize(document, parse_layout(text.encode()), MOSCOW).loaded


def assert_mended(client: str, table: m.Table, found: Drift) -> None:
    """The patch makes the report load all the rows that it had before it drifted."""
    base = m.base(client)
    document = m.document_of(table)
    with pytest.raises(PharmaError):
        loaded(document, base.text)
    assert loaded(document, patched(base.text, found.patch)) == loaded(m.document_of(base.june), base.text)


@each_client
def test_a_report_that_has_not_drifted_has_no_findings(client: str) -> None:
    nothing = drift(client, m.base(client).june)
    assert nothing.findings == ()
    assert not nothing.patch


@each_client
@each_seed
def test_a_misspelt_header_is_a_renamed_one(client: str, seed: int) -> None:
    base, random = m.base(client), Random(f"misspelt {client} {seed}")
    header = random.choice(sorted(base.layout.required_headers))
    text = m.misspelt(random, header)
    table = m.renamed(base.june, header, text)
    drifted = drift(client, table)
    assert found(drifted) == [("COLUMN_RENAMED", header)], text
    assert drifted.findings[0].facts["now"] == text
    assert_mended(client, table, drifted)


@each_client
@pytest.mark.parametrize("words", [m.REWORDED, m.TRANSLATED], ids=["reworded", "translated"])
@each_seed
def test_one_header_in_other_words_is_a_renamed_one(client: str, words: dict[str, str], seed: int) -> None:
    base, random = m.base(client), Random(f"words {client} {seed}")
    target = random.choice([target for target in sorted(words) if base.header_of(target)])
    header = base.header_of(target) or ""
    table = m.renamed(base.june, header, words[target])
    drifted = drift(client, table)
    assert found(drifted) == [("COLUMN_RENAMED", header)], words[target]
    assert_mended(client, table, drifted)


@each_client
@pytest.mark.parametrize("words", [m.REWORDED, m.TRANSLATED], ids=["reworded", "translated"])
def test_all_headers_in_other_words_at_once_are_each_found(client: str, words: dict[str, str]) -> None:
    base, table = m.base(client), m.base(client).june
    expected = {}
    for target, text in words.items():
        if header := base.header_of(target):
            table = m.renamed(table, header, text)
            expected[header] = text
    drifted = drift(client, table)
    assert drifted.patch.aliases == expected
    assert {code for code, _ in found(drifted)} == {"COLUMN_RENAMED"}
    assert_mended(client, table, drifted)


@each_client
@each_seed
def test_a_moved_column_is_named_and_does_no_harm(client: str, seed: int) -> None:
    base, random = m.base(client), Random(f"moved {client} {seed}")
    header = random.choice(sorted(base.layout.required_headers))
    at = m.place(base.june, header)
    to = random.choice([place for place in range(len(base.june[0])) if abs(place - at) > 1])
    table = m.moved(base.june, header, to)
    drifted = drift(client, table)
    assert found(drifted) == [("COLUMN_MOVED", header)]
    assert not drifted.patch
    assert loaded(m.document_of(table), base.text) == loaded(m.document_of(base.june), base.text)


@pytest.mark.parametrize(
    ("client", "header", "names", "separator"),
    [
        ("Client_01", "адрес", ("улица", "дом"), ", д"),
        ("Client_01", "адрес", ("адрес 1", "адрес 2"), ", "),
        ("Client_01", "город", ("нас. пункт", "тип нп"), " "),
        ("Client_01", "название", ("препарат", "форма выпуска"), " "),
        ("Client_02", "Товар", ("Торговое имя", "Дозировка и упаковка"), " "),
        ("Client_03", "Адрес доставки", ("Город", "Улица доставки"), ", "),
    ],
)
def test_a_split_column_is_named_with_its_parts(
    client: str, header: str, names: tuple[str, str], separator: str
) -> None:
    drifted = drift(client, m.split(m.base(client).june, header, names, separator))
    split = next(each for each in drifted.findings if each.code == "COLUMN_SPLIT")
    assert (split.facts["header"], split.facts["parts"]) == (header, " + ".join(names))
    assert {each.code for each in drifted.findings} == {"COLUMN_SPLIT"}
    assert not drifted.patch


@pytest.mark.parametrize(
    ("client", "headers", "name", "separator"),
    [
        ("Client_01", ("город", "адрес"), "полный адрес", ", "),
        ("Client_01", ("область_район", "город"), "где", ", "),
        ("Client_01", ("номер_документа", "дата_документа"), "документ", " от "),
        ("Client_02", ("Клиент", "ИНН клиента"), "Клиент, ИНН", ", ИНН "),
        ("Client_03", ("Регион доставки", "Город доставки"), "Регион, город", " / "),
    ],
)
def test_merged_columns_are_named_with_the_one_that_they_became(
    client: str, headers: tuple[str, str], name: str, separator: str
) -> None:
    drifted = drift(client, m.merged(m.base(client).june, headers, name, separator))
    (finding,) = drifted.findings
    assert (finding.code, finding.facts["headers"], finding.facts["now"]) == (
        "COLUMNS_MERGED",
        " + ".join(headers),
        name,
    )
    assert not drifted.patch


@each_client
@each_seed
def test_a_column_that_is_gone_is_not_taken_for_an_unrelated_new_one(client: str, seed: int) -> None:
    base, random = m.base(client), Random(f"gone {client} {seed}")
    header = random.choice([base.header_of(target) or "" for target in ("client_inn", "tms", "client_inlaw", "period")])
    table = m.without(base.june, header)
    assert found(drift(client, table)) == [("COLUMN_GONE", header)]
    table = m.with_column(table, 2, "Скидка, %", lambda number: str(number % 7))
    assert found(drift(client, table)) == [("COLUMN_GONE", header), ("COLUMN_NEW", "Скидка, %")]


def test_a_new_column_that_surely_is_something_new_is_patched_in() -> None:
    table = m.with_column(m.base("Client_01").june, 3, "Производитель", lambda number: ("Тева", "Сандоз")[number % 2])
    drifted = drift("Client_01", table)
    assert [(each.code, each.facts["target"]) for each in drifted.findings] == [("COLUMN_NEW", "mnf")]
    layout = parse_layout(patched(m.base("Client_01").text, drifted.patch).encode())
    assert (layout.columns["Производитель"].to, layout.columns["Производитель"].required) == ("mnf", False)


def test_a_header_that_stands_twice_is_named_with_its_columns() -> None:
    table = m.renamed(m.base("Client_01").june, "адрес", "Клиент")
    codes = {each.code: each.facts for each in drift("Client_01", table).findings}
    assert codes["COLUMN_REPEATED"] == {"header": "клиент", "columns": "B, E"}


def test_a_header_further_down_raises_how_far_it_is_looked_for() -> None:
    base = m.base("Client_02")
    table = [[f"строка {number}"] for number in range(45)] + base.june
    drifted = drift("Client_02", table)
    assert [(each.code, each.facts["now"]) for each in drifted.findings] == [("HEADER_MOVED", 46)]
    assert_mended("Client_02", table, drifted)


def test_a_sheet_that_the_layout_names_and_that_is_called_otherwise() -> None:
    base = m.base("Client_02")
    text = base.text.replace("columns:", "sheet: Продажи\ncolumns:")
    document = workbook_of(sheet_of(base.june, "Реализация"))
    drifted = drift_of(document, parse_layout(text.encode()), None)
    assert [(each.code, each.facts["now"]) for each in drifted.findings] == [("SHEET_RENAMED", "Реализация")]
    assert loaded(document, patched(text, drifted.patch)) == m.ROWS


def test_another_way_of_writing_is_named_where_the_cells_still_load() -> None:
    base = m.base("Client_03")
    dates = m.restyled(base.june, "Дата", lambda text: f"{datetime.strptime(text, '%d.%m.%Y'):%Y-%m-%d}")
    assert found_columns(drift("Client_03", dates)) == [("DATES_RESTYLED", "Дата")]
    codes = m.restyled(base.june, "Код", lambda text: text.lstrip("0"))
    assert found_columns(drift("Client_03", codes)) == [("CODES_CUT", "Код")]


def test_another_decimal_mark_is_named() -> None:
    rows = [sale(day, str(day), f"{day},50") for day in range(1, 9)]
    reference = Reference(locate(workbook_of(sheet_of([HEADER, *rows])), layout_of())[0])
    restyled = [(*row[:4], str(row[4]).replace(",", ".")) for row in rows]
    drifted = drift_of(workbook_of(sheet_of([HEADER, *restyled])), layout_of(), reference)
    assert found_columns(drifted) == [("AMOUNTS_RESTYLED", "сумма")]


def found_columns(drift: Drift) -> list[tuple[str, object]]:
    return [(each.code, each.facts.get("column")) for each in drift.findings]


def test_a_file_of_something_else_has_no_header() -> None:
    base = m.base("Client_01")
    drifted = drift_of(workbook_of(sheet_of([(1, 2, 3), (4, 5, 6)])), base.layout, base.reference)
    assert [each.code for each in drifted.findings] == ["HEADER_GONE"]


@each_seed
def test_several_mutations_at_once_are_all_named(seed: int) -> None:
    base, random = m.base("Client_02"), Random(f"several {seed}")
    one, other = random.sample(["Клиент", "Товар", "Город", "Филиал", "Продажи, шт."], 2)
    table = m.renamed(base.june, one, m.misspelt(random, one))
    table = m.renamed(table, other, m.TRANSLATED[base.layout.columns[other].to or ""])
    table = m.moved(table, "ИНН клиента", 12)
    table = m.with_column(table, 0, "№ п/п", str)
    codes = found(drift("Client_02", table))
    assert {("COLUMN_RENAMED", one), ("COLUMN_RENAMED", other), ("COLUMN_NEW", "№ п/п")} <= set(codes)
    assert ("COLUMN_MOVED", "ИНН клиента") in codes
    assert len(codes) == 4
