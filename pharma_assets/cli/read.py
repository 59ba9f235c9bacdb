"""`pharma-assets read`: what the reader sees in a file."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pharma_assets.cli.months import first_day
from pharma_assets.cli.naming import named_client

if TYPE_CHECKING:
    from datetime import date

    from pharma_assets.errors import PharmaError
    from pharma_assets.settings import Settings
    from pharma_assets.transforms.catalog import Transform
    from pharma_assets.transforms.facts import Facts


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
    from pharma_assets.cli.read_views import as_document, print_inspection
    from pharma_assets.cli.status import console
    from pharma_assets.inspection import inspect
    from pharma_assets.reading.guard import GuardedReader
    from pharma_assets.settings import load_settings

    settings = load_settings()
    asked = _Asked(client, report_type, first_day(month))
    transform, folder_month, problem = _transform(settings, file.absolute(), asked)
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
            folder_month,
            [password.get_secret_value() for password in settings.passwords],
            _facts(file, transform),
        )
    problems = [each for each in (found.problem, problem) if each is not None]
    if as_json:
        document = {**as_document(found, transform, problems, rows), "script": str(script.file) if script else None}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        print_inspection(console(), found, transform, problems, rows, settings.zone)
        if script is not None:
            typer.echo(f"the client's script takes it: {script.file}")
    if problems:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Asked:
    """What a person said of a file; None is to follow from its path."""

    client: str | None
    report_type: str | None
    month: date | None


def _transform(
    settings: Settings, file: Path, asked: _Asked
) -> tuple[Transform | None, date | None, PharmaError | None]:
    """The transform that is asked for or follows from the path, the folder's month, and why there is none."""
    from pharma_assets.errors import PharmaError
    from pharma_assets.model.report_path import parse_leaf
    from pharma_assets.model.transform_version import no_transform
    from pharma_assets.transforms.catalog import load_transforms

    transforms = load_transforms(settings.transforms, settings.scripts_root)
    try:
        leaf = parse_leaf(file.parent.parts)
    except PharmaError:
        leaf = None
    month = asked.month or (leaf.client_month.first_day if leaf is not None else None)
    report_type = asked.report_type or (leaf.report_type if leaf is not None else None)
    if asked.client is not None:
        client = named_client(asked.client, transforms.by_client, "--client")
    elif leaf is not None:
        client = leaf.client_month.client
    else:
        return None, month, None
    known = transforms.by_client.get(client)
    if report_type is None and known is not None:
        report_type = next(iter(known.report_types), None)
    transform = known.find(report_type or "", month) if known is not None else None
    transform = transform or transforms.by_script.get(client)
    if transform is None:
        return None, month, no_transform(client, report_type or "")
    return transform, month, transform.invalid


def _facts(file: Path, transform: Transform | None) -> Facts:
    """What the place of the file would say if it lay in its client's folder."""
    from pharma_assets.transforms.facts import Facts

    if transform is None:
        return Facts(file_name=file.name)
    client = transform.client
    return Facts(client.provider.value, client.name, transform.report_type, file.name)
