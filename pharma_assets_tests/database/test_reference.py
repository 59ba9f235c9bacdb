"""Reference lists at work: imported whole or not at all, filled in at load, brought to what is loaded, covered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from pharma_assets.database.urls import connect
from pharma_assets.errors import PharmaError
from pharma_assets.loading.audit import audit
from pharma_assets.loading.ingest import Step
from pharma_assets.loading.reference_coverage import coverage, reference_coverage
from pharma_assets.loading.reference_lists import Import, apply_lists, import_lists
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.reference.store import differences, lists_of, versions
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets.tracing.origins import From
from pharma_assets.tracing.trace import Wanted, trace
from pharma_assets_tests.database.house import CLIENT, House, opened_house

LAYOUT = """\
supplier: Ромашка
report_types: [Type1]
outside_month: 1
columns:
  Дата: {to: period, filled: true}
  Товар: {to: tms, filled: true}
  Количество: {to: amount_type_1, filled: true}
  Филиал: supplier_filial
  ИНН: client_inn
  Клиент: client_inlaw
"""
REPORT = """\
Дата;Товар;Количество;Филиал;ИНН;Клиент
02.06.2025;Цитрамон;2;Омск;5000000024;Аптека № 1
03.06.2025;Аспирин;5;Тула;7707083893;Городская больница
04.06.2025;Нурофен;7;Тула;7707083893;Городская больница
05.06.2025;Анальгин;1;;;ИП Иванов
"""
SUPPLIERS = """\
provider;client;branch;supplier_id;supplier_name
Дистрибьюторы;Client_01;;17;Ромашка
Дистрибьюторы;Client_01;омск;18;Ромашка-Омск
Сети;Client_77;;99;Никто
"""
TYPES = """\
client_inn;client_name;client_type
5000000024;;Аптека
;*больница*;ЛПУ
"""
JUNE = ClientMonth(CLIENT, 2025, 6)
FILLED = [
    ("18", "Ромашка-Омск", "Аптека"),
    ("17", "Ромашка", "ЛПУ"),
    ("17", "Ромашка", "ЛПУ"),
    ("17", "Ромашка", None),
]


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        layout = house.platform.settings.transforms / "distributors" / "Client_01" / "layout.yaml"
        layout.write_text(LAYOUT, encoding="utf-8")
        house.use_layouts(house.platform.settings.transforms)
        house.drop("a.csv", REPORT)
        yield house


def bring(house: House, *lists: str) -> Import:
    for number, content in enumerate(lists, start=1):
        path = house.inbox.parent / f"список {number}.csv"
        path.write_text(content, encoding="utf-8")
        found = import_lists(house.platform, path, "на пробу")
    return found


def stored(house: House) -> list[tuple[str | None, ...]]:
    query = "SELECT supplier_id, supplier_name, client_type FROM raw.primary_data ORDER BY file_id, source_row"
    return [tuple(row) for row in house.query(query)]


def loaded_with(house: House) -> list[int | None]:
    query = "SELECT reference_version AS version FROM ops.file_load WHERE superseded_at IS NULL ORDER BY file_id"
    return [row.version for row in house.query(query)]


def test_lists_fill_what_the_layout_leaves_open(house: House) -> None:
    found = bring(house, SUPPLIERS, TYPES)
    assert (found.version, found.is_new, found.suppliers, found.client_types) == (2, True, None, 2)
    house.tick()
    assert stored(house) == FILLED
    assert loaded_with(house) == [2]
    (result,) = house.platform.settings.results_folder.iterdir()
    text = result.read_text(encoding="utf-8-sig")
    assert "Ромашка-Омск" in text
    assert "ЛПУ" in text
    assert audit(house.platform).differences == []


def test_a_constant_of_the_layout_wins(house: House) -> None:
    layout = house.platform.settings.transforms / "distributors" / "Client_01" / "layout.yaml"
    layout.write_text(LAYOUT + "constants: {supplier_name: Наш, client_type: Розница}\n", encoding="utf-8")
    house.use_layouts(house.platform.settings.transforms)
    bring(house, SUPPLIERS, TYPES)
    house.tick()
    assert stored(house) == [(number, "Наш", "Розница") for number in ("18", "17", "17", "17")]


def test_without_lists_nothing_changes(house: House) -> None:
    house.tick()
    assert stored(house) == [(None, None, None)] * 4
    assert loaded_with(house) == [None]
    assert reference_coverage(house.platform.engine.connect(), JUNE).passed
    assert apply_lists(house.platform).files == []


def test_a_client_that_nobody_knows_is_a_remark(house: House) -> None:
    house.tick()
    found = bring(house, SUPPLIERS)
    assert [(remark.code, remark.facts["row"], remark.facts["client"]) for remark in found.remarks] == [
        ("REFERENCE_CLIENT_UNKNOWN", 4, "Сети/Client_77")
    ]


def test_a_bad_list_changes_nothing(house: House) -> None:
    bring(house, SUPPLIERS)
    found = bring(house, SUPPLIERS + "Дистрибьюторы;Client_01;ОМСК;1;\nнечто;Client_01;;1;\n")
    assert [problem.code for problem in found.problems] == ["REFERENCE_PROVIDER_UNKNOWN", "REFERENCE_DUPLICATE"]
    assert found.version is None
    with house.platform.engine.connect() as connection:
        assert [version.id for version in versions(connection)] == [1]
        assert len(lists_of(connection, 1).suppliers) == 3
    with pytest.raises(PharmaError, match="REFERENCE_UNREADABLE"):
        bring(house, REPORT)
    with pytest.raises(PharmaError, match="FILE_GONE"):
        import_lists(house.platform, house.inbox / "нет.csv")


def test_the_same_lists_again_are_no_version(house: House) -> None:
    bring(house, SUPPLIERS, TYPES)
    again = bring(house, SUPPLIERS.replace(";17;", "; 17;"))
    assert (again.version, again.is_new) == (2, False)
    with house.platform.engine.connect() as connection:
        assert len(versions(connection)) == 2


def test_versions_tell_what_they_brought_and_how_they_differ(house: House) -> None:
    bring(
        house,
        SUPPLIERS,
        TYPES,
        SUPPLIERS.replace("17;Ромашка", "17;Ромашка+").replace("Сети;Client_77;;99;Никто\n", ""),
    )
    with house.platform.engine.connect() as connection:
        found = versions(connection)
        old, new = lists_of(connection, 2), lists_of(connection, 3)
        with pytest.raises(PharmaError, match="REFERENCE_VERSION_UNKNOWN"):
            lists_of(connection, 4)
    assert [(each.id, each.suppliers, each.client_types, each.brings) for each in found] == [
        (3, 2, 2, ("suppliers",)),
        (2, 3, 2, ("client types",)),
        (1, 3, 0, ("suppliers",)),
    ]
    assert (found[0].source.name, found[0].source.why) == ("список 3.csv", "на пробу")
    assert [(each.list, each.key, each.before, each.after) for each in differences(old, new)] == [
        ("suppliers", "Дистрибьюторы/Client_01", "17 Ромашка", "17 Ромашка+"),
        ("suppliers", "Сети/Client_77", "99 Никто", None),
    ]


def test_a_new_version_makes_nothing_due_and_apply_does(house: House) -> None:
    house.tick()
    house.drop("bb.csv", REPORT.replace("Омск", "Орёл").replace(".06.", ".07."), month=7)
    house.tick()
    bring(house, SUPPLIERS, TYPES)
    house.tick()
    assert loaded_with(house) == [None, None]
    before = (stored(house), house.files())
    dry = apply_lists(house.platform, dry_run=True)
    assert {(change.column, change.before, change.after): change.rows for change in dry.files[0].changes} == {
        ("supplier_id", None, "17"): 3,
        ("supplier_id", None, "18"): 1,
        ("supplier_name", None, "Ромашка"): 3,
        ("supplier_name", None, "Ромашка-Омск"): 1,
        ("client_type", None, "ЛПУ"): 2,
        ("client_type", None, "Аптека"): 1,
    }
    assert (stored(house), house.files()) == before
    assert apply_lists(house.platform, date(2025, 8, 1)).files == []
    applied = apply_lists(house.platform)
    assert (applied.due, applied.busy) == ([1, 2], [])
    events = house.query("SELECT file_id, run_id, detail FROM ops.file_event WHERE event = 'REFERENCE_APPLIED'")
    assert [(event.file_id, event.run_id[:7], event.detail["version"]) for event in events] == [
        (1, "person:", 2),
        (2, "person:", 2),
    ]
    house.tick()
    assert stored(house) == [*FILLED, ("17", "Ромашка", "Аптека"), *FILLED[1:]]
    assert loaded_with(house) == [2, 2]
    assert apply_lists(house.platform).files == []
    assert audit(house.platform).differences == []


def test_only_files_that_differ_are_made_due(house: House) -> None:
    bring(house, SUPPLIERS, TYPES)
    house.tick()
    bring(house, SUPPLIERS.replace("Никто", "Некто"))
    assert apply_lists(house.platform).due == []
    bring(house, TYPES + "7707083893;;Банк\n")
    (file,) = apply_lists(house.platform).files
    assert [(each.column, each.before, each.after, each.rows) for each in file.changes] == [
        ("client_type", "ЛПУ", "Банк", 2)
    ]
    house.tick()
    assert [row[2] for row in stored(house)] == ["Аптека", "Банк", "Банк", None]


def test_a_line_that_is_taken_away_empties_its_rows(house: House) -> None:
    bring(house, SUPPLIERS, TYPES)
    house.tick()
    bring(house, "provider;client;supplier_id\nСети;Client_01;1\n")
    assert apply_lists(house.platform).due == [1]
    house.tick()
    assert [row[:2] for row in stored(house)] == [(None, None)] * 4


def test_a_column_of_the_source_is_only_filled_where_it_is_blank(house: House) -> None:
    layout = house.platform.settings.transforms / "distributors" / "Client_01" / "layout.yaml"
    layout.write_text(LAYOUT.replace("Клиент: client_inlaw", "Клиент: client_type"), encoding="utf-8")
    house.use_layouts(house.platform.settings.transforms)
    house.drop("a.csv", REPORT.replace("Аптека № 1", ""))
    bring(house, TYPES)
    house.tick()
    assert [row[2] for row in stored(house)] == ["Аптека", "Городская больница", "Городская больница", "ИП Иванов"]
    bring(house, TYPES.replace(";Аптека", ";Сеть"))
    (file,) = apply_lists(house.platform).files
    assert not file.certain, "whether a value is the source's or the lists', only the source knows"
    house.tick()
    assert stored(house)[0][2] == "Сеть"


def test_files_that_have_gone_are_told_and_left(house: House) -> None:
    house.tick()
    house.drop("bb.csv", REPORT.replace("Омск", "Орёл").replace(".06.", ".07."), month=7)
    house.tick()
    house.path("a.csv").unlink()
    house.tick()
    bring(house, SUPPLIERS)
    applied = apply_lists(house.platform)
    assert [(file.file_id, file.is_gone) for file in applied.files] == [(1, True), (2, False)]
    assert applied.due == [2]
    house.tick()
    assert loaded_with(house) == [None, 1]


def test_a_client_month_at_work_waits(house: House) -> None:
    house.tick()
    bring(house, SUPPLIERS)
    with try_lock(house.platform.engine, client_month_lock(JUNE)):
        applied = apply_lists(house.platform)
    assert (applied.due, applied.busy) == ([], [1])
    assert apply_lists(house.platform).due == [1]


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.CLAIMED])
def test_a_crash_while_lists_are_brought_in_costs_a_repeat(
    house: House, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.tick()
    bring(house, SUPPLIERS)
    apply_lists(house.platform)

    def die(_: object, at: Step) -> None:
        if at is step:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pharma_assets.loading.ingest.reached", die)
        with pytest.raises(KeyboardInterrupt):
            house.tick()
    assert stored(house) == [(None, None, None)] * 4
    house.tick()
    assert [row[0] for row in stored(house)] == ["18", "17", "17", "17"]
    assert audit(house.platform).differences == []


def test_coverage_names_what_no_list_knows(house: House) -> None:
    bring(house, SUPPLIERS.replace("Дистрибьюторы;Client_01;;17;Ромашка\n", ""), TYPES)
    house.tick()
    with house.platform.engine.connect() as connection:
        (found,) = coverage(connection, date(2025, 6, 1), "Client_01")
        assert coverage(connection, date(2025, 7, 1)) == []
    assert found.client_month == JUNE
    assert not found.finding.passed
    figures = dict(found.finding.figures)
    assert (figures["rows"], figures["with_supplier_id"], figures["with_client_type"]) == (4, 1, 3)
    assert figures["without_supplier_id"] == {"Тула": 2, "": 1}
    assert figures["without_client_type"] == {"ИП Иванов": 1}
    assert found.finding.summary == "3 of 4 rows without supplier_id; 1 of 4 rows without client_type"


def test_a_row_tells_that_a_list_filled_it(house: House) -> None:
    bring(house, SUPPLIERS, TYPES)
    house.tick()
    bring(house, SUPPLIERS.replace("18", "19"))
    (row,) = house.query("SELECT * FROM raw.primary_data WHERE source_row = 2")
    (found,) = trace(house.platform, [Wanted(1, 2, "csv", dict(row._mapping))])
    assert found.equal is True, "recomputed with the version that it was loaded with"
    assert found.source is not None
    filled = {each.name: each for each in found.source.filled}
    assert (filled["supplier_id"].origin.kind, filled["supplier_id"].origin.rule) == (From.REFERENCE, "version 2")
    assert filled["client_inn"].origin.kind is From.COLUMN


def test_a_version_never_changes(database: str) -> None:
    with connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO ops.reference_version (source_name, source_hash, who) VALUES ('a', 'b', 'c')")
        connection.execute("INSERT INTO ops.reference_supplier VALUES (1, 1, 'Сеть', 'A', NULL, '1', NULL)")
        for statement in (
            "DELETE FROM ops.reference_supplier",
            "UPDATE ops.reference_supplier SET supplier_id = '2'",
            "TRUNCATE ops.reference_client_type",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute(statement.encode())
