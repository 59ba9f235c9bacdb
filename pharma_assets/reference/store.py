"""The reference lists in the database: versions that never change, the last of which counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from pharma_assets.database.connect import psycopg_connection
from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.reference.lists import ClientType, ReferenceLists, Supplier

_LATEST = "SELECT max(id) FROM ops.reference_version"


@dataclass(frozen=True)
class Source:
    """Where lists come from: the file and the digest of its bytes, who imports it, and why."""

    name: str
    digest: str
    who: str
    why: str


@dataclass(frozen=True)
class Version:
    """A version of the lists, and how many lines each of its lists has. `brings`: which of them came with it."""

    id: int
    source: Source
    imported_at: datetime
    suppliers: int
    client_types: int
    brings: tuple[str, ...]
    loads: int


class References:
    """The lists that count now, kept in memory until another version does."""

    def __init__(self) -> None:
        self._lists = ReferenceLists()

    def current(self, connection: Connection) -> ReferenceLists:
        """The lists of the latest version; without any, empty ones whose version is None."""
        latest = connection.scalar(text(_LATEST))
        lists = self._lists
        if latest != lists.version:
            lists = self._lists = ReferenceLists() if latest is None else lists_of(connection, latest)
        return lists


def lists_of(connection: Connection, version: int) -> ReferenceLists:
    """The lists of a version. Raises PharmaError REFERENCE_VERSION_UNKNOWN."""
    row = connection.execute(
        text("SELECT suppliers_of, client_types_of FROM ops.reference_version WHERE id = :version"),
        {"version": version},
    ).one_or_none()
    if row is None:
        raise PharmaError("REFERENCE_VERSION_UNKNOWN", version=version)
    suppliers = connection.execute(
        text(
            "SELECT data_provider, client_name, branch, supplier_id, supplier_name FROM ops.reference_supplier"
            " WHERE version = :version ORDER BY position"
        ),
        {"version": row.suppliers_of},
    )
    types = connection.execute(
        text(
            "SELECT client_inn, name_pattern, client_type FROM ops.reference_client_type"
            " WHERE version = :version ORDER BY position"
        ),
        {"version": row.client_types_of},
    )
    return ReferenceLists(
        version,
        tuple(
            Supplier(Client(Provider(provider), client), branch, supplier_id, name)
            for provider, client, branch, supplier_id, name in suppliers
        ),
        tuple(ClientType(inn, pattern, client_type) for inn, pattern, client_type in types),
    )


def keep(
    connection: Connection,
    suppliers: Sequence[Supplier] | None,
    client_types: Sequence[ClientType] | None,
    source: Source,
) -> tuple[int, bool]:
    """Make these lists count from now on; None leaves that list as it is.

    Returns the version, and whether it is a new one: the same lists again are none.
    """
    # One import after the other, and no reader waits.
    connection.execute(text("LOCK TABLE ops.reference_version IN SHARE ROW EXCLUSIVE MODE"))
    before = References().current(connection)
    same_suppliers = suppliers is None or tuple(suppliers) == before.suppliers
    same_types = client_types is None or tuple(client_types) == before.client_types
    if before.version is not None and same_suppliers and same_types:
        return before.version, False
    version = int(
        connection.execute(
            text(
                """
                INSERT INTO ops.reference_version (suppliers_of, client_types_of, source_name, source_hash, who, why)
                SELECT l.suppliers_of, l.client_types_of, :name, :digest, :who, :why
                FROM (VALUES (1)) v LEFT JOIN ops.reference_version l ON l.id = :before
                RETURNING id
                """
            ),
            {**vars(source), "before": before.version},
        ).scalar_one()
    )
    if suppliers is not None and not same_suppliers:
        _copy(
            connection,
            "COPY ops.reference_supplier"
            " (version, position, data_provider, client_name, branch, supplier_id, supplier_name) FROM STDIN",
            (
                (
                    *(version, number, each.client.provider.value, each.client.name),
                    *(each.branch, each.supplier_id, each.supplier_name),
                )
                for number, each in enumerate(suppliers, start=1)
            ),
        )
        _point(connection, "suppliers_of", version)
    if client_types is not None and not same_types:
        _copy(
            connection,
            "COPY ops.reference_client_type (version, position, client_inn, name_pattern, client_type) FROM STDIN",
            (
                (version, number, each.inn, each.pattern, each.client_type)
                for number, each in enumerate(client_types, start=1)
            ),
        )
        _point(connection, "client_types_of", version)
    return version, True


def _copy(connection: Connection, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    with psycopg_connection(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _point(connection: Connection, column: str, version: int) -> None:
    query = f"UPDATE ops.reference_version SET {column} = id WHERE id = :version"  # noqa: S608
    connection.execute(text(query), {"version": version})


def versions(connection: Connection) -> list[Version]:
    """Every version, the latest first, with how many loads that count were made with it."""
    rows = connection.execute(
        text(
            """
            SELECT v.*, v.suppliers_of = v.id AS brings_suppliers, v.client_types_of = v.id AS brings_client_types,
                   (SELECT count(*) FROM ops.reference_supplier s WHERE s.version = v.suppliers_of) AS suppliers,
                   (SELECT count(*) FROM ops.reference_client_type t WHERE t.version = v.client_types_of)
                       AS client_types,
                   (SELECT count(*) FROM ops.file_load l
                    WHERE l.reference_version = v.id AND l.superseded_at IS NULL) AS loads
            FROM ops.reference_version v ORDER BY v.id DESC
            """
        )
    )
    return [
        Version(
            row.id,
            Source(row.source_name, row.source_hash, row.who, row.why),
            row.imported_at,
            row.suppliers,
            row.client_types,
            tuple(
                name
                for name, brought in (("suppliers", row.brings_suppliers), ("client types", row.brings_client_types))
                if brought
            ),
            row.loads,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class ListDifference:
    """One key whose line differs between two versions; what it says in each, None where it has none."""

    list: str
    key: str
    before: str | None
    after: str | None


def differences(before: ReferenceLists, after: ReferenceLists) -> list[ListDifference]:
    """What the lists say differently, list by list, in their order."""
    found = []
    for name, old, new in (
        ("suppliers", before.suppliers, after.suppliers),
        ("client types", before.client_types, after.client_types),
    ):
        said_before = {each.key: (str(each), _says(each)) for each in old}
        said_after = {each.key: (str(each), _says(each)) for each in new}
        for key in {**said_before, **said_after}:
            was, now = said_before.get(key), said_after.get(key)
            if (was and was[1]) != (now and now[1]):
                shown = (now or was or ("", ""))[0]
                found.append(ListDifference(name, shown, was and was[1], now and now[1]))
    return found


def _says(entry: Supplier | ClientType) -> str:
    if isinstance(entry, Supplier):
        return f"{entry.supplier_id} {entry.supplier_name or ''}".strip()
    return entry.client_type
