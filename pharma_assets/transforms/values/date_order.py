"""How a column writes its days: one style for all its cells, proven by them or by the month of the folder.

- `20/06/2025` proves that the day comes first, `06/20/2025` that the month does; the same with hyphens. Where nothing
  is proven, and there are cells that can be read in both ways, the order under which all of these lie in the folder's
  month is taken, if the other order does not do the same. Otherwise, and where both orders are proven, the file is in
  doubt.
- With points the day comes first, as everywhere in Russia. Only where points prove the contrary at least as often as
  they prove that, the file is in doubt.
- A rule of the layout settles both; with points, a month comes first only where a cell with points proves it, too.
- `45810` as a text is Excel's day number only in a column in which no text is another number or a day in another style.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from pharma_assets.errors import PharmaError
from pharma_assets.transforms.layout import DateOrder
from pharma_assets.transforms.values.cells import is_nothing
from pharma_assets.transforms.values.dates import DateStyle, is_other_than_serial, is_serial, orders_of, plain_text


@dataclass
class _Seen:
    """What the cells with one kind of mark say."""

    day_first: int = 0
    month_first: int = 0
    open: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    def add(self, text: str, day_first: datetime | None, month_first: datetime | None) -> None:
        if day_first is not None and month_first is not None:
            if day_first != month_first:
                self.open.append((text, day_first, month_first))
        elif day_first is not None:
            self.day_first += 1
        elif month_first is not None:
            self.month_first += 1


def date_style(header: str, texts: Iterable[str], rule: DateOrder, month: date | None) -> DateStyle:
    """The style of a column from its distinct text cells, the layout's rule, and the folder's month if it is to count.

    Raises PharmaError DATE_AMBIGUOUS.
    """
    slashed, dotted = _Seen(), _Seen()
    serials, others = 0, 0
    for text in texts:
        plain = plain_text(text)
        if orders := orders_of(plain):
            (dotted if orders[0] == "." else slashed).add(text.strip(), *orders[1:])
        if is_serial(plain):
            serials += 1
        elif not is_nothing(plain) and is_other_than_serial(plain):
            others += 1
    return DateStyle(
        _slashed(header, slashed, rule, month), _dotted(header, dotted, rule), serials=serials > 0 and others == 0
    )


def _slashed(header: str, seen: _Seen, rule: DateOrder, month: date | None) -> DateOrder | None:
    if rule is not DateOrder.AUTO:
        return rule
    if not seen.open:
        return None
    if not (seen.day_first or seen.month_first):
        return _by_month(header, seen, month)
    if seen.day_first and seen.month_first:
        raise _in_doubt(header, seen)
    return DateOrder.DAY_FIRST if seen.day_first else DateOrder.MONTH_FIRST


def _by_month(header: str, seen: _Seen, month: date | None) -> DateOrder:
    if month is not None:
        day_first = all((day.year, day.month) == (month.year, month.month) for _, day, _ in seen.open)
        month_first = all((day.year, day.month) == (month.year, month.month) for _, _, day in seen.open)
        if day_first != month_first:
            return DateOrder.DAY_FIRST if day_first else DateOrder.MONTH_FIRST
    raise _in_doubt(header, seen)


def _dotted(header: str, seen: _Seen, rule: DateOrder) -> DateOrder:
    if seen.month_first and rule is DateOrder.MONTH_FIRST:
        return rule
    if seen.open and seen.month_first and seen.month_first >= seen.day_first and rule is DateOrder.AUTO:
        raise _in_doubt(header, seen)
    return DateOrder.DAY_FIRST


def _in_doubt(header: str, seen: _Seen) -> PharmaError:
    return PharmaError("DATE_AMBIGUOUS", column=header, example=seen.open[0][0])
