"""The platform's figures for Prometheus: what waits, what failed, how old the last look is.

Each scrape asks the database a few cheap questions; nothing is counted over the rows of reports.
"""

# ruff: noqa: PLC0415 - Dagster costs a second to import

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine, text

from pharma_assets.database.urls import engine
from pharma_assets.files import replace_atomically, writing_error
from pharma_assets.instance import dagster_instance
from pharma_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

STATUSES = ("NEW", "PROCESSING", "ERROR", "CREATED", "DELETE")
RUN_STATES = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")


class PlatformCollector(Collector):
    """Asks anew at every scrape. What cannot be asked is left out, and `pharma_up` says so."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings = settings
        # One connection is kept for all scrapes; a broken one is replaced.
        self._engine: Engine = engine(url)
        self._instance: DagsterInstance | None = None

    def describe(self) -> list[Metric]:
        """Nothing is asked when the collector is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        started = time.monotonic()
        found: list[Metric] = []
        up = True
        for ask in (self._registry, self._dagster):
            try:
                found += ask()
            except Exception:
                # Whatever it is, the other figures are worth having, and an alarm is set on this one.
                up = False
        yield from found
        yield from _disks(self._settings)
        yield _gauge("pharma_up", "Whether the database could be asked everything", int(up))
        yield _gauge("pharma_scrape_seconds", "How long asking took", time.monotonic() - started)

    def _registry(self) -> list[Metric]:
        with self._engine.connect() as connection:
            return list(_registry_metrics(connection))

    def _dagster(self) -> list[Metric]:
        if self._instance is None:
            self._instance = dagster_instance()
        return list(_dagster_metrics(self._instance))


def exposition(collector: Collector) -> bytes:
    """The figures of now in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)


@contextmanager
def served(collector: Collector, host: str, port: int) -> Iterator[Any]:
    """Serve the figures over HTTP during the block; yields the server's thread."""
    from prometheus_client import start_http_server

    registry = CollectorRegistry()
    registry.register(collector)
    server, thread = start_http_server(port, host, registry)
    try:
        yield thread
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _registry_metrics(connection: Connection) -> Iterator[Metric]:
    files = GaugeMetricFamily("pharma_files", "Files of the registry", labels=["status"])
    rows = connection.execute(text("SELECT status, count(*) AS files FROM ops.file_registry GROUP BY 1"))
    counted = {row.status: row.files for row in rows}
    for status in STATUSES:
        files.add_metric([status], counted.get(status, 0))
    yield files
    errors = GaugeMetricFamily("pharma_files_waiting", "Files that wait for somebody or a retry", labels=["code"])
    for row in connection.execute(text(_WAITING)):
        errors.add_metric([row.code], row.files)
    yield errors
    due = connection.execute(text(_DUE)).one()
    yield _gauge("pharma_files_due", "Files that the next tick will ask for, changed layouts aside", due.files)
    yield _gauge("pharma_oldest_due_seconds", "How long the oldest of them has been in the inbox", due.age or 0)
    loaded = connection.execute(text(_LOADED)).one()
    yield _gauge("pharma_files_loaded", "Files whose rows are loaded", loaded.files)
    yield _gauge("pharma_rows_loaded", "Rows that are loaded, by the ledger", loaded.loaded)
    yield _gauge("pharma_rows_rejected", "Rows of loaded files that are held back", loaded.rejected)
    yield _gauge(
        "pharma_path_problems",
        "Paths that have no place in the tree",
        connection.scalar(text("SELECT count(*) FROM ops.path_problem")) or 0,
    )
    yield from _scan_metrics(connection)
    unsent = connection.scalar(text(_UNSENT)) or 0
    yield _gauge("pharma_alerts_failing", "Recipients whose last alert could not be sent", unsent)


