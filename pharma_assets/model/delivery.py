"""What one file delivers of a client-month: how it relates to the others, and the branches and days that it covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Delivery(StrEnum):
    """How a file relates to the earlier ones of its client-month and report type: it adds to them, replaces all of
    them, or replaces what they say of the branches and days that it covers itself."""

    INCREMENT = "increment"
    MONTH_TO_DATE = "month_to_date"
    FULL_MONTH = "full_month"
    RESTATEMENT = "restatement"

    @property
    def replaces_all(self) -> bool:
        return self in (Delivery.MONTH_TO_DATE, Delivery.FULL_MONTH)


@dataclass(frozen=True)
class Terms:
    """What a layout says of one file's delivery.

    `overlap_allowed`: increments may cover the same branch and day. `shrinkage`: the share of rows that a file which
    replaces all others may lack of theirs.
    """

    mode: Delivery = Delivery.INCREMENT
    overlap_allowed: bool = False
    shrinkage: float = 0.1


PLAIN = Terms()


class BranchDay(NamedTuple):
    """One branch on one local day; a blank branch is "", and rows without a date are of the day None."""

    branch: str
    day: date | None


class Amounts(NamedTuple):
    """What a report says of a branch and day: rows, and the sums of its numeric columns, exactly."""

    rows: int
    sums: Mapping[str, Decimal]


NOTHING = Amounts(0, {})


def added_up(amounts: list[Amounts]) -> Amounts:
    """The rows and sums of all of them together."""
    sums: dict[str, Decimal] = {}
    for part in amounts:
        for name, value in part.sums.items():
            sums[name] = sums.get(name, Decimal(0)) + value
    return Amounts(sum(part.rows for part in amounts), sums)


@dataclass(frozen=True)
class Delivered:
    """One file's delivery, as it was read.

    `released`: a person lets it count whatever holds it back. `present`: it is still in the inbox.
    """

    file_id: int
    path: str
    uploaded_at: datetime
    terms: Terms
    branch_days: Mapping[BranchDay, Amounts]
    released: bool = False
    present: bool = True
    place: tuple[datetime, int] = field(init=False)

    def __post_init__(self) -> None:
        # Not by the order of arrival or of work: both differ from one instance to the next.
        object.__setattr__(self, "place", (self.uploaded_at, self.file_id))

    @property
    def mode(self) -> Delivery:
        return self.terms.mode
