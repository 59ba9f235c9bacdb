"""The start of `pharma-assets --help` beside that of Python itself: `python -m benchmarks.start`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Step, Target, interleave, show_targets, show_times

ROUNDS = 21
LIMIT = 10.0


def main() -> int:
    """Run the benchmark; 1 if the target is missed."""
    python = [sys.executable, "-c", "pass"]
    program = [sys.executable, str(Path(sys.executable).parent / "pharma-assets"), "--help"]
    least = Step("`python -c pass`", lambda: subprocess.run(python, check=True))
    ours = Step("the program's `--help`", lambda: subprocess.run(program, check=True, stdout=subprocess.DEVNULL))
    typer = Step("`import typer`", lambda: subprocess.run([sys.executable, "-c", "import typer"], check=True))
    interleave([least, typer, ours], ROUNDS)
    show_times(f"start of a process, {ROUNDS} rounds", [least, typer, ours])
    return 0 if show_targets([Target(typer, least), Target(ours, least, LIMIT)]) else 1


if __name__ == "__main__":
    sys.exit(main())
