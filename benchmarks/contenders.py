"""Who takes a report from its file into the table, as a process of its own: `python -m benchmarks.contenders NAME …`.

`benchmarks.sizes` starts it. Nothing is imported above that only one of them needs: a start is part of what is timed.
"""
# ruff: noqa: PLC0415 - as said

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.memory import peak_megabytes

FIRST_DAY = date(2025, 6, 1)
JOURNEY, FLOOR = "the journey", "calamine + COPY + commit"


@dataclass(frozen=True)
class Task:
    """One report in the inbox of a platform, and the ready rows of the floor."""

    folder: Path
    url: str

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def file(self) -> Path:
        (file,) = self.inbox.glob("**/*.xlsx")
        return file

    @property
    def ready(self) -> Path:
        return self.folder / "ready"


@contextmanager
def journey(task: Task) -> Iterator[float]:
    """Our own, in a platform that is opened for it."""
    from pharma_assets.loading import ingest
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.registry.files import find_file
    from pharma_assets.settings import Settings

    with open_platform(Settings(home=task.folder / "home", inbox=task.inbox)) as platform:
        started = time.perf_counter()
        platform.reader.start()
        with platform.engine.connect() as connection:
            file = find_file(connection, str(task.file.relative_to(task.inbox)))
        normalized = ingest.read_report(platform, file)
        with platform.engine.begin() as connection:
            ingest.load_file(platform, connection, normalized, "benchmark")
        yield time.perf_counter() - started


@contextmanager
def floor(task: Task) -> Iterator[float]:
    """Calamine reads, ready rows are copied."""
    import psycopg
    from python_calamine import load_workbook

    started = time.perf_counter()
    load_workbook(io.BytesIO(task.file.read_bytes())).get_sheet_by_index(0).to_python()
    statement, _, rows = task.ready.read_bytes().partition(b"\n")
    with psycopg.connect(task.url) as connection, connection.cursor().copy(statement) as copy:
        copy.write(rows)
    yield time.perf_counter() - started


@contextmanager
def with_pandas(task: Task, engine: Any, *, by_copy: bool) -> Iterator[float]:
    """A script in pandas."""
    from sqlalchemy import create_engine

    from benchmarks import plain_pandas
    from pharma_assets.database.urls import sqlalchemy_url

    started = time.perf_counter()
    with create_engine(sqlalchemy_url(task.url)).begin() as connection:
        table = plain_pandas.report(task.file, FIRST_DAY, engine)
        plain_pandas.load(table, connection, plain_pandas.copy if by_copy else None)
    yield time.perf_counter() - started


@contextmanager
def with_dlt(task: Task, schema: Any) -> Iterator[float]:
    """A pipeline of dlt."""
    import dlt  # noqa: F401

    from benchmarks import plain_dlt

    started = time.perf_counter()
    plain_dlt.load(task.inbox, task.url, task.folder / "dlt", schema)
    yield time.perf_counter() - started


CONTENDERS: dict[str, Callable[[Task], AbstractContextManager[float]]] = {
    FLOOR: floor,
    JOURNEY: journey,
    "pandas, calamine, `to_sql` by COPY": lambda task: with_pandas(task, "calamine", by_copy=True),
    "pandas, openpyxl, `to_sql`": lambda task: with_pandas(task, "openpyxl", by_copy=False),
    "dlt: calamine, a frame, CSV by COPY": lambda task: with_dlt(task, "dlt_frame"),
    "dlt: `read_excel`, dictionaries, INSERT": lambda task: with_dlt(task, "dlt_rows"),
}


def one(name: str, folder: str, url: str) -> None:
    """The work of a contender's process."""
    with CONTENDERS[name](Task(Path(folder), url)) as seconds:
        # The worker that reads is there until the platform is closed.
        print(json.dumps({"inside": seconds, "peak": peak_megabytes(with_children=True)}))


if __name__ == "__main__":
    one(*sys.argv[1:])