_WAITING = """
    SELECT error_reason AS code, count(*) AS files FROM ops.file_registry
    WHERE status IN ('ERROR', 'PROCESSING') AND error_reason IS NOT NULL GROUP BY 1 ORDER BY 1
"""
# As `registry.files` has it, but for what only the layouts tell.
_DUE = """
    SELECT count(*) AS files, extract(epoch FROM now() - min(uploaded_at))::float8 AS age FROM (
        SELECT uploaded_at FROM ops.file_registry
        WHERE status = 'NEW' OR status = 'PROCESSING' AND error_reason IS NULL
           OR status = 'ERROR' AND error_reason <> 'IGNORED' AND next_attempt_at <= now()
        UNION ALL
        SELECT f.uploaded_at FROM ops.file_registry f
        LEFT JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
        WHERE f.status = 'CREATED' AND (l.id IS NULL OR l.content_hash IS DISTINCT FROM f.content_hash)
    ) due
"""
_LOADED = """
    SELECT count(*) AS files, coalesce(sum(rows_loaded), 0) AS loaded, coalesce(sum(rows_rejected), 0) AS rejected
    FROM ops.file_load WHERE superseded_at IS NULL
"""
_UNSENT = """
    SELECT count(*) FROM (
        SELECT DISTINCT ON (channel, recipient) state FROM ops.alert ORDER BY channel, recipient, id DESC
    ) last WHERE state = 'FAILED'
"""
_LAST_SCAN = """
    SELECT extract(epoch FROM at)::float8 AS at, seconds, seen, complete FROM ops.last_scan
"""


def _scan_metrics(connection: Connection) -> Iterator[Metric]:
    last = connection.execute(text(_LAST_SCAN)).one_or_none()
    if last is not None:
        yield _gauge("pharma_last_scan_timestamp_seconds", "When the inbox was last looked at", last.at)
        yield _gauge("pharma_last_scan_seconds", "How long that took", last.seconds)
        yield _gauge("pharma_last_scan_files", "How many files it saw", last.seen)
        yield _gauge("pharma_last_scan_complete", "Whether it came to its end within its time", int(last.complete))


def _dagster_metrics(instance: DagsterInstance) -> Iterator[Metric]:
    from dagster import AssetCheckKey, AssetKey, DagsterRunStatus, RunsFilter
    from dagster._core.scheduler.instigation import TickStatus

    runs = GaugeMetricFamily("pharma_runs", "Dagster's runs that wait or work", labels=["state"])
    for word in RUN_STATES:
        runs.add_metric([word], instance.get_runs_count(RunsFilter(statuses=[DagsterRunStatus(word)])))
    yield runs
    at = GaugeMetricFamily("pharma_last_tick_timestamp_seconds", "Last evaluation that has ended", labels=["name"])
    failed = GaugeMetricFamily("pharma_last_tick_failed", "Whether it failed", labels=["name"])
    for state in instance.all_instigator_state():
        place = (state.instigator_origin_id, state.selector_id)
        for tick in instance.get_ticks(*place, limit=2):
            if tick.status is not TickStatus.STARTED:
                at.add_metric([state.instigator_name], tick.timestamp)
                failed.add_metric([state.instigator_name], int(tick.status is TickStatus.FAILURE))
                break
    yield from (at, failed)
    beats = GaugeMetricFamily("pharma_daemon_heartbeat_timestamp_seconds", "Dagster's daemons", labels=["daemon"])
    for kind, beat in instance.get_daemon_heartbeats().items():
        beats.add_metric([kind], beat.timestamp)
    yield beats
    key = AssetCheckKey(AssetKey("file_registry"), "audit")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    evaluation = record.event.dagster_event if record is not None and record.event is not None else None
    if evaluation is not None and record is not None:
        found = evaluation.asset_check_evaluation_data
        yield _gauge("pharma_audit_timestamp_seconds", "When the audit last ended", record.create_timestamp)
        remaining = found.metadata.get("remaining")
        differences = remaining.value if remaining is not None else int(not found.passed)
        yield _gauge("pharma_audit_differences", "What it found to differ", float(str(differences)))


def _disks(settings: Settings) -> Iterator[Metric]:
    free = GaugeMetricFamily("pharma_disk_free_bytes", "Room that is left", labels=["folder"])
    size = GaugeMetricFamily("pharma_disk_size_bytes", "Room that there is", labels=["folder"])
    folders: dict[str, object] = {
        "home": settings.home,
        "working_folders": settings.working_root,
        "inbox": settings.inbox_root,
    }
    for name, folder in folders.items():
        if isinstance(folder, Path) and folder.exists():
            usage = shutil.disk_usage(folder)
            free.add_metric([name], usage.free)
            size.add_metric([name], usage.total)
    yield from (free, size)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, help_text)
    family.add_metric([], float(value))
    return family


def write_textfile(collector: Collector, path: Path) -> None:
    """Write the figures for node_exporter's textfile collector. Raises PharmaError NO_SPACE or LOCKED."""
    try:
        with replace_atomically(path) as draft:
            draft.write_bytes(exposition(collector))
            draft.chmod(0o644)
    except OSError as error:
        raise writing_error(error, path) from error
