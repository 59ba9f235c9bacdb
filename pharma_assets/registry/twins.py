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


@dataclass(frozen=True)
class Unknown:
    """A load that was taken over, of a file whose bytes nobody has looked at yet."""

    load_id: int
    file_id: int
    path: str
    size: int
    modified_ns: int


def unknown_contents(connection: Connection, like: int | None = None, most: int = 1000) -> list[Unknown]:
    """Loads whose rows are of bytes that are not known, and whose file is there.

    `like`: only those that the file with this id may be a copy of.
    """
    rows = connection.execute(
        text(
            """
            SELECT l.id AS load_id, f.id AS file_id, f.file_path AS path, f.file_size AS size, f.modified_ns
            FROM ops.file_load l JOIN ops.file_registry f ON f.id = l.file_id
            WHERE l.superseded_at IS NULL AND l.content_hash IS NULL AND l.rows_loaded > 0
              AND f.status = 'CREATED' AND f.version = l.version
              AND (CAST(:like AS bigint) IS NULL OR EXISTS (
                  SELECT FROM ops.file_registry o
                  WHERE o.id = :like AND o.id <> f.id AND o.file_size = f.file_size
                    AND o.data_provider = f.data_provider AND o.client_name = f.client_name
                    AND o.report_type = f.report_type))
            ORDER BY l.id LIMIT :most
            """
        ),
        {"like": like, "most": most},
    )
    return [Unknown(**row._mapping) for row in rows]


def keep_content(connection: Connection, unknown: Unknown, content_hash: str) -> None:
    """Keep which bytes they are, unless the file has changed since it was looked for."""
    connection.execute(
        text(
            """
            WITH file AS (
                UPDATE ops.file_registry SET content_hash = :content_hash
                WHERE id = :file_id AND status = 'CREATED' AND modified_ns = :modified_ns AND content_hash IS NULL
                RETURNING id
            )
            UPDATE ops.file_load SET content_hash = :content_hash
            WHERE id = :load_id AND superseded_at IS NULL AND file_id IN (SELECT id FROM file)
            """
        ),
        {
            "content_hash": content_hash,
            "file_id": unknown.file_id,
            "modified_ns": unknown.modified_ns,
            "load_id": unknown.load_id,
        },
    )


def lock_content(connection: Connection, content_hash: str) -> None:
    """Let nobody else load these bytes until the transaction ends: twins may lie in different client-months."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:content_hash, 0))"), {"content_hash": content_hash}
    )
