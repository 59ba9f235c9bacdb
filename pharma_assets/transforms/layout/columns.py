"""The rule of one source column: which header, which target, how its cells are read."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pharma_assets.model.target import REGISTRY_COLUMNS, TYPES, Type
from pharma_assets.transforms.layout.frozen import Frozen

TARGETS = tuple(name for name in TYPES if name not in REGISTRY_COLUMNS)
"""The columns that a layout can fill."""

AMOUNT = "amount"
"""As a target: the `amount_type_N` of the report type."""


def _target(name: str) -> str:
    if name not in TARGETS:
        raise ValueError(f"{name!r} is not a column that a layout can fill")
    return name


Target = Annotated[str, AfterValidator(_target)]


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


class Lookup(Frozen):
    """Values that the source writes in its own words."""

    values: dict[str, str] = Field(
        min_length=1,
        description="word in the source → value to store; case and surrounding blanks do not matter",
    )
    otherwise: str | None = Field(None, description="the value for any other word; without it, the word as written")
    blank: str | None = Field(None, description="the value for a blank cell; without it, nothing")

    @model_validator(mode="after")
    def _distinct_keys(self) -> Lookup:
        keys = [lookup_key(key) for key in self.values]
        if len(set(keys)) < len(keys):
            raise ValueError("two values differ only in case or blanks")
        return self


def lookup_key(text: str) -> str:
    """The form in which words of the source are compared."""
    return text.strip().casefold()


class ColumnRule(Frozen):
    """What becomes of one source column. `Клиент: client_inlaw` is short for `Клиент: {to: client_inlaw}`."""

    to: Target | None = Field(
        None,
        description="the target column; `amount` is the one of the report type. Without it the cells go to `extra`, or "
        "to where another key takes them",
        json_schema_extra={"enum": [None, AMOUNT, *TARGETS]},
    )
    parse: Parse = Field(
        Parse.TEXT,
        description="how cells are read: `text`, `inn`, `amount` or `date`. It follows from `to`, and is to be given "
        "only where there is none, or to switch a text column between `text` and `inn`",
    )
    required: bool = Field(
        True,
        description="without this header a row is no header, and the file fails with `HEADER_NOT_FOUND` or "
        "`MISSING_COLUMN`",
    )
    filled: bool = Field(False, description="a blank cell rejects its row with `VALUE_MISSING`")
    lookup: Lookup | None = Field(None, description="what the source's words mean; text columns only")
    unless: str | None = Field(
        None, description="this column counts only where the named one is absent; both must have the same `to`"
    )
    aliases: tuple[str, ...] = Field(
        (), description="other headers under which the column comes; two of them in one file are `AMBIGUOUS_COLUMN`"
    )
    ignored: str | None = Field(
        None,
        min_length=1,
        description="why nobody needs the column, which may be absent then. Its cells are kept in `extra` all the "
        "same, and the column is not reported as unknown",
    )
    dates: DateOrder = Field(
        DateOrder.AUTO,
        description="how `03/04/2025` is read where neither its column nor the month tells; date columns only",
    )
    decimal: DecimalMark = Field(
        DecimalMark.AUTO,
        description="how `1,234` and `1.234` are read where their column does not tell; amount columns only",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        """A target alone is short for a rule; the parser follows from the target. What is ignored may be absent."""
        rule = {"to": value} if isinstance(value, str) else value
        if not isinstance(rule, dict):
            return rule
        follows = {"parse": _default_parse(rule.get("to")), "required": rule.get("ignored") is None}
        return follows | rule

    @model_validator(mode="after")
    def _consistent(self) -> ColumnRule:
        if self.to is not None:
            fitting = _FITTING[TYPES[self.to]]
            if self.parse not in fitting:
                raise ValueError(f"{self.to} holds {TYPES[self.to]}, so parse must be {' or '.join(fitting)}")
            if self.lookup is not None and self.parse is not Parse.TEXT:
                raise ValueError("lookup goes with parse: text")
        if self.dates is not DateOrder.AUTO and self.parse is not Parse.DATE:
            raise ValueError("dates goes with parse: date")
        if self.decimal is not DecimalMark.AUTO and self.parse is not Parse.AMOUNT:
            raise ValueError("decimal goes with parse: amount")
        if self.ignored is not None and self._is_wanted:
            raise ValueError("what is ignored has aliases at most")
        return self

    @property
    def _is_wanted(self) -> bool:
        looked_at = self.to is not None or self.lookup is not None or self.parse is not Parse.TEXT
        return looked_at or self.filled or self.required or self.unless is not None


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
