"""The text of a csv file → records, each with its line. No row is swallowed by a quote that is not closed."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pharma_assets.errors import PharmaError

MAX_FIELD = 1 << 20
"""Characters in one field."""


@dataclass(frozen=True)
class Records:
    """The fields of each record, and the physical line (from 1) on which it starts."""

    fields: list[list[str]]
    lines: Sequence[int]


def parse(text: str, delimiter: str, first_line: int = 1) -> Records:
    """All records of `text`, whose first line has the number `first_line`.

    Quoting by the book is read so, newlines inside quotes and all. In other files a line with a stray quote
    stands for itself and keeps its quotes as written; a quote that runs on over several lines and does not
    end at a delimiter is CORRUPT_FILE, naming the line on which it opens. Over 1 MB in a field is
    RESOURCE_LIMIT.
    """
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        fields = list(reader)
    except csv.Error as error:
        _refuse_long_field(error, first_line + reader.line_num - 1)
        return _parse_leniently(text, delimiter, first_line)
    if reader.line_num == len(fields):
        return Records(fields, range(first_line, first_line + len(fields)))
    return Records(fields, _lines_of_records(text, delimiter, first_line))


def _lines_of_records(text: str, delimiter: str, first_line: int) -> list[int]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines, next_line = [], first_line
    for _ in reader:
        lines.append(next_line)
        next_line = first_line + reader.line_num
    return lines


def _parse_leniently(text: str, delimiter: str, first_line: int) -> Records:
    source = list(io.StringIO(text, newline=""))
    reader = csv.reader(iter(source), delimiter=delimiter)
    fields: list[list[str]] = []
    lines: list[int] = []
    malformed: list[tuple[int, str]] = []
    start = 0
    try:
        for record in reader:
            own = source[start : reader.line_num]
            if '"' in own[0] and (problem := _problem(own, delimiter)):
                if len(own) > 1 or problem == "unexpected end of data":
                    why = f"the quote opened in line {first_line + start} is not closed before a delimiter"
                    raise PharmaError("CORRUPT_FILE", format="csv", why=why)
                malformed.append((len(fields), own[0]))
            fields.append(record)
            lines.append(first_line + start)
            start = reader.line_num
    except csv.Error as error:
        _refuse_long_field(error, first_line + start)
        raise PharmaError("CORRUPT_FILE", format="csv", why=f"line {first_line + start}: {error}") from error
    _keep_stray_quotes(fields, malformed, delimiter)
    return Records(fields, lines)


def _problem(lines: list[str], delimiter: str) -> str | None:
    """What the strict parser says about one record."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return str(error)
    return None


def _keep_stray_quotes(fields: list[list[str]], malformed: list[tuple[int, str]], delimiter: str) -> None:
    """`"Рога" и копыта;5` is two fields as written, if that gives the width of the other records."""
    if not malformed:
        return
    usual = Counter(map(len, fields)).most_common(1)[0][0]
    for index, line in malformed:
        plain = line.rstrip("\r\n").split(delimiter)
        if len(plain) == usual:
            fields[index] = [_unquoted(field) for field in plain]


def _unquoted(field: str) -> str:
    inner = field[1:-1].replace('""', "")
    if len(field) > 1 and field[0] == field[-1] == '"' and '"' not in inner:
        return field[1:-1].replace('""', '"')
    return field


def _refuse_long_field(error: csv.Error, line: int) -> None:
    if "field larger than field limit" in str(error):
        raise PharmaError("RESOURCE_LIMIT", why=f"a field of over 1 MB in line {line}") from error
