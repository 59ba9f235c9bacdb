"""One look at the inbox: what is new, changed or gone goes into the registry, what does not fit is reported."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, text

from pharma_assets.errors import PharmaError
from pharma_assets.inbox.source import Inbox
from pharma_assets.inbox.walk import (
    Listing,
    PathProblem,
    SeenFile,
    Walk,
    changed_lately,
    path_problem,
    settled,
    standing_still,
    walk_inbox,
)
from pharma_assets.model.client_month import Client
from pharma_assets.model.report_path import Leaf
from pharma_assets.registry import journal
from pharma_assets.registry.arrivals import KnownFile, known_files, register
from pharma_assets.registry.folders import FolderState, Remembered, counted, forget, remember, remembered
from pharma_assets.registry.locks import SCAN, try_lock

MOST_GONE = 10
MOST_GONE_SHARE = 0.2

# Folders that the walk saw, looked at once more before anything is called gone.
_WITNESSES = 3
_BATCH_FILES = 20_000
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
    goes on. `paths` lists what was (or, in a dry run, would be) registered, `gone` what was there and is no longer.
    """

    seen: int = 0
    added: int = 0
    changed: int = 0
    filtered: int = 0
    unsettled: int = 0
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
            earlier = remembered(connection, trusting=inbox.trusts_folder_times)
        return _Scan(connection, inbox, rules, run_id, earlier).run()


def look(inbox: Inbox, rules: ScanRules) -> ScanResult:
    """What a scan of an empty registry would add. Touches no database."""
    started = time.monotonic()
    moment, months, walk = time.time_ns(), _Months.of(rules), Walk()
    found = ScanResult()
    paths: list[str] = []
    for listing in walk_inbox(inbox, rules.extensions, walk, lambda folder, modified_ns: False):
        if listing is None:
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
        problems=tuple(walk.problems),
        seconds=time.monotonic() - started,
    )


