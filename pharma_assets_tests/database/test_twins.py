"""The same bytes at another path: refused while the first counts, moved with it, loaded where that is right.

BAD_INPUTS 13 and 53.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.intake import take_in
from pharma_assets.loading import ingest
from pharma_assets.loading.decisions import decide, ignore, release, retry
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry.files import present_files
from pharma_assets_tests.database.house import CLIENT, HEADER, JUNE, House, opened_house


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        yield house


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
