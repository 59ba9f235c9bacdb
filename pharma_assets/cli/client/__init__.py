"""`pharma-assets client …`: making and keeping clients' layouts. Each command imports what it needs when it runs."""

from __future__ import annotations

import typer

from pharma_assets.cli.client import check, draft, drift

app = typer.Typer(no_args_is_help=True, help="Clients' layouts: drafting, checking and mending them.")
app.command("draft")(draft.draft)
app.command("check")(check.check)
app.command("drift")(drift.drift)
