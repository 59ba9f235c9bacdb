"""One report's journey beside what a team would write instead: `python -m benchmarks.alternatives`.

The same file, a generated twin of Агроресурсы' of 30,000 rows, goes into the same table with the same indexes. Each
alternative must have loaded the same rows, told by a digest over the columns that they all fill. dlt makes a table of
its own, without indexes; its rows are those before any rule, so the digest leaves those of no quantity out.
"""

from __future__ import annotations

import math
import subprocess
import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal

import psycopg

from benchmarks import plain_dlt, plain_pandas
from benchmarks.journey import MONTH, journey, registered
from benchmarks.measure import Step, Target, empty_tables, interleave, scratch_server, show_targets, show_times
from pharma_assets.database.migrations import migrate
from pharma_assets.database.server import DATABASE
from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.loading.platform import open_platform
from pharma_assets.settings import Settings

ROUNDS = 5
ROWS = 30_000
SCRIPT_PER_FILE = 6.0

_DIGEST = """
SELECT count(*), sum(amount_type_1), md5(string_agg(
    concat_ws('|', client_inn, client_inlaw, client_region, client_city, client_adress, tms, amount_type_1,
              supplier_filial, client_id_ish, tms_id_ish, period, naklad, supplier_name, source_row),
    E'\\n' ORDER BY source_row))
FROM raw.primary_data
"""
_PLAIN_DIGEST = """
SELECT count(*), sum(amount_type_1::numeric), md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C"))
FROM (SELECT amount_type_1, concat_ws('|', client_inn, client_inlaw, client_region, client_city, client_adress, tms,
        supplier_filial, trim_scale(amount_type_1::numeric), client_id_ish, tms_id_ish) AS line FROM {table}) lines
WHERE amount_type_1::numeric <> 0
"""


def main() -> int:
    """Run the benchmark; 1 if the target is missed."""
    content = client_01_xlsx(ROWS, MONTH.first_day).content
    with scratch_server() as (folder, server):
        settings = Settings(home=folder / "home", inbox=folder / "inbox", settle_seconds=0)
        migrate(server.url())
        with open_platform(settings) as platform:
            file = registered(platform, content)
            path = settings.inbox_root / file.path
            url = server.superuser_url(DATABASE)

            def digest(query: str = _DIGEST) -> tuple[Any, ...] | None:
                with psycopg.connect(url) as connection:
                    return connection.execute(query.encode()).fetchone()

            def with_pandas(engine: Literal["openpyxl", "calamine"], method: Any = None) -> None:
                with platform.engine.begin() as connection:
                    plain_pandas.load(plain_pandas.report(path, MONTH.first_day, engine), connection, method)

            def with_dlt(schema: Literal["dlt_rows", "dlt_frame"]) -> None:
                plain_dlt.load(settings.inbox_root, url, folder / "dlt", schema)

            step = partial(Step, prepare=partial(empty_tables, server))
            ours = step("the journey of 30,000 rows × 13 columns", lambda: journey(platform, file))
            others = [
                step("pandas, openpyxl, `to_sql`", lambda: with_pandas("openpyxl")),
                step("a process for the file: pandas, openpyxl, `to_sql`", lambda: script(path, url, MONTH.first_day)),
                step("pandas, calamine, `to_sql`", lambda: with_pandas("calamine")),
                step("pandas, calamine, `to_sql` by COPY", lambda: with_pandas("calamine", plain_pandas.copy)),
            ]
            dlt_rows = Step("dlt: `read_excel`, dictionaries, INSERT", lambda: with_dlt("dlt_rows"))
            dlt_frame = Step("dlt: calamine, a frame, CSV by COPY", lambda: with_dlt("dlt_frame"))
            ours.prepare()
            ours.run()
            expected, plain = digest(), digest(_PLAIN_DIGEST.format(table="raw.primary_data"))
            for other in others:
                other.prepare()
                other.run()
                assert digest() == expected, f"{other.name}: {digest()} is not {expected}"
            for other, schema in ((dlt_rows, "dlt_rows"), (dlt_frame, "dlt_frame")):
                other.run()
                loaded = digest(_PLAIN_DIGEST.format(table=f"{schema}.report"))
                assert loaded == plain, f"{other.name}: {loaded} is not {plain}"
            others += [dlt_rows, dlt_frame]
            interleave([ours, *others], ROUNDS)
    show_times(f"a report of {ROWS:,} rows × 13 columns, {ROUNDS} rounds", [ours, *others])
    limits = {others[1].name: 1 / SCRIPT_PER_FILE, dlt_rows.name: 1.0, dlt_frame.name: 1.0}
    met = show_targets([Target(ours, other, limits.get(other.name, math.inf)) for other in others])
    return 0 if met else 1


def script(path: Path, url: str, month: date) -> None:
    """A start of Python for the file, as a scheduler of scripts does it."""
    command = [sys.executable, "-m", "benchmarks.plain_pandas", str(path), url, month.isoformat()]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
