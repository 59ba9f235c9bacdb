"""One file's journey from the inbox into `raw.primary_data`, top to bottom (DESIGN, "One file's journey").

`normalize_file` ends with status CREATED, `load_file` with the ledger row; each can be done again at any time, and a
crash between any two steps costs a repeat. The caller holds the lock of the file's client-month.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, text

from pharma_assets.errors import PharmaError
from pharma_assets.loading.by_script import keeps_name
from pharma_assets.loading.contents import learn_likely_twins
from pharma_assets.loading.corrections import went_into
from pharma_assets.loading.coverage import without
from pharma_assets.loading.months import ensure_month
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.primary_data import (
    add_ledger_entry,
    add_rejected_rows,
    close_ledger_entry,
    copy_rows,
    note_superseded_rows,
    remove_rows,
)
from pharma_assets.loading.report import NormalizedFile, read_report
from pharma_assets.loading.result_file import publish, render, result_name, write_draft
from pharma_assets.loading.settlement import Counts, Held, Superseded, ids_told, places_told
from pharma_assets.loading.supersession import (
    Displaced,
    Group,
    Settlement,
    copy_of,
    displace,
    settle_group,
    wake,
)
from pharma_assets.loading.working_folders import set_aside
from pharma_assets.model.delivery import NOTHING, Amounts
from pharma_assets.registry import journal
from pharma_assets.registry.deliveries import amounts_replaced, note_delivery
from pharma_assets.registry.files import RegisteredFile, require_unchanged
from pharma_assets.registry.twins import lock_content

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
class Fate:
    """What became of a file that was read: `superseded` of its rows do not count; `remark` says why that is so, `error`
    why it is held back and none of them counts."""

    superseded: Amounts = NOTHING
    remark: PharmaError | None = None
    error: PharmaError | None = None


@dataclass
class Loaded:
    """What a load came to: the fate of each file by its id, the results that count and those that do not or no longer,
    and what it meant for files that were not worked on."""

    fates: dict[int, Fate] = field(default_factory=dict)
    counting: list[str | None] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    displaced: list[Displaced] = field(default_factory=list)


class LoadFailed(Exception):
    """What went wrong in the database with one of several files that are loaded together."""

    def __init__(self, normalized: NormalizedFile, problem: Exception) -> None:
        self.file, self.fingerprint, self.problem = normalized.file, normalized.fingerprint, problem
        super().__init__(f"file {self.file.id}: {problem}")


def ingest_file(platform: Platform, file: RegisteredFile, run_id: str) -> tuple[NormalizedFile, Loaded]:
    """Take one claimed file all the way. Raises PharmaError with the code that the registry shall show; a file that is
    held back because of others has its code already."""
    normalized = normalize_file(platform, file, run_id)
    with platform.engine.begin() as connection:
        loaded = load_file(platform, connection, normalized, run_id)
        reached(file, Step.COMMITTING)
    set_aside(platform, loaded.superseded, loaded.counting)
    return normalized, loaded


def normalize_file(platform: Platform, file: RegisteredFile, run_id: str) -> NormalizedFile:
    """Read a file and put its result file into «Данные на загрузку»; the registry says CREATED in the end."""
    normalized = read_report(platform, file)
    reached(file, Step.READ)
    with platform.engine.begin() as connection:
        require_unchanged(connection, file)
        journal.note_content(connection, file.id, normalized.content_hash)
    learn_likely_twins(platform, file)
    with platform.engine.begin() as connection:
        copy = copy_of(connection, group_of(platform, file), normalized.reading)
    if copy is not None:
        raise copy
    name = _fix_result_name(platform, normalized)
    settings = platform.settings
    draft = write_draft(settings.drafts_folder, name, _result_content(platform, normalized))
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
        "corrected": len(report.corrected),
        "control_totals": [total.document() for total in report.control_totals],
        "remarks": [{"code": remark.code, "message": remark.message} for remark in report.remarks],
    }
    with platform.engine.begin() as connection:
        require_unchanged(connection, file)
        journal.created(connection, file.id, run_id, result.path.name, result.digest, detail)
    reached(file, Step.CREATED)
    return replace(normalized, result_name=result.path.name, result_hash=result.digest)


def _result_content(platform: Platform, normalized: NormalizedFile) -> bytes:
    """The result file: what the script wrote, as it is, or else the report."""
    if normalized.by_script is not None:
        return normalized.by_script.written.content
    return render(normalized.report.table, registry_columns(normalized.file), platform.timezone)


def _fix_result_name(platform: Platform, normalized: NormalizedFile) -> str:
    """The result's name; chosen once for these bytes, this transform, these corrections and reference lists, and stored
    before anything is written."""
    file = normalized.file
    same_work = (file.content_hash, file.fingerprint) == (normalized.content_hash, normalized.fingerprint)
    made = normalized.by_script
    known = file.result_name if same_work else None
    # A script may write the same rows to other bytes.
    mine = known is not None and (made is None or keeps_name(platform, file.id, made, known))
    if known is not None and mine and not _is_of_other_work(platform, known, normalized):
        return known
    moment = datetime.now(platform.timezone)
    suffix = ".csv" if made is None else made.suffix
    name = result_name(file.client_month.client.name, file.id, file.path, moment, suffix)
    if name == file.result_name:
        # Within a second of the work before, whose result still counts under that name.
        name = result_name(file.client_month.client.name, file.id, file.path, moment + timedelta(seconds=1), suffix)
    with platform.engine.begin() as connection:
        require_unchanged(connection, file)
        journal.name_result(connection, file.id, normalized.fingerprint, name)
    return name


def _is_of_other_work(platform: Platform, name: str, normalized: NormalizedFile) -> bool:
    """Whether the result of this name is loaded, and was made with other corrections or reference lists."""
    with platform.engine.connect() as connection:
        loaded = connection.execute(
            text(
                """
                SELECT l.reference_version, ARRAY(SELECT c.id FROM ops.row_correction c WHERE c.load_id = l.id) AS ids
                FROM ops.file_load l
                WHERE l.file_id = :file_id AND l.superseded_at IS NULL AND l.result_name = :name
                """
            ),
            {"file_id": normalized.file.id, "name": name},
        ).one_or_none()
    if loaded is None:
        return False
    corrections = {correction.id for correction in normalized.report.corrected}
    return loaded.reference_version != normalized.reference or set(loaded.ids) != corrections


def load_file(platform: Platform, connection: Connection, normalized: NormalizedFile, run_id: str) -> Loaded:
    """Replace the file's rows, rejects and ledger entry by these, inside the caller's transaction; rows of other files
    that it replaces go, and its own go unloaded where others count in its place or hold it back.

    Raises PharmaError FILE_CHANGING or FILE_GONE when the registry has a newer version of the file by now or knows that
    it has gone, DUPLICATE_CONTENT for a copy, ROWS_NOT_STORED when the database kept another number of rows.
    """
    settled = _settle(platform, connection, [normalized])
    for error in settled.refused.values():
        raise error
    try:
        return _carry_out(platform, connection, settled, [normalized], run_id)
    except LoadFailed as failed:
        raise failed.problem from None


def load_files(
    platform: Platform,
    connection: Connection,
    normalized: Sequence[NormalizedFile],
    run_id: str,
    absent: Collection[int] = (),
) -> Loaded:
    """The same for files of one client-month and report type together; those that are `absent` have no say.

    A copy is refused with its code in the registry, and the rest goes on. Raises LoadFailed for the file with which
    something went wrong: whether others count was decided with it.
    """
    settled = _settle(platform, connection, normalized, absent)
    loaded = _carry_out(platform, connection, settled, normalized, run_id)
    for one in normalized:
        error = settled.refused.get(one.file.id)
        if error is not None:
            journal.failed(connection, one.file, run_id, error, one.fingerprint)
            loaded.fates[one.file.id] = Fate(error=error)
            loaded.superseded += [one.result_name] if one.result_name else []
    return loaded


def group_of(platform: Platform, file: RegisteredFile) -> Group:
    """The files that this one may replace, and that may replace it."""
    return Group(file.client_month, file.report_type, platform.timezone.key)


def _settle(
    platform: Platform, connection: Connection, normalized: Sequence[NormalizedFile], absent: Collection[int] = ()
) -> Settlement:
    """Which files count, now that nobody can change these any more."""
    file = normalized[0].file
    ensure_month(platform.engine, file.client_month.first_day)
    for one in normalized:
        require_unchanged(connection, one.file)
    for content_hash in sorted({one.content_hash for one in normalized}):
        lock_content(connection, content_hash)
    return settle_group(connection, group_of(platform, file), [one.reading for one in normalized], absent)


def _carry_out(
    platform: Platform,
    connection: Connection,
    settled: Settlement,
    normalized: Sequence[NormalizedFile],
    run_id: str,
) -> Loaded:
    loaded = Loaded()
    loads: dict[int, int] = {}
    paths = {one.id: one.file.path for one, _ in settled.others} | {one.file.id: one.file.path for one in normalized}
    # First those that count: whose load supersedes another must be known.
    for one in normalized:
        verdict = settled.verdicts.get(one.file.id)
        if isinstance(verdict, Counts):
            try:
                loads[one.file.id] = _store(platform, connection, one, verdict, settled, loaded, run_id)
            except Exception as problem:
                raise LoadFailed(one, problem) from problem
    for one in normalized:
        verdict = settled.verdicts.get(one.file.id)
        if isinstance(verdict, Superseded):
            by = loads.get(verdict.by) or next(other.load_id for other, _ in settled.others if other.id == verdict.by)
            _keep_out(connection, one, by, loaded, run_id)
            error = PharmaError("SUPERSEDED", id=verdict.by, path=paths[verdict.by])
            note_delivery(connection, one.reading.delivered, one.file.version, superseded_by=verdict.by)
            detail = {"by": verdict.by, "load": by, "rows": one.report.loaded}
            journal.superseded(connection, one.file.id, run_id, error, detail)
            loaded.fates[one.file.id] = Fate(Amounts(one.report.loaded, one.report.sums()), remark=error)
        elif isinstance(verdict, Held):
            _keep_out(connection, one, None, loaded, run_id)
            note_delivery(connection, one.reading.delivered, one.file.version, held_by=verdict.by)
            journal.held(connection, one.file.id, run_id, verdict.error)
            loaded.fates[one.file.id] = Fate(error=verdict.error)
    names, displaced = displace(connection, settled, loads, run_id)
    loaded.superseded += names
    loaded.displaced += displaced
    return loaded


def _store(
    platform: Platform,
    connection: Connection,
    normalized: NormalizedFile,
    verdict: Counts,
    settled: Settlement,
    loaded: Loaded,
    run_id: str,
) -> int:
    """Load the file's rows, but for those that other files replace; returns the entry of the ledger."""
    file, report = normalized.file, normalized.report
    month = file.client_month.first_day
    delivered = normalized.reading.delivered
    superseded = remove_rows(connection, file.id, month)
    moved_from = settled.moved.get(file.id, [])
    for twin in moved_from:
        superseded += remove_rows(connection, twin.id)
        journal.moved(connection, twin.id, run_id, file.id, file.path)
        wake(connection, twin.id, file, run_id)
    load_id = add_ledger_entry(connection, report, _ledger_facts(normalized, run_id))
    replaced = amounts_replaced(delivered, verdict.replaced)
    if replaced.rows:
        note_superseded_rows(connection, load_id, replaced)
    constants = {
        **registry_columns(file),
        "filename_result": normalized.result_name or "",
        "file_id": file.id,
        "partition_month": month,
    }
    copy_rows(connection, without(report.table, verdict.replaced, platform.timezone), constants)
    add_rejected_rows(connection, load_id, file.id, report)
    went_into(connection, report.corrected, load_id)
    note_delivery(connection, delivered, file.version, replaced=verdict.replaced)
    reached(file, Step.COPIED)
    detail = {
        "loaded": report.loaded,
        "rejected": len(report.rejected),
        "replaced": superseded,
        "moved_from": [{"id": twin.id, "path": twin.path} for twin in moved_from],
        **({"superseded": replaced.rows} if replaced.rows else {}),
    }
    journal.loaded(connection, file.id, run_id, detail)
    remark = None
    if replaced.rows:
        by, where = ids_told(verdict.replaced.values()), places_told(verdict.replaced)
        remark = PharmaError("SUPERSEDED_IN_PART", rows=replaced.rows, ids=by, where=where)
    loaded.fates[file.id] = Fate(replaced, remark)
    loaded.superseded += superseded
    loaded.counting.append(normalized.result_name)
    return load_id


