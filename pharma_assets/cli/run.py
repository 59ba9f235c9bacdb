"""`pharma-assets run`: any program in the platform's environment, for units and containers."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def run(
    command: Annotated[
        list[str], typer.Argument(metavar="COMMAND...", help="The program and its arguments, after --.")
    ],
) -> None:
    """Become another program, with the environment that `env` prints: `pharma-assets run -- dagster-daemon run`.

    A program of this platform's own environment is found by its name. Nothing of this process is left.
    """
    from pharma_assets.instance import prepare
    from pharma_assets.services import script
    from pharma_assets.settings import load_settings

    prepare(load_settings())
    own = script(command[0])
    program = own if Path(own).exists() else command[0]
    if os.name == "nt":
        sys.exit(subprocess.call([program, *command[1:]]))
    try:
        os.execvp(program, [program, *command[1:]])  # noqa: S606 - what the caller has asked for
    except OSError as error:
        raise typer.BadParameter(f"{command[0]}: {error.strerror}", param_hint="COMMAND") from error
