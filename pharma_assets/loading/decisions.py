"""What a person decides about a file: try again, set aside, let through. Each is kept with who and why."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from pharma_assets.errors import PharmaError
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.primary_data import remove_rows
from pharma_assets.loading.supersession import Group, settle_anew
from pharma_assets.loading.working_folders import set_aside
from pharma_assets.registry import journal
from pharma_assets.registry.files import RegisteredFile, find_file
from pharma_assets.registry.locks import client_month_lock, try_lock

Decision = Callable[[Connection, RegisteredFile, journal.Verdict], list[str]]


def retry(connection: Connection, file: RegisteredFile, verdict: journal.Verdict) -> list[str]:
    """The file is due at the next tick, whatever its error was."""
    journal.retried(connection, file, verdict)
    return []


def ignore(connection: Connection, file: RegisteredFile, verdict: journal.Verdict) -> list[str]:
    """The file is set aside until it changes or is released; rows of it that are loaded are taken out."""
    superseded = remove_rows(connection, file.id)
    journal.ignored(connection, file, verdict)
    return superseded


def release(connection: Connection, file: RegisteredFile, verdict: journal.Verdict) -> list[str]:
    """The file as it is now counts, whatever held it back: it is due, and not refused as a copy of another."""
    journal.released(connection, file, verdict)
    return []


def decide(platform: Platform, names: Sequence[str], decision: Decision, why: str) -> list[RegisteredFile]:
    """Carry out a decision about files that are named by their id or path; returns them as they were.

    Each file is decided in a transaction of its own, under the lock of its client-month. Raises PharmaError
    FILE_UNKNOWN before anything is changed, and CLIENT_MONTH_BUSY when a run is working on the file.
    """
    with platform.engine.begin() as connection:
        files = [find_file(connection, name) for name in names]
    verdict = journal.Verdict(getpass.getuser(), why)
    for file in files:
        with try_lock(platform.engine, client_month_lock(file.client_month)) as held:
            if not held:
                raise PharmaError("CLIENT_MONTH_BUSY", client_month=file.client_month)
            with platform.engine.begin() as connection:
                superseded = decision(connection, file, verdict)
                # What the file has replaced or held back may count now.
                group = Group(file.client_month, file.report_type, platform.timezone.key)
                superseded += settle_anew(connection, group, verdict.run_id)
            set_aside(platform, superseded, [])
    return files
