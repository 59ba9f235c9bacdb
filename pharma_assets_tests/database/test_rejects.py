"""The way back of rejected rows: exported, corrected by a person, loaded with the book still true."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import openpyxl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from pharma_assets.database.urls import connect
from pharma_assets.errors import Language, PharmaError
from pharma_assets.loading.audit import audit
from pharma_assets.loading.checks import reconciliation
from pharma_assets.loading.ingest import Step
from pharma_assets.loading.month_facts import month_facts
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets.rejects.held import Filter, corrections, held_groups, held_rows
from pharma_assets.rejects.judging import Became
from pharma_assets.rejects.load import Returned, load_workbook, withdraw
from pharma_assets.rejects.workbook import COLUMN, CONTENT, FILE, ROW, SHEET, write_workbook
from pharma_assets.tracing.source_rows import Fate
from pharma_assets.tracing.trace import Wanted, trace
from pharma_assets_tests.database.bad_inputs.workbooks import xlsx
from pharma_assets_tests.database.house import CLIENT, HEADER, House, opened_house

JUNE = ClientMonth(CLIENT, 2025, 6)
REPORT = HEADER + "02.06.2025;Цитрамон;2\nнедавно;Аспирин;5\n04.06.2025;Нурофен;дцать\n05.06.2025;;\n"


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        house.drop("a.csv", REPORT)
        house.tick()
        yield house


def exported(house: House, language: Language = "en", wanted: Filter | None = None) -> Path:
    path = house.inbox.parent / "отказы.xlsx"
    with house.platform.engine.connect() as connection:
        write_workbook(path, held_rows(connection, wanted or Filter()), language)
    return path


def marks(sheet: Worksheet) -> dict[str, int]:
    """What each column of the workbook is, from its hidden row."""
    return {str(cell.value): cell.column for cell in sheet[1] if cell.value is not None}


def edit(path: Path, changes: dict[tuple[int, str], object], title: str = "Client_01") -> Path:
    """Write into the cells (source row, header); as a person would, in Excel."""
    book = openpyxl.load_workbook(path)
    sheet = book[title]
    column = marks(sheet)
    for line in range(3, sheet.max_row + 1):
        for (row, header), value in changes.items():
            if str(sheet.cell(line, column[ROW]).value) == str(row):
                name = header if header in column else f"{COLUMN}{header}"
                sheet.cell(line, column[name]).value = value  # type: ignore[assignment]
    book.save(path)
    return path


def send(house: House, path: Path, why: str = "поставщик прислал") -> Returned:
    return load_workbook(house.platform, path, why)


def became(returned: Returned) -> dict[int | None, str]:
    return {line.row: line.error.code if line.error else line.became.value for line in returned.lines}


def stored(house: House) -> list[tuple[int, str, str, str]]:
    query = """
        SELECT source_row, to_char(period, 'DD.MM') AS day, tms, amount_type_1::float::text AS packs
        FROM raw.primary_data ORDER BY file_id, source_row
    """
    return [tuple(row) for row in house.query(query)]


def ledger(house: House, file_id: int = 1) -> tuple[int, ...]:
    query = f"""
        SELECT rows_read, rows_loaded, rows_left_out_total, rows_rejected, rows_corrected
        FROM ops.file_load WHERE superseded_at IS NULL AND file_id = {file_id}
    """  # noqa: S608
    return tuple(house.query(query)[0])


def the_book_is_true(house: House) -> None:
    assert audit(house.platform).differences == []
    with house.platform.engine.connect() as connection:
        assert reconciliation(month_facts(connection, JUNE, house.platform.settings.timezone, date(2025, 7, 1))).passed


def everything(house: House) -> list[object]:
    """The state of the database that a load may change, without what only says when."""
    queries = (
        "SELECT id, file_id, rows_loaded, sums, result_name, superseded_at FROM ops.file_load ORDER BY id",
        "SELECT id, file_id, source_row, tms FROM raw.primary_data ORDER BY id",
        "SELECT load_id, source_row, problems FROM ops.rejected_row ORDER BY load_id, source_row",
        "SELECT id, cells, load_id, superseded_at FROM ops.row_correction ORDER BY id",
        "SELECT id, status, version, result_name FROM ops.file_registry ORDER BY id",
        "SELECT id, event FROM ops.file_event ORDER BY id",
    )
    return [[tuple(row) for row in house.query(query)] for query in queries]


def test_what_is_corrected_is_loaded_and_what_fails_stays(house: House) -> None:
    path = edit(exported(house), {(3, "Дата"): "03.06.2025", (4, "Количество"): "двенадцать", (5, "Товар"): "Анальгин"})
    returned = send(house, path)
    assert became(returned) == {3: "loaded", 4: "still rejected", 5: "still rejected"}
    assert {line.row: line.codes for line in returned.lines if line.codes} == {
        4: ("VALUE_AMOUNT",),
        5: ("VALUE_MISSING",),
    }
    assert stored(house) == [(2, "02.06", "Цитрамон", "2"), (3, "03.06", "Аспирин", "5")]
    assert ledger(house) == (4, 2, 0, 2, 3)
    assert house.query("SELECT sums FROM ops.file_load WHERE superseded_at IS NULL")[0].sums == {
        "amount_type_1": "7.000"
    }
    held = house.query("SELECT source_row, code, raw_value FROM ops.rejected_row ORDER BY source_row")
    assert [tuple(row) for row in held] == [(4, "VALUE_AMOUNT", "двенадцать"), (5, "VALUE_MISSING", None)]
    (result,) = house.platform.settings.results_folder.iterdir()
    assert "Аспирин" in result.read_text(encoding="utf-8-sig")
    the_book_is_true(house)


def test_a_correction_says_who_what_why_and_when(house: House) -> None:
    send(house, edit(exported(house), {(3, "Дата"): "03.06.2025"}), "звонил Анне")
    (kept,) = house.query("SELECT * FROM ops.row_correction")
    assert kept.cells == [{"column": "A", "header": "Дата", "before": "недавно", "after": "03.06.2025", "kind": "text"}]
    assert kept.raw_row == {"A": "недавно", "B": "Аспирин", "C": "5"}
    assert (kept.why, kept.workbook, kept.file_id, kept.source_sheet) == ("звонил Анне", "отказы.xlsx", 1, "csv")
    assert (bool(kept.who), kept.made_at is not None) == (True, True)
    (load,) = house.query("SELECT id FROM ops.file_load WHERE superseded_at IS NULL")
    assert kept.load_id == load.id
    (event,) = house.query("SELECT * FROM ops.file_event WHERE event = 'CORRECTED'")
    assert event.run_id == f"person:{kept.who}"
    assert (event.detail["why"], event.detail["workbook"], event.detail["rows"]) == (
        "звонил Анне",
        "отказы.xlsx",
        {"loaded": 1},
    )


def test_the_same_workbook_twice_changes_nothing(house: House) -> None:
    path = edit(exported(house), {(3, "Дата"): "03.06.2025", (4, "Количество"): "двенадцать"})
    send(house, path)
    before = everything(house)
    assert became(send(house, path)) == {3: "corrected before", 4: "corrected before", 5: "not corrected"}
    assert everything(house) == before


def test_a_workbook_that_nobody_has_touched_changes_nothing(house: House) -> None:
    before = everything(house)
    assert set(became(send(house, exported(house))).values()) == {"not corrected"}
    assert everything(house) == before


def test_a_row_that_still_fails_is_exported_as_it_stands_and_corrected_on(house: House) -> None:
    send(house, edit(exported(house), {(4, "Количество"): "двенадцать", (4, "Товар"): "Нурофен №10"}))
    again = exported(house)
    assert became(send(house, again)) == {3: "not corrected", 4: "corrected before", 5: "not corrected"}
    assert became(send(house, edit(again, {(4, "Количество"): "12"})))[4] == "loaded"
    assert (4, "04.06", "Нурофен №10", "12") in stored(house)
    made = house.query("SELECT id, superseded_at IS NULL AS counts, cells FROM ops.row_correction ORDER BY id")
    assert [row.counts for row in made] == [False, True]
    assert [cell["before"] for cell in made[1].cells] == ["Нурофен", "дцать"], "always beside what was sent"
    the_book_is_true(house)


def test_a_row_corrected_wrongly_can_be_corrected_again(house: House) -> None:
    path = edit(exported(house), {(3, "Дата"): "03.06.2025"})
    send(house, path)
    assert became(send(house, edit(path, {(3, "Дата"): "13.06.2025"})))[3] == "loaded"
    assert (3, "13.06", "Аспирин", "5") in stored(house)
    assert ledger(house) == (4, 2, 0, 2, 1)
    the_book_is_true(house)


def test_a_row_corrected_to_what_a_rule_leaves_out(house: House) -> None:
    assert became(send(house, edit(exported(house), {(4, "Количество"): "0"})))[4] == "left out"
    assert ledger(house) == (4, 1, 1, 2, 1)
    the_book_is_true(house)


def test_corrections_survive_a_rebuild_and_a_new_layout(house: House) -> None:
    send(house, edit(exported(house), {(3, "Дата"): "03.06.2025"}))
    before = stored(house)
    house.rebuild()
    assert stored(house) == before
    house.change_layout("constants: {client_type: Розница}\n")
    house.tick()
    assert stored(house) == before
    assert ledger(house) == (4, 2, 0, 2, 1)
    the_book_is_true(house)


def test_a_file_that_is_moved_takes_its_corrections_along(house: House) -> None:
    send(house, edit(exported(house), {(3, "Дата"): "03.06.2025"}))
    house.path("a.csv").unlink()
    house.drop("moved.csv", REPORT)
    house.tick()
    assert stored(house) == [(2, "02.06", "Цитрамон", "2"), (3, "03.06", "Аспирин", "5")]
    assert ledger(house, 2) == (4, 2, 0, 2, 1)
    the_book_is_true(house)


def test_a_file_that_changes_makes_its_corrections_stale(house: House) -> None:
    path = edit(exported(house), {(3, "Дата"): "03.06.2025"})
    send(house, path)
    house.drop("a.csv", REPORT.replace("Цитрамон", "Цитрамон №10"))
    house.tick()
    assert ledger(house) == (4, 1, 0, 3, 0)
    with house.platform.engine.connect() as connection:
        assert [each.is_stale for each in corrections(connection)] == [True]
    before = everything(house)
    assert set(became(send(house, path)).values()) == {"CORRECTION_STALE"}
    assert everything(house) == before
    house.drop("a.csv", REPORT)
    house.tick()
    assert ledger(house) == (4, 2, 0, 2, 1), "the content that was corrected has come back"
    with house.platform.engine.connect() as connection:
        assert [each.is_stale for each in corrections(connection)] == [False]


def test_a_file_that_is_about_to_change_is_not_corrected(house: House) -> None:
    path = edit(exported(house), {(3, "Дата"): "03.06.2025"})
    house.drop("a.csv", REPORT.replace("Цитрамон", "Цитрамон №10"))
    before = everything(house)
    assert set(became(send(house, path)).values()) == {"CORRECTION_STALE"}
    assert everything(house) == before


def test_a_file_that_has_gone_is_not_corrected(house: House) -> None:
    path = edit(exported(house), {(3, "Дата"): "03.06.2025"})
    house.path("a.csv").unlink()
    returned = send(house, path)
    assert set(became(returned).values()) == {"CORRECTION_FILE_REFUSED"}
    assert "FILE_GONE" in str(returned.lines[0].error)


def test_what_a_correction_may_not_be(house: House) -> None:
    path = exported(house)
    cases: dict[str, dict[tuple[int, str], object]] = {
        "CORRECTION_ROW_UNKNOWN": {(3, ROW): "2"},
        "CORRECTION_KEY_DAMAGED": {(3, FILE): "один"},
        "CORRECTION_STALE": {(3, CONTENT): "0000"},
    }
    for code, changes in cases.items():
        copy = path.with_name(f"{code}.xlsx")
        copy.write_bytes(path.read_bytes())
        returned = send(house, edit(copy, {(3, "Дата"): "03.06.2025"} | changes))
        assert code in {line.error.code for line in returned.lines if line.error}, code
    copy.write_bytes(path.read_bytes())
    assert "CORRECTION_KEY_DAMAGED" in became(send(house, edit(copy, {(3, FILE): "99"}))).values()
    copy.write_bytes(path.read_bytes())
    assert "CORRECTION_ROW_UNKNOWN" in became(send(house, edit(copy, {(3, SHEET): "Лист9"}))).values()
    assert ledger(house) == (4, 1, 0, 3, 0)


def test_a_row_that_stands_twice_with_other_texts_is_doubt(house: House) -> None:
    path = edit(exported(house), {(3, "Дата"): "03.06.2025"})
    book = openpyxl.load_workbook(path)
    sheet = book["Client_01"]
    first = [cell.value for cell in sheet[3]]
    sheet.append(first)
    sheet.append([*first[:-3], "04.06.2025", *first[-2:]])
    book.save(path)
    returned = send(house, path)
    assert [line.error.code if line.error else line.became.value for line in returned.lines] == [
        "loaded",
        "not corrected",
        "not corrected",
        "corrected before",
        "CORRECTION_TWICE",
    ]


def test_what_is_no_workbook_of_ours(house: House, tmp_path: Path) -> None:
    other = tmp_path / "другая.xlsx"
    other.write_bytes(xlsx([["Дата", "Товар"], ["02.06.2025", "Цитрамон"]]))
    with pytest.raises(PharmaError, match="CORRECTIONS_UNREADABLE"):
        send(house, other)
    with pytest.raises(PharmaError, match="FILE_GONE"):
        send(house, tmp_path / "нет.xlsx")


def test_a_correction_that_changes_how_others_are_read_is_refused(house: House) -> None:
    """`03/04/2025` is read by its column: a 13th month there would turn day and month of all of them."""
    rows = "02/06/2025;Цитрамон;2\n03/06/2025;Аспирин;5\nнедавно;Нурофен;1\n"
    house.drop("bb.csv", HEADER + rows)
    house.tick()
    assert [row[1] for row in stored(house)][1:] == ["02.06", "03.06"]
    path = edit(exported(house), {(4, "Дата"): "06/13/2025"})
    returned = send(house, path)
    refused = {line.path.rpartition("/")[2]: str(line.error) for line in returned.lines if line.path and line.error}
    assert refused["bb.csv"].startswith("CORRECTION_SPREADS")
    assert "2" in refused["bb.csv"]
    assert [row[1] for row in stored(house)][1:] == ["02.06", "03.06"]


def test_the_reports_own_total_judges_corrections_too(house: House) -> None:
    house.drop("bb.csv", HEADER + "02.06.2025;Цитрамон;2\n03.06.2025;Аспирин;много\nИтого;;7\n")
    house.tick()
    path = exported(house)
    wrong = path.with_name("неверно.xlsx")
    wrong.write_bytes(path.read_bytes())
    edit(wrong, {(3, "Количество"): "6"})
    (error,) = [line.error for line in send(house, wrong).lines if line.path and line.path.endswith("bb.csv")]
    assert error is not None
    assert (error.code, error.facts["problem"]) == ("CORRECTION_FILE_REFUSED", "TOTAL_MISMATCH")
    assert ledger(house, 2) == (3, 1, 1, 1, 0)
    send(house, edit(path, {(3, "Количество"): "5"}))
    assert ledger(house, 2) == (3, 2, 1, 0, 1)
    the_book_is_true(house)


def test_a_client_month_at_work_is_left_alone(house: House) -> None:
    path = edit(exported(house), {(3, "Дата"): "03.06.2025"})
    before = everything(house)
    with try_lock(house.platform.engine, client_month_lock(JUNE)):
        returned = send(house, path)
    assert set(became(returned).values()) == {"CORRECTION_FILE_REFUSED"}
    assert everything(house) == before
    assert became(send(house, path))[3] == "loaded"


def test_a_ragged_row_can_be_set_straight(house: House) -> None:
    house.drop("bb.csv", HEADER + "02.06.2025;Цитрамон;2\n03.06.2025;Аспирин;таб.;5\n")
    house.tick()
    assert ledger(house, 2)[3] == 1
    straight = {(3, "Товар"): "Аспирин таб.", (3, "Количество"): "5", (3, "[D]"): None}
    path = edit(exported(house), straight, "Client_01 (2)")
    returned = send(house, path)
    assert [line.became for line in returned.lines if line.path and line.path.endswith("bb.csv")] == [Became.LOADED]
    assert (3, "03.06", "Аспирин таб.", "5") in stored(house)


def test_other_files_of_the_month_are_not_touched(house: House) -> None:
    house.drop("bb.csv")
    house.tick()
    before = house.query("SELECT id FROM raw.primary_data WHERE file_id = 2 ORDER BY id")
    send(house, edit(exported(house), {(3, "Дата"): "03.06.2025"}))
    assert house.query("SELECT id FROM raw.primary_data WHERE file_id = 2 ORDER BY id") == before


@pytest.mark.parametrize("step", list(Step))
def test_a_crash_in_between_costs_a_repeat(house: House, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    path = edit(exported(house), {(3, "Дата"): "03.06.2025"})

    def die(_: object, at: Step) -> None:
        if at is step:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pharma_assets.loading.ingest.reached", die)
        patched.setattr("pharma_assets.loading.client_month.reached", die)
        with pytest.raises(KeyboardInterrupt):
            send(house, path)
    assert stored(house) == [(2, "02.06", "Цитрамон", "2")], "before the commit nobody sees anything of it"
    house.tick()
    assert stored(house) == [(2, "02.06", "Цитрамон", "2"), (3, "03.06", "Аспирин", "5")]
    assert became(send(house, path))[3] == "corrected before"
    the_book_is_true(house)


def test_a_correction_can_be_taken_back(house: House) -> None:
    send(house, edit(exported(house), {(3, "Дата"): "03.06.2025"}))
    path, problem = withdraw(house.platform, 1, "поторопились")
    assert path is not None
    assert problem is None
    assert ledger(house) == (4, 1, 0, 3, 0)
    (event,) = house.query("SELECT detail FROM ops.file_event WHERE event = 'CORRECTION_WITHDRAWN'")
    assert (event.detail["why"], event.detail["correction"]) == ("поторопились", 1)
    the_book_is_true(house)
    with pytest.raises(PharmaError, match="CORRECTION_UNKNOWN"):
        withdraw(house.platform, 1, "ещё раз")


def test_taking_back_what_is_in_no_load_loads_nothing(house: House) -> None:
    send(house, edit(exported(house), {(3, "Дата"): "03.06.2025"}))
    house.drop("a.csv")
    house.tick()
    loads = house.query("SELECT id FROM ops.file_load")
    assert withdraw(house.platform, 1, "больше не нужно") == (None, None)
    assert house.query("SELECT id FROM ops.file_load") == loads


def test_a_corrected_row_explains_itself(house: House) -> None:
    send(house, edit(exported(house), {(3, "Дата"): "03.06.2025", (4, "Количество"): "двенадцать"}))
    (row,) = house.query("SELECT * FROM raw.primary_data WHERE source_row = 3")
    loaded, rejected = trace(house.platform, [Wanted(1, 3, "csv", dict(row._mapping)), Wanted(1, 4, "csv")])
    assert (loaded.equal, rejected.equal) == (True, True)
    assert loaded.source is not None
    period = next(each for each in loaded.source.filled if each.name == "period")
    (cell,) = period.cells
    assert (cell.address, cell.text, cell.corrected, cell.is_corrected) == ("A3", "недавно", "03.06.2025", True)
    assert rejected.source is not None
    assert (rejected.source.fate, rejected.held_back) == (Fate.REJECTED, ("VALUE_AMOUNT",))


def test_a_correction_cannot_be_deleted(house: House, database: str) -> None:
    send(house, edit(exported(house), {(3, "Дата"): "03.06.2025"}))
    with (
        connect(database, autocommit=True) as connection,
        pytest.raises(psycopg.errors.RestrictViolation),
    ):
        connection.execute("DELETE FROM ops.row_correction")


def test_the_list_counts_by_code_and_column(house: House) -> None:
    house.drop("bb.csv", HEADER + "02.06.2025;Цитрамон;2\n03.06.2025;Аспирин;сто\n")
    house.drop("july.csv", HEADER + "02.07.2025;Цитрамон;2\n03.07.2025;;1\n", month=7, client="Client_02")
    house.tick()
    with house.platform.engine.connect() as connection:
        groups = held_groups(connection, Filter())
        assert [(str(g.client), g.month, g.code, g.column, g.rows, g.files, g.example) for g in groups] == [
            ("Дистрибьюторы/Client_01", date(2025, 6, 1), "VALUE_AMOUNT", "Количество", 2, 2, "дцать"),
            ("Дистрибьюторы/Client_01", date(2025, 6, 1), "VALUE_DATE", "Дата", 1, 1, "недавно"),
            ("Дистрибьюторы/Client_01", date(2025, 6, 1), "VALUE_MISSING", "Товар", 1, 1, None),
            ("Дистрибьюторы/Client_02", date(2025, 7, 1), "VALUE_MISSING", "Товар", 1, 1, None),
        ]
        assert len(held_rows(connection, Filter(client="Client_02"))) == 1
        assert len(held_rows(connection, Filter(month=date(2025, 6, 1)))) == 4
        assert [row.row for row in held_rows(connection, Filter(code="VALUE_AMOUNT"))] == [4, 3]


def test_the_workbook_marks_what_is_wrong_and_locks_what_says_where(house: House) -> None:
    book = openpyxl.load_workbook(exported(house, "ru"))
    assert book.sheetnames == ["Как исправлять", "Client_01"]
    sheet = book["Client_01"]
    column = marks(sheet)
    assert [sheet.cell(2, column[f"{COLUMN}{name}"]).value for name in ("Дата", "Товар", "Количество")] == [
        "Дата",
        "Товар",
        "Количество",
    ]
    assert sheet.row_dimensions[1].hidden
    assert sheet.protection.sheet
    first = {name: sheet.cell(3, place) for name, place in column.items()}
    assert [first[name].value for name in (FILE, SHEET, ROW)] == ["1", "csv", "3"]
    assert first[FILE].protection.locked
    assert not first[f"{COLUMN}Дата"].protection.locked
    assert first["pharma:problem"].value == "Дата: не похоже на дату ни в одном из понятных видов"
    assert str(first["pharma:advice"].value).startswith("Попросите поставщика")
    wrong = [name for name, cell in first.items() if cell.fill.fgColor.rgb == "00FFF2A8"]
    assert wrong == [f"{COLUMN}Дата"]
    assert {cell.number_format for row in sheet.iter_rows(min_row=3) for cell in row} == {"@"}
    english = openpyxl.load_workbook(exported(house, "en"))["Client_01"]
    assert english.cell(3, column["pharma:problem"]).value == "Дата: not a plausible date in any style that is read"


def test_a_reason_with_facts_is_told_in_the_language_that_is_chosen(house: House) -> None:
    house.drop("bb.csv", HEADER + "02.06.2025;Цитрамон;2\n03.06.2025;Аспирин;0,0001\n")
    house.tick()
    for language, words in (("ru", "не помещается в numeric(18,3)"), ("en", "does not fit into numeric(18,3)")):
        book = openpyxl.load_workbook(exported(house, language, Filter(code="VALUE_OUT_OF_RANGE")))  # type: ignore[arg-type]
        assert words in str(book["Client_01"].cell(3, 6).value)


def test_headers_of_another_kind_have_a_sheet_of_their_own(house: House) -> None:
    house.drop("bb.csv", "Товар;Город;Дата;Количество\n;Омск;02.06.2025;1\nАспирин;Омск;02.06.2025;1\n")
    house.tick()
    path = exported(house)
    assert openpyxl.load_workbook(path).sheetnames == ["Read me", "Client_01", "Client_01 (2)"]
    returned = send(house, edit(path, {(2, "Товар"): "Цитрамон"}, "Client_01 (2)"))
    assert became(returned)[2] == "loaded"


def test_rows_of_loads_from_before_are_exported_by_what_they_know(house: House) -> None:
    house.change("UPDATE ops.file_load SET source_columns = NULL")
    path = edit(exported(house), {(3, "Дата"): "03.06.2025"})
    assert became(send(house, path))[3] == "loaded"


def test_moved_and_deleted_columns_mean_nothing(house: House) -> None:
    path = edit(exported(house), {(3, "Дата"): "03.06.2025"})
    book = openpyxl.load_workbook(path)
    sheet = book["Client_01"]
    column = marks(sheet)
    sheet.delete_cols(column[f"{COLUMN}Количество"])
    sheet.delete_rows(2)
    sheet.move_range(f"A1:A{sheet.max_row}", cols=30)
    book.save(path)
    assert became(send(house, path)) == {3: "loaded", 4: "not corrected", 5: "not corrected"}
    assert (3, "03.06", "Аспирин", "5") in stored(house)


def test_numbers_and_dates_typed_into_cells_are_read(house: House) -> None:
    path = edit(exported(house), {(3, "Дата"): date(2025, 6, 3), (4, "Количество"): 12.5})
    assert became(send(house, path)) == {3: "loaded", 4: "loaded", 5: "not corrected"}
    assert stored(house)[1:] == [(3, "03.06", "Аспирин", "5"), (4, "04.06", "Нурофен", "12.5")]


texts = st.one_of(
    st.sampled_from(
        ["=1+1", '=HYPERLINK("http://x")', "#N/A", "000123", "1E5", "+7", "-", " край ", "a\r\nb", "'апостроф", "1,5"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40),
    st.sampled_from(["x" * 40_000]),
).filter(lambda text: text.strip() != "")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(texts, min_size=1, max_size=3))
def test_texts_go_out_and_come_back_as_they_are(house: House, cells: list[str]) -> None:
    """Whatever a supplier wrote, an export that nobody touches corrects nothing, and opens as text."""
    rows = [["Дата", "Товар", "Количество", "Прочее"], ["02.06.2025", "Цитрамон", "2", None]]
    content = io.BytesIO()
    book = openpyxl.Workbook()
    for row in [*rows, *([["недавно", "Аспирин", "1", None]] * len(cells))]:
        book.active.append(row)  # type: ignore[union-attr]
    for line, text in enumerate(cells, start=3):
        cell = book.active.cell(line, 4)  # type: ignore[union-attr]
        cell.value = text[:32_767].replace("\r", "")
        cell.data_type = "s"
    book.save(content)
    house.drop("x.xlsx", content.getvalue())
    house.tick()
    path = exported(house)
    shown = openpyxl.load_workbook(path)
    for sheet in shown.worksheets[1:]:
        assert {cell.data_type for row in sheet.iter_rows(min_row=3) for cell in row} <= {"s", "n"}
        assert all(cell.value is None for row in sheet.iter_rows(min_row=3) for cell in row if cell.data_type == "n")
    before = everything(house)
    assert set(became(send(house, path)).values()) == {"not corrected"}
    assert everything(house) == before
