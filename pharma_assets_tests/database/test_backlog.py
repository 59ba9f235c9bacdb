"""A backlog of years: registered, not in anybody's way, taken in when a person asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from pharma_assets.intake import take_in
from pharma_assets.loading.decisions import decide, retry
from pharma_assets.loading.estimate import Estimate, estimate
from pharma_assets.registry import backlog
from pharma_assets.registry.backlog import Part
from pharma_assets.registry.folders import remembered
from pharma_assets.registry.journal import Verdict
from pharma_assets.registry.overview import overview
from pharma_assets.settings import Settings
from pharma_assets_tests.database.house import HEADER, JUNE, House, opened_house

VERDICT = Verdict("anna", "the customer asks for the spring")
EVERYTHING = Part()


def report(month: int, quantity: int = 2) -> str:
    return f"{HEADER}0{month}.0{month}.2025;Цитрамон;{quantity}\n"


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    """Everything before June is of long ago."""
    with opened_house(tmp_path, database) as house:
        with_since(house, date(2025, 6, 1))
        yield house


def with_since(house: House, since: date | None, **others: object) -> None:
    settings = house.platform.settings.model_copy(update={"since": since, **others})
    house.platform = replace(house.platform, settings=settings)


def fill(house: House) -> None:
    """A fresh report and four old ones of two clients."""
    house.drop("june.csv")
    house.drop("may.csv", report(5), month=5)
    house.drop("april.csv", report(4), month=4)
    house.drop("april 2.csv", report(4, 7), month=4)
    house.drop("other.csv", report(5, 9), month=5, client="Client_02")


def start(house: House, part: Part = EVERYTHING) -> int:
    with house.platform.engine.begin() as connection:
        return backlog.start(connection, part, VERDICT)


def test_what_is_of_long_ago_is_registered_and_waits(house: House) -> None:
    fill(house)
    house.tick()
    waiting = dict.fromkeys(["may.csv", "april.csv", "april 2.csv", "other.csv"], "BACKLOG")
    assert house.files() == {"june.csv": "CREATED", **waiting}
    (row,) = house.query(
        "SELECT status, error_detail ->> 'message' AS message FROM ops.file_registry WHERE file_path LIKE '%may.csv'"
    )
    assert row.status == "NEW"
    assert "2025-06" in row.message
    assert take_in(house.platform, "test").requests == ()
    with house.platform.engine.connect() as connection:
        assert backlog.count_waiting(connection) == (4, 3)
        assert overview(connection).open_files == (), "it is no work that somebody forgot"


def test_a_backlog_costs_the_scan_nothing(house: House) -> None:
    """Folders with a file that is due are listed at every scan; these must not be."""
    fill(house)
    house.tick()
    house.change("UPDATE ops.inbox_folder SET modified_ns = 1")
    with house.platform.engine.begin() as connection:
        calm = [folder for folder in remembered(connection).calm if "/Type" in folder]
    assert len(calm) >= 3, calm


def test_a_part_of_it_is_taken_in_when_a_person_asks(house: House) -> None:
    fill(house)
    house.tick()
    assert start(house, Part(since=date(2025, 5, 1), clients=("Дистрибьюторы/Client_01",))) == 1
    assert start(house, Part(since=date(2025, 5, 1), clients=("Сети/Client_02",))) == 0
    house.tick()
    assert house.files()["may.csv"] == "CREATED"
    assert house.files()["april.csv"] == "BACKLOG"
    assert start(house, Part(until=date(2025, 5, 1))) == 2
    assert start(house, Part(clients=("Client_02",))) == 1
    house.tick()
    assert set(house.files().values()) == {"CREATED"}
    events = house.query("SELECT run_id, detail ->> 'why' AS why FROM ops.file_event WHERE event = 'ASKED_FOR'")
    assert {(event.run_id, event.why) for event in events} == {("person:anna", VERDICT.why)}
    assert len(events) == 4


def test_it_comes_after_what_is_fresh_and_a_part_at_a_time(house: House) -> None:
    with_since(house, date(2025, 6, 1), backlog_at_once=1)
    fill(house)
    take_in(house.platform, "test")
    start(house)
    requests = take_in(house.platform, "test").requests
    assert [(request.client_month.month, request.is_backlog) for request in requests] == [(6, False), (5, True)]
    with_since(house, date(2025, 6, 1), backlog_at_once=0)
    assert [request.client_month.month for request in take_in(house.platform, "test").requests] == [6]


def test_what_is_not_begun_can_be_put_off_again(house: House) -> None:
    fill(house)
    take_in(house.platform, "test")
    start(house)
    with house.platform.engine.begin() as connection:
        assert backlog.stop(connection, Part(since=date(2025, 5, 1)), VERDICT, date(2025, 6, 1)) == 2
    house.tick()
    assert house.files() == {
        "june.csv": "CREATED",
        "april.csv": "CREATED",
        "april 2.csv": "CREATED",
        "may.csv": "BACKLOG",
        "other.csv": "BACKLOG",
    }


@pytest.mark.parametrize("how", ["rebuild", "retry"])
def test_a_person_who_works_on_such_a_month_means_its_files(house: House, how: str) -> None:
    path = house.drop("may.csv", report(5), month=5)
    house.tick()
    if how == "rebuild":
        house.rebuild(5)
    else:
        decide(house.platform, [path.relative_to(house.inbox).as_posix()], retry, "now")
        house.tick()
    assert house.files() == {"may.csv": "CREATED"}


def test_a_file_that_nobody_asked_for_waits_on_when_it_changes_goes_or_comes_back(house: House) -> None:
    path = house.drop("may.csv", report(5), month=5)
    house.drop("other.csv", report(5, 9), month=5)
    house.tick()
    house.drop("may.csv", report(5, 77), month=5)
    house.tick()
    assert house.files()["may.csv"] == "BACKLOG"
    path.unlink()
    house.tick()
    assert house.files()["may.csv"] == "FILE_GONE"
    house.drop("may.csv", report(5), month=5)
    house.tick()
    assert house.files()["may.csv"] == "BACKLOG"
    assert house.query("SELECT version FROM ops.file_registry WHERE file_path LIKE '%may.csv'") == [(3,)]


def test_a_file_that_was_taken_in_is_due_when_it_changes_however_old(house: House) -> None:
    house.drop("may.csv", report(5), month=5)
    house.tick()
    start(house)
    house.tick()
    house.drop("may.csv", report(5, 77), month=5)
    house.tick()
    assert house.rows() == [("may.csv", 77)]


def test_without_the_setting_nothing_waits(house: House) -> None:
    with_since(house, None)
    fill(house)
    house.tick()
    assert set(house.files().values()) == {"CREATED"}


@pytest.mark.parametrize("month", ["2025", "2025-13", "июнь", "2025-06-01"])
def test_a_month_is_written_as_one(month: str) -> None:
    with pytest.raises(ValidationError):
        Settings(since=month)


def planned(house: House, part: Part = EVERYTHING, sample: int = 3) -> Estimate:
    return estimate(house.platform, part, sample=sample, run_seconds=2.0)


def test_the_plan_of_a_sample(house: House) -> None:
    """Nothing is loaded yet, so a few files are read; with all of them read, the figures are exact."""
    fill(house)
    for number in range(3):
        house.drop(f"{number}.csv", report(1 + number, 5 + number), month=1 + number)
    house.drop("without a layout.csv", month=5, client="Client_09")
    take_in(house.platform, "test")
    before = house.query("SELECT * FROM ops.file_registry ORDER BY id")
    found = planned(house, sample=10)
    assert (found.total.files, found.total.client_months, found.total.without_transform) == (8, 6, 1)
    assert round(found.total.rows) == 7
    assert found.total.size == sum(row.file_size for row in before if row.error_reason == "BACKLOG")
    rate = found.measured.rates[".csv"]
    assert (rate.sampled, rate.files, rate.rows) == (True, 7, 7)
    assert found.total.seconds == pytest.approx(rate.seconds + 6 * 2.0)
    assert [line.name for line in found.years] == ["2025"]
    assert found.result_bytes > 0
    assert house.query("SELECT * FROM ops.file_registry ORDER BY id") == before
    assert planned(house, sample=2).measured.rates[".csv"].files == 2
    assert planned(house, sample=0).total.unknown == 7
    assert planned(house, Part(clients=("Client_02",))).total.files == 1


def test_the_plan_goes_by_what_was_loaded(house: House) -> None:
    fill(house)
    house.tick()
    found = planned(house)
    rate = found.measured.rates[".csv"]
    assert (rate.sampled, rate.files, rate.rows, rate.size) == (False, 1, 2, len(JUNE.encode()))
    assert rate.seconds > 0
    assert found.total.rows == pytest.approx(found.total.size * 2 / len(JUNE.encode()))
    (result,) = house.platform.settings.results_folder.iterdir()
    assert found.measured.result_bytes == result.stat().st_size / 2


def test_a_file_of_the_sample_that_cannot_be_read_is_named(house: House) -> None:
    house.drop("bad.csv", "%PDF-1.7", month=5)
    house.drop("may.csv", report(5), month=5)
    take_in(house.platform, "test")
    found = planned(house)
    assert [(path.rpartition("/")[2], code) for path, code in found.measured.unread] == [
        ("bad.csv", "FORMAT_UNSUPPORTED")
    ]
    assert found.measured.rates[".csv"].files == 1


def test_many_client_months_take_as_many_ticks_as_the_setting_says(house: House) -> None:
    for month in range(1, 6):
        house.drop("a.csv", report(month, month), month=month)
    take_in(house.platform, "test")
    with_since(house, date(2025, 6, 1), backlog_at_once=1, scan_minutes=15)
    assert planned(house).hours == pytest.approx(5 * 15 / 60)
