"""`pharma-assets missing`: who has not sent, who is late, and what is usual for them."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pharma_assets.cli.missing_exports import COLUMNS, write_csv, write_page, write_xlsx

if TYPE_CHECKING:
    from rich.table import Table

_PRINTED = ("client", "report_type", "state", "due", "usual", "files", "last")
_SHOWN = {"wanting": "red", "sent": "green", "open": "dim"}


def missing(
    month: Annotated[str | None, typer.Option(help="A month, as 2025-06; else the last one that is over.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Also those with whom all is well.")] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write all of them to a CSV file.")] = None,
    xlsx_file: Annotated[Path | None, typer.Option("--xlsx", help="Write all of them to a workbook.")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write all of them to a page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, with all of them.")] = False,
) -> None:
    """Tell who has not sent a month's reports, who is late, and what is usual for them."""
    from pharma_assets.instance import prepare
    from pharma_assets.loading.expectations import deliveries_of
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.registry.senders import WANTING, State
    from pharma_assets.settings import load_settings

    settings = load_settings()
    now = datetime.now(settings.zone)
    first_day = _first_day(month, now.date())
    prepare(settings)
    with open_platform(settings) as platform, platform.engine.connect() as connection:
        found = deliveries_of(platform, connection, first_day)
    kinds = {state: "wanting" if state in WANTING else "open" for state in State}
    kinds |= {State.SENT: "sent", State.SENT_LATE: "sent"}
    records = [{**item.record(), "kind": kinds[item.state]} for item in found]
    if csv_file is not None:
        write_csv(records, csv_file)
    if xlsx_file is not None:
        write_xlsx(records, xlsx_file)
    if html_file is not None:
        write_page(records, f"{first_day:%Y-%m}", settings.language, now, html_file)
    if as_json:
        document = {"month": f"{first_day:%Y-%m}", "deliveries": [_without_kind(record) for record in records]}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    _print(records, first_day, everybody=everybody)


def _first_day(month: str | None, today: date) -> date:
    if month is None:
        this = today.replace(day=1)
        return date(this.year - (this.month == 1), (this.month - 2) % 12 + 1, 1)
    try:
        return datetime.strptime(month, "%Y-%m").date()
    except ValueError as error:
        raise typer.BadParameter("a month is written like 2025-06", param_hint="--month") from error


def _without_kind(record: Mapping[str, object]) -> dict[str, object]:
    return {name: record[name] for name in COLUMNS}


def _print(records: Sequence[Mapping[str, object]], month: date, *, everybody: bool) -> None:
    from pharma_assets.cli.status import console

    shown = [record for record in records if everybody or record["kind"] != "sent"]
    if shown:
        console().print(_table(shown))
    wanting = sum(record["kind"] == "wanting" for record in records)
    typer.echo(f"{month:%Y-%m}: {wanting} of {len(records)} deliveries are wanting.")


def _table(records: Sequence[Mapping[str, object]]) -> Table:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in _PRINTED:
        table.add_column(name.replace("_", " "), no_wrap=name != "usual")
    for record in records:
        cells = ["" if record[name] is None else escape(str(record[name])) for name in _PRINTED]
        table.add_row(*cells, style=_SHOWN[str(record["kind"])] if record["kind"] != "sent" else None)
    return table
