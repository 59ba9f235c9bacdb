"""Quantities and sums, exactly: a Decimal of the column's scale, or a problem; nothing is ever rounded."""

from __future__ import annotations

import re
from decimal import Context, Decimal

from pharma_assets.model.target import Type
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.values import CellProblem

PRECISION = 18

# A float holds 15 significant decimal digits; what Excel computed beyond them is noise that Excel does not show either.
_EXCEL = Context(prec=15)

_SPACE = "[ \u00a0\u2009\u202f]"
_NUMBER = re.compile(
    rf"""
    (?P<open>\()? (?P<sign>[-+\u2212])? {_SPACE}*
    (?:
        (?P<spaced> \d{{1,3}} (?:{_SPACE}\d{{3}})+ ) (?: [.,] (?P<spaced_fraction>\d+) )?
      | (?P<dotted> \d{{1,3}} (?:\.\d{{3}})+ ) , (?P<dotted_fraction>\d+)
      | (?P<commaed> \d{{1,3}} (?:,\d{{3}})+ ) \. (?P<commaed_fraction>\d+)
      | (?P<plain> \d+ ) (?: [.,] (?P<plain_fraction>\d+) )?
    )
    (?P<close>\))?
    """,
    re.VERBOSE | re.ASCII,
)


def parse_amount(text: str, kind: Kind, stored_as: Type) -> Decimal:
    """The number that a cell says, with `stored_as.scale` digits after the point.

    Takes `1234.5`, `1234,5`, `1 234,50` with any kind of blank, `1.234,50`, `1,234.50`, `-5`, `−5` and `(12,5)`.
    Raises CellProblem VALUE_AMOUNT, CELL_ERROR, or VALUE_OUT_OF_RANGE when storing it would need rounding.
    """
    if kind is Kind.ERROR:
        raise CellProblem("CELL_ERROR")
    value = _EXCEL.create_decimal(text) if kind is Kind.NUMBER else _decimal(text.strip())
    stored = value.quantize(Decimal(1).scaleb(-stored_as.scale)) if value.adjusted() < PRECISION else None
    if stored is None or stored != value or len(stored.as_tuple().digits) > PRECISION:
        raise CellProblem("VALUE_OUT_OF_RANGE", type=stored_as.value)
    return stored


def _decimal(text: str) -> Decimal:
    found = _NUMBER.fullmatch(text)
    if found is None or (found["open"] is None) != (found["close"] is None):
        raise CellProblem("VALUE_AMOUNT")
    style = next(name for name in ("plain", "spaced", "dotted", "commaed") if found[name] is not None)
    digits = re.sub(r"\D", "", found[style])
    value = Decimal(f"{digits}.{found[f'{style}_fraction'] or 0}")
    negative = found["open"] is not None or found["sign"] in ("-", "\u2212")
    return -value if negative else value
