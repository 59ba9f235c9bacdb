"""Timing steps against each other: interleaved rounds, medians with their spread, and ratios with their targets."""

from __future__ import annotations

import gc
import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median

import psycopg
from rich.console import Console
from rich.table import Table

from pharma_assets.database.server import DATABASE, EmbeddedServer

# The name under which the environment wants results to be kept, as `make bench` does; a run by hand changes no file.
KEEP = "BENCHMARK_KEEP"
RESULTS = Path(__file__).parent / "results"

console = Console()


def nothing() -> None:
    """The preparation of a step that needs none, and the work of one that is timed elsewhere."""


@dataclass
class Step:
    """Something to time. `prepare` runs before each time and is not timed; `seconds` has one entry a round."""

    name: str
    run: Callable[[], object] = nothing
    prepare: Callable[[], object] = nothing
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """`step` may take at most `limit` times what `floor` takes; without a limit the ratio is only shown."""

    step: Step
    floor: Step
    limit: float = math.inf

    @property
    def ratios(self) -> list[float]:
        """One for each round: what disturbs a round disturbs both of its steps."""
        return [mine / least for mine, least in zip(self.step.seconds, self.floor.seconds, strict=True)]

    @property
    def met(self) -> bool:
        return median(self.ratios) <= self.limit


@dataclass(frozen=True)
class Figure:
    """Something measured that is no ratio of two times, as memory; `value` may be at most `limit`."""

    name: str
    value: float
    unit: str
    limit: float = math.inf

    @property
    def met(self) -> bool:
        return self.value <= self.limit


def interleave(steps: Sequence[Step], rounds: int) -> None:
    """Run the steps in turn, round after round; a first round, which warms up, does not count."""
    for number in range(rounds + 1):
        for step in steps:
            step.prepare()
            gc.collect()
            started = time.perf_counter()
            step.run()
            elapsed = time.perf_counter() - started
            if number:
                step.seconds.append(elapsed)


def show_times(title: str, steps: Sequence[Step]) -> None:
    """Print what each step took."""
    table = Table("step", "median, ms", "min – max, ms", title=title, title_justify="left")
    for step in steps:
        low, high = min(step.seconds) * 1000, max(step.seconds) * 1000
        table.add_row(step.name, f"{median(step.seconds) * 1000:.1f}", f"{low:.1f} – {high:.1f}")
    console.print(table)


def show_targets(
    targets: Sequence[Target], figures: Sequence[Figure] = (), details: Mapping[str, object] | None = None
) -> bool:
    """Print each ratio and figure beside its target, keep them for the page; returns whether all targets are met.

    `details`: what else the page tells, as JSON takes it.
    """
    table = Table("ratio", "median", "min – max", "target", "")
    for target in targets:
        low, high = min(target.ratios), max(target.ratios)
        table.add_row(
            f"{target.step.name} / {target.floor.name}",
            f"{median(target.ratios):.2f}",
            f"{low:.2f} – {high:.2f}",
            *_verdict(target.limit, met=target.met),
        )
    for figure in figures:
        table.add_row(figure.name, f"{figure.value:,.4g} {figure.unit}", "", *_verdict(figure.limit, met=figure.met))
    console.print(table)
    if name := os.environ.get(KEEP):
        keep(name, targets, figures, details or {})
    return all(target.met for target in targets) and all(figure.met for figure in figures)


def _verdict(limit: float, *, met: bool) -> tuple[str, str]:
    return (f"≤ {limit:.3g}", "PASS" if met else "MISS") if limit < math.inf else ("", "")


def keep(name: str, targets: Sequence[Target], figures: Sequence[Figure], details: Mapping[str, object]) -> None:
    """Write what was measured to a file of results, from which the page is made (`benchmarks.page`)."""
    RESULTS.mkdir(exist_ok=True)
    document = {
        "taken": date.today().isoformat(),
        "ratios": [
            {
                "step": target.step.name,
                "floor": target.floor.name,
                "median": round(median(target.ratios), 4),
                "low": round(min(target.ratios), 4),
                "high": round(max(target.ratios), 4),
                "limit": target.limit if target.limit < math.inf else None,
                "rounds": len(target.ratios),
            }
            for target in targets
        ],
        "figures": [
            {
                "name": figure.name,
                "value": float(f"{figure.value:.4g}"),
                "unit": figure.unit,
                "limit": figure.limit if figure.limit < math.inf else None,
            }
            for figure in figures
        ],
        **details,
    }
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder, which is not left behind."""
    with tempfile.TemporaryDirectory(prefix="pharma-benchmark-") as folder:
        yield Path(folder)


@contextmanager
def scratch_server(megabytes: int = 0) -> Iterator[tuple[Path, EmbeddedServer]]:
    """An empty folder and a running server of its own in it; neither is left behind. `megabytes`: the room it needs."""
    with scratch_folder() as folder:
        free = shutil.disk_usage(folder).free // 2**20
        if free < megabytes:
            sys.exit(f"{megabytes:,} MB are needed in {folder.parent}, {free:,} are free; TMPDIR names another folder")
        server = EmbeddedServer(folder / "home")
        try:
            server.start()
            yield folder, server
        finally:
            server.stop()


def empty_tables(server: EmbeddedServer) -> None:
    """No row and no load is left of an earlier round, nor a page that the server has yet to write."""
    with psycopg.connect(server.superuser_url(DATABASE), autocommit=True) as admin:
        admin.execute("TRUNCATE raw.primary_data, ops.rejected_row")
        admin.execute("DELETE FROM ops.file_load")
        admin.execute("CHECKPOINT")
