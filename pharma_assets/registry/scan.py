"""One look at the inbox: what is new, changed or gone goes into the registry, what does not fit is reported."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, text

from pharma_assets.errors import PharmaError
from pharma_assets.inbox.source import Inbox
from pharma_assets.inbox.walk import (
    Listing,
    Passage,
    PathProblem,
    SeenFile,
    Walk,
    changed_lately,
    path_problem,
    settled,
    standing_still,
    storable,
    walk_inbox,
)
from pharma_assets.model.client_month import Client
from pharma_assets.model.report_path import Leaf
from pharma_assets.registry.arrivals import KnownFile, known_files, register, register_unseen
from pharma_assets.registry.departures import Departures
from pharma_assets.registry.folders import FolderState, Remembered, counted, forget, remember, remembered
from pharma_assets.registry.locks import SCAN, try_lock
from pharma_assets.registry.misplaced import forget_problems, keep_problems

MOST_TOLD = 1_000
"""So many paths are listed in a scan's result; all of them stand in the registry and in `ops.path_problem`."""

_BATCH_FILES = 10_000
_BATCH_FOLDERS = 2_000
# Two changes within one step of the file system's clock leave the same time; steps are of two seconds at most.
_CLOCK_STEP_NS = 3 * 10**9
_NEVER = KnownFile(0, -1, None)


@dataclass(frozen=True)
class ScanRules:
    """What the scan takes: file extensions (empty: all), how long a file must have been still, and which months.

    The last month is the running one in `timezone`, as it is for the partitions. `accept_gone`: however many files have
    gone at once, a person has said that it is right. `since`: what is of an earlier month waits as BACKLOG. `clients`,
    `report_types`: the reference lists; None where any name is right.
    """

    extensions: tuple[str, ...]
    settle_seconds: float
    first_month: date
    budget_seconds: float
    timezone: str = "Europe/Moscow"
    accept_gone: bool = False
    since: date | None = None
    clients: frozenset[Client] | None = None
    report_types: frozenset[str] | None = None


@dataclass(frozen=True)
class ScanResult:
    """What a scan saw and did.

    `busy`: somebody else was scanning, so nothing was done. `complete`: False when the budget ran out; the next scan
    goes on. `misplaced`: how many paths do not fit. Of these, and of those that were registered, the first MOST_TOLD
    are listed in `problems` and `paths`; all in a dry run. `gone` lists what was there and is no longer.
    """

    seen: int = 0
    added: int = 0
    changed: int = 0
    filtered: int = 0
    unsettled: int = 0
    misplaced: int = 0
    problems: tuple[PathProblem, ...] = ()
    paths: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    seconds: float = 0.0
    complete: bool = True
    busy: bool = False


def scan(engine: Engine, inbox: Inbox, rules: ScanRules, run_id: str) -> ScanResult:
    """Register unseen files as NEW, changed ones as a new version, and files that have gone as DELETE.

    Doing it again changes nothing. Raises PharmaError INBOX_MISSING before anything is written, and INBOX_VANISHED
    instead of writing DELETE where so much has gone at once that it must be the mount (BAD_INPUTS 58).
    """
    # The lock's connection is a new one each time; the work's, asked for first, may be a warm one of the pool.
    with engine.connect() as connection, try_lock(engine, SCAN) as held:
        if not held:
            return ScanResult(busy=True)
        with connection.begin():
            began = connection.scalar(text("SELECT now()")) or _now()
            earlier = remembered(connection)
        return _Scan(connection, inbox, rules, run_id, began, earlier).run()


def look(inbox: Inbox, rules: ScanRules) -> ScanResult:
    """What a scan of an empty registry would add. Touches no database."""
    started = time.monotonic()
    moment, months, walk = time.time_ns(), _Months.of(rules), Walk()
    found = ScanResult()
    paths: list[str] = []
    for listing in walk_inbox(inbox, rules.extensions, walk):
        if isinstance(listing, Passage):
            continue
        outside = months.problem(listing.leaf)
        walk.problems += [path_problem(file.path, outside) for file in listing.files if outside is not None]
        still = [file for file in listing.files if settled(file, moment, rules.settle_seconds)]
        paths += [file.path for file in still if outside is None]
        found = replace(
            found,
            seen=found.seen + listing.count,
            filtered=found.filtered + listing.filtered,
            unsettled=found.unsettled + len(listing.files) - len(still),
        )
    return replace(
        found,
        seen=found.seen + walk.stray_files,
        filtered=found.filtered + walk.stray_filtered,
        added=len(paths),
        paths=tuple(paths),
        misplaced=len(walk.problems),
        problems=tuple(walk.problems),
        seconds=time.monotonic() - started,
    )


