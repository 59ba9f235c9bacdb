"""`pharma-assets alerts …`: who is told what waits for somebody, and whether it reaches them."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pharma_assets.alerts.items import Item
    from pharma_assets.alerts.rounds import Told

app = typer.Typer(no_args_is_help=True, help="Alerts by e-mail and webhook: try them, or send what is due.")


@app.command()
def test() -> None:
    """Send a sample to every recipient of the settings. Exit code 1 if one of them cannot be reached."""
    from pharma_assets.alerts.message import compose
    from pharma_assets.alerts.recipients import common_recipients
    from pharma_assets.errors import PharmaError
    from pharma_assets.settings import load_settings

    settings = load_settings()
    recipients = common_recipients(settings)
    if not recipients:
        raise PharmaError("NOBODY_TO_ALERT")
    message = compose(_sample(), settings.language, settings.ui_url)
    failed = False
    for recipient in recipients:
        try:
            recipient.send(message, f"test-{datetime.now(UTC):%Y%m%d%H%M%S}")
        except OSError as error:
            failed = True
            typer.echo(f"{recipient.name}: {error}", err=True)
        else:
            typer.echo(f"{recipient.name}: sent")
    if failed:
        raise typer.Exit(1)


@app.command()
def send(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the message that would tell everything.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Tell now what waits in the registry and was not told yet; with a daemon, `alerts_sensor` does it by itself."""
    from pharma_assets.alerts.items import REGISTRY_KINDS, waiting_items
    from pharma_assets.alerts.message import compose
    from pharma_assets.alerts.recipients import owner_in
    from pharma_assets.alerts.rounds import tell
    from pharma_assets.instance import prepare
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.settings import load_settings

    settings = load_settings()
    prepare(settings)
    sent: list[Told] = []
    with open_platform(settings) as platform:
        with platform.engine.connect() as connection:
            items = waiting_items(connection, personal=settings.show_personal)
        if not dry_run:
            owner_of = owner_in(platform.transforms)
            sent = tell(platform.engine, settings, items, REGISTRY_KINDS, owner_of, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps({"waiting": len(items), "sent": [asdict(one) for one in sent]}, ensure_ascii=False))
    elif dry_run and items:
        typer.echo(compose(items, settings.language, settings.ui_url).text)
    else:
        for one in sent:
            typer.echo(f"{one.recipient}: {one.error or one.subject}")
        typer.echo(f"{len(items)} things wait for somebody.")


def _sample() -> list[Item]:
    from pharma_assets.alerts.items import Item, Kind
    from pharma_assets.errors import told
    from pharma_assets.model.client_month import Client, ClientMonth
    from pharma_assets.model.provider import Provider

    place = ClientMonth(Client(Provider.DISTRIBUTOR, "Client_01"), 2025, 6)
    words = told("EMPTY_FILE", {})
    name = "test.xlsx"
    return [Item(Kind.FILE, "file:0:1:EMPTY_FILE", "EMPTY_FILE", name, words.message, words.advice, place, 0)]
