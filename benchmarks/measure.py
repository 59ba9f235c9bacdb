"""Timing steps against each other: interleaved rounds, medians with their spread, and ratios with their targets."""

from __future__ import annotations

import gc
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psycopg
from rich.console import Console
from rich.table import Table

from pharma_assets.database.server import DATABASE, EmbeddedServer

console = Console()


def nothing() -> None:
    """The preparation of a step that needs none."""


@dataclass
class Step:
    """Something to time. `prepare` runs before each time and is not timed; `seconds` has one entry a round."""

    name: str
    run: Callable[[], object]
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


def show_targets(targets: Sequence[Target]) -> bool:
    """Print each ratio beside its target; returns whether all are met."""
    table = Table("ratio", "median", "min – max", "target", "")
    for target in targets:
        low, high = min(target.ratios), max(target.ratios)
        limited = target.limit < math.inf
        table.add_row(
            f"{target.step.name} / {target.floor.name}",
            f"{median(target.ratios):.2f}",
            f"{low:.2f} – {high:.2f}",
            f"≤ {target.limit:.3g}" if limited else "",
            ("PASS" if target.met else "MISS") if limited else "",
        )
    console.print(table)
    return all(target.met for target in targets)


@contextmanager
def scratch_server() -> Iterator[tuple[Path, EmbeddedServer]]:
    """An empty folder and a running server of its own in it; neither is left behind."""
    folder = Path(tempfile.mkdtemp(prefix="pharma-benchmark-"))
    server = EmbeddedServer(folder / "home")
    try:
        server.start()
        yield folder, server
    finally:
        server.stop()
        shutil.rmtree(folder)


def empty_tables(server: EmbeddedServer) -> None:
    """No row and no load is left of an earlier round, nor a page that the server has yet to write."""
    with psycopg.connect(server.superuser_url(DATABASE), autocommit=True) as admin:
        admin.execute("TRUNCATE raw.primary_data, ops.rejected_row")
        admin.execute("DELETE FROM ops.file_load")
        admin.execute("CHECKPOINT")
