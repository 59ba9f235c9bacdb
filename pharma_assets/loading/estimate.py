"""What taking in the backlog would cost: by what was measured of files that are loaded, else of a sample that is read.

Nothing is changed by asking. The figures are those of averages: rows and seconds for each byte of a kind of file.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.loading.platform import Platform
from pharma_assets.loading.report import read_report
from pharma_assets.loading.result_file import render
from pharma_assets.registry.backlog import Part, Waiting, some_waiting, waiting
from pharma_assets.registry.files import ADOPTED, find_file

# Where nothing has been measured yet: a run in a process of its own, a row of 13 filled columns with its indexes, the
# same row in the result file.
RUN_SECONDS = 2.5
TABLE_BYTES = 420.0
RESULT_BYTES = 250.0

_MOST_LOADS = 2_000
_MOST_RESULTS = 100
_LEAST_ROWS = 10_000


@dataclass(frozen=True)
class Rate:
    """What files of one extension come to, summed over those that were measured. `sampled`: they were only read."""

    files: int
    size: int
    rows: int
    seconds: float
    sampled: bool = False


@dataclass(frozen=True)
class Measured:
    """All that an estimate rests on. `unread`: files of the sample that could not be read, with their codes."""

    rates: Mapping[str, Rate]
    table_bytes: float = TABLE_BYTES
    result_bytes: float = RESULT_BYTES
    run_seconds: float = RUN_SECONDS
    unread: tuple[tuple[str, str], ...] = ()


@dataclass
class Line:
    """Part of the backlog: what there is of it, and what it would come to. `unknown`: files of a kind that nothing was
    measured of, which are in no estimate. `without_transform`: files that would wait all the same."""

    name: str
    files: int = 0
    size: int = 0
    rows: float = 0.0
    seconds: float = 0.0
    unknown: int = 0
    without_transform: int = 0
    months: set[object] = field(default_factory=set)

    @property
    def client_months(self) -> int:
        return len(self.months)


@dataclass(frozen=True)
class Estimate:
    """The backlog by years, the latest first, and as a whole.

    `hours`: until all is done, with so many runs `at_once` and no more client-months a tick than the settings say.
    """

    years: tuple[Line, ...]
    total: Line
    measured: Measured
    at_once: int
    hours: float

    @property
    def table_bytes(self) -> float:
        return self.total.rows * self.measured.table_bytes

    @property
    def result_bytes(self) -> float:
        return self.total.rows * self.measured.result_bytes


def estimate(platform: Platform, part: Part, *, sample: int, run_seconds: float | None = None) -> Estimate:
    """What taking in this part of the backlog would come to.

    Of each kind of file that no load was measured of, `sample` files are read. `run_seconds`: what a run takes beside
    its files. Raises PharmaError INBOX_MISSING where the sample cannot be had because the inbox is not there.
    """
    with platform.engine.connect() as connection:
        groups = waiting(connection, part)
        rates = _of_loads(connection)
        table_bytes = _of_table(connection)
        result_bytes = _of_results(platform, connection)
        ids = (
            [
                number
                for extension in sorted({group.extension for group in groups} - rates.keys())
                for number in some_waiting(connection, part, extension, platform.transforms.versions, sample)
            ]
            if sample
            else []
        )
    sampled, sampled_bytes, unread = _read(platform, ids)
    measured = Measured(
        rates | sampled,
        table_bytes or TABLE_BYTES,
        result_bytes or sampled_bytes or RESULT_BYTES,
        RUN_SECONDS if run_seconds is None else run_seconds,
        tuple(unread),
    )
    return told(platform, groups, measured)


def told(platform: Platform, groups: Sequence[Waiting], measured: Measured) -> Estimate:
    """The estimate, from what waits and what was measured."""
    settings = platform.settings
    years: dict[int, Line] = {}
    total = Line("all")
    for group in groups:
        has_transform = _has_transform(platform, group)
        rate = measured.rates.get(group.extension)
        for line in (years.setdefault(group.client_month.year, Line(str(group.client_month.year))), total):
            line.files += group.files
            line.size += group.size
            if not has_transform:
                line.without_transform += group.files
                continue
            line.months.add(group.client_month)
            if rate is None or not rate.size:
                line.unknown += group.files
                continue
            line.rows += group.size * rate.rows / rate.size
            line.seconds += group.size * rate.seconds / rate.size
    for line in (*years.values(), total):
        line.seconds += line.client_months * measured.run_seconds
    at_once = min(4, os.cpu_count() or 1)
    ticks = total.client_months / settings.backlog_at_once if settings.backlog_at_once else float("inf")
    hours = max(total.seconds / at_once, ticks * settings.scan_minutes * 60) / 3600
    return Estimate(tuple(years.values()), total, measured, at_once, hours if total.client_months else 0.0)


def _has_transform(platform: Platform, group: Waiting) -> bool:
    try:
        platform.transforms.find(group.client_month.client, group.report_type, group.client_month.first_day)
    except PharmaError:
        return False
    return True


def _of_loads(connection: Connection) -> dict[str, Rate]:
    """By extension, what the latest loads have come to. A file's time runs from the end of the one before it."""
    rows = connection.execute(
        text(
            f"""
            WITH load AS (
                SELECT l.file_id, l.run_id, l.rows_read, f.file_size,
                       coalesce(lower(substring(f.file_path FROM '\\.[^./]*$')), '') AS extension
                FROM ops.file_load l JOIN ops.file_registry f ON f.id = l.file_id AND f.version = l.version
                WHERE l.superseded_at IS NULL AND l.transform_fingerprint <> '{ADOPTED}' AND f.file_size > 0
                ORDER BY l.id DESC LIMIT {_MOST_LOADS}
            ), step AS (
                SELECT file_id, run_id, event, at, lag(at) OVER (PARTITION BY run_id ORDER BY id) AS before
                FROM ops.file_event
                WHERE run_id IN (SELECT run_id FROM load)
                  AND event IN ('CLAIMED', 'LOADED', 'FAILED', 'WAITING', 'GONE')
            )
            SELECT extension, count(*) AS files, sum(file_size) AS size, sum(rows_read) AS rows,
                   sum(extract(epoch FROM at - before)) AS seconds
            FROM load JOIN step USING (file_id, run_id) WHERE event = 'LOADED' AND before IS NOT NULL
            GROUP BY extension
            """  # noqa: S608
        )
    )
    return {row.extension: Rate(row.files, int(row.size), int(row.rows), float(row.seconds)) for row in rows}


