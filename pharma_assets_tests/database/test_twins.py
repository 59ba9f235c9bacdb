"""The same bytes at another path: refused while the first counts, moved with it, loaded where that is right.

BAD_INPUTS 13 and 53.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from pharma_assets.errors import PharmaError
from pharma_assets.intake import take_in
from pharma_assets.loading import ingest
from pharma_assets.loading.client_month import Work, work_on
from pharma_assets.loading.decisions import decide, ignore, release, retry
from pharma_assets.loading.platform import Platform, open_platform
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.registry.files import present_files
from pharma_assets.settings import Settings

LAYOUT = """\
supplier: Ромашка
report_types: [Type1, Type2]
outside_month: 1
nil_report: true
columns:
  Дата: {to: period, filled: true}
  Товар: {to: tms, filled: true}
  Количество: {to: amount_type_1, filled: true}
left_out:
  - {column: Количество, equals: 0, reason: zero quantity}
"""
HEADER = "Дата;Товар;Количество\n"
JUNE = HEADER + "02.06.2025;Цитрамон;2\n03.06.2025;Аспирин;5\n"
CLIENT = Client(Provider.DISTRIBUTOR, "Client_01")


@dataclass
class House:
    """An inbox and the platform over it."""

    inbox: Path
    platform: Platform

    def path(self, name: str, month: int = 6, report_type: str = "Type1", client: str = "Client_01") -> Path:
        leaf = f"Поставщики данных/Дистрибьюторы/2025/{month:02d}/{client}/{report_type}"
        path = self.inbox / leaf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def drop(self, name: str, content: str = JUNE, **place: Any) -> Path:
        path = self.path(name, **place)
        path.write_bytes(content.encode())
        os.utime(path, (time.time() - 100 + len(name), time.time() - 100 + len(name)))
        return path

    def tick(self) -> None:
        for request in take_in(self.platform, "test").requests:
            work_on(self.platform, request.client_month, "test", Work.NORMALIZE | Work.LOAD, rebuild=False)

    def rebuild(self, month: int = 6) -> None:
        work_on(self.platform, ClientMonth(CLIENT, 2025, month), "test", Work.NORMALIZE | Work.LOAD, rebuild=True)

    def files(self) -> dict[str, str]:
        """Name → status, or the reason."""
        query = "SELECT file_path, coalesce(error_reason, status) AS state FROM ops.file_registry"
        return {row.file_path.rpartition("/")[2]: row.state for row in self.query(query)}

    def rows(self) -> list[tuple[str, int]]:
        """The file and the sum of each loaded file's rows."""
        query = "SELECT filename_ish, sum(amount_type_1)::int AS packs FROM raw.primary_data GROUP BY 1"
        return sorted((row.filename_ish.rpartition("/")[2], row.packs) for row in self.query(query))

    def query(self, statement: str) -> list[Any]:
        with self.platform.engine.connect() as connection:
            return list(connection.execute(text(statement)))


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    for client in ("Client_01", "Client_02"):
        layout = tmp_path / "transforms" / "distributors" / client / "layout.yaml"
        layout.parent.mkdir(parents=True)
        layout.write_text(LAYOUT, encoding="utf-8")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    settings = Settings(
        home=tmp_path / "home",
        inbox=inbox,
        database_url=database,
        transforms=tmp_path / "transforms",
        settle_seconds=0,
    )
    with open_platform(settings) as platform:
        yield House(inbox, platform)


def test_a_file_sent_twice_is_loaded_once_and_names_the_first(house: House) -> None:
    house.drop("a.csv")
    house.drop("copy of a.csv")
    house.tick()
    assert house.files() == {"a.csv": "CREATED", "copy of a.csv": "DUPLICATE_CONTENT"}
    assert house.rows() == [("a.csv", 7)]
    (detail,) = house.query(
        "SELECT error_detail ->> 'message' AS message FROM ops.file_registry WHERE status = 'ERROR'"
    )
    assert "file 1, " in detail.message
    assert "a.csv" in detail.message
    house.tick()
    assert house.rows() == [("a.csv", 7)]


@pytest.mark.parametrize(
    "place", [{"report_type": "Type2"}, {"client": "Client_02"}], ids=["another type", "another client"]
)
def test_the_same_workbook_at_a_place_of_its_own_counts(house: House, place: dict[str, str]) -> None:
    house.drop("a.csv")
    house.drop("b.csv", **place)
    house.tick()
    assert house.rows() == [("a.csv", 7), ("b.csv", 7)]


def test_the_same_bytes_in_another_month_are_a_copy_too(house: House) -> None:
    house.drop("a.csv", JUNE + "01.07.2025;Анальгин;1\n" * 2)
    house.tick()
    house.drop("again.csv", JUNE + "01.07.2025;Анальгин;1\n" * 2, month=7)
    house.tick()
    assert house.files()["again.csv"] == "DUPLICATE_CONTENT"


def test_reports_of_nothing_are_no_copies_of_one_another(house: House) -> None:
    for name in ("a.csv", "bb.csv"):
        house.drop(name, HEADER + "02.06.2025;Цитрамон;0\n")
    house.tick()
    assert house.files() == {"a.csv": "CREATED", "bb.csv": "CREATED"}


