"""Tables of Python values, as the builders of reports take them, and their plain forms: text files and dBase."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal


@dataclass(frozen=True)
class Excel:
    """An Excel error, e.g. `#N/A`."""

    error: str


@dataclass(frozen=True)
class Formula:
    """A formula as it stands in the cell, whose value was not saved."""

    text: str


Table = Sequence[Sequence[object]]

NUMBERS = (int, float, Decimal)


def column(number: int) -> str:
    """0 is A."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def serial(value: date) -> float:
    """Excel's number of a day or moment."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    return (moment - datetime(1899, 12, 30)) / timedelta(days=1)


def shown(value: object) -> str:
    """A cell as a person sees it: dates as dd.mm.yyyy."""
    if isinstance(value, Excel):
        return value.error
    return f"{value:%d.%m.%Y}" if isinstance(value, date) else str(value)


def text(value: object) -> str:
    """A cell as it stands in a text file: dates as dd.mm.yyyy, a decimal comma."""
    if value is None:
        return ""
    if isinstance(value, (float, Decimal)):
        return str(value).replace(".", ",")
    return shown(value)


def csv(rows: Table, delimiter: str = ";", encoding: str = "utf-8", end: str = "\r\n") -> bytes:
    """A text file; fields with the delimiter, quotes or line ends in them are quoted."""
    return "".join(delimiter.join(_field(text(cell), delimiter) for cell in row) + end for row in rows).encode(encoding)


def _field(value: str, delimiter: str) -> str:
    return '"' + value.replace('"', '""') + '"' if any(mark in value for mark in (delimiter, '"', "\n")) else value


def dbf(fields: Sequence[tuple[str, str, int, int]], rows: Table, encoding: str = "cp866", driver: int = 0x65) -> bytes:
    """A dBase III table; a field is its name, type, length and decimals. `driver` names the encoding; 0 names none."""
    length = 1 + sum(size for _, _, size, _ in fields)
    head = struct.pack("<B3BIHH", 3, 125, 6, 30, len(rows), 32 + 32 * len(fields) + 1, length)
    head += b"\0" * 17 + bytes([driver]) + b"\0\0"
    for name, kind, size, decimals in fields:
        head += (
            name.encode(encoding).ljust(11, b"\0") + kind.encode() + b"\0" * 4 + bytes([size, decimals]) + b"\0" * 14
        )
    records = b"".join(
        b" " + b"".join(_dbf_cell(cell, *field[1:], encoding) for cell, field in zip(row, fields, strict=True))
        for row in rows
    )
    return head + b"\r" + records + b"\x1a"


def _dbf_cell(value: object, kind: str, size: int, decimals: int, encoding: str) -> bytes:
    if value is None:
        written = ""
    elif kind == "D" and isinstance(value, date):
        written = f"{value:%Y%m%d}"
    elif kind == "N":
        written = f"{value:.{decimals}f}".rjust(size)
    else:
        written = str(value)
    return written.encode(encoding).ljust(size)
