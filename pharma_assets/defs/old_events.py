"""Which of Dagster's events that belong to no run are old enough to go, and which evaluations of checks.

Dagster has no call for either, so its tables are asked; a test holds what is known of them. What its pages show as the
present state stays: the last event of each kind of every asset and partition, the last evaluation of every check.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from dagster import DagsterInstance
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.runs.schema import RunsTable
from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, or_, select

_EVENTS, _TAGS = SqlEventLogStorageTable, AssetEventTagsTable
_CHECKS = AssetCheckExecutionsTable


@dataclass(frozen=True)
class PrunedEvents:
    """How many events without a run and how many evaluations of checks went, or would go."""

    runless_events: int = 0
    check_evaluations: int = 0


def prune_runless(
    instance: DagsterInstance, before: datetime, old_runs: Collection[str], *, dry_run: bool = False
) -> PrunedEvents:
    """Delete events without a run from before then, and evaluations of checks whose runs have gone or are `old_runs`.

    An evaluation without a run goes by its own age.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return PrunedEvents()
    moment = before.astimezone(UTC).replace(tzinfo=None)
    with storage.index_connection() as connection:
        checks = _take_out(connection, _CHECKS, _old_checks(moment, old_runs), dry_run=dry_run)
        old = _old_events(moment)
        if not dry_run:
            connection.execute(delete(_TAGS).where(_TAGS.c.event_id.in_(select(_EVENTS.c.id).where(old))))
        return PrunedEvents(_take_out(connection, _EVENTS, old, dry_run=dry_run), checks)


def _old_events(moment: datetime) -> ColumnElement[bool]:
    last = select(func.max(_EVENTS.c.id)).group_by(
        _EVENTS.c.asset_key, _EVENTS.c.dagster_event_type, _EVENTS.c.partition
    )
    evaluated = select(_CHECKS.c.evaluation_event_storage_id).where(_CHECKS.c.evaluation_event_storage_id.is_not(None))
    return and_(
        _EVENTS.c.run_id == RUNLESS_RUN_ID,
        _EVENTS.c.timestamp < moment,
        _EVENTS.c.id.not_in(last),
        _EVENTS.c.id.not_in(evaluated),
    )


def _old_checks(moment: datetime, old_runs: Collection[str]) -> ColumnElement[bool]:
    last = select(func.max(_CHECKS.c.id)).group_by(_CHECKS.c.asset_key, _CHECKS.c.check_name, _CHECKS.c.partition)
    runs = select(RunsTable.c.run_id)
    return and_(
        _CHECKS.c.create_timestamp < moment,
        _CHECKS.c.id.not_in(last),
        or_(_CHECKS.c.run_id.not_in(runs), _CHECKS.c.run_id.in_(list(old_runs)), _CHECKS.c.run_id == RUNLESS_RUN_ID),
    )


def _take_out(connection: Connection, table: Table, old: ColumnElement[bool], *, dry_run: bool) -> int:
    if dry_run:
        return int(connection.scalar(select(func.count()).select_from(table).where(old)) or 0)
    return connection.execute(delete(table).where(old)).rowcount
