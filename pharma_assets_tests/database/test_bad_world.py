"""Bad input from around the files: folders, disks, processes, the database (cases 50 to 70).

ELSEWHERE names the tests of these cases that stand in other modules.
"""

from __future__ import annotations

import ast
import errno
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pharma_assets.errors import PharmaError
from pharma_assets.files import LONGEST_NAME
from pharma_assets.intake import take_in
from pharma_assets.loading import claimed, client_month, ingest, primary_data
from pharma_assets.loading.client_month import Work, work_on
from pharma_assets.loading.decisions import decide, retry
from pharma_assets.loading.ingest import Step
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.reading.guard import GuardedReader
from pharma_assets.registry import claims, journal
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.registry.locks import client_month_lock, try_lock
from pharma_assets_tests.database.house import CLIENT, HEADER, JUNE, House, opened_house

WHOLE = Work.NORMALIZE | Work.LOAD
MONTH = ClientMonth(CLIENT, 2025, 6)
MAY = HEADER + "05.05.2025;Анальгин;3\n"
OTHER = HEADER + "04.06.2025;Анальгин;11\n"

ELSEWHERE = {
    50: "test_versions.py::test_every_version_of_a_file_can_be_asked_for",
    51: "test_scan.py::test_a_file_is_registered_once_with_everything_its_place_says",
    52: "test_scan_life.py::test_a_file_that_has_gone_becomes_delete_and_comes_back_as_a_new_version",
    53: "test_twins.py::test_a_file_that_moves_to_another_month_takes_its_rows_along",
    54: "test_reference_lists.py::test_an_unknown_client_or_type_is_reported_and_the_rest_goes_on",
    55: "test_scan.py::test_long_names_newlines_and_both_unicode_forms",
    56: "test_scan.py::test_names_that_are_not_text_links_and_special_files_are_reported",
    57: "test_faults.py::test_what_is_locked_or_finds_no_space_is_tried_again_after_its_pause",
    58: "test_scan_life.py::test_many_files_gone_at_once_wait_for_a_person_and_new_ones_do_not",
    59: "test_faults.py::test_a_disk_that_is_full",
    61: "test_scan_life.py::test_a_scan_in_portions_deletes_only_what_it_has_looked_at",
    63: "test_faults.py::test_kill_9_at_every_step",
    66: "test_faults.py::test_two_instances_over_one_inbox_and_one_database",
    68: "test_faults.py::test_a_database_that_takes_nothing",
    70: "test_due.py::test_a_transient_problem_is_tried_again_with_growing_pauses_and_a_limit",
}


class Killed(BaseException):
    """Stands for a process that ends there and then."""


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        yield house


