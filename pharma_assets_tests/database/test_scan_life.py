"""What the scan makes of files that change and go, and of folders in which nothing happens (BAD_INPUTS 50–58)."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from pharma_assets.errors import PharmaError
from pharma_assets.inbox.source import Entry, Inbox, LocalInbox
from pharma_assets.registry.departures import MOST_GONE
from pharma_assets.registry.folders import SWEEP
from pharma_assets.registry.scan import ScanResult, ScanRules, scan

LEAF = "Поставщики данных/Дистрибьюторы/2025/06/{}/Type1"
RULES = ScanRules((".csv",), 0, date(2023, 1, 1), 20)
LONG_AGO = time.time() - 3600


class Watched:
    """An inbox that remembers which leaf folders were listed."""

    def __init__(self, root: Path, inbox: Inbox) -> None:
        self.root = root
        self.listed: list[str] = []
        self._inbox = inbox
        self.check, self.look_at, self.still = inbox.check, inbox.look_at, inbox.still
        self.open, self.close = inbox.open, inbox.close

    def entries(self, folder: str) -> list[Entry]:
        if folder.endswith("Type1"):
            self.listed.append(folder)
        return self._inbox.entries(folder)


@pytest.fixture
def inbox(tmp_path: Path) -> Watched:
    """A folder of this machine, whose time tells whether something came or went."""
    return Watched(tmp_path, LocalInbox(tmp_path))


@pytest.fixture
def any_inbox(tmp_path: Path, opened: Callable[[Path], Inbox]) -> Watched:
    return Watched(tmp_path, opened(tmp_path))


def drop(inbox: Watched, client: str, name: str = "a.csv", content: bytes = b"x") -> Path:
    """A file that came long ago, into a folder that has not changed since."""
    path = inbox.root / LEAF.format(client) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    os.utime(path.parent, (LONG_AGO, LONG_AGO))
    return path


def look(engine: Engine, inbox: Watched, rules: ScanRules = RULES) -> ScanResult:
    inbox.listed.clear()
    return scan(engine, inbox, rules, "test")


def done(engine: Engine) -> None:
    """All files have been worked on."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE ops.file_registry SET status = 'CREATED' WHERE status = 'NEW'"))


