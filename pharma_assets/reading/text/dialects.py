"""What tells the fields of a text file apart: found by which choice gives the most regular records and the headers."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice

from pharma_assets.reading.text.header_texts import comparable, comparables

DELIMITERS = (";", "\t", "|", ",")
"""Where all else is equal, the first; commas are last, since texts and numbers are full of them."""

_SAMPLE_RECORDS = 1000
_SAMPLE_CHARACTERS = 1 << 18
_HEADER_WITHIN = 100
_SEPARATOR_LINE = re.compile(r'"?sep=([^\w"\r\n])"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
# Commas that hardly part fields: before the blank in «Москва, ул. Ленина», and perhaps that of 1,5.
_COMMA_OF_PROSE = re.compile(r",(?= )")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
# A field that is quoted for the sake of its comma: then all other commas part fields.
_QUOTED_COMMA = re.compile(r'(?:^|,)"(?:[^"\r\n]|"")*,(?:[^"\r\n]|"")*"(?=[,\r\n]|$)', re.MULTILINE)
_FIELD_LIMIT = 1 << 20
_ENCLOSED = re.compile(r"(?:^|(?<=[;,\t|]))'(?:[^'\r\n]|'')*'(?=[;,\t|\r\n]|$)", re.MULTILINE)
_OPENED = re.compile(r"(?:^|(?<=[;,\t|]))'", re.MULTILINE)
_DOUBLE_QUOTED = re.compile(r'(?:^|[;,\t|])"', re.MULTILINE)
_FEW = 3


@dataclass(frozen=True)
class Dialect:
    """How fields are told apart. `width` is the usual number of fields of a record, 0 where nothing is known."""

    delimiter: str
    quote: str = '"'
    width: int = 0


def declared_delimiter(text: str) -> tuple[str, int] | None:
    """The delimiter that a first line such as `sep=;` declares, and the length of that line with its end."""
    declared = _SEPARATOR_LINE.match(text)
    return (declared[1], declared.end()) if declared else None


def choose_dialect(text: str, headers: Collection[str] = (), delimiter: str | None = None) -> Dialect:
    """The dialect of a text by its beginning; `delimiter` if that is known already.

    The delimiter is the one under which a record shows most of `headers`; failing that, the one under which most
    records have many fields, and equally many. The quote is `'` only where fields are enclosed in it throughout.
    """
    sample = text[:_SAMPLE_CHARACTERS]
    if len(sample) < len(text):
        sample = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    quote = "'" if _single_quoted(sample) else '"'
    wanted = comparables(headers)
    views = [_View.of(sample, sign, quote, wanted) for sign in ([delimiter] if delimiter else DELIMITERS)]
    best = max(views, key=lambda view: view.merit(views))
    return Dialect(best.delimiter, quote, best.plain.width)


@dataclass(frozen=True)
class _Shape:
    """How regular records are: the places of those of the usual `width`, and how many `others` are below the first."""

    width: int
    regular: frozenset[int]
    others: int

    @classmethod
    def of(cls, records: Sequence[Sequence[str]]) -> _Shape:
        widths = Counter(len(record) for record in records if len(record) > 1)
        width, times = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        regular = frozenset(place for place, record in enumerate(records) if 1 < len(record) == width)
        filled = sum(len(record) > 0 for record in records[min(regular, default=0) :])
        return cls(width, regular, filled - times)

    @property
    def uniform(self) -> bool:
        """Whether there are several records, all with the same number of fields."""
        return len(self.regular) > 1 and min(self.regular) == self.others == 0

    @property
    def regularity(self) -> float:
        count = len(self.regular)
        return count * count / (count + self.others) * math.log2(self.width) if count else 0.0

    def begins_below(self, other: _Shape) -> bool:
        """Whether the other has these rows as well and a header above them: commas in all addresses are like that."""
        return (
            bool(self.regular and other.regular)
            and min(other.regular) < min(self.regular)
            and len(self.regular - other.regular) * 10 <= len(self.regular)
        )


@dataclass(frozen=True)
class _View:
    """What the records look like under one delimiter.

    `found`: most headers in a record. `sure` is their shape if only commas that surely are delimiters count, `likely`
    if those between digits do as well, and `plain` if all do. For other delimiters there is no difference.
    """

    delimiter: str
    found: int
    plain: _Shape
    likely: _Shape
    sure: _Shape

    @classmethod
    def of(cls, sample: str, delimiter: str, quote: str, wanted: frozenset[str]) -> _View:
        records = _records(sample, delimiter, quote)
        found = max(map(partial(_headers_in, wanted), records[:_HEADER_WITHIN]), default=0) if wanted else 0
        plain = likely = sure = _Shape.of(records)
        if delimiter == "," and not _QUOTED_COMMA.search(sample):
            without_prose = _COMMA_OF_PROSE.sub(".", sample)
            likely = _Shape.of(_records(without_prose, delimiter, quote))
            sure = _Shape.of(_records(_DECIMAL_COMMA.sub(".", without_prose), delimiter, quote))
        return cls(delimiter, found, plain, likely, sure)

    def merit(self, views: Sequence[_View]) -> tuple[int, float, bool]:
        """Orders the views: by headers, then by how many regular records with how many fields there are."""
        regularity = max(self.sure.regularity, self.likely.regularity / 2) if self.sure.regular else 0.0
        if any(self.likely.begins_below(other.likely) for other in views):
            regularity /= 4
        return self.found, regularity, self.plain.uniform


def _headers_in(wanted: frozenset[str], record: Sequence[str]) -> int:
    return len(wanted.intersection(map(comparable, record)))


def _records(sample: str, delimiter: str, quote: str) -> list[list[str]]:
    records: list[list[str]] = []
    csv.field_size_limit(_FIELD_LIMIT)
    reader: Iterator[list[str]] = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, quotechar=quote)
    with suppress(csv.Error):  # the records before it are sample enough; the real reading says what is wrong
        records.extend(islice(reader, _SAMPLE_RECORDS))
    return records


def _single_quoted(sample: str) -> bool:
    """Whether at least one field in each line begins with an apostrophe, and every one that does ends with one."""
    enclosed = len(_ENCLOSED.findall(sample))
    opened = len(_OPENED.findall(sample))
    lines = sample.count("\n") or sample.count("\r")
    return enclosed > _FEW and enclosed == opened and enclosed >= lines and not _DOUBLE_QUOTED.search(sample)
