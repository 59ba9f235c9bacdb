"""The proof that registry, result files and `raw.primary_data` agree; every difference by its code.

It reads only. What it compares moves meanwhile: rows and ledger are read in one snapshot, and what is found of files
and locks is looked at again before it is told, so that work going on is never taken for a difference.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import text

from pharma_assets.loading.audit_ledger import ledger_differences, registry_differences
from pharma_assets.loading.audit_results import draft_remarks, result_differences
from pharma_assets.loading.difference import REMARKS, Difference
from pharma_assets.loading.platform import Platform

MOST_KEPT = 10_000


@dataclass
class Audit:
    """What an audit came to.

    `files`, `rows`: what the ledger counts. `differences`: at most MOST_KEPT of each code; `counts` has all of them.
    """

    month: date | None
    files: int
    rows: int
    differences: list[Difference] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def remaining(self) -> int:
        """How many differences there are; remarks are none."""
        return sum(count for code, count in self.counts.items() if code not in REMARKS)

    def add(self, difference: Difference) -> None:
        self.counts[difference.code] += 1
        if self.counts[difference.code] <= MOST_KEPT:
            self.differences.append(difference)


def audit(platform: Platform, month: date | None = None, *, contents: bool = True) -> Audit:
    """Compare everything, or one month of folders. Without `contents`, result files are not read, only looked for."""
    started = time.monotonic()
    with platform.engine.connect() as connection:
        query = """
            SELECT count(*) AS files, coalesce(sum(rows_loaded - rows_superseded), 0) AS rows FROM ops.file_load
            WHERE superseded_at IS NULL AND (CAST(:month AS date) IS NULL OR partition_month = :month)
        """
        totals = connection.execute(text(query), {"month": month}).one()
    found = Audit(month, totals.files, int(totals.rows))
    for difference in _differences(platform, month, contents=contents):
        found.add(difference)
    found.seconds = time.monotonic() - started
    return found


def _differences(platform: Platform, month: date | None, *, contents: bool) -> Iterator[Difference]:
    yield from ledger_differences(platform.engine, month)
    yield from registry_differences(platform.engine, month)
    yield from result_differences(platform, month, contents=contents)
    yield from draft_remarks(platform, month)
