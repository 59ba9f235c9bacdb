"""What can be asked of a loaded client-month, straight from the database: independent of the code that loaded it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, text

from pharma_assets.model.client_month import ClientMonth
from pharma_assets.registry.files import OF_CLIENT_MONTH, client_month_parameters
from pharma_assets.transforms.values.identifiers import is_valid_inn


@dataclass(frozen=True)
class Finding:
    """The answer of one check: whether all is well, one sentence, and its figures."""

    passed: bool
    summary: str
    figures: Mapping[str, object]


_LEDGER = f"""
    SELECT l.* FROM ops.file_registry f JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
    WHERE {OF_CLIENT_MONTH}
"""  # noqa: S608
_ROWS = f"SELECT d.* FROM raw.primary_data d JOIN ({_LEDGER}) l USING (partition_month, file_id)"  # noqa: S608


def reconciliation(connection: Connection, client_month: ClientMonth) -> Finding:
    """Every row read is loaded, left out or rejected, and the table holds exactly the rows and sums of the ledger."""
    entries = connection.execute(
        text(
            f"""
            SELECT l.file_id, l.rows_read, l.rows_loaded, l.rows_superseded, l.rows_left_out_total, l.rows_rejected,
                   l.sums, l.sums_superseded,
                   count(d.file_id) AS stored,
                   (SELECT count(*) FROM ops.rejected_row r WHERE r.load_id = l.id) AS held_back,
                   sum(amount_type_1) AS amount_type_1, sum(amount_type_2) AS amount_type_2,
                   sum(amount_type_3) AS amount_type_3, sum(amount_type_4) AS amount_type_4,
                   sum(amount_type_5) AS amount_type_5, sum(sum_nds) AS sum_nds, sum(sum_no_nds) AS sum_no_nds
            FROM ({_LEDGER}) l
            LEFT JOIN raw.primary_data d ON d.partition_month = l.partition_month AND d.file_id = l.file_id
            GROUP BY l.id, l.file_id, l.rows_read, l.rows_loaded, l.rows_superseded, l.rows_left_out_total,
                     l.rows_rejected, l.sums, l.sums_superseded
            """  # noqa: S608
        ),
        client_month_parameters(client_month),
    ).all()
    wrong = [
        entry.file_id
        for entry in entries
        if entry.rows_read != entry.rows_loaded + entry.rows_left_out_total + entry.rows_rejected
        or entry.stored != entry.rows_loaded - entry.rows_superseded
        or entry.held_back != entry.rows_rejected
        or any(_stored_sum(entry, name) != _counting_sum(entry, name) for name in entry.sums)
    ]
    figures: dict[str, object] = {
        "files": len(entries),
        "rows_read": sum(entry.rows_read for entry in entries),
        "rows_loaded": sum(entry.rows_loaded for entry in entries),
        "rows_superseded": sum(entry.rows_superseded for entry in entries),
        "rows_left_out": sum(entry.rows_left_out_total for entry in entries),
        "rows_rejected": sum(entry.rows_rejected for entry in entries),
        "rows_stored": sum(entry.stored for entry in entries),
    }
    if wrong:
        return Finding(False, f"ledger and table differ for the files {wrong}", {**figures, "file_ids": wrong})
    return Finding(True, "every row read is loaded, left out or rejected, and the table agrees", figures)


def _stored_sum(entry: Row[Any], name: str) -> Decimal | None:
    """What stands in the table; where rows of a file do not, none at all is a sum of 0."""
    stored: Decimal | None = getattr(entry, name)
    return stored or Decimal(0) if entry.rows_superseded else stored


def _counting_sum(entry: Row[Any], name: str) -> Decimal:
    return Decimal(entry.sums[name]) - Decimal((entry.sums_superseded or {}).get(name, 0))


def period_within_month(connection: Connection, client_month: ClientMonth, timezone: str) -> Finding:
    """Every `period` lies in the month of the file's folder, in the suppliers' time zone."""
    row = connection.execute(
        text(
            f"""
            SELECT count(*) AS rows, min(local) AS first, max(local) AS last,
                   count(*) FILTER (WHERE date_trunc('month', local) <> partition_month) AS outside
            FROM ({_ROWS}) d, LATERAL (SELECT period AT TIME ZONE :timezone AS local) AS moment
            """  # noqa: S608
        ),
        {**client_month_parameters(client_month), "timezone": timezone},
    ).one()
    figures = {"rows": row.rows, "outside": row.outside, "first": str(row.first), "last": str(row.last)}
    if row.outside:
        return Finding(False, f"{row.outside} of {row.rows} rows are dated outside {client_month.month_key}", figures)
    return Finding(True, f"all rows are dated within {client_month.month_key}", figures)


def inn_validity(connection: Connection, client_month: ClientMonth) -> Finding:
    """Every `client_inn` has 10 or 12 digits and the right check digits; blank ones are counted apart."""
    counts = connection.execute(
        text(f"SELECT client_inn, count(*) AS rows FROM ({_ROWS}) d GROUP BY client_inn"),  # noqa: S608
        client_month_parameters(client_month),
    ).all()
    invalid = {
        row.client_inn: row.rows for row in counts if row.client_inn is not None and not is_valid_inn(row.client_inn)
    }
    blank = sum(row.rows for row in counts if row.client_inn is None)
    figures: dict[str, object] = {
        "distinct": sum(row.client_inn is not None for row in counts),
        "rows_blank": blank,
        "rows_invalid": sum(invalid.values()),
        "invalid": dict(list(invalid.items())[:20]),
    }
    if invalid:
        return Finding(False, f"{len(invalid)} INN in {sum(invalid.values())} rows fail their check digits", figures)
    return Finding(True, "every INN that is there is valid", figures)


def reference_coverage(connection: Connection, client_month: ClientMonth) -> Finding:
    """Every row has what the reference lists give: `supplier_id` where there is a list of suppliers, `client_type`
    where there is one of client types; what no list knows is named with its rows."""
    lists = connection.execute(
        text("SELECT id, suppliers_of, client_types_of FROM ops.reference_version ORDER BY id DESC LIMIT 1")
    ).one_or_none()
    if lists is None:
        return Finding(True, "no reference list is imported", {})
    parameters = client_month_parameters(client_month)
    counts = connection.execute(
        text(
            f"""
            SELECT count(*) AS rows, count(supplier_id) AS with_supplier_id, count(supplier_name) AS with_supplier_name,
                   count(client_type) AS with_client_type
            FROM ({_ROWS}) d
            """  # noqa: S608
        ),
        parameters,
    ).one()
    figures: dict[str, object] = {"reference_version": lists.id, **counts._mapping}
    missing = []
    for list_of, column, keys in (
        (lists.suppliers_of, "supplier_id", "coalesce(supplier_filial, '')"),
        (lists.client_types_of, "client_type", "concat_ws(' ', client_inn, coalesce(client_inlaw, client_name))"),
    ):
        if list_of is None or counts._mapping[f"with_{column}"] == counts.rows:
            continue
        unmatched = connection.execute(
            text(
                f"""
                SELECT {keys} AS key, count(*) AS rows FROM ({_ROWS}) d WHERE {column} IS NULL
                GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20
                """  # noqa: S608
            ),
            parameters,
        )
        figures[f"without_{column}"] = {row.key: row.rows for row in unmatched}
        missing.append(f"{counts.rows - counts._mapping[f'with_{column}']} of {counts.rows} rows without {column}")
    if missing:
        return Finding(False, "; ".join(missing), figures)
    return Finding(True, "every row has what the reference lists give", figures)


def files_taken_in(connection: Connection, client_month: ClientMonth) -> Finding:
    """No file of the client-month is in ERROR or waits for a transform."""
    rows = connection.execute(
        text(
            f"""
            SELECT id, file_path, status, error_reason, error_detail ->> 'message' AS message,
                   error_detail ->> 'advice' AS advice
            FROM ops.file_registry f
            WHERE {OF_CLIENT_MONTH} AND status IN ('ERROR', 'PROCESSING') AND error_reason IS NOT NULL
            ORDER BY id
            """  # noqa: S608
        ),
        client_month_parameters(client_month),
    ).all()
    if rows:
        named = ", ".join(f"{row.file_path} ({row.error_reason})" for row in rows[:3])
        figures = {row.file_path: f"{row.error_reason}: {row.message} – {row.advice}" for row in rows}
        return Finding(False, f"not taken in: {len(rows)}, among them {named}", figures)
    return Finding(True, "every file was taken in", {})
