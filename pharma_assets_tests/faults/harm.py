"""Harm that is done to a tick, each followed by ticks until all is quiet, and what must stand then."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from pharma_assets.database.server import EmbeddedServer
from pharma_assets.database.urls import APPLICATION
from pharma_assets.loading.ingest import Step
from pharma_assets_tests.faults.corpus import fill, put
from pharma_assets_tests.faults.site import Site, State, differences, inbox_away
from pharma_assets_tests.faults.worker import Report, Worker

MOST_TICKS = 12
_SHOWN = 12


class Harmed(AssertionError):
    """What must not be: how much of it was lost, and how much stands there that should not."""

    def __init__(self, story: str, found: list[str]) -> None:
        super().__init__("\n".join([f"{story}:", *found[:_SHOWN], f"({len(found)} differences)"]))
        self.lost = sum(line.startswith("lost ") for line in found)
        self.doubled = len(found) - self.lost


@dataclass
class Ground:
    """A site with its files in the inbox, a worker, and what an undisturbed run comes to in how long."""

    site: Site
    worker: Worker
    files: dict[str, bytes]
    guarded: bool
    undisturbed: State
    seconds: float
    names: list[str]

    @classmethod
    def prepared(cls, site: Site, worker: Worker, files: dict[str, bytes], *, guarded: bool = True) -> Ground:
        fill(site.inbox, files)
        ground = cls(site, worker, files, guarded, {}, 0.0, [])
        report = worker.run(site.order(guarded=guarded, name_moments=True))
        ground.until_quiet()
        ground.undisturbed = site.state()
        ground.seconds, ground.names = report.seconds, report.names
        ground.check("undisturbed")
        site.reset()
        return ground

    def tick(self, **fields: object) -> Report:
        report = self.worker.run(self.site.order(guarded=self.guarded, **fields))
        assert not report.crash, report.crash
        assert not report.orphans, "a reading process has outlived the one that it worked for"
        return report

    def until_quiet(self) -> int:
        """Tick until there is nothing to do; returns how many ticks did something."""
        for number in range(MOST_TICKS):
            self.site.wait_for_sessions()
            self.site.retry_now()
            report = self.tick()
            if report.quiet:
                return number
        raise AssertionError(f"not quiet after {MOST_TICKS} ticks: {report}")

    def check(self, story: str, *, loads_once: bool = True) -> None:
        """The state is that of an undisturbed run, and consistent in itself; each file was loaded once and never again,
        with `loads_once`."""
        found = differences(self.undisturbed, self.site.state(), also_past=loads_once) + self.site.inconsistencies()
        if found:
            raise Harmed(story, found)

    def recover(self, story: str) -> None:
        """Tick until all is quiet, compare, and start over."""
        try:
            self.until_quiet()
        except AssertionError as error:
            raise AssertionError(f"{story}: {error}") from error
        self.check(story)
        self.site.reset()


def kill_at_steps(ground: Ground, rng: random.Random, files: int) -> int:
    """Kill at every step's boundary of the first file, and of so many others; returns how many kills."""
    kills = 0
    for step in Step:
        name = f"step {step.value}"
        among = ground.names.count(name)
        for number in [1, *rng.sample(range(2, among + 1), files)]:
            report = ground.tick(fatal=number, only=name)
            assert report.killed, f"{name} number {number} of {among} was not reached"
            ground.recover(f"killed at {name} number {number}")
            kills += 1
    return kills


