"""Rows of `ops.delivery`: what each file covers, and how it stands to the others of its client-month."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text

from pharma_assets.model.client_month import ClientMonth
from pharma_assets.model.delivery import Amounts, BranchDay, Delivered, Delivery, Terms, added_up
from pharma_assets.model.target import TYPES
from pharma_assets.registry.files import HELD_BACK, NOWHERE, OF_CLIENT_MONTH, client_month_parameters


class Standing(StrEnum):
    """How a file stands: its rows are in the table, another counts in its place, or it is held back."""

    LOADED = "loaded"
    SUPERSEDED = "superseded"
    HELD = "held"


class Span(NamedTuple):
    """The first and the last day of some branch-days, and whether some are of no day."""

    first: date | None
    last: date | None
    undated: bool

    def meets(self, other: Span) -> bool:
        """Whether a day can be of both."""
        if self.undated and other.undated:
            return True
        if self.first is None or self.last is None or other.first is None or other.last is None:
            return False
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Known:
    """A file of which it is known what it covers.

    `file`: its delivery, with branch-days only after `with_branch_days`. `at_rest`: its status tells how it stands;
    else it is due for another reason, has gone, or is in ERROR with the rows of an earlier version. `span`: what its
    branch-days lie within. `replaced`: branch-days whose rows are not in the table,
    with the file whose rows stand for them.
    """

    file: Delivered
    standing: Standing
    at_rest: bool
    version: int
    load_id: int | None
    month: date | None
    span: Span
    held_by: tuple[int, ...]
    replaced: Mapping[BranchDay, int]

    @property
    def id(self) -> int:
        return self.file.file_id


_KNOWN = f"""
    SELECT f.id, f.file_path, f.status, f.error_reason, d.file_id IS NULL AS missing, d.version, d.uploaded_at, d.mode,
           d.overlap_allowed, d.shrinkage, d.day_from, d.day_to, d.undated, d.held_by,
           f.released_version IS NOT DISTINCT FROM d.version AS released, l.id AS load_id, l.partition_month,
           (f.content_hash, f.transform_fingerprint) IS NOT DISTINCT FROM (l.content_hash, l.transform_fingerprint)
               AS up_to_date
    FROM ops.file_registry f
    LEFT JOIN ops.delivery d ON d.file_id = f.id
    LEFT JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
    WHERE {OF_CLIENT_MONTH} AND f.report_type = :report_type AND NOT starts_with(f.file_path, '{NOWHERE}/')
      AND (l.id IS NOT NULL OR d.file_id IS NOT NULL AND (
          f.status = 'CREATED' AND f.error_reason = 'SUPERSEDED'
          OR f.status = 'ERROR' AND f.error_reason IN {HELD_BACK}))
    ORDER BY f.id
"""  # noqa: S608

_SUMS = ", ".join(f"'{name}', sum({name})::text" for name, type_ in TYPES.items() if type_.is_numeric)

# Loaded by other means than a delivery's, for example before there were any: such rows count as they stand.
_DERIVE = f"""
    INSERT INTO ops.delivery (file_id, version, uploaded_at, mode, overlap_allowed, shrinkage, day_from, day_to,
        undated, branch_days)
    SELECT f.id, l.version, f.uploaded_at, 'increment', true, 0, min(c.day), max(c.day),
           coalesce(bool_or(c.day IS NULL AND c.rows > 0), false),
           coalesce(jsonb_agg(jsonb_build_object('branch', c.branch, 'day', c.day, 'rows', c.rows, 'sums', c.sums))
                    FILTER (WHERE c.rows > 0), '[]')
    FROM ops.file_registry f
    JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
    LEFT JOIN LATERAL (
        SELECT coalesce(supplier_filial, '') AS branch, (period AT TIME ZONE :timezone)::date AS day, count(*) AS rows,
               jsonb_strip_nulls(jsonb_build_object({_SUMS})) AS sums
        FROM raw.primary_data WHERE partition_month = l.partition_month AND file_id = f.id GROUP BY 1, 2
    ) c ON true
    WHERE f.id = ANY(:ids)
    GROUP BY f.id, l.version, f.uploaded_at
