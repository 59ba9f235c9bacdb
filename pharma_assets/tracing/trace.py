"""Rows of `raw.primary_data`, and source rows, back to where they come from: read again, recomputed and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, text

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.loading.corrections import corrections_for
from pharma_assets.loading.ingest import registry_columns
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.report import ReadFile, facts_of, read_file
from pharma_assets.model.status import Status
from pharma_assets.reference.lists import ReferenceLists
from pharma_assets.reference.store import lists_of
from pharma_assets.registry.files import RegisteredFile, find_file
from pharma_assets.tracing.source_rows import Fate, SourceRow, TracedSheet
from pharma_assets.transforms.facts import registry_values
from pharma_assets.transforms.headers import locate
from pharma_assets.transforms.normalize import judge


@dataclass(frozen=True)
class Wanted:
    """A row of a file; `sheet` None: in whichever sheet of the report it is. `stored`: what the table holds of it."""

    file_id: int
    row: int
    sheet: str | None = None
    stored: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Loaded:
    """The ledger's entry of a file."""

    load_id: int
    version: int
    content_hash: str
    fingerprint: str
    month: date
    result_name: str | None
    reference: int | None


@dataclass(frozen=True)
class Compared:
    """One column of a row: what the table holds, and what reading again gives."""

    name: str
    stored: object
    recomputed: object

    @property
    def equal(self) -> bool:
        return bool(self.stored == self.recomputed)


@dataclass(frozen=True)
class Trace:
    """Where a row comes from.

    `stored`: what the table holds of it, None where it is not loaded. `held_back`: the codes under which it stands
    among the rejected rows. `source`: the source row as it is read now; None where it cannot be, and `problem` says
    why. `fingerprint`: today's layout, None where there is none. `content_hash`: of the bytes that were read now.
    """

    file: RegisteredFile
    sheet: str | None
    row: int
    stored: Mapping[str, Any] | None
    loaded: Loaded | None
    held_back: tuple[str, ...] = ()
    source: SourceRow | None = None
    problem: PharmaError | None = None
    fingerprint: str | None = None
    content_hash: str | None = None

    @property
    def same_layout(self) -> bool:
        """Whether today's layout is the one that the file was loaded by."""
        return self.loaded is not None and self.loaded.fingerprint == self.fingerprint

    @property
    def same_content(self) -> bool:
        """Whether the bytes that were read now are those that were loaded."""
        return self.loaded is not None and self.loaded.content_hash == self.content_hash

    @property
    def columns(self) -> tuple[Compared, ...]:
        """Every column that the table or the source row fills, side by side; none unless there are both."""
        if self.stored is None or self.source is None or self.source.fate is not Fate.LOADED or self.loaded is None:
            return ()
        known = {**registry_columns(self.file), "filename_result": self.loaded.result_name or ""}
        recomputed = {filled.name: filled.value for filled in self.source.filled} | known
        stored = {name: value for name, value in self.stored.items() if name in recomputed}
        stored |= {f"extra.{header}": told for header, told in (self.stored["extra"] or {}).items()}
        return tuple(Compared(name, stored.get(name), recomputed.get(name)) for name in {**recomputed, **stored})

    @property
    def differing(self) -> tuple[Compared, ...]:
        return tuple(column for column in self.columns if not column.equal)

    @property
    def equal(self) -> bool | None:
        """Whether reading again gives what the database holds; None where it cannot be compared."""
        if self.source is None or self.loaded is None or not self.same_content:
            return None
        if self.stored is not None:
            return self.source.fate is Fate.LOADED and not self.differing
        again = tuple(cell.code for cell in self.source.problems)
        return self.source.fate is not Fate.LOADED and again == self.held_back


_ROWS = "SELECT * FROM raw.primary_data WHERE {condition} ORDER BY file_id, source_sheet, source_row LIMIT :limit"


def rows_by_id(connection: Connection, row_id: int, month: date | None = None) -> list[Wanted]:
    """The row with this id. Raises PharmaError ROW_UNKNOWN."""
    condition = "id = :id" + ("" if month is None else " AND partition_month = :month")
    found = _stored(connection, condition, {"id": row_id, "month": month, "limit": 1})
    if not found:
        raise PharmaError("ROW_UNKNOWN", what=f"raw.primary_data.id = {row_id}")
    return found


def rows_that(
    connection: Connection, month: date, client: str | None = None, inn: str | None = None, limit: int = 5
) -> list[Wanted]:
    """The first rows of a month, of this client and this buyer. Raises PharmaError ROW_UNKNOWN if there is none."""
    conditions = {"report_provider_name": client, "client_inn": inn}
    narrowed = {name: value for name, value in conditions.items() if value is not None}
    condition = " AND ".join(["partition_month = :month", *(f"{name} = :{name}" for name in narrowed)])
    found = _stored(connection, condition, {"month": month, "limit": limit, **narrowed})
    if not found:
        raise PharmaError("ROW_UNKNOWN", what=", ".join([f"{month:%Y-%m}", *narrowed.values()]))
    return found


def rows_of_file(connection: Connection, file: RegisteredFile, row: int, sheet: str | None) -> list[Wanted]:
    """A row of a file, loaded or not."""
    condition = "partition_month = :month AND file_id = :file_id AND source_row = :row"
    condition += "" if sheet is None else " AND source_sheet = :sheet"
    month = _month_of(connection, file)
    found = _stored(
        connection, condition, {"month": month, "file_id": file.id, "row": row, "sheet": sheet, "limit": 50}
    )
    return found or [Wanted(file.id, row, sheet)]


