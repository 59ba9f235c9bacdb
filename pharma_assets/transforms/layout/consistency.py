"""What the keys of a layout must agree on with one another. Each key by itself is checked by its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.layout.columns import ColumnRule, Parse

if TYPE_CHECKING:
    from pharma_assets.transforms.layout.flat import Layout


def require_consistent(layout: Layout) -> None:
    """Raise ValueError for the first thing in which the layout contradicts itself."""
    if not layout.required_headers:
        raise ValueError("at least one column must be required")
    if layout.sheet is not None and layout.sheets == "all":
        raise ValueError("sheet names the only one, so it does not go with sheets: all")
    _headers_are_distinct(layout)
    _named_columns_exist(layout)
    _targets_are_filled_once(layout)


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
    waybill = layout.waybill
    if waybill is not None:
        named += [waybill.number, waybill.date]
        for header in (waybill.number, waybill.date):
            if header in layout.columns and header not in layout.required_headers:
                raise ValueError(f"waybill: the column {header!r} must be required")
        if layout.columns.get(waybill.date, ColumnRule()).parse is not Parse.DATE:
            raise ValueError(f"waybill: the column {waybill.date!r} must be parsed as a date")
    for header in named:
        if header not in layout.columns:
            raise ValueError(f"{header!r} is named but not among the columns")
    for rule in layout.left_out:
        if layout.columns[rule.column].parse is not Parse.AMOUNT:
            raise ValueError(f"left_out: the column {rule.column!r} must be parsed as an amount")


def _targets_are_filled_once(layout: Layout) -> None:
    filled: dict[str, str] = dict.fromkeys(layout.constants, "constants")
    if layout.waybill is not None:
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
