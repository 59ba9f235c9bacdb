"""Harm done to a tick, and what must stand when all is quiet again: 0 lost, 0 doubled (BAD_INPUTS 50–70).

A part of what `python -m pharma_assets_tests.faults` does, with fixed seeds; then single defects that were found.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pharma_assets.database.migrations import migrate
from pharma_assets.database.server import DATABASE, EmbeddedServer
from pharma_assets.errors import PharmaError
from pharma_assets.inbox.source import LocalInbox
from pharma_assets.intake import scan_rules, take_in
from pharma_assets.loading import client_month, ingest
from pharma_assets.loading.client_month import work_on
from pharma_assets.loading.decisions import decide, ignore, release
from pharma_assets.loading.ingest import Step
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.primary_data import copy_rows
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry import claims
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.registry.scan import scan
from pharma_assets_tests.faults import harm
from pharma_assets_tests.faults.corpus import CLIENTS, corpus, csv_report, place, put
from pharma_assets_tests.faults.harm import Ground
from pharma_assets_tests.faults.site import Site
from pharma_assets_tests.faults.worker import WHOLE, PlainReader, Worker, opened, tick

CLIENT = CLIENTS[0]
JUNE = ClientMonth.of_key(f"{CLIENT}|2025-06")


class Killed(BaseException):
    """Stands for a process that ends there and then."""


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as worker:
        yield worker


@pytest.fixture
def site(tmp_path: Path, server: EmbeddedServer, database: str) -> Site:
    name = database.partition("?")[0].rpartition("/")[2]
    return Site.made(tmp_path / "site", database, server.superuser_url(name))


@pytest.fixture
def ground(site: Site, worker: Worker) -> Ground:
    """Reads in the worker itself: starting a reading process for each tick takes longer than all the rest."""
    return Ground.prepared(site, worker, corpus(1, small=True, copies_across_months=False), guarded=False)


@pytest.fixture
def rng() -> random.Random:
    return random.Random(1)  # noqa: S311 - nothing secret


@pytest.fixture
def platform(site: Site) -> Iterator[Platform]:
    with opened(site.order(guarded=False)) as platform:
        yield platform


def test_kill_9_at_every_step(ground: Ground, rng: random.Random) -> None:
    assert harm.kill_at_steps(ground, rng, 0) == len(Step)


def test_kill_9_at_any_moment(ground: Ground, rng: random.Random) -> None:
    harm.kill_at_numbered_moments(ground, rng, 4)


def test_kill_9_at_any_time_with_a_reading_process(site: Site, worker: Worker, rng: random.Random) -> None:
    harm.kill_at_random_times(Ground.prepared(site, worker, corpus(1, small=True)), rng, 2)


def test_sessions_that_end_in_the_middle(ground: Ground, rng: random.Random) -> None:
    harm.drop_connections(ground, rng, 3)


def test_a_database_that_takes_nothing(ground: Ground, rng: random.Random) -> None:
    harm.refuse_to_store(ground, rng, 1)
    harm.read_only_database(ground)


def test_a_server_that_stops_at_once(tmp_path: Path, worker: Worker, rng: random.Random) -> None:
    server = EmbeddedServer(tmp_path / "server")
    try:
        server.start()
        migrate(server.url())
        site = Site.made(tmp_path / "site", server.url(), server.superuser_url(DATABASE))
        harm.restart_server(Ground.prepared(site, worker, corpus(1, small=True), guarded=False), server, rng, 2)
    finally:
        server.stop()


def test_a_disk_that_is_full(ground: Ground, rng: random.Random) -> None:
    if harm.fill_disk(ground, rng, 1) == 0:
        pytest.skip("mounting is not allowed here")


def test_an_inbox_that_goes_in_the_middle(ground: Ground, rng: random.Random) -> None:
    harm.take_inbox_away(ground, rng, 3)


@pytest.mark.parametrize("how", [{"kills": True}, {"lost_locks": True}], ids=["killed", "locks lost"])
def test_two_instances_over_one_inbox_and_one_database(
    ground: Ground, rng: random.Random, how: dict[str, bool]
) -> None:
    with Worker() as second:
        harm.two_instances(ground, second, rng, **how)


def report(number: int, month: int = 6) -> bytes:
    return csv_report(random.Random(number), month, 5)  # noqa: S311


def arrive(site: Site, name: str, content: bytes, month: int = 6, report_type: str = "Type1", *, at: int = 0) -> Path:
    return put(site.inbox, place(CLIENT, month, name, report_type), content, at)


def states(site: Site) -> dict[str, tuple[str, str | None, int]]:
    """Name → status, reason, version."""
    rows = site.query("SELECT file_path, status, error_reason, version FROM ops.file_registry")
    return {row["file_path"].rpartition("/")[2]: (row["status"], row["error_reason"], row["version"]) for row in rows}


def loaded(site: Site) -> dict[str, str]:
    """Name → the digest of what is loaded of it; nothing about it may be wrong."""
    assert site.inconsistencies() == []
    rows = site.query(
        "SELECT file_path, l.content_hash FROM ops.file_load l JOIN ops.file_registry f ON f.id = file_id"
        " WHERE superseded_at IS NULL"
    )
    return {row["file_path"].rpartition("/")[2]: row["content_hash"] for row in rows}


def look(platform: Platform) -> None:
    scan(platform.engine, platform.inbox, scan_rules(platform.settings), "another process")


def at(monkeypatch: pytest.MonkeyPatch, step: Step, action: Callable[[RegisteredFile], None]) -> None:
    """Do something when a file has come as far as `step`."""

    def reached(file: RegisteredFile, now: Step) -> None:
        if now is step:
            action(file)

    monkeypatch.setattr(ingest, "reached", reached)
    monkeypatch.setattr(client_month, "reached", reached)


def die(file: RegisteredFile) -> None:
    raise Killed


def test_a_mount_that_goes_while_the_scan_walks_deletes_nothing(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        arrive(site, f"{number}.csv", report(number, 1 + number % 6), 1 + number % 6)
    tick(platform)
    plain, listed = LocalInbox.entries, []

    def entries(self: LocalInbox, folder: str) -> object:
        if folder.endswith("Type1"):
            listed.append(folder)
            if len(listed) == 5:
                site.inbox.rename(site.inbox.with_name("away"))
        return plain(self, folder)

    monkeypatch.setattr(LocalInbox, "entries", entries)
    site.change("UPDATE ops.inbox_folder SET modified_ns = NULL")
    with pytest.raises(PharmaError, match="INBOX_MISSING"):
        tick(platform)
    assert set(states(site).values()) == {("CREATED", None, 1)}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_mount_that_goes_while_a_file_is_read_deletes_nothing(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    for number in range(3):
        arrive(site, f"{number}.csv", report(number))
    plain, away = PlainReader.read, site.inbox.with_name("away")

    def read(self: PlainReader, *arguments: object) -> object:
        if when == "before":
            site.inbox.rename(away)
        answer = plain(self, *arguments)  # type: ignore[arg-type]
        if when == "after":
            site.inbox.rename(away)
        return answer

    monkeypatch.setattr(PlainReader, "read", read)
    assert tick(platform) == (1, ["INBOX_MISSING"])
    monkeypatch.undo()
    away.rename(site.inbox)
    tick(platform)
    assert set(states(site).values()) == {("CREATED", None, 1)}
    assert len(loaded(site)) == 3


def test_a_file_that_goes_between_scan_and_work_is_nobodys_failure(site: Site, platform: Platform) -> None:
    path = arrive(site, "a.csv", report(1))
    arrive(site, "b.csv", report(2))
    (request,) = take_in(platform, "tick").requests
    path.unlink()
    assert not work_on(platform, request.client_month, "tick", WHOLE, rebuild=False).failed
    assert states(site) == {"a.csv": ("DELETE", "FILE_GONE", 1), "b.csv": ("CREATED", None, 1)}


def test_a_folder_that_goes_between_scan_and_work_is_seen_at_the_next_tick(site: Site, platform: Platform) -> None:
    path = arrive(site, "a.csv", report(1))
    arrive(site, "b.csv", report(2), report_type="Type2", at=1)
    (request,) = take_in(platform, "tick").requests
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(PharmaError, match="INBOX_MISSING"):
        work_on(platform, request.client_month, "tick", WHOLE, rebuild=False)
    tick(platform)
    assert states(site) == {"a.csv": ("DELETE", "FILE_GONE", 1), "b.csv": ("CREATED", None, 1)}


def test_a_file_that_changes_while_it_is_read_is_taken_as_it_is_in_the_end(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = arrive(site, "a.csv", report(1))
    plain = PlainReader.read

    def read(self: PlainReader, *arguments: object) -> object:
        answer = plain(self, *arguments)  # type: ignore[arg-type]
        path.write_bytes(report(2))
        return answer

    monkeypatch.setattr(PlainReader, "read", read)
    tick(platform)
    assert states(site)["a.csv"][:2] == ("ERROR", "FILE_CHANGING")
    monkeypatch.undo()
    tick(platform)
    assert states(site)["a.csv"] == ("CREATED", None, 2)
    assert len(loaded(site)) == 1


def test_what_is_locked_or_finds_no_space_is_tried_again_after_its_pause(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root nobody is refused anything, and not everywhere can a small disk be mounted: hence pretended."""
    arrive(site, "a.csv", report(1))

    def refuse(self: LocalInbox, path: str) -> object:
        raise PharmaError("LOCKED", why="Permission denied")

    def write(*arguments: object) -> object:
        raise PharmaError("NO_SPACE", where="/")

    for target, name, fake, reason in (
        (LocalInbox, "open", refuse, "LOCKED"),
        (ingest, "write_draft", write, "NO_SPACE"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, fake)
            assert tick(platform)[0] == 1
        assert states(site)["a.csv"][:2] == ("ERROR", reason)
        assert tick(platform) == (0, []), "its pause is not over"
        site.retry_now()
    tick(platform)
    assert states(site)["a.csv"] == ("CREATED", None, 1)
    assert len(loaded(site)) == 1


@pytest.mark.parametrize("before", [report(1), b"%PDF-1.7"], ids=["good", "unreadable"])
def test_what_was_wrong_with_a_version_is_not_said_of_the_next(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    arrive(site, "a.csv", before)
    arrive(site, "b.csv", report(2), at=1)
    plain, replaced = ingest.read_report, list[Path]()

    def read_report(platform: Platform, file: RegisteredFile) -> object:
        try:
            return plain(platform, file)
        finally:
            if not replaced:
                replaced.append(arrive(site, "a.csv", report(9), at=5))
                look(platform)

    monkeypatch.setattr(ingest, "read_report", read_report)
    tick(platform)
    tick(platform)
    assert states(site) == {"a.csv": ("CREATED", None, 2), "b.csv": ("CREATED", None, 1)}
    assert len(loaded(site)) == 2


@pytest.mark.parametrize("step", [Step.READ, Step.MOVED, Step.CREATED])
def test_a_new_version_that_comes_during_a_rebuild_which_dies_is_loaded(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    arrive(site, "a.csv", report(1))
    tick(platform)
    before = loaded(site)

    def replace(file: RegisteredFile) -> None:
        arrive(site, "a.csv", report(9), at=5)
        look(platform)
        at(monkeypatch, step, die)
        if step is Step.READ:
            die(file)

    at(monkeypatch, Step.READ, replace)
    with contextlib.suppress(Killed):
        work_on(platform, JUNE, "rebuild", WHOLE, rebuild=True)
    monkeypatch.undo()
    tick(platform)
    assert states(site) == {"a.csv": ("CREATED", None, 2)}
    assert loaded(site) != before


@pytest.mark.parametrize("step", [Step.READ, Step.MOVED, Step.CREATED])
def test_a_file_that_goes_with_its_folder_while_it_is_worked_on_does_not_come_back(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    path = arrive(site, "a.csv", report(1))
    arrive(site, "b.csv", report(2, 7), 7)

    def go(file: RegisteredFile) -> None:
        if file.path.endswith("a.csv"):
            path.unlink()
            path.parent.rmdir()
            look(platform)

    at(monkeypatch, step, go)
    tick(platform)
    monkeypatch.undo()
    tick(platform)
    assert states(site) == {"a.csv": ("DELETE", "FILE_GONE", 1), "b.csv": ("CREATED", None, 1)}
    assert loaded(site).keys() == {"b.csv"}
    work_on(platform, JUNE, "rebuild", WHOLE, rebuild=True)


@pytest.mark.parametrize("months", [(6, 6), (6, 7)])
def test_two_files_that_swap_their_contents_swap_their_rows(
    site: Site, platform: Platform, months: tuple[int, int]
) -> None:
    one, other = report(1), report(2)
    for step, (first, second) in enumerate([(one, other), (other, one)]):
        arrive(site, "a.csv", first, months[0], at=10 * step)
        arrive(site, "b.csv", second, months[1], at=10 * step + 1)
        before = loaded(site)
        tick(platform)
        tick(platform)
    assert states(site) == {"a.csv": ("CREATED", None, 2), "b.csv": ("CREATED", None, 2)}
    after = loaded(site)
    assert (after["a.csv"], after["b.csv"]) == (before["b.csv"], before["a.csv"])


def test_a_file_that_is_sent_again_unchanged_keeps_its_place_before_its_copy(site: Site, platform: Platform) -> None:
    arrive(site, "a.csv", report(1))
    arrive(site, "copy.csv", report(1), at=1)
    tick(platform)
    arrive(site, "a.csv", report(1), at=5)
    tick(platform)
    tick(platform)
    assert states(site) == {"a.csv": ("CREATED", None, 2), "copy.csv": ("ERROR", "DUPLICATE_CONTENT", 1)}


def test_a_rebuild_does_not_hold_the_first_back_for_a_copy_that_was_let_through(site: Site, platform: Platform) -> None:
    arrive(site, "a.csv", report(1))
    arrive(site, "copy.csv", report(1), at=1)
    tick(platform)
    decide(platform, [place(CLIENT, 6, "copy.csv")], release, "two stores")
    tick(platform)
    work_on(platform, JUNE, "rebuild", WHOLE, rebuild=True)
    assert {state[:2] for state in states(site).values()} == {("CREATED", None)}
    assert len(loaded(site)) == 2


def test_a_file_that_moves_within_a_rebuild_does_not_stop_it(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new place takes its rows in the rebuild's transaction, and then its own turn comes."""
    arrive(site, "old.csv", report(1), at=10)
    arrive(site, "stays.csv", report(2), at=20)
    tick(platform)
    arrive(site, "new.csv", report(1), at=1)
    look(platform)

    def move(file: RegisteredFile) -> None:
        (site.inbox / place(CLIENT, 6, "old.csv")).unlink(missing_ok=True)
        look(platform)

    at(monkeypatch, Step.CLAIMED, move)
    work_on(platform, JUNE, "rebuild", WHOLE, rebuild=True)
    monkeypatch.undo()
    assert states(site)["old.csv"][0] == "DELETE"
    assert loaded(site).keys() == {"new.csv", "stays.csv"}


def test_deaths_of_the_process_are_no_attempts_of_the_file(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(site, "a.csv", report(1))
    with monkeypatch.context() as patch:
        at(patch, Step.CLAIMED, die)
        for _ in range(claims.MOST_DEATHS):
            with pytest.raises(Killed):
                tick(platform)
        tick(platform)
        assert states(site)["a.csv"][:2] == ("ERROR", "RUN_DIED"), "so often it may be the file's fault"
        assert site.query("SELECT attempt FROM ops.file_registry") == [{"attempt": 1}]
        site.retry_now()

    def refuse(self: LocalInbox, path: str) -> object:
        raise PharmaError("LOCKED", why="held")

    with monkeypatch.context() as patch:
        patch.setattr(LocalInbox, "open", refuse)
        tick(platform)
    site.retry_now()
    tick(platform)
    assert states(site) == {"a.csv": ("CREATED", None, 1)}


def test_a_rebuild_that_dies_leaves_no_claim(site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(site, "a.csv", report(1))
    tick(platform)
    at(monkeypatch, Step.CREATED, die)
    with pytest.raises(Killed):
        work_on(platform, JUNE, "rebuild", WHOLE, rebuild=True)
    monkeypatch.undo()
    assert tick(platform) == (0, [])
    assert len(loaded(site)) == 1


@pytest.mark.parametrize("with_folder", [False, True], ids=["file", "folder"])
def test_a_decision_about_a_file_that_has_gone_stops_nobody(
    site: Site, platform: Platform, *, with_folder: bool
) -> None:
    path = arrive(site, "a.csv", report(1))
    arrive(site, "b.csv", report(2), report_type="Type2")
    tick(platform)
    path.unlink()
    if with_folder:
        path.parent.rmdir()
    tick(platform)
    decide(platform, [place(CLIENT, 6, "a.csv")], release, "by mistake")
    arrive(site, "c.csv", report(3), report_type="Type2", at=5)
    tick(platform)
    gone = ("DELETE", "FILE_GONE", 1)
    assert states(site) == {"a.csv": gone, "b.csv": ("CREATED", None, 1), "c.csv": ("CREATED", None, 1)}
    decide(platform, [place(CLIENT, 6, "a.csv")], ignore, "it was a test")
    assert states(site)["a.csv"] == gone
    assert loaded(site).keys() == {"b.csv", "c.csv"}


def test_a_lost_database_in_the_middle_of_a_copy_is_not_the_files_fault(
    site: Site, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(site, "a.csv", report(1))
    plain = copy_rows

    def lose(connection: object, *arguments: object) -> None:
        pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[attr-defined]
        site.change(f"SELECT pg_terminate_backend({pid}, 5000)")
        plain(connection, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest, "copy_rows", lose)
    _, errors = tick(platform)
    assert len(errors) == 1
    assert states(site)["a.csv"][:2] != ("ERROR", "INTERNAL_ERROR")
    monkeypatch.undo()
    deadline = time.monotonic() + 10
    while tick(platform)[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.01)  # the server has not noticed yet that the lock's session is over
    assert states(site) == {"a.csv": ("CREATED", None, 1)}
