"""How much of what is loaded the reference lists have filled, by client-month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from pharma_assets.loading.checks import Finding
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.registry.files import OF_CLIENT_MONTH, client_month_parameters


@dataclass(frozen=True)
class Coverage:
    """A client-month and what `pharma-assets reference coverage` says of it."""

    client_month: ClientMonth
    finding: Finding


def coverage(connection: Connection, month: date | None = None, client: str | None = None) -> list[Coverage]:
    """Every client-month that has loaded rows; of one month of folders or one client folder only, if given."""
    rows = connection.execute(
        text(
            """
            SELECT DISTINCT f.data_provider, f.client_name, f.report_year, f.report_month
            FROM ops.file_registry f JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
            WHERE l.rows_loaded > 0 AND (CAST(:month AS date) IS NULL OR l.partition_month = :month)
              AND (CAST(:client AS text) IS NULL OR f.client_name = :client)
            ORDER BY 1, 2, 3, 4
            """
        ),
        {"month": month, "client": client},
    )
    months = [ClientMonth(Client(Provider(provider), name), year, number) for provider, name, year, number in rows]
    return [Coverage(client_month, reference_coverage(connection, client_month)) for client_month in months]


_LEDGER = f"""
    SELECT l.* FROM ops.file_registry f JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
    WHERE {OF_CLIENT_MONTH}
"""  # noqa: S608
_ROWS = f"SELECT d.* FROM raw.primary_data d JOIN ({_LEDGER}) l USING (partition_month, file_id)"  # noqa: S608


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
