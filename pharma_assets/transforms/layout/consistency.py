"""What the keys of a layout must agree on with one another. Each key by itself is checked by its model."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pharma_assets.model.target import PRECISION, TYPES, Type
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.layout.columns import ColumnRule, Parse
from pharma_assets.transforms.row_words import Reason

if TYPE_CHECKING:
    from pharma_assets.transforms.layout.flat import Layout

WILDCARDS = frozenset("*?")
"""What no name of a sheet can have."""


def require_consistent(layout: Layout) -> None:
    """Raise ValueError for the first thing in which the layout contradicts itself."""
    if not layout.required_headers:
        raise ValueError("at least one column must be required")
    if layout.takes_hidden_sheets and layout.sheets == "all":
        raise ValueError("sheet names the only one, so it does not go with sheets: all")
    _headers_are_distinct(layout)
    _named_columns_exist(layout)
    _waybill_is_there(layout)
    _composed_are_texts(layout)
    _rules_fit_their_columns(layout)
    _facts_fit_their_targets(layout)
    _targets_are_filled_once(layout)
    _totals_can_be_told(layout)


def _headers_are_distinct(layout: Layout) -> None:
    seen: dict[str, str] = {}
    for text in layout.known_headers:
        key = normalize_header(text)
        if not key:
            raise ValueError(f"{text!r} is no header: nothing of it is compared")
        if key in seen:
            raise ValueError(f"columns {seen[key]!r} and {text!r} are the same header")
        seen[key] = text


def _named_columns_exist(layout: Layout) -> None:
    named = [rule.column for rule in layout.left_out]
    named += [rule.unless for rule in layout.columns.values() if rule.unless is not None]
    for header in [*named, *sorted(layout.composed_of)]:
        if header not in layout.columns:
            raise ValueError(f"{header!r} is named but not among the columns")
        if layout.columns[header].ignored is not None:
            raise ValueError(f"{header!r} is ignored, and named all the same")


def _waybill_is_there(layout: Layout) -> None:
    if layout.waybill is not None:
        for header in (layout.waybill.number, layout.waybill.date):
            if header not in layout.required_headers:
                raise ValueError(f"waybill: the column {header!r} must be required")
        for header in layout.stand_ins[layout.waybill.date]:
            if layout.columns[header].parse is not Parse.DATE:
                raise ValueError(f"waybill: the column {header!r} must be parsed as a date")


def _composed_are_texts(layout: Layout) -> None:
    for header in sorted(layout.parts):
        if layout.columns[header].parse is Parse.AMOUNT:
            raise ValueError(f"{header!r} is an amount, and no text is composed of those")


def _rules_fit_their_columns(layout: Layout) -> None:
    reasons: set[str] = {reason.value for reason in Reason}
    for rule in layout.left_out:
        if rule.reason in reasons:
            raise ValueError(f"left_out: the reason {rule.reason!r} has another meaning already")
        reasons.add(rule.reason)
        amount = layout.columns[rule.column].parse is Parse.AMOUNT
        for value in rule.values:
            if amount and (isinstance(value, str) or not _fits(Decimal(str(value)), layout.columns[rule.column])):
                raise ValueError(f"left_out: {rule.column!r} holds amounts, and {value!r} can be none of them")
            if not amount and not isinstance(value, str):
                raise ValueError(
                    f"left_out: {rule.column!r} is no amount: put {value} in quotes, or parse the column as an amount"
                )


def _fits(number: Decimal, rule: ColumnRule) -> bool:
    scale = TYPES[rule.to].scale if rule.to is not None else Type.AMOUNT.scale
    return number.is_finite() and number == round(number, scale) and number.adjusted() < PRECISION - scale


def _facts_fit_their_targets(layout: Layout) -> None:
    for target, field in layout.registry.items():
        if TYPES[target] is not field.fact.stored_as:
            raise ValueError(f"registry: {target} holds {TYPES[target]}, which {field.fact} is not")


def _targets_are_filled_once(layout: Layout) -> None:
    filled: dict[str, str] = {}
    for name, targets in (
        ("constants", layout.constants),
        ("registry", layout.registry),
        ("composed", layout.composed),
    ):
        for target in targets:
            if target in filled:
                raise ValueError(f"{target} is filled by {filled[target]} and by {name}")
            filled[target] = name
    if layout.waybill is not None:
        if "naklad" in filled:
            raise ValueError(f"naklad is filled by {filled['naklad']} and by waybill")
        filled["naklad"] = "waybill"
    for header, rule in layout.columns.items():
        if rule.to is None or rule.unless is not None:
            continue
        if rule.to in filled:
            raise ValueError(f"{rule.to} is filled by {filled[rule.to]!r} and by {header!r}")
        filled[rule.to] = header
    for header, rule in layout.columns.items():
        if rule.unless is not None and layout.columns[rule.unless].to != rule.to:
            raise ValueError(f"{header!r} stands in for {rule.unless!r}, so both must go to the same column")
    if "period" not in filled:
        raise ValueError("no column goes to period")


def _totals_can_be_told(layout: Layout) -> None:
    """A row of totals is told by what it leaves blank, which is the period in most reports."""
    keys = [rule for rule in layout.columns.values() if rule.parse is not Parse.AMOUNT]
    if not any(rule.filled or rule.to == "period" for rule in keys):
        raise ValueError("without a column that goes to period, one that is no amount must be filled: true")
