"""Claims that outlive their work: of a process that is still at it, that cannot go on, that has died, that hangs.

Who works on a client-month, its lock says (`locks`); claims are for what a lock cannot tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.registry.journal import LEASE, holder

MOST_DEATHS = 2
"""So often in a row a process may die while working on a file; then it is the file that is put off."""


def renew(connection: Connection, file_ids: Sequence[int]) -> None:
    """The process is still at work: claims of these files that are not done with hold for another LEASE."""
    connection.execute(
        text(
            """
            UPDATE ops.file_registry SET claimed_until = now() + :lease
            WHERE id = ANY(:ids) AND claimed_until IS NOT NULL AND claimed_by = :holder
            """
        ),
        {"ids": list(file_ids), "lease": LEASE, "holder": holder()},
    )


def give_back(connection: Connection, file_ids: Sequence[int], run_id: str) -> None:
    """This process cannot go on, for reasons that are no file's: what it has claimed and not done with starts anew."""
    connection.execute(
        text(
            """
            WITH mine AS (
                SELECT id FROM ops.file_registry
                WHERE id = ANY(:ids) AND status = 'PROCESSING' AND error_reason IS NULL AND claimed_by = :holder
                ORDER BY id FOR UPDATE
            ), told AS (
                INSERT INTO ops.file_event (file_id, event, status_from, status_to, run_id)
                SELECT id, 'GIVEN_BACK', 'PROCESSING', 'NEW', :run_id FROM mine ORDER BY id
            )
            UPDATE ops.file_registry
            SET status = 'NEW', claimed_by = NULL, claimed_until = NULL, deaths = 0, updated_at = now()
            WHERE id IN (SELECT id FROM mine)
            """
        ),
        {"ids": list(file_ids), "holder": holder(), "run_id": run_id},
    )


def count_death(connection: Connection, file_id: int) -> int:
    """The process that worked on the file has died; returns how often in a row that was so."""
    query = "UPDATE ops.file_registry SET deaths = deaths + 1 WHERE id = :id RETURNING deaths"
    return int(connection.scalar(text(query), {"id": file_id}) or 0)


def overdue(connection: Connection) -> list[ClientMonth]:
    """Client-months in which every claim has run out: whoever made them has died, or hangs."""
    rows = connection.execute(
        text(
            """
            SELECT data_provider, client_name, report_year, report_month FROM ops.file_registry
            WHERE claimed_until IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING max(claimed_until) < now() ORDER BY 1, 2, 3, 4
            """
        )
    )
    return [ClientMonth(Client(Provider(provider), client), year, month) for provider, client, year, month in rows]
