"""Loading the definitions beside importing Dagster: `python -m benchmarks.definitions`. A process for each time."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from benchmarks.measure import Step, Target, interleave, show_targets, show_times

ROUNDS = 11
LIMIT = 1.5


def python(code: str) -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def main() -> int:
    """Run the benchmark; 1 if the target is missed."""
    floor = Step("import dagster", partial(python, "import dagster"))
    step = Step("loading the definitions", partial(python, "import pharma_assets.definitions"))
    interleave([floor, step], ROUNDS)
    show_times(f"{ROUNDS} rounds", [floor, step])
    return 0 if show_targets([Target(step, floor, LIMIT)]) else 1


if __name__ == "__main__":
    sys.exit(main())