@pytest.mark.parametrize("how", ["it goes", "it is replaced"])
def test_the_copy_is_taken_up_when_the_first_no_longer_counts(house: House, how: str) -> None:
    first = house.drop("a.csv")
    house.drop("copy of a.csv")
    house.drop("other.csv", JUNE.replace("Аспирин", "Нурофен"))
    house.tick()
    if how == "it goes":
        first.unlink()
    else:
        house.drop("a.csv", JUNE.replace("Цитрамон", "Анальгин"))
    house.tick()
    house.tick()
    assert house.files()["copy of a.csv"] == "CREATED"
    packs = dict(house.rows())
    assert packs["copy of a.csv"] == 7
    assert ("a.csv" in packs) == (how == "it is replaced")


def test_a_file_that_moves_to_another_month_takes_its_rows_along(house: House) -> None:
    first = house.drop("a.csv")
    house.drop("stays.csv", JUNE.replace("Аспирин", "Нурофен"))
    house.tick()
    first.rename(house.path("moved.csv", month=7))
    house.tick()
    assert house.files() == {"a.csv": "FILE_GONE", "stays.csv": "CREATED", "moved.csv": "CREATED"}
    assert house.rows() == [("moved.csv", 7), ("stays.csv", 7)]
    (event,) = house.query("SELECT file_id, detail ->> 'path' AS path FROM ops.file_event WHERE event = 'MOVED'")
    assert (event.file_id, event.path.rpartition("/")[2]) == (1, "moved.csv")
    house.rebuild(6)
    house.rebuild(7)
    assert house.rows() == [("moved.csv", 7), ("stays.csv", 7)]


def test_two_files_that_are_loaded_at_once_do_not_both_count(house: House) -> None:
    """The check stands inside the load's transaction too."""
    house.drop("a.csv")
    house.drop("copy of a.csv")
    take_in(house.platform, "test")
    with house.platform.engine.connect() as connection:
        first, second = present_files(connection, ClientMonth(CLIENT, 2025, 6))
    one, two = (ingest.normalize_file(house.platform, file, "test") for file in (first, second))
    with house.platform.engine.begin() as connection:
        ingest.load_file(house.platform, connection, one, "test")
    with pytest.raises(PharmaError, match="DUPLICATE_CONTENT"), house.platform.engine.begin() as connection:
        ingest.load_file(house.platform, connection, two, "test")


def test_a_person_lets_a_copy_through_and_the_reason_is_kept(house: House) -> None:
    house.drop("a.csv")
    house.drop("copy of a.csv")
    house.tick()
    decide(house.platform, ["2"], release, "two stores, the same sales")
    house.tick()
    assert house.rows() == [("a.csv", 7), ("copy of a.csv", 7)]
    (event,) = house.query("SELECT file_id, detail ->> 'why' AS why FROM ops.file_event WHERE event = 'RELEASED'")
    assert (event.file_id, event.why) == (2, "two stores, the same sales")
    house.rebuild()
    assert len(house.rows()) == 2
    house.drop("copy of a.csv", JUNE + "04.06.2025;Анальгин;1\n")
    house.tick()
    assert dict(house.rows())["copy of a.csv"] == 8


def test_a_file_that_is_ignored_gives_its_rows_back_and_stays_away_until_it_is_released(house: House) -> None:
    house.drop("a.csv")
    house.tick()
    path = house.query("SELECT file_path FROM ops.file_registry")[0].file_path
    decide(house.platform, [path], ignore, "a test of the supplier's")
    assert (house.files(), house.rows()) == ({"a.csv": "IGNORED"}, [])
    house.tick()
    house.rebuild()
    assert (house.files(), house.rows()) == ({"a.csv": "IGNORED"}, [])
    decide(house.platform, [path], release, "it was real")
    house.tick()
    assert (house.files(), house.rows()) == ({"a.csv": "CREATED"}, [("a.csv", 7)])


def test_an_ignored_file_that_changes_is_a_new_file(house: House) -> None:
    house.drop("a.csv")
    house.tick()
    decide(house.platform, ["1"], ignore, "wrong figures")
    house.drop("a.csv", JUNE.replace("5", "6"))
    house.tick()
    assert house.files() == {"a.csv": "CREATED"}


def test_a_lasting_error_is_tried_again_when_a_person_says_so(house: House) -> None:
    house.drop("a.csv", "%PDF-1.7")
    house.tick()
    attempts = "SELECT count(*) AS count FROM ops.file_event WHERE event = 'FAILED'"
    house.tick()
    assert house.query(attempts)[0].count == 1
    decide(house.platform, ["1"], retry, "the reader was mended")
    house.tick()
    house.tick()
    assert house.query(attempts)[0].count == 2


def test_a_name_that_the_registry_lacks_changes_nothing(house: House) -> None:
    house.drop("a.csv")
    house.tick()
    with pytest.raises(PharmaError, match="FILE_UNKNOWN"):
        decide(house.platform, ["1", "no/such/file.csv"], ignore, "x")
    assert house.files() == {"a.csv": "CREATED"}
