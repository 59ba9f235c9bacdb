"""Rows into `raw.primary_data`, with the ledger that says what is loaded. The caller owns the transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from sqlalchemy import Connection, text

from pharma_assets.database.connect import psycopg_connection
from pharma_assets.database.copy_format import ESCAPES, NULL, escaped
from pharma_assets.errors import PharmaError
from pharma_assets.model.delivery import Amounts, BranchDay
from pharma_assets.transforms.normalize import NormalizedReport

_BLOCK = 5_000


def copy_rows(connection: Connection, table: pa.Table, constants: Mapping[str, object]) -> None:
    """COPY a report's rows from memory. `constants` are columns with one value for all rows.

    Raises PharmaError ROWS_NOT_STORED when the database stored another number of rows.
    """
    columns = [name for name in table.column_names if table[name].null_count < table.num_rows]
    statement = sql.SQL("COPY raw.primary_data ({}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, [*columns, *constants]))
    )
    with psycopg_connection(connection).cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in copy_blocks(table.select(columns), constants):
                copy.write(block)
        if cursor.rowcount != table.num_rows:
            raise PharmaError("ROWS_NOT_STORED", written=table.num_rows, stored=cursor.rowcount)


def copy_blocks(table: pa.Table, constants: Mapping[str, object]) -> Iterator[bytes]:
    """The rows in COPY's text format, the constants behind the table's columns."""
    columns = [_copy_text(column.combine_chunks()) for column in table.columns]
    end = "\t".join(["", *(escaped(str(value)) for value in constants.values())]) + "\n"
    # By blocks: the server stores one while the next is made, and no block comes near Arrow's 2 GiB for a text column.
    for start in range(0, table.num_rows, _BLOCK):
        part = [column.slice(start, _BLOCK) for column in columns]
        fields = pc.binary_join_element_wise(*part, "\t", null_handling="replace", null_replacement=NULL)
        # The rows of a text column lie one behind the other in its buffer.
        yield pc.binary_join_element_wise(fields, end, "").buffers()[2].to_pybytes()


def _copy_text(column: pa.Array) -> pa.Array:
    """The column as the fields of COPY's text format."""
    if pa.types.is_timestamp(column.type):
        # As naive, because Arrow would look for time zone data, which slim systems lack.
        return pc.binary_join_element_wise(column.view(pa.timestamp("us")).cast(pa.string()), "+00", "")
    if not pa.types.is_string(column.type):
        distinct = column.dictionary_encode()
        return distinct.dictionary.cast(pa.string()).take(distinct.indices)
    letters = column.buffers()[2]
    letters = b"" if letters is None else letters.to_pybytes()
    for character, escape in ESCAPES.items():
        if character.encode() in letters:
            column = pc.replace_substring(column, character, escape)
    return column


def remove_rows(connection: Connection, file_id: int, month: date | None = None) -> list[str]:
    """Take a file's rows and rejects out and close its ledger entry; returns the result files that counted till now.

    With `month`, also rows that stand there without a ledger entry: they would be in the way of those to come.
    """
    closed = connection.execute(
        text(
            """
            WITH closed AS (
                UPDATE ops.file_load SET superseded_at = now() WHERE file_id = :file_id AND superseded_at IS NULL
                RETURNING id, partition_month, result_name
            ), rejects AS (
                DELETE FROM ops.rejected_row WHERE load_id IN (SELECT id FROM closed)
            )
            SELECT partition_month, result_name FROM closed
            """
        ),
        {"file_id": file_id},
    ).all()
    for loaded_into in {entry.partition_month for entry in closed} | ({month} if month else set()):
        connection.execute(
            text("DELETE FROM raw.primary_data WHERE partition_month = :month AND file_id = :file_id"),
            {"month": loaded_into, "file_id": file_id},
        )
    return [entry.result_name for entry in closed if entry.result_name is not None]


def remove_branch_days(
    connection: Connection, load_id: int, places: Collection[BranchDay], superseded: Amounts, timezone: str
) -> None:
    """Take the rows of some branch-days of a load out, for which the rows of another file stand; the load still counts.

    `superseded`: what of the load no longer stands in the table, these branch-days included.
    """
    connection.execute(
        text(
            """
            DELETE FROM raw.primary_data d
            USING ops.file_load l, unnest(CAST(:branches AS text[]), CAST(:days AS date[])) AS gone (branch, day)
            WHERE l.id = :load_id AND d.partition_month = l.partition_month AND d.file_id = l.file_id
              AND coalesce(d.supplier_filial, '') = gone.branch
              AND (d.period AT TIME ZONE :timezone)::date IS NOT DISTINCT FROM gone.day
            """
        ),
        {
            "load_id": load_id,
            "branches": [place.branch for place in places],
            "days": [place.day for place in places],
            "timezone": timezone,
        },
    )
    note_superseded_rows(connection, load_id, superseded)


