"""`pharma-assets client try`: a changed layout over a client's whole history, before it counts."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pharma_assets.cli.months import first_day
from pharma_assets.cli.opened import opened_platform

if TYPE_CHECKING:
    from pharma_assets.loading.platform import Platform
    from pharma_assets.model.client_month import Client

_FEW_ROWS = 3
_ROWS = 20


def trial(
    client: Annotated[str, typer.Argument(help="The client, e.g. Client_01 or chains/Client_01.")],
    layout: Annotated[
        Path | None, typer.Option(help="The layout to try; the one in the client's folder if not given.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only months of folders from this one on, as 2025-06.")] = None,
    report_type: Annotated[str | None, typer.Option("--report-type", help="Only this report type.")] = None,
    file: Annotated[int | None, typer.Option(help="Only this file, row by row; its id in ops.file_registry.")] = None,
    rows: Annotated[
        int | None, typer.Option(min=0, help="How many differing rows of each file to show; 20 with --file, else 3.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the result as a page that opens anywhere.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Try a layout on everything that a client has sent, and show what would differ. Changes nothing.

    The exit code is 1 if a file that is loaded would fail.
    """
    from pharma_assets.cli.client.trial_views import as_document, print_trial
    from pharma_assets.cli.status import console
    from pharma_assets.files import replace_atomically, writing_error
    from pharma_assets.shadow.measures import State
    from pharma_assets.shadow.page import page
    from pharma_assets.shadow.trial import Wanted, try_layout
    from pharma_assets.transforms.catalog import Transforms, read_client

    wanted = Wanted(first_day(since, "--since"), report_type, file)
    shown = rows if rows is not None else _ROWS if file is not None else _FEW_ROWS
    with opened_platform() as platform:
        found = _client(platform, client)
        candidate = (
            platform.transforms if layout is None else Transforms({found: read_client(found, layout.absolute())})
        )
        if found not in candidate.by_client:
            raise typer.BadParameter(f"{found} has no layout of its own: name one", param_hint="--layout")
        with _progress(quiet=as_json) as tell:
            tried = try_layout(platform, found, candidate, wanted, shown, tell)
    if html is not None:
        try:
            with replace_atomically(html) as draft:
                draft.write_text(page(tried, platform.settings.language), encoding="utf-8")
        except OSError as error:
            raise writing_error(error, html) from error
    if as_json:
        typer.echo(json.dumps(as_document(tried), ensure_ascii=False))
    else:
        print_trial(console(), tried, rows_of_files=file is not None)
    if tried.states[State.WOULD_FAIL]:
        raise typer.Exit(1)


def _client(platform: Platform, name: str) -> Client:
    from pharma_assets.cli.naming import named_client
    from pharma_assets.registry.files import known_clients

    with platform.engine.connect() as connection:
        return named_client(name, [*known_clients(connection), *platform.transforms.by_client])


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on the error stream, where somebody sees it."""
    from rich.console import Console
    from rich.progress import Progress

    out = Console(stderr=True)
    with Progress(console=out, transient=True, disable=quiet or not out.is_terminal) as progress:
        task = progress.add_task("files", total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)
