"""`pharma-assets explain`: a row back to its cells, and what became of a source row."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pharma_assets.cli.months import first_day
from pharma_assets.cli.opened import opened_platform

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pharma_assets.tracing.trace import Wanted


def explain(
    row_id: Annotated[int | None, typer.Argument(metavar="[ID]", help="A row of raw.primary_data.")] = None,
    file: Annotated[str | None, typer.Option(help="A file: its id, or its path below the inbox.")] = None,
    row: Annotated[int | None, typer.Option(help="With --file: a row of it, loaded or not.")] = None,
    sheet: Annotated[str | None, typer.Option(help="With --row: the sheet, where the report has several.")] = None,
    month: Annotated[str | None, typer.Option(help="Rows of this month of folders, as 2025-06.")] = None,
    client: Annotated[str | None, typer.Option(help="With --month: of this client.")] = None,
    inn: Annotated[str | None, typer.Option(help="With --month: of the buyer with this INN.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="With --month: how many rows.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Tell where rows come from: file, sheet, cells, layout and rule; read again and compared. Changes nothing.

    The exit code is 1 if the same bytes under the same layout give something else than the database holds.
    """
    from pharma_assets.cli.explain_views import as_document, print_trace
    from pharma_assets.cli.status import console
    from pharma_assets.tracing.trace import trace

    if (row_id is not None) + (file is not None) + (month is not None and row_id is None) != 1:
        raise typer.BadParameter("give the id of a row, or --file and --row, or --month")
    if (file is None) != (row is None):
        raise typer.BadParameter("--file and --row go together")
    with opened_platform() as platform:
        with platform.engine.connect() as connection:
            wanted = _wanted(connection, row_id, file, row, sheet, month, client, inn, limit)
        traces = trace(platform, wanted)
    if as_json:
        typer.echo(json.dumps({"rows": [as_document(each) for each in traces]}, ensure_ascii=False))
    else:
        out = console()
        for each in traces:
            print_trace(out, each, platform.timezone)
    if any(each.equal is False and each.same_layout for each in traces):
        raise typer.Exit(1)


def _wanted(
    connection: Connection,
    row_id: int | None,
    file: str | None,
    row: int | None,
    sheet: str | None,
    month: str | None,
    client: str | None,
    inn: str | None,
    limit: int,
) -> list[Wanted]:
    from pharma_assets.registry.files import find_file
    from pharma_assets.tracing.trace import rows_by_id, rows_of_file, rows_that

    day = first_day(month)
    if row_id is not None:
        return rows_by_id(connection, row_id, day)
    if file is not None and row is not None:
        return rows_of_file(connection, find_file(connection, file), row, sheet)
    if day is None:
        raise typer.BadParameter("give a month", param_hint="--month")
    return rows_that(connection, day, client, inn, limit)