def names_in(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_every_case_has_a_test() -> None:
    here = names_in(Path(__file__))
    for place in ELSEWHERE.values():
        module, _, name = place.partition("::")
        assert name in names_in(Path(__file__).with_name(module)), place
    found = {int(number) for name in here for number in re.findall(r"^test_case_(\d+)_", name)}
    assert found | ELSEWHERE.keys() == set(range(50, 71))


def at(monkeypatch: pytest.MonkeyPatch, step: Step, action: Any) -> None:
    """Do something whenever a file has come as far as `step`."""

    def reached(file: RegisteredFile, now: Step) -> None:
        if now is step:
            action(file)

    monkeypatch.setattr(ingest, "reached", reached)
    monkeypatch.setattr(client_month, "reached", reached)


def die(file: RegisteredFile) -> None:
    raise Killed


@pytest.mark.parametrize("years", [-20, 0, 20], ids=["old", "equal", "future"])
def test_case_51_the_path_decides_what_is_new_and_no_time(house: House, years: int) -> None:
    moment = 1_750_000_000 + years * 31_557_600
    for name, content in (("a.csv", JUNE), ("b.csv", OTHER)):
        os.utime(house.drop(name, content), (moment, moment))
        house.tick()
    assert house.rows() == [("a.csv", 7), ("b.csv", 11)]


@pytest.mark.parametrize(
    "name",
    [
        "й.csv",
        "и\u0306.csv",
        "Отчёт №1 😀.csv",
        "хвост .csv",
        " a.csv",
        "ОТЧЁТ.CSV",
        "new\nline.csv",
        "x" * 251 + ".csv",
    ],
)
def test_case_55_a_file_of_any_name_goes_all_the_way(house: House, name: str) -> None:
    house.drop(name)
    house.tick()
    assert house.files() == {name: "CREATED"}
    assert house.rows() == [(name, 7)]
    (result,) = house.platform.settings.results_folder.iterdir()
    assert len(os.fsencode(result.name)) <= LONGEST_NAME
    (file,) = house.query("SELECT file_path FROM ops.file_registry")
    assert (house.inbox / file.file_path).is_file()


def test_case_55_names_that_differ_in_form_or_case_only_are_two_files(house: House) -> None:
    for name, content in (("й.csv", JUNE), ("и\u0306.csv", OTHER), ("Й.csv", HEADER + "05.06.2025;Йод;20\n")):
        house.drop(name, content)
    house.tick()
    assert sorted(packs for _, packs in house.rows()) == [7, 11, 20]


def test_case_56_a_link_that_takes_a_registered_files_place_is_not_followed(house: House, tmp_path: Path) -> None:
    path = house.drop("a.csv", OTHER)
    take_in(house.platform, "test")
    secret = tmp_path / "secret.csv"
    secret.write_text(JUNE, encoding="utf-8")
    path.unlink()
    path.symlink_to(secret)
    work_on(house.platform, MONTH, "test", WHOLE, rebuild=False)
    assert house.rows() == []
    assert house.files()["a.csv"] == "FILE_GONE"


@pytest.mark.parametrize("error", [errno.EACCES, errno.EBUSY, errno.EIO])
def test_case_57_what_cannot_be_opened_is_locked_and_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    house.drop("a.csv")
    house.drop("b.csv", OTHER)
    plain = Path.open

    def refuse(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name == "a.csv":
            raise OSError(error, os.strerror(error))
        return plain(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    house.tick()
    monkeypatch.undo()
    assert house.files() == {"a.csv": "LOCKED", "b.csv": "CREATED"}
    (row,) = house.query(
        "SELECT next_attempt_at - now() AS pause, error_detail ->> 'message' AS why FROM ops.file_registry WHERE id = 1"
    )
    assert timedelta(0) < row.pause <= journal.FIRST_RETRY
    assert os.strerror(error) in row.why
    house.change("UPDATE ops.file_registry SET next_attempt_at = now()")
    house.tick()
    assert house.rows() == [("a.csv", 7), ("b.csv", 11)]


def test_case_60_a_path_too_long_is_its_files_error_and_nobody_elses(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a result file; of the inbox's own paths see unit/test_walk.py."""
    house.drop("a.csv")
    house.drop("b.csv", OTHER)
    plain = Path.write_bytes

    def refuse(self: Path, content: bytes) -> int:
        if "_id1_" in self.name:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return plain(self, content)

    monkeypatch.setattr(Path, "write_bytes", refuse)
    house.tick()
    assert sorted(house.files().values()) == ["CREATED", "PATH_TOO_LONG"]
    assert house.query("SELECT count(*) FROM ops.file_registry WHERE next_attempt_at IS NOT NULL") == [(0,)]


def test_case_62_months_that_arrive_out_of_order(house: House) -> None:
    for month in (6, 3, 5, 1, 4):
        house.drop("отчёт.csv", f"{HEADER}0{month}.0{month}.2025;Цитрамон;{month}\n", month=month)
        house.tick()
    rows = house.query(
        "SELECT partition_month, sum(amount_type_1)::int AS packs FROM raw.primary_data GROUP BY 1 ORDER BY 1"
    )
    assert [(row.partition_month.month, row.packs) for row in rows] == [(month, month) for month in (1, 3, 4, 5, 6)]


def test_case_64_a_file_whose_run_died_is_taken_up_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.drop("a.csv")
    with monkeypatch.context() as patch:
        at(patch, Step.READ, die)
        with pytest.raises(Killed):
            house.tick()
    assert house.files() == {"a.csv": "PROCESSING"}
    house.tick()
    assert house.files() == {"a.csv": "CREATED"}


def test_case_64_who_hangs_loses_his_lock_when_his_claims_have_run_out(house: House) -> None:
    """A process that neither works nor dies, or a host that has vanished: its lock would stand for ever."""
    house.drop("a.csv")
    take_in(house.platform, "test")
    with house.platform.engine.begin() as connection:
        journal.claim(connection, [1], "another host")
    with suppress(DBAPIError), try_lock(house.platform.engine, client_month_lock(MONTH)) as held:
        assert held
        assert take_in(house.platform, "test").requests == (), "somebody is at work"
        house.change("UPDATE ops.file_registry SET claimed_until = now() - interval '1 second'")
        assert take_in(house.platform, "test").requests == (), "he is let go in this tick"
        for _ in range(100):
            requests = take_in(house.platform, "test").requests
            if requests:
                break
        assert [request.client_month for request in requests] == [MONTH]
        house.tick()
    assert house.files() == {"a.csv": "CREATED"}
    assert house.rows() == [("a.csv", 7)]


def test_case_64_who_is_at_work_keeps_his_lock_however_long_it_takes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        house.drop(f"{number}.csv", f"{HEADER}02.06.2025;Цитрамон;{number + 1}\n")
    seen: list[tuple[list[ClientMonth], int]] = []

    def look(file: RegisteredFile) -> None:
        with house.platform.engine.connect() as connection:
            seen.append((claims.overdue(connection), len(take_in(house.platform, "another").requests)))
        house.change("UPDATE ops.file_registry SET claimed_until = now() WHERE claimed_until IS NOT NULL")

    monkeypatch.setattr(claimed, "_RENEWAL", timedelta(0))
    at(monkeypatch, Step.READ, look)
    house.tick()
    assert seen == [([], 0)] * 3, "each file renews the claims"
    assert set(house.files().values()) == {"CREATED"}


def test_case_65_a_file_that_kills_its_reader_is_out_of_the_way(house: House) -> None:
    """Once: it is read by other engines. Twice: it is an error, and the others go on."""
    house.drop("a.csv")
    house.drop("deadly.csv", HEADER + "03.06.2025;kill;1\n")
    house.drop("harmful.csv", HEADER + "03.06.2025;hurt;3\n")
    house.drop("the last one.csv", OTHER)
    with GuardedReader(60, 4096, worker="pharma_assets_tests.database.deadly_worker") as reader:
        house.platform = replace(house.platform, reader=reader)
        house.tick()
        assert house.files()["deadly.csv"] == "WORKER_CRASH"
        assert house.rows() == [("a.csv", 7), ("harmful.csv", 3), ("the last one.csv", 11)]
        assert take_in(house.platform, "test").requests == (), "it is not tried for ever"
        house.drop("deadly.csv", HEADER + "03.06.2025;Йод;1\n")
        house.tick()
    assert house.files()["deadly.csv"] == "CREATED"


def test_case_65_a_file_that_kills_its_run_is_put_off_and_the_others_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not its reading process but the run itself: out of memory while its rows are made, for instance."""
    for name, content in (("1.csv", JUNE), ("22.csv", OTHER), ("333.csv", MAY.replace("05.05", "05.06"))):
        house.drop(name, content)

    def deadly(file: RegisteredFile) -> None:
        if file.path.endswith("22.csv"):
            raise Killed

    with monkeypatch.context() as patch:
        at(patch, Step.READ, deadly)
        for _ in range(claims.MOST_DEATHS):
            with pytest.raises(Killed):
                house.tick()
        house.tick()
        assert house.files() == {"1.csv": "CREATED", "22.csv": "RUN_DIED", "333.csv": "CREATED"}
        house.tick()
        house.change("UPDATE ops.file_registry SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL")
        with pytest.raises(Killed):
            house.tick()
        house.tick()
        assert house.files()["22.csv"] == "RUN_DIED"
    house.change("UPDATE ops.file_registry SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL")
    house.tick()
    assert set(house.files().values()) == {"CREATED"}
    assert house.query("SELECT max(deaths) FROM ops.file_registry") == [(0,)]


@pytest.mark.parametrize("problem", ["INBOX_MISSING", "database"])
def test_case_65_what_is_no_files_fault_is_no_death_of_a_run(
    house: House, monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    house.drop("a.csv")

    def fail(file: RegisteredFile) -> None:
        if problem == "database":
            house.change("DO $$ BEGIN RAISE deadlock_detected; END $$")
        raise PharmaError(problem, folder="/srv")

    for _ in range(4):
        with monkeypatch.context() as patch:
            at(patch, Step.READ, fail)
            with pytest.raises((PharmaError, DBAPIError)):
                house.tick()
        assert house.files() == {"a.csv": "NEW"}
    house.tick()
    assert house.files() == {"a.csv": "CREATED"}


def test_case_67_a_deadlock_is_nobodys_fault_and_what_lost_is_done_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real one: the load holds the file's row and waits for the table, the other session has it the other way."""
    house.drop("a.csv")
    house.drop("b.csv", OTHER, month=7, report_type="Type2")
    ready, errors = threading.Event(), list[str]()

    def other_session(file_id: int) -> None:
        with house.platform.engine.connect() as connection:
            connection.execute(text("LOCK TABLE ops.rejected_row IN EXCLUSIVE MODE"))
            ready.set()
            try:
                statement = text("UPDATE ops.file_registry SET updated_at = now() WHERE id = :id")
                connection.execute(statement, {"id": file_id})
            except DBAPIError as error:
                errors.append(f"the other's {type(error.orig).__name__}")
            connection.rollback()

    plain, threads = primary_data.remove_rows, list[threading.Thread]()

    def remove_rows(connection: Any, *arguments: Any) -> list[str]:
        if not threads:
            threads.append(threading.Thread(target=other_session, args=arguments[:1]))
            threads[0].start()
            assert ready.wait(10)
            while not house.query("SELECT FROM pg_locks WHERE NOT granted"):
                time.sleep(0.01)
            # The server looks once, when a session has waited for so long: whoever looks last sees the knot.
            time.sleep(1.3)
        return plain(connection, *arguments)

    monkeypatch.setattr(ingest, "remove_rows", remove_rows)
    try:
        house.tick()
    except DBAPIError as error:
        errors.append(type(error.orig).__name__)
    threads[0].join()
    assert errors == ["DeadlockDetected"]
    assert "INTERNAL_ERROR" not in house.files().values()
    house.tick()
    assert house.files() == {"a.csv": "CREATED", "b.csv": "CREATED"}
    assert house.rows() == [("a.csv", 7), ("b.csv", 11)]


SPOIL = "CREATE TRIGGER spoil BEFORE INSERT ON raw.primary_data FOR EACH ROW EXECUTE FUNCTION raw.spoil()"


def test_case_69_rows_stored_are_not_rows_written(house: House) -> None:
    house.drop("a.csv")
    house.drop("b.csv", OTHER)
    house.tick()
    body = "IF NEW.tms = 'Цитрамон' THEN RETURN NULL; END IF; RETURN NEW;"
    house.change(f"CREATE FUNCTION raw.spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
    house.change(SPOIL)
    house.drop("a.csv", JUNE.replace("5\n", "6\n"))
    house.tick()
    assert house.files()["a.csv"] == "ROWS_NOT_STORED"
    assert house.rows() == [("a.csv", 7), ("b.csv", 11)], "what was there before is there still"
    assert house.query("SELECT count(*) FROM ops.file_load WHERE superseded_at IS NULL") == [(2,)]
    house.change("DROP FUNCTION raw.spoil() CASCADE")
    decide(house.platform, ["1"], retry, "the trigger has gone")
    house.tick()
    assert house.rows() == [("a.csv", 8), ("b.csv", 11)]
