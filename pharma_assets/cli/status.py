"""`pharma-assets status`: the registry's picture."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pharma_assets.registry.overview import Overview

_MOST_REJECTED = 20
_COLOURS = {"CREATED": "green", "ERROR": "red", "PROCESSING": "yellow", "NEW": "cyan", "DELETE": "dim"}


def status(as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """Show what arrived, what became of it, and what waits for somebody."""
    from pharma_assets.instance import prepare
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.registry.overview import overview
    from pharma_assets.settings import load_settings

    settings = load_settings()
    prepare(settings)
    with open_platform(settings) as platform, platform.engine.connect() as connection:
        picture = overview(connection)
    if as_json:
        typer.echo(json.dumps(asdict(picture), ensure_ascii=False, default=dict))
        return
    out = console()
    if not picture.client_months:
        out.print(f"No file has arrived yet. The inbox is {settings.inbox_root}")
    else:
        out.print(client_month_table(picture))
    print_open(out, picture)


def console() -> Console:
    """A console for tables; where no terminal tells its width, wide enough for them."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 110)


def client_month_table(picture: Overview) -> Table:
    """A row for each client-month: files by status, rows, rejects."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("client", "month", "files"):
        table.add_column(name, no_wrap=True)
    for name in ("rows read", "loaded", "left out", "rejected"):
        table.add_column(name, justify="right", no_wrap=True)
    for month in picture.client_months:
        statuses = " ".join(f"{count} [{_COLOURS[name]}]{name}[/]" for name, count in month.statuses.items())
        if month.files_superseded:
            statuses += f" ({month.files_superseded} superseded)"
        figures = (month.rows_read, month.rows_loaded, month.rows_left_out, month.rows_rejected)
        client = f"{_plain(month.provider)}/{_plain(month.client)}"
        table.add_row(client, month.month, statuses, *(f"{figure:,}".replace(",", " ") for figure in figures))
    return table


def print_open(console: Console, picture: Overview) -> None:
    """What waits for somebody: each file or path with its code, what is wrong and what to do."""
    for file in picture.open_files:
        if file.code is not None:
            console.print(f"[{_COLOURS[file.status]}]{file.code}[/] {_plain(file.path)}", soft_wrap=True)
            console.print(f"    {_plain(file.message or '')}", soft_wrap=True)
            console.print(f"    [dim]{_plain(file.advice or '')}[/]", soft_wrap=True)
    for cell in picture.rejected[:_MOST_REJECTED]:
        place = f"{PurePosixPath(cell.path).name}, {cell.sheet} row {cell.row}, {cell.column}"
        console.print(f"[yellow]{cell.code}[/] {_plain(place)}: {_plain(repr(cell.value))}", soft_wrap=True)
        console.print(f"    {_plain(cell.message)}; the row is held back in ops.rejected_row", soft_wrap=True)
    if picture.backlog:
        console.print(
            f"{picture.backlog} files of {picture.backlog_client_months} client-months wait as backlog:"
            " `pharma-assets backlog plan`",
            soft_wrap=True,
        )
    for problem in picture.problems:
        console.print(f"[magenta]{problem['code']}[/] {_plain(problem['path'])}", soft_wrap=True)
        console.print(f"    {_plain(problem['message'])}", soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
