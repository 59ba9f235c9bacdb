"""`pharma-assets demo`: the main job, end to end, on generated reports.

The work is done by Dagster's own daemon and sensor, in processes of their own as in production. This process makes
folders and files, starts the daemon, and reads the database.
"""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from pharma_assets.demo.scenario import Arrival
    from pharma_assets.registry.overview import Overview
    from pharma_assets.settings import Settings

MARKER = ".pharma-assets-demo"
SENSOR = "inbox_sensor"


def demo(
    home: Annotated[
        Path | None, typer.Option(help="Where the demo keeps its state, made anew each time; else the project's .demo.")
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Only stop the demo's database and remove its folder.")
    ] = False,
    seconds: Annotated[int, typer.Option(help="How long to wait for the sensor and its runs.")] = 300,
) -> None:
    """Watch reports arrive, the sensor find them, and rows appear in raw.primary_data of a real PostgreSQL."""
    from pharma_assets.cli.status import console as make_console
    from pharma_assets.settings import PROJECT

    console = make_console()
    settings = _settings_of_demo((home or PROJECT / ".demo").absolute())
    _remove(settings)
    if remove:
        return
    environment = _make_inbox(console, settings)
    expected = _drop_reports(console, settings)
    picture = _let_the_daemon_work(console, settings, environment, expected, seconds)
    _show(console, settings, picture)
    wrong = _differences(settings, expected)
    for line in wrong:
        console.print(f"[red]{line}[/]")
    if wrong:
        raise typer.Exit(1)


def _settings_of_demo(home: Path) -> Settings:
    """The demo's own settings: nothing of the caller's platform is read or touched."""
    from pharma_assets.settings import load_settings

    for name in [name for name in os.environ if name.startswith("PHARMA_")]:
        del os.environ[name]
    # A blank URL means the embedded server, also where a .env file names another one.
    os.environ |= {
        "PHARMA_HOME": str(home),
        "PHARMA_INBOX": str(home / "inbox"),
        "PHARMA_DATABASE_URL": "",
        "PHARMA_SETTLE_SECONDS": "0",
    }
    return load_settings()


def _remove(settings: Settings) -> None:
    """Remove what an earlier demo left; a folder that no demo made is refused."""
    from pharma_assets.database.urls import embedded_server

    if not settings.home.exists():
        return
    if not (settings.home / MARKER).exists():
        raise typer.BadParameter(f"{settings.home} was not made by a demo; choose another --home")
    embedded_server(settings).stop()
    shutil.rmtree(settings.home)


