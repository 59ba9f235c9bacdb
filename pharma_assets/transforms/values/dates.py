"""Days and moments as suppliers write them (CONTRACT §6): naive local times; the caller knows the time zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal

from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.values import CellProblem

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("янв", "jan"),
            ("фев", "feb"),
            ("мар", "mar"),
            ("апр", "apr"),
            ("май", "мая", "may"),
            ("июн", "jun"),
            ("июл", "jul"),
            ("авг", "aug"),
            ("сен", "sep"),
            ("окт", "oct"),
            ("ноя", "nov"),
            ("дек", "dec"),
        ),
        start=1,
    )
    for name in names
}
_TIME = (
    r"(?:[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,:](?P<fraction>\d{1,6}))?)?"
    r" ?(?P<half>[AP]M)?)?"
)
_STYLES = tuple(
    re.compile(date + _TIME, re.IGNORECASE)
    for date in (
        r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})",
        # What SQL Server writes in its default style: `июн  2 2025 12:00AM`.
        r"(?P<name>[а-яёa-z]{3})[а-яёa-z]*\.? +(?P<day>\d{1,2}),? +(?P<year>\d{4})",
    )
)
_EXCEL_EPOCH = datetime(1899, 12, 30)
_EXCEL_LAST_DAY = 2_958_465  # 31.12.9999
_EARLIEST_YEAR = 1990


def parse_date(text: str, kind: Kind) -> datetime:
    """The local moment that a cell says; midnight when it names a day only.

    Takes `20.06.2025`, `2025-06-20`, `июн 20 2025 12:00AM`, `Jun 20 2025 12:00AM`, each with or without a time, and, in
    numeric cells, Excel's serial day numbers. Raises CellProblem VALUE_DATE or CELL_ERROR.
    """
    if kind is Kind.ERROR:
        raise CellProblem("CELL_ERROR")
    moment = _of_serial(text) if kind is Kind.NUMBER else _of_text(text.strip())
    if moment is None or moment.year < _EARLIEST_YEAR:
        raise CellProblem("VALUE_DATE")
    return moment


def _of_serial(text: str) -> datetime | None:
    days = Decimal(text)
    if not 1 <= days <= _EXCEL_LAST_DAY:
        return None
    # Excel keeps a moment as a fraction of a day; whole seconds are what people typed.
    return _EXCEL_EPOCH + timedelta(days=int(days), seconds=round((days % 1) * 86_400))


def _of_text(text: str) -> datetime | None:
    for style in _STYLES:
        found = style.fullmatch(text)
        if found is not None:
            return _of_match(found.groupdict())
    return None


def _of_match(part: dict[str, str | None]) -> datetime | None:
    number = part.get("month")
    month = int(number) if number else _MONTHS.get((part["name"] or "").lower())
    if month is None:
        return None
    hour = int(part["hour"] or 0)
    half = (part["half"] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "PM" else 0)
    microsecond = int((part["fraction"] or "0").ljust(6, "0"))
    try:
        return datetime(
            int(part["year"] or 0),
            month,
            int(part["day"] or 0),
            hour,
            int(part["minute"] or 0),
            int(part["second"] or 0),
            microsecond,
        )
    except ValueError:
        return None
