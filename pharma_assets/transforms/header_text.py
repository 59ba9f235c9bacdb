"""How headers are compared, and how columns are called."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_CYRILLIC = re.compile("[а-я]")
_LOOK_ALIKES = str.maketrans("aceopxykmth", "асеорхукмтн")


def normalize_header(text: str) -> str:
    """The form in which headers are compared: case, blanks, ё/е, invisible characters and Latin letters that look
    Cyrillic in a Cyrillic text make no difference (BAD_INPUTS 46). What is stored is never changed by this."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold().replace("ё", "е")
    plain = " ".join(plain.split())
    return plain.translate(_LOOK_ALIKES) if _CYRILLIC.search(plain) else plain


def column_letter(column: int) -> str:
    """Excel's name of a column: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, remainder = divmod(column - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters
