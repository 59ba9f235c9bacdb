"""What all models of a layout have in common: they are frozen and strict, and write months alike."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Frozen(BaseModel):
    """A model that nobody changes, and that refuses keys which it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _first_day(value: object) -> object:
    if isinstance(value, date) and value.day == 1:
        return value
    if isinstance(value, str) and len(value) == len("2025-07"):
        return f"{value}-01"
    raise ValueError("a month is written as 2025-07")


Month = Annotated[date, BeforeValidator(_first_day)]
"""A month by its first day, written as `2025-07`; YAML makes a date of `2025-07-01`, which is as good."""
