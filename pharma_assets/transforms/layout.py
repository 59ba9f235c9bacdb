"""The model of `layout.yaml`: what one supplier's report looks like, and where its columns go.

A layout holds facts; it is checked here before any report meets it, and unknown keys are refused.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pharma_assets.model.delivery import Delivery
from pharma_assets.model.target import REGISTRY_COLUMNS, TYPES, Type
from pharma_assets.transforms.delivery import DeliveryRule, Overlap
from pharma_assets.transforms.header_text import normalize_header

# Counted up when the engine reads the same layout to other values, so that reports are brought up to date.
ENGINE_VERSION = 3


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Parse(StrEnum):
    """How a cell is read."""

    TEXT = "text"
    INN = "inn"
    AMOUNT = "amount"
    DATE = "date"


class DateOrder(StrEnum):
    """How `03/04/2025` is read. AUTO asks the whole column, then the folder's month."""

    AUTO = "auto"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class DecimalMark(StrEnum):
    """How `1,234` is read. AUTO asks the whole column."""

    AUTO = "auto"
    COMMA = "comma"
    DOT = "dot"


class Sheets(StrEnum):
    """What several sheets with the header mean: doubt, or one report in parts."""

    ONE = "one"
    ALL = "all"


class Totals(StrEnum):
    """What a row of totals is held against: what was read, or nothing (it is left out all the same)."""

    CHECK = "check"
    IGNORE = "ignore"


class Lookup(Frozen):
    """Values that the source writes in its own words. Keys are compared without case and surrounding blanks.

    `otherwise` is stored for any other text (None: as written), `blank` for a blank cell (None: nothing).
    """

    values: dict[str, str] = Field(min_length=1)
    otherwise: str | None = None
    blank: str | None = None

    @model_validator(mode="after")
    def _distinct_keys(self) -> Lookup:
        keys = [lookup_key(key) for key in self.values]
        if len(set(keys)) < len(keys):
            raise ValueError("two values differ only in case or blanks")
        return self


def lookup_key(text: str) -> str:
    """The form in which a lookup's keys are compared."""
    return text.strip().casefold()


class ColumnRule(Frozen):
    """What becomes of one source column.

    `to`: the target column; None keeps the cells in `extra` (or leaves them to the waybill). `parse`: how cells are
    read; it follows from `to` where it is not given. `required`: the header must be there. `filled`: a blank cell
    rejects its row. `unless`: this column counts only where the named one is absent. `aliases`: other headers under
    which the column comes. `dates`: how day and month stand in date texts that do not tell. `decimal`: the same
    for the decimal mark of amounts.
    """

    to: str | None = None
    parse: Parse = Parse.TEXT
    required: bool = True
    filled: bool = False
    lookup: Lookup | None = None
    unless: str | None = None
    aliases: tuple[str, ...] = ()
    dates: DateOrder = DateOrder.AUTO
    decimal: DecimalMark = DecimalMark.AUTO

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        """`клиент: client_inlaw` is short for `клиент: {to: client_inlaw}`; the parser follows from the target."""
        rule = {"to": value} if isinstance(value, str) else value
        if isinstance(rule, dict) and "parse" not in rule:
            return {**rule, "parse": _default_parse(rule.get("to"))}
        return rule

    @model_validator(mode="after")
    def _target_fits(self) -> ColumnRule:
        if self.to is None:
            return self
        if self.to not in TYPES or self.to in REGISTRY_COLUMNS:
            raise ValueError(f"{self.to!r} is not a column that a layout can fill")
        fitting = _FITTING[TYPES[self.to]]
        if self.parse not in fitting:
            raise ValueError(f"{self.to} holds {TYPES[self.to]}, so parse must be {' or '.join(fitting)}")
        if self.lookup is not None and self.parse is not Parse.TEXT:
            raise ValueError("lookup goes with parse: text")
        return self

    @model_validator(mode="after")
    def _marks_of_their_kind(self) -> ColumnRule:
        if self.dates is not DateOrder.AUTO and self.parse is not Parse.DATE:
            raise ValueError("dates goes with parse: date")
        if self.decimal is not DecimalMark.AUTO and self.parse is not Parse.AMOUNT:
            raise ValueError("decimal goes with parse: amount")
        return self


_FITTING = {
    Type.TEXT: (Parse.TEXT, Parse.INN),
    Type.MOMENT: (Parse.DATE,),
    Type.MONEY: (Parse.AMOUNT,),
    Type.AMOUNT: (Parse.AMOUNT,),
}


def _default_parse(target: object) -> Parse:
    if target == "client_inn":
        return Parse.INN
    return _FITTING[TYPES[target]][0] if isinstance(target, str) and target in TYPES else Parse.TEXT


