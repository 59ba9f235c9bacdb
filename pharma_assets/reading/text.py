"""csv, txt and tsv: the encoding, then the delimiter, then records with the line on which each starts."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import islice, zip_longest

import numpy as np

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import text_column
from pharma_assets.reading.encodings import decode
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.records import MAX_FIELD, Records, parse
from pharma_assets.reading.sheet import Document, Sheet

DELIMITERS = (";", ",", "\t")
MAX_BOX = 100_000_000
"""Fields once every record is filled up to the widest one."""

_SAMPLE_RECORDS = 30
_SAMPLE_CHARACTERS = 1 << 18
_SEPARATOR_LINE = re.compile(r'"?sep=([^\w"\r\n])"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
# Latin letters that look Cyrillic, so that headers typed with either are found.
_LOOK_ALIKES = str.maketrans("aceopxykmthbё", "асеорхукмтнве")


def read_csv(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a text file as one sheet. ENCODING_UNKNOWN, CORRUPT_FILE and RESOURCE_LIMIT name the line."""
    text, encoding = decode(content, hints.headers)
    if "\x00" in text:
        raise PharmaError("CORRUPT_FILE", format="csv", why=f"NUL byte in line {_line_of(text, text.index(chr(0)))}")
    first_line, delimiter = 1, None
    if declared := _SEPARATOR_LINE.match(text):
        text, first_line, delimiter = text[declared.end() :], 2, declared[1]
    delimiter = delimiter or choose_delimiter(text, hints.headers)
    records = parse(text, delimiter, first_line)
    return Document("csv", "csv", (_sheet(records),), encoding, delimiter)


def choose_delimiter(text: str, headers: Collection[str] = ()) -> str:
    """The delimiter under which one record shows most headers; failing that, the most constant width."""
    wanted = {_comparable(header) for header in headers}
    sample = text[:_SAMPLE_CHARACTERS]

    def score(delimiter: str) -> tuple[int, float, int]:
        records = _sample_records(sample, delimiter)
        found = max((len(wanted.intersection(map(_comparable, record))) for record in records), default=0)
        widths = Counter(len(record) for record in records if record)
        width, times = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return found, times / len(records) if width > 1 else 0.0, width

    return max(DELIMITERS, key=score)


def _sample_records(sample: str, delimiter: str) -> list[list[str]]:
    records: list[list[str]] = []
    csv.field_size_limit(MAX_FIELD)
    reader: Iterator[list[str]] = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    with suppress(csv.Error):  # the records before it are sample enough; the real reading says what is wrong
        records.extend(islice(reader, _SAMPLE_RECORDS))
    return records


def _comparable(header: str) -> str:
    plain = unicodedata.normalize("NFKC", header).casefold().translate(_LOOK_ALIKES)
    return "".join(filter(str.isalnum, plain))


def _line_of(text: str, at: int) -> int:
    return len(re.findall(r"\r\n|\r|\n", text[:at])) + 1


def _sheet(records: Records) -> Sheet:
    fields = records.fields
    widths = np.fromiter(map(len, fields), dtype=np.int32, count=len(fields))
    width = int(widths.max(initial=0))
    if width * len(fields) > MAX_BOX:
        raise PharmaError("RESOURCE_LIMIT", why=f"a record of {width} fields among {len(fields)} records")
    columns = [text_column(column) for column in zip_longest(*fields, fillvalue="")]
    return Sheet(
        name="csv",
        rows=np.asarray(records.lines, dtype=np.int32),
        columns=tuple(array for array, _ in columns),
        kinds=tuple(kinds for _, kinds in columns),
        widths=widths,
    )
