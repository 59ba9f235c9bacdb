"""What every parser refuses, whatever its column is, and what is nothing in a column of figures or days."""

from __future__ import annotations

import re

from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.values import CellProblem

TEXT_LIMIT = 1_000
"""Characters of a text that is stored in a column of the schema."""

# PostgreSQL refuses a row whose key in a btree index is over 2,704 bytes with its header; supplier_id and client_inn
# are indexed, and any text may be sent to them.
BYTES_LIMIT = 2_600

UNPRINTABLE = ("\u2400", "\0")
"""The reader's sign for a NUL, and the NUL itself, which PostgreSQL does not take."""

# Excel's errors as its csv exports write them, in English, Russian and Ukrainian, and LibreOffice's own.
_ERRORS = frozenset(
    """
    #N/A #REF! #VALUE! #DIV/0! #NAME? #NUM! #NULL! #GETTING_DATA #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #BUSY!
    #UNKNOWN! #EXTERNAL!
    #Н/Д #ССЫЛКА! #ЗНАЧ! #ДЕЛ/0! #ИМЯ? #ЧИСЛО! #ПУСТО! #ПЕРЕНОС! #ВЫЧИСЛ! #ПОЛЕ! #ЗАБЛОКИРОВАНО! #ПОДКЛЮЧЕНИЕ!
    #ПОСИЛАННЯ! #ДІЛ/0! #ІМ'Я? #ССЫЛ! #ЗНАЧЕН! #ЗНАЧЕНИЕ!
    """.casefold().split()
)
# A column that was too narrow for its numbers, in the text exports of Excel.
_TOO_NARROW = re.compile("#{3,}")

_INVISIBLE = str.maketrans("", "", "\u200b\u200c\u200d\u200e\u2060\ufeff")
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"


def refuse_unreadable(text: str, kind: Kind) -> None:
    """Raise CellProblem for a cell that no column can take: CELL_ERROR for an Excel error, also where it came as text;
    FORMULA_NO_VALUE; VALUE_UNPRINTABLE for a text with a NUL."""
    if kind is Kind.ERROR:
        raise CellProblem("CELL_ERROR")
    if kind is Kind.FORMULA:
        raise CellProblem("FORMULA_NO_VALUE")
    if kind is Kind.TEXT and "#" in text:
        plain = text.strip()
        if plain.casefold() in _ERRORS or _TOO_NARROW.fullmatch(plain):
            raise CellProblem("CELL_ERROR")
    if any(sign in text for sign in UNPRINTABLE):
        raise CellProblem("VALUE_UNPRINTABLE")


def refuse_long(text: str) -> None:
    """Raise CellProblem VALUE_TOO_LONG for a text that does not fit a column of the schema."""
    if len(text) > TEXT_LIMIT:
        raise CellProblem("VALUE_TOO_LONG", length=len(text), limit=TEXT_LIMIT)
    encoded = text.encode("utf-8", "replace")
    if len(encoded) > BYTES_LIMIT:
        fitting = len(encoded[:BYTES_LIMIT].decode("utf-8", "ignore"))
        raise CellProblem("VALUE_TOO_LONG", length=len(text), limit=fitting)


def visible(text: str) -> str:
    """The text without whitespace around it and invisible characters in it; for figures and days, never for names."""
    return text.translate(_INVISIBLE).strip()


def is_nothing(text: str) -> bool:
    """Whether a `visible` text is what people write into a figure's or a day's place when there is none: dashes."""
    return not text.strip(_DASHES)
