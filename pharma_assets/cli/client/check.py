"""`pharma-assets client check`: every layout and every golden example, in seconds."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from pharma_assets.golden import Checked


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Only the clients that these files belong to, as pre-commit names them; all by default."),
    ] = None,
    client: Annotated[str | None, typer.Option(help="Only this client, e.g. Client_05 or chains/Client_05.")] = None,
    update: Annotated[bool, typer.Option("--update", help="Show what differs and make it what is expected.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Check all layouts and run their golden examples. The exit code is 1 if anything is wrong.

    Needs no database, and changes nothing but what `--update` says.
    """
    from pharma_assets.cli.status import console
    from pharma_assets.golden import check_clients, client_folders
    from pharma_assets.settings import load_settings

    settings = load_settings()
    root = settings.transforms
    folders = [folder for folder in client_folders(root) if _is_wanted(folder, files, client)]
    if client is not None and not folders:
        raise typer.BadParameter(f"there is no {client!r} in {root}", param_hint="--client")
    found = list(check_clients(folders, settings.zone, update=update))
    if as_json:
        typer.echo(json.dumps([_as_document(each, root) for each in found], ensure_ascii=False))
    else:
        _print(console(), found, root)
    if any(not each.good for each in found):
        raise typer.Exit(1)


def _is_wanted(folder: Path, files: Sequence[Path] | None, client: str | None) -> bool:
    if client is not None and client not in (folder.name, f"{folder.parent.name}/{folder.name}"):
        return False
    return not files or any(file.absolute().is_relative_to(folder) for file in files)


def _name(each: Checked, root: Path) -> tuple[str, str]:
    return each.client.relative_to(root).as_posix(), "layout" if each.case is None else each.case.name


def _as_document(each: Checked, root: Path) -> dict[str, Any]:
    client, what = _name(each, root)
    return {
        "client": client,
        "what": what,
        "good": each.good,
        "updated": each.updated,
        "code": each.error.code if each.error else None,
        "message": each.error.message if each.error else None,
        "difference": each.difference or None,
    }


def _print(out: Console, found: Sequence[Checked], root: Path) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("client", "what", ""):
        table.add_column(name, no_wrap=True)
    for each in found:
        verdict = (
            "[yellow]updated[/]" if each.updated else f"[red]{each.error.code}[/]" if each.error else "[green]good[/]"
        )
        table.add_row(*map(escape, _name(each, root)), verdict)
    out.print(table)
    for each in found:
        if each.error is not None and not each.updated:
            out.print(f"[red]{each.error.code}[/] {escape(each.error.message)}", soft_wrap=True)
            out.print(f"    {escape(each.error.advice)}", soft_wrap=True)
        if each.difference:
            out.print(escape(each.difference), soft_wrap=True, highlight=False)
    wrong = sum(not each.good for each in found)
    out.print(f"{len(found)} checked, {wrong} wrong")
