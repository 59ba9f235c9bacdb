"""Rows of `ops.file_registry` and the questions that are asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.status import Status
from pharma_assets.model.transform_version import TransformVersion


@dataclass(frozen=True)
class RegisteredFile:
    """One row of `ops.file_registry`, as far as the work needs it. `path` is relative to the inbox root."""

    id: int
    path: str
    client_month: ClientMonth
    report_type: str
    status: Status
    reason: str | None
    version: int
    attempt: int
    uploaded_at: datetime
    content_hash: str | None
    fingerprint: str | None
    result_name: str | None
    released: bool


# For a query whose file is called f: a loaded file with its content, of the same provider, client and report type. One
# without rows doubles nothing. `gone`: the content is no longer there, for the file has gone or was replaced; while the
# replacement has not been read, it may well be the same again.
LOADED_TWIN = """
    SELECT twin.id, twin.file_path, twin.status = 'DELETE'
           OR twin.content_hash IS DISTINCT FROM load.content_hash AND twin.status NOT IN ('NEW', 'PROCESSING') AS gone
    FROM ops.file_load load JOIN ops.file_registry twin ON twin.id = load.file_id
    WHERE load.superseded_at IS NULL AND load.content_hash = {content_hash} AND load.rows_loaded > 0
      AND twin.id <> f.id AND twin.data_provider = f.data_provider AND twin.client_name = f.client_name
      AND twin.report_type = f.report_type
"""

_COLUMNS = """
    f.id, f.file_path, f.data_provider, f.client_name, f.report_year, f.report_month, f.report_type, f.status,
    f.error_reason, f.version, f.attempt, f.uploaded_at, f.content_hash, f.transform_fingerprint, f.result_name,
    f.released_version IS NOT DISTINCT FROM f.version AS released
"""

# For a query over one client-month, whose registry table is called f; with `client_month_parameters`.
OF_CLIENT_MONTH = (
    "f.data_provider = :provider AND f.client_name = :client AND f.report_year = :year AND f.report_month = :month"
)

_WAITING = "f.status = 'PROCESSING' AND f.error_reason = 'NO_SCRIPT_FOUND'"

# The transforms as rows that the query can join; with `transform_arrays`.
TRANSFORMS = """
    transform AS (
        SELECT * FROM unnest(
            CAST(:providers AS text[]), CAST(:clients AS text[]), CAST(:types AS text[]), CAST(:fingerprints AS text[])
        ) AS t (data_provider, client_name, report_type, fingerprint)
    )
"""

# A file is due when something has changed for it: it is new, it was being worked on by somebody who is gone, its
# transform has come or changed, its back-off has run out, or it was normalized and not loaded (DESIGN, "Due").
_DUE = """
    WITH {transforms}
    SELECT {columns}
    FROM ops.file_registry f
    JOIN transform t ON t.data_provider = f.data_provider AND t.client_name = f.client_name
                    AND (t.report_type = f.report_type OR t.report_type IS NULL)
    LEFT JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
    WHERE CASE f.status
        WHEN 'NEW' THEN true
        WHEN 'PROCESSING' THEN true
        WHEN 'ERROR' THEN f.error_reason <> 'IGNORED' AND (
            f.transform_fingerprint IS DISTINCT FROM t.fingerprint OR f.next_attempt_at <= now()
            OR f.error_reason = 'DUPLICATE_CONTENT' AND NOT EXISTS (SELECT FROM ({twin}) t WHERE NOT t.gone))
        WHEN 'CREATED' THEN l.id IS NULL OR l.content_hash IS DISTINCT FROM f.content_hash
                            OR l.transform_fingerprint <> t.fingerprint
        ELSE false
    END
    {narrowed}
    ORDER BY f.uploaded_at, f.id
