"""The scan: everything that fits is registered once, what does not is reported, and nothing stops it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from pharma_assets.errors import PharmaError
from pharma_assets.inbox.source import Inbox, LocalInbox
from pharma_assets.registry.locks import SCAN, try_lock
from pharma_assets.registry.scan import ScanResult, ScanRules, scan

LEAF = "Поставщики данных/Дистрибьюторы/2025/06/Client_01/Type1"
Look = Callable[..., ScanResult]
AT_ONCE = ScanRules((".csv", ".xlsx", ".xls"), 0, date(2023, 1, 1), 20)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / LEAF).mkdir(parents=True)
    return tmp_path


def drop(inbox: Path, name: str, content: bytes = b"x", folder: str = LEAF, age: float = 0) -> Path:
    path = inbox / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if age:
        os.utime(path, (time.time() - age, time.time() - age))
    return path


@pytest.fixture
def look(engine: Engine, opened: Callable[[Path], Inbox]) -> Look:
    """A scan of the folder, as one of this machine and as one on a server."""

    def look(inbox: Path, rules: ScanRules = AT_ONCE) -> ScanResult:
        return scan(engine, opened(inbox), rules, "test")

    return look


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_file_is_registered_once_with_everything_its_place_says(
    engine: Engine, look: Look, inbox: Path, opened: Callable[[Path], Inbox]
) -> None:
    fraction = 123_456_789 if isinstance(opened(inbox), LocalInbox) else 0
    path = drop(inbox, "Отчёт №1 😀.XLSX")
    os.utime(path, ns=(0, 1_750_000_000_123_456_789))
    assert look(inbox).added == 1
    assert look(inbox).added == 0
    assert rows(
        engine,
        "SELECT file_path, status, data_provider, report_year, report_month, client_name, report_type, file_size,"
        " modified_ns, extract(epoch FROM uploaded_at)::numeric(20, 6)::text FROM ops.file_registry",
    ) == [
        (
            f"{LEAF}/Отчёт №1 😀.XLSX",
            "NEW",
            "Дистрибьютор",
            2025,
            6,
            "Client_01",
            "Type1",
            1,
            1_750_000_000_000_000_000 + fraction,
            f"1750000000.{round(fraction / 1000):06d}",
        )
    ]
    assert rows(engine, "SELECT event, status_from, status_to, run_id FROM ops.file_event") == [
        ("REGISTERED", None, "NEW", "test")
    ]


def test_the_filter_takes_reports_only(look: Look, inbox: Path) -> None:
    for name in ("a.csv", "b.XLS", "~$a.xlsx", "c.tmp", "d.csv.part", "e.filepart", "f.pdf", "csv", "g.xlsx.tmp"):
        drop(inbox, name)
    result = look(inbox)
    assert (result.seen, result.added, result.filtered) == (9, 2, 7)


def test_an_empty_list_of_extensions_takes_everything(look: Look, inbox: Path) -> None:
    drop(inbox, "a.pdf")
    drop(inbox, "~$a.xlsx")
    assert look(inbox, ScanRules((), 0, date(2023, 1, 1), 20)).added == 1


def test_what_does_not_fit_is_reported_and_the_rest_goes_on(engine: Engine, look: Look, inbox: Path) -> None:
    drop(inbox, "a.csv")
    drop(inbox, "b.csv", folder="Поставщики данных/Склады/2025/06/Client_01/Type1")
    drop(inbox, "c.csv", folder=f"{LEAF}/архив")
    drop(inbox, "d.csv", folder=str(Path(LEAF).parent))
    drop(inbox, "e.csv", folder=LEAF.replace("2025", "2022"))
    drop(inbox, "f.csv", folder=LEAF.replace("2025", "2099"))
    drop(inbox, "back\\slash.csv")
    result = look(inbox)
    assert (result.added, result.seen, len(result.problems)) == (1, 7, 6)
    codes = rows(engine, "SELECT code, count(*) FROM ops.path_problem GROUP BY 1 ORDER BY 1")
    assert codes == [("PATH_OUTSIDE_MONTHS", 2), ("PATH_STRUCTURE", 4)]
    (inbox / LEAF / "back\\slash.csv").unlink()
    look(inbox)
    assert rows(engine, "SELECT count(*) FROM ops.path_problem") == [(5,)], "what was mended is forgotten"


@pytest.mark.parametrize(("zone", "added"), [("Pacific/Kiritimati", 1), ("Pacific/Pago_Pago", 0)])
def test_the_running_month_is_that_of_the_suppliers_time_zone(
    look: Look, inbox: Path, monkeypatch: pytest.MonkeyPatch, zone: str, added: int
) -> None:
    """At noon of 31 May in UTC it is June on Kiritimati already, and still May on Samoa."""
    monkeypatch.setattr(
        "pharma_assets.registry.scan._now", lambda: datetime(2025, 5, 31, 12, tzinfo=UTC), raising=False
    )
    drop(inbox, "a.csv")
    rules = ScanRules((".csv",), 0, date(2023, 1, 1), 20, timezone=zone)
    assert look(inbox, rules).added == added


def test_names_that_are_not_text_links_and_special_files_are_reported(engine: Engine, look: Look, inbox: Path) -> None:
    drop(inbox, "a.csv")
    (inbox / LEAF / os.fsdecode(b"caf\xe9.csv")).write_bytes(b"x")
    (inbox / LEAF / "link.csv").symlink_to(inbox / LEAF / "a.csv")
    os.mkfifo(inbox / LEAF / "pipe.csv")
    outside = inbox.parent / "outside"
    drop(outside, "secret.csv")
    (inbox / "Поставщики данных" / "Сети").symlink_to(outside / "Поставщики данных" / "Дистрибьюторы")
    result = look(inbox)
    assert result.added == 1
    assert sorted(problem.code for problem in result.problems) == ["PATH_NOT_TEXT", "PATH_STRUCTURE", "PATH_STRUCTURE"]
    assert rows(engine, "SELECT count(*) FROM ops.file_registry WHERE file_path LIKE '%secret%'") == [(0,)]


def test_long_names_newlines_and_both_unicode_forms(engine: Engine, look: Look, inbox: Path) -> None:
    names = [
        "x" * 251 + ".csv",
        "new\nline.csv",
        "tab\t.csv",
        "'; DROP TABLE.csv",
        "й.csv",
        "и\u0306.csv",
        "\\N.csv"[2:],
    ]
    for name in names:
        drop(inbox, name)
    assert look(inbox).added == len(names)
    assert look(inbox).added == 0
    assert {str(path).rpartition("/")[2] for (path,) in rows(engine, "SELECT file_path FROM ops.file_registry")} == {
        *names
    }


def test_a_young_file_waits_and_an_old_one_is_taken(look: Look, inbox: Path) -> None:
    rules = ScanRules((".csv",), 60, date(2023, 1, 1), 20)
    drop(inbox, "young.csv")
    drop(inbox, "old.csv", age=120)
    result = look(inbox, rules)
    assert (result.added, result.unsettled) == (1, 1)
    assert result.paths == (f"{LEAF}/old.csv",)


def test_a_file_that_grows_under_an_old_time_waits(look: Look, inbox: Path) -> None:
    path = drop(inbox, "old.csv", age=120)
    stop = threading.Event()

    def grow() -> None:
        while not stop.is_set():
            with path.open("ab") as file:
                file.write(b"more")
            os.utime(path, (time.time() - 120, time.time() - 120))
            time.sleep(0.05)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        result = look(inbox, ScanRules((".csv",), 60, date(2023, 1, 1), 20))
    finally:
        stop.set()
        writer.join()
    assert (result.added, result.unsettled) == (0, 1)


def test_a_file_replaced_in_place_is_a_new_version(engine: Engine, look: Look, inbox: Path) -> None:
    drop(inbox, "a.csv", b"one")
    look(inbox)
    drop(inbox, "a.csv", b"other")
    result = look(inbox)
    assert (result.added, result.changed) == (0, 1)
    assert rows(engine, "SELECT version, file_size, status FROM ops.file_registry") == [(2, 5, "NEW")]
    assert rows(engine, "SELECT event FROM ops.file_event ORDER BY id") == [("REGISTERED",), ("CHANGED",)]


def test_a_missing_root_is_an_error_and_writes_nothing(engine: Engine, look: Look, inbox: Path) -> None:
    drop(inbox, "a.csv")
    look(inbox)
    with pytest.raises(PharmaError, match="INBOX_MISSING"):
        look(inbox / "gone")
    assert rows(engine, "SELECT status FROM ops.file_registry") == [("NEW",)]


def test_only_one_scan_at_a_time(engine: Engine, look: Look, inbox: Path) -> None:
    drop(inbox, "a.csv")
    with try_lock(engine, SCAN) as held:
        assert held
        assert look(inbox).busy
    assert look(inbox).added == 1


def test_a_scan_that_runs_out_of_time_goes_on_the_next_time(look: Look, inbox: Path) -> None:
    for number in range(30):
        drop(inbox, "a.csv", folder=LEAF.replace("Client_01", f"Client_{number}"))
    hurried = ScanRules((".csv",), 0, date(2023, 1, 1), 1e-9)
    first = look(inbox, hurried)
    assert not first.complete
    assert first.added < 30
    assert look(inbox).added == 30 - first.added
