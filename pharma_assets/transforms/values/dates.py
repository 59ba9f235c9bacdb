"""Days and moments as suppliers write them (CONTRACT §6): the caller knows the time zone.

Which of `03/04/2025` is the month, one cell cannot say: see `date_order`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal, DecimalException

from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.layout import DateOrder
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.cells import is_nothing, refuse_long, refuse_unreadable, visible

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "янв январь января jan january",
            "фев февр февраль февраля feb february",
            "мар март марта mar march",
            "апр апрель апреля apr april",
            "май мая may",
            "июн июнь июня jun june",
            "июл июль июля jul july",
            "авг август августа aug august",
            "сен сент сентябрь сентября sep sept september",
            "окт октябрь октября oct october",
            "ноя нояб ноябрь ноября nov november",
            "дек декабрь декабря dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "пн понедельник mon monday",
            "вт вторник tue tues tuesday",
            "ср среда wed wednesday",
            "чт четверг thu thur thurs thursday",
            "пт пятница fri friday",
            "сб суббота sat saturday",
            "вс воскресенье sun sunday",
        )
    )
    for name in names.split()
}
_NAME = r"(?P<name>[а-яёa-z]{3,9})\.?"
_DAY = r"(?P<day>[0-9]{1,2})"
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_LONG_YEAR = r"(?P<year>[0-9]{4})"
_TIME = (
    r"(?:(?: ?t ?|,? (?:в )?)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,:](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<half>[ap]m)?"
    r" ?(?P<zone>z|(?:utc|gmt)?[-+\u2212][0-9]{2}:?[0-9]{2}|[-+\u2212][0-9]{2}|utc|gmt)?)?"
)
_BEFORE = r"(?:(?P<weekday>[а-яa-z]+)[.,]{0,2} )?"
_AFTER = r"(?: ?г(?:ода?)?\.?)?" + _TIME
_NUMERIC = re.compile(
    _BEFORE + r"(?P<first>[0-9]{1,2})(?P<mark>[./-])(?P<second_>[0-9]{1,2})(?P=mark)" + _YEAR + _AFTER
)
_STYLES = tuple(
    re.compile(_BEFORE + date + _AFTER)
    for date in (
        _LONG_YEAR + r"(?P<mark>[-./])(?P<month>[0-9]{1,2})(?P=mark)" + _DAY,
        _LONG_YEAR + r"(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        r'[«"]?' + _DAY + rf'[»"]?[ ./-]?{_NAME}[ ,./-]{{0,2}}' + _YEAR,
        # What SQL Server writes in its default style (`июн  2 2025 12:00AM`), and the American order.
        _NAME + r"[ -]" + _DAY + r"(?:, ?| |-)" + _LONG_YEAR,
    )
)
_SERIAL = re.compile(r"[0-9]{5}(?:[.,][0-9]+)?")
_NUMBER = re.compile(r"[-+]?[0-9 ]+(?:[.,][0-9]+)?")
_DIGITS_OF_A_DAY = re.compile(r"[0-9]{8}")
_EXCEL_EPOCH = datetime(1899, 12, 30)
_FROM_1900_TO_1904 = 1462
_EXCEL_LAST_DAY = 2_958_465  # 31.12.9999
FIRST_YEAR, LAST_YEAR = 1990, 2100


@dataclass(frozen=True)
class DateStyle:
    """How a column's texts are read.

    `slashed`: the order of `03/04/2025` and `03-04-2025`, None where no cell may be read in both ways; `dotted`: that
    of `03.04.2025`; `serials`: texts such as `45810` are day numbers of Excel,
    which count `from_1904` or from 1900.
    """

    slashed: DateOrder | None = None
    dotted: DateOrder = DateOrder.DAY_FIRST
    serials: bool = False
    from_1904: bool = False


PLAIN_STYLE = DateStyle()


def parse_date(text: str, kind: Kind, style: DateStyle = PLAIN_STYLE) -> datetime | None:
    """The moment that a cell says; midnight when it names a day only; None for a dash, which says nothing.

    It is naive local time, or aware where the text names its offset from UTC. Takes, each with or without a time:
    `20.06.2025`, `20/06/2025`, `20-06-2025`, `20.06.25`, `2025-06-20`, `2025/06/20`, `20250620`, `20 июня 2025 г.`,
    `20-Jun-25`, `июн 20 2025 12:00AM`, `Jun 20, 2025`, each after a weekday that is the right one; in numeric cells,
    Excel's day numbers and `20250620`. A month without a day is no date.

    Raises CellProblem VALUE_DATE, also for years outside 1990 to 2100, VALUE_TOO_LONG, CELL_ERROR, FORMULA_NO_VALUE, or
    VALUE_UNPRINTABLE.
    """
    refuse_unreadable(text, kind)
    refuse_long(text)
    plain = plain_text(text)
    if kind is Kind.TEXT and is_nothing(plain):
        return None
    moment: datetime | None = None
    if kind is Kind.NUMBER:
        moment = _of_number(plain, from_1904=style.from_1904)
    elif kind is Kind.TEXT and style.serials and _SERIAL.fullmatch(plain):
        moment = _of_serial(plain.replace(",", "."), from_1904=style.from_1904)
    elif kind in (Kind.TEXT, Kind.DATE):
        moment = _of_text(plain, style)
    if moment is None:
        raise CellProblem("VALUE_DATE")
    return moment


def plain_text(text: str) -> str:
    """The text in the form in which styles are compared: lower case, single blanks, nothing invisible."""
    return " ".join(visible(text).lower().split())


def orders_of(plain: str) -> tuple[str, datetime | None, datetime | None] | None:
    """For a `plain_text` of the style `03/04/2025`: the mark, and what it says day first and month first (None where
    there is no such day). None for other styles."""
    found = _NUMERIC.fullmatch(plain)
    if found is None:
        return None
    part = found.groupdict()
    if part["mark"] == "-" and len(part["year"]) == 2:
        return None  # 20-06-25 may begin with the year
    first, second = int(part["first"]), int(part["second_"])
    return part["mark"], _moment(part, month=second, day=first), _moment(part, month=first, day=second)


def is_serial(plain: str) -> bool:
    """Whether a `plain_text` may be Excel's number of a day within the years that are taken."""
    return _SERIAL.fullmatch(plain) is not None and _of_serial(plain.replace(",", ".")) is not None


