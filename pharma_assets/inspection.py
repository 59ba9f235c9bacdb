"""What the platform makes of one file, told step by step and without touching anything: for `pharma-assets read`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from pharma_assets.errors import PharmaError
from pharma_assets.files import reading_error
from pharma_assets.reading.guard import GuardedReader
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document, Sheet
from pharma_assets.transforms.facts import NOWHERE, Facts
from pharma_assets.transforms.headers import Candidate, candidates, guess_header
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.normalize import NormalizedReport, check_volume, normalize

MOST_CANDIDATES = 5


@dataclass(frozen=True)
class Inspection:
    """What is seen of a file, as far as it could be read.

    `candidates`: rows that may be the layout's header, best first; none without a layout. `problem`: what would keep
    the file from being taken in.
    """

    path: Path
    size: int
    digest: str | None = None
    document: Document | None = None
    candidates: tuple[Candidate, ...] = ()
    report: NormalizedReport | None = None
    problem: PharmaError | None = None

    @property
    def remarks(self) -> tuple[PharmaError, ...]:
        if self.report is not None:
            return self.report.remarks
        return self.document.remarks if self.document is not None else ()

    @property
    def shown_sheet(self) -> Sheet | None:
        """The sheet that a person wants to see: the one with the header, else the visible one with most rows."""
        if self.document is None:
            return None
        if self.candidates:
            return self.candidates[0].sheet
        sheets = sorted(self.document.sheets, key=lambda sheet: (sheet.visible, int(sheet.filled.sum())))
        return sheets[-1] if sheets else None

    @property
    def header_index(self) -> int | None:
        """The position of the header's last row in the shown sheet: by the layout, else the likeliest by its shape."""
        if self.candidates:
            return self.candidates[0].index + self.candidates[0].depth - 1
        return None if self.shown_sheet is None else guess_header(self.shown_sheet)


def inspect(
    path: Path,
    reader: GuardedReader,
    layout: Layout | None,
    timezone: ZoneInfo,
    month: date | None = None,
    passwords: Sequence[str] = (),
    facts: Facts = NOWHERE,
) -> Inspection:
    """Read a file wherever it lies, and with a layout normalize it. `month`: the first day of its folder's month,
    `facts`: what else its place says.

    Raises PharmaError FILE_GONE or LOCKED if there is nothing to read; every other problem stands in the result.
    """
    headers = layout.known_headers if layout is not None else ()
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            try:
                document, digest = reader.read(file, Hints(headers, tuple(passwords)))
            except PharmaError as problem:
                return Inspection(path, size, problem=problem)
    except OSError as error:
        raise reading_error(error) from error
    if layout is None:
        return Inspection(path, size, digest, document)
    found = tuple(candidates(document, layout)[:MOST_CANDIDATES])
    report = None
    try:
        report = normalize(document, layout, timezone, month, facts)
        check_volume(report, layout)
    except PharmaError as problem:
        return Inspection(path, size, digest, document, found, report, problem)
    return Inspection(path, size, digest, document, found, report)
