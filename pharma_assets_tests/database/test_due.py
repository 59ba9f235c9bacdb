"""What is due: transient problems with growing pauses and a limit, lasting ones when something has changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text

from pharma_assets.database.urls import engine as make_engine
from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.month_range import MonthRange
from pharma_assets.model.provider import Provider
from pharma_assets.model.transform_version import TransformVersion
from pharma_assets.registry import journal
from pharma_assets.registry.files import RegisteredFile, due_files, present_files

CLIENT = Client(Provider.DISTRIBUTOR, "Client_01")
MONTH = ClientMonth(CLIENT, 2025, 6)
OLD, NEW = TransformVersion(CLIENT, "Type1", "old"), TransformVersion(CLIENT, "Type1", "new")
TRANSIENT = PharmaError("LOCKED", why="somebody has it open")
LASTING = PharmaError("EMPTY_FILE")


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    engine = make_engine(database)
    with engine.begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO ops.file_registry (file_path, uploaded_at, status, data_provider, report_year, report_month,
                    client_name, report_type)
                VALUES ('a.csv', now(), 'NEW', 'Дистрибьютор', 2025, 6, 'Client_01', 'Type1')
                """
            )
        )
        yield connection
    engine.dispose()


def file(connection: Connection) -> RegisteredFile:
    (found,) = present_files(connection, MONTH)
    return found


def fail(connection: Connection, error: PharmaError) -> timedelta | None:
    """One claimed attempt that ends with the error; the pause until the next one."""
    before = file(connection)
    journal.claim(connection, [before.id], "run")
    journal.failed(connection, before, "run", error, "old")
    pause: timedelta | None = connection.scalar(text("SELECT next_attempt_at - now() FROM ops.file_registry"))
    return pause


def is_due(connection: Connection, *transforms: TransformVersion) -> bool:
    return bool(due_files(connection, transforms))


def let_time_pass(connection: Connection) -> None:
    connection.execute(text("UPDATE ops.file_registry SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL"))


def test_a_new_file_is_due_where_a_transform_is(connection: Connection) -> None:
    assert is_due(connection, OLD)
    assert is_due(connection, TransformVersion(CLIENT, None, "any type"))
    assert not is_due(connection)
    assert not is_due(connection, TransformVersion(CLIENT, "Type2", "old"))
    assert not is_due(connection, TransformVersion(Client(Provider.CHAIN, "Client_01"), "Type1", "old"))


def test_a_transient_problem_is_tried_again_with_growing_pauses_and_a_limit(connection: Connection) -> None:
    pauses = []
    while (pause := fail(connection, TRANSIENT)) is not None:
        assert not is_due(connection, OLD)
        let_time_pass(connection)
        assert is_due(connection, OLD)
        pauses.append(pause)
    assert len(pauses) == journal.MOST_ATTEMPTS - 1
    assert pauses[0] == journal.FIRST_RETRY
    assert pauses[1] == 2 * journal.FIRST_RETRY
    assert pauses == sorted(pauses)
    assert max(pauses) <= journal.LONGEST_RETRY
    assert not is_due(connection, OLD)


def test_a_lasting_problem_waits_for_a_changed_transform(connection: Connection) -> None:
    assert fail(connection, LASTING) is None
    assert not is_due(connection, OLD)
    assert is_due(connection, NEW)


def test_a_file_that_is_being_worked_on_by_nobody_is_due(connection: Connection) -> None:
    journal.claim(connection, [file(connection).id], "run")
    assert is_due(connection, OLD)


def test_every_step_leaves_its_event(connection: Connection) -> None:
    fail(connection, LASTING)
    events = connection.execute(
        text("SELECT event, status_from, status_to, reason, run_id FROM ops.file_event ORDER BY id")
    )
    assert [tuple(event) for event in events] == [
        ("CLAIMED", "NEW", "PROCESSING", None, "run"),
        ("FAILED", "PROCESSING", "ERROR", "EMPTY_FILE", "run"),
    ]


def test_a_transform_of_other_months_makes_nothing_due(connection: Connection) -> None:
    journal.claim(connection, [file(connection).id], "run")
    journal.failed(connection, file(connection), "run", LASTING, "old")
    may, june, july = (date(2025, month, 1) for month in (5, 6, 7))
    until_june = OLD._replace(months=MonthRange(None, july))
    from_july = NEW._replace(months=MonthRange(july))
    assert not is_due(connection, until_june, from_july)
    assert is_due(connection, OLD._replace(months=MonthRange(None, june)), NEW._replace(months=MonthRange(june)))
    assert is_due(connection, NEW._replace(months=MonthRange(may, july)))
    assert not is_due(connection, NEW._replace(months=MonthRange(may, june)))
    assert not is_due(connection, from_july)


