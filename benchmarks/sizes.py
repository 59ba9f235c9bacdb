"""Whole processes, from 1,000 to 100,000 rows: time and memory of a report's journey, its floor and the alternatives:
`python -m benchmarks.sizes`.

Each takes one report from its file into the table and ends. Timed is the whole process, as a scheduler sees it, and the
work inside, without the start of Python and the imports; memory is the peak of the process and those that it started.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.contenders import CONTENDERS, FIRST_DAY, JOURNEY, Task
from benchmarks.journey import journey, ready_rows, registered
from benchmarks.measure import Step, Target, empty_tables, scratch_server, show_targets, show_times
from pharma_assets.database.migrations import migrate
from pharma_assets.database.server import DATABASE, EmbeddedServer
from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.loading.platform import open_platform
from pharma_assets.settings import Settings

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
ROUNDS = 3
GROWTH_LIMIT = 1.2


@dataclass
class Measured:
    """Of a contender at a size, one entry a round: seconds of the whole process and inside it, megabytes."""

    whole: list[float] = field(default_factory=list)
    inside: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)


def measure(name: str, task: Task, measured: Measured) -> None:
    """One more round."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.contenders", name, str(task.folder), task.url]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured.whole.append(time.perf_counter() - started)
    told = json.loads(output.splitlines()[-1])
    measured.inside.append(told["inside"])
    measured.peak.append(told["peak"])


def prepared(folder: Path, server: EmbeddedServer, rows: int) -> Task:
    """A report of so many rows, registered, and what the floor needs of it."""
    task = Task(folder, server.superuser_url(DATABASE))
    migrate(server.url())
    settings = Settings(home=folder / "home", inbox=task.inbox, settle_seconds=0)
    with open_platform(settings) as platform:
        journey(platform, registered(platform, client_01_xlsx(rows, FIRST_DAY).content))
        statement, ready = ready_rows(platform)
    task.ready.write_bytes(f"{statement}\n".encode() + ready)
    return task


def main() -> int:
    """Run the benchmark; 1 if a target is missed."""
    measured = {name: {rows: Measured() for rows in SIZES} for name in CONTENDERS}
    for rows in SIZES:
        with scratch_server() as (folder, server):
            task = prepared(folder, server, rows)
            for _ in range(ROUNDS):
                for name in CONTENDERS:
                    empty_tables(server)
                    measure(name, task, measured[name][rows])
    steps = {
        (name, rows): Step(f"{name}: {rows:,} rows, the whole process", seconds=of_name.whole)
        for name, of_sizes in measured.items()
        for rows, of_name in of_sizes.items()
    }
    show_times(f"whole processes, {ROUNDS} rounds", list(steps.values()))
    many, some = SIZES[-1], SIZES[-3]
    each = [
        Step(f"{JOURNEY} of {rows:,} rows, a row", seconds=[s / rows for s in measured[JOURNEY][rows].inside])
        for rows in (many, some)
    ]
    targets = [Target(*each, GROWTH_LIMIT)]
    targets += [Target(steps[JOURNEY, 30_000], steps[name, 30_000]) for name in CONTENDERS if name != JOURNEY]
    curves = {
        name: [
            {"rows": rows, **{what: median(getattr(of, what)) for what in ("whole", "inside", "peak")}}
            for rows, of in of_sizes.items()
        ]
        for name, of_sizes in measured.items()
    }
    return 0 if show_targets(targets, (), {"curves": curves}) else 1


if __name__ == "__main__":
    sys.exit(main())
