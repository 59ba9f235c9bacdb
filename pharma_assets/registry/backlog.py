"""Files of long ago: registered, and not taken in until a person asks for them.

They are NEW with the reason BACKLOG, which no tick looks at. The setting `since`, as it is when a file is registered,
says which months are of long ago.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.transform_version import TransformVersion
from pharma_assets.registry import journal
from pharma_assets.registry.files import ADOPTED, TRANSFORMS, transform_arrays


@dataclass(frozen=True)
class Part:
    """A part of the backlog: months from `since` on and before `until`, of these clients (none: of all).

    A client is `Client_01` or, where only one provider's is meant, `Дистрибьюторы/Client_01`. `adopted`: also files
    that another program has made CREATED and whose rows did not come along.
    """

    since: date | None = None
    until: date | None = None
    clients: tuple[str, ...] = ()
    adopted: bool = False


@dataclass(frozen=True)
class Waiting:
    """Files of one client-month, report type and extension that wait: how many, and their bytes."""

    client_month: ClientMonth
    report_type: str
    extension: str
    files: int
    size: int


_IN_PART = """
    (CAST(:since AS date) IS NULL OR make_date(f.report_year, f.report_month, 1) >= :since)
    AND (CAST(:until AS date) IS NULL OR make_date(f.report_year, f.report_month, 1) < :until)
    AND (CAST(:clients AS text[]) = '{}' OR f.client_name = ANY(:clients)
         OR CASE f.data_provider WHEN 'Сеть' THEN 'Сети/' ELSE 'Дистрибьюторы/' END || f.client_name = ANY(:clients))
"""
_WITHOUT_ROWS = f"""
    f.status = 'CREATED' AND EXISTS (
        SELECT FROM ops.file_load l WHERE l.file_id = f.id AND l.superseded_at IS NULL
        AND l.transform_fingerprint = '{ADOPTED}' AND l.rows_loaded = 0)
"""
_EXTENSION = r"coalesce(lower(substring(f.file_path FROM '\.[^./]*$')), '')"
_WAITING = f"(f.error_reason = 'BACKLOG' OR :adopted AND {_WITHOUT_ROWS}) AND {_IN_PART}"


def waiting(connection: Connection, part: Part) -> list[Waiting]:
    """What waits, the latest month first."""
    rows = connection.execute(
        text(
            f"""
            SELECT data_provider, client_name, report_year, report_month, report_type,
                   {_EXTENSION} AS extension, count(*) AS files, sum(file_size) AS size
            FROM ops.file_registry f WHERE {_WAITING}
            GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 3 DESC, 4 DESC, 1, 2, 5, 6
            """  # noqa: S608
        ),
        _parameters(part),
    )
    return [
        Waiting(
            ClientMonth(Client(Provider(row.data_provider), row.client_name), row.report_year, row.report_month),
            row.report_type,
            row.extension,
            row.files,
            int(row.size),
        )
        for row in rows
    ]


def count_waiting(connection: Connection) -> tuple[int, int]:
    """How many files wait, of how many client-months."""
    query = """
        SELECT count(*), count(DISTINCT (data_provider, client_name, report_year, report_month))
        FROM ops.file_registry WHERE error_reason = 'BACKLOG'
    """
    files, months = connection.execute(text(query)).one()
    return files, months


def some_waiting(
    connection: Connection, part: Part, extension: str, transforms: Sequence[TransformVersion], most: int
) -> list[int]:
    """The ids of so many files of this extension that wait and have a transform, from the smallest to the largest."""
    rows = connection.execute(
        text(
            f"""
            WITH {TRANSFORMS}, candidate AS (
                SELECT f.id, row_number() OVER (ORDER BY file_size, f.id) - 1 AS place, count(*) OVER () AS among
                FROM ops.file_registry f
                WHERE {_WAITING} AND {_EXTENSION} = :extension AND file_size > 0 AND EXISTS (
                    SELECT FROM transform t
                    WHERE t.data_provider = f.data_provider AND t.client_name = f.client_name
                      AND (t.report_type = f.report_type OR t.report_type IS NULL))
            )
            SELECT DISTINCT ON (place * :most / among) id FROM candidate ORDER BY place * :most / among, place
            """  # noqa: S608
        ),
        {**_parameters(part), **transform_arrays(transforms), "extension": extension, "most": most},
    )
    return list(rows.scalars())


def start(connection: Connection, part: Part, verdict: journal.Verdict) -> int:
    """Have what waits taken in: it is due from now on. Returns how many files."""
    ids = _ids(connection, _WAITING, part)
    journal.asked_for(connection, ids, verdict)
    return len(ids)


def stop(connection: Connection, part: Part, verdict: journal.Verdict, since: date) -> int:
    """Have what was asked for and is not begun yet wait again, of months before `since`. Returns how many files."""
    not_begun = f"""
        f.status = 'NEW' AND f.error_reason IS NULL AND make_date(f.report_year, f.report_month, 1) < :before
        AND {_IN_PART}
    """
    ids = _ids(connection, not_begun, part, before=since)
    journal.put_off(connection, ids, verdict, since)
    return len(ids)


def _ids(connection: Connection, condition: str, part: Part, **parameters: object) -> list[int]:
    query = f"SELECT id FROM ops.file_registry f WHERE {condition} ORDER BY id FOR UPDATE"  # noqa: S608
    return list(connection.execute(text(query), {**_parameters(part), **parameters}).scalars())


def _parameters(part: Part) -> dict[str, object]:
    return {"since": part.since, "until": part.until, "clients": list(part.clients), "adopted": part.adopted}
