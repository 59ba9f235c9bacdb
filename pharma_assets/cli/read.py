"""`pharma-assets read`: what the reader sees in a file."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pharma_assets.cli.naming import named_client

if TYPE_CHECKING:
    from datetime import date

    from pharma_assets.errors import PharmaError
    from pharma_assets.settings import Settings
    from pharma_assets.transforms.catalog import Transform


def read(
    file: Annotated[Path, typer.Argument(help="A report, wherever it lies.")],
    client: Annotated[
        str | None,
        typer.Option(help="Whose layout to use, e.g. Client_01 or chains/Client_01; follows from a path in the inbox."),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="How many rows below the header to show.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show what the reader sees in a file: format, sheets, header, columns, rows, problems. Changes nothing.

    The exit code is 1 if the file could not be taken in as it is.
    """
    from pharma_assets.cli.read_views import as_document, print_inspection
    from pharma_assets.cli.status import console
    from pharma_assets.inspection import inspect
    from pharma_assets.reading.guard import GuardedReader
    from pharma_assets.settings import load_settings

    settings = load_settings()
    transform, month, problem = _transform(settings, file.absolute(), client)
    with GuardedReader(settings.read_seconds, settings.read_memory_mb) as reader:
        found = inspect(
            file,
            reader,
            transform.layout if transform is not None else None,
            settings.zone,
            month,
            [password.get_secret_value() for password in settings.passwords],
        )
    problems = [each for each in (found.problem, problem) if each is not None]
    if as_json:
        typer.echo(json.dumps(as_document(found, transform, problems, rows), ensure_ascii=False))
    else:
        print_inspection(console(), found, transform, problems, rows, settings.zone)
    if problems:
        raise typer.Exit(1)


def _transform(
    settings: Settings, file: Path, client: str | None
) -> tuple[Transform | None, date | None, PharmaError | None]:
    """The transform that is asked for or follows from the path, the folder's month, and why there is none."""
    from pharma_assets.errors import PharmaError
    from pharma_assets.model.report_path import parse_leaf
    from pharma_assets.transforms.catalog import load_transforms

    transforms = load_transforms(settings.transforms)
    try:
        leaf = parse_leaf(file.parent.parts)
    except PharmaError:
        leaf = None
    month = leaf.client_month.first_day if leaf is not None else None
    if client is not None:
        named = transforms.by_client[named_client(client, transforms.by_client, "--client")]
        return named, month, named.invalid
    if leaf is None:
        return None, None, None
    try:
        transform = transforms.find(leaf.client_month.client, leaf.report_type)
    except PharmaError as problem:
        return None, month, problem
    return transform, month, transform.invalid
