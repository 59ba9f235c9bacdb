"""Golden examples: `client_transforms/*/<Client>/examples/<case>/input.*` beside what must come of it.

`expected.csv` is the result file without what the registry adds, `expected.json` the figures. The tests and
`pharma-assets client check` run them by the same functions.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from pharma_assets.errors import PharmaError
from pharma_assets.loading.result_file import render
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.transforms.catalog import LAYOUT_NAME, parse_layout
from pharma_assets.transforms.examples import cases, inputs
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.normalize import NormalizedReport, normalize

ROWS_NAME, FIGURES_NAME = "expected.csv", "expected.json"
_MOST_LINES = 40


@dataclass(frozen=True)
class Outcome:
    """What comes of an example: the two files as they would be written."""

    rows: bytes
    figures: bytes

    @classmethod
    def of(cls, report: NormalizedReport, timezone: ZoneInfo) -> Outcome:
        """A report's outcome."""
        text = json.dumps(figures_of(report), ensure_ascii=False, indent=2) + "\n"
        return cls(render(report.table, {}, timezone), text.encode())


@dataclass(frozen=True)
class Checked:
    """What a check found of one layout (`case` is None) or one example: nothing, or what is wrong.

    `difference`: a unified diff of what is expected and what comes. `updated`: that is what is expected now.
    """

    client: Path
    case: Path | None = None
    error: PharmaError | None = None
    difference: str = ""
    updated: bool = False

    @property
    def good(self) -> bool:
        return self.error is None or self.updated


def client_folders(root: Path) -> list[Path]:
    """Every client's folder that has a layout or examples."""
    found = {path.parent for path in root.glob(f"*/*/{LAYOUT_NAME}")} | {
        path.parent for path in root.glob("*/*/examples")
    }
    return sorted(found)


def check_clients(folders: Collection[Path], timezone: ZoneInfo, *, update: bool = False) -> Iterator[Checked]:
    """Check each client's layout, then run its examples. `update`: what comes is what is expected from now on."""
    for folder in folders:
        try:
            layout = layout_of(folder)
        except PharmaError as error:
            yield Checked(folder, error=error)
            continue
        found = cases(folder)
        yield Checked(folder, error=None if found else PharmaError("EXAMPLE_MISSING", folder=folder))
        for case in found:
            yield _checked(folder, case, layout, timezone, update=update)


def _checked(folder: Path, case: Path, layout: Layout, timezone: ZoneInfo, *, update: bool) -> Checked:
    try:
        outcome = outcome_of(case, layout, timezone)
    except PharmaError as error:
        return Checked(folder, case, error)
    difference = differences(case, outcome)
    if not difference:
        return Checked(folder, case)
    if update:
        write_expected(case, outcome)
    return Checked(folder, case, PharmaError("EXAMPLE_DIFFERS", case=case), difference, updated=update)


def case_input(case: Path) -> Path:
    """The one input of an example. Raises PharmaError EXAMPLE_INCOMPLETE."""
    found = inputs(case)
    if len(found) != 1:
        raise PharmaError("EXAMPLE_INCOMPLETE", case=case, why=f"{len(found)} files input.* instead of one")
    return found[0]


def outcome_of(case: Path, layout: Layout, timezone: ZoneInfo) -> Outcome:
    """Run an example. Raises PharmaError: EXAMPLE_INCOMPLETE, and what reading and normalizing raise."""
    content = case_input(case).read_bytes()
    document = read_document(content, Hints(headers=layout.known_headers))
    return Outcome.of(normalize(document, layout, timezone), timezone)


def layout_of(folder: Path) -> Layout:
    """A client's layout. Raises PharmaError LAYOUT_INVALID."""
    file = folder / LAYOUT_NAME
    try:
        return parse_layout(file.read_bytes())
    except OSError as error:
        raise PharmaError("LAYOUT_INVALID", file=file, why=error.strerror or str(error)) from error
    except ValueError as error:
        raise PharmaError("LAYOUT_INVALID", file=file, why=str(error)) from error


def differences(case: Path, outcome: Outcome) -> str:
    """How an example's files differ from its outcome, as a unified diff; '' where they do not."""
    parts = []
    for name, found in ((ROWS_NAME, outcome.rows), (FIGURES_NAME, outcome.figures)):
        expected = (case / name).read_text(encoding="utf-8-sig") if (case / name).exists() else ""
        seen = found.decode("utf-8-sig")
        if seen != expected:
            lines = difflib.unified_diff(
                expected.splitlines(),
                seen.splitlines(),
                f"{case.name}/{name}",
                f"{case.name}/{name} (now)",
                n=1,
                lineterm="",
            )
            parts.append("\n".join(list(lines)[:_MOST_LINES]))
    return "\n".join(parts)


def write_expected(case: Path, outcome: Outcome) -> None:
    """Make an outcome what is expected from now on."""
    (case / ROWS_NAME).write_bytes(outcome.rows)
    (case / FIGURES_NAME).write_bytes(outcome.figures)


def figures_of(report: NormalizedReport) -> Mapping[str, object]:
    """What `expected.json` says of a report."""
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
