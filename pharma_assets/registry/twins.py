"""The same bytes at another path: sent twice, moved, or legitimately the same (BAD_INPUTS 13 and 53)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from pharma_assets.registry.files import LOADED_TWIN, RegisteredFile


@dataclass(frozen=True)
class Twin:
    """Another file with the same bytes whose rows are loaded. `gone`: it is no longer in the inbox."""

    id: int
    path: str
    gone: bool


def loaded_twins(connection: Connection, file: RegisteredFile, content_hash: str) -> list[Twin]:
    """The loaded files with these bytes, of the file's provider, client and report type; the earliest first.

    None where the file itself is loaded with these bytes: then it was first, or a person has let the others through.
    """
    query = LOADED_TWIN.format(content_hash=":content_hash")
    rows = connection.execute(
        text(
            f"""
            SELECT t.* FROM ops.file_registry f CROSS JOIN LATERAL ({query}) t
            WHERE f.id = :id AND NOT EXISTS (
                SELECT FROM ops.file_load own
                WHERE own.file_id = f.id AND own.superseded_at IS NULL AND own.content_hash = :content_hash)
            ORDER BY t.id
            """  # noqa: S608
        ),
        {"content_hash": content_hash, "id": file.id},
    )
    return [Twin(row.id, row.file_path, row.gone) for row in rows]


def lock_content(connection: Connection, content_hash: str) -> None:
    """Let nobody else load these bytes until the transaction ends: twins may lie in different client-months."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:content_hash, 0))"), {"content_hash": content_hash}
    )
