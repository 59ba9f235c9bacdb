"""`pharma-assets backlog …`: files of long ago, which wait until somebody asks for them."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from pharma_assets.loading.estimate import Estimate, Line
    from pharma_assets.registry.backlog import Part

app = typer.Typer(
    no_args_is_help=True, help="Files of months before PHARMA_SINCE: what they would cost, and when to take them in."
)

Since = Annotated[str, typer.Option("--since", help="From this month on, as 2024-01.")]
Until = Annotated[str, typer.Option("--until", help="Only before this month, as 2025-01.")]
Clients = Annotated[
    list[str] | None, typer.Option("--client", help="Client_01, or Дистрибьюторы/Client_01; repeatable.")
]
Adopted = Annotated[
    bool, typer.Option("--adopted", help="Also files that came as CREATED from elsewhere, without their rows.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept in the files' history.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command()
def plan(
    since: Since = "",
    until: Until = "",
    client: Clients = None,
    adopted: Adopted = False,
    sample: Annotated[
        int, typer.Option("--sample", min=0, help="Files to read of each kind that no load was measured of.")
    ] = 3,
    as_json: AsJson = False,
) -> None:
    """Show what taking in the backlog would come to: files, rows, time, disk. Changes nothing."""
    from pharma_assets.instance import dagster_instance, prepare
    from pharma_assets.loading.estimate import estimate
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.settings import load_settings

    part = _part(since, until, client, adopted)
    settings = load_settings()
    prepare(settings)

    from pharma_assets.defs.runs import seconds_beside_work

    with open_platform(settings) as platform, dagster_instance() as instance:
        found = estimate(platform, part, sample=sample, run_seconds=seconds_beside_work(instance))
    if as_json:
        typer.echo(json.dumps(_document(found), ensure_ascii=False))
        return
    if not found.total.files:
        typer.echo("Nothing waits.")
        return
    _print(found)


@app.command()
def start(
    reason: Reason,
    since: Since = "",
    until: Until = "",
    client: Clients = None,
    adopted: Adopted = False,
    as_json: AsJson = False,
) -> None:
    """Have files of the backlog taken in, after whatever is fresh and so many client-months at a time."""
    import getpass

    from pharma_assets.instance import prepare
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.registry import backlog, journal
    from pharma_assets.settings import load_settings

    part = _part(since, until, client, adopted)
    settings = load_settings()
    prepare(settings)
    verdict = journal.Verdict(getpass.getuser(), _said(reason))
    with open_platform(settings) as platform, platform.engine.begin() as connection:
        files = backlog.start(connection, part, verdict)
    _tell(files, "are due", as_json)


@app.command()
def stop(reason: Reason, since: Since = "", until: Until = "", client: Clients = None, as_json: AsJson = False) -> None:
    """Have what was asked for and is not begun yet wait again. What is of PHARMA_SINCE or later is not touched."""
    import getpass

    from pharma_assets.instance import prepare
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.registry import backlog, journal
    from pharma_assets.settings import load_settings

    part = _part(since, until, client, adopted=False)
    settings = load_settings()
    if settings.since is None:
        raise typer.BadParameter("PHARMA_SINCE is not set: nothing is of the backlog")
    prepare(settings)
    verdict = journal.Verdict(getpass.getuser(), _said(reason))
    with open_platform(settings) as platform, platform.engine.begin() as connection:
        files = backlog.stop(connection, part, verdict, settings.since)
    _tell(files, "wait again", as_json)


def _part(since: str, until: str, clients: list[str] | None, adopted: bool) -> Part:
    from pharma_assets.registry.backlog import Part

    return Part(_month(since, "--since"), _month(until, "--until"), tuple(clients or ()), adopted)


def _month(text: str, option: str) -> date | None:
    from pharma_assets.settings import parse_month

    try:
        return parse_month(text) if text else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _said(reason: str) -> str:
    if not reason.strip():
        raise typer.BadParameter("say why", param_hint="--reason")
    return reason.strip()


def _tell(files: int, what: str, as_json: bool) -> None:
    typer.echo(json.dumps({"files": files}) if as_json else f"{files} files {what}.")


def _document(found: Estimate) -> dict[str, Any]:
    return {
        "total": _line(found.total),
        "years": [_line(line) for line in found.years],
        "hours": None if math.isinf(found.hours) else round(found.hours, 2),
        "runs_at_once": found.at_once,
        "table_bytes": round(found.table_bytes),
        "result_bytes": round(found.result_bytes),
        "rates": {extension or "none": asdict(rate) for extension, rate in found.measured.rates.items()},
        "run_seconds": round(found.measured.run_seconds, 2),
        "unread": [{"path": path, "code": code} for path, code in found.measured.unread],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "files": line.files,
        "client_months": line.client_months,
        "bytes": line.size,
        "rows": round(line.rows),
        "seconds": round(line.seconds, 1),
        "unknown": line.unknown,
        "without_transform": line.without_transform,
    }


def _print(found: Estimate) -> None:
    from pharma_assets.cli.status import console

    console().print(_table([*found.years, found.total]))
    measured = [
        f"{extension or 'no extension'}: {rate.files} {'read as a sample' if rate.sampled else 'loaded'}"
        for extension, rate in sorted(found.measured.rates.items())
    ]
    typer.echo(f"Measured of {'; '.join(measured) or 'nothing'}.")
    if math.isinf(found.hours):
        typer.echo("Never done: PHARMA_BACKLOG_AT_ONCE is 0.")
    else:
        typer.echo(f"Some {_hours(found.hours)} with {found.at_once} runs at once beside nothing else.")
    typer.echo(f"On disk some {_bytes(found.table_bytes)} in the database and {_bytes(found.result_bytes)} of results.")
    if found.total.unknown:
        typer.echo(f"{found.total.unknown} files are in no estimate: nothing of their kind was measured.")
    if found.total.without_transform:
        typer.echo(f"{found.total.without_transform} files have no layout and would go on waiting.")
    for path, code in found.measured.unread:
        typer.echo(f"{code}  {path}", err=True)


def _table(lines: list[Line]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("year", "files", "client-months", "size", "rows", "work"):
        table.add_column(name, justify="left" if name == "year" else "right", no_wrap=True)
    for line in lines:
        figures = (f"{line.files:,}", f"{line.client_months:,}", _bytes(line.size), f"{line.rows:,.0f}")
        table.add_row(line.name, *(figure.replace(",", " ") for figure in figures), _hours(line.seconds / 3600))
    return table


def _bytes(size: float) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


def _hours(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.1f} min"
