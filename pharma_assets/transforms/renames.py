"""Which of the headers that nobody knows may be one that is missing: a hint for a person, never acted upon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.layout import Layout

_ALIKE = 0.6


def likely_renames(
    missing: Sequence[str], new: Mapping[int, str], places: Mapping[str, Sequence[int]], layout: Layout
) -> dict[str, str]:
    """For a missing header the new one that it may have become: alike, or standing where it should stand.

    `new`: the headers that the layout does not know, by column. `places`: the columns of the layout's headers that
    are there.
    """
    pairs = sorted(
        (
            (-_likeness(header, text, layout), column, header)
            for header in missing
            for column, text in new.items()
            if _likeness(header, text, layout) >= _ALIKE
        ),
    )
    renames: dict[str, int] = {}
    for _, column, header in pairs:
        if header not in renames and column not in renames.values():
            renames[header] = column
    for header in missing:
        column_beside = _place_beside(header, list(layout.columns), places)
        if header not in renames and column_beside in new and column_beside not in renames.values():
            renames[header] = column_beside
    return {header: new[renames[header]] for header in missing if header in renames}


def _likeness(header: str, text: str, layout: Layout) -> float:
    seen = normalize_header(text)
    return max(_alike(normalize_header(name), seen) for name in (header, *layout.columns[header].aliases))


def _alike(one: str, other: str) -> float:
    words, others = set(one.split()), set(other.split())
    # `количество` and `количество, шт.`: one says all that the other says.
    if words and others and (words <= others or others <= words):
        return 1.0
    return SequenceMatcher(None, one, other).ratio()


def _place_beside(header: str, order: list[str], places: Mapping[str, Sequence[int]]) -> int:
    """The column between those of the header's neighbours in the layout, or beside its only one; -1 if none."""
    at = order.index(header)
    before = places.get(order[at - 1]) if at > 0 else None
    after = places.get(order[at + 1]) if at + 1 < len(order) else None
    if before and after:
        return before[-1] + 1 if after[0] == before[-1] + 2 else -1
    if before and at + 1 == len(order):
        return before[-1] + 1
    return after[0] - 1 if after and at == 0 else -1
