"""How many machine instructions a step takes, counted by valgrind: the same figure at any load, on any day.

`count` runs this module under valgrind, as a process of its own with one thread and fixed hashes. Instructions are
counted only while a step runs; it has run once before, so that imports and caches are not in it.
"""

from __future__ import annotations

import gc
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROWS, TEXT_ROWS = 2_000, 5_000
FIXED = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}

_SUMMARY = re.compile(r"^summary: (\d+)$", re.MULTILINE)
_STEP = re.compile(r"^desc: Trigger: dump (.+)$", re.MULTILINE)


def to_be_had() -> bool:
    """Whether valgrind is installed."""
    return shutil.which("valgrind") is not None and shutil.which("callgrind_control") is not None


def count() -> dict[str, int]:
    """The instructions of each step, and of a start of Python and of the program."""
    counted = dict(_of_steps())
    pharma_assets = str(Path(sys.executable).parent / "pharma-assets")
    counted["python -c pass"] = _of_process([sys.executable, "-c", "pass"])
    counted["--help"] = _of_process([sys.executable, pharma_assets, "--help"])
    return counted


def _of_steps() -> Iterator[tuple[str, int]]:
    with tempfile.TemporaryDirectory(prefix="pharma-benchmark-") as folder:
        _valgrind(folder, ["--instr-atstart=no"], [sys.executable, "-m", "benchmarks.instructions"])
        for file in sorted(Path(folder).glob("counted.*")):
            told = file.read_text(encoding="utf-8")
            step, instructions = _STEP.search(told), _SUMMARY.search(told)
            if step and instructions:
                yield step[1], int(instructions[1])


def _of_process(command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="pharma-benchmark-") as folder:
        _valgrind(folder, [], command)
        told = _SUMMARY.search((Path(folder) / "counted").read_text(encoding="utf-8"))
        assert told is not None, "callgrind has counted nothing"
        return int(told[1])


def _valgrind(folder: str, options: list[str], command: list[str]) -> None:
    tool = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/counted", *options]
    subprocess.run(
        [*tool, *command],
        check=True,
        cwd=Path(__file__).parent.parent,
        env=os.environ | FIXED,
        stdout=subprocess.DEVNULL,
    )


def steps() -> dict[str, Callable[[], object]]:
    """What is counted: floors, and the steps of a report's journey that are ours."""
    import pandas as pd  # noqa: PLC0415 - the process that counts needs none of this
    import pyarrow as pa  # noqa: PLC0415 - as above
    from python_calamine import load_workbook  # noqa: PLC0415 - as above

    from benchmarks import text  # noqa: PLC0415 - as above
    from benchmarks.journey import MONTH  # noqa: PLC0415 - as above
    from pharma_assets.demo.reports import client_01_xlsx  # noqa: PLC0415 - as above
    from pharma_assets.loading.primary_data import copy_blocks  # noqa: PLC0415 - as above
    from pharma_assets.reading.document import read_document  # noqa: PLC0415 - as above
    from pharma_assets.reading.hints import Hints  # noqa: PLC0415 - as above
    from pharma_assets.settings import Settings  # noqa: PLC0415 - as above
    from pharma_assets.transforms.catalog import load_transforms  # noqa: PLC0415 - as above
    from pharma_assets.transforms.normalize import normalize  # noqa: PLC0415 - as above

    pa.set_cpu_count(1)
    settings = Settings()
    transform = load_transforms(settings.transforms).find(MONTH.client, "Type1", MONTH.first_day)
    layout = transform.require_layout()
    workbook = client_01_xlsx(ROWS, MONTH.first_day).content
    hints = Hints(headers=layout.known_headers)
    document = read_document(workbook, hints)
    table = normalize(document, layout, settings.zone).table
    lines = "\r\n".join(text.lines(TEXT_ROWS, text.Random(1))).encode("cp1251")
    of_text = Hints(headers=tuple(text.HEADER.split(";")))
    return {
        "calamine": lambda: load_workbook(io.BytesIO(workbook)).get_sheet_by_index(0).to_python(),
        "read a workbook": lambda: read_document(workbook, hints),
        "normalize": lambda: normalize(document, layout, settings.zone),
        "render for COPY": lambda: list(copy_blocks(table, {})),
        "C reader of pandas": lambda: pd.read_csv(io.BytesIO(lines), engine="c", dtype=str, encoding="cp1251", sep=";"),
        "read text": lambda: read_document(lines, of_text),
    }


def main() -> None:
    """Run under valgrind; each step leaves a file of its own."""
    todo = steps()
    for step in todo.values():
        step()
    control("-i", "on")
    for name, step in todo.items():
        gc.collect()
        gc.disable()
        control("-z")
        step()
        control("-d", name)
        gc.enable()


def control(*what: str) -> None:
    """Tell the valgrind around this process."""
    subprocess.run(["callgrind_control", *what, str(os.getpid())], check=True, capture_output=True)


if __name__ == "__main__":
    main()
