"""What one tick does before anything is worked on: look at the inbox, and say which client-months are due.

`take_in` is what the sensor, the `file_registry` asset and `pharma-assets tick` share; `plan` is pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from pharma_assets.loading.platform import Platform
from pharma_assets.loading.task_list import write_task_list
from pharma_assets.loading.working_folders import clear_drafts, finish_setting_aside
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.status import Status
from pharma_assets.registry import journal
from pharma_assets.registry.files import RegisteredFile, due_files, known_clients, unshown_files
from pharma_assets.registry.locks import client_month_lock, held_locks
from pharma_assets.registry.scan import ScanResult, ScanRules, scan
from pharma_assets.settings import Settings


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
    same work. `why`: the reasons of its files.
    """

    client_month: ClientMonth
    file_ids: tuple[int, ...]
    digest: str
    why: frozenset[Why]


@dataclass(frozen=True)
class Intake:
    """What a look at the inbox came to.

    `waiting`: new files without a transform. `requests`: what is due. `clients`: everyone who ever sent a file.
    """

    scan: ScanResult
    waiting: int
    requests: tuple[Request, ...]
    clients: tuple[Client, ...]


def scan_rules(settings: Settings) -> ScanRules:
    """The scan's part of the settings."""
    return ScanRules(
        extensions=settings.extensions,
        settle_seconds=settings.settle_seconds,
        first_month=date(settings.first_year, 1, 1),
        budget_seconds=settings.scan_budget_seconds,
        timezone=settings.timezone,
    )


def take_in(platform: Platform, run_id: str, in_flight: Collection[ClientMonth] = ()) -> Intake:
    """Register what has arrived and plan what is due, leaving out what is being worked on or already asked for.

    Also writes the task list, and moves out of the working folders what an earlier run has left there. Raises
    PharmaError INBOX_MISSING.
    """
    settings = platform.settings
    result = scan(platform.engine, platform.inbox, scan_rules(settings), run_id)
    versions = platform.transforms.versions
    with platform.engine.begin() as connection:
        waiting = journal.wait_for_transform(connection, versions, run_id)
        due = due_files(connection, versions)
        unshown = unshown_files(connection)
        months = {client_month_lock(file.client_month): file.client_month for file in [*due, *unshown]}
        locked = {months[name] for name in held_locks(connection, months)}
        clients = tuple(known_clients(connection))
    write_task_list(platform, due)
    busy = {*in_flight, *locked}
    finish_setting_aside(platform, busy)
    clear_drafts(platform, datetime.now(platform.timezone), busy)
    return Intake(result, waiting, tuple(plan(due, busy, unshown)), clients)


def plan(
    due: Sequence[RegisteredFile], busy: Collection[ClientMonth], unshown: Sequence[RegisteredFile] = ()
) -> list[Request]:
    """Group files by client-month, in their order; a busy client-month waits for the next tick.

    `unshown`: files that wait for a layout and have not been shown so; those that are due by now count as due.
    """
    reasons = dict.fromkeys(unshown, Why.WAITS) | {file: _why(file) for file in due}
    by_month: dict[ClientMonth, list[RegisteredFile]] = {}
    for file in dict.fromkeys([*due, *unshown]):
        if file.client_month not in busy:
            by_month.setdefault(file.client_month, []).append(file)
    return [
        Request(
            client_month,
            tuple(file.id for file in files),
            _digest(files),
            frozenset(reasons[file] for file in files),
        )
        for client_month, files in by_month.items()
    ]


def _why(file: RegisteredFile) -> Why:
    return {
        Status.NEW: Why.CHANGED if file.version > 1 else Why.NEW,
        Status.PROCESSING: Why.LAYOUT if file.reason == "NO_SCRIPT_FOUND" else Why.INTERRUPTED,
        Status.ERROR: Why.AGAIN,
    }.get(file.status, Why.ANEW)


def _digest(files: Sequence[RegisteredFile]) -> str:
    work = sorted((file.id, file.version, file.attempt, file.fingerprint or "", file.status.value) for file in files)
    return hashlib.sha256(repr(work).encode()).hexdigest()[:16]
