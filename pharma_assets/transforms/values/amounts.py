"""Quantities and sums, exactly: a Decimal of the column's scale, nothing, or a problem; nothing is ever rounded.

`1,234` may be 1.234 or 1234, and so may `1.234`. Which it is, only the other cells of its column can tell (`Evidence`):

- `12,5`, `1234,567`, `0,500` and `1 234,567` prove that the comma is the column's decimal mark, `1,234,567` and
  `1,234.50` that it parts thousands; the same with the point;
- where one of the two parts thousands, the other is the decimal mark;
- where thousands stand without comma and point (`1500`, `1 500`), the only mark of the column is the decimal one.

Where nothing tells, or two cells contradict each other, such a cell is VALUE_AMOUNT: there is no default, because a
wrong guess is wrong by a factor of a thousand. All other cells say themselves what they are, whatever stands around
them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from enum import Enum

from pharma_assets.model.target import PRECISION, Type
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.cells import is_nothing, refuse_long, refuse_unreadable, visible

# A float holds 15 significant decimal digits; what Excel computed beyond them is noise that Excel does not show either.
_EXCEL = Context(prec=15)

BLANKS = " \u00a0\u2000-\u200a\u202f\u205f\u3000"
"""The blanks between thousands, as the inside of a character class."""

_MINUS = "-\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"
_FIGURES = rf"[0-9.,](?:[0-9.,'\u2019{BLANKS}]*[0-9.,])?"
_PACKS = r"(?:шт(?:ук[аи]?)?|уп(?:ак(?:ов(?:ка|ки|ок))?)?|ед|pcs?)\.?"
_ROUBLES = r"(?:руб(?:л[ья]|лей)?\.?|р\.?|₽|RU[BR])"
# A sum in a column of quantities, or packs in a column of sums, is no amount: a column was mistaken for another.
_UNITS: dict[Type | None, tuple[str, str]] = {
    Type.AMOUNT: ("", _PACKS),
    Type.MONEY: (rf"(?:{_ROUBLES}[{BLANKS}]*)?", _ROUBLES),
    None: (rf"(?:{_ROUBLES}[{BLANKS}]*)?", f"(?:{_PACKS}|{_ROUBLES})"),
}
_WRITTEN = {
    stored_as: re.compile(
        rf"(?P<sign>[{_MINUS}+])?[{BLANKS}]*{before}"
        rf"(?:\((?P<negated>{_FIGURES})\)|(?P<inner>[{_MINUS}+])?[{BLANKS}]*(?P<figures>{_FIGURES})(?P<after>[{_MINUS}])?)"
        rf"[{BLANKS}]*(?:{after})?",
        re.IGNORECASE,
    )
    for stored_as, (before, after) in _UNITS.items()
}
_GROUPS = rf"[1-9][0-9]{{0,2}}(?:[{BLANKS}'\u2019][0-9]{{3}})+"
_STYLES = tuple(
    re.compile(style)
    for style in (
        rf"(?P<whole>{_GROUPS})(?:(?P<mark>[.,])(?P<fraction>[0-9]*))?",
        r"(?P<whole>[1-9][0-9]{0,2}(?:(?P<group>\.)[0-9]{3})+)(?P<mark>,)(?P<fraction>[0-9]+)",
        r"(?P<whole>[1-9][0-9]{0,2}(?:(?P<group>,)[0-9]{3})+)(?P<mark>\.)(?P<fraction>[0-9]+)",
        r"(?P<whole>[1-9][0-9]{0,2}(?:(?P<group>[.,])[0-9]{3})(?:(?P=group)[0-9]{3})+)",
        r"(?P<whole>[0-9]+)(?:(?P<mark>[.,])(?P<fraction>[0-9]*))?",
        r"(?P<whole>)(?P<mark>[.,])(?P<fraction>[0-9]+)",
    )
)
_NO_DIGIT = re.compile("[^0-9]")


class Role(Enum):
    """What a comma or a point means in a column."""

    DECIMAL = 1
    THOUSANDS = 2


@dataclass(frozen=True)
class Evidence:
    """What cells prove about their column's marks: `,` and `.` that are `decimal`, or part `thousands`; `unmarked`
    where thousands stand without either."""

    decimal: frozenset[str] = frozenset()
    thousands: frozenset[str] = frozenset()
    unmarked: bool = False

    def __or__(self, other: Evidence) -> Evidence:
        return Evidence(self.decimal | other.decimal, self.thousands | other.thousands, self.unmarked or other.unmarked)

    def role(self, mark: str) -> Role | None:
        """What `mark` means in this column; None where that is not proven, or is proven both ways."""
        other = "," if mark == "." else "."
        if mark in self.decimal or mark in self.thousands:
            if mark in self.decimal and mark in self.thousands:
                return None
            return Role.DECIMAL if mark in self.decimal else Role.THOUSANDS
        if other in self.decimal:
            return None
        return Role.DECIMAL if self.unmarked or other in self.thousands else None


NO_EVIDENCE = Evidence()


def declared(comma: bool) -> Evidence:
    """What a layout says of its column: a decimal comma, or else a decimal point; the other mark parts thousands."""
    marks = frozenset(","), frozenset(".")
    return Evidence(*(marks if comma else reversed(marks)))


@dataclass(frozen=True)
class _Figures:
    """Figures as written: the digits before and after the decimal mark, the marks, and whether they may be read in two
    ways (`1,234`)."""

    whole: str
    fraction: str
    mark: str | None
    grouped_by: str | None
    doubtful: bool

    @property
    def evidence(self) -> Evidence:
        if self.doubtful:
            return NO_EVIDENCE
        parts_thousands = self.grouped_by is not None and self.grouped_by in ".,"
        return Evidence(
            decimal=frozenset(self.mark if self.mark and self.fraction else ""),
            thousands=frozenset(self.grouped_by if self.grouped_by and parts_thousands else ""),
            unmarked=not parts_thousands and len(self.whole) > 3 and self.whole[0] != "0",
        )


def parse_amount(text: str, kind: Kind, stored_as: Type | None, evidence: Evidence = NO_EVIDENCE) -> Decimal | None:
    """The number that a cell says, with `stored_as.scale` digits after the point; None for a dash, which says nothing.
    A column that goes nowhere (`stored_as` None) takes the units of quantities and of sums, and a quantity's digits.

    Takes `1234.5`, `1234,5`, `,5`, `1 234,50` with any kind of blank or an apostrophe, `1.234,50`, `1,234.50`,
    `1.234.567`; `-5`, `−5`, `5-` and `(12,5)`; `5 шт.` and `5 уп.` for quantities, `5 руб.` and `₽ 5` for sums. `1,234`
    and `1.234` are read by the `evidence` of their column. An exponent in a text is what a program shows when it has
    rounded, so it is no amount.

    Raises CellProblem VALUE_AMOUNT, VALUE_OUT_OF_RANGE when storing it would need rounding, PRECISION_LOST for a
    numeric cell of over 15 digits, VALUE_TOO_LONG, CELL_ERROR, FORMULA_NO_VALUE, or VALUE_UNPRINTABLE.
    """
    refuse_unreadable(text, kind)
    refuse_long(text)
    type_ = stored_as or Type.AMOUNT
    if kind is Kind.NUMBER:
        return _of_number(text, type_)
    if kind is not Kind.TEXT:
        raise CellProblem("VALUE_AMOUNT")
    plain = visible(text)
    return None if is_nothing(plain) else _stored(_of_text(plain, stored_as, evidence), type_)


def evidence_of(text: str, stored_as: Type | None) -> Evidence:
    """What a text cell proves about the marks of its column."""
    try:
        _, figures = _read(visible(text), stored_as)
    except CellProblem:
        return NO_EVIDENCE
    return figures.evidence


def has_unit(text: str) -> bool:
    """Whether an amount's text says more than the number: шт., уп., ₽."""
    return any(character.isalpha() or character == "₽" for character in text)


