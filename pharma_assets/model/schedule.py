"""When a report is to be there, as a client has agreed to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Every(StrEnum):
    """How much time one file is about."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Schedule:
    """A file for every day, week or month, due `due_day` days after its end: `every: month, due_day: 5` is the 5th of
    the next month, `every: week, due_day: 2` the Tuesday after."""

    every: Every
    due_day: int

    def due_dates(self, month: date) -> list[date]:
        """When the files of a month are due, by its first day. A week belongs to the month that its Sunday is in."""
        after = (month + timedelta(days=32)).replace(day=1)
        days = [month + timedelta(days=number) for number in range((after - month).days)]
        last_days = {
            Every.DAY: days,
            Every.WEEK: [day for day in days if day.isoweekday() == 7],
            Every.MONTH: days[-1:],
        }[self.every]
        return [day + timedelta(days=self.due_day) for day in last_days]

    def __str__(self) -> str:
        return f"every {self.every}, due {self.due_day} days after its end"
