"""The layout that holds for one report type and one month: flat, checked and frozen.

This is what everything reads that has to do with a report. How it comes about is the business of `file`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, get_args

from pydantic import Field, PrivateAttr, model_validator

from pharma_assets.model.delivery import Delivery
from pharma_assets.transforms.delivery import DeliveryRule, Overlap
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.hooks.source import Hooks
from pharma_assets.transforms.layout.agreement import Schedule
from pharma_assets.transforms.layout.columns import AMOUNT, ColumnRule, Parse, Target
from pharma_assets.transforms.layout.consistency import WILDCARDS, require_consistent
from pharma_assets.transforms.layout.fields import (
    ComposedTarget,
    RegistryField,
    Template,
    TextTarget,
    Waybill,
    segments_of,
)
from pharma_assets.transforms.layout.frozen import Frozen
from pharma_assets.transforms.layout.row_rules import LeftOut, Volume

# Counted up when the engine reads the same layout to other values, so that reports are brought up to date.
ENGINE_VERSION = 3

AmountTarget = Literal["amount_type_1", "amount_type_2", "amount_type_3", "amount_type_4", "amount_type_5"]


class Sheets(StrEnum):
    """What several sheets with the header mean: doubt, or one report in parts."""

    ONE = "one"
    ALL = "all"


class Totals(StrEnum):
    """What a row of totals is held against: what was read, or nothing (it is left out all the same)."""

    CHECK = "check"
    IGNORE = "ignore"


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
    owner: str | None = Field(None, min_length=1, description="who looks after the report: a name or an e-mail address")
    schedule: Schedule | None = Field(None, description="how often the report comes, and until when it is in time")
    delivery: DeliveryRule = Field(
        Delivery.INCREMENT,
        description="how a file relates to the earlier ones of its month: `increment` adds up, `month_to_date` and "
        "`full_month` replace all of them, `restatement` the branches and days that it covers; by patterns of names "
        "where a supplier sends several kinds. See [Delivery modes](delivery.md)",
    )
    overlap: Overlap = Field(
        Overlap.HOLD,
        description="what an increment means that covers the same branch and day as another: with `hold` the later one "
        "is held with `PERIOD_OVERLAP`, with `allow` they are parts of one day",
    )
    shrinkage: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1,
        description="the share of rows that a file which replaces all others may lack of theirs (0 to 1); above it, or "
        "without one of their days or branches, it is held with `PERIOD_SHRUNK`. `1`: no such check",
    )
    sheet: str | None = Field(
        None,
        description="the name of the only sheet to look at, which may be hidden. With `*` for any text or `?` for one "
        "character in it: the names of the only visible sheets. Text files have one sheet and do not mind. Without it "
        "a hidden sheet is never read: if only hidden ones have the header, the file fails with `HIDDEN_SHEET`",
    )
    sheets: Sheets = Field(
        Sheets.ONE,
        description="what several sheets with the header and rows mean: with `one` the file fails with "
        "`AMBIGUOUS_SHEET`, with `all` they are one report in parts. The parts may order their columns differently; a "
        "sheet that lacks a few of the columns fails the file",
    )
    header_within: Annotated[int, Field(ge=1, le=100)] = Field(
        40, description="the header begins within the first so many rows (1 to 100)"
    )
    constants: dict[TextTarget, str] = Field({}, description="target → a text for every row")
    registry: dict[Target, RegistryField] = Field(
        {}, description="target → what the file's place in the inbox says, for every row"
    )
    columns: dict[str, ColumnRule] = Field(
        min_length=1,
        description="source header → rule. At least one column must be required, and one must go to `period`, unless "
        "`registry` fills it",
    )
    waybill: Waybill | None = Field(None, description="composes `naklad` as «number от dd.mm.yyyy»")
    composed: dict[ComposedTarget, Template] = Field(
        {},
        description="text target → a template of columns in braces. What stands in square brackets is left out where a "
        "column in it is blank; a blank column outside of them leaves the target blank. A day is written as dd.mm.yyyy",
    )
    left_out: tuple[LeftOut, ...] = Field(
        (), description="rules for rows that are not to be loaded: counted, each under its reason"
    )
    rows: Volume | None = Field(
        None,
        description="how many rows a file has when it is in order; otherwise it fails with `ROWS_OUT_OF_BOUNDS` until "
        "`pharma-assets release` lets it through",
    )
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

    _hooks: Hooks | None = PrivateAttr(None)

    @property
    def hooks(self) -> Hooks | None:
        """The functions of the `hooks.py` beside the layout."""
        return self._hooks

    def with_hooks(self, hooks: Hooks) -> Layout:
        """The same layout with these functions."""
        copy = self.model_copy()
        copy._hooks = hooks
        return copy

    @property
    def takes_hidden_sheets(self) -> bool:
        """Whether the layout names a sheet, which may be a hidden one then."""
        return self.sheet is not None and WILDCARDS.isdisjoint(self.sheet)

    @cached_property
    def known_headers(self) -> tuple[str, ...]:
        """Every header text that the layout knows, for the reader's hints."""
        return tuple(self.columns) + tuple(alias for rule in self.columns.values() for alias in rule.aliases)

    @cached_property
    def stand_ins(self) -> dict[str, tuple[str, ...]]:
        """For each header itself, and those that count where it is absent."""
        found: dict[str, tuple[str, ...]] = {header: (header,) for header in self.columns}
        for header, rule in self.columns.items():
            if rule.unless in found:
                found[rule.unless] += (header,)
        return found

    def present(self, header: str, among: Container[str]) -> str | None:
        """The header under which a column is there, be it its own or that of a stand-in; None where it is absent."""
        return next((name for name in self.stand_ins[header] if name in among), None)

    @cached_property
    def required_headers(self) -> dict[str, frozenset[str]]:
        """The headers without which a row is no header; each with itself and those that stand in for it."""
        return {
            header: frozenset(self.stand_ins[header])
            for header, rule in self.columns.items()
            if rule.required and rule.unless is None
        }

    @cached_property
    def header_of(self) -> dict[str, str]:
        """The layout's header for each text, normalized, under which its column may come."""
        return {
            normalize_header(text): header for header, rule in self.columns.items() for text in (header, *rule.aliases)
        }

    @cached_property
    def only_kept(self) -> frozenset[str]:
        """The headers whose cells go to `extra` as they are: no rule looks at them."""
        named = {rule.column for rule in self.left_out} | {rule.unless for rule in self.columns.values()}
        named |= self.composed_of
        return frozenset(
            header
            for header, rule in self.columns.items()
            if rule.to is None
            and rule.parse is Parse.TEXT
            and not rule.filled
            and named.isdisjoint({header, rule.unless or header})
        )

    @cached_property
    def templates(self) -> dict[str, str]:
        """The template of each target that is composed of columns, the waybill too."""
        return {**({"naklad": self.waybill.template} if self.waybill is not None else {}), **self.composed}

    @cached_property
    def composed_of(self) -> frozenset[str]:
        """The headers that the templates name."""
        return frozenset(
            header
            for template in self.templates.values()
            for segment in segments_of(template)
            for header in segment.headers
        )

    @cached_property
    def parts(self) -> frozenset[str]:
        """The headers of which targets are composed, and their stand-ins."""
        return frozenset(name for header in self.composed_of for name in self.stand_ins.get(header, ()))

    def with_columns(self, columns: Mapping[str, ColumnRule]) -> Layout:
        """The same layout with further columns, which are known to agree with it."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        copy = self.model_construct(**{**fields, "columns": {**self.columns, **columns}})
        copy._hooks = self._hooks
        return copy

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
        require_consistent(self)
        return self

    def fingerprint(self) -> str:
        """A digest of everything that decides the result: what the layout says, the text of its hooks, the engine.

        Comments, formatting, defaults that are written out, `supplier`, `owner` and `schedule` do not count.
        """
        canonical = f"{ENGINE_VERSION}:{self.model_dump_json(exclude=_NO_MATTER, exclude_defaults=True)}".encode()
        hooks = b"" if self._hooks is None else self._hooks.source
        return hashlib.sha256(canonical + hooks).hexdigest()[:16]


_NO_MATTER = {"supplier", "owner", "schedule"}


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