def note_superseded_rows(connection: Connection, load_id: int, superseded: Amounts) -> None:
    """Keep in the ledger which part of a load does not stand in the table."""
    connection.execute(
        text(
            "UPDATE ops.file_load SET rows_superseded = :rows, sums_superseded = CAST(:sums AS jsonb)"
            " WHERE id = :load_id"
        ),
        {"load_id": load_id, "rows": superseded.rows, "sums": _sums_document(superseded.sums)},
    )


def close_ledger_entry(connection: Connection, load_id: int, superseded_by: int | None) -> None:
    """A load does not count, or no longer; `superseded_by`: the load that counts in its place."""
    connection.execute(
        text(
            "UPDATE ops.file_load SET superseded_at = coalesce(superseded_at, now()), superseded_by = :by"
            " WHERE id = :load_id"
        ),
        {"load_id": load_id, "by": superseded_by},
    )


def add_ledger_entry(connection: Connection, report: NormalizedReport, facts: Mapping[str, object]) -> int:
    """Write the ledger row that makes a file *loaded*; returns its id.

    `facts`: file_id, version, content_hash, transform_fingerprint, partition_month, result_name, result_hash, run_id,
    reference_version.
    """
    first, last = report.period()
    load_id = connection.scalar(
        text(
            """
            INSERT INTO ops.file_load (file_id, version, content_hash, transform_fingerprint, partition_month,
                rows_read, rows_loaded, rows_rejected, rows_left_out, rows_left_out_total, sums, period_from, period_to,
                result_name, result_hash, run_id, reference_version, source_columns, rows_corrected)
            VALUES (:file_id, :version, :content_hash, :transform_fingerprint, :partition_month,
                :read, :loaded, :rejected, CAST(:left_out AS jsonb), :left_out_total, CAST(:sums AS jsonb), :first,
                :last, :result_name, :result_hash, :run_id, :reference_version, CAST(:columns AS jsonb), :corrected)
            RETURNING id
            """
        ),
        {
            **facts,
            "read": report.read,
            "loaded": report.loaded,
            "rejected": len(report.rejected),
            "left_out": json.dumps(dict(report.left_out), ensure_ascii=False),
            "left_out_total": sum(report.left_out.values()),
            "sums": _sums_document(report.sums()),
            "first": first,
            "last": last,
            "columns": json.dumps({name: asdict(sheet) for name, sheet in report.columns.items()}, ensure_ascii=False),
            "corrected": len(report.corrected),
        },
    )
    connection.execute(
        text(
            """
            UPDATE ops.file_load SET superseded_by = :load_id
            WHERE file_id = :file_id AND superseded_at IS NOT NULL AND superseded_by IS NULL
            """
        ),
        {"load_id": load_id, "file_id": facts["file_id"]},
    )
    return int(load_id or 0)


def _sums_document(sums: Mapping[str, Decimal]) -> str:
    return json.dumps({name: str(total) for name, total in sums.items()})


def add_rejected_rows(connection: Connection, load_id: int, file_id: int, report: NormalizedReport) -> None:
    """Keep the rows that were held back, with every reason and the whole row as written."""
    if not report.rejected:
        return
    with (
        psycopg_connection(connection).cursor() as cursor,
        cursor.copy(
            "COPY ops.rejected_row (load_id, file_id, source_sheet, source_row, source_part, code, column_header,"
            " raw_value, message, problems, raw_row) FROM STDIN"
        ) as copy,
    ):
        for row in report.rejected:
            first = row.cells[0]
            problems = [
                {
                    "column": cell.header,
                    "value": cell.text,
                    "code": cell.code,
                    "message": cell.message,
                    "facts": dict(cell.facts),
                }
                for cell in row.cells
            ]
            copy.write_row(
                (
                    load_id,
                    file_id,
                    row.sheet,
                    row.row,
                    row.part,
                    first.code,
                    first.header,
                    first.text,
                    first.message,
                    json.dumps(problems, ensure_ascii=False),
                    json.dumps(dict(row.raw), ensure_ascii=False),
                )
            )