def _of_number(text: str, stored_as: Type) -> Decimal:
    try:
        value = _EXCEL.create_decimal(text)
    except DecimalException:
        raise CellProblem("VALUE_AMOUNT") from None
    if not value.is_finite():
        raise CellProblem("VALUE_AMOUNT")
    stored = _stored(value, stored_as)
    if value.adjusted() >= _EXCEL.prec:
        raise CellProblem("PRECISION_LOST")
    return stored


def _of_text(text: str, stored_as: Type | None, evidence: Evidence) -> Decimal:
    negative, figures = _read(text, stored_as)
    role = Role.DECIMAL
    if figures.doubtful:
        doubted = evidence.role(figures.mark or "")
        if doubted is None:
            raise CellProblem("VALUE_AMOUNT")
        role = doubted
    point = "." if role is Role.DECIMAL else ""
    value = Decimal(f"{figures.whole or 0}{point}{figures.fraction}")
    # `-value` would round to the precision of the context.
    return value.copy_negate() if negative else value


def _read(text: str, stored_as: Type | None) -> tuple[bool, _Figures]:
    written = _WRITTEN[stored_as].fullmatch(text)
    if written is None:
        raise CellProblem("VALUE_AMOUNT")
    signs = [sign for sign in (written["sign"], written["inner"], written["after"], written["negated"]) if sign]
    if len(signs) > 1:
        raise CellProblem("VALUE_AMOUNT")
    return bool(signs) and signs[0] != "+", _figures(written["negated"] or written["figures"])


def _figures(text: str) -> _Figures:
    for style in _STYLES:
        if found := style.fullmatch(text):
            part = found.groupdict()
            mark, fraction = part.get("mark"), part.get("fraction") or ""
            whole = _NO_DIGIT.sub("", part["whole"])
            grouped = part["whole"] != whole
            return _Figures(
                whole,
                fraction,
                mark,
                part.get("group") or (" " if grouped else None),
                doubtful=not grouped and len(fraction) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0",
            )
    raise CellProblem("VALUE_AMOUNT")


def _stored(value: Decimal, stored_as: Type) -> Decimal:
    stored = value.quantize(Decimal(1).scaleb(-stored_as.scale)) if value.adjusted() < PRECISION else None
    if stored is None or stored != value or len(stored.as_tuple().digits) > PRECISION:
        raise CellProblem("VALUE_OUT_OF_RANGE", type=stored_as.value)
    return stored
