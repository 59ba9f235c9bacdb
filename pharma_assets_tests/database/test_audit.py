"""The audit names every difference made by hand, and no other; mending repairs it, and the next audit is clean."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.intake import take_in
from pharma_assets.loading import audit_results, ingest, working_folders
from pharma_assets.loading.audit import Audit, audit
from pharma_assets.loading.client_month import Work, work_on
from pharma_assets.loading.decisions import decide, ignore, release
from pharma_assets.loading.mend import Mending, mend
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets_tests.database.house import CLIENT, JUNE, House, opened_house

# Two rows are loaded, one is rejected.
WITH_REJECT = JUNE + ";Нурофен;1\n"
MONTH = ClientMonth(CLIENT, 2025, 6)
HOUR = 3600


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        house.drop("a.csv", WITH_REJECT)
        house.tick()
        house.drop("bb.csv", JUNE.replace("Аспирин", "Анальгин"), month=7)
        house.tick()
        assert codes(house) == []
        yield house


def find(house: House, month: date | None = None, *, contents: bool = True) -> Audit:
    return audit(house.platform, month, contents=contents)


def codes(house: House, month: date | None = None) -> list[str]:
    return sorted(difference.code for difference in find(house, month).differences)


def put_right(house: House, mending: Mending = Mending()) -> list[str | None]:  # noqa: B008 - frozen
    """What was done about each difference."""
    found = find(house)
    done = mend(house.platform, found, mending)
    return [done.get(difference) for difference in found.differences]


def results(house: House) -> Path:
    return house.platform.settings.results_folder


def result(house: House, file_id: int = 1) -> Path:
    """The result file of a loaded file."""
    query = f"SELECT result_name FROM ops.file_load WHERE superseded_at IS NULL AND file_id = {file_id}"  # noqa: S608
    return results(house) / house.query(query)[0].result_name


def quarantined(house: House) -> list[str]:
    folder = house.platform.settings.quarantine_folder
    return sorted(path.name for path in folder.glob("*"))


def events(house: House, event: str) -> list[int]:
    query = f"SELECT file_id FROM ops.file_event WHERE event = '{event}' AND run_id = 'audit' ORDER BY id"  # noqa: S608
    return [row.file_id for row in house.query(query)]


def rows_of(house: House) -> dict[str, int]:
    return dict(house.rows())


BY_LOADING_AGAIN: dict[str, tuple[str, Callable[[House], object]]] = {
    "a row too few": (
        "ROWS_DIFFER",
        lambda house: house.change("DELETE FROM raw.primary_data WHERE file_id = 1 AND source_row = 2"),
    ),
    "no row left": ("ROWS_DIFFER", lambda house: house.change("DELETE FROM raw.primary_data WHERE file_id = 1")),
    "a row too many": (
        "ROWS_DIFFER",
        lambda house: house.change(
            "INSERT INTO raw.primary_data (file_id, source_sheet, source_row, partition_month)"
            " VALUES (1, 'csv', 99, '2025-06-01')",
        ),
    ),
    "another quantity": (
        "SUMS_DIFFER",
        lambda house: house.change(
            "UPDATE raw.primary_data SET amount_type_1 = amount_type_1 + 0.001 WHERE source_row = 2 AND file_id = 1"
        ),
    ),
    "a sum where there was none": (
        "SUMS_DIFFER",
        lambda house: house.change("UPDATE raw.primary_data SET sum_nds = 1 WHERE source_row = 2 AND file_id = 1"),
    ),
    "a sum of the ledger that is no number": (
        "SUMS_DIFFER",
        lambda house: house.change(
            """UPDATE ops.file_load SET sums = '{"amount_type_1": "seven"}' WHERE file_id = 1"""
        ),
    ),
    "a reject too few": (
        "REJECTS_DIFFER",
        lambda house: house.change("DELETE FROM ops.rejected_row WHERE file_id = 1"),
    ),
    "another month in the ledger": (
        "LEDGER_MONTH_DIFFERS",
        lambda house: house.change("UPDATE ops.file_load SET partition_month = '2025-07-01' WHERE file_id = 1"),
    ),
    "no result": ("RESULT_MISSING", lambda house: result(house).unlink()),
    "another result": ("RESULT_CHANGED", lambda house: result(house).write_bytes(b"edited")),
}


@pytest.mark.parametrize(("code", "harm"), BY_LOADING_AGAIN.values(), ids=BY_LOADING_AGAIN.keys())
def test_what_loading_again_mends(house: House, code: str, harm: Callable[[House], object]) -> None:
    before, name = rows_of(house), result(house).name
    harm(house)
    (difference,) = find(house).differences
    assert (difference.code, difference.file and difference.file.id) == (code, 1)
    assert put_right(house) == ["DUE_AGAIN"]
    assert events(house, "DUE_AGAIN") == [1]
    house.tick()
    assert codes(house) == []
    assert rows_of(house) == before
    assert result(house).name == name, "the same work gives the same name"


def test_the_message_says_what_differs(house: House) -> None:
    house.change("UPDATE raw.primary_data SET amount_type_1 = 3.5 WHERE file_id = 1 AND source_row = 2")
    (difference,) = find(house).differences
    assert difference.error.message.endswith("amount_type_1 7.000 ≠ 8.500")


def test_a_changed_result_is_kept_in_quarantine(house: House) -> None:
    path = result(house)
    path.write_bytes(b"edited")
    put_right(house)
    assert (house.platform.settings.quarantine_folder / path.name).read_bytes() == b"edited"
    assert find(house, contents=False).counts == {"RESULT_MISSING": 1}


def test_a_look_without_reading_does_not_see_a_changed_result(house: House) -> None:
    result(house).write_bytes(b"edited")
    assert find(house, contents=False).differences == []


def test_rows_of_a_load_that_nobody_knows(house: House) -> None:
    """The ledger entry is gone: the file is due by itself, and its rows are replaced, not refused as doubled."""
    house.change("DELETE FROM ops.file_load WHERE file_id = 1")
    assert codes(house) == ["ROWS_WITHOUT_LEDGER", "STATUS_WITHOUT_LEDGER"]
    assert put_right(house) == ["DUE_AGAIN", "DUE_AGAIN"]
    house.tick()
    assert codes(house) == []
    assert rows_of(house) == {"a.csv": 7, "bb.csv": 7}


def test_rows_that_the_inbox_cannot_give_again_go_only_when_a_person_says_so(house: House) -> None:
    house.change(
        "INSERT INTO raw.primary_data (file_id, source_sheet, source_row, partition_month, tms)"
        " VALUES (999, 'Лист1', 5, '2025-07-01', 'Цитрамон'), (999, 'Лист1', 6, '2025-07-01', 'Аспирин')",
    )
    (difference,) = find(house).differences
    assert "2 rows of file 999 in 2025-07" in difference.error.message
    assert put_right(house) == [None]
    assert codes(house) == ["ROWS_WITHOUT_LEDGER"]
    assert put_right(house, Mending(rows=True)) == ["ROWS_TAKEN_OUT"]
    assert codes(house) == []
    (kept,) = quarantined(house)
    header, *lines = (house.platform.settings.quarantine_folder / kept).read_text(encoding="utf-8").splitlines()
    assert header.startswith("id,supplier_id,period")
    assert ["Цитрамон" in line for line in lines] == [True, False]
    (event,) = house.query("SELECT file_id, detail FROM ops.file_event WHERE event = 'ROWS_TAKEN_OUT'")
    assert (event.file_id, event.detail["rows"], event.detail["kept_in"]) == (0, 2, kept)


def test_rows_of_a_file_in_a_month_that_is_not_its_own(house: House) -> None:
    house.change(
        "INSERT INTO raw.primary_data (file_id, source_sheet, source_row, partition_month)"
        " VALUES (1, 'csv', 2, '2025-07-01')",
    )
    assert codes(house) == ["ROWS_WITHOUT_LEDGER"]
    assert put_right(house) == [None]
    assert put_right(house, Mending(rows=True)) == ["ROWS_TAKEN_OUT"]
    assert events(house, "ROWS_TAKEN_OUT") == [1]
    assert codes(house) == []
    assert rows_of(house) == {"a.csv": 7, "bb.csv": 7}


def test_rejects_of_a_load_that_no_longer_counts(house: House) -> None:
    house.rebuild()
    house.change(
        "INSERT INTO ops.rejected_row (load_id, file_id, source_sheet, source_row, code)"
        " SELECT id, file_id, 'csv', 4, 'VALUE_DATE' FROM ops.file_load WHERE superseded_at IS NOT NULL",
    )
    assert codes(house) == ["REJECTS_WITHOUT_LEDGER"]
    assert put_right(house) == ["REJECTS_REMOVED"]
    assert codes(house) == []
    assert house.query("SELECT count(*) AS rows FROM ops.rejected_row")[0].rows == 1


def test_a_report_that_is_made_and_not_loaded(house: House) -> None:
    house.drop("ccc.csv", JUNE.replace("Аспирин", "Валидол"))
    take_in(house.platform, "test")
    work_on(house.platform, MONTH, "test", Work.NORMALIZE, rebuild=False)
    (difference,) = find(house).differences
    assert (difference.code, difference.file and difference.file.id) == ("STATUS_WITHOUT_LEDGER", 3)
    assert put_right(house) == ["DUE_AGAIN"]
    assert codes(house) == []
    house.tick()
    assert codes(house) == []
    assert rows_of(house)["ccc.csv"] == 7


def test_a_file_that_has_gone_is_a_remark(house: House) -> None:
    house.path("a.csv").unlink()
    house.tick()
    found = find(house)
    assert [difference.code for difference in found.differences] == ["LOADED_BUT_GONE"]
    assert found.remaining == 0
    result(house).unlink()
    assert put_right(house) == [None, None], "the source is gone: its result cannot be written again"


def test_the_same_bytes_twice(house: House) -> None:
    house.drop("copy.csv", WITH_REJECT)
    house.tick()
    decide(house.platform, ["3"], release, "two stores")
    house.tick()
    assert codes(house) == [], "a person has said that both count"
    house.change("UPDATE ops.file_registry SET released_version = NULL")
    (difference,) = find(house).differences
    assert (difference.code, difference.error.facts["ids"]) == ("CONTENT_TWICE", "1, 3")
    assert put_right(house) == [None], "which of them is right, only a person knows"
    decide(house.platform, ["3"], ignore, "sent twice")
    assert codes(house) == []


def test_what_was_let_through_counts_also_when_its_file_has_become_unreadable(house: House) -> None:
    house.drop("copy.csv", WITH_REJECT)
    house.tick()
    decide(house.platform, ["3"], release, "two stores")
    house.tick()
    rows = len(house.rows())
    house.drop("copy.csv", "%PDF-1.7")
    house.tick()
    assert house.files()["copy.csv"] == "FORMAT_UNSUPPORTED"
    assert len(house.rows()) == rows, "the rows of its earlier version stay"
    assert codes(house) == []


@pytest.mark.parametrize("name", ["nobody's.csv", "Client_01_id999_a_20250601_000000.csv", "новый\nотчёт.xlsx"])
def test_a_file_that_no_load_counts(house: House, name: str) -> None:
    (results(house) / name).write_bytes(b"x")
    (difference,) = find(house).differences
    assert (difference.code, difference.name, difference.file) == ("RESULT_ORPHANED", name, None)
    assert put_right(house) == ["SET_ASIDE"]
    assert events(house, "SET_ASIDE") == [0]
    assert quarantined(house) == [name]
    assert codes(house) == []


def test_a_name_that_is_not_text(house: House) -> None:
    (results(house) / os.fsdecode(b"caf\xe9.csv")).write_bytes(b"x")
    (difference,) = find(house).differences
    assert difference.error.facts["name"] == "caf\\udce9.csv"
    assert put_right(house) == ["SET_ASIDE"]
    assert codes(house) == []


def test_what_editors_and_systems_leave_is_nobodys_business(house: House) -> None:
    for name in ("~$отчёт.xlsx", ".DS_Store", "Thumbs.db", "desktop.ini"):
        (results(house) / name).write_bytes(b"x")
    (results(house) / "папка").mkdir()
    assert codes(house) == []


def crash_after_the_commit(house: House, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replace a file, and die before its old result is set aside; returns that."""
    old = result(house)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    house.drop("a.csv", JUNE.replace("5", "6"))
    with monkeypatch.context() as patched:
        patched.setattr(ingest, "set_aside", die)
        with pytest.raises(KeyboardInterrupt):
            house.tick()
    assert rows_of(house)["a.csv"] == 8
    assert old.exists()
    return old


