"""`pharma-assets rejects …`: what is held back, out as a workbook and in again."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pharma_assets.cli.months import first_day
from pharma_assets.cli.opened import opened_platform
from pharma_assets.cli.tables import plain, plain_table

if TYPE_CHECKING:
    from pharma_assets.rejects.held import Filter
    from pharma_assets.rejects.load import Line, Returned

app = typer.Typer(no_args_is_help=True, help="Rejected rows and their way back.")

Client = Annotated[str | None, typer.Option(help="Only of this client folder.")]
Month = Annotated[str | None, typer.Option(help="Only of this month of folders, as 2025-06.")]
Code = Annotated[str | None, typer.Option(help="Only with this code among their problems.")]
Why = Annotated[str, typer.Option(help="Why; it is kept with the corrections and in the file's history.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("list")
def list_rejects(client: Client = None, month: Month = None, code: Code = None, as_json: AsJson = False) -> None:
    """What is rejected of what is loaded, counted by client, month, code and column; and the corrections that count."""
    from pharma_assets.cli.status import console
    from pharma_assets.rejects.held import corrections, held_groups

    with opened_platform() as platform, platform.engine.connect() as connection:
        groups = held_groups(connection, _filter(client, month, code))
        made = corrections(connection, client)
    if as_json:
        document = {
            "rejected": [
                {**vars(group), "client": str(group.client), "month": f"{group.month:%Y-%m}"} for group in groups
            ],
            "corrections": [{**vars(each), "made_at": each.made_at.isoformat()} for each in made],
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    out = console()
    table = plain_table("client", "month", "code", "column", "rows", "files", "for example")
    for group in groups:
        example = "–" if group.example is None else repr(group.example)
        table.add_row(
            *(plain(str(group.client)), f"{group.month:%Y-%m}", group.code, plain(group.column or "–")),
            *(str(group.rows), str(group.files), plain(example)),
        )
    out.print(table if groups else "No row is rejected.")
    if made:
        stale = sum(each.is_stale for each in made)
        out.print(
            f"{len(made)} corrections count{f', {stale} of them of content that is not loaded now' if stale else ''}:"
        )
        table = plain_table("correction", "file", "sheet", "row", "by", "why", "")
        for each in made:
            table.add_row(
                *(str(each.id), plain(each.path), plain(each.sheet), str(each.row), plain(each.who), plain(each.why)),
                "stale" if each.is_stale else "",
            )
        out.print(table)


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The workbook to write.")],
    client: Client = None,
    month: Month = None,
    code: Code = None,
    language: Annotated[
        Literal["en", "ru"] | None, typer.Option(help="Of the reasons; that of the settings if not given.")
    ] = None,
) -> None:
    """Write the rejected rows into a workbook that a supplier or an analyst can correct."""
    from pharma_assets.rejects.held import held_rows
    from pharma_assets.rejects.workbook import write_workbook

    if file.suffix.lower() != ".xlsx":
        raise typer.BadParameter("a workbook ends in .xlsx", param_hint="FILE")
    with opened_platform() as platform:
        with platform.engine.connect() as connection:
            rows = held_rows(connection, _filter(client, month, code))
        if rows:
            write_workbook(file, rows, language or platform.settings.language)
    typer.echo(f"{len(rows)} rows in {file}" if rows else "No row is rejected; nothing was written.")


@app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="The workbook, corrected.")], why: Why, as_json: AsJson = False
) -> None:
    """Load the rows that were corrected; those that still fail stay rejected, with the new reason."""
    from pharma_assets.rejects.load import load_workbook

    with opened_platform() as platform:
        returned = load_workbook(platform, file, _given(why))
    if as_json:
        typer.echo(json.dumps(_document(returned), ensure_ascii=False))
    else:
        _print(returned)


@app.command("withdraw")
def withdraw(
    correction: Annotated[int, typer.Argument(help="The number of a correction, as `rejects list` shows it.")], why: Why
) -> None:
    """Take a correction back: its row is read again as it was sent."""
    from pharma_assets.rejects.load import withdraw as take_back

    with opened_platform() as platform:
        path, problem = take_back(platform, correction, _given(why))
    if path is None:
        typer.echo(f"correction {correction} no longer counts; it was in nothing that is loaded")
    elif problem is None:
        typer.echo(f"correction {correction} no longer counts; {path} is loaded anew")
    else:
        typer.echo(f"correction {correction} no longer counts; {path} is not loaded anew: {problem}")


def _filter(client: str | None, month: str | None, code: str | None) -> Filter:
    from pharma_assets.rejects.held import Filter

    return Filter(client, first_day(month), code)


def _given(why: str) -> str:
    if not why.strip():
        raise typer.BadParameter("say why", param_hint="--why")
    return why.strip()


def _document(returned: Returned) -> dict[str, object]:
    return {
        "counts": {became.value: count for became, count in returned.counts.items()},
        "files": list(returned.files),
        "waiting": [{"path": path, "code": error.code, "message": error.message} for path, error in returned.waiting],
        "lines": [
            {
                "place": line.place,
                "became": line.became.value,
                "path": line.path,
                "sheet": line.sheet,
                "row": line.row,
                "code": line.error.code if line.error else None,
                "message": line.error.message if line.error else None,
                "advice": line.error.advice if line.error else None,
                "still": list(line.codes),
            }
            for line in returned.lines
        ],
    }


def _print(returned: Returned) -> None:
    for line in returned.lines:
        if line.error is not None or line.codes:
            typer.echo(f"{line.place}  {line.became.value}: {_reason(line)}")
    for path, error in returned.waiting:
        typer.echo(f"{path}: the corrections are kept, but the file is not loaded yet: {error}")
    counts = ", ".join(f"{count} {became.value}" for became, count in sorted(returned.counts.items()))
    typer.echo(f"{counts or 'no rows'}; {len(returned.files)} files loaded anew.")


def _reason(line: Line) -> str:
    return ", ".join(line.codes) if line.error is None else f"{line.error}\n    {line.error.advice}"
