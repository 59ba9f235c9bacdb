"""`pharma-assets read`: what the reader sees in a file."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pharma_assets.cli.months import first_day


def read(
    file: Annotated[Path, typer.Argument(help="A report, wherever it lies.")],
    client: Annotated[
        str | None,
        typer.Option(help="Whose layout to use, e.g. Client_01 or chains/Client_01; follows from a path in the inbox."),
    ] = None,
    report_type: Annotated[
        str | None,
        typer.Option(help="As which report type; follows from a path in the inbox, else the layout's first."),
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="As a report of which month, as 2025-06; follows from a path in the inbox.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="How many rows below the header to show.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show what the reader sees in a file: format, sheets, header, columns, rows, problems. Changes nothing.

    The exit code is 1 if the file could not be taken in as it is.
    """
    from pharma_assets.cli.chosen import choose
    from pharma_assets.cli.read_views import as_document, print_inspection
    from pharma_assets.cli.status import console
    from pharma_assets.inspection import inspect
    from pharma_assets.reading.guard import GuardedReader
    from pharma_assets.settings import load_settings

    settings = load_settings()
    chosen = choose(settings, file.absolute(), client, report_type, first_day(month))
    transform = chosen.transform
    # What a script makes of a file is not seen by reading it.
    script = transform.script if transform is not None else None
    if script is not None:
        transform = None
    with GuardedReader(settings.read_seconds, settings.read_memory_mb) as reader:
        found = inspect(
            file,
            reader,
            transform.layout if transform is not None else None,
            settings.zone,
            chosen.month,
            [password.get_secret_value() for password in settings.passwords],
            chosen.facts(file),
        )
    problems = [each for each in (found.problem, chosen.problem) if each is not None]
    if as_json:
        document = {**as_document(found, transform, problems, rows), "script": str(script.file) if script else None}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        print_inspection(console(), found, transform, problems, rows, settings.zone)
        if script is not None:
            typer.echo(f"the client's script takes it: {script.file}")
    if problems:
        raise typer.Exit(1)
