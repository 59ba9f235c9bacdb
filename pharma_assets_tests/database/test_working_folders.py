"""The task list, the drafts that are cleared, and the names of results (CONTRACT §4)."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.intake import take_in
from pharma_assets.loading import ingest
from pharma_assets.loading.working_folders import clear_drafts
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets_tests.database.house import CLIENT, JUNE, House, opened_house

COLUMNS = (
    "id;file_path;status;data_provider;report_year;report_month;client_name;report_type;uploaded_at;created_at;script"
)
MONTH = ClientMonth(CLIENT, 2025, 6)


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        yield house


def task_list(house: House) -> Path:
    return house.platform.settings.home / "Reestr" / "new_files_registry.csv"


def tasks(house: House) -> list[dict[str, str]]:
    content = task_list(house).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf" + COLUMNS.encode() + b"\n")
    return list(csv.DictReader(content.decode("utf-8-sig").splitlines(), delimiter=";"))


def test_without_work_the_list_says_so_and_is_not_written_again(house: House) -> None:
    take_in(house.platform, "test")
    (only,) = tasks(house)
    assert {name: value for name, value in only.items() if value} == {"status": "NO_TASKS"}
    before = task_list(house).stat()
    take_in(house.platform, "test")
    after = task_list(house).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_the_list_has_what_is_due_the_oldest_first(house: House) -> None:
    house.drop("второй; «новый».csv", JUNE)
    house.drop("a.csv", JUNE.replace("Аспирин", "Анальгин"), report_type="Type2")
    house.drop("no layout.csv", client="Client_77")
    take_in(house.platform, "test")
    first, second = tasks(house)
    assert first["file_path"].endswith("/Type2/a.csv")
    assert second["file_path"].endswith("/Type1/второй; «новый».csv")
    assert {**second, "id": "", "file_path": "", "uploaded_at": "", "created_at": ""} == {
        "id": "",
        "file_path": "",
        "status": "NEW",
        "data_provider": "Дистрибьютор",
        "report_year": "2025",
        "report_month": "6",
        "client_name": "Client_01",
        "report_type": "Type1",
        "uploaded_at": "",
        "created_at": "",
        "script": house.platform.transforms.by_client[CLIENT].file.as_posix(),
    }
    assert datetime.fromisoformat(second["uploaded_at"]).utcoffset() == timedelta(hours=3)
    assert datetime.fromisoformat(second["created_at"]).timestamp() == pytest.approx(time.time(), abs=60)
    house.tick()
    take_in(house.platform, "test")
    assert [task["status"] for task in tasks(house)] == ["NO_TASKS"]


def test_a_list_that_cannot_be_written_stops_nothing(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.drop("a.csv")
    task_list(house).parent.parent.mkdir(exist_ok=True)
    task_list(house).parent.write_bytes(b"in the way")
    house.tick()
    assert house.rows() == [("a.csv", 7)]
    assert "could not be written" in caplog.text
    task_list(house).parent.unlink()
    house.tick()
    assert [task["status"] for task in tasks(house)] == ["NO_TASKS"]


def draft(house: House, name: str, age: timedelta) -> Path:
    folder = house.platform.settings.drafts_folder
    folder.mkdir(parents=True, exist_ok=True)
    moment = time.time() - age.total_seconds()
    (folder / name).write_bytes(b"half of it")
    os.utime(folder / name, (moment, moment))
    return folder / name


def test_a_tick_clears_old_drafts_of_nobody_and_no_other(house: House) -> None:
    house.drop("a.csv")
    house.tick()
    left = draft(house, "Client_01_id1_a_20250601_000000.csv", timedelta(minutes=61))
    foreign = draft(house, "черновик.xlsx", timedelta(days=1))
    young = draft(house, "Client_01_id1_a_20250602_000000.csv", timedelta(minutes=59))
    with try_lock(house.platform.engine, client_month_lock(MONTH)):
        house.tick()
        assert (left.exists(), foreign.exists(), young.exists()) == (True, False, True)
    house.tick()
    assert (left.exists(), young.exists()) == (False, True)
    quarantine = house.platform.settings.quarantine_folder
    assert {path.name for path in quarantine.iterdir()} == {left.name, foreign.name}
    assert (quarantine / left.name).stat().st_mtime == pytest.approx(time.time(), abs=60)


def test_a_draft_whose_run_is_asked_for_waits(house: House) -> None:
    house.drop("a.csv")
    house.tick()
    left = draft(house, "Client_01_id1_a_20250601_000000.csv", timedelta(hours=2))
    moment = datetime.now(house.platform.timezone)
    assert clear_drafts(house.platform, moment, {MONTH}) == []
    assert clear_drafts(house.platform, moment) == [left.name]


def test_two_drafts_of_one_name_are_both_kept(house: House) -> None:
    for content in (b"one", b"two", b"two"):
        draft(house, "черновик.csv", timedelta(hours=2)).write_bytes(content)
        os.utime(house.platform.settings.drafts_folder / "черновик.csv", (0, 0))
        house.tick()
    kept = {path.read_bytes() for path in house.platform.settings.quarantine_folder.iterdir()}
    assert kept == {b"one", b"two"}


def test_a_new_layout_gives_a_new_name_also_after_a_failure(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(1, 9))
    monkeypatch.setattr(ingest, "result_name", lambda client, file_id, *_: f"{client}_id{file_id}_{next(numbers)}.csv")
    house.drop("a.csv")
    house.tick()
    house.change_layout("constants: {client_type: Опт}\n")

    def locked(*_: object) -> None:
        raise PharmaError("LOCKED", why="somebody has it open")

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "read_report", locked)
        house.tick()
    assert house.files() == {"a.csv": "LOCKED"}
    house.change("UPDATE ops.file_registry SET next_attempt_at = now()")
    house.tick()
    assert house.files() == {"a.csv": "CREATED"}
    results = [path.name for path in house.platform.settings.results_folder.iterdir()]
    assert results == ["Client_01_id1_2.csv"]


def test_the_same_work_keeps_its_name_after_a_failure(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.drop("a.csv")

    def full(*_: object) -> None:
        raise PharmaError("NO_SPACE", where="here")

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "write_draft", full)
        house.tick()
    (chosen,) = house.query("SELECT result_name FROM ops.file_registry")
    house.change("UPDATE ops.file_registry SET next_attempt_at = now()")
    house.tick()
    assert [path.name for path in house.platform.settings.results_folder.iterdir()] == [chosen.result_name]
