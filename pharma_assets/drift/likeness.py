"""How much a column of today looks like one of yesterday: by its cells, and by its name."""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from pharma_assets.drafting.likeness import IMPOSSIBLE, value_scores
from pharma_assets.drafting.names import Knowledge, name_scores
from pharma_assets.drafting.profiles import Profile
from pharma_assets.drafting.roles import NONE
from pharma_assets.drafting.words import words
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.layout import Layout

# What a whole column is says nothing of how its cells look.
_OF_COLUMNS = frozenset({"one_month", "constant", "long"})
_NOTHING = Knowledge()
_FEW = 40
_UNMISTAKABLE = 0.8


def alike_cells(one: Profile, other: Profile) -> float:
    """From 0 to 1: what share of the looks of the cells of both is the same, or of their very texts."""
    if not one.filled or not other.filled:
        return 0.5 if not one.filled and not other.filled else 0.2
    if min(one.share("inn"), other.share("inn")) >= _UNMISTAKABLE:
        return 1.0
    pairs = [(one.share(look), other.share(look)) for look in one.shares.keys() - _OF_COLUMNS]
    most = sum(max(pair) for pair in pairs)
    looks = sum(min(pair) for pair in pairs) / most if most else 1.0
    length = min(one.share("long"), other.share("long")) / max(one.share("long"), other.share("long"), 1.0)
    return max(0.85 * looks + 0.15 * length, shared_texts(one, other))


def shared_texts(one: Profile, other: Profile) -> float:
    """The share of the commonest texts of the column with fewer of them that the other has too."""
    fewer, more = sorted((one.texts, other.texts), key=len)
    common = fewer[:_FEW]
    return sum(text in set(more) for text in common) / len(common) if common else 0.0


def words_of(column: Profile) -> frozenset[str]:
    """The words of its cells that can be told again elsewhere."""
    return frozenset().union(*column.words)


def says_of(column: Profile, vocabulary: frozenset[str]) -> float:
    """The share of the column's texts that have one of these words."""
    if not column.words or not vocabulary:
        return 0.0
    return sum(not vocabulary.isdisjoint(words) for words in column.words) / len(column.words)


def has_figures_of(whole: Profile, part: Profile) -> float:
    """The share of a column's texts in which figures stand as they do in the other one's commonest text."""
    if not part.shapes or not any(character.isdigit() for character in part.shapes[0]):
        return 0.0
    form = re.compile(r"(?<!\d)" + re.escape(part.shapes[0]).replace("9", r"\d") + r"(?!\d)")
    return sum(form.search(text) is not None for text in whole.texts) / max(1, len(whole.texts))


def alike_names(header: str, text: str, layout: Layout, role: str) -> float:
    """From 0 to 1: how much a header of today says what one of the layout's says, in the same or in other words."""
    seen = normalize_header(text)
    known = [normalize_header(name) for name in (header, *layout.columns[header].aliases)]
    spelt = max(fuzz.ratio(name, seen) / 100 for name in known)
    if any(set(words(name)) and set(words(name)) <= set(words(seen)) for name in known):
        spelt = max(spelt, 0.9)
    meant = 0.0 if role == NONE else name_scores(text, _NOTHING).get(role, 0.0)
    return max(spelt if spelt >= 0.5 else spelt / 2, meant)


def fits_role(column: Profile, role: str) -> float:
    """From 0 to 1: whether the cells of a column can be what a role needs; for want of an earlier report."""
    if role == NONE:
        return 0.5
    score = value_scores(column)[role]
    return 0.0 if score <= IMPOSSIBLE else min(1.0, max(0.0, 0.5 + score / 2))
