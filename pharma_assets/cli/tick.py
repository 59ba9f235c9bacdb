"""`pharma-assets tick`: one sensor evaluation and the runs it asks for, in the foreground."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
import logging
from typing import Annotated

import typer


def tick(as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """Do what the sensor would do now, and the work it asks for, on the instance that the UI shows.

    A file that cannot be taken in is reported and leaves the exit code at 0; a platform that cannot work does not.
    """
    from pharma_assets.instance import prepare
    from pharma_assets.settings import load_settings

    logging.getLogger("dagster").setLevel(logging.ERROR if as_json else logging.WARNING)
    prepare(load_settings())

    from pharma_assets.tick import run_tick

    result = run_tick(lambda line: None if as_json else typer.echo(line))
    if as_json:
        typer.echo(json.dumps(result.document(), ensure_ascii=False))
    else:
        typer.echo(result.summary())
    if result.broken:
        raise typer.Exit(1)
