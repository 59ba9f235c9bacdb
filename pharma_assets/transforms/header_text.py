"""How headers are compared, and how columns are called."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_DASHES = re.compile(r"\s*[-\u2010-\u2015\u2212]\s*")
_NO_MATTER = re.compile(r"[\s.,:;_*\"'`«»„“”‘’]+")
_CYRILLIC = re.compile("[а-я]")
_LETTER = re.compile(r"[^\W\d_]")
_LOOK_ALIKES = str.maketrans("aceopxykmthb", "асеорхукмтнв")
_OF_LOOK_ALIKES = frozenset("aceopxykmthb")


@lru_cache(maxsize=8192)
def normalize_header(text: str) -> str:
    """The form in which headers are compared (BAD_INPUTS 46); what is stored is never changed by this.

    No difference is made by case, blanks and line breaks, invisible characters, ё or е, the kind of dash, quotes,
    points, commas, colons, semicolons, underscores and asterisks, and by Latin letters that look Cyrillic, in a text
    that has Cyrillic letters or no other Latin ones.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).replace("ё", "е")
    plain = _INVISIBLE.sub("", plain)
    plain = _DASHES.sub("-", _NO_MATTER.sub(" ", plain)).strip()
    if _CYRILLIC.search(plain) or _OF_LOOK_ALIKES.issuperset(_LETTER.findall(plain)):
        return plain.translate(_LOOK_ALIKES)
    return plain


_ANY, _ONE = "\ue000", "\ue001"


def name_pattern(name: str) -> re.Pattern[str]:
    """What a normalized name must fit in full to be this one; in it `*` stands for any text, `?` for a character."""
    # The comparison leaves asterisks out, so they are something else meanwhile.
    comparable = normalize_header(name.replace("*", _ANY).replace("?", _ONE))
    return re.compile(re.escape(comparable).replace(_ANY, ".*").replace(_ONE, "."), re.DOTALL)


def column_letter(column: int) -> str:
    """Excel's name of a column: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, remainder = divmod(column - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


def column_of_letter(letters: str) -> int:
    """The inverse of `column_letter`."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1
