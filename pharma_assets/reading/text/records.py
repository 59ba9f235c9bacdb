"""A block of text → records, each with its line. No row is swallowed by a quote that is not closed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pharma_assets.errors import PharmaError
from pharma_assets.reading.text.dialects import Dialect

MAX_LINE = 1 << 20
"""Characters in one line or one field."""

MAX_WIDTH = 1 << 14
"""Fields in one record: as many as Excel has columns."""

_UNFINISHED = "unexpected end of data"


@dataclass(frozen=True)
class Records:
    """The fields of each record, and the physical line (from 1) on which it starts.

    `rest` is what begins in `next_line`: a record whose quote this text does not close.
    """

    fields: list[list[str]]
    lines: Sequence[int]
    next_line: int
    rest: str = ""


def parse(text: str, dialect: Dialect, first_line: int = 1, *, final: bool = True) -> Records:
    """All records of `text`, which begins with the line `first_line`; more text may follow unless it is `final`.

    Quoting by the book is read so, newlines inside quotes and all. A line with a stray quote stands for itself: its
    quotes are kept as written, or read as escapes by backslash if that gives the usual width. A quote that runs on over
    several lines and does not end at a delimiter is CORRUPT_FILE, naming the line on which it opens; so is one that
    does, if each of its lines is a whole record by itself. Too long a line or field, or too many fields, is
    RESOURCE_LIMIT.
    """
    refuse_long_line(text, first_line)
    reader = _reader(io.StringIO(text, newline=""), dialect, strict=True)
    try:
        fields = list(reader)
    except csv.Error:
        return _parse_carefully(text, dialect, first_line, final=final)
    if reader.line_num > len(fields):  # some quote holds a newline
        return _parse_carefully(text, dialect, first_line, final=final)
    next_line = first_line + reader.line_num
    lines = range(first_line, next_line)
    _refuse_wide_record(fields, lines)
    return Records(fields, lines, next_line)


def refuse_long_line(text: str, first_line: int) -> None:
    """RESOURCE_LIMIT if a line of `text` is over `MAX_LINE`."""
    start = 0
    while len(text) - start > MAX_LINE:
        end = max(text.rfind("\n", start, start + MAX_LINE), text.rfind("\r", start, start + MAX_LINE))
        if end < 0:
            line = first_line + len(re.findall(r"\r\n|\r|\n", text[:start]))
            raise PharmaError("RESOURCE_LIMIT", why=f"line {line} is over 1 MB long")
        start = end + 1


def _reader(lines: Iterable[str], dialect: Dialect, **options: Any) -> Any:
    csv.field_size_limit(MAX_LINE)
    return csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, **options)


def _parse_carefully(text: str, dialect: Dialect, first_line: int, *, final: bool) -> Records:
    source = list(io.StringIO(text, newline=""))
    reader = _reader(iter(source), dialect)
    fields: list[list[str]] = []
    lines: list[int] = []
    start = 0
    try:
        for lenient in reader:
            own = source[start : reader.line_num]
            record, line = lenient, first_line + start
            if dialect.quote in own[0]:
                if not final and reader.line_num == len(source) and _ends_in_quote(own, dialect):
                    _refuse_wide_record(fields, lines)
                    return Records(fields, lines, line, "".join(own))
                problem = _problem(own, dialect)
                if problem and (len(own) > 1 or problem == _UNFINISHED):
                    why = f"the quote opened in line {line} is not closed before a delimiter"
                    raise PharmaError("CORRUPT_FILE", format="csv", why=why)
                if len(own) > 1 and _may_swallow(own, dialect):
                    last = line + len(own) - 1
                    why = f"the quote opened in line {line} and closed in line {last} holds what may be whole records"
                    raise PharmaError("CORRUPT_FILE", format="csv", why=why)
                if problem:
                    record = _as_written(own[0], dialect)
            fields.append(record)
            lines.append(line)
            start = reader.line_num
    except csv.Error as error:
        line = first_line + start
        if "field larger than field limit" in str(error):
            why = f"a field of over 1 MB, or a quote that is not closed, in line {line}"
            raise PharmaError("RESOURCE_LIMIT", why=why) from error
        raise PharmaError("CORRUPT_FILE", format="csv", why=f"line {line}: {error}") from error
    _refuse_wide_record(fields, lines)
    return Records(fields, lines, first_line + len(source))


def _ends_in_quote(lines: list[str], dialect: Dialect) -> bool:
    """Whether a record goes on in the line below these."""
    return len(list(_reader([*lines, "x"], dialect))) == 1


def _problem(lines: list[str], dialect: Dialect) -> str | None:
    """What the strict parser says about one record."""
    try:
        list(_reader(lines, dialect, strict=True))
    except csv.Error as error:
        return str(error)
    return None


def _may_swallow(lines: list[str], dialect: Dialect) -> bool:
    """Whether a record of several lines, in which only one field is quoted, could be several records as well.

    `1;"Рога;2` above `2;Копыта";3` are two records with stray quotes, or one with a newline: nobody can tell.
    """
    return (
        sum(line.count(dialect.quote) for line in lines) == 2
        and dialect.width > 1
        and all(line.count(dialect.delimiter) == dialect.width - 1 for line in lines)
    )


def _as_written(line: str, dialect: Dialect) -> list[str]:
    """`"Рога" и копыта;5` is two fields as written, `"ООО \\"Рога; копыта\\"";5` two with escapes."""
    escape = "\\" + dialect.quote
    if escape in line and "\\" not in line.replace("\\\\", "").replace(escape, ""):
        try:
            (record,) = _reader([line], dialect, strict=True, doublequote=False, escapechar="\\")
        except (csv.Error, ValueError):
            record = []
        if record and len(record) == dialect.width:
            return list(record)
    return [_unquoted(field, dialect.quote) for field in line.rstrip("\r\n").split(dialect.delimiter)]


def _unquoted(field: str, quote: str) -> str:
    if len(field) > 1 and field[0] == field[-1] == quote and quote not in field[1:-1].replace(quote * 2, ""):
        return field[1:-1].replace(quote * 2, quote)
    return field


def _refuse_wide_record(fields: list[list[str]], lines: Sequence[int]) -> None:
    width = max(map(len, fields), default=0)
    if width > MAX_WIDTH:
        at = next(index for index, record in enumerate(fields) if len(record) == width)
        raise PharmaError("RESOURCE_LIMIT", why=f"a record of {width:,} fields in line {lines[at]}")