class Waybill(Frozen):
    """`naklad` is composed of two source columns: «<number> от <dd.mm.yyyy>» (CONTRACT §5)."""

    number: str
    date: str


class LeftOut(Frozen):
    """A rule for rows that are not data. They are counted under `reason` and never loaded."""

    column: str
    equals: Literal[0] = 0
    reason: Annotated[str, Field(min_length=1)]


class Layout(Frozen):
    """One supplier's layout.

    `delivery`: how a file relates to the earlier ones of its month, by its name where that differs. `overlap`: what two
    increments of the same branch and day mean. `shrinkage`: the share of rows that a file which replaces all others may
    lack of theirs.
    `sheet`: the only sheet to look at, hidden or not; a text file's one sheet is taken whatever it says. `sheets`: what
    several sheets with the header mean. `header_within`: the header begins within the first so many rows. `totals`:
    whether rows of totals are held against the rows read. `nil_report`: a header without rows is a report of nothing.
    `outside_month`: the share of the rows to load that may be dated outside the folder's month.
    """

    supplier: str
    report_types: tuple[str, ...] = Field(min_length=1)
    delivery: DeliveryRule = Delivery.INCREMENT
    overlap: Overlap = Overlap.HOLD
    shrinkage: Annotated[float, Field(ge=0, le=1)] = 0.1
    sheet: str | None = None
    sheets: Sheets = Sheets.ONE
    header_within: Annotated[int, Field(ge=1, le=100)] = 40
    constants: dict[Literal["supplier_id", "supplier_name", "client_type"], str] = {}
    columns: dict[str, ColumnRule] = Field(min_length=1)
    waybill: Waybill | None = None
    left_out: tuple[LeftOut, ...] = ()
    totals: Totals = Totals.CHECK
    nil_report: bool = False
    outside_month: Annotated[float, Field(ge=0, le=1)] = 0.1

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

    @model_validator(mode="after")
    def _consistent(self) -> Layout:
        if not self.required_headers:
            raise ValueError("at least one column must be required")
        if self.sheet is not None and self.sheets is Sheets.ALL:
            raise ValueError("sheet names the only one, so it does not go with sheets: all")
        self._headers_are_distinct()
        self._named_columns_exist()
        self._targets_are_filled_once()
        return self

    def _headers_are_distinct(self) -> None:
        seen: dict[str, str] = {}
        for text in self.known_headers:
            key = normalize_header(text)
            if not key:
                raise ValueError(f"{text!r} is no header: nothing of it is compared")
            if key in seen:
                raise ValueError(f"columns {seen[key]!r} and {text!r} are the same header")
            seen[key] = text

    def _named_columns_exist(self) -> None:
        named = [rule.column for rule in self.left_out]
        named += [rule.unless for rule in self.columns.values() if rule.unless is not None]
        if self.waybill is not None:
            named += [self.waybill.number, self.waybill.date]
            for header in (self.waybill.number, self.waybill.date):
                if header in self.columns and header not in self.required_headers:
                    raise ValueError(f"waybill: the column {header!r} must be required")
            if self.columns.get(self.waybill.date, ColumnRule()).parse is not Parse.DATE:
                raise ValueError(f"waybill: the column {self.waybill.date!r} must be parsed as a date")
        for header in named:
            if header not in self.columns:
                raise ValueError(f"{header!r} is named but not among the columns")
        for rule in self.left_out:
            if self.columns[rule.column].parse is not Parse.AMOUNT:
                raise ValueError(f"left_out: the column {rule.column!r} must be parsed as an amount")

    def _targets_are_filled_once(self) -> None:
        filled: dict[str, str] = dict.fromkeys(self.constants, "constants")
        if self.waybill is not None:
            filled["naklad"] = "waybill"
        for header, rule in self.columns.items():
            if rule.to is None or rule.unless is not None:
                continue
            if rule.to in filled:
                raise ValueError(f"{rule.to} is filled by {filled[rule.to]!r} and by {header!r}")
            filled[rule.to] = header
        for header, rule in self.columns.items():
            if rule.unless is not None and self.columns[rule.unless].to != rule.to:
                raise ValueError(f"{header!r} stands in for {rule.unless!r}, so both must go to the same column")
        if "period" not in filled:
            raise ValueError("no column goes to period")

    def fingerprint(self) -> str:
        """A digest of everything that decides the result; comments, formatting and `supplier` do not count."""
        canonical = f"{ENGINE_VERSION}:{self.model_dump_json(exclude={'supplier'})}"
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]
