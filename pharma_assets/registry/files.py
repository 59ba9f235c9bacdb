"""Rows of `ops.file_registry` and the questions that are asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
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


ADOPTED = "adopted"
"""Stands for a transform's fingerprint where another program has made the rows, or has made a file CREATED: no layout
makes such a file due, only its own change or a person."""

NOWHERE = "Без файла"
"""Rows that were taken over, and whose file nobody knows, belong to a file below this folder, which there is not: no
scan comes across it, and no rebuild takes its rows out."""
# The codes of what holds a file back because of others of its client-month; it is due when they no longer do.
HELD_BACK = "('PERIOD_OVERLAP', 'PERIOD_SHRUNK')"

# For a query whose file, called f, is held back: whether each of those because of which it is so is still there, and
# counts or is held back itself. While a replacement has not been read, it may well cover the same again.
_STILL_HELD = f"""
    SELECT FROM ops.delivery d WHERE d.file_id = f.id AND NOT EXISTS (
        SELECT FROM unnest(d.held_by) AS other (id) WHERE NOT EXISTS (
            SELECT FROM ops.file_registry o
            WHERE o.id = other.id AND o.status <> 'DELETE' AND (
                o.error_reason IN {HELD_BACK}
                OR EXISTS (SELECT FROM ops.file_load l WHERE l.file_id = o.id AND l.superseded_at IS NULL))))
"""  # noqa: S608

# For a query whose file is called f: a loaded file with its content, of the same provider, client and report type. One
# without rows doubles nothing. `gone`: the content is no longer there, for the file has gone or was replaced; while the
# replacement has not been read, it may well be the same again.
LOADED_TWIN = """
    SELECT twin.id, twin.file_path, twin.status = 'DELETE'
           OR twin.content_hash IS DISTINCT FROM load.content_hash AND twin.status NOT IN ('NEW', 'PROCESSING') AS gone
    FROM ops.file_load load JOIN ops.file_registry twin ON twin.id = load.file_id
    WHERE load.superseded_at IS NULL AND load.content_hash = {content_hash}
      AND load.rows_loaded > load.rows_superseded
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

# The transforms as rows that the query can join; with `transform_arrays`. `named` are the report types that a client
# has a transform of their own for.
TRANSFORMS = """
    transform AS (
        SELECT t.*, array_remove(array_agg(t.report_type) OVER (PARTITION BY t.data_provider, t.client_name), NULL)
                    AS named
        FROM unnest(
            CAST(:providers AS text[]), CAST(:clients AS text[]), CAST(:types AS text[]), CAST(:fingerprints AS text[]),
            CAST(:first_months AS date[]), CAST(:before_months AS date[]), CAST(:since_months AS date[])
        ) AS t (data_provider, client_name, report_type, fingerprint, first_month, before_month, since)
    )
"""

# For a query whose file is called f and whose transform t: the one is there for the other.
OF_TRANSFORM = """
    t.data_provider = f.data_provider AND t.client_name = f.client_name
    AND (t.report_type = f.report_type OR t.report_type IS NULL AND f.report_type <> ALL (t.named))
    AND t.first_month <= make_date(f.report_year, f.report_month, 1)
    AND t.before_month > make_date(f.report_year, f.report_month, 1)
"""

_LOADED_OF_TYPE = """
    f.status = 'CREATED' AND f.data_provider = t.data_provider AND f.client_name = t.client_name
    AND f.report_type = t.report_type
"""

# Every file that can be due. Of the others, nearly all, none is looked at: one index has those whose content is not
# loaded, and in another those that were loaded by the same transform stand side by side, by their months. A transform
# that is for all months asks nothing of the months.
_CANDIDATES = f"""
    WITH {TRANSFORMS}, of_type AS (
        SELECT *, coalesce(lag(fingerprint) OVER types, '') AS previous, lead(fingerprint) OVER types IS NULL AS last
        FROM transform WINDOW types AS (PARTITION BY data_provider, client_name, report_type ORDER BY fingerprint)
    )
    SELECT id FROM ops.file_registry
    WHERE status IN ('NEW', 'PROCESSING', 'ERROR') AND error_reason IS DISTINCT FROM 'BACKLOG'
    UNION ALL
    SELECT id FROM ops.file_registry
    WHERE status = 'CREATED' AND error_reason IS DISTINCT FROM 'SUPERSEDED' AND (load_id IS NULL
        OR loaded_content IS DISTINCT FROM content_hash OR loaded_result IS DISTINCT FROM result_name)
    UNION ALL
    SELECT other.id FROM of_type t CROSS JOIN LATERAL (
        SELECT f.id FROM ops.file_registry f
        WHERE {_LOADED_OF_TYPE} AND f.read_by > t.previous AND f.read_by < t.fingerprint
        UNION ALL
        SELECT f.id FROM ops.file_registry f
        WHERE {_LOADED_OF_TYPE} AND f.read_by > t.fingerprint AND t.last
        UNION ALL
        SELECT f.id FROM ops.file_registry f
        WHERE {_LOADED_OF_TYPE} AND f.read_by = t.fingerprint AND t.first_month > '{date.min}'
              AND (f.report_year, f.report_month)
              < (extract(year FROM t.first_month)::smallint, extract(month FROM t.first_month)::smallint)
        UNION ALL
        SELECT f.id FROM ops.file_registry f
        WHERE {_LOADED_OF_TYPE} AND f.read_by = t.fingerprint AND t.before_month < '{date.max}'
              AND (f.report_year, f.report_month)
              >= (extract(year FROM t.before_month)::smallint, extract(month FROM t.before_month)::smallint)
    ) other
    UNION ALL
    SELECT f.id FROM transform t JOIN ops.file_registry f
    ON f.data_provider = t.data_provider AND f.client_name = t.client_name AND (f.report_year, f.report_month)
       >= (extract(year FROM t.since)::smallint, extract(month FROM t.since)::smallint)
    WHERE t.report_type IS NULL AND f.status = 'CREATED' AND f.read_by <> t.fingerprint
"""  # noqa: S608