@dataclass
class _Batch:
    """Folders that were listed, to be compared with the registry in one go. `listed_ns`: the moment before the
    first."""

    listings: list[Listing] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    problems: list[PathProblem] = field(default_factory=list)
    files: int = 0
    listed_ns: int = field(default_factory=time.time_ns)

    def add(self, listed: Listing | Passage) -> None:
        if isinstance(listed, Listing):
            self.listings.append(listed)
            self.files += len(listed.files)
        else:
            self.passages.append(listed)

    @property
    def full(self) -> bool:
        return self.files >= _BATCH_FILES or len(self.listings) + len(self.passages) >= _BATCH_FOLDERS


@dataclass
class _Scan:
    """The state of one scan. `began`: the database's time at its beginning."""

    connection: Connection
    inbox: Inbox
    rules: ScanRules
    run_id: str
    began: datetime
    earlier: Remembered
    started: float = field(default_factory=time.monotonic)
    walk: Walk = field(default_factory=Walk)
    added: int = 0
    changed: int = 0
    unsettled: int = 0
    misplaced: int = 0
    paths: list[str] = field(default_factory=list)
    problems: list[PathProblem] = field(default_factory=list)
    lately: list[SeenFile] = field(default_factory=list)
    gone: dict[str, int] = field(default_factory=dict)

    def run(self) -> ScanResult:
        still = self.inbox.still(self.earlier.calm.items())
        unlisted = self.earlier.unlisted(still)
        complete = self._walk(still, unlisted)
        if self.lately:
            time.sleep(min(self.rules.settle_seconds, 1.0))
            settled_now = standing_still(self.inbox, self.lately)
            self.unsettled += len(self.lately) - len(settled_now)
            with self.connection.begin():
                self._count(register(self.connection, settled_now, self.run_id, self.rules.since), settled_now)
        vanished = [folder for folder in unlisted if self._has_gone(folder)] if complete else []
        departures = Departures(self.connection, self.inbox, self.run_id)
        with self.connection.begin():
            self.gone |= {path: known.id for path, known in known_files(self.connection, vanished).items()}
            gone = departures.mark(self.gone, {*self.walk.listed, *still}, accept=self.rules.accept_gone)
            forget(self.connection, vanished)
            if complete:
                forget_problems(self.connection, self.began)
            files, filtered = counted(self.connection)
        return ScanResult(
            seen=files + self.walk.stray_files,
            added=self.added,
            changed=self.changed,
            filtered=filtered + self.walk.stray_filtered,
            unsettled=self.unsettled,
            misplaced=self.misplaced,
            problems=tuple(self.problems),
            paths=tuple(self.paths),
            gone=tuple(gone),
            seconds=time.monotonic() - self.started,
            complete=complete,
        )

    def _has_gone(self, folder: str) -> bool:
        return folder not in self.walk.listed and self.walk.sees(folder)

    def _walk(self, still: set[str], unlisted: Sequence[str]) -> bool:
        """List the folders that must be; whether the budget was enough for all of them."""
        # Where the folder above is listed too, the walk comes to them by itself. The root always is, and last.
        below_a_calm_one = [folder for folder in unlisted if (above := folder.rpartition("/")[0]) in still or not above]
        # In another order each time: a scan that runs out of time has then come to others than the one before.
        random.shuffle(below_a_calm_one)
        starts = dict.fromkeys(["", *below_a_calm_one])
        batch, complete = _Batch(), True
        # The next folders are listed while the database is told of the last ones.
        with ThreadPoolExecutor(1) as database:
            taken: Future[None] | None = None
            folders = walk_inbox(
                self.inbox, self.rules.extensions, self.walk, lambda folder: folder in still or folder in starts, starts
            )
            for listed in folders:
                batch.add(listed)
                complete = time.monotonic() - self.started <= self.rules.budget_seconds
                if batch.full or not complete:
                    taken = self._hand_over(database, batch, taken)
                    batch = _Batch()
                if not complete:
                    break
            self._hand_over(database, batch, taken).result()
        return complete

    def _hand_over(self, database: ThreadPoolExecutor, batch: _Batch, before: Future[None] | None) -> Future[None]:
        if before is not None:
            before.result()
        batch.problems, self.walk.problems = self.walk.problems, []
        return database.submit(self._take, batch)

    def _take(self, batch: _Batch) -> None:
        """Compare what these folders hold with what the registry says."""
        months = _Months.of(self.rules)
        unseen: list[SeenFile] = []
        changed: list[SeenFile] = []
        states: dict[str, FolderState] = {}
        with self.connection.begin():
            # A file's folder is remembered with the file, so one that is not has no files in the registry.
            met = [listing.folder for listing in batch.listings if self.earlier.knows(listing.folder)]
            known = known_files(self.connection, met)
            of_folder: dict[str, list[str]] = {}
            for path in known:
                of_folder.setdefault(path.rpartition("/")[0], []).append(path)
            for listing in batch.listings:
                gone = [
                    path for path in of_folder.get(listing.folder, ()) if path.rpartition("/")[2] not in listing.present
                ]
                self.gone |= {path: known[path].id for path in gone}
                ready, waiting = self._ready(listing, known, months, batch)
                unseen += [file for file in ready if file.path not in known]
                changed += [file for file in ready if file.path in known]
                sure = listing.plain and not gone and not waiting
                modified_ns = _calm_since(listing.modified_ns, batch.listed_ns) if sure else None
                states[listing.folder] = FolderState(listing.folder, modified_ns, listing.count, listing.filtered)
            for passage in batch.passages:
                states |= self._passed(passage, batch, states)
            self._count(register_unseen(self.connection, unseen, self.run_id, self.rules.since), unseen)
            self._count(register(self.connection, changed, self.run_id, self.rules.since), changed)
            remember(
                self.connection,
                [state for folder, state in states.items() if self.earlier.others.get(folder) != state],
            )
            keep_problems(self.connection, batch.problems)
        self.misplaced += len(batch.problems)
        self.problems += batch.problems[: MOST_TOLD - len(self.problems)]

    def _ready(
        self, listing: Listing, known: dict[str, KnownFile], months: _Months, batch: _Batch
    ) -> tuple[list[SeenFile], bool]:
        """The folder's new and changed files to register now, and whether others must be looked at again."""
        fresh = [file for file in listing.files if known.get(file.path, _NEVER)[1:] != file[2:4]]
        if not fresh:
            return [], False
        ready = []
        outside = months.problem(listing.leaf)
        for file in fresh:
            if not settled(file, batch.listed_ns, self.rules.settle_seconds):
                self.unsettled += 1
            elif outside is not None:
                batch.problems.append(path_problem(file.path, outside))
            elif changed_lately(file, batch.listed_ns, self.rules.settle_seconds):
                self.lately.append(file)
            else:
                ready.append(file)
        return ready, len(ready) < len(fresh)

    def _passed(self, passage: Passage, batch: _Batch, states: dict[str, FolderState]) -> dict[str, FolderState]:
        """A folder above the leaves, and those in it that are still to be listed.

        These are remembered with it: otherwise a scan that ends before it comes to them would leave them unseen behind
        a folder that does not change any more.
        """
        below = [folder for folder in passage.below if storable(folder)]
        sure = passage.plain and len(below) == len(passage.below)
        modified_ns = _calm_since(passage.modified_ns, batch.listed_ns) if sure else None
        found = {
            folder: FolderState(folder, None, 0, 0)
            for folder in below
            if folder not in states and not self.earlier.knows(folder)
        }
        if passage.folder and storable(passage.folder):
            found[passage.folder] = FolderState(passage.folder, modified_ns, 0, 0)
        return found

    def _count(self, registered: tuple[int, int], files: Sequence[SeenFile]) -> None:
        added, changed = registered
        self.added += added
        self.changed += changed
        self.paths += [file.path for file in files[: MOST_TOLD - len(self.paths)]]


