"""`pharma-assets db adopt`: takes over the tables of the original workflow."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pharma_assets.loading.adoption.move import Adoption
    from pharma_assets.loading.adoption.source import Source

_LONGEST_LIST = 20


def adopt(
    database: Annotated[str, typer.Option("--from", help="The URL of another PostgreSQL that holds the tables.")] = "",
    registry: Annotated[Path | None, typer.Option("--registry", help="ops.file_registry as a CSV file.")] = None,
    rows: Annotated[Path | None, typer.Option("--rows", help="raw.primary_data as a CSV file.")] = None,
    accept_gone: Annotated[
        bool, typer.Option("--accept-gone", help="However many files are not in the inbox, it is right.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all of it, show it, and take it back.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Take over ops.file_registry and raw.primary_data of the original workflow, in one transaction.

    Without options: from this very database, where they stand under these names; they are moved into the schema
    `original`. Ids are kept, and files that are CREATED are not taken in again. Needs an empty platform and the inbox.
    """
    import getpass

    from pharma_assets.loading.adoption.move import adopt as take_over
    from pharma_assets.settings import load_settings

    found = take_over(
        load_settings(), _source(database, registry, rows), getpass.getuser(), accept_gone=accept_gone, dry_run=dry_run
    )
    if as_json:
        typer.echo(json.dumps(_document(found, dry_run=dry_run), ensure_ascii=False))
    else:
        _print(found, dry_run=dry_run)


def _source(database: str, registry: Path | None, rows: Path | None) -> Source:
    from pharma_assets.loading.adoption.source import Dump, OtherDatabase, ThisDatabase

    if database and (registry or rows):
        raise typer.BadParameter("either a database or CSV files", param_hint="--from")
    if registry or rows:
        return Dump(registry, rows)
    return OtherDatabase(database) if database else ThisDatabase()


def _document(found: Adoption, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "before": dict(found.before),
        "after": dict(found.after),
        "missing": found.missing,
        "other_time": found.other_time,
        "unregistered": found.unregistered,
        "outside": found.outside,
        "rows": dict(found.how),
        "aside": dict(found.aside),
        "figures": [
            {
                "name": figure.name,
                "before": str(figure.before),
                "after": str(figure.after),
                "aside": str(figure.aside),
            }
            for figure in found.figures
        ],
        "hanging": list(found.hanging),
    }


def _print(found: Adoption, *, dry_run: bool) -> None:
    from rich import box
    from rich.table import Table

    from pharma_assets.cli.status import console

    figures = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("figure", "before", "after", "in extra"):
        figures.add_column(name, justify="left" if name == "figure" else "right", no_wrap=True)
    for figure in found.figures:
        if not figure.name.endswith("digest"):
            figures.add_row(figure.name, f"{figure.before:f}", f"{figure.after:f}", f"{figure.aside:f}")
    console().print(figures)
    digests = sum(figure.name.endswith("digest") for figure in found.figures)
    typer.echo(f"{digests} digests, of whole rows and of every column of texts, are the same on both sides.")
    typer.echo(f"Files before: {_counts(found.before)}; now: {_counts(found.after)}.")
    for name, count in found.how.items():
        typer.echo(f"{count} rows: {name}.")
    for count, what in (
        (found.missing, "files are not in the inbox: they are DELETE, their rows stay"),
        (found.other_time, "files carry another time than was noted of them: copied, or replaced since"),
        (found.unregistered, "files of the inbox were in no registry: the next scan finds them"),
        (found.outside, "files are of months before the earliest of tree.years: add their years"),
    ):
        if count:
            typer.echo(f"{count} {what}.")
    if found.hanging:
        typer.echo(f"Still on the tables that were set aside: {', '.join(found.hanging[:_LONGEST_LIST])}.")
    typer.echo(
        "Nothing was kept of this dry run." if dry_run else "Done. Look at it: pharma-assets status, then audit."
    )


def _counts(statuses: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(statuses.items())) or "none"
