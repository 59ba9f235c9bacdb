"""What of a report is personal, and how it is shown to those who need not know it."""

from __future__ import annotations

import re

# The buyer, who may be a person: a pharmacy of one's own is registered under a name.
PERSONAL_COLUMNS = frozenset({"client_inn", "client_inlaw", "client_adress", "client_name"})

_LONG = re.compile(r"\d{5,}|[^\W\d_]{2,}")


def masked(text: str) -> str:
    """Enough to recognise a value that one knows, and not enough to learn it: `50…24`, `О… «Р…»`."""
    return _LONG.sub(lambda found: _shortened(found[0]), text)


def _shortened(word: str) -> str:
    return f"{word[:2]}…{word[-2:]}" if word.isdigit() else f"{word[0]}…"
