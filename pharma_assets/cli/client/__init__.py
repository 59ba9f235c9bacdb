"""`pharma-assets client …`: what an analyst does with a client's layout."""

from __future__ import annotations

import typer

from pharma_assets.cli.client import trial

app = typer.Typer(no_args_is_help=True, help="Clients and their layouts.")
app.command("try")(trial.trial)
