"""Moving in: ids kept, nothing taken in twice, not a row or a kopeck lost, and all of it or nothing."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from pharma_assets.database.migrations import migrate
from pharma_assets.database.server import EmbeddedServer
from pharma_assets.database.urls import connect
from pharma_assets.errors import PharmaError
from pharma_assets.inbox.source import LocalInbox
from pharma_assets.intake import take_in
from pharma_assets.loading.adoption import move
from pharma_assets.loading.adoption.move import Adoption, adopt
from pharma_assets.loading.adoption.source import Dump, OtherDatabase, Source, ThisDatabase
from pharma_assets.loading.audit import audit
from pharma_assets.loading.decisions import decide, ignore, retry
from pharma_assets.registry import backlog
from pharma_assets.registry.backlog import Part
from pharma_assets.registry.files import NOWHERE
from pharma_assets.registry.journal import Verdict
from pharma_assets_tests.conftest import fresh_database
from pharma_assets_tests.database import original
from pharma_assets_tests.database.house import HEADER, JUNE, House, opened_house
from pharma_assets_tests.database.original import path_of, register, row, tables_of, windows

OTHER = f"{HEADER}04.06.2025;Анальгин;11\n"
MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture
def house(tmp_path: Path, blank_database: str) -> Iterator[House]:
    """An inbox of some years' use; the database has the original tables and nothing else."""
    original.make(blank_database, original.REGISTRY, original.ROWS)
    with opened_house(tmp_path, blank_database) as house:
        yield house


def url(house: House) -> str:
    secret = house.platform.settings.database_url
    assert secret is not None
    return secret.get_secret_value()


def as_superuser(house: House, server: EmbeddedServer) -> str:
    return server.superuser_url(url(house).rpartition("/")[2].partition("?")[0])


def moved(house: House, source: Source | None = None, **options: Any) -> Adoption:
    return adopt(house.platform.settings, source or ThisDatabase(), "anna", **options)


def fill(house: House) -> None:
    """A file of every status; the one that is CREATED has two rows that repeat each other and one more."""
    for name in ("created.csv", "new.csv", "error.csv", "processing.csv"):
        house.drop(name, HEADER + f"03.06.2025;{name};5\n")
    register(url(house), 7, path_of("created.csv"), "CREATED", uploaded_at="2025-06-30 09:00+03")
    register(url(house), 8, path_of("new.csv"), "NEW")
    register(url(house), 9, path_of("error.csv"), "ERROR", error_reason="RETURN_CODE_1")
    register(url(house), 12, path_of("processing.csv"), "PROCESSING", error_reason="NO_SCRIPT_FOUND")
    register(url(house), 30, path_of("gone.csv"), "DELETE")
    for amount in ("2", "2", "0.125"):
        row(url(house), windows(path_of("created.csv")), amount, filename_result="Client_01_id7_created.xlsx")


def no_differences(house: House) -> None:
    found = audit(house.platform)
    assert found.remaining == 0, [str(difference.error) for difference in found.differences]


def test_a_platform_takes_over_and_goes_on_where_the_other_stopped(house: House) -> None:
    fill(house)
    found = moved(house)
    registry = house.query("SELECT id, file_path, status, uploaded_at FROM ops.file_registry ORDER BY id")
    assert [(file.id, file.status) for file in registry] == [
        (7, "CREATED"),
        (8, "NEW"),
        (9, "NEW"),
        (12, "NEW"),
        (30, "DELETE"),
    ]
    assert registry[0].file_path == path_of("created.csv")
    assert registry[0].uploaded_at.isoformat() == "2025-06-30T09:00:00+03:00"
    assert found.before == {"CREATED": 1, "NEW": 1, "ERROR": 1, "PROCESSING": 1, "DELETE": 1}
    assert found.how == {"by its path": 3}
    assert all(figure.agrees for figure in found.figures)

    house.tick()
    assert house.files() == {
        **dict.fromkeys(["created.csv", "new.csv", "error.csv", "processing.csv"], "CREATED"),
        "gone.csv": "FILE_GONE",
    }
    events = house.query("SELECT event FROM ops.file_event WHERE file_id = 7 ORDER BY id")
    assert [event.event for event in events] == ["ADOPTED"], "neither changed nor taken in again"
    assert take_in(house.platform, "test").requests == ()
    rows = house.query("SELECT * FROM raw.primary_data WHERE file_id = 7 ORDER BY source_row")
    assert [(row.amount_type_1, row.source_sheet, row.source_row) for row in rows] == [
        (Decimal("2.000"), "adopted", 1),
        (Decimal("2.000"), "adopted", 2),
        (Decimal("0.125"), "adopted", 3),
    ]
    assert {row.partition_month for row in rows} == {date(2025, 6, 1)}
    assert {row.filename_ish for row in rows} == {windows(path_of("created.csv"))}, "as it was written"
    assert [row.id for row in rows] == [1, 2, 3]
    house.drop("another.csv")
    house.tick()
    (after,) = house.query("SELECT id FROM ops.file_registry WHERE file_path LIKE '%another.csv'")
    assert after.id > 30
    no_differences(house)


