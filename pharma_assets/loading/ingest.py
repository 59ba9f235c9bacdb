"""One file's journey from the inbox into `raw.primary_data`, top to bottom (DESIGN, "One file's journey").

`normalize_file` ends with status CREATED, `load_file` with the ledger row; each can be done again at any time, and a
crash between any two steps costs a repeat. The caller holds the lock of the file's client-month.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from pharma_assets.drift.failure import with_drift
from pharma_assets.errors import PharmaError
from pharma_assets.loading.months import ensure_month
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.primary_data import add_ledger_entry, add_rejected_rows, copy_rows, remove_rows
from pharma_assets.loading.result_file import publish, render, result_name, write_draft
from pharma_assets.loading.working_folders import set_aside
from pharma_assets.reading.hints import Hints
from pharma_assets.registry import journal
from pharma_assets.registry.files import RegisteredFile, require_unchanged
from pharma_assets.registry.twins import Twin, loaded_twins, lock_content
from pharma_assets.transforms.normalize import NormalizedReport, normalize

logger = logging.getLogger(__name__)


class Step(StrEnum):
    """The points of a file's journey after each of which a crash must cost nothing but a repeat."""

    CLAIMED = "claimed"
    READ = "read"
    WRITTEN = "result written"
    MOVED = "moved"
    CREATED = "CREATED"
    COPIED = "COPY done"
    COMMITTING = "before commit"


def reached(file: RegisteredFile, step: Step) -> None:
    """Tell how far a file has come."""
    logger.debug("file %s: %s", file.id, step)


@dataclass(frozen=True)
class NormalizedFile:
    """A file whose report stands in memory: what was read, by which transform, from which bytes."""

    file: RegisteredFile
    report: NormalizedReport
    fingerprint: str
    content_hash: str
    source: Mapping[str, object]
    result_name: str | None = None
    result_hash: str | None = None


def ingest_file(platform: Platform, file: RegisteredFile, run_id: str) -> NormalizedFile:
    """Take one claimed file all the way. Raises PharmaError with the code that the registry shall show."""
    normalized = normalize_file(platform, file, run_id)
    with platform.engine.begin() as connection:
        superseded = load_file(platform, connection, normalized, run_id)
        reached(file, Step.COMMITTING)
    set_aside(platform, superseded, [normalized.result_name])
    return normalized


def read_report(platform: Platform, file: RegisteredFile) -> NormalizedFile:
    """Read and normalize a file in memory; changes nothing anywhere.

    Raises PharmaError: NO_SCRIPT_FOUND, LAYOUT_INVALID, or what reading and normalizing raise.
    """
    transform = platform.transforms.find(file.client_month.client, file.report_type)
    layout = transform.require_layout()
    passwords = tuple(password.get_secret_value() for password in platform.settings.passwords)
    try:
        with platform.inbox.open(file.path) as content:
            document, digest = platform.reader.read(content, Hints(layout.known_headers, passwords))
    except PharmaError as problem:
        if problem.code == "FILE_GONE":
            _require_folder(platform, file)
        raise
    try:
        report = normalize(document, layout, platform.timezone, file.client_month.first_day)
    except PharmaError as problem:
        folder = transform.file.parent
        raise with_drift(
            problem, document, layout, folder, lambda content, hints: platform.reader.read(content, hints)[0], file.path
        ) from problem
    source = {
        "format": document.format,
        "engine": document.engine,
        "encoding": document.encoding,
        "sheet": report.sheet,
        "header_row": report.header_row,
    }
    return NormalizedFile(file, report, transform.fingerprint, digest, source)


def _require_folder(platform: Platform, file: RegisteredFile) -> None:
    """Raise PharmaError INBOX_MISSING if the file's folder is not there either: then it may be the mount that went."""
    folder = file.path.rpartition("/")[0]
    (found,) = platform.inbox.look_at([folder])
    if isinstance(found, OSError):
        raise PharmaError("INBOX_MISSING", folder=folder)


