"""How files of one month relate, from the inbox to the table: they add up, replace one another, or are held back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from dagster import TableMetadataValue
from sqlalchemy import event

from pharma_assets.defs.metadata import outcome_metadata
from pharma_assets.errors import PharmaError
from pharma_assets.inbox.source import LocalInbox
from pharma_assets.intake import take_in
from pharma_assets.loading import client_month, ingest
from pharma_assets.loading.audit import audit
from pharma_assets.loading.client_month import Outcome, Work, work_on
from pharma_assets.loading.decisions import decide, ignore, release
from pharma_assets.loading.ingest import Step
from pharma_assets.loading.mend import Mending, mend
from pharma_assets.loading.month_facts import MonthFacts, month_facts
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.registry.overview import overview
from pharma_assets_tests.database.deliveries import LAYOUT, MIXED, arrive, events, quiet, report, standing
from pharma_assets_tests.database.house import CLIENT, House, opened_house
from pharma_assets_tests.faults.worker import PlainReader

JUNE = ClientMonth(CLIENT, 2025, 6)
M, K = "Москва", "Казань"


def june_facts(house: House) -> MonthFacts:
    with house.platform.engine.connect() as connection:
        return month_facts(connection, JUNE, house.platform.settings.timezone, date(2025, 7, 1))


class Killed(BaseException):
    """Stands for a process that ends there and then."""


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        house.platform = replace(house.platform, reader=PlainReader())
        house.change_layout(MIXED, LAYOUT)
        yield house
        assert [difference.code for difference in audit(house.platform).differences if not difference.is_remark] == []


def message(house: House, name: str) -> str:
    query = "SELECT file_path, error_detail ->> 'message' AS message FROM ops.file_registry"
    return next(row.message for row in house.query(query) if row.file_path.endswith(f"/{name}"))


def rebuild(house: House) -> Outcome:
    return work_on(house.platform, JUNE, "test", Work.NORMALIZE | Work.LOAD, rebuild=True)


def results(house: House) -> set[str]:
    """The sources of the result files in «Данные на загрузку»."""
    return {path.name.split("_")[3] for path in house.platform.settings.results_folder.glob("*")}


def test_increments_of_other_days_add_up_and_look_at_no_rows_nor_days_of_one_another(house: House) -> None:
    statements: list[str] = []
    event.listen(house.platform.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    for day in (1, 2, 3):
        arrive(house, f"день {day}.csv", report((day, M, day), (day, K, 1)), day)
    quiet(house)
    of_rows = [statement for statement in statements if "raw.primary_data" in statement]
    assert {statement.split()[0] for statement in of_rows} == {"DELETE"}, "its own rows, of an earlier version"
    assert not [statement for statement in statements if "SELECT file_id, branch_days" in statement]
    assert standing(house) == {f"день {day}.csv": [(day, K, 1), (day, M, day)] for day in (1, 2, 3)}


def test_an_overlap_is_held_and_names_files_days_rows_and_sums(house: House) -> None:
    arrive(house, "день 1.csv", report((1, M, 5), (2, M, 7)), 1)
    arrive(house, "день 2.csv", report((2, M, 8), (2, M, 1), (3, M, 9)), 2)
    quiet(house)
    assert house.files() == {"день 1.csv": "CREATED", "день 2.csv": "PERIOD_OVERLAP"}
    assert standing(house) == {"день 1.csv": [(1, M, 5), (2, M, 7)]}
    assert message(house, "день 2.csv") == (
        "covers what file 1 covers too (Поставщики данных/Дистрибьюторы/2025/06/Client_01/Type1/день 1.csv): "
        "Москва 02.06.2025; of that 2 rows here (amount_type_1 9.000), 1 there (amount_type_1 7.000)"
    )
    assert results(house) == {"день 1"}


def test_another_report_type_or_month_or_client_is_no_overlap(house: House) -> None:
    arrive(house, "a.csv", report((1, M, 5)), 1)
    arrive(house, "b.csv", report((1, M, 6)), 2, report_type="Type2")
    arrive(house, "c.csv", report((1, M, 7)), 3, month=7)
    arrive(house, "d.csv", report((1, M, 8)), 4, client="Client_02")
    quiet(house)
    assert set(house.files().values()) == {"CREATED"}


def test_a_day_is_a_day_of_the_suppliers(house: House) -> None:
    header = "Дата;Филиал;Товар;Количество\n"
    arrive(house, "a.csv", f"{header}01.06.2025 23:59;{M};Йод;1\n".encode(), 1)
    arrive(house, "b.csv", f"{header}02.06.2025 00:01;{M};Йод;1\n".encode(), 2)
    quiet(house)
    assert house.files() == {"a.csv": "CREATED", "b.csv": "CREATED"}
    assert [row.day.day for row in house.query("SELECT day FROM ops.branch_day ORDER BY file_id")] == [1, 2]


def test_a_person_lets_an_overlap_through(house: House) -> None:
    arrive(house, "a.csv", report((1, M, 5)), 1)
    arrive(house, "b.csv", report((1, M, 6)), 2)
    quiet(house)
    decide(house.platform, ["2"], release, "two departments")
    quiet(house)
    assert standing(house) == {"a.csv": [(1, M, 5)], "b.csv": [(1, M, 6)]}
    rebuild(house)
    assert standing(house) == {"a.csv": [(1, M, 5)], "b.csv": [(1, M, 6)]}
    arrive(house, "b.csv", report((1, M, 66)), 3)
    quiet(house)
    assert house.files()["b.csv"] == "PERIOD_OVERLAP", "it was said of the earlier version"


@pytest.mark.parametrize("how", ["is ignored", "goes", "changes"])
def test_an_overlap_becomes_due_by_itself_when_the_other_leaves(house: House, how: str) -> None:
    arrive(house, "c.csv", report((9, K, 1)), 0)
    other = arrive(house, "a.csv", report((1, M, 5), (2, M, 1)), 1)
    arrive(house, "b.csv", report((1, M, 6)), 2)
    quiet(house)
    assert house.files()["b.csv"] == "PERIOD_OVERLAP"
    if how == "is ignored":
        decide(house.platform, ["2"], ignore, "the second is right")
    elif how == "goes":
        other.unlink()
    else:
        arrive(house, "a.csv", report((2, M, 1)), 1)
    quiet(house)
    assert house.files()["b.csv"] == "CREATED"
    expected = {"is ignored": None, "goes": [(2, M, 1)], "changes": [(2, M, 1)]}[how]
    assert standing(house) == {
        "b.csv": [(1, M, 6)],
        "c.csv": [(9, K, 1)],
        **({"a.csv": expected} if expected else {}),
    }
    if how == "goes":
        rebuild(house)
        assert standing(house) == {"b.csv": [(1, M, 6)], "c.csv": [(9, K, 1)]}


def test_a_file_that_comes_late_and_was_written_earlier_takes_its_place(house: House) -> None:
    arrive(house, "b.csv", report((1, M, 6), (2, M, 6)), 20)
    quiet(house)
    arrive(house, "a.csv", report((1, M, 5)), 10)
    quiet(house)
    assert house.files() == {"a.csv": "CREATED", "b.csv": "PERIOD_OVERLAP"}
    assert standing(house) == {"a.csv": [(1, M, 5)]}
    assert events(house, "HELD") == [("b.csv", "HELD")]
    assert results(house) == {"a"}


def test_a_layout_says_that_parts_of_a_day_come_apart(house: House) -> None:
    arrive(house, "a.csv", report((1, M, 5)), 1)
    arrive(house, "b.csv", report((1, M, 6), product="Аспирин"), 2)
    quiet(house)
    assert house.files()["b.csv"] == "PERIOD_OVERLAP"
    house.change_layout("overlap: allow\n", LAYOUT)
    quiet(house)
    assert standing(house) == {"a.csv": [(1, M, 5)], "b.csv": [(1, M, 6)]}


def test_month_to_date_files_supersede_one_another(house: House) -> None:
    house.change_layout("delivery: month_to_date\n", LAYOUT)
    for day in (1, 2, 3):
        arrive(house, f"{day}.csv", report(*[(before, M, 10 * day + before) for before in range(1, day + 1)]), day)
        quiet(house)
    assert standing(house) == {"3.csv": [(1, M, 31), (2, M, 32), (3, M, 33)]}
    assert house.files() == {"1.csv": "SUPERSEDED", "2.csv": "SUPERSEDED", "3.csv": "CREATED"}
    assert {row.status for row in house.query("SELECT status FROM ops.file_registry")} == {"CREATED"}
    assert "file 2 counts in its place" in message(house, "1.csv")
    loads = house.query("SELECT file_id, superseded_by, rows_loaded FROM ops.file_load ORDER BY id")
    assert [tuple(load) for load in loads] == [(1, 2, 1), (2, 3, 2), (3, None, 3)]
    (told, _) = house.query("SELECT file_id, detail FROM ops.file_event WHERE event = 'SUPERSEDED' ORDER BY id")
    assert (told.file_id, told.detail) == (1, {"by": 2, "load": 2, "rows": 1})
    assert results(house) == {"3"}


def test_all_at_once_or_the_latest_first_gives_the_same(house: House) -> None:
    house.change_layout("delivery: month_to_date\n", LAYOUT)
    arrive(house, "3.csv", report((1, M, 3), (2, M, 3)), 30)
    quiet(house)
    arrive(house, "1.csv", report((1, M, 1)), 10)
    arrive(house, "2.csv", report((1, M, 2)), 20)
    quiet(house)
    assert standing(house) == {"3.csv": [(1, M, 3), (2, M, 3)]}
    assert house.files() == {"1.csv": "SUPERSEDED", "2.csv": "SUPERSEDED", "3.csv": "CREATED"}
    assert events(house, "LOADED") == [("3.csv", "LOADED")], "what never counts is not loaded first"
    assert results(house) == {"3"}


@pytest.mark.parametrize("how", ["is ignored", "goes", "changes into less", "cannot be read any more"])
def test_what_was_superseded_comes_back_when_the_other_leaves(house: House, how: str) -> None:
    house.change_layout("delivery: month_to_date\n", LAYOUT)
    arrive(house, "1.csv", report((1, M, 1)), 10)
    arrive(house, "2.csv", report((1, M, 2), (2, M, 2)), 20)
    last = arrive(house, "3.csv", report((1, M, 3), (2, M, 3), (3, M, 3)), 30)
    quiet(house)
    keeps = {"3.csv": [(1, M, 3), (2, M, 3), (3, M, 3)]}
    assert standing(house) == keeps
    if how == "is ignored":
        decide(house.platform, ["3"], ignore, "a mistake")
    elif how == "goes":
        last.unlink()
    elif how == "changes into less":
        arrive(house, "3.csv", report((1, M, 3)), 30)
    else:
        arrive(house, "3.csv", b"%PDF-1.7", 30)
    quiet(house)
    if how in ("goes", "cannot be read any more"):
        assert standing(house) == keeps, "rows are not taken away unasked"
        if how == "goes":
            assert rebuild(house).removed == [str(last.relative_to(house.inbox))]
            quiet(house)
    if how != "cannot be read any more":
        assert standing(house) == {"2.csv": [(1, M, 2), (2, M, 2)]}
        assert house.files() == {
            "1.csv": "SUPERSEDED",
            "2.csv": "CREATED",
            "3.csv": {"is ignored": "IGNORED", "goes": "FILE_GONE"}.get(how, "PERIOD_SHRUNK"),
        }
        assert results(house) == {"2"}


def test_a_file_that_has_shrunk_is_held_until_a_person_or_a_better_one_decides(house: House) -> None:
    house.change_layout("delivery: month_to_date\n", LAYOUT)
    arrive(house, "1.csv", report((1, M, 1), (2, M, 1)), 10)
    arrive(house, "2.csv", report((1, M, 2)), 20)
    quiet(house)
    assert house.files()["2.csv"] == "PERIOD_SHRUNK"
    assert message(house, "2.csv") == "would replace file 1 and lacks of it: 02.06.2025; 1 rows in place of 2"
    assert standing(house) == {"1.csv": [(1, M, 1), (2, M, 1)]}
    decide(house.platform, ["2"], release, "the second day was a test")
    quiet(house)
    assert standing(house) == {"2.csv": [(1, M, 2)]}
    arrive(house, "3.csv", report((1, M, 3), (2, M, 3)), 30)
    quiet(house)
    assert house.files() == {"1.csv": "SUPERSEDED", "2.csv": "SUPERSEDED", "3.csv": "CREATED"}


def test_a_shrunk_file_is_superseded_by_a_better_one(house: House) -> None:
    house.change_layout("delivery: month_to_date\n", LAYOUT)
    for number, days in enumerate([(1, 2), (1,), (1, 2, 3)]):
        arrive(house, f"{number}.csv", report(*[(day, M, number) for day in days]), number)
        quiet(house)
    assert house.files() == {"0.csv": "SUPERSEDED", "1.csv": "SUPERSEDED", "2.csv": "CREATED"}


def test_the_same_bytes_again_as_month_to_date_are_no_copy(house: House) -> None:
    """Nothing was sold since: the later file stands for the same rows, and doubles nothing."""
    house.change_layout("delivery: month_to_date\n", LAYOUT)
    arrive(house, "1.csv", report((1, M, 1)), 10)
    arrive(house, "2.csv", report((1, M, 1)), 20)
    quiet(house)
    assert house.files() == {"1.csv": "SUPERSEDED", "2.csv": "CREATED"}
    assert standing(house) == {"2.csv": [(1, M, 1)]}


def test_a_copy_of_a_superseded_file_in_another_month_is_taken_up(house: House) -> None:
    arrive(house, "день.csv", report((1, M, 1)), 10)
    arrive(house, "день.csv", report((1, M, 1)), 20, month=7)
    quiet(house)
    (copy,) = house.query("SELECT report_month FROM ops.file_registry WHERE error_reason = 'DUPLICATE_CONTENT'")
    assert copy.report_month == 7
    arrive(house, "месяц.csv", report((1, M, 1), (2, M, 2)), 30)
    quiet(house)
    assert standing(house) == {"день.csv": [(1, M, 1)], "месяц.csv": [(1, M, 1), (2, M, 2)]}
    (loaded,) = house.query("SELECT file_id FROM raw.primary_data WHERE partition_month = '2025-07-01'")
    assert loaded.file_id == 2


def test_weeks_are_replaced_by_the_full_month_and_late_increments_are_held(house: House) -> None:
    arrive(house, "неделя 1.csv", report((1, M, 1), (7, M, 7)), 10)
    arrive(house, "неделя 2.csv", report((8, M, 8)), 20)
    quiet(house)
    assert set(house.files().values()) == {"CREATED"}
    arrive(house, "Июнь МЕСЯЦ.csv", report((1, M, 10), (7, M, 70), (8, M, 80)), 30)
    arrive(house, "неделя 3.csv", report((8, M, 1), (20, M, 20)), 40)
    arrive(house, "неделя 4.csv", report((28, M, 28)), 50)
    quiet(house)
    assert house.files() == {
        "неделя 1.csv": "SUPERSEDED",
        "неделя 2.csv": "SUPERSEDED",
        "Июнь МЕСЯЦ.csv": "CREATED",
        "неделя 3.csv": "PERIOD_OVERLAP",
        "неделя 4.csv": "CREATED",
    }
    assert standing(house) == {"Июнь МЕСЯЦ.csv": [(1, M, 10), (7, M, 70), (8, M, 80)], "неделя 4.csv": [(28, M, 28)]}


def test_a_restatement_replaces_rows_of_others_and_the_ledger_knows_it(house: House) -> None:
    arrive(house, "a.csv", report((1, M, 1), (1, M, 2), (1, K, 4), (2, M, 8)), 10)
    arrive(house, "b.csv", report((3, M, 16)), 20)
    quiet(house)
    arrive(house, "корр.csv", report((1, M, 100), (3, M, 200)), 30)
    quiet(house)
    assert standing(house) == {
        "a.csv": [(1, K, 4), (2, M, 8)],
        "корр.csv": [(1, M, 100), (3, M, 200)],
    }
    assert set(house.files().values()) == {"CREATED"}
    ledger = house.query(
        "SELECT file_id, rows_loaded, rows_superseded, sums_superseded FROM ops.file_load WHERE superseded_at IS NULL"
        " ORDER BY file_id"
    )
    assert [tuple(row) for row in ledger] == [
        (1, 4, 2, {"amount_type_1": "3.000"}),
        (2, 1, 1, {"amount_type_1": "16.000"}),
        (3, 2, 0, None),
    ]
    told = house.query("SELECT file_id, detail ->> 'message' FROM ops.file_event WHERE event = 'SUPERSEDED_IN_PART'")
    assert [tuple(row) for row in told] == [
        (1, "2 of its rows do not count, those of file 3 do in their place: Москва 01.06.2025"),
        (2, "1 of its rows do not count, those of file 3 do in their place: Москва 03.06.2025"),
    ]
    view = house.query("SELECT file_id, branch, rows, superseded_by, counts FROM ops.branch_day ORDER BY 1, day, 2")
    assert [tuple(row) for row in view] == [
        (1, K, 1, None, True),
        (1, M, 2, 3, False),
        (1, M, 1, None, True),
        (2, M, 1, 3, False),
        (3, M, 1, None, True),
        (3, M, 1, None, True),
    ]


def test_a_file_that_is_read_again_does_not_bring_restated_rows_back(house: House) -> None:
    arrive(house, "a.csv", report((1, M, 1), (2, M, 2)), 10)
    arrive(house, "корр.csv", report((1, M, 100)), 30)
    quiet(house)
    expected = {"a.csv": [(2, M, 2)], "корр.csv": [(1, M, 100)]}
    assert standing(house) == expected
    rebuild(house)
    assert standing(house) == expected
    house.change_layout(MIXED + "constants: {client_type: Сеть}\n", LAYOUT)
    quiet(house)
    assert standing(house) == expected
    arrive(house, "late.csv", report((1, M, 7), (3, M, 3)), 20)
    quiet(house)
    assert standing(house) == {**expected, "late.csv": [(3, M, 3)]}


@pytest.mark.parametrize("how", ["is ignored", "goes", "covers less"])
def test_restated_rows_come_back_when_the_restatement_leaves(house: House, how: str) -> None:
    arrive(house, "a.csv", report((1, M, 1), (2, M, 2)), 10)
    restating = arrive(house, "корр.csv", report((1, M, 100), (2, M, 200)), 30)
    quiet(house)
    assert standing(house) == {"корр.csv": [(1, M, 100), (2, M, 200)]}
    if how == "is ignored":
        decide(house.platform, ["2"], ignore, "a mistake")
    elif how == "goes":
        restating.unlink()
        quiet(house)
        assert standing(house) == {"корр.csv": [(1, M, 100), (2, M, 200)]}
        rebuild(house)
    else:
        arrive(house, "корр.csv", report((2, M, 200)), 30)
    quiet(house)
    back = [(1, M, 1)] if how == "covers less" else [(1, M, 1), (2, M, 2)]
    assert standing(house).pop("a.csv") == back


def test_rows_without_a_date_are_told_apart_by_their_branch(house: House) -> None:
    arrive(house, "a.csv", report((None, M, 1), (None, "", 2), (5, M, 4)), 10)
    arrive(house, "корр.csv", report((None, "", 100)), 30)
    quiet(house)
    assert standing(house) == {"a.csv": [(5, M, 4), (None, M, 1)], "корр.csv": [(None, "", 100)]}


def test_a_file_whose_name_fits_no_mode_is_an_error_of_its_own(house: House) -> None:
    house.change_layout('delivery: {increment: "*день*", full_month: "*месяц*"}\n', LAYOUT)
    arrive(house, "отчёт.csv", report((1, M, 1)), 10)
    arrive(house, "месяц и день.csv", report((2, M, 1)), 20)
    arrive(house, "День 3.csv", report((3, M, 1)), 30)
    quiet(house)
    assert house.files() == {
        "отчёт.csv": "DELIVERY_UNKNOWN",
        "месяц и день.csv": "DELIVERY_UNKNOWN",
        "День 3.csv": "CREATED",
    }
    assert "fits 0 of the layout's modes of delivery (increment: *день*; full_month: *месяц*)" in message(
        house, "отчёт.csv"
    )
    house.change_layout("delivery: increment\n", LAYOUT)
    quiet(house)
    assert set(house.files().values()) == {"CREATED"}


def test_another_mode_in_the_layout_settles_everything_anew(house: House) -> None:
    house.change_layout("", LAYOUT)
    arrive(house, "1.csv", report((1, M, 1)), 10)
    arrive(house, "2.csv", report((1, M, 2), (2, M, 2)), 20)
    quiet(house)
    assert house.files() == {"1.csv": "CREATED", "2.csv": "PERIOD_OVERLAP"}
    house.change_layout("delivery: month_to_date\n", LAYOUT)
    quiet(house)
    assert house.files() == {"1.csv": "SUPERSEDED", "2.csv": "CREATED"}
    house.change_layout("delivery: increment\noverlap: allow\n", LAYOUT)
    quiet(house)
    assert standing(house) == {"1.csv": [(1, M, 1)], "2.csv": [(1, M, 2), (2, M, 2)]}


def test_a_file_that_moves_to_another_month_lets_go_of_what_it_replaced(house: House) -> None:
    arrive(house, "a.csv", report((1, M, 1), (2, M, 2)), 10)
    arrive(house, "stays.csv", report((9, K, 9)), 11)
    moving = arrive(house, "корр.csv", report((1, M, 100)), 30)
    quiet(house)
    moving.rename(house.path("корр.csv", month=7))
    quiet(house)
    assert standing(house) == {
        "a.csv": [(1, M, 1), (2, M, 2)],
        "stays.csv": [(9, K, 9)],
        "корр.csv": [(1, M, 100)],
    }
    assert events(house, "MOVED", "DUE_AGAIN") == [("корр.csv", "MOVED"), ("a.csv", "DUE_AGAIN")]


def test_a_whole_month_that_moves_lets_the_earlier_one_count(house: House) -> None:
    arrive(house, "a.csv", report((1, M, 1)), 10)
    arrive(house, "stays.csv", report((9, K, 9)), 11, report_type="Type2")
    moving = arrive(house, "месяц.csv", report((1, M, 100)), 30)
    quiet(house)
    assert house.files()["a.csv"] == "SUPERSEDED"
    moving.rename(house.path("месяц.csv", month=7))
    quiet(house)
    assert house.files()["a.csv"] == "CREATED"
    assert standing(house)["a.csv"] == [(1, M, 1)]


def test_a_file_that_is_renamed_within_its_folder_keeps_its_rows(house: House) -> None:
    first = arrive(house, "a.csv", report((1, M, 1)), 10)
    arrive(house, "stays.csv", report((9, K, 9)), 11)
    quiet(house)
    first.rename(house.path("b.csv"))
    quiet(house)
    assert standing(house) == {"b.csv": [(1, M, 1)], "stays.csv": [(9, K, 9)]}
    assert events(house, "MOVED", "HELD", "SUPERSEDED_IN_PART") == [("a.csv", "MOVED")]


def test_a_file_that_replaces_others_and_is_renamed_goes_on_replacing_them(house: House) -> None:
    arrive(house, "неделя.csv", report((1, M, 1)), 10)
    first = arrive(house, "месяц.csv", report((1, M, 10)), 20)
    quiet(house)
    first.rename(house.path("месяц июнь.csv"))
    quiet(house)
    assert house.files() == {"неделя.csv": "SUPERSEDED", "месяц.csv": "FILE_GONE", "месяц июнь.csv": "CREATED"}
    assert events(house, "MOVED", "DUE_AGAIN") == [("месяц.csv", "MOVED")]


def test_a_file_that_goes_while_its_month_is_rebuilt_is_nobodys_failure(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = arrive(house, "1.csv", report((1, M, 1)), 10)
    arrive(house, "2.csv", report((2, M, 2)), 20)
    quiet(house)

    def go(file: RegisteredFile, step: Step) -> None:
        if step is Step.CREATED and going.exists() and file.path.endswith("/2.csv"):
            going.unlink()
            take_in(house.platform, "test")

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "reached", go)
        outcome = rebuild(house)
    assert [file.error and file.error.code for file in outcome.files] == ["FILE_GONE", None]
    assert (outcome.failed, [path[-5:] for path in outcome.removed]) == ([], ["1.csv"])
    assert standing(house) == {"2.csv": [(2, M, 2)]}


def test_rows_from_before_there_were_deliveries_hold_an_overlap_too(house: House) -> None:
    arrive(house, "a.csv", report((1, M, 1), (1, M, 3)), 10)
    quiet(house)
    house.change("DELETE FROM ops.delivery")
    arrive(house, "b.csv", report((1, M, 2)), 20)
    quiet(house)
    assert house.files() == {"a.csv": "CREATED", "b.csv": "PERIOD_OVERLAP"}
    assert "2 there (amount_type_1 4.000)" in message(house, "b.csv")


def test_a_rebuild_loads_only_what_counts(house: House) -> None:
    house.change_layout("delivery: month_to_date\n", LAYOUT)
    for number in (1, 2, 3):
        arrive(house, f"{number}.csv", report(*[(day, M, number) for day in range(1, number + 1)]), number)
    take_in(house.platform, "test")
    outcome = rebuild(house)
    assert events(house, "LOADED", "SUPERSEDED") == [
        ("3.csv", "LOADED"),
        ("1.csv", "SUPERSEDED"),
        ("2.csv", "SUPERSEDED"),
    ]
    assert (outcome.rows_after, outcome.total(lambda figures: figures.loaded)) == (3, 3)
    assert [figures.superseded for figures in outcome.reports] == [1, 2, 0]
    assert outcome.sums() == {"amount_type_1": 9}
    assert [file.remark and file.remark.code for file in outcome.files] == ["SUPERSEDED", "SUPERSEDED", None]
    quiet(house, 1)


def test_a_rebuild_keeps_the_rows_of_a_file_that_fails_and_they_count(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.change_layout("delivery: month_to_date\n", LAYOUT)
    arrive(house, "1.csv", report((1, M, 1)), 10)
    arrive(house, "2.csv", report((1, M, 2)), 20)
    quiet(house)
    plain = LocalInbox.open

    def locked(self: LocalInbox, path: str) -> object:
        if path.endswith("/2.csv"):
            raise PharmaError("LOCKED", why="somebody has it open")
        return plain(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(LocalInbox, "open", locked)
        assert [file.file.path[-5:] for file in rebuild(house).failed] == ["2.csv"]
    assert house.files() == {"1.csv": "SUPERSEDED", "2.csv": "LOCKED"}
    assert standing(house) == {"2.csv": [(1, M, 2)]}
    house.change("UPDATE ops.file_registry SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL")
    quiet(house)
    assert house.files() == {"1.csv": "SUPERSEDED", "2.csv": "CREATED"}


def test_a_rebuild_in_which_one_load_fails_settles_the_others_without_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.change_layout("delivery: month_to_date\n", LAYOUT)
    arrive(house, "1.csv", report((1, M, 1)), 10)
    arrive(house, "2.csv", report((1, M, 2), (2, M, 2)), 20)
    take_in(house.platform, "test")
    plain = ingest.copy_rows

    def failing(connection: object, table: object, constants: dict[str, object]) -> None:
        if constants["file_id"] == 2:
            raise PharmaError("ROWS_NOT_STORED", written=2, stored=1)
        plain(connection, table, constants)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "copy_rows", failing)
        outcome = rebuild(house)
    assert [(file.file.id, file.error and file.error.code) for file in outcome.files] == [
        (1, None),
        (2, "ROWS_NOT_STORED"),
    ]
    assert standing(house) == {"1.csv": [(1, M, 1)]}
    assert house.files() == {"1.csv": "CREATED", "2.csv": "ROWS_NOT_STORED"}
    rebuild(house)
    assert standing(house) == {"2.csv": [(1, M, 2), (2, M, 2)]}


@pytest.mark.parametrize("step", [Step.READ, Step.CREATED, Step.COPIED, Step.COMMITTING])
@pytest.mark.parametrize("rebuilding", [False, True], ids=["tick", "rebuild"])
def test_a_death_in_a_supersession_costs_a_repeat(
    house: House, monkeypatch: pytest.MonkeyPatch, step: Step, *, rebuilding: bool
) -> None:
    arrive(house, "неделя.csv", report((1, M, 1), (2, M, 2)), 10)
    arrive(house, "день.csv", report((2, M, 3)), 20)
    quiet(house)
    before = standing(house)
    arrive(house, "месяц.csv", report((1, M, 10), (2, M, 20)), 30)
    arrive(house, "корр.csv", report((2, M, 200)), 40)
    take_in(house.platform, "test")

    def die(file: RegisteredFile, now: Step) -> None:
        if now is step:
            raise Killed

    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(ingest, "reached", die)
        patch.setattr(client_month, "reached", die)
        work_on(house.platform, JUNE, "test", Work.NORMALIZE | Work.LOAD, rebuild=rebuilding)
    assert standing(house) == before
    quiet(house)
    assert standing(house) == {"месяц.csv": [(1, M, 10)], "корр.csv": [(2, M, 200)]}
    assert house.files() == {
        "неделя.csv": "SUPERSEDED",
        "день.csv": "SUPERSEDED",
        "месяц.csv": "CREATED",
        "корр.csv": "CREATED",
    }
    assert results(house) == {"месяц", "корр"}


def test_the_pictures_tell_what_does_not_count(house: House) -> None:
    arrive(house, "неделя.csv", report((1, M, 1), (2, M, 2)), 10)
    arrive(house, "месяц.csv", report((1, M, 10), (2, M, 20)), 20)
    arrive(house, "корр.csv", report((2, M, 200)), 30)
    quiet(house)
    with house.platform.engine.connect() as connection:
        (month,) = overview(connection).client_months
    assert (month.files, month.files_loaded, month.files_superseded) == (3, 2, 1)
    assert (month.rows_loaded, month.rows_superseded) == (2, 1)
    assert audit(house.platform).rows == 2
    metadata = outcome_metadata(rebuild(house), june_facts(house), house.platform)
    assert (metadata["rows_loaded"], metadata["rows_superseded"], metadata["sum_amount_type_1"]) == (2, 3, "210.000")
    table = metadata["file_table"]
    assert isinstance(table, TableMetadataValue)
    assert [(row.data["status"], row.data["loaded"], row.data["superseded"]) for row in table.records] == [
        ("SUPERSEDED", 0, 2),
        ("SUPERSEDED_IN_PART", 1, 1),
        ("CREATED", 1, None),
    ]


def test_a_run_tells_what_it_has_displaced(house: House) -> None:
    arrive(house, "день.csv", report((1, M, 1)), 10)
    quiet(house)
    arrive(house, "месяц.csv", report((1, M, 10)), 20)
    outcome = work_on(house.platform, JUNE, "test", Work.NORMALIZE | Work.LOAD, rebuild=False)
    assert [(one.path[-8:], one.error.code) for one in outcome.displaced] == [("день.csv", "SUPERSEDED")]
    assert "displaced" in outcome_metadata(outcome, june_facts(house), house.platform)


DAMAGE = {
    "the superseder's load": (
        "DELETE FROM ops.file_load WHERE file_id = 2",
        ["ROWS_WITHOUT_LEDGER", "STATUS_WITHOUT_LEDGER", "SUPERSEDED_BY_NONE"],
    ),
    "the restatement's load": (
        "UPDATE ops.file_load SET superseded_at = now() WHERE file_id = 3",
        ["ROWS_WITHOUT_LEDGER", "STATUS_WITHOUT_LEDGER", "SUPERSEDED_BY_NONE"],
    ),
    "a superseded row": (
        "UPDATE ops.file_load SET rows_superseded = 0 WHERE file_id = 2",
        ["DELIVERY_DIFFERS", "ROWS_DIFFER"],
    ),
    "a superseded sum": (
        """UPDATE ops.file_load SET sums_superseded = '{"amount_type_1": "1"}' WHERE file_id = 2""",
        ["SUMS_DIFFER"],
    ),
    "a day": ("UPDATE ops.delivery SET branch_days = '[]' WHERE file_id = 3", ["DELIVERY_DIFFERS"]),
}


@pytest.mark.parametrize(("statement", "codes"), DAMAGE.values(), ids=DAMAGE.keys())
def test_the_audit_sees_a_supersession_that_does_not_hold_together(
    house: House, statement: str, codes: list[str]
) -> None:
    arrive(house, "неделя.csv", report((1, M, 1), (2, M, 2)), 10)
    arrive(house, "месяц.csv", report((1, M, 10), (2, M, 20)), 20)
    arrive(house, "корр.csv", report((2, M, 200)), 30)
    quiet(house)
    before = standing(house)
    house.change(statement)
    found = audit(house.platform)
    assert sorted(found.counts) == codes
    assert set(mend(house.platform, found, Mending())) == set(found.differences)
    quiet(house)
    assert standing(house) == before
