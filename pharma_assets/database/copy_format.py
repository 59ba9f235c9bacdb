"""COPY's text format: a line for each row, tabs between the fields."""

from __future__ import annotations

NULL = r"\N"

# In this order: the escapes themselves begin with a backslash.
ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}


def escaped(value: str) -> str:
    """The value as it stands in a field."""
    for character, escape in ESCAPES.items():
        value = value.replace(character, escape)
    return value
