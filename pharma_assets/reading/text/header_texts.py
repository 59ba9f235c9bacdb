"""Header texts made comparable: known headers are found whatever case, blanks or look-alike letters they have."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

# Latin letters that look Cyrillic, so that headers typed with either are found.
_LOOK_ALIKES = str.maketrans("aceopxykmthbё", "асеорхукмтнве")


def comparable(header: str) -> str:
    """The letters and digits of a header in one case and one alphabet; '' where it has none."""
    plain = unicodedata.normalize("NFKC", header).casefold().translate(_LOOK_ALIKES)
    return "".join(filter(str.isalnum, plain))


def comparables(headers: Collection[str]) -> frozenset[str]:
    """All of them made comparable, without those of which nothing is left."""
    return frozenset(map(comparable, headers)) - {""}
