"""Cells as they are shown on Dagster's pages, where more people look than should know the buyers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pharma_assets.model.personal import PERSONAL_COLUMNS, masked
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.normalize import RejectedRow

# As long as an INN, or nearly: figures and dates in messages are shorter.
_NUMBER = re.compile(r"(?<!\d)\d{9,12}(?!\d)")


@dataclass(frozen=True)
class Mask:
    """What is hidden: the cells of these source headers, in the form in which headers are compared, and the cells of
    personal target columns. With None nothing is."""

    headers: frozenset[str] | None

    def cell(self, column: str, text: str) -> str:
        """A cell of a target column."""
        return text if self.headers is None or column not in PERSONAL_COLUMNS else masked(text)

    def remark(self, text: str) -> str:
        """A sentence that may quote a number from a cell."""
        return text if self.headers is None else _NUMBER.sub(lambda found: masked(found[0]), text)

    def reject(self, row: RejectedRow) -> str:
        """A row that was held back, with its first wrong cell."""
        cell = row.cells[0]
        text = cell.text
        if self.headers is not None and text is not None:
            personal = normalize_header(cell.header) in self.headers
            text = masked(text) if personal else self.remark(text)
        return f"{row.sheet} row {row.row}, {cell.header}: {text!r} {cell.code}: {cell.message}"