def is_other_than_serial(plain: str) -> bool:
    """Whether a `plain_text` that is no serial is a number all the same, or a day in some style."""
    return (
        _NUMBER.fullmatch(plain) is not None or orders_of(plain) is not None or _of_text(plain, PLAIN_STYLE) is not None
    )


def _of_number(text: str, *, from_1904: bool) -> datetime | None:
    if _DIGITS_OF_A_DAY.fullmatch(text):
        return _of_text(text, PLAIN_STYLE)
    return _of_serial(text, from_1904=from_1904)


def _of_serial(text: str, *, from_1904: bool = False) -> datetime | None:
    try:
        days = Decimal(text) + (_FROM_1900_TO_1904 if from_1904 else 0)
        if not 1 <= days <= _EXCEL_LAST_DAY:
            return None
    except DecimalException:  # no number, or NaN
        return None
    # Excel keeps a moment as a fraction of a day; whole seconds are what people typed.
    return _within_years(_EXCEL_EPOCH + timedelta(days=int(days), seconds=round((days % 1) * 86_400)))


def _within_years(moment: datetime) -> datetime | None:
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _of_text(plain: str, style: DateStyle) -> datetime | None:
    if orders := orders_of(plain):
        mark, day_first, month_first = orders
        order = style.dotted if mark == "." else style.slashed
        if order is None:
            return (day_first or month_first) if None in orders or day_first == month_first else None
        return day_first if order is DateOrder.DAY_FIRST else month_first
    for pattern in _STYLES:
        if found := pattern.fullmatch(plain):
            part = found.groupdict()
            month = part.get("month") or _MONTHS.get(part.get("name") or "")
            return _moment(part, int(month), int(part["day"] or 0)) if month else None
    return None


def _moment(part: dict[str, str], month: int, day: int) -> datetime | None:
    year = int(part["year"])
    if len(part["year"]) == 2:
        year += 1900 if year >= FIRST_YEAR % 100 else 2000
    hour = int(part["hour"] or 0)
    if part["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["half"] == "pm" else 0)
    fraction = (part["fraction"] or "").ljust(6, "0")
    if fraction[6:].strip("0"):
        return None  # finer than PostgreSQL keeps
    try:
        moment = datetime(
            year, month, day, hour, int(part["minute"] or 0), int(part["second"] or 0), int(fraction[:6]), _zone(part)
        )
    except ValueError:
        return None
    if part["weekday"] and _WEEKDAYS.get(part["weekday"]) != moment.weekday():
        return None
    return _within_years(moment)


def _zone(part: dict[str, str]) -> timezone | None:
    if not part["zone"]:
        return None
    digits = re.sub("[^0-9]", "", part["zone"]).ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if "-" in part["zone"] or "\u2212" in part["zone"] else offset)
