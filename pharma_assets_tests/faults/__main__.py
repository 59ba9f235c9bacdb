"""Everything that is done to the platform, on one command: `python -m pharma_assets_tests.faults`.

A part of it, with fixed seeds, runs with the tests: database/test_faults.py and database/test_histories.py.
"""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pharma_assets.database.migrations import migrate
from pharma_assets.database.server import DATABASE, EmbeddedServer
from pharma_assets_tests.faults import harm
from pharma_assets_tests.faults.corpus import corpus
from pharma_assets_tests.faults.harm import Ground, Harmed
from pharma_assets_tests.faults.histories import Deed, play, random_history, smallest, told
from pharma_assets_tests.faults.site import Site
from pharma_assets_tests.faults.worker import Worker

console = Console()


Harm = Callable[[Ground], object]

# What goes wrong with one client-month there, others go on meanwhile: of copies in two months either may come first.
_OUT_OF_ORDER = ("sessions", "server", "database full", "two instances")


def parts(server: EmbeddedServer, arguments: argparse.Namespace) -> dict[str, Harm]:
    """All of it; each is done on ground of its own."""
    rng = random.Random(arguments.seed)  # noqa: S311 - nothing secret
    some = max(2, arguments.kills // 20)
    return {
        "kill -9 at every step of some files": lambda ground: harm.kill_at_steps(ground, rng, 2),
        "kill -9 at random times": lambda ground: harm.kill_at_random_times(ground, rng, arguments.kills),
        "kill -9 at statements, commits, file operations": lambda ground: harm.kill_at_numbered_moments(
            ground, rng, arguments.kills // 4
        ),
        "sessions ended": lambda ground: harm.drop_connections(ground, rng, 2 * some),
        "server stopped at once or killed": lambda ground: harm.restart_server(ground, server, rng, some),
        "database full": lambda ground: harm.refuse_to_store(ground, rng, some),
        "database read-only": harm.read_only_database,
        "disk full": lambda ground: harm.fill_disk(ground, rng, some),
        "inbox away": lambda ground: harm.take_inbox_away(ground, rng, 2 * some),
        "two instances": lambda ground: two_instances(ground, rng),
        "two instances, killed": lambda ground: two_instances(ground, rng, kills=True),
        "two instances, locks lost": lambda ground: two_instances(ground, rng, lost_locks=True),
        "random histories": lambda ground: histories(ground, arguments.seed, arguments.histories),
    }


def two_instances(ground: Ground, rng: random.Random, **how: bool) -> str:
    with Worker() as second:
        met = harm.two_instances(ground, second, rng, **how)
    return ", ".join(f"{name} ×{count}" for name, count in met.items())


def histories(ground: Ground, seed: int, count: int) -> str:
    """Random histories beside the model; one that fails is told as small as it can be made."""
    kills = 0
    for number in range(seed, seed + count):
        history = random_history(number)
        failure = _failure(ground, history)
        if failure:
            small = smallest(history, lambda shorter: _failure(ground, shorter) is not None)
            raise AssertionError(f"history {number}: {failure}\n{told(small)}\n{_failure(ground, small)}")
        kills += play(ground.site, ground.worker, history)
    return f"{count}, with {kills} kills"


def _failure(ground: Ground, history: Sequence[Deed]) -> Exception | None:
    try:
        play(ground.site, ground.worker, history)
    except Exception as error:
        return error
    return None


def main() -> int:
    """Do all of it; 1 if anything was lost, doubled or left behind. What went wrong is told at once."""
    parser = argparse.ArgumentParser(prog="python -m pharma_assets_tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=200, help="kills at random times; the rest goes along with it")
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--only", default="", help="what the names of the parts to run begin with")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    table = Table(title=f"seed {arguments.seed}", title_justify="left")
    for name in ("what was done", "how often", "moments of a tick", "lost", "doubled or left", "seconds", ""):
        table.add_column(name)
    failures = 0
    folder = Path(tempfile.mkdtemp(prefix="pharma-faults-"))
    server = EmbeddedServer(folder / "server")
    try:
        server.start()
        migrate(server.url())
        for number, (name, run) in enumerate(parts(server, arguments).items()):
            if not name.startswith(arguments.only):
                continue
            started = time.monotonic()
            came, moments, lost, doubled, state = "", 0, 0, 0, "as undisturbed"
            try:
                with Worker() as worker:
                    site = Site.made(folder / str(number), server.url(), server.superuser_url(DATABASE))
                    files = corpus(arguments.seed, copies_across_months=not name.startswith(_OUT_OF_ORDER))
                    ground = Ground.prepared(site, worker, files)
                    moments = len(ground.names)
                    came = str(run(ground))
            except AssertionError as error:
                came, state = str(error), "HARMED"
                lost, doubled = (error.lost, error.doubled) if isinstance(error, Harmed) else (0, 0)
            except Exception:
                came, state = traceback.format_exc(), "BROKEN"
            failures += state != "as undisturbed"
            seconds = f"{time.monotonic() - started:.0f}"
            figures = (str(moments), str(lost), str(doubled), seconds)
            table.add_row(name, came if state == "as undisturbed" else "", *figures, state)
            console.print(f"{name}: {state}, {came}", markup=False, highlight=False)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    console.print(table)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
