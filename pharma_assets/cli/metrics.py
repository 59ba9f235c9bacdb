"""`pharma-assets metrics`: the platform's figures for Prometheus."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def metrics(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port of http://…/metrics.")] = 9464,
    textfile: Annotated[
        Path | None, typer.Option(help="Write the figures into this file once, for node_exporter, and end.")
    ] = None,
) -> None:
    """Serve what waits, what failed and how old the last look is, until Ctrl-C."""
    import signal

    from pharma_assets.database.urls import database_url
    from pharma_assets.instance import prepare
    from pharma_assets.metrics import PlatformCollector, served, write_textfile
    from pharma_assets.settings import load_settings

    settings = load_settings()
    prepare(settings)
    collector = PlatformCollector(settings, database_url(settings))
    if textfile is not None:
        write_textfile(collector, textfile.expanduser().absolute())
        return

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    with served(collector, host, port) as thread:
        typer.echo(f"http://{host}:{port}/metrics  ·  Ctrl-C ends it")
        try:
            thread.join()
        except KeyboardInterrupt:
            return
