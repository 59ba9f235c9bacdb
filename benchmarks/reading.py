"""Workbooks through `read_document`, beside calamine: `python -m benchmarks.reading`.

Three generated workbooks: a large one (100,000 rows × 33 columns of text, numbers and dates), a twin of Агроресурсы'
(30,000 × 13, numbers as text), and one of 1,000 rows with a million blank formatted rows below them. Time is measured
against calamine's own `to_python` of the same bytes; memory is the peak of a process that does nothing else.
"""
# ruff: noqa: S311 - the randomness here is for variety, not for secrets

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

from python_calamine import load_workbook

from benchmarks import memory
from benchmarks.measure import Figure, Step, Target, interleave, show_targets, show_times
from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.demo.workbook import Cell, write_xlsx
from pharma_assets.reading.document import read_document

ROUNDS = 7
ROWS, COLUMNS = 100_000, 33
REAL_ROWS, BLANK_ROWS = 1_000, 1_000_000
TIME_LIMIT, MEMORY_LIMIT = 1.3, 600.0

_SHEET = "xl/worksheets/sheet1.xml"
_LETTERS = [chr(65 + index) if index < 26 else f"A{chr(39 + index)}" for index in range(COLUMNS)]
_DISTINCT = (10, 200, 3_000, 20_000)
_DATE_STYLE = 1


def with_rows(content: bytes, rows: Iterator[str]) -> bytes:
    """The workbook with these rows behind its own."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == _SHEET:
                data = data.replace(b"</sheetData>", "".join(rows).encode() + b"</sheetData>")
            new.writestr(name, data)
    return out.getvalue()


def large_workbook() -> bytes:
    """A third of the columns are text, of 10 to 20,000 distinct values; the others are prices, codes and dates."""
    texts: list[list[Cell]] = [[f"Значение {number} из справочника"] for number in range(max(_DISTINCT))]
    first_rows = write_xlsx("Лист1", enumerate(texts, start=1), ROWS)
    return with_rows(first_rows, large_rows(Random(1)))


def large_rows(random: Random) -> Iterator[str]:
    for row in range(max(_DISTINCT) + 1, max(_DISTINCT) + ROWS + 1):
        cells = []
        for index, letter in enumerate(_LETTERS):
            if index % 3 == 0:
                cells.append(f'<c r="{letter}{row}" t="s"><v>{random.randrange(_DISTINCT[index % 4])}</v></c>')
            elif index % 3 == 1:
                cells.append(f'<c r="{letter}{row}"><v>{random.randrange(1_000_000) / 100}</v></c>')
            elif index % 2:
                cells.append(f'<c r="{letter}{row}" s="{_DATE_STYLE}"><v>{45_000 + random.randrange(700)}</v></c>')
            else:
                cells.append(f'<c r="{letter}{row}"><v>{4_600_000_000_000 + random.randrange(10**9)}</v></c>')
        yield f'<row r="{row}">{"".join(cells)}</row>'


def few_rows() -> bytes:
    rows: list[list[Cell]] = [[f"текст {row}", row, date(2025, 6, 1)] for row in range(1, REAL_ROWS + 1)]
    return write_xlsx("Лист1", enumerate(rows, start=1), REAL_ROWS)


def blank_rows() -> Iterator[str]:
    """What remains when a user has formatted whole columns: rows of styles without values."""
    for row in range(REAL_ROWS + 1, BLANK_ROWS + 1):
        yield f'<row r="{row}" s="{_DATE_STYLE}" customFormat="1"><c r="A{row}" s="{_DATE_STYLE}"/></row>'


def calamine(content: bytes) -> None:
    load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def read(content: bytes) -> int:
    (sheet,) = read_document(content).sheets
    return sheet.height


def peak_megabytes(content: bytes) -> float:
    """The most memory that a process takes to read the workbook: Python, libraries, the file's bytes and all."""
    with tempfile.NamedTemporaryFile(prefix="pharma-benchmark-") as file:
        file.write(content)
        file.flush()
        script = f"from benchmarks import reading; reading.report_peak({file.name!r})"
        output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    return float(output)


def report_peak(path: str) -> None:
    read(Path(path).read_bytes())
    print(memory.peak_megabytes())


def main() -> int:
    """Run the benchmark; 1 if a target is missed."""
    workbooks = {
        f"{ROWS:,} × {COLUMNS}": large_workbook(),
        "30,000 × 13, numbers as text": client_01_xlsx(30_000, date(2025, 6, 1)).content,
        f"{REAL_ROWS:,} rows": few_rows(),
        f"{REAL_ROWS:,} rows and {BLANK_ROWS:,} blank ones": with_rows(few_rows(), blank_rows()),
    }
    steps, targets = [], []
    for name, content in workbooks.items():
        floor = Step(f"{name}: calamine's own", lambda content=content: calamine(content))  # type: ignore[misc]
        ours = Step(f"{name}: reading", lambda content=content: read(content))  # type: ignore[misc]
        steps += [floor, ours]
        targets.append(Target(ours, floor, TIME_LIMIT) if len(content) > 1 << 20 else Target(ours, floor))
    interleave(steps, ROUNDS)
    show_times(f"{ROUNDS} rounds", steps)
    peaks = [
        Figure(f"{name}: peak memory", peak_megabytes(content), "MB", MEMORY_LIMIT)
        for name, content in workbooks.items()
    ]
    return 0 if show_targets(targets, peaks) else 1


if __name__ == "__main__":
    sys.exit(main())
