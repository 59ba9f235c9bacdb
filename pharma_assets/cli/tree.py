"""`pharma-assets tree`: the folder tree of the inbox."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tree(
    root: Annotated[Path | None, typer.Argument(help="The inbox root; PHARMA_INBOX by default.")] = None,
    create: Annotated[
        bool, typer.Option("--create", help="Make the folders; without it they are only listed.")
    ] = False,
    list_file: Annotated[
        Path | None,
        typer.Option("--list", help="Where to write the full list; PHARMA_HOME/folders_list.txt by default."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the summary only.")] = False,
) -> None:
    """List the leaf folders that providers, years, months, clients and report types span, or make them."""
    from pharma_assets.inbox.tree import LIST_NAME, make_tree
    from pharma_assets.settings import load_settings

    settings = load_settings()
    where = root.expanduser().absolute() if root is not None else settings.inbox_root
    result = make_tree(where, settings.tree, list_file or settings.home / LIST_NAME, create=create)
    if not create and not quiet:
        typer.echo("".join(f"{folder}\n" for folder in result.folders), nl=False)
    made = f"{result.created} made, the others were there" if create else "none made; --create makes them"
    typer.echo(f"{len(result.folders)} leaf folders below {where}: {made}.", err=not create)
    typer.echo(f"The full list is in {result.list_file}", err=not create)
