"""`pharma-assets up`: the UI and the daemon for daily use."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

from typing import Annotated

import typer


def up(
    host: Annotated[str, typer.Option(help="Where the UI listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The UI's port.")] = 3000,
) -> None:
    """Start Dagster's UI and daemon and keep them until Ctrl-C. The database goes on."""
    from pharma_assets.instance import prepare
    from pharma_assets.services import daemon, run_until_interrupted, webserver
    from pharma_assets.settings import load_settings

    settings = load_settings()
    environment = prepare(settings)
    typer.echo(f"Dagster's UI: http://{host}:{port}  ·  inbox: {settings.inbox_root}  ·  Ctrl-C ends both")
    raise typer.Exit(run_until_interrupted([webserver(host, port), daemon()], environment))
