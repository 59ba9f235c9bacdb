"""The rows that are held back of what is loaded now, and the corrections that were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider


@dataclass(frozen=True)
class Filter:
    """Which rejected rows are meant: of a client folder, a month of folders, with a code among their problems."""

    client: str | None = None
    month: date | None = None
    code: str | None = None


@dataclass(frozen=True)
class HeldProblem:
    """What is wrong with one cell of a rejected row, as it was told then; `facts` None: it cannot be told anew."""

    header: str
    value: str | None
    code: str
    message: str
    facts: Mapping[str, object] | None


@dataclass(frozen=True)
class HeldRow:
    """A rejected row. `headers` are those of its sheet in their order, `texts` its cells that are not blank."""

    file_id: int
    path: str
    client: Client
    report_type: str
    month: date
    content_hash: str
    sheet: str
    row: int
    problems: tuple[HeldProblem, ...]
    headers: tuple[str, ...]
    texts: Mapping[str, str]


@dataclass(frozen=True)
class HeldGroup:
    """Rejected rows of a client-month that have the same first problem in the same column; with one of its values."""

    client: Client
    month: date
    code: str
    column: str | None
    rows: int
    files: int
    example: str | None
    message: str


@dataclass(frozen=True)
class Correction:
    """A correction that counts. `is_stale`: the content that it belongs to is not what is loaded now."""

    id: int
    path: str
    sheet: str
    row: int
    who: str
    why: str
    made_at: datetime
    is_stale: bool


_HELD = """
    FROM ops.rejected_row r
    JOIN ops.file_load l ON l.id = r.load_id AND l.superseded_at IS NULL
    JOIN ops.file_registry f ON f.id = r.file_id
    WHERE (CAST(:client AS text) IS NULL OR f.client_name = :client)
      AND (CAST(:month AS date) IS NULL OR l.partition_month = :month)
      AND (CAST(:code AS text) IS NULL OR r.problems @> jsonb_build_array(jsonb_build_object('code', :code)))
"""


def held_groups(connection: Connection, wanted: Filter) -> list[HeldGroup]:
    """What is rejected, counted by client-month, code and column."""
    rows = connection.execute(
        text(
            f"""
            SELECT f.data_provider, f.client_name, l.partition_month, r.code, nullif(r.column_header, '') AS header,
                   count(*) AS rows, count(DISTINCT f.id) AS files,
                   (array_agg(r.raw_value ORDER BY r.load_id, r.source_sheet, r.source_row))[1] AS example,
                   (array_agg(r.message ORDER BY r.load_id, r.source_sheet, r.source_row))[1] AS message
            {_HELD} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 6 DESC, 4, 5
            """
        ),
        vars(wanted),
    )
    return [
        HeldGroup(
            Client(Provider(row.data_provider), row.client_name),
            *(row.partition_month, row.code, row.header, row.rows, row.files, row.example, row.message),
        )
        for row in rows
    ]


def held_rows(connection: Connection, wanted: Filter) -> list[HeldRow]:
    """Every rejected row, by client, file, sheet and row."""
    rows = connection.execute(
        text(
            f"""
            SELECT f.id, f.file_path, f.data_provider, f.client_name, f.report_type, l.partition_month, l.content_hash,
                   l.source_columns -> r.source_sheet -> 'columns' AS columns,
                   r.source_sheet, r.source_row, r.problems, r.raw_row
            {_HELD} ORDER BY f.data_provider, f.client_name, f.id, r.source_sheet, r.source_row
            """
        ),
        vars(wanted),
    ).all()
    known = _headers_of_old_loads(rows)
    return [
        HeldRow(
            row.id,
            row.file_path,
            Client(Provider(row.data_provider), row.client_name),
            *(row.report_type, row.partition_month, row.content_hash, row.source_sheet, row.source_row),
            tuple(_problem(each) for each in row.problems),
            known[row.id, row.source_sheet] if row.columns is None else _ordered(row.columns),
            row.raw_row,
        )
        for row in rows
    ]


def _problem(told: Mapping[str, Any]) -> HeldProblem:
    return HeldProblem(told["column"], told["value"], told["code"], told["message"], told.get("facts"))


def _ordered(columns: Mapping[str, str]) -> tuple[str, ...]:
    """The headers in the order of their column letters, which jsonb does not keep."""
    return tuple(columns[letter] for letter in sorted(columns, key=lambda letter: (len(letter), letter)))


def _headers_of_old_loads(rows: Sequence[Any]) -> dict[tuple[int, str], tuple[str, ...]]:
    """For loads that have not kept their columns: the headers that any of their rejected rows knows."""
    found: dict[tuple[int, str], dict[str, None]] = {}
    for row in rows:
        if row.columns is None:
            headers = found.setdefault((row.id, row.source_sheet), {})
            headers |= dict.fromkeys([*row.raw_row, *(each["column"] for each in row.problems if each["column"])])
    return {key: tuple(headers) for key, headers in found.items()}


def corrections(connection: Connection, client: str | None = None) -> list[Correction]:
    """Every correction that counts, the latest first."""
    rows = connection.execute(
        text(
            """
            SELECT c.id, f.file_path, c.source_sheet, c.source_row, c.who, c.why, c.made_at,
                   NOT EXISTS (
                       SELECT FROM ops.file_load l JOIN ops.file_registry g ON g.id = l.file_id
                       WHERE l.content_hash = c.content_hash AND l.superseded_at IS NULL
                         AND g.data_provider = f.data_provider AND g.client_name = f.client_name
                         AND g.report_type = f.report_type) AS is_stale
            FROM ops.row_correction c JOIN ops.file_registry f ON f.id = c.file_id
            WHERE c.superseded_at IS NULL AND (CAST(:client AS text) IS NULL OR f.client_name = :client)
            ORDER BY c.id DESC
            """
        ),
        {"client": client},
    )
    return [Correction(*row) for row in rows]
