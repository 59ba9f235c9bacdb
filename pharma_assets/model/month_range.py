"""Months in a row, without a beginning or an end where there is none."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class MonthRange(NamedTuple):
    """The months from `first` until before `before`, as their first days; None: without a beginning, without an end."""

    first: date | None = None
    before: date | None = None

    def covers(self, month: date | None) -> bool:
        """Whether a month, given by its first day, is among them; None stands for the newest month."""
        if month is None:
            return self.before is None
        return (self.first is None or self.first <= month) and (self.before is None or month < self.before)


ALWAYS = MonthRange()
