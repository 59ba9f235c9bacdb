"""What people and cron jobs type. Every command imports what it needs when it runs: `--help` stays fast."""

from __future__ import annotations

import sys

import typer

from pharma_assets.cli import audit, client, db, decisions, demo, env, prune, read, scan, status, tick, tree, up
from pharma_assets.errors import PharmaError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Takes in the reports of pharma distributors and pharmacy chains.",
)
app.command("demo")(demo.demo)
app.command("up")(up.up)
app.command("status")(status.status)
app.command("tick")(tick.tick)
app.command("scan")(scan.scan)
app.command("tree")(tree.tree)
app.command("read")(read.read)
app.command("retry")(decisions.retry)
app.command("ignore")(decisions.ignore)
app.command("release")(decisions.release)
app.command("audit")(audit.audit)
app.command("prune")(prune.prune)
app.command("env")(env.env)
app.add_typer(client.app, name="client")
app.add_typer(db.app, name="db")


def main() -> None:
    """The console script: a problem of the catalogue ends with its code, message and advice, and exit code 1."""
    try:
        app()
    except PharmaError as error:
        sys.stderr.write(f"{error}\n{error.advice}\n")
        sys.exit(1)
