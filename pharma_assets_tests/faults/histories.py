"""Random histories of an inbox – files come, change, move and go, people decide, processes die – beside a model.

The model knows what lies in the inbox and nothing of how the platform works: from that it says what must be loaded once
all is quiet. A history is a list of deeds of which any may be left out, so that one that fails can be made small.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import dropwhile
from typing import Any
from unittest.mock import patch

from pharma_assets.errors import PharmaError
from pharma_assets.intake import scan_rules
from pharma_assets.loading.client_month import work_on
from pharma_assets.loading.decisions import Decision, decide, ignore, release, retry
from pharma_assets.loading.platform import Platform
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry.files import due_files
from pharma_assets.registry.scan import scan
from pharma_assets_tests.faults.corpus import CLIENTS, WITHOUT_LAYOUT, csv_report, nil_report, place
from pharma_assets_tests.faults.site import Site
from pharma_assets_tests.faults.worker import WHOLE, Worker, opened, tick

Deed = tuple[str, *tuple[int, ...]]

LENGTH = 24
_MOST_TICKS = 30
# The real one is a day's.
_SWEEP = 12
_LONG_AGO = 1_700_000_000
_FAR_MOMENT = 500

_ONE, _OTHER = CLIENTS[0], CLIENTS[2]
# Where files may lie, and with which of them they share provider, client and report type.
SLOTS = (
    place(_ONE, 5, "a.csv"),
    place(_ONE, 5, "b.csv"),
    place(_ONE, 5, "c.csv"),
    place(_ONE, 6, "a.csv"),
    place(_ONE, 6, "b.csv"),
    place(_ONE, 5, "a.csv", "Type2"),
    place(_ONE, 6, "a.csv", "Type2"),
    place(_OTHER, 5, "a.csv"),
    place(_OTHER, 6, "a.csv"),
    place(WITHOUT_LAYOUT, 6, "a.csv"),
)
MONTHS = tuple(f"{client}|2025-{month:02d}" for client in (_ONE, _OTHER) for month in (5, 6))
# An inbox that loses all of its files has lost its mount.
_ANCHORS = tuple(place(CLIENTS[1], 5, f"{number}.csv") for number in range(3))

_WEIGHTS = {
    "put": 8,
    "put in place": 2,
    "copy": 4,
    "move": 4,
    "swap": 1,
    "touch": 1,
    "delete": 3,
    "delete with folder": 1,
    "scan": 3,
    "tick": 4,
    "settle": 2,
    "crash": 6,
    "rebuild": 2,
    "crash in a rebuild": 2,
    "ignore": 1,
    "release": 2,
    "retry": 1,
}


def contents() -> list[bytes]:
    """What a file may hold: good reports, one of nothing, and what cannot be read."""
    rng = random.Random(7)  # noqa: S311 - nothing secret
    return [*(csv_report(rng, 5, rows) for rows in (3, 4, 12, 25)), nil_report(), b"%PDF-1.7", b""]


_CONTENTS = contents()
_UNREADABLE = {_CONTENTS[5]: "FORMAT_UNSUPPORTED", _CONTENTS[6]: "EMPTY_FILE"}


def random_history(seed: int, length: int = LENGTH) -> list[Deed]:
    """The same deeds for the same seed."""
    rng = random.Random(seed)  # noqa: S311
    names = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=length)
    return [(name, rng.randrange(1 << 16), rng.randrange(1 << 16), rng.randrange(1 << 16)) for name in names]


def told(history: Sequence[Deed]) -> str:
    """The history as it can be played again."""
    return "\n".join(f"    {deed!r}," for deed in history)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


Row = tuple[date, str, Decimal, Decimal]


def rows_of(content: bytes) -> tuple[Counter[Row], int, int]:
    """What of a report must be loaded, and how many rows are left out and rejected: read by other means."""
    loaded: Counter[Row] = Counter()
    left_out = rejected = 0
    for day, product, quantity, amount, _ in list(csv.reader(io.StringIO(content.decode()), delimiter=";"))[1:]:
        if quantity == "0":
            left_out += 1
        elif not quantity.isdigit():
            rejected += 1
        else:
            moment = date(int(day[6:]), int(day[3:5]), int(day[:2]))
            loaded[(moment, product, Decimal(quantity), Decimal(amount.replace(",", ".")))] += 1
    return loaded, left_out, rejected


def group(path: str) -> tuple[str, str, str]:
    """Files with the same bytes are copies of one another only within this."""
    _, provider, _, _, client, report_type, _ = path.split("/")
    return provider, client, report_type


@dataclass
class Player:
    """Plays a history on a site, and compares what stands there with the model whenever all is quiet."""

    site: Site
    worker: Worker
    platform: Platform
    disk: dict[str, bytes] = field(default_factory=dict)
    # Path → the registry's version that a person decided about.
    ignored: dict[str, int] = field(default_factory=dict)
    released: dict[str, int] = field(default_factory=dict)
    # What was loaded when it was last looked at, and what was done since that may have changed it.
    loaded: dict[str, str] = field(default_factory=dict)
    disturbed: set[str] = field(default_factory=set)
    moment: int = 0
    written_in_place: bool = True
    crashes: int = 0

    def play(self, history: Sequence[Deed]) -> None:
        """Raises AssertionError where the platform and the model disagree."""
        for number, path in enumerate(_ANCHORS):
            self._write(path, _CONTENTS[number])
        self.settle()
        for name, *numbers in history:
            getattr(self, f"do_{name.replace(' ', '_')}")(*numbers)
        self.settle()
        for month in MONTHS:
            self._rebuild(month)
        self.settle()
        gone = {path for path in self._ledger() if path not in self.disk}
        assert not gone, f"rows of files that have gone have outlived a rebuild: {gone}"

    def do_put(self, slot: int, content: int, _: int) -> None:
        self._write(SLOTS[slot % len(SLOTS)], _CONTENTS[content % len(_CONTENTS)])

    def do_put_in_place(self, slot: int, content: int, _: int) -> None:
        path = SLOTS[slot % len(SLOTS)]
        if path in self.disk:
            self.moment += 1
            self.disk[path] = _CONTENTS[content % len(_CONTENTS)]
            file = self.site.inbox / path
            before = file.parent.stat().st_mtime_ns
            file.write_bytes(self.disk[path])
            os.utime(file, (_LONG_AGO + self.moment, _LONG_AGO + self.moment))
            assert file.parent.stat().st_mtime_ns == before
            self.disturbed.add(path)
            self.written_in_place = True

    def do_copy(self, source: int, slot: int, _: int) -> None:
        path = self._some_file(source)
        if path:
            beside = [other for other in SLOTS if group(other) == group(path) and other != path]
            among = beside if slot % 2 and beside else SLOTS
            self._write(among[slot // 2 % len(among)], self.disk[path])

    def do_move(self, source: int, slot: int, _: int) -> None:
        path, target = self._some_file(source), SLOTS[slot % len(SLOTS)]
        if path and path != target:
            file = self.site.inbox / target
            file.parent.mkdir(parents=True, exist_ok=True)
            (self.site.inbox / path).replace(file)
            self.disk[target] = self.disk.pop(path)
            self._moved_on(path)
            self._moved_on(target)

    def do_swap(self, one: int, other: int, _: int) -> None:
        first, second = self._some_file(one), self._some_file(other)
        if first and second and first != second:
            content = self.disk[first]
            self._write(first, self.disk[second])
            self._write(second, content)

    def do_touch(self, slot: int, _: int, __: int) -> None:
        path = self._some_file(slot)
        if path:
            self._write(path, self.disk[path])

    def do_delete(self, slot: int, _: int, __: int) -> None:
        path = self._some_file(slot)
        if path:
            (self.site.inbox / path).unlink()
            del self.disk[path]
            self._moved_on(path, arrived=False)

    def do_delete_with_folder(self, slot: int, _: int, __: int) -> None:
        path = self._some_file(slot)
        if path:
            self.do_delete(slot, 0, 0)
            folder = (self.site.inbox / path).parent
            while folder != self.site.inbox and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent

    def do_scan(self, *_: int) -> None:
        scan(self.platform.engine, self.platform.inbox, scan_rules(self.platform.settings), "scan")

    def do_tick(self, *_: int) -> None:
        tick(self.platform)

    def do_settle(self, *_: int) -> None:
        self.settle()

    def do_crash(self, fatal: int, _: int, __: int) -> None:
        report = self.worker.run(self.site.order(guarded=False, fatal=fatal % 150 + 1))
        assert not report.crash, report.crash
        self.crashes += report.killed

    def do_rebuild(self, month: int, _: int, __: int) -> None:
        self._rebuild(MONTHS[month % len(MONTHS)])

    def do_crash_in_a_rebuild(self, month: int, fatal: int, _: int) -> None:
        key = MONTHS[month % len(MONTHS)]
        self._disturb(key)
        order = self.site.order(guarded=False, action="rebuild", client_month=key, fatal=fatal % 200 + 1)
        report = self.worker.run(order)
        assert not report.crash, report.crash
        self.crashes += report.killed

    def do_ignore(self, slot: int, _: int, __: int) -> None:
        path = self._decide(slot, ignore)
        if path:
            self.ignored[path] = self._version(path)
            self.released.pop(path, None)
            self.disturbed.add(path)

    def do_release(self, slot: int, _: int, __: int) -> None:
        path = self._decide(slot, release)
        if path:
            self.released[path] = self._version(path)
            self.ignored.pop(path, None)

    def do_retry(self, slot: int, _: int, __: int) -> None:
        self._decide(slot, retry)

    def settle(self) -> None:
        """Tick until nothing is due, and compare."""
        with patch("pharma_assets.registry.folders.SWEEP", _SWEEP):
            for _ in range(_SWEEP if self.written_in_place else 0):
                self.do_scan()
        self.written_in_place = False
        for _ in range(_MOST_TICKS):
            self.site.retry_now()
            requests, errors = tick(self.platform)
            with self.platform.engine.connect() as connection:
                due = due_files(connection, self.platform.transforms.versions)
            if not (requests or errors or due):
                break
            time.sleep(0.01)  # for the server to notice that a process has gone
        else:
            raise AssertionError(f"not quiet after {_MOST_TICKS} ticks: {errors}, due: {[file.path for file in due]}")
        found = [*self.site.inconsistencies(), *self._disagreements()]
        assert not found, "\n".join(found[:8])

    def _write(self, path: str, content: bytes) -> None:
        self.moment += 1
        file = self.site.inbox / path
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.site.inbox / "arriving.tmp"
        draft.write_bytes(content)
        os.utime(draft, (_LONG_AGO + self.moment, _LONG_AGO + self.moment))
        draft.replace(file)
        self.disk[path] = content
        self._moved_on(path)

    def _moved_on(self, path: str, *, arrived: bool = True) -> None:
        """A folder's time moves with what comes and goes; here to a moment long ago, so that scans pass it over."""
        self.moment += 1
        moment = _LONG_AGO + _FAR_MOMENT + self.moment
        folder = (self.site.inbox / path).parent
        while folder != self.site.inbox.parent:
            os.utime(folder, (moment, moment))
            folder = folder.parent
        if arrived:
            self.disturbed.add(path)
            twins = [other for other, known in self.loaded.items() if known == digest(self.disk.get(path, b""))]
            self.disturbed |= {other for other in twins if group(other) == group(path)}

    def _some_file(self, number: int) -> str | None:
        present = [path for path in SLOTS if path in self.disk]
        return present[number % len(present)] if present else None

    def _decide(self, slot: int, decision: Decision) -> str | None:
        path = SLOTS[slot % len(SLOTS)]
        query = "SELECT file_path FROM ops.file_registry WHERE error_reason = 'DUPLICATE_CONTENT' ORDER BY file_path"
        held_back = [row["file_path"] for row in self.site.query(query)]
        if decision is release and held_back:
            path = held_back[slot % len(held_back)]
        found = self._when_free(lambda: decide(self.platform, [path], decision, "a history"), "FILE_UNKNOWN")
        return path if found is None else None

    def _rebuild(self, key: str) -> None:
        self._disturb(key)
        month = ClientMonth.of_key(key)
        # A folder may have gone that no scan has missed yet.
        self._when_free(lambda: work_on(self.platform, month, "rebuild", WHOLE, rebuild=True), "INBOX_MISSING")

    def _when_free(self, action: Callable[[], object], allowed: str) -> str | None:
        """Do it as soon as the lock of a process that has died is free; returns the code if it is the allowed one."""
        for _ in range(500):
            try:
                action()
            except PharmaError as error:
                if error.code == allowed:
                    return allowed
                if error.code != "CLIENT_MONTH_BUSY":
                    raise
                time.sleep(0.01)
            else:
                return None
        raise AssertionError("a lock has outlived its process")

    def _disturb(self, key: str) -> None:
        client, month = key.split("|")
        provider, name = client.split("/")
        folder = f"{provider}/{month.replace('-', '/')}/{name}/"
        self.disturbed |= {path for path in self.loaded if folder in path}

    def _version(self, path: str) -> int:
        return int(self.site.query("SELECT version FROM ops.file_registry WHERE file_path = %s", path)[0]["version"])

    def _ledger(self) -> dict[str, str]:
        query = """
            SELECT file_path, l.content_hash FROM ops.file_load l JOIN ops.file_registry f ON f.id = file_id
            WHERE superseded_at IS NULL
        """
        return {row["file_path"]: row["content_hash"] for row in self.site.query(query)}

    def _disagreements(self) -> list[str]:
        """Where the platform has it otherwise than the model."""
        registry = {row["file_path"]: row for row in self.site.query("SELECT * FROM ops.file_registry")}
        ledger = self._ledger()
        found = self._unfaithful(ledger)
        for path in registry.keys() - self.disk.keys():
            if registry[path]["status"] != "DELETE":
                found.append(f"{path} has gone and is {registry[path]['status']}")
            if path in self.loaded and path not in self.disturbed and ledger.get(path) != self.loaded[path]:
                copies = [other for other, content in self.disk.items() if digest(content) == self.loaded[path]]
                if not any(group(other) == group(path) for other in copies):
                    found.append(f"{path} has gone, and its rows with it")
        for path, content in self.disk.items():
            if path not in registry:
                found.append(f"{path} is not registered")
            else:
                found += self._of_present(path, content, registry, ledger)
        self.loaded, self.disturbed = ledger, set()
        return found

    def _of_present(
        self, path: str, content: bytes, registry: dict[str, dict[str, Any]], ledger: dict[str, str]
    ) -> list[str]:
        row = registry[path]
        status = (self.site.inbox / path).stat()
        if (row["file_size"], row["modified_ns"]) != (status.st_size, status.st_mtime_ns):
            return [f"{path} was changed, and nobody saw it"]
        state, counts = (row["status"], row["error_reason"]), ledger.get(path)
        if self.ignored.get(path) == row["version"]:
            right = state == ("ERROR", "IGNORED") and counts is None
        elif path.startswith(place(WITHOUT_LAYOUT, 6, "")):
            right = state == ("PROCESSING", "NO_SCRIPT_FOUND") and counts is None
        elif content in _UNREADABLE:
            right = state == ("ERROR", _UNREADABLE[content])
        elif state == ("ERROR", "DUPLICATE_CONTENT"):
            others = [
                other
                for other, bytes_ in self.disk.items()
                if bytes_ == content and other != path and group(other) == group(path)
            ]
            first = [other for other in others if ledger.get(other) == digest(content)]
            right = bool(first) and counts != digest(content) and self.released.get(path) != row["version"]
        else:
            right = state == ("CREATED", None) and counts == digest(content)
        return (
            []
            if right
            else [f"{path} holds {digest(content)[:8]}, is {state}, and of it {(counts or 'nothing')[:8]} is loaded"]
        )

    def _unfaithful(self, ledger: dict[str, str]) -> list[str]:
        """A loaded file's rows are exactly those of the content that the ledger names; unreleased copies count once."""
        rows = {digest(content): rows_of(content)[0] for content in _CONTENTS if content not in _UNREADABLE}
        stored: dict[str, Counter[Row]] = {path: Counter() for path in ledger}
        query = """
            SELECT filename_ish, (period AT TIME ZONE 'Europe/Moscow')::date AS day, tms, amount_type_1, sum_nds
            FROM raw.primary_data
        """
        for row in self.site.query(query):
            cells = (row["day"], row["tms"], row["amount_type_1"], row["sum_nds"])
            stored.setdefault(row["filename_ish"], Counter())[cells] += 1
        found = [
            f"{path}: rows lost {rows[known] - stored[path]}, too many {stored[path] - rows[known]}"
            for path, known in ledger.items()
            if stored[path] != rows[known]
        ]
        found += [f"{path}: rows that no ledger knows" for path in stored.keys() - ledger.keys()]
        counted = Counter(
            (*group(path), known)
            for path, known in ledger.items()
            if rows[known] and path in self.disk and not self._was_let_through(path, known)
        )
        return found + [f"{name} is loaded {count} times" for name, count in counted.items() if count > 1]

    def _was_let_through(self, path: str, known: str) -> bool:
        """Whether a person has let these bytes count at this path, and nothing else was loaded from it since."""
        query = """
            SELECT file_path, l.version, l.content_hash FROM ops.file_load l JOIN ops.file_registry f ON f.id = file_id
            ORDER BY l.id
        """
        loads = [(row["version"], row["content_hash"]) for row in self.site.query(query) if row["file_path"] == path]
        since = list(dropwhile(lambda load: load[0] != self.released.get(path), loads))
        return bool(since) and {content for _, content in since} == {known}


def play(site: Site, worker: Worker, history: Sequence[Deed]) -> int:
    """Play a history on an empty site; returns how many processes were killed in it. Raises AssertionError."""
    for path in sorted(site.inbox.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    site.reset()
    with opened(site.order(guarded=False)) as platform:
        player = Player(site, worker, platform)
        player.play(history)
        return player.crashes


def smallest(history: Sequence[Deed], fails: Callable[[Sequence[Deed]], bool]) -> list[Deed]:
    """The history without the deeds that its failure does not need."""
    small = list(history)
    size = max(1, len(small) // 2)
    while True:
        start = 0
        while start < len(small):
            shorter = small[:start] + small[start + size :]
            if fails(shorter):
                small = shorter
            else:
                start += size
        if size == 1:
            return small
        size //= 2