def _keep_out(
    connection: Connection, normalized: NormalizedFile, superseded_by: int | None, loaded: Loaded, run_id: str
) -> None:
    """Take the file's rows out; its entry of the ledger tells what was read, and never counts."""
    file = normalized.file
    loaded.superseded += remove_rows(connection, file.id, file.client_month.first_day)
    load_id = add_ledger_entry(connection, normalized.report, _ledger_facts(normalized, run_id))
    close_ledger_entry(connection, load_id, superseded_by)
    loaded.superseded += [normalized.result_name] if normalized.result_name else []
    reached(file, Step.COPIED)


def _ledger_facts(normalized: NormalizedFile, run_id: str) -> dict[str, object]:
    file = normalized.file
    return {
        "file_id": file.id,
        "version": file.version,
        "content_hash": normalized.content_hash,
        "transform_fingerprint": normalized.fingerprint,
        "partition_month": file.client_month.first_day,
        "result_name": normalized.result_name,
        "result_hash": normalized.result_hash,
        "run_id": run_id,
        "reference_version": normalized.reference,
    }


def registry_columns(file: RegisteredFile) -> dict[str, str]:
    client = file.client_month.client
    return {
        "filename_ish": file.path,
        "report_provider": client.provider.value,
        "report_provider_name": client.name,
    }
