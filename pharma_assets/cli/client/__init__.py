"""`pharma-assets client …`: what is done with one client's transform."""

from __future__ import annotations

import typer

from pharma_assets.cli.client import compare

app = typer.Typer(no_args_is_help=True, help="What is done with one client's transform.")
app.command("compare")(compare.compare)
