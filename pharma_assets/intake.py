"""What one tick does before anything is worked on: look at the inbox, and say which client-months are due.

`take_in` is what the sensor, the `file_registry` asset and `pharma-assets tick` share; `plan` is pure.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from operator import itemgetter

from pharma_assets.loading.by_script import clear_script_runs
from pharma_assets.loading.contents import learn_contents
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.task_list import write_task_list
from pharma_assets.loading.working_folders import clear_drafts, finish_setting_aside
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.status import Status
from pharma_assets.registry import claims, journal
from pharma_assets.registry.files import RegisteredFile, due_files, known_clients, unshown_files
from pharma_assets.registry.last_scan import note_scan
from pharma_assets.registry.locks import client_month_lock, end_holder, held_locks
from pharma_assets.registry.scan import ScanResult, ScanRules, scan
from pharma_assets.settings import Settings
from pharma_assets.transforms.catalog import Transforms

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Backlog:
    """Months before `since` are of the backlog: at most `at_once` of its client-months are worked on at a time."""

    since: date | None = None
    at_once: int = 0

    def holds(self, client_month: ClientMonth) -> bool:
        return self.since is not None and client_month.first_day < self.since


NO_BACKLOG = Backlog()


class Why(StrEnum):
    """Why a client-month is asked for, in the words that its run is tagged with."""

    NEW = "new file"
    CHANGED = "changed file"
    INTERRUPTED = "interrupted"
    LAYOUT = "a layout has come"
    AGAIN = "another attempt"
    ANEW = "brought up to date"
    WAITS = "waits for a layout"


@dataclass(frozen=True)
class Request:
    """A client-month to be worked on.

    `file_ids`: what is due, and what only waits for a layout and has not been shown so. `digest` is the same for the
    same work. `why`: the reasons of its files. `is_backlog`: whatever else is due comes first.
    """

    client_month: ClientMonth
    file_ids: tuple[int, ...]
    digest: str
    why: frozenset[Why]
    is_backlog: bool = False


@dataclass(frozen=True)
class Intake:
    """What a look at the inbox came to.

    `waiting`: new files without a transform. `requests`: what is due. `clients`: everyone who ever sent a file.
    """

    scan: ScanResult
    waiting: int
    requests: tuple[Request, ...]
    clients: tuple[Client, ...]


def scan_rules(settings: Settings, transforms: Transforms | None = None) -> ScanRules:
    """The scan's part of the settings. With `transforms`, only names of the reference lists are taken, and those that a
    transform is for."""
    clients: frozenset[Client] | None = None
    report_types: frozenset[str] | None = None
    if transforms is not None:
        tree = settings.tree
        clients = frozenset(Client(provider, name) for provider in tree.providers for name in tree.clients)
        clients |= transforms.by_client.keys()
        report_types = frozenset(tree.report_types).union(
            version.report_type for version in transforms.versions if version.report_type is not None
        )
    return ScanRules(
        extensions=settings.extensions,
        settle_seconds=settings.settle_seconds,
        first_month=date(settings.first_year, 1, 1),
        budget_seconds=settings.scan_budget_seconds,
        timezone=settings.timezone,
        since=settings.since,
        clients=clients,
        report_types=report_types,
    )


def take_in(platform: Platform, run_id: str, in_flight: Collection[ClientMonth] = ()) -> Intake:
    """Register what has arrived and plan what is due, leaving out what is being worked on or already asked for.

    Also writes the task list, and moves out of the working folders what an earlier run has left there. Raises
    PharmaError INBOX_MISSING.
    """
    settings = platform.settings
    result = scan(platform.engine, platform.inbox, scan_rules(settings, platform.transforms), run_id)
    if not result.busy:
        note_scan(platform.engine, result)
    versions = platform.transforms.versions
    with platform.engine.begin() as connection:
        waiting = journal.wait_for_transform(connection, versions, run_id)
        # A file that came otherwise than by a scan may be of a month that has no partition (yet).
        due = [file for file in due_files(connection, versions) if _has_partition(settings, file.client_month)]
        unshown = [file for file in unshown_files(connection) if _has_partition(settings, file.client_month)]
        months = {client_month_lock(file.client_month): file.client_month for file in [*due, *unshown]}
        locked = {months[name] for name in held_locks(connection, months)}
        for stuck in locked.intersection(claims.overdue(connection)):
            logger.warning("%s: its claims have run out, whoever holds its lock hangs; it is free again", stuck)
            end_holder(connection, client_month_lock(stuck))
        clients = tuple(known_clients(connection))
    learn_contents(platform)
    write_task_list(platform, due)
    busy = {*in_flight, *locked}
    finish_setting_aside(platform, busy)
    clear_drafts(platform, datetime.now(platform.timezone), busy)
    clear_script_runs(platform, busy)
    requests = plan(due, busy, unshown, Backlog(settings.since, settings.backlog_at_once))
    return Intake(result, waiting, tuple(requests), clients)


def _has_partition(settings: Settings, client_month: ClientMonth) -> bool:
    today = datetime.now(settings.zone).date()
    return date(settings.first_year, 1, 1) <= client_month.first_day <= today


def plan(
    due: Sequence[RegisteredFile],
    busy: Collection[ClientMonth],
    unshown: Sequence[RegisteredFile] = (),
    backlog: Backlog = NO_BACKLOG,
) -> list[Request]:
    """Group files, which come oldest first, by client-month; a busy client-month waits for the next tick.

    Clients take turns: first every client's client-month with its oldest file, then every client's second one. Those of
    the backlog come last, and only as many as there is room for. `unshown`: files that wait for a layout and have not
    been shown so; those that are due by now count as due.
    """
    reasons = dict.fromkeys(unshown, Why.WAITS) | {file: _why(file) for file in due}
    by_month: dict[ClientMonth, list[RegisteredFile]] = {}
    for file in dict.fromkeys([*due, *unshown]):
        if file.client_month not in busy:
            by_month.setdefault(file.client_month, []).append(file)
    requests = [
        Request(
            client_month,
            tuple(file.id for file in files),
            _digest(files),
            frozenset(reasons[file] for file in files),
            is_backlog=backlog.holds(client_month),
        )
        for client_month, files in by_month.items()
    ]
    room = max(0, backlog.at_once - sum(map(backlog.holds, busy)))
    late = _in_turns([request for request in requests if request.is_backlog])
    return _in_turns([request for request in requests if not request.is_backlog]) + late[:room]


def _why(file: RegisteredFile) -> Why:
    return {
        Status.NEW: Why.CHANGED if file.version > 1 else Why.NEW,
        Status.PROCESSING: Why.LAYOUT if file.reason == "NO_SCRIPT_FOUND" else Why.INTERRUPTED,
        Status.ERROR: Why.AGAIN,
    }.get(file.status, Why.ANEW)


def _in_turns(requests: Sequence[Request]) -> list[Request]:
    """First the first request of every client, then every client's second one."""
    met: Counter[Client] = Counter()
    turns = []
    for request in requests:
        client = request.client_month.client
        turns.append((met[client], request))
        met[client] += 1
    return [request for _, request in sorted(turns, key=itemgetter(0))]


def _digest(files: Sequence[RegisteredFile]) -> str:
    work = sorted((file.id, file.version, file.attempt, file.fingerprint or "", file.status.value) for file in files)
    return hashlib.sha256(repr(work).encode()).hexdigest()[:16]
