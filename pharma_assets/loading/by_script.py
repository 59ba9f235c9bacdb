"""A report by way of the client's own script: run over one record, its file read like any other (CONTRACT §4)."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlalchemy import text

from pharma_assets.errors import PharmaError
from pharma_assets.files import sha256_of
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.result_file import write_draft
from pharma_assets.loading.task_list import tasks_of
from pharma_assets.loading.working_folders import all_locked, owners_of, quarantine
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.reading.guard import GuardedReader
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.scripts.found import Script
from pharma_assets.scripts.run import ScriptFile, run_script
from pharma_assets.scripts.task import Task
from pharma_assets.settings import Settings
from pharma_assets.transforms.normalize import NormalizedReport
from pharma_assets.transforms.script_result import RESULT_LAYOUT, invalid_output, normalize_result


@dataclass(frozen=True)
class ScriptReport:
    """What a script made of a record: its file, what was read in it, and the report that this is."""

    written: ScriptFile
    document: Document
    report: NormalizedReport

    @property
    def suffix(self) -> str:
        """The extension of its file."""
        return PurePosixPath(self.written.name).suffix.lower()


def made_by_script(platform: Platform, script: Script, file: RegisteredFile) -> ScriptReport:
    """Run the client's script over a file of the registry and read what it wrote.

    Raises what `run_script` and `read_script_file` raise; a file that cannot be loaded is kept in quarantine, for
    people to look at.
    """
    settings = platform.settings
    (task,) = tasks_of(platform, [file])
    written = run_script(settings, script, task.as_open(), platform.inbox.open(file.path), settings.script_runs_folder)
    try:
        return read_script_file(settings, platform.reader, written, task)
    except PharmaError as problem:
        if problem.code == "OUTPUT_INVALID":
            with suppress(PharmaError):
                write_draft(settings.drafts_folder, written.name, written.content)
                quarantine(platform, written.name, settings.drafts_folder)
        raise


def read_script_file(settings: Settings, reader: GuardedReader, written: ScriptFile, task: Task) -> ScriptReport:
    """Read the file that a script wrote for a record. Raises PharmaError OUTPUT_INVALID, TIMEOUT."""
    try:
        document, _ = reader.read(written.content, Hints(RESULT_LAYOUT.known_headers))
    except PharmaError as problem:
        raise invalid_output(written.name, problem) from problem
    client_month = task.client_month
    registry = {
        "filename_ish": task.path,
        "report_provider": client_month.client.provider.value,
        "report_provider_name": client_month.client.name,
    }
    report = normalize_result(document, written.name, registry, settings.zone, client_month.first_day)
    return ScriptReport(written, document, report)


def keeps_name(platform: Platform, file_id: int, made: ScriptReport, name: str) -> bool:
    """Whether the script's file may take the name that was chosen for this work before.

    A script may write the same rows to other bytes each time. Where such a file stands under the name and is loaded,
    the new one needs a name of its own; where an attempt that died has left it, it goes into quarantine.
    """
    stands = platform.settings.results_folder / name
    if PurePosixPath(name).suffix != made.suffix:
        return False
    if not stands.exists() or sha256_of(stands) == hashlib.sha256(made.written.content).hexdigest():
        return True
    query = text("SELECT FROM ops.file_load WHERE file_id = :id AND result_name = :name AND superseded_at IS NULL")
    with platform.engine.connect() as connection:
        loaded = connection.execute(query, {"id": file_id, "name": name}).first() is not None
    return not loaded and quarantine(platform, name)


def clear_script_runs(platform: Platform, busy: Collection[ClientMonth] = ()) -> list[str]:
    """Take away working folders of scripts whose platform has died. A run is alive while the lock of its file's
    client-month is held. Returns the names."""
    folder = platform.settings.script_runs_folder
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()) if folder.is_dir() else []
    if not names:
        return []
    with platform.engine.connect() as connection:
        owners = owners_of(connection, names)
    cleared = []
    for name in names:
        if any(owner.client_month in busy for owner in owners[name]):
            continue
        with all_locked(platform, owners[name]) as held:
            if held:
                shutil.rmtree(folder / name, ignore_errors=True)
                cleared.append(name)
    return cleared