# A file is due when something has changed for it: it is new, it was being worked on by somebody who is gone, its
# transform has come or changed, its back-off has run out, or it was normalized and not loaded (DESIGN, "Due").
_DUE = """
    WITH {transforms}
    SELECT {columns}
    FROM ops.file_registry f
    JOIN transform t ON {of_transform}
    WHERE {narrowed} AND CASE f.status
        WHEN 'NEW' THEN f.error_reason IS DISTINCT FROM 'BACKLOG'
        WHEN 'PROCESSING' THEN true
        WHEN 'ERROR' THEN f.error_reason <> 'IGNORED' AND (
            f.transform_fingerprint IS DISTINCT FROM t.fingerprint OR f.next_attempt_at <= now()
            OR f.error_reason = 'DUPLICATE_CONTENT' AND NOT EXISTS (SELECT FROM ({twin}) t WHERE NOT t.gone)
            OR f.error_reason IN {held_back} AND NOT EXISTS ({still_held}))
        -- What has superseded a file makes it due again when it no longer counts.
        WHEN 'CREATED' THEN (f.load_id IS NULL OR f.loaded_content IS DISTINCT FROM f.content_hash
                             OR f.loaded_result IS DISTINCT FROM f.result_name)
                            AND f.error_reason IS DISTINCT FROM 'SUPERSEDED'
                            OR f.read_by <> t.fingerprint AND t.since <= make_date(f.report_year, f.report_month, 1)
        ELSE false
    END
    ORDER BY f.uploaded_at, f.id
"""


def due_files(
    connection: Connection, transforms: Sequence[TransformVersion], client_month: ClientMonth | None = None
) -> list[RegisteredFile]:
    """Every due file that has a transform, oldest first; of one client-month only, if one is given.

    Whether somebody is working on a file right now is not asked here: the lock of its client-month says so.
    """
    parameters = transform_arrays(transforms)
    if client_month is None:
        candidates = connection.scalars(text(_CANDIDATES), parameters).all()
        if not candidates:
            return []
        narrowed = "f.id = ANY(:candidates)"
        parameters["candidates"] = candidates
    else:
        narrowed = OF_CLIENT_MONTH
        parameters |= client_month_parameters(client_month)
    twin = LOADED_TWIN.format(content_hash="f.content_hash")
    parts = {"twin": twin, "held_back": HELD_BACK, "still_held": _STILL_HELD}
    query = text(
        _DUE.format(transforms=TRANSFORMS, columns=_COLUMNS, of_transform=OF_TRANSFORM, narrowed=narrowed, **parts)
    )
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
    if not lock_unchanged(connection, [file]):
        raise what_changed(connection, file)


def what_changed(connection: Connection, file: RegisteredFile) -> PharmaError:
    """FILE_GONE or FILE_CHANGING, for a file of which the registry no longer knows this version."""
    status = connection.scalar(text("SELECT status FROM ops.file_registry WHERE id = :id"), {"id": file.id})
    return PharmaError("FILE_GONE" if status == Status.DELETE.value else "FILE_CHANGING")


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
    # From one client to the next in the index: DISTINCT would read every file.
    rows = connection.execute(
        text(
            """
            WITH RECURSIVE client AS (
                (SELECT data_provider, client_name FROM ops.file_registry ORDER BY 1, 2 LIMIT 1)
                UNION ALL
                SELECT next.* FROM client CROSS JOIN LATERAL (
                    SELECT f.data_provider, f.client_name FROM ops.file_registry f
                    WHERE (f.data_provider, f.client_name) > (client.data_provider, client.client_name)
                    ORDER BY 1, 2 LIMIT 1
                ) next
            )
            SELECT data_provider, client_name FROM client ORDER BY 1, 2
            """
        )
    )
    return [Client(Provider(provider), name) for provider, name in rows]


def client_months(connection: Connection, client: Client) -> list[ClientMonth]:
    """Every month for which a client ever sent a file."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT report_year, report_month FROM ops.file_registry"
            " WHERE data_provider = :provider AND client_name = :client ORDER BY 1, 2"
        ),
        {"provider": client.provider.value, "client": client.name},
    )
    return [ClientMonth(client, year, month) for year, month in rows]


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
        "first_months": [transform.months.first or date.min for transform in transforms],
        "before_months": [transform.months.before or date.max for transform in transforms],
        "since_months": [transform.since for transform in transforms],
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