"""


def due_files(
    connection: Connection, transforms: Sequence[TransformVersion], client_month: ClientMonth | None = None
) -> list[RegisteredFile]:
    """Every due file that has a transform, oldest first; of one client-month only, if one is given.

    Whether somebody is working on a file right now is not asked here: the lock of its client-month says so.
    """
    parameters = transform_arrays(transforms)
    narrowed = ""
    if client_month is not None:
        narrowed = f"AND {OF_CLIENT_MONTH}"
        parameters |= client_month_parameters(client_month)
    twin = LOADED_TWIN.format(content_hash="f.content_hash")
    query = text(_DUE.format(transforms=TRANSFORMS, columns=_COLUMNS, narrowed=narrowed, twin=twin))
    return [_file(row) for row in connection.execute(query, parameters)]


def present_files(connection: Connection, client_month: ClientMonth) -> list[RegisteredFile]:
    """Every file of a client-month that has neither gone nor been set aside, oldest first."""
    query = text(
        f"SELECT {_COLUMNS} FROM ops.file_registry f WHERE f.status <> 'DELETE'"  # noqa: S608
        f" AND f.error_reason IS DISTINCT FROM 'IGNORED' AND {OF_CLIENT_MONTH}"
        " ORDER BY f.uploaded_at, f.id"
    )
    return [_file(row) for row in connection.execute(query, client_month_parameters(client_month))]


def waiting_files(connection: Connection, client_month: ClientMonth) -> list[RegisteredFile]:
    """The files of a client-month that wait for a transform, oldest first."""
    query = text(
        f"SELECT {_COLUMNS} FROM ops.file_registry f WHERE {_WAITING} AND {OF_CLIENT_MONTH}"  # noqa: S608
        " ORDER BY f.uploaded_at, f.id"
    )
    return [_file(row) for row in connection.execute(query, client_month_parameters(client_month))]


def unshown_files(connection: Connection) -> list[RegisteredFile]:
    """The files that wait for a transform and that no run has shown yet, oldest first."""
    query = text(
        f"SELECT {_COLUMNS} FROM ops.file_registry f"  # noqa: S608
        f" WHERE {_WAITING} AND f.shown_version IS DISTINCT FROM f.version ORDER BY f.uploaded_at, f.id"
    )
    return [_file(row) for row in connection.execute(query)]


def lock_unchanged(connection: Connection, files: Sequence[RegisteredFile]) -> list[RegisteredFile]:
    """Those files of which the registry knows neither a newer version nor that they have gone.

    Their rows are locked, so that this stays true until the transaction ends.
    """
    rows = connection.execute(
        text(
            "SELECT id, version FROM ops.file_registry WHERE id = ANY(:ids) AND status <> 'DELETE'"
            " ORDER BY id FOR UPDATE"
        ),
        {"ids": [file.id for file in files]},
    )
    versions = {row.id: row.version for row in rows}
    return [file for file in files if versions.get(file.id) == file.version]


def require_unchanged(connection: Connection, file: RegisteredFile) -> None:
    """Lock the file's row. Raises PharmaError FILE_CHANGING or FILE_GONE when a scan has found that it is so.

    What was read of a file says nothing of its next version, and does not bring back one that has gone.
    """
    if lock_unchanged(connection, [file]):
        return
    status = connection.scalar(text("SELECT status FROM ops.file_registry WHERE id = :id"), {"id": file.id})
    raise PharmaError("FILE_GONE" if status == Status.DELETE.value else "FILE_CHANGING")


def find_file(connection: Connection, name: str) -> RegisteredFile:
    """The file with this id, or with this path below the inbox root. Raises PharmaError FILE_UNKNOWN."""
    by_id = name.isascii() and name.isdigit()
    condition = "f.id = :id" if by_id else "f.file_path = :path"
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM ops.file_registry f WHERE {condition}"),  # noqa: S608
        {"id": int(name)} if by_id else {"path": name},
    ).one_or_none()
    if row is None:
        raise PharmaError("FILE_UNKNOWN", name=name)
    return _file(row)


def known_clients(connection: Connection) -> list[Client]:
    """Every client that ever sent a file."""
    rows = connection.execute(text("SELECT DISTINCT data_provider, client_name FROM ops.file_registry ORDER BY 1, 2"))
    return [Client(Provider(provider), name) for provider, name in rows]


def client_month_parameters(client_month: ClientMonth) -> dict[str, object]:
    """The parameters of OF_CLIENT_MONTH."""
    client = client_month.client
    return {
        "provider": client.provider.value,
        "client": client.name,
        "year": client_month.year,
        "month": client_month.month,
    }


def transform_arrays(transforms: Sequence[TransformVersion]) -> dict[str, object]:
    """The parameters of TRANSFORMS: parallel arrays, which `unnest` makes rows of."""
    return {
        "providers": [transform.client.provider.value for transform in transforms],
        "clients": [transform.client.name for transform in transforms],
        "types": [transform.report_type for transform in transforms],
        "fingerprints": [transform.fingerprint for transform in transforms],
    }


def _file(row: Row[Any]) -> RegisteredFile:
    client = Client(Provider(row.data_provider), row.client_name)
    return RegisteredFile(
        id=row.id,
        path=row.file_path,
        client_month=ClientMonth(client, row.report_year, row.report_month),
        report_type=row.report_type,
        status=Status(row.status),
        reason=row.error_reason,
        version=row.version,
        attempt=row.attempt,
        uploaded_at=row.uploaded_at,
        content_hash=row.content_hash,
        fingerprint=row.transform_fingerprint,
        result_name=row.result_name,
        released=row.released,
    )