def test_a_crash_after_the_commit_leaves_an_orphan_that_the_audit_mends(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = crash_after_the_commit(house, monkeypatch)
    (difference,) = find(house).differences
    assert (difference.code, difference.name, difference.file and difference.file.id) == (
        "RESULT_ORPHANED",
        old.name,
        1,
    )
    assert put_right(house) == ["SET_ASIDE"]
    assert (codes(house), quarantined(house)) == ([], [old.name])


def test_a_crash_after_the_commit_leaves_an_orphan_that_the_next_tick_sets_aside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = crash_after_the_commit(house, monkeypatch)
    with try_lock(house.platform.engine, client_month_lock(MONTH)):
        house.tick()
        assert old.exists(), "somebody is at work there"
    house.tick()
    assert (codes(house), quarantined(house)) == ([], [old.name])
    assert events(house, "SET_ASIDE") == [1]
    pending = "SELECT FROM ops.file_load WHERE superseded_at IS NOT NULL AND result_set_aside_at IS NULL"
    assert house.query(pending) == []


def test_a_result_that_somebody_holds_stops_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    old = result(house)

    def held(*_: object, **__: object) -> Path:
        raise PermissionError(13, "in use")

    house.drop("a.csv", JUNE.replace("5", "6"))
    with monkeypatch.context() as patched:
        patched.setattr(working_folders, "move_into", held)
        house.tick()
    assert house.files()["a.csv"] == "CREATED"
    assert old.exists()
    house.tick()
    assert (codes(house), quarantined(house)) == ([], [old.name])


def test_a_claim_of_nobody(house: House) -> None:
    house.change("UPDATE ops.file_registry SET status = 'PROCESSING', claimed_by = 'host:1', claimed_until = now()")
    with try_lock(house.platform.engine, client_month_lock(MONTH)):
        assert codes(house) == ["CLAIM_STALE"], "the other one is at work"
    found = find(house)
    assert (found.counts, found.remaining) == ({"CLAIM_STALE": 2}, 0)
    assert put_right(house) == ["CLAIM_DROPPED"] * 2
    assert codes(house) == []
    assert house.files() == {"a.csv": "NEW", "bb.csv": "NEW"}
    house.tick()
    assert (codes(house), house.files()) == ([], {"a.csv": "CREATED", "bb.csv": "CREATED"})


def draft(house: House, name: str, age: float) -> Path:
    path = house.platform.settings.drafts_folder / name
    path.write_bytes(b"half of it")
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_a_draft_that_was_left(house: House) -> None:
    left = draft(house, "Client_01_id1_a_20250601_000000.csv", 2 * HOUR)
    young = draft(house, "Client_01_id1_a_20250602_000000.csv", HOUR / 2)
    with try_lock(house.platform.engine, client_month_lock(MONTH)):
        assert codes(house) == []
    found = find(house)
    assert [difference.name for difference in found.differences] == [left.name]
    assert found.remaining == 0
    assert put_right(house) == ["SET_ASIDE"]
    assert (left.exists(), young.exists(), quarantined(house)) == (False, True, [left.name])
    assert events(house, "SET_ASIDE") == [1]
    assert codes(house) == []


def test_one_month_alone(house: House) -> None:
    house.change("DELETE FROM raw.primary_data")
    result(house, 2).unlink()
    (results(house) / "nobody's.csv").write_bytes(b"x")
    (results(house) / "Client_01_id1_a_20200101_000000.csv").write_bytes(b"x")
    june, july = (find(house, date(2025, month, 1)) for month in (6, 7))
    assert (june.files, june.rows, june.counts) == (1, 2, {"ROWS_DIFFER": 1, "RESULT_ORPHANED": 1})
    assert (july.files, july.rows, july.counts) == (1, 2, {"ROWS_DIFFER": 1, "RESULT_MISSING": 1})
    assert find(house).counts == {"ROWS_DIFFER": 2, "RESULT_MISSING": 1, "RESULT_ORPHANED": 2}


def test_a_folder_of_results_that_is_away_makes_no_file_due(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pharma_assets.loading.mend.MOST_MISSING", 1)
    results(house).rename(results(house).with_name("away"))
    with pytest.raises(PharmaError, match="RESULTS_VANISHED"):
        put_right(house)
    assert events(house, "DUE_AGAIN") == []
    assert put_right(house, Mending(missing=True)) == ["DUE_AGAIN"] * 2
    house.tick()
    assert codes(house) == []


def test_work_going_on_is_no_difference(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit at every step of a file's journey, and between listing the folder and asking the ledger."""
    seen: list[list[str]] = []
    monkeypatch.setattr(ingest, "reached", lambda *_: seen.append(codes(house)))
    house.drop("a.csv", JUNE.replace("5", "6"))
    house.drop("ccc.csv", JUNE.replace("Аспирин", "Валидол"))
    house.tick()
    assert len(seen) >= 12
    assert [found for found in seen if found] == []
    monkeypatch.setattr(ingest, "reached", lambda *_: None)

    def listed_before(folder: Path) -> list[os.DirEntry[str]]:
        entries = list(working_folders.listed(folder))
        monkeypatch.setattr(audit_results, "listed", working_folders.listed)
        house.drop("a.csv", JUNE.replace("5", "9"))
        house.tick()
        return entries

    monkeypatch.setattr(audit_results, "listed", listed_before)
    assert codes(house) == []


def test_more_than_can_be_told_are_counted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pharma_assets.loading.audit.MOST_KEPT", 1)
    house.change("DELETE FROM raw.primary_data")
    found = find(house)
    assert (len(found.differences), found.counts, found.remaining) == (1, {"ROWS_DIFFER": 2}, 2)


def test_what_is_being_worked_on_is_not_mended(house: House) -> None:
    house.change("DELETE FROM raw.primary_data WHERE file_id = 1")
    with try_lock(house.platform.engine, client_month_lock(MONTH)):
        assert put_right(house) == [None]
