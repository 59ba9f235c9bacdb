"""What is agreed about a report beside its contents: when it is due."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from pharma_assets.transforms.layout.frozen import Frozen


class Every(StrEnum):
    """How often a report comes."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_DUE_DAYS = {Every.DAY: range(32), Every.WEEK: range(1, 8), Every.MONTH: range(1, 32)}


class Schedule(Frozen):
    """How often a report comes, and until when."""

    every: Every = Field(description="`day`, `week` or `month`: what one report covers")
    due_day: Annotated[int, Field(ge=0, le=31)] = Field(
        description="the last day on which it is in time. With `month`: the day of the next month (1 to 31; in a "
        "shorter month its last day). With `week`: the day of the next week (1 is Monday, 7 is Sunday). With `day`: so "
        "many days later",
    )

    @model_validator(mode="after")
    def _day_of_its_span(self) -> Self:
        days = _DUE_DAYS[self.every]
        if self.due_day not in days:
            raise ValueError(f"with every: {self.every}, due_day is one of {days.start} to {days.stop - 1}")
        return self