"""  # noqa: S608


def is_known(connection: Connection, file_id: int) -> bool:
    """Whether it was ever known what this file covers."""
    query = "SELECT EXISTS (SELECT FROM ops.delivery WHERE file_id = :file_id)"
    return bool(connection.scalar(text(query), {"file_id": file_id}))


def known_deliveries(connection: Connection, client_month: ClientMonth, report_type: str, timezone: str) -> list[Known]:
    """Every file of a client-month and report type that is loaded, superseded or held back."""
    parameters = client_month_parameters(client_month) | {"report_type": report_type}
    rows = connection.execute(text(_KNOWN), parameters).all()
    missing = [row.id for row in rows if row.missing]
    if missing:
        connection.execute(text(_DERIVE), {"ids": missing, "timezone": timezone})
        rows = connection.execute(text(_KNOWN), parameters).all()
    return [_known(row) for row in rows]


def _known(row: Row[Any]) -> Known:
    if row.load_id is not None:
        standing = Standing.LOADED
    else:
        standing = Standing.SUPERSEDED if row.status == "CREATED" else Standing.HELD
    terms = Terms(Delivery(row.mode), row.overlap_allowed, row.shrinkage)
    return Known(
        file=Delivered(
            row.id, row.file_path, row.uploaded_at, terms, {}, released=row.released, present=row.status != "DELETE"
        ),
        standing=standing,
        at_rest=standing is not Standing.LOADED or (row.status == "CREATED" and row.up_to_date),
        version=row.version,
        load_id=row.load_id,
        month=row.partition_month,
        span=Span(row.day_from, row.day_to, row.undated),
        held_by=tuple(row.held_by or ()),
        replaced={},
    )


def with_branch_days(connection: Connection, known: Sequence[Known]) -> list[Known]:
    """The same files with their branch-days."""
    if not known:
        return []
    rows = connection.execute(
        text("SELECT file_id, branch_days FROM ops.delivery WHERE file_id = ANY(:ids)"),
        {"ids": [one.id for one in known]},
    )
    found = {row.file_id: {_place(part): part for part in row.branch_days} for row in rows}
    return [
        replace(
            one,
            file=replace(one.file, branch_days={place: _amounts(part) for place, part in found[one.id].items()}),
            replaced={
                place: part["superseded_by"]
                for place, part in found[one.id].items()
                if part.get("superseded_by") is not None
            },
        )
        for one in known
    ]


def _place(part: Mapping[str, Any]) -> BranchDay:
    return BranchDay(part["branch"], part["day"] and date.fromisoformat(part["day"]))


def _amounts(part: Mapping[str, Any]) -> Amounts:
    return Amounts(part["rows"], {name: Decimal(value) for name, value in part["sums"].items()})


def note_delivery(
    connection: Connection,
    delivered: Delivered,
    version: int,
    *,
    replaced: Mapping[BranchDay, int] | None = None,
    superseded_by: int | None = None,
    held_by: Collection[int] | None = None,
) -> None:
    """Keep what a file covers, as it was read now, in place of what was known."""
    days = [place.day for place in delivered.branch_days if place.day is not None]
    connection.execute(
        text(
            """
            INSERT INTO ops.delivery (file_id, version, uploaded_at, mode, overlap_allowed, shrinkage, day_from, day_to,
                undated, branch_days, superseded_by, held_by)
            VALUES (:file_id, :version, :uploaded_at, :mode, :overlap_allowed, :shrinkage, :day_from, :day_to,
                :undated, CAST(:branch_days AS jsonb), :superseded_by, :held_by)
            ON CONFLICT (file_id) DO UPDATE SET version = excluded.version, uploaded_at = excluded.uploaded_at,
                mode = excluded.mode, overlap_allowed = excluded.overlap_allowed, shrinkage = excluded.shrinkage,
                day_from = excluded.day_from, day_to = excluded.day_to, undated = excluded.undated,
                branch_days = excluded.branch_days, superseded_by = excluded.superseded_by, held_by = excluded.held_by
            """
        ),
        {
            "file_id": delivered.file_id,
            "version": version,
            "uploaded_at": delivered.uploaded_at,
            "mode": delivered.mode.value,
            "overlap_allowed": delivered.terms.overlap_allowed,
            "shrinkage": delivered.terms.shrinkage,
            "day_from": min(days, default=None),
            "day_to": max(days, default=None),
            "undated": any(place.day is None for place in delivered.branch_days),
            "branch_days": _document(delivered, replaced or {}),
            "superseded_by": superseded_by,
            "held_by": None if held_by is None else list(held_by),
        },
    )


def note_replaced(connection: Connection, delivered: Delivered, replaced: Mapping[BranchDay, int]) -> None:
    """Keep which of a file's branch-days have their rows in the table no more, and whose stand for them."""
    connection.execute(
        text("UPDATE ops.delivery SET branch_days = CAST(:branch_days AS jsonb) WHERE file_id = :file_id"),
        {"file_id": delivered.file_id, "branch_days": _document(delivered, replaced)},
    )


def note_superseded(connection: Connection, file_id: int, by: int) -> None:
    """Keep which file has superseded this one."""
    connection.execute(
        text("UPDATE ops.delivery SET superseded_by = :by, held_by = NULL WHERE file_id = :file_id"),
        {"file_id": file_id, "by": by},
    )


def note_held(connection: Connection, file_id: int, by: Collection[int]) -> None:
    """Keep because of which files this one is held back."""
    connection.execute(
        text("UPDATE ops.delivery SET held_by = :by, superseded_by = NULL WHERE file_id = :file_id"),
        {"file_id": file_id, "by": list(by)},
    )


def _document(delivered: Delivered, replaced: Mapping[BranchDay, int]) -> str:
    parts = [
        {
            "branch": place.branch,
            "day": place.day and place.day.isoformat(),
            "rows": amounts.rows,
            "sums": {name: str(value) for name, value in amounts.sums.items()},
            **({"superseded_by": replaced[place]} if place in replaced else {}),
        }
        for place, amounts in delivered.branch_days.items()
    ]
    return json.dumps(parts, ensure_ascii=False)


def amounts_replaced(delivered: Delivered, replaced: Collection[BranchDay]) -> Amounts:
    """The rows and sums of those branch-days."""
    return added_up([delivered.branch_days[place] for place in replaced])
