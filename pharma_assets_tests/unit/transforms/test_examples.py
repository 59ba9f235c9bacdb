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
from pharma_assets.transforms.catalog import load_transforms
from pharma_assets.transforms.example_case import input_of, read_case
from pharma_assets.transforms.layout import read_layout
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
    read_layout(file.read_bytes())
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


def test_a_case_says_what_the_place_of_its_input_would_say(tmp_path: Path) -> None:
    case = tmp_path / "chains" / "Client_60" / "examples" / "july"
    case.mkdir(parents=True)
    (case.parent.parent / "layout.yaml").write_text(
        """
        supplier: Пример
        report_types: [Type1, Type2]
        registry: {period: month_start, supplier_filial: {fact: file_name, pattern: '^(.+)_'}, client_type: client}
        columns: {Товар: {to: tms, filled: true}, Кол-во: amount}
        versions: [{valid_from: 2025-07, constants: {market: Сеть}}]
        """,
        encoding="utf-8",
    )
    (case / "input.csv").write_text("Товар;Кол-во\nЙод;5\n", encoding="utf-8")
    text = "report_type: Type2\nmonth: 2025-07\nfile_name: Казань_июль.csv\n"
    (case / "case.yaml").write_text(text, encoding="utf-8")
    (row,) = _normalize(case).table.to_pylist()
    told = {name: row[name] for name in ("supplier_filial", "client_type", "market", "amount_type_2")}
    assert told == {"supplier_filial": "Казань", "client_type": "Client_60", "market": "Сеть", "amount_type_2": 5}
    (case / "case.yaml").write_text(text.replace("07", "06"), encoding="utf-8")
    (row,) = _normalize(case).table.to_pylist()
    assert "market" not in row
    assert row["period"].astimezone(ZoneInfo("Europe/Moscow")).month == 6
    (case / "case.yaml").write_text("months: 2025-07\n", encoding="utf-8")
    with pytest.raises(ValueError, match="months"):
        read_case(case)
    (case / "input.xlsx").touch()
    with pytest.raises(ValueError, match=r"2 files are called input"):
        input_of(case)


def _normalize(folder: Path) -> NormalizedReport:
    layouts = load_transforms(folder.parents[3]).by_client.values()
    transforms = next(each for each in layouts if each.file.parent == folder.parent.parent)
    case = read_case(folder)
    transform = transforms.find(case.report_type or transforms.report_types[0], case.month)
    assert transform is not None, case.report_type
    layout = transform.require_layout()
    document = read_document(input_of(folder).read_bytes(), Hints(headers=layout.known_headers))
    facts = case.facts(folder, layout.report_type)
    return normalize(document, layout, ZoneInfo("Europe/Moscow"), case.month, facts)


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