def kill_at_numbered_moments(ground: Ground, rng: random.Random, count: int) -> int:
    """Kill at statements, commits and file operations, some of them once more on the way back."""
    total = len(ground.names)
    for place in range(count):
        number = rng.randint(place * total // count + 1, (place + 1) * total // count)
        story = f"killed at moment {number} of {total} ({ground.names[number - 1]})"
        report = ground.tick(fatal=number)
        assert report.killed, f"moment {number} was not reached: {report}"
        if rng.random() < 0.3:
            again = rng.randint(1, total)
            ground.tick(fatal=again)
            ground.site.forget_deaths()
            story += f", then at moment {again}"
        ground.recover(story)
    return count


def kill_at_random_times(ground: Ground, rng: random.Random, count: int) -> int:
    """Kill at times spread over an undisturbed tick, some of them once more; returns how many processes were killed."""
    kills = 0
    for place in range(count):
        after = (place + rng.random()) / count * ground.seconds
        kills += (report := ground.tick(after=after)).killed
        story = f"killed after {after:.3f} s"
        while report.killed and rng.random() < 0.3:
            again = rng.random() * ground.seconds
            kills += (report := ground.tick(after=again)).killed
            ground.site.forget_deaths()
            story += f", then after {again:.3f} s"
        ground.recover(story)
    return kills


def drop_connections(ground: Ground, rng: random.Random, count: int) -> int:
    """End sessions of a tick at random times: all of them, or only the one that holds the lock."""
    dropped = 0
    for place in range(count):
        delay = (place + rng.random()) / count * ground.seconds
        only_the_lock = bool(place % 2)
        ground.worker.start(ground.site.order(guarded=ground.guarded))
        time.sleep(delay)
        dropped += _terminate(ground.site, only_the_lock=only_the_lock)
        report = ground.worker.finish()
        assert not report.crash, report.crash
        ground.recover(f"{'the locks' if only_the_lock else 'all'} sessions dropped after {delay:.3f} s")
    return dropped


def _terminate(site: Site, *, only_the_lock: bool) -> int:
    query = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity s
        WHERE datname = current_database() AND application_name = %s AND (NOT %s OR EXISTS (
            SELECT FROM pg_locks l WHERE l.pid = s.pid AND locktype = 'advisory'))
    """
    with psycopg.connect(site.admin, autocommit=True) as admin:
        (count,) = admin.execute(query, [APPLICATION, only_the_lock]).fetchone() or (0,)
        return int(count)


def restart_server(ground: Ground, server: EmbeddedServer, rng: random.Random, count: int) -> int:
    """Stop the server at once (immediate mode), or kill it, in the middle of a tick."""
    for place in range(count):
        delay = (place + rng.random()) / count * ground.seconds
        number = signal.SIGKILL if place % 3 == 2 else signal.SIGQUIT
        ground.worker.start(ground.site.order(guarded=ground.guarded))
        time.sleep(delay)
        pid = server.status().pid
        assert pid is not None
        os.kill(pid, number)
        report = ground.worker.finish()
        assert not report.crash, report.crash
        _wait_for_end(pid)
        server.start()
        ground.recover(f"server ended by {number.name} after {delay:.3f} s")
    return count


def _wait_for_end(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


def refuse_to_store(ground: Ground, rng: random.Random, count: int) -> int:
    """A database without space left, which gives way at a random row; then there is room again."""
    for _ in range(count):
        rows = ground.undisturbed["rows"].total()
        first = rng.randint(1, rows)
        ground.site.change(f"""
            CREATE SEQUENCE public.stored;
            GRANT ALL ON SEQUENCE public.stored TO PUBLIC;
            CREATE FUNCTION public.disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF nextval('public.stored') > {first} THEN
                    RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER disk_full BEFORE INSERT ON raw.primary_data FOR EACH ROW EXECUTE FUNCTION public.disk_full();
        """)
        report = ground.tick()
        assert any("DiskFull" in error for error in report.errors), report
        wrong = ground.site.query("SELECT file_path FROM ops.file_registry WHERE error_reason = 'INTERNAL_ERROR'")
        ground.site.change("DROP FUNCTION public.disk_full CASCADE; DROP SEQUENCE public.stored")
        assert not wrong, wrong
        ground.recover(f"no space in the database after {first} rows")
    return count


def read_only_database(ground: Ground) -> int:
    """A database that takes no writes: nothing changes, and nothing is anybody's fault."""
    with psycopg.connect(ground.site.admin, autocommit=True) as admin:
        name = admin.info.dbname
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        report = ground.tick()
        assert report.errors, report
        assert not ground.site.query("SELECT FROM ops.file_registry")
        admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
    ground.recover("read-only database")
    return 1


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """A file system of this size at the folder. Raises OSError where mounting is not allowed."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        raise PermissionError(errno.EPERM, "mounting is not allowed")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_disk(ground: Ground, rng: random.Random, count: int) -> int:
    """Result files for which there is no space: NO_SPACE, tried again, and nothing torn is left."""
    home = ground.site.home
    size = sum(path.stat().st_size for path in ground.site.inbox.rglob("*") if path.is_file())
    done = 0
    for _ in range(count):
        shutil.rmtree(home, ignore_errors=True)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(small_disk(home, 20 * size // 1024))
            except PermissionError:
                return done
            free = shutil.disk_usage(home).free
            ballast = home / "ballast"
            ballast.write_bytes(b"x" * (free - rng.randint(0, size) // 4096 * 4096))
            ground.tick()
            reasons = {row["error_reason"] for row in ground.site.query("SELECT error_reason FROM ops.file_registry")}
            assert "NO_SPACE" in reasons, reasons
            assert ground.tick().quiet, "tried again before its pause was over"
            ballast.unlink()
            ground.recover("disk full")
            done += 1
    return done


def take_inbox_away(ground: Ground, rng: random.Random, count: int) -> int:
    """The mount goes at a random moment of a tick and comes back two ticks later: no DELETE is ever written."""
    for place in range(count):
        delay = (place + rng.random()) / count * ground.seconds
        leaving = bool(place % 2)
        ground.worker.start(ground.site.order(guarded=ground.guarded))
        time.sleep(delay)
        with inbox_away(ground.site, leaving_a_folder=leaving):
            report = ground.worker.finish()
            assert not report.crash, report.crash
            # A registry without files has nothing to miss.
            known = ground.site.query("SELECT FROM ops.file_registry LIMIT 1")
            expected = ["INBOX_MISSING"] if not leaving else ["INBOX_VANISHED"] if known else []
            for _ in range(2):
                errors = ground.tick().errors
                assert errors == expected, errors
        story = f"inbox away after {delay:.3f} s, {'an empty folder' if leaving else 'nothing'} in its place"
        gone = ground.site.query("SELECT FROM ops.file_event WHERE event = 'GONE'")
        assert not gone, f"{story}: {len(gone)} files are said to have gone"
        ground.recover(story)
    return count


def two_instances(
    ground: Ground,
    second: Worker,
    rng: random.Random,
    *,
    kills: bool = False,
    lost_locks: bool = False,
) -> Counter[str]:
    """Two instances over one inbox and one database while the files arrive; returns what went wrong meanwhile.

    With `kills` both are killed again and again, with `lost_locks` sessions that hold a lock are ended under them.
    """
    site, met = ground.site, Counter[str]()
    until = site.folder / "until"
    shutil.rmtree(site.inbox)
    site.inbox.mkdir()
    workers = (ground.worker, second)

    def start(worker: Worker) -> None:
        life = 0.3 + 2 * rng.random() if kills else None
        worker.start(site.order(guarded=ground.guarded, action="loop", until=str(until), after=life))

    def finish(worker: Worker) -> None:
        report = worker.finish()
        assert not report.crash, report.crash
        met.update([*(["killed"] if report.killed else []), *report.errors])

    for worker in workers:
        start(worker)
    for moment, (path, content) in enumerate(ground.files.items()):
        put(site.inbox, path, content, moment)
        time.sleep(rng.random() * ground.seconds / 10)
        if lost_locks:
            met["lock lost"] += _terminate(site, only_the_lock=True)
        if kills and moment % 5 == 4:
            for worker in workers:
                finish(worker)
                start(worker)
    time.sleep(ground.seconds)
    until.touch()
    for worker in workers:
        finish(worker)
    until.unlink()
    try:
        ground.until_quiet()
    except AssertionError as error:
        raise AssertionError(f"two instances: {error}") from error
    # Without its lock an instance may do again what another has done: that counts once, and costs time only.
    ground.check("two instances", loads_once=not lost_locks)
    site.reset()
    return met
