"""Any row back to its cells, recomputed and equal; and what became of the rows that are not loaded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pharma_assets.cli.explain_views import as_document
from pharma_assets.demo.reports import Report, client_01_xlsx, client_02_xlsx, client_03_csv
from pharma_assets.errors import PharmaError
from pharma_assets.settings import PROJECT
from pharma_assets.tracing.origins import From
from pharma_assets.tracing.source_rows import Fate, Filled, SourceRow
from pharma_assets.tracing.trace import Trace, Wanted, rows_by_id, rows_that, trace
from pharma_assets_tests.database.bad_inputs.workbooks import merge, xlsx
from pharma_assets_tests.database.house import HEADER, House, opened_house
from pharma_assets_tests.samples import example

JUNE = date(2025, 6, 1)


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        yield house


@pytest.fixture
def clients(house: House) -> House:
    """The house with the layouts of the three known clients."""
    house.use_layouts(PROJECT / "client_transforms")
    return house


def of_row(house: House, row: int, file_id: int = 1) -> Trace:
    (found,) = trace(house.platform, [Wanted(file_id, row)])
    return found


def of_id(house: House, row_id: int) -> Trace:
    with house.platform.engine.connect() as connection:
        (found,) = trace(house.platform, rows_by_id(connection, row_id))
    return found


def source_of(found: Trace) -> SourceRow:
    assert found.source is not None
    return found.source


def filled(found: Trace, name: str) -> Filled:
    (column,) = [each for each in source_of(found).filled if each.name == name]
    return column


def addresses(found: Trace, name: str) -> list[str]:
    return [cell.address for cell in filled(found, name).cells]


MAKERS: dict[str, Callable[[int, int], Report]] = {
    "Client_01": lambda rows, seed: client_01_xlsx(rows, JUNE, seed, zero_rows=rows // 9),
    "Client_02": lambda rows, seed: client_02_xlsx(rows, JUNE, seed),
    "Client_03": lambda rows, seed: client_03_csv(rows, JUNE, seed, bad_row=True),
}


@pytest.mark.parametrize("client", MAKERS)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(8, 120), seed=st.integers(0, 10_000), data=st.data())
def test_any_row_of_any_report_recomputes_equal(
    clients: House, client: str, rows: int, seed: int, data: st.DataObject
) -> None:
    clients.drop(f"{client} {rows} {seed}.any", MAKERS[client](rows, seed).content, client=client)
    extensions = clients.platform.settings.model_copy(update={"extensions": ()})
    object.__setattr__(clients.platform, "settings", extensions)
    clients.tick()
    query = "SELECT id, file_id, source_row FROM raw.primary_data ORDER BY file_id DESC, id LIMIT 200"
    loaded = clients.query(query)
    picked = data.draw(st.lists(st.sampled_from(loaded), min_size=1, max_size=5, unique_by=lambda row: row.id))
    for row in picked:
        found = of_id(clients, row.id)
        assert found.differing == ()
        assert found.equal is True
        assert found.same_layout
        # Whatever a column is filled from, its cell says what the column holds.
        tms = filled(found, "tms")
        assert (tms.cells[0].text, tms.cells[0].address[1:]) == (tms.value, str(row.source_row))
        assert [each.origin.kind for each in source_of(found).filled if each.value and not each.origin.rule] == [
            From.KEPT for each in source_of(found).filled if each.name.startswith("extra.")
        ]


def test_every_cell_has_its_address_and_rule(clients: House) -> None:
    clients.drop("отчёт.xlsx", example("Client_01", "preamble"))
    clients.tick()
    with clients.platform.engine.connect() as connection:
        found = trace(clients.platform, rows_that(connection, JUNE, "Client_01"))[0]
    assert found.equal is True
    by_name = {each.name: each for each in source_of(found).filled}
    quantity = by_name["amount_type_1"]
    assert (quantity.origin.kind, quantity.origin.rule) == (
        From.COLUMN,
        "{to: amount_type_1, parse: amount, filled: true}",
    )
    assert quantity.cells[0].header == "количество"
    assert quantity.cells[0].address == f"G{found.row}"
    naklad = by_name["naklad"]
    assert naklad.origin.kind is From.COMPOSED
    assert [cell.header for cell in naklad.cells] == ["номер_документа", "дата_документа"]
    assert str(naklad.value).startswith(naklad.cells[0].text or "?")
    assert (by_name["supplier_name"].origin.kind, by_name["supplier_name"].value) == (From.CONSTANT, "Агроресурсы")
    assert by_name["report_provider"].origin.kind is From.REGISTRY
    assert by_name["mnf"].origin.kind is From.NOTHING


def test_what_became_of_each_source_row(clients: House) -> None:
    clients.drop("отчёт.xlsx", example("Client_01", "totals"))
    clients.tick()
    (entry,) = clients.query("SELECT rows_read, rows_loaded, rows_rejected, rows_left_out FROM ops.file_load")
    found = [source_of(of_row(clients, row)) for row in range(1, 40)]
    fates = [each.fate for each in found]
    assert fates.count(Fate.LOADED) == entry.rows_loaded
    assert fates.count(Fate.REJECTED) == entry.rows_rejected
    reasons = [each.reason for each in found if each.fate is Fate.LEFT_OUT]
    assert {reason: reasons.count(reason) for reason in reasons} == {k: v for k, v in entry.rows_left_out.items() if v}
    assert fates.count(Fate.HEADER) == 1
    assert fates[-1] is Fate.BLANK
    assert all(each.cells for each in found if each.fate in (Fate.LEFT_OUT, Fate.REJECTED, Fate.LOADED))


def test_a_rejected_row_says_why_and_agrees_with_the_ledger(house: House) -> None:
    house.drop("a.csv", HEADER + "02.06.2025;Цитрамон;дцать\n31.31.2025;;\n03.06.2025;Аспирин;5\n")
    house.tick()
    found = of_row(house, 2)
    assert [(cell.header, cell.text, cell.code) for cell in source_of(found).problems] == [
        ("Количество", "дцать", "VALUE_AMOUNT")
    ]
    assert found.held_back == ("VALUE_AMOUNT",)
    assert found.equal is True
    assert of_row(house, 3).held_back == ("VALUE_DATE", "VALUE_MISSING", "VALUE_MISSING")
    house.change('UPDATE ops.rejected_row SET problems = \'[{"code": "VALUE_DATE"}]\' WHERE source_row = 2')
    assert of_row(house, 2).equal is False


def test_a_value_that_somebody_has_changed_is_told(house: House) -> None:
    house.drop("a.csv")
    house.tick()
    house.change("UPDATE raw.primary_data SET amount_type_1 = 7, client_city = 'Омск' WHERE source_row = 3")
    (row,) = house.query("SELECT id FROM raw.primary_data WHERE source_row = 3")
    found = of_id(house, row.id)
    assert found.equal is False
    assert {each.name: (str(each.stored), str(each.recomputed)) for each in found.differing} == {
        "amount_type_1": ("7.000", "5.000"),
        "client_city": ("Омск", "None"),
    }
    (other,) = house.query("SELECT id FROM raw.primary_data WHERE source_row = 2")
    assert of_id(house, other.id).equal is True


def test_a_row_that_nobody_sent_is_told(house: House) -> None:
    house.drop("a.csv")
    house.tick()
    house.change("UPDATE raw.primary_data SET source_row = 77 WHERE source_row = 3")
    (row,) = house.query("SELECT id FROM raw.primary_data WHERE source_row = 77")
    found = of_id(house, row.id)
    assert (source_of(found).fate, found.equal) == (Fate.BLANK, False)


def test_merged_cells_are_told_by_their_first_cell(house: House) -> None:
    rows = [["Дата", "Товар", "Количество"], ["02.06.2025", "Цитрамон", "2"], [None, "Аспирин", "5"]]
    house.drop("a.xlsx", xlsx(rows, merge("A2:A3")))
    house.tick()
    found = of_row(house, 3)
    assert source_of(found).fate is Fate.LOADED
    assert (addresses(found, "period"), addresses(found, "tms")) == (["A2"], ["B3"])


def test_a_changed_layout_is_named(house: House) -> None:
    house.drop("a.csv")
    house.tick()
    house.change_layout("constants: {client_type: Розница}\n")
    (row,) = house.query("SELECT id FROM raw.primary_data WHERE source_row = 2")
    found = of_id(house, row.id)
    assert not found.same_layout
    assert found.equal is False
    assert [(each.name, each.stored, each.recomputed) for each in found.differing] == [("client_type", None, "Розница")]
    house.tick()
    (row,) = house.query("SELECT id FROM raw.primary_data WHERE source_row = 2")
    assert of_id(house, row.id).equal is True


def test_a_file_that_has_changed_or_gone_is_not_compared(house: House) -> None:
    path = house.drop("a.csv", HEADER + "02.06.2025;Цитрамон;2\n02.06.2025;Цитрамон;много\n")
    house.drop("bb.csv")
    house.tick()
    (row,) = house.query("SELECT id FROM raw.primary_data WHERE file_id = 1")
    house.drop("a.csv", HEADER + "02.06.2025;Цитрамон;3\n")
    changed = of_id(house, row.id)
    assert changed.problem is not None
    assert (changed.problem.code, changed.equal, changed.source) == ("CONTENT_CHANGED", None, None)
    assert of_row(house, 3).held_back == ("VALUE_AMOUNT",)
    path.unlink()
    found = of_id(house, row.id)
    assert found.problem is not None
    assert found.problem.code == "FILE_GONE"
    house.tick()
    gone = of_id(house, row.id)
    assert gone.problem is not None
    assert (gone.problem.code, gone.file.status.value, gone.equal) == ("FILE_GONE", "DELETE", None)
    assert gone.stored is not None
    assert gone.stored["tms"] == "Цитрамон"


def test_a_file_in_error_tells_of_its_rows(house: House) -> None:
    house.drop("a.csv", HEADER + "02.06.2025;Цитрамон;2\nИтого;;3\n")
    house.tick()
    assert house.files() == {"a.csv": "TOTAL_MISMATCH"}
    assert (source_of(of_row(house, 2)).fate, of_row(house, 2).loaded) == (Fate.LOADED, None)
    assert source_of(of_row(house, 3)).reason == "total"


def test_what_is_not_there_is_an_error(house: House) -> None:
    house.drop("a.csv")
    house.tick()
    with house.platform.engine.connect() as connection:
        with pytest.raises(PharmaError, match="ROW_UNKNOWN"):
            rows_by_id(connection, 999)
        with pytest.raises(PharmaError, match=r"ROW_UNKNOWN.*7707083893"):
            rows_that(connection, JUNE, inn="7707083893")
    with pytest.raises(PharmaError, match=r"ROW_UNKNOWN.*Лист9"):
        trace(house.platform, [Wanted(1, 2, "Лист9")])
    with pytest.raises(PharmaError, match="FILE_UNKNOWN"):
        trace(house.platform, [Wanted(9, 2)])


def test_the_document_is_json(house: House) -> None:
    house.drop("a.csv", HEADER + "02.06.2025;Цитрамон;2\n02.06.2025;Цитрамон;много\n")
    house.tick()
    (row,) = house.query("SELECT id FROM raw.primary_data")
    told = json.loads(json.dumps(as_document(of_id(house, row.id))))
    assert (told["equal"], told["became"], told["id"]) == (True, "loaded", row.id)
    columns = {column["name"]: column for column in told["columns"]}
    assert columns["amount_type_1"] == {
        "name": "amount_type_1",
        "stored": "2.000",
        "recomputed": "2.000",
        "equal": True,
        "from": "column",
        "rule": "{to: amount_type_1, parse: amount, filled: true}",
        "cells": [{"cell": "C2", "header": "Количество", "text": "2", "kind": "text"}],
    }
    told = json.loads(json.dumps(as_document(of_row(house, 3))))
    assert (told["became"], told["rejected_as"], told["equal"]) == ("rejected", ["VALUE_AMOUNT"], True)
