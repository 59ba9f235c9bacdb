"""What a column can be to a layout: a target of the schema, or a part that the layout composes or leaves alone."""

from __future__ import annotations

from pharma_assets.model.target import COLUMNS, REGISTRY_COLUMNS, TYPES, Type

NUMBER = "number"
"""The waybill's number; its date is the period's column."""

AMOUNT = "amount"
"""The quantity, which goes to the `amount_type_N` of the report type."""

NONE = "none"
"""Kept in `extra`: the schema has no place for it. Any number of columns may be so, one of every other role."""

TARGETS = tuple(
    column.name for column in COLUMNS if column.name not in REGISTRY_COLUMNS and column.type is not Type.AMOUNT
)
ROLES = (*TARGETS, AMOUNT, NUMBER)
NUMERIC = frozenset({AMOUNT, *(name for name in TARGETS if TYPES[name].is_numeric)})
MOMENTS = frozenset(name for name in TARGETS if TYPES[name] is Type.MOMENT)
