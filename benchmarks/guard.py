"""What CI runs of the benchmarks: `python -m benchmarks.guard [--accept]`; a minute.

It fails where a step has become dearer than in the committed baseline. Three kinds of figures, from the surest to the
one that people feel:

- machine instructions, counted by valgrind, as a ratio to those of a floor in the same run. They agree within 2 %
  from run to run, however busy the machine is; 5 % are allowed. What differs between builds of Python is in both sides.
- SQL statements of a file's way and of a tick: whole numbers, of which none more is allowed.
- the time of a report's journey over that of its floor: the least of several interleaved rounds of each, and of more
  rounds where that is not good enough. Noise makes a time longer and never shorter, so the least agree; 25 % are
  allowed.

`--accept` makes today's figures the baseline; it belongs to the commit whose price they are.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from python_calamine import load_workbook
from rich.table import Table
from sqlalchemy import Engine, event

from benchmarks import instructions
from benchmarks.journey import MONTH, RUN, copy_ready, journey, ready_rows, registered
from benchmarks.measure import Step, console, empty_tables, interleave, scratch_server
from pharma_assets.database.migrations import migrate
from pharma_assets.database.server import EmbeddedServer
from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.intake import take_in
from pharma_assets.loading.ingest import ingest_file
from pharma_assets.loading.platform import Platform, open_platform
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.model.provider import SUPPLIERS_FOLDER
from pharma_assets.model.report_path import leaf_path
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.settings import Settings

BASELINE = Path(__file__).parent / "baseline.json"
ROWS, ROUNDS, TRIES = 10_000, 7, 3
FEW, MANY = 3, 9

# A step, and the floor that it is a ratio to.
COUNTED = {
    "read a workbook": "calamine",
    "normalize": "calamine",
    "render for COPY": "calamine",
    "read text": "C reader of pandas",
    "--help": "python -c pass",
}
TIMED = "time of a report's journey / calamine + COPY + commit"


# How many times its baseline a figure of each kind may be.
INSTRUCTIONS, STATEMENTS, TIMES = 1.05, 1.0, 1.25


@dataclass(frozen=True)
class Figure:
    """What was measured, as it is called in the baseline, of which it may be `allowed` times as much."""

    name: str
    value: float
    allowed: float

    def verdict(self, baseline: Mapping[str, float]) -> str:
        """PASS, or what is to be done."""
        known = baseline.get(self.name)
        if known is None:
            return "NEW: --accept"
        if self.value > known * self.allowed:
            return "DEARER"
        return "PASS" if self.value * self.allowed >= known else "PASS, cheaper: --accept"


def counted() -> Iterator[Figure]:
    """Instructions, where valgrind is to be had."""
    if not instructions.to_be_had():
        console.print("valgrind is not installed: no instructions are counted")
        return
    found = instructions.count()
    for step, floor in COUNTED.items():
        yield Figure(f"instructions: {step} / {floor}", found[step] / found[floor], INSTRUCTIONS)


def asked(platform: Platform, file: RegisteredFile) -> Iterator[Figure]:
    """SQL statements: of a file from inbox to table, of a tick that finds nothing, of each file in one that does."""
    ingest_file(platform, file, RUN)
    with statements(platform.engine) as of_file:
        ingest_file(platform, file, RUN)
    yield Figure("statements: a file from the inbox into the table", len(of_file), STATEMENTS)
    ticks = []
    for year, files in ((2023, FEW), (2024, MANY)):
        drop(platform, year, files)
        with statements(platform.engine) as of_tick:
            assert take_in(platform, RUN).scan.added == files
        ticks.append(len(of_tick))
    with statements(platform.engine) as of_idle:
        assert not take_in(platform, RUN).scan.added
    yield Figure("statements: a tick that finds nothing", len(of_idle), STATEMENTS)
    yield Figure("statements: each new file of a tick", (ticks[1] - ticks[0]) / (MANY - FEW), STATEMENTS)


def drop(platform: Platform, year: int, months: int) -> None:
    """A file for each of so many months."""
    for month in range(1, months + 1):
        leaf = leaf_path(ClientMonth(MONTH.client, year, month), "Type1")
        folder = platform.settings.inbox_root / SUPPLIERS_FOLDER / leaf
        folder.mkdir(parents=True)
        (folder / "report.xlsx").write_bytes(b"not read by a tick")


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def timed(server: EmbeddedServer, platform: Platform, file: RegisteredFile, baseline: Mapping[str, float]) -> Figure:
    """The journey's time over its floor's, each the least of its rounds."""
    content = (platform.settings.inbox_root / file.path).read_bytes()
    journey(platform, file)
    statement, rows = ready_rows(platform)

    def least() -> None:
        load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        copy_ready(platform, statement, rows)

    step = partial(Step, prepare=partial(empty_tables, server))
    whole, floor = step("journey", lambda: journey(platform, file)), step("floor", least)
    for _ in range(TRIES):
        interleave([floor, whole], ROUNDS)
        figure = Figure(TIMED, min(whole.seconds) / min(floor.seconds), TIMES)
        if figure.verdict(baseline) != "DEARER":
            break
    return figure


def measured(baseline: Mapping[str, float]) -> Iterator[Figure]:
    """All figures."""
    yield from counted()
    with scratch_server() as (folder, server):
        migrate(server.url())
        settings = Settings(home=folder / "home", inbox=folder / "inbox", settle_seconds=0)
        with open_platform(settings) as platform:
            file = registered(platform, client_01_xlsx(ROWS, MONTH.first_day).content)
            yield timed(server, platform, file, baseline)
            yield from asked(platform, file)


def main() -> int:
    """Compare with the baseline; 1 if a figure is dearer, or new and not accepted."""
    accept = "--accept" in sys.argv[1:]
    baseline = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    figures = list(measured({} if accept else baseline))
    table = Table("figure", "baseline", "now", "allowed", "")
    for figure in figures:
        known = baseline.get(figure.name)
        allowed = "" if known is None else f"{known * figure.allowed:.4g}"
        shown = "" if known is None else f"{known:.4g}"
        table.add_row(figure.name, shown, f"{figure.value:.4g}", allowed, figure.verdict(baseline))
    console.print(table)
    if accept:
        kept = baseline | {figure.name: float(f"{figure.value:.4g}") for figure in figures}
        BASELINE.write_text(json.dumps(kept, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return 0
    return 0 if all(figure.verdict(baseline).startswith("PASS") for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
