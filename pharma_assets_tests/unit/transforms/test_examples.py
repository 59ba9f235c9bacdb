"""Every client folder: its layout is valid, and each example beside it comes out as expected.

`PHARMA_WRITE_EXAMPLES=1 pytest …/test_examples.py::test_example` writes the expectations anew; read the difference
before you keep it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pharma_assets.loading.result_file import render
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.settings import PROJECT
from pharma_assets.transforms.catalog import load_transforms, parse_layout
from pharma_assets.transforms.normalize import NormalizedReport, normalize

HISTORY = "history.yaml"
FOLDER = PROJECT / "client_transforms"
LAYOUTS = sorted(FOLDER.glob("*/*/layout.yaml"))
# A history is more than one file, and a test of the database's: see test_example_histories.py.
CASES = sorted(path for path in FOLDER.glob("*/*/examples/*") if path.is_dir() and not (path / HISTORY).exists())


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("file", LAYOUTS, ids=_name)
def test_layout_is_valid_and_has_examples(file: Path) -> None:
    parse_layout(file.read_bytes())
    assert list(file.parent.glob("examples/*/input.*")) or list(file.parent.glob(f"examples/*/{HISTORY}"))
    assert list(file.parent.glob("examples/*/expected.csv"))


def test_the_three_known_clients_are_found() -> None:
    found = {str(client) for client in load_transforms(FOLDER).by_client}
    assert {f"Дистрибьюторы/Client_0{number}" for number in (1, 2, 3)} <= found
    assert load_transforms(FOLDER).invalid == []


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_example(case: Path) -> None:
    report = _normalize(case)
    rows = render(report.table, {}, ZoneInfo("Europe/Moscow"))
    figures = _figures(report)
    if os.environ.get("PHARMA_WRITE_EXAMPLES"):
        (case / "expected.csv").write_bytes(rows)
        text = json.dumps(figures, ensure_ascii=False, indent=2) + "\n"
        (case / "expected.json").write_text(text, encoding="utf-8")
    assert rows.decode("utf-8-sig") == (case / "expected.csv").read_text(encoding="utf-8-sig")
    assert figures == json.loads((case / "expected.json").read_text(encoding="utf-8"))


def _normalize(case: Path) -> NormalizedReport:
    layout = parse_layout((case.parent.parent / "layout.yaml").read_bytes())
    (source,) = case.glob("input.*")
    return normalize(
        read_document(source.read_bytes(), Hints(headers=layout.known_headers)), layout, ZoneInfo("Europe/Moscow")
    )


def _figures(report: NormalizedReport) -> dict[str, object]:
    return {
        "sheet": report.sheet,
        "header_row": report.header_row,
        "read": report.read,
        "loaded": report.loaded,
        "left_out": dict(report.left_out),
        "rejected": [
            {"row": row.row, "column": cell.header, "value": cell.text, "code": cell.code}
            for row in report.rejected
            for cell in row.cells
        ],
        "sums": {name: str(total) for name, total in report.sums().items()},
        "control_totals": [
            {
                "row": total.row,
                "column": total.column,
                "stated": str(total.stated),
                "found": str(total.found),
                "agrees": total.agrees,
            }
            for total in report.control_totals
        ],
        "remarks": [{"code": remark.code, **remark.facts} for remark in report.remarks],
    }
