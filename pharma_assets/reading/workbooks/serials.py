"""Numbers as Excel stores them: in four bytes, and as dates. xlrd knows the rules of dates, for every format."""
# ruff: noqa: PLC0415 - xlrd is heavy, and importing this module must cost nothing

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace


def is_date_format(number: int, formats: Mapping[int, str]) -> bool:
    """Whether a number format shows dates; `formats` are those that the workbook defines itself."""
    from xlrd.formatting import FDT, is_date_format_string, std_format_code_types

    if number in formats:
        return bool(is_date_format_string(SimpleNamespace(verbosity=0), formats[number]))
    return bool(std_format_code_types.get(number) == FDT)


def moment_of(serial: float, *, is_1904: bool) -> object:
    """The datetime, the time if there is no day in it, or the number itself where it cannot be a date."""
    from xlrd.xldate import xldate_as_datetime

    if serial < 0:
        return serial
    try:
        moment: datetime = xldate_as_datetime(serial, int(is_1904))
    except (OverflowError, ValueError):
        return serial
    return moment.time() if serial < 1 else moment


def rk_number(value: int) -> float:
    """The number of a signed RK value: an integer or the upper half of a double, and perhaps in hundredths."""
    number: float = value >> 2 if value & 2 else struct.unpack("<d", struct.pack("<q", (value & ~3) << 32))[0]
    return number / 100 if value & 1 else number
