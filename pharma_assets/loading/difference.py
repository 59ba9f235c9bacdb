"""What the audit finds: one place where registry, result files and `raw.primary_data` do not agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pharma_assets.errors import PharmaError
from pharma_assets.loading.working_folders import Owner

# Worth knowing, and nothing is wrong: it was meant so, or the next tick sees to it.
REMARKS = frozenset({"LOADED_BUT_GONE", "ROWS_WITHOUT_FILE", "CLAIM_STALE", "DRAFT_LEFT"})


@dataclass(frozen=True)
class Difference:
    """A problem of the scope AUDIT and what it is about.

    `file`: the file of the registry, None where there is none. `name`: the result or draft. `month`: where rows stand.
    `load_id`: the entry of the ledger.
    """

    error: PharmaError
    file: Owner | None = None
    name: str | None = None
    month: date | None = None
    load_id: int | None = None

    @property
    def code(self) -> str:
        return self.error.code

    @property
    def is_remark(self) -> bool:
        return self.code in REMARKS
