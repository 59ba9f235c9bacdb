"""Rules about rows: which of them are no data, and how many of them there may be."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, StrictFloat, StrictInt, StrictStr, model_validator

from pharma_assets.transforms.layout.columns import lookup_key
from pharma_assets.transforms.layout.frozen import Frozen

Value = StrictInt | StrictFloat | StrictStr
"""As YAML has it: `yes` and dates must stand in quotes."""

_KINDS = ("equals", "one_of", "blank", "matches")


class LeftOut(Frozen):
    """A rule for rows that are not to be loaded. A row is counted under the reason of the first rule that fits."""

    column: str = Field(description="a header among `columns`; the rule sleeps in a file that lacks it")
    reason: str = Field(
        min_length=1, description="the name under which the rows are counted; no two rules have the same"
    )
    equals: Value | None = Field(
        None,
        description="the cell is this number (amount columns) or this text (others; case and surrounding blanks do not "
        "matter). `0` where the rule says nothing else",
    )
    one_of: tuple[Value, ...] | None = Field(None, min_length=1, description="the cell is one of these")
    blank: Literal[True] | None = Field(None, description="`true`: the cell is blank; a dash or 0 is not")
    matches: str | None = Field(
        None,
        min_length=1,
        description="the cell's text fits this regular expression (RE2) somewhere; `^` and `$` are its ends, `(?i)` "
        "lets case not matter",
    )

    @model_validator(mode="before")
    @classmethod
    def _zero_by_default(cls, value: object) -> object:
        if isinstance(value, dict) and not any(kind in value for kind in _KINDS):
            return {**value, "equals": 0}
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in _KINDS) != 1:
            raise ValueError(f"one of {', '.join(_KINDS)} must be given")
        if self.matches is not None:
            try:
                pc.match_substring_regex(pa.array([""]), self.matches)
            except pa.ArrowInvalid as error:
                raise ValueError(f"{self.matches!r} is no regular expression: {error}") from error
        return self

    @property
    def values(self) -> tuple[Value, ...]:
        """What the cell may be, if the rule names values."""
        return self.one_of or (() if self.equals is None else (self.equals,))

    @property
    def numbers(self) -> tuple[Decimal, ...]:
        """The values as numbers, for amount columns."""
        return tuple(Decimal(str(value)) for value in self.values)

    @property
    def words(self) -> frozenset[str]:
        """The values as texts in the form in which they are compared."""
        return frozenset(lookup_key(str(value)) for value in self.values)


class Volume(Frozen):
    """How many rows a file has when it is in order: fewer are a part of a report, more are another report."""

    min: Annotated[int, Field(ge=1)] | None = Field(None, description="fewer rows read than these fail the file")
    max: Annotated[int, Field(ge=1)] | None = Field(None, description="more rows read than these fail the file")

    @model_validator(mode="after")
    def _some_bound(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("min, max or both must be given")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is more than max")
        return self
