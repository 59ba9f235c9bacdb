"""What a script is told: its record, in the environment and as the task list (CONTRACT §4)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pharma_assets.model.client_month import ClientMonth
from pharma_assets.model.status import Status

FOLDER, NAME = "Reestr", "new_files_registry.csv"
COLUMNS = (
    "id",
    "file_path",
    "status",
    "data_provider",
    "report_year",
    "report_month",
    "client_name",
    "report_type",
    "uploaded_at",
    "created_at",
    "script",
)
_OPEN = (Status.NEW, Status.PROCESSING, Status.ERROR)


@dataclass(frozen=True)
class Task:
    """One record of the registry. `path` is relative to the inbox root; the times are of the suppliers' time zone."""

    id: int
    path: str
    client_month: ClientMonth
    report_type: str
    status: Status
    uploaded_at: datetime
    created_at: datetime | None

    def as_open(self) -> Task:
        """The record as scripts know records: one that is worked on once more, after a change of the script or in a
        rebuild, is new."""
        return self if self.status in _OPEN else replace(self, status=Status.NEW)

    def environment(self) -> dict[str, str]:
        """The variables that tell a script its record."""
        return {
            "TASK_ID": str(self.id),
            "TASK_FILE": self.path,
            "TASK_CLIENT": self.client_month.client.name,
            "TASK_REPORT_TYPE": self.report_type,
        }

    def row(self, script: str) -> list[object]:
        """The record as a row of the task list."""
        month = self.client_month
        return [
            self.id,
            self.path,
            self.status.value,
            month.client.provider.value,
            month.year,
            month.month,
            month.client.name,
            self.report_type,
            _time(self.uploaded_at),
            _time(self.created_at),
            script,
        ]


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S%z}"


def render_tasks(rows: Iterable[Sequence[object]]) -> bytes:
    """The task list: utf-8 with BOM, `;`, the columns in their order."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return target.getvalue().encode("utf-8-sig")
