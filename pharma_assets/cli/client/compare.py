"""`pharma-assets client compare`: what a client's script and a layout make of the same files."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from pharma_assets.cli.months import first_day

if TYPE_CHECKING:
    from pharma_assets.comparison import FileComparison
    from pharma_assets.loading.platform import Platform
    from pharma_assets.model.client_month import Client
    from pharma_assets.model.report_path import Leaf
    from pharma_assets.reading.guard import GuardedReader
    from pharma_assets.scripts.found import Script
    from pharma_assets.scripts.task import Task
    from pharma_assets.settings import Settings
    from pharma_assets.transforms.catalog import ClientTransforms

    Source = tuple[Task, Callable[[], AbstractContextManager[BinaryIO]]]


def compare(
    client: Annotated[str, typer.Argument(help="The client, e.g. Client_01 or chains/Client_01.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            help="One report, wherever it lies; without it, the client's files in the inbox.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
    month: Annotated[str | None, typer.Option(help="Only this month of folders, as 2025-06.")] = None,
    layout: Annotated[
        Path | None,
        typer.Option(
            help="A layout.yaml to compare with; without it, the client's own.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="A target column that may differ; repeatable.")] = None,
    rows: Annotated[int, typer.Option(min=0, help="How many differing rows of a file to show.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Run a client's script and a layout over the same files and show what differs, row by row. Changes nothing.

    Rows are compared by their content, wherever they stand. The exit code is 1 if anything differs or cannot be read.
    """
    from pharma_assets.cli.client.compare_views import as_document, print_comparison
    from pharma_assets.cli.status import console
    from pharma_assets.comparison import COLUMNS
    from pharma_assets.settings import load_settings

    ignored = ignore or []
    if unknown := sorted(set(ignored) - set(COLUMNS)):
        raise typer.BadParameter(f"{', '.join(unknown)}: no such column", param_hint="--ignore")
    chosen = first_day(month)
    settings = load_settings()
    script, compared = _transforms(settings, client, layout)

    def results(reader: GuardedReader, sources: Sequence[Source]) -> list[FileComparison]:
        return _compared(settings, reader, script, compared, sources, ignored, rows)

    if file is not None:
        from pharma_assets.reading.guard import GuardedReader

        source = _of_file(settings, script.client, compared, file, chosen)
        with GuardedReader(settings.read_seconds, settings.read_memory_mb) as reader:
            found = results(reader, [source])
    else:
        from pharma_assets.instance import prepare
        from pharma_assets.loading.platform import open_platform

        prepare(settings)
        with open_platform(settings) as platform:
            found = results(platform.reader, _of_inbox(platform, script.client, compared, chosen))
    if as_json:
        typer.echo(json.dumps(as_document(script, found), ensure_ascii=False))
    else:
        print_comparison(console(), script, found)
    if not all(result.agrees for result in found):
        raise typer.Exit(1)


def _transforms(settings: Settings, name: str, draft: Path | None) -> tuple[Script, ClientTransforms]:
    """The client's script, and the layout to compare it with."""
    from pharma_assets.scripts.found import find_scripts
    from pharma_assets.transforms.catalog import load_transforms, read_client

    scripts = find_scripts(settings.scripts_root)
    named = [client for client in scripts if name in (client.name, _full_name(client))]
    if len(named) != 1:
        raise typer.BadParameter(
            f"{name!r} is {'more than one' if named else 'no'} client with a script in {settings.scripts_root};"
            f" there are: {', '.join(map(_full_name, scripts))}",
            param_hint="CLIENT",
        )
    (client,) = named
    own = load_transforms(settings.transforms).by_client.get(client) if draft is None else read_client(client, draft)
    if own is None:
        raise typer.BadParameter(f"{_full_name(client)} has no layout: name a draft of one", param_hint="--layout")
    if own.invalid is not None:
        raise own.invalid
    return scripts[client], own


def _full_name(client: Client) -> str:
    return f"{client.provider.transforms_folder}/{client.name}"


def _of_file(settings: Settings, client: Client, layouts: ClientTransforms, file: Path, month: date | None) -> Source:
    """A report wherever it lies, as the record that it would be."""
    from pharma_assets.model.client_month import ClientMonth
    from pharma_assets.model.provider import SUPPLIERS_FOLDER
    from pharma_assets.model.report_path import leaf_path
    from pharma_assets.model.status import Status
    from pharma_assets.scripts.task import Task

    leaf = _leaf(file)
    if month is not None:
        client_month = ClientMonth(client, month.year, month.month)
    elif leaf is not None:
        client_month = ClientMonth(client, leaf.client_month.year, leaf.client_month.month)
    else:
        raise typer.BadParameter("a report outside the inbox does not tell its month: say it", param_hint="--month")
    report_type = leaf.report_type if leaf else layouts.report_types[0]
    task = Task(
        id=1,
        path=f"{SUPPLIERS_FOLDER}/{leaf_path(client_month, report_type)}/{file.name}",
        client_month=client_month,
        report_type=report_type,
        status=Status.NEW,
        uploaded_at=datetime.fromtimestamp(file.stat().st_mtime, settings.zone),
        created_at=datetime.now(settings.zone),
    )
    return task, lambda: file.open("rb")


def _leaf(file: Path) -> Leaf | None:
    from pharma_assets.errors import PharmaError
    from pharma_assets.model.report_path import parse_leaf

    try:
        return parse_leaf(file.absolute().parent.parts)
    except PharmaError:
        return None


def _of_inbox(platform: Platform, client: Client, layouts: ClientTransforms, month: date | None) -> list[Source]:
    """The client's present files of the report types and months that the layout is for."""
    from pharma_assets.loading.task_list import tasks_of
    from pharma_assets.registry.files import client_months, present_files

    with platform.engine.connect() as connection:
        files = [
            file
            for client_month in client_months(connection, client)
            if month is None or client_month.first_day == month
            for file in present_files(connection, client_month)
            if layouts.find(file.report_type, client_month.first_day) is not None
        ]
    return [(task.as_open(), partial(platform.inbox.open, task.path)) for task in tasks_of(platform, files)]


def _compared(
    settings: Settings,
    reader: GuardedReader,
    script: Script,
    layouts: ClientTransforms,
    sources: Sequence[Source],
    ignored: Sequence[str],
    most: int,
) -> list[FileComparison]:
    from pharma_assets.comparison import compare_file
    from pharma_assets.model.transform_version import no_transform

    results = []
    with tempfile.TemporaryDirectory(prefix="pharma-compare-") as places:
        for number, (task, opened) in enumerate(sources, start=1):
            typer.echo(f"[{number}/{len(sources)}] {task.path}", err=True)
            transform = layouts.find(task.report_type, task.client_month.first_day)
            if transform is None:
                raise no_transform(script.client, task.report_type)
            layout = transform.require_layout()
            results.append(
                compare_file(settings, reader, script, layout, task, opened, Path(places), ignored=ignored, most=most)
            )
    return results
