"""How much of what is loaded the reference lists have filled, by client-month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from pharma_assets.loading.checks import Finding, reference_coverage
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider


@dataclass(frozen=True)
class Coverage:
    """A client-month and what the check `reference_coverage` finds of it."""

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
