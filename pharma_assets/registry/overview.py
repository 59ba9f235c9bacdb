"""The registry's picture for people: what arrived, what became of it, what waits for somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, text

from pharma_assets.registry.backlog import count_waiting


@dataclass(frozen=True)
class ClientMonthState:
    """One client-month: how many files in which status, and what of them is loaded.

    `files_superseded`: CREATED, and not loaded because another counts in their place. `rows_superseded`: rows of loaded
    files for which those of another stand; `rows_loaded` is without them.
    """

    provider: str
    client: str
    month: str
    files: int
    files_loaded: int
    files_superseded: int
    statuses: Mapping[str, int]
    rows_read: int
    rows_loaded: int
    rows_superseded: int
    rows_left_out: int
    rows_rejected: int


@dataclass(frozen=True)
class OpenFile:
    """A file that is not taken in, with the reason and advice of the catalogue."""

    id: int
    path: str
    status: str
    code: str | None
    message: str | None
    advice: str | None


@dataclass(frozen=True)
class RejectedCell:
    """The first wrong cell of a row that was held back."""

    path: str
    sheet: str
    row: int
    column: str
    value: str | None
    code: str
    message: str


@dataclass(frozen=True)
class Overview:
    """The whole picture. `rejected` are rows of loaded files, `problems` paths that have no place in the tree.

    `backlog`: files of long ago that wait until somebody asks for them, and `backlog_client_months` of them.
    """

    files: Mapping[str, int]
    client_months: tuple[ClientMonthState, ...]
    open_files: tuple[OpenFile, ...]
    rejected: tuple[RejectedCell, ...]
    problems: tuple[Mapping[str, str], ...]
    backlog: int
    backlog_client_months: int


def overview(connection: Connection, limit: int = 1000) -> Overview:
    """The state of every client-month, and at most `limit` open files, rejected rows and path problems each."""
    months = connection.execute(
        text(
            """
            SELECT f.data_provider, f.client_name, f.report_year, f.report_month, f.status, count(*) AS files,
                   count(l.id) AS files_loaded,
                   count(*) FILTER (WHERE f.status = 'CREATED' AND f.error_reason = 'SUPERSEDED') AS files_superseded,
                   coalesce(sum(l.rows_read), 0) AS rows_read,
                   coalesce(sum(l.rows_loaded - l.rows_superseded), 0) AS rows_loaded,
                   coalesce(sum(l.rows_superseded), 0) AS rows_superseded,
                   coalesce(sum(l.rows_left_out_total), 0) AS left_out, coalesce(sum(l.rows_rejected), 0) AS rejected
            FROM ops.file_registry f LEFT JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
            """
        )
    ).all()
    totals: dict[str, int] = {}
    for row in months:
        totals[row.status] = totals.get(row.status, 0) + row.files
    by_month = groupby(months, key=lambda row: (row.data_provider, row.client_name, row.report_year, row.report_month))
    open_files = connection.execute(
        text(
            """
            SELECT id, file_path AS path, status, error_reason AS code, error_detail ->> 'message' AS message,
                   error_detail ->> 'advice' AS advice
            FROM ops.file_registry
            WHERE status IN ('NEW', 'PROCESSING', 'ERROR') AND error_reason IS DISTINCT FROM 'BACKLOG'
            ORDER BY uploaded_at, id LIMIT :limit
            """
        ),
        {"limit": limit},
    ).all()
    rejected = connection.execute(
        text(
            """
            SELECT f.file_path AS path, r.source_sheet AS sheet, r.source_row AS row, r.column_header AS column,
                   r.raw_value AS value, r.code, r.message
            FROM ops.rejected_row r JOIN ops.file_registry f ON f.id = r.file_id
            ORDER BY r.load_id DESC, r.source_sheet, r.source_row LIMIT :limit
            """
        ),
        {"limit": limit},
    ).all()
    problems = connection.execute(
        text("SELECT path, code, message FROM ops.path_problem ORDER BY last_seen, path LIMIT :limit"), {"limit": limit}
    ).all()
    return Overview(
        totals,
        tuple(_client_month(list(rows)) for _, rows in by_month),
        tuple(OpenFile(**row._mapping) for row in open_files),
        tuple(RejectedCell(**row._mapping) for row in rejected),
        tuple({"path": row.path, "code": row.code, "message": row.message} for row in problems),
        *count_waiting(connection),
    )


def _client_month(rows: list[Row[Any]]) -> ClientMonthState:
    """One client-month from its rows, one for each status."""
    first = rows[0]
    return ClientMonthState(
        provider=first.data_provider,
        client=first.client_name,
        month=f"{first.report_year:04d}-{first.report_month:02d}",
        files=sum(row.files for row in rows),
        files_loaded=sum(row.files_loaded for row in rows),
        files_superseded=sum(row.files_superseded for row in rows),
        statuses={row.status: row.files for row in rows},
        rows_read=sum(int(row.rows_read) for row in rows),
        rows_loaded=sum(int(row.rows_loaded) for row in rows),
        rows_superseded=sum(int(row.rows_superseded) for row in rows),
        rows_left_out=sum(int(row.left_out) for row in rows),
        rows_rejected=sum(int(row.rejected) for row in rows),
    )