@dataclass
class _Scan:
    """The state of one scan."""

    connection: Connection
    inbox: Inbox
    rules: ScanRules
    run_id: str
    earlier: Remembered
    started: float = field(default_factory=time.monotonic)
    walk: Walk = field(default_factory=Walk)
    added: int = 0
    changed: int = 0
    unsettled: int = 0
    passed_over: int = 0
    paths: list[str] = field(default_factory=list)
    lately: list[SeenFile] = field(default_factory=list)
    gone: dict[str, int] = field(default_factory=dict)

    def run(self) -> ScanResult:
        complete = self._walk()
        if self.lately:
            time.sleep(min(self.rules.settle_seconds, 1.0))
            still = standing_still(self.inbox, self.lately)
            self.unsettled += len(self.lately) - len(still)
            with self.connection.begin():
                self._register(still)
        vanished = self._vanished_folders() if complete else []
        with self.connection.begin():
            self._mark_gone(vanished)
            _keep_problems(self.connection, self.walk.problems, complete=complete)
            files, filtered = counted(self.connection)
        return ScanResult(
            seen=files + self.walk.stray_files,
            added=self.added,
            changed=self.changed,
            filtered=filtered + self.walk.stray_filtered,
            unsettled=self.unsettled,
            problems=tuple(self.walk.problems),
            paths=tuple(self.paths),
            gone=tuple(self.gone),
            seconds=time.monotonic() - self.started,
            complete=complete,
        )

    def _walk(self) -> bool:
        """List the folders that must be; whether the budget was enough for all of them."""
        quiet = self.earlier.quiet

        def pass_over(folder: str, modified_ns: int) -> bool:
            if f"{folder}/{modified_ns}" not in quiet:
                return False
            self.passed_over += 1
            return True

        listings: list[Listing] = []
        files = 0
        listed_ns = time.time_ns()
        for listing in walk_inbox(self.inbox, self.rules.extensions, self.walk, pass_over):
            if listing is not None:
                listings.append(listing)
                files += len(listing.files)
            if files >= _BATCH_FILES or len(listings) >= _BATCH_FOLDERS:
                self._take(listings, listed_ns)
                listings, files, listed_ns = [], 0, time.time_ns()
            if time.monotonic() - self.started > self.rules.budget_seconds:
                self._take(listings, listed_ns)
                return False
        self._take(listings, listed_ns)
        return True

    def _take(self, listings: Sequence[Listing], listed_ns: int) -> None:
        """Compare what these folders hold with what the registry says. `listed_ns`: the moment before the first."""
        if not listings:
            return
        months = _Months.of(self.rules)
        arrived: list[SeenFile] = []
        states: list[FolderState] = []
        with self.connection.begin():
            # A file's folder is remembered with the file, so one that is not has no files in the registry.
            met = [listing.folder for listing in listings if self.earlier.knows(listing.folder)]
            known = known_files(self.connection, met)
            of_folder: dict[str, list[str]] = {}
            for path in known:
                of_folder.setdefault(path.rpartition("/")[0], []).append(path)
            for listing in listings:
                gone = self._missing(listing, of_folder.get(listing.folder, []))
                self.gone |= {path: known[path].id for path in gone}
                fresh = [file for file in listing.files if known.get(file.path, _NEVER)[1:] != file[2:4]]
                outside = months.problem(listing.leaf) if fresh else None
                waiting = False
                for file in fresh:
                    if not settled(file, listed_ns, self.rules.settle_seconds):
                        self.unsettled += 1
                        waiting = True
                    elif outside is not None:
                        self.walk.problems.append(path_problem(file.path, outside))
                        waiting = True
                    elif changed_lately(file, listed_ns, self.rules.settle_seconds):
                        self.lately.append(file)
                        waiting = True
                    else:
                        arrived.append(file)
                sure = listing.plain and not gone and not waiting
                quiet = sure and listed_ns - listing.modified_ns >= _CLOCK_STEP_NS
                states.append(
                    FolderState(
                        listing.folder,
                        listing.modified_ns if quiet else None,
                        listing.count,
                        listing.filtered,
                    )
                )
            self._register(arrived)
            remember(self.connection, [state for state in states if self.earlier.others.get(state.folder) != state])

    def _missing(self, listing: Listing, known: Sequence[str]) -> list[str]:
        if not self.walk.sees(listing.folder):
            return []
        return [path for path in known if path.rpartition("/")[2] not in listing.present]

    def _register(self, files: Sequence[SeenFile]) -> None:
        added, changed = register(self.connection, files, self.run_id, self.rules.since)
        self.added += added
        self.changed += changed
        self.paths += [file.path for file in files]

    def _vanished_folders(self) -> list[str]:
        """Leaf folders of earlier scans that are not there any more."""
        if self.passed_over == len(self.earlier.quiet) and self.earlier.others.keys() <= self.walk.leaves:
            return []
        missing = self.earlier.missing(self.walk.leaves)
        return [folder for folder in missing if self.walk.sees(folder)]

    def _mark_gone(self, vanished: Sequence[str]) -> None:
        """Files that are not where they were become DELETE, unless that is too many to be believed."""
        if vanished:
            rows = self.connection.execute(
                text(
                    """
                    SELECT file_path, id FROM ops.file_registry
                    WHERE status <> 'DELETE' AND regexp_replace(file_path, '/[^/]*$', '') = ANY(:folders)
                    """
                ),
                {"folders": list(vanished)},
            )
            self.gone |= {row.file_path: row.id for row in rows}
        self.gone = self._missing_still()
        if self.gone:
            self._require_inbox()
            self._refuse_disaster()
            journal.gone(self.connection, list(self.gone.values()), self.run_id)
        forget(self.connection, vanished)

    def _missing_still(self) -> dict[str, int]:
        """Those that are missing now too: a file that is being replaced is away for a moment only."""
        found = self.inbox.look_at(list(self.gone))
        return {
            path: number
            for (path, number), now in zip(self.gone.items(), found, strict=True)
            if isinstance(now, (FileNotFoundError, NotADirectoryError))
        }

    def _require_inbox(self) -> None:
        """Raise PharmaError INBOX_MISSING or INBOX_VANISHED if the mount has gone since the walk began."""
        self.inbox.check()
        leaves = sorted(self.walk.leaves)
        witnesses = leaves[:: max(1, len(leaves) // _WITNESSES)]
        if witnesses and all(isinstance(found, OSError) for found in self.inbox.look_at(witnesses)):
            raise self._vanished()

    def _refuse_disaster(self) -> None:
        if self.rules.accept_gone:
            return
        present, gone = self._present(), len(self.gone)
        if gone == present or (gone > MOST_GONE and gone > MOST_GONE_SHARE * present):
            raise self._vanished()

    def _present(self) -> int:
        return self.connection.scalar(text("SELECT count(*) FROM ops.file_registry WHERE status <> 'DELETE'")) or 0

    def _vanished(self) -> PharmaError:
        gone, example = len(self.gone), next(iter(self.gone))
        return PharmaError("INBOX_VANISHED", gone=gone, present=self._present(), example=example)


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


def _keep_problems(connection: Connection, problems: Sequence[PathProblem], *, complete: bool) -> None:
    """Keep what could not be placed where people can query it; a complete scan forgets what is no longer so."""
    if problems:
        connection.execute(
            text(
                """
                INSERT INTO ops.path_problem AS p (path, code, message, first_seen, last_seen)
                SELECT DISTINCT ON (path) path, code, message, now(), now()
                FROM unnest(CAST(:paths AS text[]), CAST(:codes AS text[]), CAST(:messages AS text[]))
                    AS n (path, code, message)
                ON CONFLICT (path) DO UPDATE
                SET code = excluded.code, message = excluded.message, last_seen = excluded.last_seen
                """
            ),
            {
                "paths": [problem.path for problem in problems],
                "codes": [problem.code for problem in problems],
                "messages": [problem.message for problem in problems],
            },
        )
    if complete:
        connection.execute(text("DELETE FROM ops.path_problem WHERE last_seen < now()"))
