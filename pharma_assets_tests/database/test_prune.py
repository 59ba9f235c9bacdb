"""What is old enough goes, what the audit needs stays, and the history cannot be cut in any other way."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import ValidationError

from pharma_assets.database.urls import connect
from pharma_assets.loading.audit import audit
from pharma_assets.loading.decisions import decide, retry
from pharma_assets.loading.retention import Pruned, prune
from pharma_assets.settings import Settings
from pharma_assets_tests.database.house import JUNE, House, opened_house

LATER = {days: datetime.now(UTC) + timedelta(days=days) for days in (89, 91, 729, 731)}


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    """Two versions of one file, each with a reject, and a person's word about it."""
    with opened_house(tmp_path, database) as house:
        house.drop("a.csv", JUNE + ";Нурофен;1\n")
        house.tick()
        decide(house.platform, ["1"], retry, "to be sure")
        house.drop("a.csv", JUNE.replace("5", "6") + ";Нурофен;1\n")
        house.tick()
        yield house


def count(house: House, table: str) -> int:
    return int(house.query(f"SELECT count(*) AS rows FROM {table}")[0].rows)  # noqa: S608


def old_history(house: House, file_id: int) -> None:
    """Events of a file, all but one of them four years old."""
    for event, run_id, years in (
        ("REGISTERED", "scan", 4),
        ("RELEASED", "person:anna", 4),
        ("CLAIMED", "run", 4),
        ("YOUNG", "run", 2),
        ("LOADED", "run", 4),
    ):
        house.change(
            f"INSERT INTO ops.file_event (file_id, event, run_id, at)"  # noqa: S608
            f" VALUES ({file_id}, '{event}', '{run_id}', now() - interval '{years} years')"
        )


def test_what_is_young_stays(house: House) -> None:
    assert prune(house.platform, LATER[89]) == Pruned()
    assert house.query("SELECT FROM ops.file_event WHERE event = 'PRUNED'") == []


def test_each_kind_has_its_age(house: House) -> None:
    loads, events = count(house, "ops.file_load"), count(house, "ops.file_event")
    assert (loads, count(house, "ops.rejected_row")) == (2, 1)
    dry = prune(house.platform, LATER[91], dry_run=True)
    assert (dry.quarantine_files, dry.superseded_loads, dry.events) == (1, 0, 0)
    assert prune(house.platform, LATER[91]) == dry
    assert list(house.platform.settings.quarantine_folder.iterdir()) == []
    assert prune(house.platform, LATER[729]) == Pruned()
    assert prune(house.platform, LATER[731], dry_run=True) == prune(house.platform, LATER[731])
    assert (count(house, "ops.file_load"), count(house, "ops.rejected_row")) == (1, 1)
    assert count(house, "ops.file_event") == events + 2
    pruned = [row.detail for row in house.query("SELECT detail FROM ops.file_event WHERE event = 'PRUNED' ORDER BY id")]
    assert [(told["quarantine_files"], told["superseded_loads"]) for told in pruned] == [(1, 0), (0, 1)]


def test_nothing_that_the_audit_needs_goes(house: House) -> None:
    before = (house.rows(), sorted(house.platform.settings.results_folder.iterdir()))
    old_history(house, 1)
    pruned = prune(house.platform, LATER[731])
    assert all((pruned.quarantine_files, pruned.superseded_loads, pruned.events))
    assert audit(house.platform).differences == []
    assert (house.rows(), sorted(house.platform.settings.results_folder.iterdir())) == before
    house.rebuild()
    assert audit(house.platform).differences == []


def test_of_a_history_the_last_event_and_a_persons_word_stay(house: House) -> None:
    old_history(house, 99)
    now = datetime.now(UTC)
    dry = prune(house.platform, now, dry_run=True)
    assert prune(house.platform, now) == dry == Pruned(events=2)
    kept = house.query("SELECT event FROM ops.file_event WHERE file_id = 99 ORDER BY id")
    assert [row.event for row in kept] == ["RELEASED", "YOUNG", "LOADED"]


def test_a_load_whose_result_is_not_set_aside_yet_stays(house: House) -> None:
    house.change("UPDATE ops.file_load SET result_set_aside_at = NULL WHERE superseded_at IS NOT NULL")
    assert prune(house.platform, LATER[731]).superseded_loads == 0


def test_zero_days_are_for_ever(house: House) -> None:
    keep = {f"keep_{kind}_days": 0 for kind in ("quarantine", "superseded", "events", "runs")}
    settings = house.platform.settings.model_copy(update=keep)
    object.__setattr__(house.platform, "settings", settings)
    assert prune(house.platform, datetime.now(UTC) + timedelta(days=99_999)) == Pruned()


def test_a_file_is_as_old_as_its_stay_in_quarantine(house: House) -> None:
    (kept,) = house.platform.settings.quarantine_folder.iterdir()
    assert kept.stat().st_mtime == pytest.approx(time.time(), abs=60)
    os.utime(kept, (0, 0))
    assert prune(house.platform, datetime.now(UTC)).quarantine_files == 1


def test_the_history_has_no_other_door(database: str) -> None:
    with connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO ops.file_event (file_id, event, at) VALUES (1, 'A', now() - interval '1 year')")
        connection.execute("INSERT INTO ops.file_event (file_id, event) VALUES (1, 'B')")
        for statement in (
            "SELECT ops.forget_events(now() - interval '29 days')",
            "DELETE FROM ops.file_event",
            "SELECT ops.forget_events(now() - interval '1 month 5 days'); DELETE FROM ops.file_event",
            "SET pharma.forgetting = '1'; DELETE FROM ops.file_event",
            "UPDATE ops.file_event SET event = 'C'",
            "TRUNCATE ops.file_event",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute(statement.encode())
            assert connection.execute("SELECT count(*) FROM ops.file_event").fetchone() == (2,), statement
        assert connection.execute("SELECT ops.forget_events(now() - interval '31 days')").fetchone() == (1,)


@pytest.mark.parametrize("days", [-1, 1, 29])
def test_events_of_the_last_month_cannot_be_asked_away(days: int) -> None:
    with pytest.raises(ValidationError):
        Settings(keep_events_days=days)
