"""What stands in the database of one client-month: ledger, rows, open files, earlier months.

Each question is asked once and answered by indexes, however many client-months share the month's partition; the checks
look at the answers. Independent of the code that loaded the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, text

from pharma_assets.model.client_month import ClientMonth
from pharma_assets.model.target import COLUMNS
from pharma_assets.registry.files import OF_CLIENT_MONTH, client_month_parameters

HISTORY_MONTHS = 12

NUMERIC = tuple(column.name for column in COLUMNS if column.type.is_numeric)
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in NUMERIC)
# A damaged entry is the audit's to name, and must not stop the load that mends it.
_FIGURE = "CASE WHEN l.{0} ->> '{1}' ~ '^-?[0-9]+([.][0-9]+)?$' THEN (l.{0} ->> '{1}')::numeric END"
# Without what other files have superseded.
_LEDGER_SUMS = ", ".join(
    f"sum({_FIGURE.format('sums', name)} - coalesce({_FIGURE.format('sums_superseded', name)}, 0)) AS {name}"
    for name in NUMERIC
)
# What makes a row a sale of its own, wherever it was reported.
_CONTENT = ", ".join(column.name for column in COLUMNS if not column.name.startswith(("filename_", "report_")))


@dataclass(frozen=True)
class LoadedFigures:
    """What is loaded of a client-month, by the ledger."""

    files: int
    rows: int
    sums: Mapping[str, Decimal]


@dataclass(frozen=True)
class LoadedFile:
    """A ledger entry and what stands in the tables for it.

    `rows_superseded`: of those loaded, which others have replaced; `sums`: as the ledger says, without these; `stored`,
    `stored_sums`, `held_back`: as the tables do. `control_totals`: the report's own, as they were found when it was
    read.
    """

    id: int
    path: str
    rows_read: int
    rows_loaded: int
    rows_superseded: int
    rows_left_out: int
    rows_rejected: int
    sums: Mapping[str, Decimal]
    stored: int
    stored_sums: Mapping[str, Decimal]
    held_back: int
    content_hash: str
    control_totals: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class OpenFile:
    """A file that is not taken in, with the code, message and advice of the catalogue."""

    id: int
    path: str
    code: str
    message: str
    advice: str


@dataclass(frozen=True)
class Volume:
    """What was loaded for one report type in one month."""

    month: date
    report_type: str
    rows: int
    sums: Mapping[str, Decimal]


@dataclass(frozen=True)
class MonthFacts:
    """The facts of a client-month.

    `days`: rows by the day of `period`, in the suppliers' time zone (None: no period). `inns`: rows by `client_inn`
    (None: blank). `rows_in_files`: how many rows repeat one of another file. `volumes`: this month and the
    HISTORY_MONTHS before it. `today`: of the suppliers.
    """

    client_month: ClientMonth
    today: date
    files: Sequence[LoadedFile]
    open_files: Sequence[OpenFile]
    days: Mapping[date | None, int]
    inns: Mapping[str | None, int]
    rows_in_files: int
    volumes: Sequence[Volume]

    @property
    def rows(self) -> int:
        return sum(file.stored for file in self.files)


def month_facts(connection: Connection, client_month: ClientMonth, timezone: str, today: date) -> MonthFacts:
    """Ask everything about a client-month."""
    entries = connection.execute(
        text(
            f"""
            SELECT f.id, f.file_path, l.id AS load_id, l.partition_month, l.rows_read, l.rows_loaded, l.content_hash,
                   l.rows_superseded, l.sums_superseded,
                   l.rows_left_out_total, l.rows_rejected, l.sums,
                   (SELECT count(*) FROM ops.rejected_row r WHERE r.load_id = l.id) AS held_back,
                   (SELECT e.detail -> 'control_totals' FROM ops.file_event e WHERE e.file_id = f.id
                    AND e.event = 'CREATED' ORDER BY e.id DESC LIMIT 1) AS control_totals
            FROM ops.file_registry f JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
            WHERE {OF_CLIENT_MONTH} ORDER BY f.id
            """  # noqa: S608
        ),
        client_month_parameters(client_month),
    ).all()
    of_rows = {"months": sorted({entry.partition_month for entry in entries}), "ids": [entry.id for entry in entries]}
    by_day = _by_day(connection, of_rows, timezone)
    days: dict[date | None, int] = {}
    for row in by_day:
        days[row.day] = days.get(row.day, 0) + row.rows
    return MonthFacts(
        client_month,
        today,
        tuple(_file(entry, [row for row in by_day if row.file_id == entry.id]) for entry in entries),
        _open_files(connection, client_month),
        days,
        _inns(connection, of_rows),
        _repeated(connection, of_rows) if len(entries) > 1 else 0,
        _volumes(connection, client_month),
    )


# The files by their numbers and not by a join: only so does the planner go by the index, before it has statistics of a
# partition that has just been filled.
_OF_FILES = "partition_month = ANY(CAST(:months AS date[])) AND file_id = ANY(CAST(:ids AS bigint[]))"


def _by_day(connection: Connection, of_rows: Mapping[str, object], timezone: str) -> Sequence[Row[Any]]:
    return connection.execute(
        text(
            f"""
            SELECT file_id, CAST(period AT TIME ZONE :timezone AS date) AS day, count(*) AS rows, {_SUMS}
            FROM raw.primary_data WHERE {_OF_FILES} GROUP BY 1, 2
            """  # noqa: S608
        ),
        {**of_rows, "timezone": timezone},
    ).all()


def _inns(connection: Connection, of_rows: Mapping[str, object]) -> dict[str | None, int]:
    query = f"SELECT client_inn, count(*) AS rows FROM raw.primary_data WHERE {_OF_FILES} GROUP BY 1"  # noqa: S608
    return {row.client_inn: row.rows for row in connection.execute(text(query), of_rows)}


def _repeated(connection: Connection, of_rows: Mapping[str, object]) -> int:
    """Rows that stand in more than one file, but for one of each."""
    query = f"""
        SELECT coalesce(sum(rows - most), 0) FROM (
            SELECT sum(rows) AS rows, max(rows) AS most FROM (
                SELECT md5(ROW({_CONTENT})::text) AS content, file_id, count(*) AS rows
                FROM raw.primary_data WHERE {_OF_FILES} GROUP BY 1, 2
            ) each_file GROUP BY content HAVING count(*) > 1
        ) repeated
    """  # noqa: S608
    return int(connection.scalar(text(query), of_rows) or 0)


def _file(entry: Row[Any], rows: Sequence[Row[Any]]) -> LoadedFile:
    return LoadedFile(
        id=entry.id,
        path=entry.file_path,
        rows_read=entry.rows_read,
        rows_loaded=entry.rows_loaded,
        rows_superseded=entry.rows_superseded,
        rows_left_out=entry.rows_left_out_total,
        rows_rejected=entry.rows_rejected,
        sums={
            name: Decimal(total) - Decimal((entry.sums_superseded or {}).get(name, 0))
            for name, total in (entry.sums or {}).items()
        },
        stored=sum(row.rows for row in rows),
        stored_sums=_totals(rows),
        held_back=entry.held_back,
        content_hash=entry.content_hash,
        control_totals=entry.control_totals or (),
    )


def _totals(rows: Sequence[Row[Any]]) -> dict[str, Decimal]:
    """The sum of each numeric column that holds anything."""
    found = {name: [row._mapping[name] for row in rows if row._mapping[name] is not None] for name in NUMERIC}
    return {name: sum(sums, Decimal(0)) for name, sums in found.items() if sums}


def loaded_figures(connection: Connection, client_month: ClientMonth) -> LoadedFigures:
    """Files, rows and sums of a client-month, by the ledger."""
    row = connection.execute(
        text(
            f"""
            SELECT count(*) AS files, coalesce(sum(l.rows_loaded - l.rows_superseded), 0) AS rows, {_LEDGER_SUMS}
            FROM ops.file_registry f JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
            WHERE {OF_CLIENT_MONTH}
            """  # noqa: S608
        ),
        client_month_parameters(client_month),
    ).one()
    return LoadedFigures(row.files, int(row.rows), _totals([row]))


def _open_files(connection: Connection, client_month: ClientMonth) -> tuple[OpenFile, ...]:
    rows = connection.execute(
        text(
            f"""
            SELECT id, file_path, error_reason, error_detail ->> 'message' AS message,
                   error_detail ->> 'advice' AS advice
            FROM ops.file_registry f
            WHERE {OF_CLIENT_MONTH} AND status IN ('ERROR', 'PROCESSING') AND error_reason IS NOT NULL
            ORDER BY id
            """  # noqa: S608
        ),
        client_month_parameters(client_month),
    )
    return tuple(OpenFile(row.id, row.file_path, row.error_reason, row.message or "", row.advice or "") for row in rows)


def _volumes(connection: Connection, client_month: ClientMonth) -> tuple[Volume, ...]:
    """By the ledger, which is small; that it agrees with the rows is another check's business."""
    rows = connection.execute(
        text(
            f"""
            SELECT make_date(f.report_year, f.report_month, 1) AS month, f.report_type,
                   sum(l.rows_loaded - l.rows_superseded) AS rows,
                   {_LEDGER_SUMS}
            FROM ops.file_registry f JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
            WHERE f.data_provider = :provider AND f.client_name = :client
              AND f.report_year * 12 + f.report_month BETWEEN :last - :months AND :last
            GROUP BY 1, 2 ORDER BY 1, 2
            """  # noqa: S608
        ),
        {
            **client_month_parameters(client_month),
            "last": client_month.year * 12 + client_month.month,
            "months": HISTORY_MONTHS,
        },
    ).all()
    return tuple(Volume(row.month, row.report_type, int(row.rows), _totals([row])) for row in rows)
