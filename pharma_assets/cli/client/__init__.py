"""`pharma-assets client …`: what people do with the transforms of clients. Each command is a module of its own."""

from __future__ import annotations

import typer

from pharma_assets.cli.client import check, compare, draft, drift, schema, trial

app = typer.Typer(no_args_is_help=True, help="Layouts and scripts of clients.")
app.command("compare")(compare.compare)
app.command("schema")(schema.schema)
app.command("try")(trial.trial)
app.command("draft")(draft.draft)
app.command("check")(check.check)
app.command("drift")(drift.drift)
