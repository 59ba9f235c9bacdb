"""Cell references as Excel writes them: `C5`."""

from __future__ import annotations


def column_number(letters: bytes) -> int:
    """A → 1, XFD → 16384; 0 for no letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
