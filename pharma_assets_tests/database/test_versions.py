"""A file that is replaced in place breaks the inbox's axiom: that it was, and what it was, stays on record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pharma_assets.loading.decisions import decide, retry
from pharma_assets_tests.database.house import HEADER, JUNE, House, opened_house

OTHER = f"{HEADER}04.06.2025;Анальгин;11\n"


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        yield house


def digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def test_every_version_of_a_file_can_be_asked_for(house: House) -> None:
    house.drop("a.csv", JUNE)
    house.tick()
    house.drop("a.csv", "")
    house.tick()
    house.drop("a.csv", OTHER)
    house.tick()
    versions = house.query("SELECT * FROM ops.file_version ORDER BY version")
    assert [(row.version, row.status, row.error_reason, row.file_size, row.content_hash) for row in versions] == [
        (1, "CREATED", None, len(JUNE.encode()), digest(JUNE)),
        (2, "ERROR", "EMPTY_FILE", 0, None),
        (3, "CREATED", None, len(OTHER.encode()), digest(OTHER)),
    ]
    assert [row.rows_loaded for row in versions] == [2, None, 1]
    assert [row.replaced_at is None for row in versions] == [False, False, True]
    assert [row.superseded_at is None for row in versions] == [False, True, True]
    assert versions[0].result_name != versions[2].result_name
    assert house.rows() == [("a.csv", 11)]


def test_a_loaded_file_can_be_taken_in_again(house: House) -> None:
    house.drop("a.csv")
    house.tick()
    house.change("UPDATE raw.primary_data SET tms = 'by hand'")
    decide(house.platform, ["1"], retry, "somebody wrote into the table")
    assert house.files() == {"a.csv": "NEW"}
    house.tick()
    assert house.rows() == [("a.csv", 7)]
    assert house.query("SELECT FROM raw.primary_data WHERE tms = 'by hand'") == []
