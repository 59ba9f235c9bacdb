"""A report from the inbox to its result file and its rows, again and again, for a profiler to look at:
`py-spy record --subprocesses -o docs/images/journey-flames.svg -- python -m benchmarks.flames`.
"""

from __future__ import annotations

from benchmarks.journey import MONTH, RUN, registered
from benchmarks.measure import empty_tables, scratch_server
from pharma_assets.database.migrations import migrate
from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.loading.ingest import ingest_file
from pharma_assets.loading.platform import open_platform
from pharma_assets.settings import Settings

ROWS, TIMES = 30_000, 30


def main() -> None:
    """Take one report in, so many times."""
    with scratch_server() as (folder, server):
        migrate(server.url())
        settings = Settings(home=folder / "home", inbox=folder / "inbox", settle_seconds=0)
        with open_platform(settings) as platform:
            file = registered(platform, client_01_xlsx(ROWS, MONTH.first_day).content)
            for _ in range(TIMES):
                empty_tables(server)
                ingest_file(platform, file, RUN)


if __name__ == "__main__":
    main()
