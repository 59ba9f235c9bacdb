"""What people and cron jobs type. Every command imports what it needs when it runs: `--help` stays fast."""

from __future__ import annotations

import sys

import typer

from pharma_assets.cli.commands import CommandsOnDemand
from pharma_assets.errors import PharmaError

app = typer.Typer(
    cls=CommandsOnDemand,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)


@app.callback()
def _pharma_assets() -> None:
    """Takes in the reports of pharma distributors and pharmacy chains."""


def main() -> None:
    """The console script: a problem of the catalogue ends with its code, message and advice, and exit code 1."""
    try:
        app()
    except PharmaError as error:
        sys.stderr.write(f"{error}\n{error.advice}\n")
        sys.exit(1)
