"""What was read of a client-month is loaded together, so that it is what the present files alone would give."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection

from pharma_assets.errors import PharmaError
from pharma_assets.files import writing_error
from pharma_assets.loading.ingest import Fate, Loaded, LoadFailed, group_of, load_files
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.report import NormalizedFile
from pharma_assets.loading.supersession import settle_anew
from pharma_assets.registry import journal
from pharma_assets.registry.files import RegisteredFile


def kept_on_disk(normalized: NormalizedFile, folder: Path) -> NormalizedFile:
    """The same report with its rows in a file that is mapped into memory: all of a month's are many.

    Raises PharmaError NO_SPACE or LOCKED.
    """
    table, path = normalized.report.table, folder / f"{normalized.file.id}.arrow"
    try:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    except OSError as error:
        raise writing_error(error, path) from error
    mapped = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    return replace(normalized, report=replace(normalized.report, table=mapped))


def load_present(
    platform: Platform,
    connection: Connection,
    files: Sequence[RegisteredFile],
    normalized: Sequence[NormalizedFile],
    run_id: str,
    absent: Collection[int],
    error_of: Callable[[RegisteredFile, Exception], PharmaError],
) -> Loaded:
    """Load what was read of these files in the caller's transaction; what could not be read keeps the rows it had, and
    those that are `absent` have no say. `error_of` makes the registry's error of what goes wrong with one file, or
    raises."""
    whole = Loaded()
    # One of each report type, those of which nothing was read too.
    for file in {file.report_type: file for file in files}.values():
        pending = [one for one in normalized if one.file.report_type == file.report_type]
        while pending:
            try:
                with connection.begin_nested():
                    loaded = load_files(platform, connection, pending, run_id, absent)
                break
            except LoadFailed as failed:
                error = error_of(failed.file, failed.problem)
                journal.failed(connection, failed.file, run_id, error, failed.fingerprint)
                whole.fates[failed.file.id] = Fate(error=error)
                pending = [one for one in pending if one.file.id != failed.file.id]
        else:
            loaded = Loaded(superseded=settle_anew(connection, group_of(platform, file), run_id, absent))
        whole.fates |= loaded.fates
        whole.counting += loaded.counting
        whole.superseded += loaded.superseded
        whole.displaced += loaded.displaced
    return whole
