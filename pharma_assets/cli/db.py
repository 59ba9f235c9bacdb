"""`pharma-assets db …`: the embedded PostgreSQL server and the database's schema."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
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
    applied = migrate(database_url(settings), settings.timezone)
    prepare(settings)
    upgrade_dagster()
    for name in applied:
        typer.echo(f"applied {name}")
    if not applied:
        typer.echo("The schema is up to date.")


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
