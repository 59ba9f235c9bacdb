"""`raw.primary_data` after years, beside an empty one: `python -m benchmarks.growth [--rows N] [--home FOLDER]`.

A client-month of 30,000 rows is loaded, replaced and explained in a database of 50 million rows and in one that holds
nothing else; then the usual questions are asked of the large one, with their plans; then each index is weighed: what it
costs a load, what it takes on disk. FOLDER keeps the large database for another time (40 GB, and a quarter of an hour).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg

from benchmarks.grown import grow
from benchmarks.indexes import weigh
from benchmarks.journey import MONTH, load, ready_rows, registered
from benchmarks.measure import (
    Figure,
    Step,
    Target,
    interleave,
    scratch_folder,
    scratch_server,
    show_targets,
    show_times,
)
from benchmarks.questions import ask
from pharma_assets.database.migrations import migrate
from pharma_assets.database.server import DATABASE, EmbeddedServer
from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.loading import ingest
from pharma_assets.loading.platform import Platform, open_platform
from pharma_assets.loading.primary_data import remove_rows
from pharma_assets.settings import Settings
from pharma_assets.tracing.trace import rows_by_id, trace

ROWS, REPORT_ROWS, ROUNDS = 50_000_000, 30_000, 11
LIMIT = 1.2
BYTES_A_ROW = 900
MONTH_TABLE = f"raw.primary_data_{MONTH.first_day:%Y_%m}"


@contextmanager
def grown_server(home: Path | None, rows: int) -> Iterator[tuple[Path, EmbeddedServer]]:
    """A running server with the grown table, and a folder beside it; what `home` holds already is taken as it is."""
    if home is None:
        with scratch_server(rows * BYTES_A_ROW >> 20) as (folder, server):
            migrate(server.url())
            grow(server.superuser_url(DATABASE), rows)
            yield folder, server
        return
    server = EmbeddedServer(home / "home")
    server.start()
    try:
        migrate(server.url())
        if not (home / "grown").exists():
            grow(server.superuser_url(DATABASE), rows)
            (home / "grown").touch()
        with scratch_folder() as folder:
            yield folder, server
    finally:
        server.stop()


@contextmanager
def client_month(folder: Path, server: EmbeddedServer) -> Iterator[tuple[list[Step], Platform]]:
    """What is done with a client-month in this database, and its platform; the rows are gone in the end."""
    settings = Settings(home=folder / "platform", database_url=server.url(), inbox=folder / "inbox", settle_seconds=0)
    with open_platform(settings) as platform:
        file = registered(platform, client_01_xlsx(REPORT_ROWS, MONTH.first_day).content)
        normalized = ingest.read_report(platform, file)
        load(platform, normalized)

        def without() -> None:
            with platform.engine.begin() as connection:
                remove_rows(connection, file.id, MONTH.first_day)
            settle(server)

        def explain() -> None:
            with platform.engine.connect() as connection:
                wanted = rows_by_id(connection, row_id())
            (told,) = trace(platform, wanted)
            assert told.equal

        def row_id() -> int:
            with platform.engine.connect() as connection:
                query = f"SELECT max(id) FROM raw.primary_data WHERE partition_month = '{MONTH.first_day}'"  # noqa: S608
                return int(connection.exec_driver_sql(query).scalar_one())

        steps = [
            Step("loading", lambda: load(platform, normalized), without),
            Step("replacing", lambda: load(platform, normalized), partial(settle, server)),
            Step("explaining a row of", explain),
        ]
        yield steps, platform
        without()


def settle(server: EmbeddedServer) -> None:
    """No page is left that the server has yet to write."""
    with psycopg.connect(server.superuser_url(DATABASE), autocommit=True) as admin:
        admin.execute("CHECKPOINT")


def sizes(url: str) -> dict[str, int]:
    """Rows and bytes of the table and of its indexes."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT sum(reltuples)::bigint, sum(pg_table_size(oid))::bigint, sum(pg_indexes_size(oid))::bigint"
            " FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid WHERE inhparent = 'raw.primary_data'::regclass"
        ).fetchone()
    assert row is not None
    return dict(zip(("rows", "table", "indexes"), row, strict=True))


def main() -> int:
    """Run the benchmark; 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--home", type=Path, help="where the large database stays for another time")
    given = parser.parse_args()
    with scratch_server() as (folder, small), grown_server(given.home, given.rows) as (beside, grown):
        migrate(small.url())
        admin = grown.superuser_url(DATABASE)
        size = sizes(admin)
        millions = f"{size['rows'] / 1e6:,.0f} million rows"
        with client_month(folder, small) as (in_empty, platform), client_month(beside, grown) as (in_grown, _):
            ready = ready_rows(platform)
            for step in in_empty:
                step.name = "the same in an empty table"
            for step in in_grown:
                step.name = f"{step.name} a client-month of {REPORT_ROWS:,} rows among {millions}"
            interleave([step for pair in zip(in_empty, in_grown, strict=True) for step in pair], ROUNDS)
        with psycopg.connect(admin, autocommit=True) as connection:
            # What autovacuum does after so many rounds, in its own time.
            connection.execute(f"VACUUM (ANALYZE) {MONTH_TABLE}".encode())
        answers = ask(admin)
        weighed = weigh(admin, MONTH_TABLE, *ready)
    show_times(f"{ROUNDS} rounds", [*in_empty, *in_grown])
    targets = [Target(step, floor, LIMIT) for step, floor in zip(in_grown, in_empty, strict=True)]
    figures = [Figure(f"the {part} of {millions}", size[part] / 1e9, "GB") for part in ("table", "indexes")]
    return 0 if show_targets(targets, figures, {"answers": answers, "indexes": weighed}) else 1


if __name__ == "__main__":
    sys.exit(main())