def normalize_file(platform: Platform, file: RegisteredFile, run_id: str) -> NormalizedFile:
    """Read a file and put its result file into «Данные на загрузку»; the registry says CREATED in the end."""
    normalized = read_report(platform, file)
    reached(file, Step.READ)
    with platform.engine.begin() as connection:
        require_unchanged(connection, file)
        journal.note_content(connection, file.id, normalized.content_hash)
    with platform.engine.begin() as connection:
        _refuse_twin(connection, normalized)
    name = _fix_result_name(platform, normalized)
    constants = _registry_columns(file)
    settings = platform.settings
    draft = write_draft(settings.drafts_folder, name, render(normalized.report.table, constants, platform.timezone))
    reached(file, Step.WRITTEN)
    result = publish(draft, settings.results_folder, datetime.now(platform.timezone))
    reached(file, Step.MOVED)
    report = normalized.report
    detail = {
        **normalized.source,
        "read": report.read,
        "to_load": report.loaded,
        "left_out": dict(report.left_out),
        "rejected": len(report.rejected),
        "control_totals": [total.document() for total in report.control_totals],
        "remarks": [{"code": remark.code, "message": remark.message} for remark in report.remarks],
    }
    with platform.engine.begin() as connection:
        require_unchanged(connection, file)
        journal.created(connection, file.id, run_id, result.path.name, result.digest, detail)
    reached(file, Step.CREATED)
    return NormalizedFile(
        file,
        report,
        normalized.fingerprint,
        normalized.content_hash,
        normalized.source,
        result.path.name,
        result.digest,
    )


def _fix_result_name(platform: Platform, normalized: NormalizedFile) -> str:
    """The result's name; chosen once for these bytes and this transform, and stored before anything is written."""
    file = normalized.file
    same_work = (file.content_hash, file.fingerprint) == (normalized.content_hash, normalized.fingerprint)
    if same_work and file.result_name is not None:
        return file.result_name
    name = result_name(file.client_month.client.name, file.id, file.path, datetime.now(platform.timezone))
    with platform.engine.begin() as connection:
        require_unchanged(connection, file)
        journal.name_result(connection, file.id, normalized.fingerprint, name)
    return name


def load_file(platform: Platform, connection: Connection, normalized: NormalizedFile, run_id: str) -> list[str]:
    """Replace the file's rows, rejects and ledger entry by these, inside the caller's transaction.

    Returns the names of result files that no longer count. Raises PharmaError FILE_CHANGING or FILE_GONE when the
    registry has a newer version of the file by now or knows that it has gone, ROWS_NOT_STORED when the database kept
    another number of rows.
    """
    file, report = normalized.file, normalized.report
    month = file.client_month.first_day
    ensure_month(platform.engine, month)
    require_unchanged(connection, file)
    lock_content(connection, normalized.content_hash)
    moved_from = _refuse_twin(connection, normalized)
    superseded = remove_rows(connection, file.id, month)
    for twin in moved_from:
        superseded += remove_rows(connection, twin.id)
        journal.moved(connection, twin.id, run_id, file.id, file.path)
    facts = {
        "file_id": file.id,
        "version": file.version,
        "content_hash": normalized.content_hash,
        "transform_fingerprint": normalized.fingerprint,
        "partition_month": month,
        "result_name": normalized.result_name,
        "result_hash": normalized.result_hash,
        "run_id": run_id,
    }
    load_id = add_ledger_entry(connection, report, facts)
    constants = {
        **_registry_columns(file),
        "filename_result": normalized.result_name or "",
        "file_id": file.id,
        "partition_month": month,
    }
    copy_rows(connection, report.table, constants)
    add_rejected_rows(connection, load_id, file.id, report)
    reached(file, Step.COPIED)
    detail = {
        "loaded": report.loaded,
        "rejected": len(report.rejected),
        "replaced": superseded,
        "moved_from": [{"id": twin.id, "path": twin.path} for twin in moved_from],
    }
    journal.loaded(connection, file.id, run_id, detail)
    return superseded


def _refuse_twin(connection: Connection, normalized: NormalizedFile) -> list[Twin]:
    """Raise PharmaError DUPLICATE_CONTENT if a file with the same bytes is there and loaded.

    Returns those that are loaded and have gone: this file is them, moved. A report without rows doubles nothing, and a
    person may have said that the file counts all the same.
    """
    if normalized.report.loaded == 0 or normalized.file.released:
        return []
    twins = loaded_twins(connection, normalized.file, normalized.content_hash)
    for twin in twins:
        if not twin.gone:
            raise PharmaError("DUPLICATE_CONTENT", id=twin.id, path=twin.path)
    return twins


def _registry_columns(file: RegisteredFile) -> dict[str, str]:
    client = file.client_month.client
    return {
        "filename_ish": file.path,
        "report_provider": client.provider.value,
        "report_provider_name": client.name,
    }