def _month_of(connection: Connection, file: RegisteredFile) -> date:
    """The month that the file is loaded into, else that of its folder."""
    query = "SELECT partition_month FROM ops.file_load WHERE file_id = :id AND superseded_at IS NULL"
    return connection.scalar(text(query), {"id": file.id}) or file.client_month.first_day


def _stored(connection: Connection, condition: str, parameters: Mapping[str, object]) -> list[Wanted]:
    rows = connection.execute(text(_ROWS.format(condition=condition)), parameters)
    return [Wanted(row.file_id, row.source_row, row.source_sheet, dict(row._mapping)) for row in rows]


def trace(platform: Platform, wanted: Sequence[Wanted]) -> list[Trace]:
    """Trace rows; each file is read once. Raises PharmaError FILE_UNKNOWN, and what the platform is stopped by."""
    found = []
    for file_id, rows in groupby(sorted(wanted, key=lambda each: each.file_id), key=lambda each: each.file_id):
        with platform.engine.connect() as connection:
            file = find_file(connection, str(file_id))
            loaded = _ledger_entry(connection, file_id)
        found += _trace_file(platform, file, loaded, list(rows))
    return found


def _ledger_entry(connection: Connection, file_id: int) -> Loaded | None:
    row = connection.execute(
        text("SELECT * FROM ops.file_load WHERE file_id = :file_id AND superseded_at IS NULL"), {"file_id": file_id}
    ).one_or_none()
    return None if row is None else _loaded(row)


def _loaded(row: Row[Any]) -> Loaded:
    return Loaded(
        row.id,
        row.version,
        row.content_hash,
        row.transform_fingerprint,
        row.partition_month,
        row.result_name,
        row.reference_version,
    )


def _trace_file(platform: Platform, file: RegisteredFile, loaded: Loaded | None, rows: Sequence[Wanted]) -> list[Trace]:
    with platform.engine.connect() as connection:
        held_back = {} if loaded is None else _held_back(connection, loaded.load_id, [each.row for each in rows])
    traces = [
        Trace(file, each.sheet, each.row, each.stored, loaded, _of_row(held_back, each.sheet, each.row))
        for each in rows
    ]

    def untold(problem: PharmaError, content_hash: str | None = None) -> list[Trace]:
        today = _today(platform, file)
        return [replace(each, problem=problem, fingerprint=today, content_hash=content_hash) for each in traces]

    if file.status is Status.DELETE:
        return untold(PharmaError("FILE_GONE"))
    try:
        read = read_file(platform, file)
        if loaded is not None and read.content_hash != loaded.content_hash:
            return untold(PharmaError("CONTENT_CHANGED", version=loaded.version), read.content_hash)
        sheets = _sheets(platform, file, loaded, read)
    except PharmaError as problem:
        if problem.problem.scope is Scope.PLATFORM:
            raise
        return untold(problem)
    return [
        replace(
            each,
            sheet=name,
            held_back=_of_row(held_back, name, each.row),
            source=sheets[name].row(each.row),
            fingerprint=read.transform.fingerprint,
            content_hash=read.content_hash,
        )
        for each in traces
        for name in _named(sheets, each)
    ]


def _sheets(platform: Platform, file: RegisteredFile, loaded: Loaded | None, read: ReadFile) -> dict[str, TracedSheet]:
    """The sheets of the report, judged as when it was loaded: with the corrections of its rows and the same lists."""
    layout, client_month, zone = read.transform.require_layout(), file.client_month, platform.timezone
    month = client_month.first_day
    registry = registry_values(layout.registry, facts_of(file), month, zone)
    with platform.engine.connect() as connection:
        corrections = corrections_for(connection, file, read.content_hash)
        lists = _lists(platform, connection, loaded)
    return {
        located.sheet.name: TracedSheet(
            judge(located, layout, zone, month, corrections), lists, client_month.client, registry, zone, month
        )
        for located in locate(read.document, layout)
    }


def _named(sheets: Mapping[str, TracedSheet], trace: Trace) -> Iterable[str]:
    """The sheets that a row may be in. Raises PharmaError ROW_UNKNOWN for one that is not part of the report."""
    if trace.sheet is None:
        return sheets
    if trace.sheet not in sheets:
        raise PharmaError("ROW_UNKNOWN", what=f"{trace.file.path}: {trace.sheet} ({', '.join(sheets)})")
    return [trace.sheet]


def _held_back(connection: Connection, load_id: int, rows: Sequence[int]) -> dict[tuple[str, int], tuple[str, ...]]:
    """The codes of these rows that are among the rejected ones."""
    found = connection.execute(
        text(
            "SELECT source_sheet, source_row, problems FROM ops.rejected_row"
            " WHERE load_id = :load_id AND source_row = ANY(:rows)"
        ),
        {"load_id": load_id, "rows": list(rows)},
    )
    return {(row.source_sheet, row.source_row): tuple(each["code"] for each in row.problems) for row in found}


def _of_row(held_back: Mapping[tuple[str, int], tuple[str, ...]], sheet: str | None, row: int) -> tuple[str, ...]:
    """The codes of a row, whose sheet need not be named."""
    return next((codes for key, codes in held_back.items() if key[1] == row and sheet in (None, key[0])), ())


def _lists(platform: Platform, connection: Connection, loaded: Loaded | None) -> ReferenceLists:
    """The lists that the file was loaded with; for one that is not loaded, those that count now."""
    if loaded is None:
        return platform.references.current(connection)
    return ReferenceLists() if loaded.reference is None else lists_of(connection, loaded.reference)


def _today(platform: Platform, file: RegisteredFile) -> str | None:
    try:
        return platform.transforms.find(
            file.client_month.client, file.report_type, file.client_month.first_day
        ).fingerprint
    except PharmaError:
        return None
