"""`pharma-assets db …`: the embedded PostgreSQL server and the database's schema."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pharma_assets.cli.adopt import adopt

if TYPE_CHECKING:
    from pharma_assets.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The database: start and stop the embedded server, upgrade the schema.")
app.command()(adopt)

NOT_RUNNING = 3


@app.command()
def start() -> None:
    """Start the embedded server, if it does not run."""
    from pharma_assets.database.urls import connect, database_url, embedded_server, redact
    from pharma_assets.settings import load_settings

    settings = load_settings()
    url = database_url(settings)
    if settings.database_url is not None:
        connect(url).close()
        typer.echo(f"PHARMA_DATABASE_URL names a server that is not ours to start; it answers: {redact(url)}")
        return
    typer.echo(f"PostgreSQL runs, process {embedded_server(settings).status().pid}: {redact(url)}")


@app.command()
def stop() -> None:
    """Stop the embedded server."""
    from pharma_assets.database.urls import embedded_server
    from pharma_assets.settings import load_settings

    settings = load_settings()
    if settings.database_url is not None:
        typer.echo("PHARMA_DATABASE_URL names a server that is not ours to stop.")
        return
    typer.echo("PostgreSQL has stopped." if embedded_server(settings).stop() else "PostgreSQL was not running.")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """Show the state of the database server. Exit code 0: it runs, 3: it does not."""
    from pharma_assets.settings import load_settings

    facts = _facts(load_settings())
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
    else:
        _print_table(facts)
    if not facts["running"]:
        raise typer.Exit(NOT_RUNNING)


@app.command()
def url() -> None:
    """Print the database's URL, password included, for psql and the like. Starts the embedded server."""
    from pharma_assets.database.urls import database_url
    from pharma_assets.settings import load_settings

    typer.echo(database_url(load_settings()))


@app.command()
def upgrade() -> None:
    """Bring the database's schema and Dagster's own tables up to date."""
    from pharma_assets.database.migrations import migrate
    from pharma_assets.database.urls import database_url
    from pharma_assets.instance import prepare, upgrade_dagster
    from pharma_assets.settings import load_settings

    settings = load_settings()
    url = database_url(settings)
    applied = migrate(url, settings.timezone)
    prepare(settings)
    upgrade_dagster(url)
    for name in applied:
        typer.echo(f"applied {name}")
    if not applied:
        typer.echo("The schema is up to date.")


@app.command()
def roles() -> None:
    """Make the roles pharma_loader and pharma_reader, and grant them what they need in this database.

    With PHARMA_LOADER_PASSWORD or PHARMA_READER_PASSWORD that role may log in; without, grant it to people's own roles.
    """
    from pharma_assets.database.roles import set_up_roles
    from pharma_assets.database.set_up import LOADER, READER
    from pharma_assets.database.urls import database_url, embedded_server
    from pharma_assets.instance import prepare
    from pharma_assets.settings import load_settings

    settings = load_settings()
    prepare(settings)
    url = database_url(settings)
    given = {LOADER: settings.loader_password, READER: settings.reader_password}
    passwords = {role: secret.get_secret_value() for role, secret in given.items() if secret is not None}
    # The embedded server's own role may not make others.
    admin = url if settings.database_url is not None else embedded_server(settings).superuser_url()
    made = set_up_roles(admin, url, passwords)
    for role in given:
        may_log_in = "with a password" if role in passwords else "without one of its own: GRANT it to people's roles"
        typer.echo(f"{role}: {'made' if role in made else 'was there'}, granted, {may_log_in}")


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the back-ups; each gets one of its own.")],
    keep: Annotated[int | None, typer.Option(min=1, help="Remove the oldest ones beyond so many.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Back up the database, Dagster's tables in it, and the result files, while work goes on. Exit code 1 if any is
    missing."""
    from datetime import datetime

    from pharma_assets.backup import back_up
    from pharma_assets.database.urls import database_url
    from pharma_assets.settings import load_settings

    settings = load_settings()
    moment = datetime.now(settings.zone)
    made = back_up(settings, database_url(settings), folder.expanduser().absolute(), keep, moment)
    if as_json:
        typer.echo(json.dumps(asdict(made), ensure_ascii=False))
    else:
        typer.echo(
            f"{made.folder}: {made.files} loaded files, {made.rows} rows, {made.results} results"
            f" ({(made.database_bytes + made.results_bytes) / 2**20:.1f} MiB), {made.quarantine} in quarantine."
        )
        for name in made.missing:
            typer.echo(f"missing: {name}", err=True)
    if made.missing:
        raise typer.Exit(1)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="One back-up: a folder pharma-… with a manifest.json.")],
    replace: Annotated[bool, typer.Option("--replace", help="Drop the platform's tables that are there.")] = False,
) -> None:
    """Bring database and result files back as a back-up has them, and up to date. Stop daemon and workers before."""
    from datetime import datetime

    from pharma_assets.backup import restore as bring_back
    from pharma_assets.database.urls import database_url
    from pharma_assets.instance import prepare
    from pharma_assets.settings import load_settings

    settings = load_settings()
    moment = datetime.now(settings.zone)
    made = bring_back(settings, database_url(settings), folder.absolute(), replace=replace, moment=moment)
    prepare(settings)
    typer.echo(f"As of {made.at}: {made.files} loaded files, {made.rows} rows. Now run `pharma-assets audit`.")


def _facts(settings: Settings) -> dict[str, str | int | bool | None]:
    from pharma_assets.database.urls import database_url, embedded_server, redact

    if settings.database_url is not None:
        return {"server": "external", **_external_facts(database_url(settings))}
    found = embedded_server(settings).status()
    return {
        "server": "embedded",
        "running": found.running,
        "pid": found.pid,
        "url": redact(found.url),
        "version": found.version,
        "data": str(found.data),
        "log": str(found.log),
    }


def _external_facts(url: str) -> dict[str, str | int | bool | None]:
    from pharma_assets.database.urls import connect, redact
    from pharma_assets.errors import PharmaError

    try:
        with connect(url) as connection:
            version = connection.info.parameter_status("server_version")
    except PharmaError as error:
        return {"running": False, "url": redact(url), "why": error.message}
    return {"running": True, "url": redact(url), "version": version}


def _print_table(facts: dict[str, str | int | bool | None]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, _shown(value), style="red" if value is False else None)
    Console().print(table)


def _shown(value: str | int | bool | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
