"""Codes and names: kept letter for letter."""

from __future__ import annotations

import re

from stdnum.ru import inn

from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.cells import refuse_long, refuse_unreadable

EXACT_DIGITS = 15
"""Excel keeps so many digits of a number and puts zeros in place of the rest."""

# What a csv export of Excel has in place of a long number: `4,60701E+12`. Its digits are gone.
_SHORTENED = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}", re.IGNORECASE)

# What may stand around or between the digits of an INN, and what a number turned into text has behind them.
_NOT_OF_THE_INN = re.compile("[\\s'\u2019`\u200b-\u200e\u2060\ufeff]|[.,]0+\\s*$")


def parse_text(text: str, kind: Kind, *, limited: bool = True) -> str:
    """The text as written, a NUMBER's too. `limited`: it must fit a column of the schema.

    Raises CellProblem CELL_ERROR, FORMULA_NO_VALUE, VALUE_UNPRINTABLE, VALUE_TOO_LONG, or PRECISION_LOST for a number
    that Excel has cut short, be it in the cell (over 15 digits) or in an export to text (`4,60701E+12`).
    """
    refuse_unreadable(text, kind)
    if limited:
        refuse_long(text)
    if kind is Kind.NUMBER:
        if len(text.lstrip("-").replace(".", "").lstrip("0")) > EXACT_DIGITS:
            raise CellProblem("PRECISION_LOST")
    elif "+" in text and _SHORTENED.fullmatch(text.strip()):
        raise CellProblem("PRECISION_LOST")
    return text


def parse_inn(text: str, kind: Kind) -> str:
    """An INN as digits, where the check digits prove it: blanks and apostrophes are taken away, the `.0` of a number
    that was turned into text too, and a lost leading zero is put back. Any other text stays as it is, without the
    blanks around it; the caller reports it. Raises CellProblem as `parse_text` does."""
    seen = parse_text(text, kind).strip()
    digits = _NOT_OF_THE_INN.sub("", seen)
    return next((number for number in (digits, f"0{digits}") if is_valid_inn(number)), seen)


def is_valid_inn(text: str) -> bool:
    """Whether the text is an INN of 10 or 12 digits with the right check digits. No region has the number 00, so a row
    of zeros is none."""
    return text.isascii() and text.isdigit() and not text.startswith("00") and bool(inn.is_valid(text))
