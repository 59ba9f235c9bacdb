"""Codes and names: kept letter for letter."""

from __future__ import annotations

from stdnum.ru import inn

from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.values import CellProblem

# Excel keeps 15 significant digits of a number and puts zeros in place of the rest.
_EXACT_DIGITS = 15


def parse_text(text: str, kind: Kind) -> str:
    """The text as written. Raises CellProblem CELL_ERROR, or PRECISION_LOST for a number that Excel has cut."""
    if kind is Kind.ERROR:
        raise CellProblem("CELL_ERROR")
    if kind is Kind.NUMBER and len(text.lstrip("-").replace(".", "").strip("0")) > _EXACT_DIGITS:
        raise CellProblem("PRECISION_LOST")
    return text


def parse_inn(text: str, kind: Kind) -> str:
    """An INN as digits. A leading zero that was lost is put back where the check digit proves it; any other text stays
    as it is and is reported by the INN check. Raises CellProblem as `parse_text` does."""
    seen = parse_text(text, kind).strip()
    if len(seen) in (9, 11) and seen.isascii() and seen.isdigit() and inn.is_valid(f"0{seen}"):
        return f"0{seen}"
    return seen


def is_valid_inn(text: str) -> bool:
    """Whether the text is an INN of 10 or 12 digits with the right check digits."""
    return text.isascii() and text.isdigit() and bool(inn.is_valid(text))
