"""The layout that holds for one report type and one month: flat, checked and frozen.

This is what everything reads that has to do with a report. How it comes about is the business of `file`.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.layout.columns import AMOUNT, ColumnRule, Parse
from pharma_assets.transforms.layout.consistency import require_consistent
from pharma_assets.transforms.layout.frozen import Frozen

# Counted up when the engine reads the same layout to other values, so that reports are brought up to date.
ENGINE_VERSION = 3

AmountTarget = Literal["amount_type_1", "amount_type_2", "amount_type_3", "amount_type_4", "amount_type_5"]


class Delivery(StrEnum):
    """How a report type's files of one month relate: they add up, grow, or replace one another."""

    INCREMENT = "increment"
    MONTH_TO_DATE = "month_to_date"
    FULL_MONTH = "full_month"
    RESTATEMENT = "restatement"


class Sheets(StrEnum):
    """What several sheets with the header mean: doubt, or one report in parts."""

    ONE = "one"
    ALL = "all"


class Totals(StrEnum):
    """What a row of totals is held against: what was read, or nothing (it is left out all the same)."""

    CHECK = "check"
    IGNORE = "ignore"


class Waybill(Frozen):
    """`naklad` is composed of two source columns: «<number> от <dd.mm.yyyy>» (CONTRACT §5)."""

    number: str = Field(description="a required header among `columns`")
    date: str = Field(description="a required header among `columns` that is parsed as a date")


class LeftOut(Frozen):
    """A rule for rows that are not data. They are counted under `reason` and never loaded."""

    column: str = Field(description="a header among `columns` that is parsed as an amount")
    equals: Literal[0] = Field(0, description="the only value that can be given")
    reason: str = Field(min_length=1, description="the name under which the rows are counted")


class Layout(Frozen):
    """What a report looks like, and where its columns go."""

    supplier: str = Field(
        description="the supplier's name, for people who read the layout; it does not reach the rows (`constants` does)"
    )
    report_type: str = Field(description="the report-type folder")
    amount: AmountTarget | None = Field(
        None,
        description="the column that `to: amount` means; without it, the `amount_type_N` of the number with which the "
        "report type's name ends",
    )
    delivery: Delivery = Field(
        Delivery.INCREMENT,
        description="how the files of one month relate. Only `increment` works yet: they add up. `month_to_date`, "
        "`full_month` and `restatement` are refused, because adding those up would count sales twice",
    )
    sheet: str | None = Field(
        None,
        description="the name of the only sheet to look at; it may be hidden. Text files have one sheet and do not "
        "mind. Without it a hidden sheet is never read: if only hidden ones have the header, the file fails with "
        "`HIDDEN_SHEET`",
    )
    sheets: Sheets = Field(
        Sheets.ONE,
        description="what several visible sheets with the header and rows mean: with `one` the file fails with "
        "`AMBIGUOUS_SHEET`, with `all` they are one report in parts. The parts may order their columns differently; a "
        "sheet that lacks a few of the columns fails the file",
    )
    header_within: Annotated[int, Field(ge=1, le=100)] = Field(
        40, description="the header begins within the first so many rows (1 to 100)"
    )
    constants: dict[Literal["supplier_id", "supplier_name", "client_type"], str] = Field(
        {}, description="a value for every row: `supplier_id`, `supplier_name`, `client_type`"
    )
    columns: dict[str, ColumnRule] = Field(
        min_length=1,
        description="source header → rule, see below. At least one column must be required, and one must go to "
        "`period`",
    )
    waybill: Waybill | None = Field(None, description="composes `naklad` as «number от dd.mm.yyyy»")
    left_out: tuple[LeftOut, ...] = Field((), description="rules for rows that are not data: counted, never loaded")
    totals: Totals = Field(
        Totals.CHECK,
        description="with `check` a report's own totals are held against its rows, and a difference fails the file "
        "with `TOTAL_MISMATCH`; with `ignore` they are only left out",
    )
    nil_report: bool = Field(
        False,
        description="with `true` a header without rows is a report of nothing: the file becomes `CREATED` with 0 rows. "
        "Otherwise it fails with `NO_DATA_ROWS`",
    )
    outside_month: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1,
        description="the share of the rows to load that may be dated outside the month of the folder (0 to 1); above "
        "it the file fails with `PERIOD_MISMATCH`",
    )

    @property
    def known_headers(self) -> tuple[str, ...]:
        """Every header text that the layout knows, for the reader's hints."""
        return tuple(self.columns) + tuple(alias for rule in self.columns.values() for alias in rule.aliases)

    @property
    def required_headers(self) -> dict[str, frozenset[str]]:
        """The headers without which a row is no header; each with itself and those that stand in for it."""
        return {
            header: frozenset(
                {header, *(other for other, stand_in in self.columns.items() if stand_in.unless == header)}
            )
            for header, rule in self.columns.items()
            if rule.required and rule.unless is None
        }

    @property
    def header_of(self) -> dict[str, str]:
        """The layout's header for each text, normalized, under which its column may come."""
        return {
            normalize_header(text): header for header, rule in self.columns.items() for text in (header, *rule.aliases)
        }

    @property
    def only_kept(self) -> frozenset[str]:
        """The headers whose cells go to `extra` as they are: no rule looks at them."""
        named = {rule.column for rule in self.left_out} | {rule.unless for rule in self.columns.values()}
        if self.waybill is not None:
            named |= {self.waybill.number, self.waybill.date}
        return frozenset(
            header
            for header, rule in self.columns.items()
            if rule.to is None and rule.parse is Parse.TEXT and not rule.filled and header not in named
        )

    @model_validator(mode="before")
    @classmethod
    def _amount_of_the_report_type(cls, value: object) -> object:
        """`to: amount` is the column of the report type: the one that is named, or the one of the type's number."""
        if not isinstance(value, dict) or not isinstance(value.get("columns"), dict):
            return value
        amount = value.get("amount") or _amount_of(value.get("report_type"))
        columns = {header: _to_amount(rule, amount) for header, rule in value["columns"].items()}
        return {**value, "amount": amount, "columns": columns}

    @model_validator(mode="after")
    def _consistent(self) -> Layout:
        # Supersession is not built yet, and a month-to-date file that is added up would double its sales.
        if self.delivery is not Delivery.INCREMENT:
            raise ValueError(f"delivery: {self.delivery} is not supported yet, only increment")
        require_consistent(self)
        return self

    def fingerprint(self) -> str:
        """A digest of everything that decides the result; comments, formatting, defaults that are written out and
        `supplier` do not count."""
        canonical = f"{ENGINE_VERSION}:{self.model_dump_json(exclude=_NO_MATTER, exclude_defaults=True)}"
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


_NO_MATTER = {"supplier"}


def _amount_of(report_type: object) -> str | None:
    number = re.search(r"[0-9]+$", report_type) if isinstance(report_type, str) else None
    target = f"amount_type_{int(number[0])}" if number else None
    return target if target in get_args(AmountTarget) else None


def _to_amount(rule: object, amount: object) -> object:
    target = rule.get("to") if isinstance(rule, dict) else rule
    if target != AMOUNT:
        return rule
    if amount is None:
        raise ValueError("to: amount – which one is not told by the report type's name: say `amount: amount_type_…`")
    return {**rule, "to": amount} if isinstance(rule, dict) else amount
