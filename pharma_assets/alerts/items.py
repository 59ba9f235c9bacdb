"""What waits for a person: files, folders of files without a layout, paths; each with a key that stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from pharma_assets.logs import masked
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider


class Kind(StrEnum):
    """What something is wrong with. The first word of an item's key."""

    FILE = "file"
    WAITING = "waiting"
    PATH = "path"
    RUN = "run"
    CHECK = "check"
    TICK = "tick"


REGISTRY_KINDS = frozenset({Kind.FILE, Kind.WAITING, Kind.PATH})


@dataclass(frozen=True)
class Item:
    """One thing that waits for a person.

    `key`: equal for the same problem of the same file version, so that nobody is told twice. `place`: the client-month,
    if it is of one. `name`: the file, or what else is meant. `count`: how many files that are.
    """

    kind: Kind
    key: str
    code: str
    name: str
    message: str
    advice: str
    place: ClientMonth | None = None
    file_id: int | None = None
    count: int = 1
    path: str | None = None
    link: str | None = None

    @property
    def client(self) -> Client | None:
        return self.place.client if self.place else None


def waiting_items(connection: Connection, *, personal: bool) -> list[Item]:
    """Everything that the registry has for people. Without `personal`, no text out of a file's cells is in it."""
    return [
        *(_file(row, personal=personal) for row in connection.execute(text(_FILES))),
        *_without_layout(connection),
        *(_path(row) for row in connection.execute(text(_PATHS))),
    ]


# An error that will be tried again by itself is nobody's business yet.
_FILES = """
    SELECT id, version, file_path, data_provider, client_name, report_year, report_month, error_reason AS code,
           error_detail ->> 'message' AS message, error_detail ->> 'advice' AS advice
    FROM ops.file_registry
    WHERE status = 'ERROR' AND error_reason <> 'IGNORED' AND next_attempt_at IS NULL
    ORDER BY data_provider, client_name, report_year, report_month, id
"""

# One layout is what all files of a client and report type wait for, however many they are.
_WAITING = """
    SELECT data_provider, client_name, report_type, error_reason AS code, count(*) AS files,
           max(report_year * 100 + report_month) AS month, min(error_detail ->> 'message') AS message,
           min(error_detail ->> 'advice') AS advice
    FROM ops.file_registry
    WHERE status = 'PROCESSING' AND error_reason IS NOT NULL
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""

_PATHS = "SELECT path, code, message FROM ops.path_problem ORDER BY path LIMIT 1000"


def _file(row: Row[Any], *, personal: bool) -> Item:
    return Item(
        Kind.FILE,
        f"{Kind.FILE}:{row.id}:{row.version}:{row.code}",
        row.code,
        masked(row.file_path.rpartition("/")[2]),
        (row.message or "") if personal else "",
        masked(row.advice or ""),
        _place(row, row.report_year, row.report_month),
        row.id,
        path=masked(row.file_path),
    )


def _without_layout(connection: Connection) -> Iterator[Item]:
    for row in connection.execute(text(_WAITING)):
        place = _place(row, *divmod(row.month, 100))
        key = f"{Kind.WAITING}:{place.client.key}:{row.report_type}:{row.code}"
        yield Item(
            Kind.WAITING,
            key,
            row.code,
            row.report_type,
            row.message or "",
            masked(row.advice or ""),
            place,
            count=row.files,
        )


def _path(row: Row[Any]) -> Item:
    key = f"{Kind.PATH}:{row.path}:{row.code}"
    return Item(Kind.PATH, key, row.code, masked(row.path), row.message, "", path=masked(row.path))


def _place(row: Row[Any], year: int, month: int) -> ClientMonth:
    return ClientMonth(Client(Provider(row.data_provider), row.client_name), year, month)