def _make_inbox(console: Console, settings: Settings) -> dict[str, str]:
    """Start PostgreSQL and let Dagster materialize the first asset; returns the environment of Dagster's processes."""
    from pharma_assets.demo.scenario import TREE
    from pharma_assets.instance import prepare
    from pharma_assets.services import script

    settings.home.mkdir(parents=True)
    (settings.home / MARKER).touch()
    (settings.home / "pharma.toml").write_text(TREE, encoding="utf-8")
    console.rule("1 · PostgreSQL starts, Dagster makes the folder tree")
    environment = prepare(settings)
    materialize = [
        script("dagster"),
        "asset",
        "materialize",
        "-m",
        "pharma_assets.definitions",
        "--select",
        "folder_tree",
    ]
    result = subprocess.run(materialize, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        console.print(result.stderr[-3000:], markup=False)
        raise typer.Exit(1)
    leaves = (settings.home / "folders_list.txt").read_text(encoding="utf-8").splitlines()
    console.print(
        f"  {len(leaves)} leaf folders below {settings.inbox_root}, for example", highlight=False, soft_wrap=True
    )
    console.print(f"  {leaves[0]}", highlight=False, soft_wrap=True)
    return environment


def _drop_reports(console: Console, settings: Settings) -> list[Arrival]:
    from pharma_assets.demo.scenario import arrivals
    from pharma_assets.model.provider import SUPPLIERS_FOLDER
    from pharma_assets.model.report_path import leaf_path

    console.rule("2 · Reports arrive")
    dropped = []
    for arrival in arrivals():
        leaf = leaf_path(arrival.client_month, "Type1")
        path = settings.home / "inbox" / SUPPLIERS_FOLDER / leaf / arrival.name
        path.write_bytes(arrival.report.content)
        size = f"{len(arrival.report.content) / 1024:,.0f} KB".replace(",", " ")
        console.print(f"  {leaf}/[bold]{arrival.name}[/]  {size}", highlight=False, soft_wrap=True)
        dropped.append(arrival)
    return dropped


def _let_the_daemon_work(
    console: Console, settings: Settings, environment: dict[str, str], expected: list[Arrival], seconds: int
) -> Overview:
    """Start Dagster's daemon, and show the registry fill up until every file has its end."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from pharma_assets.services import daemon, running

    console.rule("3 · Dagster's daemon and sensor do the work")
    log = settings.home / "daemon.log"
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        log.open("wb") as output,
        running(daemon(), environment, output) as process,
        Progress(*columns, console=console) as progress,
    ):
        arrived = progress.add_task("registered", total=len(expected))
        settled = progress.add_task("taken in or explained", total=len(expected))
        deadline = time.monotonic() + seconds
        while True:
            picture, runs_left = _look(settings)
            progress.update(arrived, completed=sum(picture.files.values()))
            progress.update(settled, completed=_ended(picture))
            if _ended(picture) >= len(expected) and runs_left == 0:
                return picture
            if process.poll() is not None or time.monotonic() > deadline:
                console.print(log.read_text(encoding="utf-8", errors="replace")[-3000:], markup=False)
                console.print(f"[red]The daemon did not finish in {seconds} s; its log is {log}[/]")
                raise typer.Exit(1)
            time.sleep(0.5)


def _look(settings: Settings) -> tuple[Overview, int]:
    """The registry's picture, and how many runs are not at their end."""
    from sqlalchemy import text

    from pharma_assets.loading.platform import open_platform
    from pharma_assets.registry.overview import overview

    unfinished = "SELECT count(*) FROM dagster.runs WHERE status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED')"
    with open_platform(settings) as platform, platform.engine.connect() as connection:
        return overview(connection), int(connection.scalar(text(unfinished)) or 0)


def _ended(picture: Overview) -> int:
    """How many files are loaded, or have a reason why not."""
    loaded = sum(month.files_loaded for month in picture.client_months)
    return loaded + sum(file.code is not None for file in picture.open_files)


def _show(console: Console, settings: Settings, picture: Overview) -> None:
    from pharma_assets.cli.status import client_month_table, print_open

    console.rule("4 · What stands in the database")
    console.print(client_month_table(picture))
    print_open(console, picture)
    console.rule("5 · Look around")
    program = Path(sys.argv[0])
    home = f"PHARMA_HOME={settings.home}"
    console.print("Open Dagster's UI (lineage, client × month matrix, runs), then http://127.0.0.1:3000 :")
    console.print(f"  {home} {program} up", style="bold", highlight=False, soft_wrap=True)
    console.print("Ask the database, from any client that takes a URL:")
    console.print(f"  {home} {program} db url", style="bold", highlight=False, soft_wrap=True)
    console.print("Stop its database and remove it:")
    console.print(f"  {program} demo --remove --home {settings.home}", style="bold", highlight=False, soft_wrap=True)


def _differences(settings: Settings, expected: list[Arrival]) -> list[str]:
    """Everything in the database that is not as the generated reports say."""
    from sqlalchemy import text

    from pharma_assets.loading.platform import open_platform

    query = text(
        """
        SELECT f.file_path, f.error_reason, l.rows_loaded AS loaded, l.rows_rejected AS rejected,
               l.rows_left_out_total AS left_out, run.status AS run, tag.value AS sensor,
               (SELECT coalesce(sum(amount_type_1), 0) FROM raw.primary_data d WHERE d.file_id = f.id) AS quantity
        FROM ops.file_registry f
        LEFT JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
        LEFT JOIN dagster.runs run ON run.run_id = l.run_id
        LEFT JOIN dagster.run_tags tag ON tag.run_id = l.run_id AND tag.key = 'dagster/sensor_name'
        """
    )
    with open_platform(settings) as platform, platform.engine.connect() as connection:
        found = {Path(row.file_path).name: row for row in connection.execute(query)}
    red = {arrival.client_month for arrival in expected if arrival.reason is not None}
    wrong = []
    for arrival in expected:
        row, report = found[arrival.name], arrival.report
        seen: tuple[object, ...] = (row.loaded, row.rejected, row.left_out, row.quantity, row.run, row.sensor)
        to_load = report.rows - report.zero_rows - report.bad_rows
        run = "FAILURE" if arrival.client_month in red else "SUCCESS"
        wanted: tuple[object, ...] = (to_load, report.bad_rows, report.zero_rows, report.quantity, run, SENSOR)
        if arrival.reason is not None:
            seen, wanted = (row.error_reason, row.loaded), (arrival.reason, None)
        if seen != wanted:
            wrong.append(f"{arrival.name}: expected {wanted}, found {seen}")
    return wrong