def test_what_became_of_each_file_is_on_record(house: House) -> None:
    fill(house)
    moved(house)
    (error,) = house.query("SELECT status_to, run_id, detail FROM ops.file_event WHERE file_id = 9")
    assert (error.status_to, error.run_id) == ("NEW", "person:anna")
    assert (error.detail["status"], error.detail["reason"]) == ("ERROR", "RETURN_CODE_1")
    (whole,) = house.query("SELECT detail FROM ops.file_event WHERE event = 'MOVED_IN'")
    assert whole.detail["figures"]["amount_type_1: sum"] == ["4.125", "4.125", "0"]
    assert tables_of(url(house)) >= {"original.file_registry", "original.primary_data", "ops.file_registry"}
    assert house.query("SELECT count(*) FROM original.primary_data") == [(3,)]


def test_a_platform_that_finds_such_tables_says_what_to_do(house: House) -> None:
    with pytest.raises(PharmaError, match="ORIGINAL_TABLES") as caught:
        migrate(url(house))
    assert "ops.file_registry, raw.primary_data" in caught.value.message
    assert "db adopt" in caught.value.advice
    assert tables_of(url(house)) == {"ops.file_registry", "raw.primary_data"}


@pytest.mark.parametrize("how", ["dry run", "dies", "differs"])
def test_it_is_all_or_nothing(house: House, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    fill(house)
    before = house.query("SELECT * FROM raw.primary_data ORDER BY id")
    tables = tables_of(url(house))
    if how == "dry run":
        assert moved(house, dry_run=True).how == {"by its path": 3}
    elif how == "dies":
        monkeypatch.setattr(move, "_tell", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            moved(house)
    else:
        plain = move.copy_rows

        def lose(connection: psycopg.Connection, *arguments: Any) -> int:
            stored = plain(connection, *arguments)
            connection.execute("UPDATE raw.primary_data SET amount_type_1 = 3 WHERE id = 1")
            return stored

        monkeypatch.setattr(move, "copy_rows", lose)
        with pytest.raises(PharmaError, match=r"amount_type_1: sum 4\.125 ≠ 5\.125"):
            moved(house)
    monkeypatch.undo()
    assert {name for name in tables_of(url(house)) if "_yoyo" not in name} == tables
    assert house.query("SELECT * FROM raw.primary_data ORDER BY id") == before
    moved(house)
    no_differences(house)


HARMS = {
    "a text": "UPDATE raw.primary_data SET tms = 'x' WHERE id = 1",
    "a moment": "UPDATE raw.primary_data SET period = period + interval '1 hour' WHERE id = 1",
    "a row too few": "DELETE FROM raw.primary_data WHERE id = 1",
    "a row too many": """
        INSERT INTO raw.primary_data (file_id, source_sheet, source_row, partition_month)
        VALUES (7, 'adopted', 99, '2025-06-01')
    """,
    "cells of two rows exchanged": """
        UPDATE raw.primary_data d SET filename_ish = other.filename_ish
        FROM raw.primary_data other WHERE (d.id, other.id) IN ((1, 4), (4, 1))
    """,
    "a column that ours lacks": "UPDATE raw.primary_data SET extra = extra - 'region_code' WHERE id = 1",
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_the_proof_finds_whatever_is_not_as_it_was(house: House, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    fill(house)
    house.change("ALTER TABLE raw.primary_data ADD COLUMN region_code int DEFAULT 77")
    row(url(house), windows(path_of("new.csv")))
    plain = move.copy_rows

    def spoil(connection: psycopg.Connection, *arguments: Any) -> int:
        stored = plain(connection, *arguments)
        assert connection.execute(harm.encode()).rowcount
        return stored

    monkeypatch.setattr(move, "copy_rows", spoil)
    with pytest.raises(PharmaError, match="ADOPTION_DIFFERS"):
        moved(house)


@pytest.mark.parametrize("how", ["rebuild", "retry", "changed"])
def test_a_file_that_was_taken_over_is_replaced_and_not_doubled(house: House, how: str) -> None:
    path = house.drop("a.csv")
    register(url(house), 7, path_of("a.csv"), "CREATED")
    row(url(house), path_of("a.csv"), "40")
    row(url(house), path_of("a.csv"), "2")
    moved(house)
    house.tick()
    assert house.rows() == [("a.csv", 42)]
    if how == "rebuild":
        house.rebuild()
    elif how == "retry":
        decide(house.platform, ["7"], retry, "with our layout")
        house.tick()
    else:
        house.drop("a.csv", OTHER)
        house.tick()
    assert house.rows() == [("a.csv", 11 if how == "changed" else 7)]
    loads = house.query("SELECT transform_fingerprint, superseded_at IS NULL AS counts FROM ops.file_load ORDER BY id")
    assert [(load.transform_fingerprint == "adopted", load.counts) for load in loads] == [(True, False), (False, True)]
    assert path.exists()
    no_differences(house)


def test_a_changed_layout_does_not_touch_what_was_taken_over(house: House) -> None:
    house.drop("a.csv")
    register(url(house), 7, path_of("a.csv"), "CREATED")
    row(url(house), path_of("a.csv"), "40")
    moved(house)
    house.change_layout("  - {column: Товар, equals: Аспирин, reason: not ours}\n")
    house.tick()
    assert house.rows() == [("a.csv", 40)]


@pytest.mark.parametrize("status", ["NEW", "ERROR", "PROCESSING"])
def test_rows_of_a_file_that_begins_anew_are_replaced(house: House, status: str) -> None:
    """The other program may have loaded half of it before something went wrong."""
    house.drop("a.csv")
    register(url(house), 7, path_of("a.csv"), status)
    row(url(house), path_of("a.csv"), "40")
    moved(house)
    assert house.rows() == [("a.csv", 40)]
    house.tick()
    assert house.rows() == [("a.csv", 7)]
    no_differences(house)


@pytest.mark.parametrize("ticks_before", [0, 1], ids=["asked for at once", "learnt before"])
def test_a_copy_of_what_was_taken_over_is_a_copy(house: House, ticks_before: int) -> None:
    """Which bytes the first was made of, nobody has told: they are looked at when a file of that size comes."""
    house.drop("a.csv")
    register(url(house), 7, path_of("a.csv"), "CREATED")
    row(url(house), path_of("a.csv"), "7")
    moved(house)
    assert house.query("SELECT content_hash FROM ops.file_load") == [(None,)]
    for _ in range(ticks_before):
        house.tick()
    house.drop("copy.csv", JUNE, month=7)
    house.drop("of that size.csv", JUNE.replace("5", "6"), month=7)
    house.tick()
    assert house.files() == {"a.csv": "CREATED", "copy.csv": "DUPLICATE_CONTENT", "of that size.csv": "CREATED"}
    assert house.query("SELECT count(*) FROM ops.file_load WHERE content_hash IS NULL") == [(0,)]
    no_differences(house)


def test_a_file_that_was_taken_over_and_moves_takes_its_rows_along(house: House) -> None:
    path = house.drop("a.csv")
    house.drop("stays.csv", OTHER)
    register(url(house), 7, path_of("a.csv"), "CREATED")
    register(url(house), 8, path_of("stays.csv"), "CREATED")
    row(url(house), path_of("a.csv"), "7")
    moved(house)
    house.tick()
    path.unlink()
    house.drop("moved.csv")
    house.tick()
    assert house.files() == {"a.csv": "FILE_GONE", "stays.csv": "CREATED", "moved.csv": "CREATED"}
    assert house.rows() == [("moved.csv", 7)]


def test_created_without_rows_is_taken_in_when_a_person_asks(house: House) -> None:
    """The original workflow ends with the result file: nothing of it ever loads `raw.primary_data`."""
    house.drop("a.csv")
    house.drop("b.csv", OTHER)
    for number, name in enumerate(("a.csv", "b.csv"), start=1):
        register(url(house), number, path_of(name), "CREATED")
    moved(house)
    house.tick()
    assert house.rows() == []
    no_differences(house)
    with house.platform.engine.begin() as connection:
        assert backlog.waiting(connection, Part()) == []
        (group,) = backlog.waiting(connection, Part(adopted=True))
        assert group.files == 2
        assert group.size == len(JUNE.encode()) + len(OTHER.encode())
        assert backlog.start(connection, Part(adopted=True), Verdict("anna", "now")) == 2
    house.tick()
    assert house.rows() == [("a.csv", 7), ("b.csv", 11)]


def packs(house: House) -> int:
    (row,) = house.query("SELECT sum(amount_type_1)::int AS packs FROM raw.primary_data")
    return int(row.packs)


def test_rows_whose_file_nobody_knows_are_kept_apart(house: House) -> None:
    house.drop("a.csv")
    register(url(house), 7, path_of("a.csv"), "CREATED")
    row(url(house), path_of("a.csv"), "7")
    row(url(house), "продажи.xlsx", "100")
    row(url(house), "продажи.xlsx", "1", period="2025-05-31 23:00+03")
    row(url(house), None, "1000", period=None, report_provider=None, report_provider_name=None)
    found = moved(house)
    assert found.how == {"by its path": 1, "no file known": 3}
    files = house.query("SELECT * FROM ops.file_registry WHERE file_path NOT LIKE 'Поставщики%' ORDER BY file_path")
    assert [(file.file_path, file.client_name, file.status) for file in files] == [
        (f"{NOWHERE}/?/2023/?/?/?/?", "?", "DELETE"),
        (f"{NOWHERE}/Дистрибьюторы/2025/05/Client_01/?/продажи.xlsx", "Client_01", "DELETE"),
        (f"{NOWHERE}/Дистрибьюторы/2025/06/Client_01/?/продажи.xlsx", "Client_01", "DELETE"),
    ]
    house.tick()
    house.rebuild()
    assert packs(house) == 1108, "a rebuild replaces what it can give again, and no more"
    codes = [difference.code for difference in audit(house.platform).differences]
    assert codes == ["ROWS_WITHOUT_FILE"] * 3
    decide(house.platform, [str(files[2].id)], ignore, "they were a.csv's own")
    assert packs(house) == 1008
    no_differences(house)


def test_a_file_known_from_its_rows_only_is_not_taken_in_again(house: House) -> None:
    house.drop("a.csv")
    row(url(house), f"/srv/old/{path_of('a.csv')}", "7")
    row(url(house), f"/srv/old/{path_of('long gone.csv')}", "3")
    house.change("DROP TABLE ops.file_registry")
    found = moved(house)
    assert found.how == {"by its path, in no registry till now": 2}
    house.tick()
    assert house.files() == {"a.csv": "CREATED", "long gone.csv": "FILE_GONE"}
    assert house.rows() == [("a.csv", 7), ("long gone.csv", 3)]


def test_one_row_a_file_as_the_originals_index_wants_it(house: House) -> None:
    house.change("CREATE UNIQUE INDEX uq_filename_ish ON raw.primary_data (filename_ish)")
    house.drop("a.csv")
    register(url(house), 7, path_of("a.csv"), "CREATED")
    row(url(house), path_of("a.csv"), "7")
    moved(house)
    assert house.rows() == [("a.csv", 7)]
    house.rebuild()
    assert house.rows() == [("a.csv", 7)]
    assert house.query("SELECT count(*) FROM raw.primary_data") == [(2,)]


def test_cells_of_other_types_are_read_and_what_does_not_fit_is_kept(house: House) -> None:
    house.change(
        """
        ALTER TABLE raw.primary_data
            ALTER COLUMN period TYPE text, ALTER COLUMN amount_type_1 TYPE text,
            ALTER COLUMN amount_type_2 TYPE double precision, ALTER COLUMN amount_type_3 TYPE numeric,
            ALTER COLUMN date_godnost TYPE timestamp, ALTER COLUMN sum_nds TYPE text,
            ADD COLUMN region_code int, ADD COLUMN "Комментарий" text
        """
    )
    house.drop("a.csv")
    register(url(house), 7, path_of("a.csv"), "CREATED")
    place = path_of("a.csv")
    row(url(house), place, "12,5", period="02.06.2025", sum_nds="1 234,50", amount_type_2=0.1 + 0.2)
    row(url(house), place, "1.234", period="июн  3 2025 12:00AM", date_godnost="2027-01-01 00:00", region_code=77)
    row(url(house), place, "много", period="вчера", amount_type_3="0.12345", **{'"Комментарий"': "возврат"})
    row(url(house), place, "NaN", period="infinity", amount_type_2="NaN", amount_type_3="NaN", date_godnost="infinity")
    row(url(house), place, None, period=None)
    found = moved(house)
    rows = house.query("SELECT * FROM raw.primary_data ORDER BY source_row")
    assert [row.amount_type_1 for row in rows] == [Decimal("12.5"), Decimal("1.234"), None, None, None]
    assert [row.period and row.period.astimezone(MOSCOW).isoformat() for row in rows] == [
        "2025-06-02T00:00:00+03:00",
        "2025-06-03T00:00:00+03:00",
        None,
        None,
        None,
    ]
    assert rows[0].sum_nds == Decimal("1234.50")
    assert rows[0].amount_type_2 == Decimal("0.3")
    assert rows[1].date_godnost.astimezone(MOSCOW).isoformat() == "2027-01-01T00:00:00+03:00"
    assert [row.extra for row in rows] == [
        None,
        {"region_code": "77"},
        {"period": "вчера", "amount_type_1": "много", "amount_type_3": "0.12345", "Комментарий": "возврат"},
        {
            "period": "infinity",
            "amount_type_1": "NaN",
            "amount_type_2": "NaN",
            "amount_type_3": "NaN",
            "date_godnost": "infinity",
        },
        None,
    ]
    assert found.aside == {
        "period: cells": 2,
        "date_godnost: cells": 1,
        "amount_type_1: cells": 2,
        "amount_type_2: cells": 1,
        "amount_type_3: cells": 2,
    }
    no_differences(house)


@pytest.fixture
def elsewhere(server: EmbeddedServer) -> Iterator[str]:
    """Another database, which has the original tables."""
    for address in fresh_database(server, "template1"):
        original.make(address, original.REGISTRY, original.ROWS)
        yield address


@pytest.fixture
def new_house(tmp_path: Path, database: str) -> Iterator[House]:
    """A platform in which nothing has happened yet."""
    with opened_house(tmp_path / "new", database) as house:
        yield house


def test_from_another_database(new_house: House, elsewhere: str) -> None:
    new_house.drop("a.csv")
    register(elsewhere, 7, path_of("a.csv"), "CREATED")
    row(elsewhere, windows(path_of("a.csv")), "7.125", period="2025-06-02 15:30:00.123456+07", tms="tab\tand\nline")
    found = moved(new_house, OtherDatabase(elsewhere))
    assert found.how == {"by its path": 1}
    new_house.tick()
    (loaded,) = new_house.query("SELECT * FROM raw.primary_data")
    assert loaded.period.isoformat() == "2025-06-02T11:30:00.123456+03:00"
    assert (loaded.amount_type_1, loaded.tms) == (Decimal("7.125"), "tab\tand\nline")
    assert new_house.files() == {"a.csv": "CREATED"}
    with connect(elsewhere) as connection:
        assert connection.execute("SELECT count(*) FROM raw.primary_data").fetchone() == (1,)
    no_differences(new_house)


@pytest.mark.parametrize("style", ["as psql writes it", "as Excel on Windows writes it"])
def test_from_a_dump(new_house: House, tmp_path: Path, style: str) -> None:
    new_house.drop("a.csv")
    psql = style.startswith("as psql")
    mark, encoding, amount = (",", "utf-8-sig", "2.500") if psql else (";", "cp1251", '"2,500"')
    moment = "2025-06-30 09:00:00+03" if psql else "30.06.2025 9:00"
    lines = {
        "registry": [
            ["id", "file_path", "status", "uploaded_at"],
            ["7", windows(path_of("a.csv")), "CREATED", moment],
        ],
        "rows": [
            ["period", "tms", "amount_type_1", "filename_ish", "Report_Provaider", "supplier_inn"],
            ["02.06.2025", '"Йод, ""5 %"""', amount, path_of("a.csv"), "Дистрибьютор", "0277012345"],
            ["2025-06-03 00:00:00+03", "Бинт", "1500", path_of("a.csv"), "Дистрибьютор", ""],
        ],
    }
    for name, rows in lines.items():
        content = "\r\n".join(mark.join(cells) for cells in rows) + "\r\n"
        (tmp_path / f"{name}.csv").write_bytes(content.encode(encoding))
    found = moved(new_house, Dump(tmp_path / "registry.csv", tmp_path / "rows.csv"))
    assert found.how == {"by its path": 2}
    rows = new_house.query("SELECT * FROM raw.primary_data ORDER BY amount_type_1")
    assert [(row.tms, row.amount_type_1, row.supplier_inn) for row in rows] == [
        ('Йод, "5 %"', Decimal("2.500"), "0277012345"),
        ("Бинт", Decimal("1500.000"), None),
    ]
    assert {row.report_provider for row in rows} == {"Дистрибьютор"}
    new_house.tick()
    assert new_house.files() == {"a.csv": "CREATED"}
    (file,) = new_house.query("SELECT id, uploaded_at FROM ops.file_registry")
    assert (file.id, file.uploaded_at.isoformat()) == (7, "2025-06-30T09:00:00+03:00")
    no_differences(new_house)


def refused(house: House, source: Source | None = None) -> str:
    with pytest.raises(PharmaError, match="ADOPTION_REFUSED") as caught:
        moved(house, source)
    return str(caught.value)


def test_what_is_no_registry_is_refused(house: House, new_house: House, elsewhere: str, tmp_path: Path) -> None:
    house.change("ALTER TABLE ops.file_registry DROP CONSTRAINT file_registry_status_check")
    register(url(house), 7, path_of("a.csv"), "DONE")
    assert "status 'DONE'" in refused(house)
    house.change("ALTER TABLE ops.file_registry RENAME COLUMN status TO state")
    assert "no column status" in refused(house)
    (tmp_path / "notes.csv").write_text("just;;a note\n", encoding="utf-8")
    assert "is no header" in refused(new_house, Dump(registry=tmp_path / "notes.csv"))
    (tmp_path / "torn.csv").write_text("id,file_path,status,uploaded_at\n1,a\n", encoding="utf-8")
    assert "torn.csv" in refused(new_house, Dump(registry=tmp_path / "torn.csv"))
    assert "has no ops.file_registry" in refused(new_house)
    with connect(elsewhere) as connection:
        connection.execute("DROP TABLE ops.file_registry, raw.primary_data")
    assert "other database has no" in refused(new_house, OtherDatabase(elsewhere))


def test_tables_of_another_owner_are_refused(house: House, server: EmbeddedServer) -> None:
    with psycopg.connect(
        server.superuser_url(url(house).rpartition("/")[2].partition("?")[0]), autocommit=True
    ) as admin:
        admin.execute("ALTER TABLE ops.file_registry OWNER TO postgres")
    assert "must be owner of table file_registry" in refused(house)


def test_a_platform_that_is_not_empty_is_refused(new_house: House, elsewhere: str) -> None:
    new_house.drop("a.csv")
    new_house.tick()
    assert "not empty" in refused(new_house, OtherDatabase(elsewhere))


def test_a_file_that_may_lie_in_two_places_is_refused(house: House) -> None:
    house.drop("a.csv")
    twice = house.inbox / "архив" / path_of("a.csv")
    twice.parent.mkdir(parents=True)
    twice.write_text(OTHER, encoding="utf-8")
    register(url(house), 7, "Дистрибьюторы/2025/06/Client_01/Type1/a.csv", "CREATED")
    told = refused(house)
    assert "архив/" in told
    place = "D:\\архив\\Поставщики данных\\Дистрибьюторы\\2025\\06\\Client_01\\Type1\\a.csv"
    house.change("DELETE FROM ops.file_registry")
    register(url(house), 7, place, "CREATED")
    moved(house)
    house.tick()
    assert house.rows() == [("a.csv", 7)], "the one that nobody knew is new"


def test_an_inbox_that_is_not_there_is_not_taken_for_an_empty_one(house: House) -> None:
    for number in range(20):
        register(url(house), number + 1, path_of(f"{number}.csv"), "CREATED")
    assert "--accept-gone" in refused(house)
    found = moved(house, accept_gone=True)
    assert (found.missing, found.after) == (20, {"DELETE": 20})
    house.inbox.rmdir()
    with pytest.raises(PharmaError, match="INBOX_MISSING"):
        moved(house)


def test_a_folder_that_cannot_be_read_is_no_empty_folder(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.drop("a.csv")
    register(url(house), 7, path_of("a.csv"), "CREATED")
    plain = LocalInbox.entries

    def entries(self: LocalInbox, folder: str) -> object:
        if folder.endswith("Type1"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return plain(self, folder)

    monkeypatch.setattr(LocalInbox, "entries", entries)
    assert "cannot be read: Permission denied" in refused(house)


def test_ids_go_on_where_the_originals_end_whoever_owns_their_sequence(house: House) -> None:
    house.change("ALTER SEQUENCE ops.file_registry_id_seq OWNED BY NONE")
    house.drop("a.csv")
    register(url(house), 700, path_of("a.csv"), "CREATED")
    row(url(house), path_of("a.csv"), "7", id=9000)
    moved(house)
    house.drop("b.csv", OTHER)
    house.tick()
    assert house.query("SELECT max(id) FROM ops.file_registry") == [(701,)]
    assert house.query("SELECT min(id), max(id) FROM raw.primary_data") == [(9000, 9001)]


def test_a_file_that_was_registered_twice_counts_once(house: House) -> None:
    house.drop("a.csv")
    register(url(house), 7, path_of("a.csv"), "NEW")
    register(url(house), 8, windows(path_of("a.csv")), "CREATED")
    row(url(house), path_of("a.csv"), "3")
    row(url(house), windows(path_of("a.csv")), "4")
    moved(house)
    house.tick()
    files = house.query("SELECT id, file_path, status FROM ops.file_registry ORDER BY id")
    assert files == [(7, f"{NOWHERE}/id7/a.csv", "DELETE"), (8, path_of("a.csv"), "CREATED")]
    assert house.query("SELECT file_id, sum(amount_type_1)::int FROM raw.primary_data GROUP BY 1") == [(8, 7)]


def test_names_of_another_unicode_form_are_the_files_that_are_there(house: House) -> None:
    house.drop("Май и\u0306од.csv")
    register(url(house), 7, path_of("МАЙ ЙОД.csv"), "CREATED")
    row(url(house), path_of("Май йод.csv"), "7")
    found = moved(house)
    assert found.missing == 0
    house.tick()
    assert house.files() == {"Май и\u0306од.csv": "CREATED"}
    assert house.rows() == [("Май йод.csv", 7)]


def test_what_is_of_long_ago_waits(house: House) -> None:
    settings = house.platform.settings.model_copy(update={"since": date(2025, 6, 1)})
    house.drop("may.csv", month=5)
    house.drop("june.csv", OTHER)
    register(url(house), 1, path_of("may.csv", month=5), "ERROR", error_reason="TIMEOUT")
    register(url(house), 2, path_of("june.csv"), "NEW")
    adopt(settings, ThisDatabase(), "anna")
    house.tick()
    assert house.files() == {"may.csv": "BACKLOG", "june.csv": "CREATED"}


def test_rights_and_what_hangs_on_the_tables(house: House, server: EmbeddedServer) -> None:
    with psycopg.connect(server.superuser_url(), autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS analyst")
        admin.execute("CREATE ROLE analyst")
    house.change("GRANT SELECT ON raw.primary_data TO analyst; CREATE VIEW raw.sales AS SELECT * FROM raw.primary_data")
    fill(house)
    found = moved(house)
    assert found.hanging == ("raw.sales",)
    for right, expected in (("SELECT", True), ("DELETE", False)):
        query = f"SELECT has_table_privilege('analyst', 'raw.primary_data', '{right}')"
        assert house.query(query) == [(expected,)]
    assert not house.query("SELECT has_table_privilege('analyst', 'ops.file_registry', 'SELECT')")[0][0]
    house.change("DROP SCHEMA original CASCADE")
    no_differences(house)
    with psycopg.connect(as_superuser(house, server)) as admin:
        admin.execute("DROP OWNED BY analyst")
        admin.execute("DROP ROLE analyst")


def test_a_moment_of_the_move_makes_no_difference(house: House) -> None:
    """A file that changes after it was looked at is a change, as ever."""
    house.drop("a.csv")
    register(url(house), 7, path_of("a.csv"), "CREATED")
    row(url(house), path_of("a.csv"), "7")
    found = moved(house)
    assert found.other_time == 1, "the original has noted another time, and that changes nothing"
    house.drop("a.csv", OTHER)
    house.tick()
    assert house.rows() == [("a.csv", 11)]