def test_a_new_file_of_a_month_without_a_transform_waits(connection: Connection) -> None:
    june, july = date(2025, 6, 1), date(2025, 7, 1)
    assert journal.wait_for_transform(connection, [OLD._replace(months=MonthRange(june))], "run") == 0
    assert journal.wait_for_transform(connection, [OLD._replace(months=MonthRange(july))], "run") == 1


def load(connection: Connection, transform: str = "old", content: str = "bytes") -> None:
    """The file is normalized and loaded."""
    connection.execute(
        text("UPDATE ops.file_registry SET status = 'CREATED', content_hash = :content"), {"content": content}
    )
    connection.execute(
        text(
            """
            INSERT INTO ops.file_load (file_id, version, content_hash, transform_fingerprint, partition_month,
                rows_read, rows_loaded, rows_rejected)
            SELECT id, 1, :content, :transform, '2025-06-01', 1, 1, 0 FROM ops.file_registry
            """
        ),
        {"content": content, "transform": transform},
    )


@pytest.mark.parametrize("only", [None, MONTH])
@pytest.mark.parametrize("fingerprint", ["a", "old", "z"])
def test_a_loaded_file_is_due_again_when_its_transform_is_another(
    connection: Connection, only: ClientMonth | None, fingerprint: str
) -> None:
    load(connection)
    transforms = [TransformVersion(CLIENT, "Type1", fingerprint), TransformVersion(CLIENT, "Type2", "other")]
    assert bool(due_files(connection, transforms, only)) == (fingerprint != "old")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ops.file_load SET superseded_at = now()",
        "DELETE FROM ops.file_load",
        "UPDATE ops.file_load SET content_hash = 'others'",
        "UPDATE ops.file_registry SET content_hash = 'others'",
        "UPDATE ops.file_load SET transform_fingerprint = 'other'",
    ],
)
def test_the_ledger_decides_what_is_due_whoever_changes_it(connection: Connection, change: str) -> None:
    load(connection)
    assert not is_due(connection, OLD)
    connection.execute(text(change))
    assert is_due(connection, OLD)


def test_a_later_load_takes_the_place_of_the_one_before(connection: Connection) -> None:
    load(connection)
    connection.execute(text("UPDATE ops.file_load SET superseded_at = now()"))
    load(connection, "new")
    connection.execute(text("DELETE FROM ops.file_load WHERE superseded_at IS NOT NULL"))
    assert not is_due(connection, NEW)
    assert is_due(connection, OLD)


def test_a_layout_that_cannot_be_read_leaves_alone_what_is_loaded(connection: Connection) -> None:
    broken = TransformVersion(CLIENT, None, "invalid:1", since=date.max)
    assert is_due(connection, broken)
    load(connection)
    assert not is_due(connection, broken)


@pytest.mark.parametrize("only", [None, MONTH])
def test_a_loaded_file_is_compared_with_the_transform_of_its_month(
    connection: Connection, only: ClientMonth | None
) -> None:
    load(connection)
    june, july = date(2025, 6, 1), date(2025, 7, 1)

    def due(*versions: tuple[str, MonthRange]) -> bool:
        transforms = [TransformVersion(CLIENT, "Type1", fingerprint, months) for fingerprint, months in versions]
        return bool(due_files(connection, transforms, only))

    assert not due(("old", MonthRange(None, july)), ("a", MonthRange(july)))
    assert not due(("old", MonthRange(None, july)), ("z", MonthRange(july)))
    assert not due(("z", MonthRange(None, june)), ("old", MonthRange(june, july)), ("a", MonthRange(july)))
    assert due(("old", MonthRange(None, june)), ("a", MonthRange(june)))
    assert due(("a", MonthRange(None, july)), ("old", MonthRange(july)))
    assert due(("a", MonthRange(None, july)), ("z", MonthRange(july)))
    assert due(("old", MonthRange(None, june)), ("new", MonthRange(june, july)), ("old", MonthRange(july)))


def test_a_changed_script_concerns_the_latest_months_and_the_types_that_nothing_else_handles(
    connection: Connection,
) -> None:
    load(connection, "script:1")
    july = TransformVersion(CLIENT, None, "script:2", since=date(2025, 7, 1))
    june = TransformVersion(CLIENT, None, "script:2", since=date(2025, 6, 1))
    assert not is_due(connection, july)
    assert is_due(connection, june)
    assert is_due(connection, june, TransformVersion(CLIENT, "Type2", "script:1"))
    assert not is_due(connection, june, TransformVersion(CLIENT, "Type1", "script:1"))
