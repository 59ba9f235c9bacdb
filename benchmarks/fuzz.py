"""Damaged files of every format, fed to the reader: `python -m benchmarks.fuzz [--seconds 60] [--seed 1]`.

Small valid reports are damaged (`benchmarks/mutations.py`) and read by `GuardedReader`, as the platform does it. Each
must end as a document that is sound or as a typed problem of the file scope.

In each round every format is also cut off somewhere, its container left whole: that must be refused, or read like the
whole file.

An *escape* is anything else: an exception that ended the reading process, INTERNAL_ERROR, a document whose columns do
not agree, a file cut off that was read in part, or one that was not read in time. A *death* is a signal that ended the
reading process; the guard turns it into a typed result, so it fails nothing, but it is shown. The files of both are
kept in the folder of `--keep`. `--format xls` damages files of that format only. Exit status 1 on escapes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import msoffcrypto
import numpy as np
from openpyxl.worksheet.worksheet import Worksheet
from rich.console import Console
from rich.table import Table

from benchmarks.measure import console
from benchmarks.mutations import CUTS, MUTATORS
from pharma_assets.errors import PharmaError, Scope
from pharma_assets.reading.guard import GuardedReader
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document, Kind
from pharma_assets_tests.database.bad_inputs import markup, tables, workbooks

PASSWORD = "пароль"  # noqa: S105 - of a workbook that is made here
MEMORY_MB = 1024
READ_SECONDS = 20.0
TIMES = (1, 1, 1, 2, 4)
SPLICED = 0.03

HEADER = ("Дата", "Товар", "ИНН", "Количество", "Сумма")
HINTS = Hints(HEADER, (PASSWORD,))
ROWS = [
    (date(2025, 6, 1 + number), f'Препарат "{number}"; 5 %', "5400001230", number, Decimal(number) / 4)
    for number in range(20)
]
REPORT = [HEADER, *ROWS, (None, tables.Excel("#N/A"), None, -1, 0)]
DBF_FIELDS = (
    ("ДАТА", "D", 8, 0),
    ("ТОВАР", "C", 40, 0),
    ("ИНН", "C", 12, 0),
    ("КОЛ", "N", 12, 3),
    ("СУММА", "N", 9, 2),
)


def encrypted() -> bytes:
    out = io.BytesIO()
    msoffcrypto.OfficeFile(io.BytesIO(workbooks.xlsx(REPORT))).encrypt(PASSWORD, out)
    return out.getvalue()


def merged(sheet: Worksheet) -> None:
    sheet.merge_cells("A2:A5")
    sheet.row_dimensions[4].hidden = True
    sheet.auto_filter.ref = "A1:E9"


SEEDS: dict[str, list[bytes]] = {
    "xlsx": [
        workbooks.xlsx(REPORT, merged),
        workbooks.raw_xlsx(workbooks.sheet_xml(workbooks.raw_rows(REPORT))),
    ],
    "xls": [workbooks.xls(REPORT), workbooks.xls(REPORT, lambda sheet: sheet.merge(1, 4, 6, 7))],
    "xlsb": [workbooks.xlsb(REPORT)],
    "ods": [markup.ods(REPORT)],
    "encrypted": [encrypted()],
    "xml 2003": [markup.spreadsheet_2003(REPORT)],
    "html": [markup.html(REPORT, "utf-8"), markup.html(REPORT, "cp1251")],
    "dbf": [tables.dbf(DBF_FIELDS, ROWS)],
    "csv": [
        tables.csv(REPORT),
        tables.csv(REPORT, "\t"),
        tables.csv(REPORT, ",", "utf-16"),
        tables.csv(REPORT, encoding="cp1251"),
    ],
}


def mutate(name: str, chance: random.Random) -> bytes:
    """A file of the format that has been damaged once or a few times."""
    content = chance.choice(SEEDS[name])
    if chance.random() < SPLICED:
        other = chance.choice(chance.choice(list(SEEDS.values())))
        return content[: chance.randrange(1, len(content) + 1)] + other[chance.randrange(len(other)) :]
    for _ in range(chance.choice(TIMES)):
        if content:
            content = chance.choice(MUTATORS[name])(content, chance)
    return content


def fault(document: Document) -> str | None:
    """What is wrong with a document that was read, or None where it is as `Sheet` promises."""
    for sheet in document.sheets:
        arrays = [*sheet.kinds, *(array for array in (sheet.widths, sheet.hidden) if array is not None)]
        if any(len(array) != sheet.height for array in (*sheet.columns, *arrays)):
            return "columns of different heights"
        if len(sheet.kinds) != len(sheet.columns):
            return "columns without kinds"
        if sheet.height and (sheet.rows[0] < 1 or (np.diff(sheet.rows) <= 0).any()):
            return "row numbers that do not rise"
        for column, kinds in zip(sheet.columns, sheet.kinds, strict=True):
            if column.null_count != int(np.count_nonzero(kinds == Kind.BLANK)):
                return "a blank that is no null, or the other way round"
            column.validate(full=True)
    return None


@dataclass
class Tally:
    """What became of one format's files."""

    mutations: int = 0
    documents: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    escapes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