def statuses(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT client_name, status FROM ops.file_registry"))
        return {row.client_name: row.status for row in rows}


def quiet_scan(engine: Engine, inbox: Watched) -> ScanResult:
    """A scan of which no folder of interest is in the slice that is listed anyway."""
    for _ in range(SWEEP):
        result = look(engine, inbox)
        if not inbox.listed:
            return result
    raise AssertionError("no scan passed everything over")


def test_a_folder_in_which_nothing_happens_is_passed_over_and_counted(engine: Engine, inbox: Watched) -> None:
    drop(inbox, "А")
    drop(inbox, "А", "notes.txt")
    assert look(engine, inbox).added == 1
    done(engine)
    result = quiet_scan(engine, inbox)
    assert (result.seen, result.filtered, result.added) == (2, 1, 0)


def test_a_folder_with_a_file_that_is_due_is_never_passed_over(engine: Engine, inbox: Watched) -> None:
    path = drop(inbox, "А")
    look(engine, inbox)
    for number in range(SWEEP):
        path.write_bytes(b"y" * (number + 2))  # in place: the folder's time stands still
        os.utime(path.parent, (LONG_AGO, LONG_AGO))
        assert look(engine, inbox).changed == 1


def test_a_file_in_error_that_is_corrected_in_place_is_seen_at_once(engine: Engine, inbox: Watched) -> None:
    path = drop(inbox, "А")
    look(engine, inbox)
    with engine.begin() as connection:
        connection.execute(text("UPDATE ops.file_registry SET status = 'ERROR', error_reason = 'CORRUPT_FILE'"))
    for number in range(3):
        path.write_bytes(b"y" * (number + 2))
        os.utime(path.parent, (LONG_AGO, LONG_AGO))
        assert look(engine, inbox).changed == 1
        with engine.begin() as connection:
            connection.execute(text("UPDATE ops.file_registry SET status = 'ERROR', error_reason = 'CORRUPT_FILE'"))


def test_a_write_in_place_is_seen_within_a_sweep(engine: Engine, any_inbox: Watched) -> None:
    paths = [drop(any_inbox, f"Client_{number}") for number in range(40)]
    look(engine, any_inbox)
    done(engine)
    for path in paths:
        path.write_bytes(b"other")
    assert sum(look(engine, any_inbox).changed for _ in range(SWEEP)) == len(paths)


def test_a_new_file_in_a_quiet_folder_is_seen_at_once(engine: Engine, inbox: Watched) -> None:
    drop(inbox, "А")
    look(engine, inbox)
    done(engine)
    quiet_scan(engine, inbox)
    (inbox.root / LEAF.format("А") / "b.csv").write_bytes(b"x")
    assert look(engine, inbox).added == 1


def test_a_folder_that_changed_just_now_is_listed_again_because_its_time_may_hide_a_second_change(
    engine: Engine, inbox: Watched
) -> None:
    path = drop(inbox, "А")
    now = time.time_ns()
    os.utime(path.parent, ns=(now, now))
    look(engine, inbox)
    done(engine)
    (path.parent / "b.csv").write_bytes(b"x")
    os.utime(path.parent, ns=(now, now))  # within the same step of the clock
    assert look(engine, inbox).added == 1


def test_a_folder_with_something_that_does_not_fit_is_never_passed_over(engine: Engine, any_inbox: Watched) -> None:
    path = drop(any_inbox, "А")
    (path.parent / "глубже").mkdir()
    (path.parent / "глубже" / "b.csv").write_bytes(b"x")
    os.utime(path.parent, (LONG_AGO, LONG_AGO))
    look(engine, any_inbox)
    done(engine)
    for _ in range(3):
        assert len(look(engine, any_inbox).problems) == 1


def test_folder_times_that_cannot_be_trusted_are_not(engine: Engine, tmp_path: Path) -> None:
    inbox = Watched(tmp_path, LocalInbox(tmp_path, trusts_folder_times=False))
    drop(inbox, "А")
    look(engine, inbox)
    done(engine)
    for _ in range(3):
        look(engine, inbox)
        assert inbox.listed == [LEAF.format("А")]


def test_a_file_that_has_gone_becomes_delete_and_comes_back_as_a_new_version(
    engine: Engine, any_inbox: Watched
) -> None:
    path = drop(any_inbox, "А")
    drop(any_inbox, "Б")
    look(engine, any_inbox)
    path.unlink()
    result = look(engine, any_inbox)
    assert result.gone == (f"{LEAF.format('А')}/a.csv",)
    assert statuses(engine) == {"А": "DELETE", "Б": "NEW"}
    assert look(engine, any_inbox).gone == ()
    drop(any_inbox, "А")
    assert look(engine, any_inbox).changed == 1
    with engine.connect() as connection:
        query = (
            "SELECT event FROM ops.file_event e JOIN ops.file_registry f ON f.id = e.file_id"
            " WHERE client_name = 'А' ORDER BY e.id"
        )
        events = connection.execute(text(query)).scalars()
        assert list(events) == ["REGISTERED", "GONE", "CHANGED"]


def test_a_folder_that_has_gone_takes_its_files_along(engine: Engine, any_inbox: Watched) -> None:
    drop(any_inbox, "А")
    drop(any_inbox, "Б")
    look(engine, any_inbox)
    done(engine)
    shutil.rmtree(any_inbox.root / LEAF.format("А").removesuffix("/Type1"))
    look(engine, any_inbox)
    assert statuses(engine) == {"А": "DELETE", "Б": "CREATED"}


@pytest.mark.parametrize("files", [1, 2 * MOST_GONE])
def test_an_inbox_that_is_empty_at_once_is_a_broken_mount(engine: Engine, any_inbox: Watched, files: int) -> None:
    for number in range(files):
        drop(any_inbox, f"Client_{number}")
    look(engine, any_inbox)
    away = any_inbox.root.with_name("away")
    any_inbox.root.rename(away)
    any_inbox.root.mkdir()
    for _ in range(2):
        with pytest.raises(PharmaError, match=f"INBOX_VANISHED: {files} of {files}"):
            look(engine, any_inbox)
    assert set(statuses(engine).values()) == {"NEW"}
    any_inbox.root.rmdir()
    away.rename(any_inbox.root)
    assert look(engine, any_inbox).gone == ()


def test_many_files_gone_at_once_wait_for_a_person_and_new_ones_do_not(engine: Engine, any_inbox: Watched) -> None:
    paths = [drop(any_inbox, f"Client_{number}") for number in range(3 * MOST_GONE)]
    look(engine, any_inbox)
    for path in paths[: MOST_GONE + 1]:
        path.unlink()
    drop(any_inbox, "Новый")
    with pytest.raises(PharmaError, match="INBOX_VANISHED"):
        look(engine, any_inbox)
    assert statuses(engine)["Новый"] == "NEW"
    assert "DELETE" not in statuses(engine).values()
    accepted = look(engine, any_inbox, ScanRules((".csv",), 0, date(2023, 1, 1), 20, accept_gone=True))
    assert len(accepted.gone) == MOST_GONE + 1


def test_a_folder_that_cannot_be_read_deletes_nothing(
    engine: Engine, any_inbox: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(any_inbox, "А")
    drop(any_inbox, "Б")
    look(engine, any_inbox)
    plain = Watched.entries

    def entries(self: Watched, folder: str) -> list[Entry]:
        if folder.endswith(("/А/Type1", "/Б")):
            raise PermissionError(13, "Permission denied")
        return plain(self, folder)

    monkeypatch.setattr(Watched, "entries", entries)
    result = look(engine, any_inbox)
    assert result.gone == ()
    assert [problem.code for problem in result.problems] == ["PATH_UNREADABLE"] * 2
    assert set(statuses(engine).values()) == {"NEW"}


def test_a_file_that_is_replaced_while_the_scan_looks_has_not_gone(
    engine: Engine, any_inbox: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(any_inbox, "А")
    drop(any_inbox, "Б")
    look(engine, any_inbox)
    plain = Watched.entries
    monkeypatch.setattr(Watched, "entries", lambda self, folder: [] if "А/" in folder else plain(self, folder))
    assert look(engine, any_inbox).gone == ()


def test_a_scan_in_portions_deletes_only_what_it_has_looked_at(engine: Engine, any_inbox: Watched) -> None:
    for number in range(30):
        drop(any_inbox, f"Client_{number}")
    look(engine, any_inbox)
    assert not look(engine, any_inbox, ScanRules((".csv",), 0, date(2023, 1, 1), 1e-9)).gone
    assert set(statuses(engine).values()) == {"NEW"}


def calm_tree(inbox: Watched) -> None:
    """Nothing in the inbox has changed for a long time."""
    for path in inbox.root.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


def test_a_scan_of_many_portions_goes_on_where_it_ended(engine: Engine, inbox: Watched) -> None:
    for number in range(30):
        drop(inbox, f"Client_{number}")
    calm_tree(inbox)
    hurried, scans = ScanRules((".csv",), 0, date(2023, 1, 1), 0), 0
    while len(statuses(engine)) < 30:
        assert not look(engine, inbox, hurried).complete, "one folder a scan"
        done(engine)  # what waits for its turn is listed at every scan
        scans += 1
        assert scans < 500
    result = look(engine, inbox)
    assert (result.seen, result.added, result.complete) == (30, 0, True)
    assert len(inbox.listed) < 15, "not all over again"


def test_a_scan_that_dies_leaves_nothing_behind_a_folder_that_stands_still(
    engine: Engine, inbox: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        drop(inbox, f"Client_{number}")
    calm_tree(inbox)
    monkeypatch.setattr("pharma_assets.registry.scan._BATCH_FOLDERS", 4)
    plain, left = Watched.entries, iter(range(20))

    def entries(self: Watched, folder: str) -> list[Entry]:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return plain(self, folder)

    monkeypatch.setattr(Watched, "entries", entries)
    with pytest.raises(KeyboardInterrupt):
        look(engine, inbox)
    monkeypatch.setattr(Watched, "entries", plain)
    assert 0 < len(statuses(engine)) < 30
    look(engine, inbox)
    assert len(statuses(engine)) == 30


def test_folders_above_the_leaves_are_not_listed_while_they_stand_still(engine: Engine, inbox: Watched) -> None:
    drop(inbox, "А")
    calm_tree(inbox)
    look(engine, inbox)
    done(engine)
    asked = []
    inbox_entries = inbox._inbox.entries
    inbox._inbox.entries = lambda folder: asked.append(folder) or inbox_entries(folder)  # type: ignore[method-assign]
    quiet_scan(engine, inbox)
    folders = LEAF.format("А").count("/") + 1
    assert len(asked) < SWEEP * folders / 2
    asked.clear()
    drop(inbox, "Б")
    assert look(engine, inbox).added == 1
    assert LEAF.format("А") not in asked or len(asked) < 2 * folders


def test_a_stray_file_above_the_leaves_is_told_at_every_scan(engine: Engine, inbox: Watched) -> None:
    drop(inbox, "А")
    (inbox.root / LEAF.format("А")).with_name("stray.csv").write_bytes(b"x")
    calm_tree(inbox)
    for _ in range(4):
        assert [problem.code for problem in look(engine, inbox).problems] == ["PATH_STRUCTURE"]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ops.path_problem")) == 1


def test_a_folder_whose_name_is_no_text_is_looked_into_at_every_scan(engine: Engine, inbox: Watched) -> None:
    folder = inbox.root / os.fsdecode(b"caf\xe9") / LEAF.format("А")
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(b"x")
    calm_tree(inbox)
    for _ in range(3):
        assert [problem.code for problem in look(engine, inbox).problems] == ["PATH_NOT_TEXT"]


def test_a_file_that_comes_back_with_its_forgotten_folder_is_a_new_version_beside_new_ones(
    engine: Engine, inbox: Watched
) -> None:
    drop(inbox, "А")
    drop(inbox, "Б")
    look(engine, inbox)
    done(engine)
    shutil.rmtree(inbox.root / LEAF.format("А"))
    look(engine, inbox)
    drop(inbox, "А")
    drop(inbox, "А", "b.csv")
    result = look(engine, inbox)
    assert (result.added, result.changed) == (1, 1)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT version, status FROM ops.file_registry WHERE client_name = 'А'"))
        assert sorted(map(tuple, rows)) == [(1, "NEW"), (2, "NEW")]


@pytest.mark.parametrize("modified_ns", [-(10**18), 4 * 10**18, 9 * 10**18, 253_402_300_800 * 10**9])
def test_a_file_of_any_time_is_registered(engine: Engine, inbox: Watched, modified_ns: int) -> None:
    path = drop(inbox, "А")
    os.utime(path, ns=(modified_ns, modified_ns))
    if path.stat().st_mtime_ns != modified_ns:
        pytest.skip("this file system keeps no such time")
    assert look(engine, inbox).added == 1
    with engine.connect() as connection:
        query = "SELECT abs(extract(epoch FROM uploaded_at) - modified_ns / 1e9) < 1e-5 FROM ops.file_registry"
        assert connection.scalar(text(query)) is True