def _of_table(connection: Connection) -> float | None:
    """Bytes a row takes in the table with its indexes; None where there are too few rows to tell."""
    size, rows = connection.execute(
        text(
            """
            SELECT (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits
                    WHERE inhparent = 'raw.primary_data'::regclass),
                   (SELECT sum(rows_loaded) FROM ops.file_load WHERE superseded_at IS NULL)
            """
        )
    ).one()
    return float(size / rows) if size and rows and rows >= _LEAST_ROWS else None


def _of_results(platform: Platform, connection: Connection) -> float | None:
    """Bytes a row takes in the result files, of the latest ones that are there."""
    size = rows = 0
    query = f"""
        SELECT result_name, rows_loaded FROM ops.file_load
        WHERE superseded_at IS NULL AND result_name IS NOT NULL AND rows_loaded > 0
        ORDER BY id DESC LIMIT {_MOST_RESULTS}
    """  # noqa: S608
    for load in connection.execute(text(query)):
        try:
            size += (platform.settings.results_folder / load.result_name).stat().st_size
        except OSError:
            continue
        rows += load.rows_loaded
    return size / rows if rows else None


def _read(platform: Platform, ids: Iterable[int]) -> tuple[dict[str, Rate], float | None, list[tuple[str, str]]]:
    """Read these files as loading would, and let go of what comes out."""
    rates: dict[str, Rate] = {}
    unread = []
    loaded = result_bytes = 0
    for number in ids:
        with platform.engine.connect() as connection:
            file = find_file(connection, str(number))
            size = (
                connection.scalar(text("SELECT file_size FROM ops.file_registry WHERE id = :id"), {"id": number}) or 0
            )
        platform.reader.start()
        started = time.monotonic()
        try:
            report = read_report(platform, file).report
            result = render(report.table, {}, platform.timezone)
        except PharmaError as error:
            if error.problem.scope is Scope.PLATFORM:
                raise
            unread.append((file.path, error.code))
            continue
        extension = f".{file.path.rpartition('.')[2].lower()}" if "." in file.path.rpartition("/")[2] else ""
        before = rates.get(extension, Rate(0, 0, 0, 0.0))
        rates[extension] = Rate(
            before.files + 1,
            before.size + size,
            before.rows + report.read,
            before.seconds + time.monotonic() - started,
            sampled=True,
        )
        loaded += report.loaded
        result_bytes += len(result)
    return rates, result_bytes / loaded if loaded else None, unread
