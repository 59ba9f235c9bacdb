"""`pharma-assets env`: what a shell needs for plain Dagster commands."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import os
import shlex
from enum import StrEnum
from typing import Annotated

import typer


class Shell(StrEnum):
    POSIX = "posix"
    POWERSHELL = "powershell"


def env(
    shell: Annotated[Shell, typer.Option(help="The shell to write for.")] = (
        Shell.POWERSHELL if os.name == "nt" else Shell.POSIX
    ),
) -> None:
    """Print the environment for plain Dagster commands: `eval "$(pharma-assets env)"`, then `dagster dev`."""
    from pharma_assets.instance import prepare
    from pharma_assets.settings import load_settings

    for name, value in prepare(load_settings()).items():
        if shell is Shell.POSIX:
            typer.echo(f"export {name}={shlex.quote(value)}")
        else:
            escaped = value.replace("'", "''")
            typer.echo(f"$env:{name} = '{escaped}'")
