"""`pharma-assets client …`: what people do with the layouts of clients. Each command is a module of its own."""

from __future__ import annotations

import typer

from pharma_assets.cli.client import schema

app = typer.Typer(no_args_is_help=True, help="Layouts of clients.")
app.command("schema")(schema.schema)
