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
from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.model.transform_version import no_transform
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.transforms.catalog import LAYOUT_NAME, ClientTransforms, read_client
from pharma_assets.transforms.example_case import HISTORY_NAME, input_of, read_case
from pharma_assets.transforms.examples import cases
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
        transforms = transforms_of(folder)
        if transforms.invalid is not None:
            yield Checked(folder, error=transforms.invalid)
            continue
        found = cases(folder)
        yield Checked(folder, error=None if found else PharmaError("EXAMPLE_MISSING", folder=folder))
        for case in found:
            # A history is more than one file, and takes a database: the tests run those.
            if not (case / HISTORY_NAME).exists():
                yield _checked(folder, case, transforms, timezone, update=update)


def _checked(folder: Path, case: Path, transforms: ClientTransforms, timezone: ZoneInfo, *, update: bool) -> Checked:
    try:
        outcome = outcome_of(case, transforms, timezone)
    except PharmaError as error:
        return Checked(folder, case, error)
    difference = differences(case, outcome)
    if not difference:
        return Checked(folder, case)
    if update:
        write_expected(case, outcome)
    return Checked(folder, case, PharmaError("EXAMPLE_DIFFERS", case=case), difference, updated=update)


def outcome_of(case: Path, transforms: ClientTransforms, timezone: ZoneInfo) -> Outcome:
    """Run an example. Raises PharmaError: EXAMPLE_INCOMPLETE, and what reading and normalizing raise."""
    return Outcome.of(report_of(case, transforms, timezone), timezone)


def report_of(case: Path, transforms: ClientTransforms, timezone: ZoneInfo) -> NormalizedReport:
    """The report that an example's input is. Raises as `outcome_of` does."""
    try:
        assumed, file = read_case(case), input_of(case)
    except ValueError as error:
        raise PharmaError("EXAMPLE_INCOMPLETE", case=case, why=error) from error
    report_type = assumed.report_type or transforms.report_types[0]
    transform = transforms.find(report_type, assumed.month)
    if transform is None:
        raise no_transform(transforms.client, report_type)
    layout = transform.require_layout()
    document = read_document(file.read_bytes(), Hints(headers=layout.known_headers))
    return normalize(document, layout, timezone, assumed.month, assumed.facts(case, layout.report_type))


def transforms_of(folder: Path) -> ClientTransforms:
    """What stands in a client's folder, or what is wrong with it."""
    provider = next((each for each in Provider if each.transforms_folder == folder.parent.name), Provider.DISTRIBUTOR)
    return read_client(Client(provider, folder.name), folder / LAYOUT_NAME)


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