def filled_rows(document: Document) -> int:
    return sum(int(sheet.filled.sum()) for sheet in document.sheets)


def judge(reader: GuardedReader, content: bytes, tally: Tally, whole: Document | None = None) -> str | None:
    """Read a file and count what became of it; returns what is to be looked at, if anything. `whole` is what stood in
    the file before it was cut off."""
    tally.mutations += 1
    started = time.monotonic()
    try:
        document, _ = reader.read(content, HINTS)
    except PharmaError as problem:
        tally.codes[problem.code] += 1
        return _judge_problem(problem, tally)
    except Exception as error:
        return _count(tally.escapes, f"{type(error).__name__}: {error}")
    finally:
        tally.slowest = max(tally.slowest, time.monotonic() - started)
    tally.documents += 1
    if wrong := fault(document):
        return _count(tally.escapes, wrong)
    if whole is not None and document.format == whole.format and 0 < filled_rows(document) < filled_rows(whole):
        return _count(tally.escapes, f"read in part by {document.engine} although it is cut off")
    died = [remark for remark in document.remarks if remark.facts.get("first") == "the first one"]
    return _count_death(str(died[0].facts["why"]), tally) if died else None


def _judge_problem(problem: PharmaError, tally: Tally) -> str | None:
    if problem.problem.scope is not Scope.FILE or problem.code in ("INTERNAL_ERROR", "TIMEOUT"):
        return _count(tally.escapes, str(problem))
    return _count_death(str(problem.facts["why"]), tally) if problem.code == "WORKER_CRASH" else None


def _count_death(why: str, tally: Tally) -> str:
    """A signal is a death; the last line of a traceback is an exception that the reader let through."""
    return _count(tally.deaths if why.startswith("SIG") or "panicked" in why else tally.escapes, why)


def _count(counter: Counter[str], what: str) -> str:
    counter[re.sub(r"\d+", "N", what)[:120]] += 1
    return what


def keep(folder: Path, name: str, content: bytes, what: str) -> None:
    """Keep a file whose end is to be looked at, one for each thing that happened."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = re.sub(r"\W+", "-", re.sub(r"\d+", "N", what))[:60].strip("-")
    path = folder / f"{name.replace(' ', '_')}-{kind}-{hashlib.sha256(content).hexdigest()[:8]}"
    if len(list(folder.glob(f"{name.replace(' ', '_')}-{kind}-*"))) < 3:
        path.write_bytes(content)
        path.with_suffix(".txt").write_text(what)


def show(tallies: dict[str, Tally], seconds: float) -> None:
    """Print what became of the files of each format."""
    codes = sorted(set().union(*(tally.codes for tally in tallies.values())))
    table = Table(
        "format", "mutations", "documents", *codes, "deaths", "escapes", "slowest, s",
        title=f"{sum(tally.mutations for tally in tallies.values()):,} damaged files in {seconds:.0f} s",
        title_justify="left",
    )  # fmt: skip
    for name, tally in tallies.items():
        counts = (tally.mutations, tally.documents, *(tally.codes[code] for code in codes))
        ends = (tally.deaths.total(), tally.escapes.total())
        table.add_row(name, *(f"{count:,}" for count in (*counts, *ends)), f"{tally.slowest:.1f}")
    Console(width=max(console.width, 150)).print(table)
    for name, tally in tallies.items():
        for what, counter in (("death", tally.deaths), ("escape", tally.escapes)):
            for why, times in counter.most_common():
                print(f"{what}, {name}: {times} × {why}")


def main() -> int:
    """Run the job; 1 if something escaped."""
    parser = argparse.ArgumentParser(description="Feed damaged files to the reader.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the files that made something happen")
    parser.add_argument("--format", choices=list(SEEDS), action="append", help="only this one (may be repeated)")
    options = parser.parse_args()
    names = options.format or list(SEEDS)
    tallies = {name: Tally() for name in names}
    chance = random.Random(options.seed)  # noqa: S311
    started = time.monotonic()
    with GuardedReader(READ_SECONDS, MEMORY_MB) as reader:
        # Raises if a sound file of a format is not read.
        wholes = {name: [(seed, reader.read(seed, HINTS)[0]) for seed in SEEDS[name]] for name in names}
        while time.monotonic() - started < options.seconds:
            for name in names:
                seed, whole = chance.choice(wholes[name])
                damaged: list[tuple[bytes, Document | None]] = [(mutate(name, chance), None)]
                if name in CUTS:
                    damaged.append((CUTS[name](seed, chance), whole))
                for content, before in damaged:
                    what = judge(reader, content, tallies[name], before)
                    if what is not None and options.keep is not None:
                        keep(options.keep, name, content, what)
    show(tallies, time.monotonic() - started)
    return 1 if any(tally.escapes for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
