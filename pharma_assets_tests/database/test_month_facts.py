"""What is asked of the database about a client-month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from pharma_assets.loading.month_facts import MonthFacts, month_facts
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets_tests.database.house import HEADER, JUNE, House, opened_house

CLIENT = Client(Provider.DISTRIBUTOR, "Client_01")


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as opened:
        yield opened


def asked(house: House, month: int = 6) -> MonthFacts:
    with house.platform.engine.connect() as connection:
        return month_facts(connection, ClientMonth(CLIENT, 2025, month), "Europe/Moscow", date(2025, 9, 1))


def test_rows_are_counted_by_file_and_by_day(house: House) -> None:
    house.drop("a.csv", JUNE)
    house.drop("b.csv", HEADER + "03.06.2025;Нурофен;1,5\n03.06.2025;Нурофен;дцать\n03.06.2025;Нурофен;0\n")
    house.drop("чужой.csv", JUNE + "30.06.2025;Аспирин;1\n", client="Client_02")
    house.tick()
    facts = asked(house)
    assert [(file.path.rpartition("/")[2], file.stored, file.held_back) for file in facts.files] == [
        ("a.csv", 2, 0),
        ("b.csv", 1, 1),
    ]
    assert facts.files[1].stored_sums == {"amount_type_1": Decimal("1.5")}
    assert facts.days == {date(2025, 6, 2): 1, date(2025, 6, 3): 2}
    assert facts.inns == {None: 3}
    assert facts.rows == 3


def test_a_day_is_one_of_the_suppliers(house: House) -> None:
    house.drop("a.csv", JUNE)
    house.tick()
    house.change("UPDATE raw.primary_data SET period = '2025-06-30 21:00+00'")
    assert asked(house).days == {date(2025, 7, 1): 2}


def test_rows_of_two_files_are_compared_by_their_content(house: House) -> None:
    house.drop("a.csv", HEADER + "02.06.2025;Цитрамон;2\n02.06.2025;Цитрамон;2\n03.06.2025;Аспирин;5\n")
    house.tick()
    assert asked(house).rows_in_files == 0, "a file may repeat a row"
    house.drop("b.csv", HEADER + "02.06.2025;Цитрамон;2\n04.06.2025;Аспирин;5\n")
    house.tick()
    assert asked(house).rows_in_files == 1
    house.drop("c.csv", HEADER + "02.06.2025;Цитрамон;2\n")
    house.tick()
    assert asked(house).rows_in_files == 2


def test_open_files_and_earlier_months(house: House) -> None:
    for month in (3, 4, 5, 6):
        house.drop("a.csv", HEADER + f"02.{month:02d}.2025;Цитрамон;{month}\n" * month, month=month)
    house.drop("пустой.csv", "")
    house.drop("чужой.csv", JUNE, report_type="Type5")
    house.tick()
    facts = asked(house)
    assert {(file.path.rpartition("/")[2], file.code) for file in facts.open_files} == {
        ("пустой.csv", "EMPTY_FILE"),
        ("чужой.csv", "NO_SCRIPT_FOUND"),
    }
    assert [(volume.month.month, volume.rows, volume.sums["amount_type_1"]) for volume in facts.volumes] == [
        (3, 3, 9),
        (4, 4, 16),
        (5, 5, 25),
        (6, 6, 36),
    ]
    assert [volume.month.month for volume in asked(house, 4).volumes] == [3, 4], "what comes later is no history"


def test_what_differs_from_the_ledger_is_seen(house: House) -> None:
    house.drop("a.csv", JUNE)
    house.tick()
    house.change("UPDATE raw.primary_data SET amount_type_1 = amount_type_1 + 1 WHERE tms = 'Аспирин'")
    (file,) = asked(house).files
    assert (file.sums["amount_type_1"], file.stored_sums["amount_type_1"]) == (7, 8)
    house.change("DELETE FROM raw.primary_data")
    (file,) = asked(house).files
    assert (file.rows_loaded, file.stored, file.stored_sums) == (2, 0, {})


def test_control_totals_are_those_of_the_report_as_it_was_read(house: House) -> None:
    house.drop("a.csv", JUNE + "Итого;;7\n")
    house.tick()
    (file,) = asked(house).files
    assert [(total["stated"], total["agrees"]) for total in file.control_totals] == [("7.000", True)]


def test_the_rows_of_a_client_month_are_found_by_an_index(house: House) -> None:
    """However many client-months share the partition, and before anybody has analyzed it."""
    for client in ("Client_01", "Client_02"):
        lines = "".join(f"02.06.2025;Цитрамон {number};2\n" for number in range(3000))
        house.drop("a.csv", HEADER + lines, client=client)
    house.tick()
    statements: list[str] = []
    with house.platform.engine.connect() as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def explain(con: Connection, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
            if "FROM raw.primary_data" in statement:
                plan = cursor.execute(f"EXPLAIN {statement}", parameters).fetchall()
                statements.append("\n".join(row[0] for row in plan))

        month_facts(connection, ClientMonth(CLIENT, 2025, 6), "Europe/Moscow", date(2025, 9, 1))
    assert len(statements) == 2
    for plan in statements:
        assert "Seq Scan" not in plan, plan