def _calm_since(modified_ns: int, listed_ns: int) -> int | None:
    """The folder's time, if it was listed so long after its last change that another one would show."""
    return modified_ns if listed_ns - modified_ns >= _CLOCK_STEP_NS else None


@dataclass(frozen=True)
class _Months:
    """The months that partitions exist for, and the names of the reference lists."""

    first: date
    last: date
    clients: frozenset[Client] | None
    report_types: frozenset[str] | None

    @classmethod
    def of(cls, rules: ScanRules) -> _Months:
        today = _now().astimezone(ZoneInfo(rules.timezone)).date()
        return cls(rules.first_month, today.replace(day=1), rules.clients, rules.report_types)

    def problem(self, leaf: Leaf) -> PharmaError | None:
        """What is wrong with a leaf folder whose path reads as one."""
        month, client = leaf.client_month.first_day, leaf.client_month.client
        if not self.first <= month <= self.last:
            return PharmaError(
                "PATH_OUTSIDE_MONTHS", month=f"{month:%Y-%m}", first=f"{self.first:%Y-%m}", last=f"{self.last:%Y-%m}"
            )
        if self.clients is not None and client not in self.clients:
            return PharmaError("PATH_UNKNOWN", name=client, list="tree.clients")
        if self.report_types is not None and leaf.report_type not in self.report_types:
            return PharmaError("PATH_UNKNOWN", name=leaf.report_type, list="tree.report_types")
        return None


def _now() -> datetime:
    return datetime.now(UTC)
