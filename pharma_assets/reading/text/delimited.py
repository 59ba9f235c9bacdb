"""csv, txt and tsv: the encoding, then the dialect, then records with the line on which each starts.

A file is read in blocks, so that a large one is never in memory as Python objects.
"""

from __future__ import annotations

import codecs
import re
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import NUL_SHOWN, text_column
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document, Sheet
from pharma_assets.reading.text.columns import Numbers, TextColumns, with_nulls
from pharma_assets.reading.text.dialects import Dialect, choose_dialect, declared_delimiter
from pharma_assets.reading.text.encodings import choose_encoding, line_of
from pharma_assets.reading.text.plain_blocks import read_plain
from pharma_assets.reading.text.records import MAX_LINE, parse, refuse_long_line

MAX_BOX = 100_000_000
"""Fields once every record is filled up to the widest one."""

_BLOCK, _LARGEST_BLOCK = 1 << 19, 1 << 24
_COLUMNS_OF_A_BLOCK = 64
_MANY_NULS = 64
_TAIL = 4096
_END_OF_FILE = re.compile(r"\x1a[\x00\x1a\r\n\t ]*\Z")
_MARK = "\ufeff"
_MARKS = re.compile(r"(?:\A|(?<=[\r\n]))\ufeff+")


def read_csv(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a text file as one sheet. ENCODING_UNKNOWN, CORRUPT_FILE and RESOURCE_LIMIT name the line.

    A NUL character is shown as `␀`; many of them together, or at the end, are CORRUPT_FILE. A byte order mark before a
    line and what follows a final Ctrl-Z are left out.
    """
    encoding = choose_encoding(content, hints.headers)
    source = _Source(content, encoding)
    text = source.read(_BLOCK).lstrip(_MARK)
    declared = declared_delimiter(text)
    next_line = 1
    if declared is not None:
        next_line, text = 2, text[declared[1] :]
    dialect = choose_dialect(text, hints.headers, declared[0] if declared else None)
    sheet = _GrowingSheet(_expected_rows(text, len(content)))
    # The wider the rows, the fewer blocks: each costs time for every column.
    block = min(_BLOCK * (dialect.width // _COLUMNS_OF_A_BLOCK + 1), _LARGEST_BLOCK)
    next_line, rest = sheet.add(text, dialect, next_line, final=source.ended)
    while not source.ended:
        next_line, rest = sheet.add(rest + source.read(block), dialect, next_line, final=source.ended)
    return Document("csv", "csv", (sheet.finish(),), encoding, dialect.delimiter)


def _expected_rows(first_block: str, size: int) -> int:
    """A good guess at how many rows a file of `size` bytes has; what is not needed of it takes no memory."""
    lines = max(first_block.count("\n"), first_block.count("\r")) + 1
    return lines * (size // _BLOCK + 1) * 5 // 4


class _Source:
    """The bytes of a file, decoded piece by piece."""

    def __init__(self, content: bytes, encoding: str) -> None:
        self._content = content
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._at, self._end = 0, _end(content, encoding)

    @property
    def ended(self) -> bool:
        return self._at >= self._end

    def read(self, size: int) -> str:
        """The text of the next `size` bytes."""
        start, self._at = self._at, min(self._at + size, self._end)
        return self._decoder.decode(self._content[start : self._at], self.ended).replace("\0", NUL_SHOWN)


def _end(content: bytes, encoding: str) -> int:
    """Where the text ends: before a Ctrl-Z of old programs. CORRUPT_FILE where the rest of an upload is NUL bytes."""
    unit, plain = 1, "latin-1"
    if encoding.startswith("utf-16"):
        big = encoding == "utf-16-be" or content.startswith(b"\xfe\xff")
        unit, plain = 2, "utf-16-be" if big else "utf-16-le"
    tail = content[max(0, len(content) - _TAIL) & -unit :].decode(plain, "replace")
    found = _END_OF_FILE.search(tail)
    end = len(content) - unit * len(found[0]) if found else len(content)
    at = content.find(bytes(unit * _MANY_NULS), 0, end)
    if at < 0 and end > unit and content.endswith(bytes(2 * unit), 0, end):
        at = len(content[:end].rstrip(b"\0"))
    if at >= 0:
        why = f"from line {line_of(content, at, encoding)} on there are NUL bytes instead of text: it was cut off"
        raise PharmaError("CORRUPT_FILE", format="csv", why=why)
    return end


class _GrowingSheet:
    """The records so far, as columns."""

    def __init__(self, expected: int) -> None:
        self._columns = TextColumns(expected)
        self._rows, self._widths = Numbers(expected), Numbers(expected)

    def add(self, text: str, dialect: Dialect, first_line: int, *, final: bool) -> tuple[int, str]:
        """Take in the records of `text`; returns what is left of it, as the number of its first line and its text."""
        whole = len(text) if final else _last_line_end(text)
        refuse_long_line(text if final or len(text) - whole > MAX_LINE else text[:whole], first_line)
        lines, tail = text[:whole], text[whole:]
        if _MARK in lines:
            lines = _MARKS.sub("", lines)
        table = read_plain(lines, dialect, self._columns.types(dialect.width))
        if table is not None:
            self._refuse_large_box(dialect.width, table.num_rows)
            arrays = [with_nulls(column.combine_chunks()) for column in table.itercolumns()]
            rows = np.arange(first_line, first_line + table.num_rows, dtype=np.int32)
            self._append(arrays, rows, np.full(len(rows), dialect.width, np.int32))
            return first_line + len(rows), tail
        records = parse(lines, dialect, first_line, final=final)
        widths = np.fromiter(map(len, records.fields), np.int32, len(records.fields))
        width = int(widths.max(initial=0))
        self._refuse_large_box(width, len(widths))
        arrays = [text_column(column)[0] for column in zip_longest(*records.fields, fillvalue="")]
        self._append(arrays, np.asarray(records.lines, dtype=np.int32), widths)
        return records.next_line, records.rest + tail

    def _append(self, arrays: list[pa.Array], rows: npt.NDArray[np.int32], widths: npt.NDArray[np.int32]) -> None:
        self._columns.append(arrays, len(rows))
        self._rows.extend(rows)
        self._widths.extend(widths)

    def _refuse_large_box(self, width: int, height: int) -> None:
        width, height = max(width, self._columns.width), self._columns.height + height
        if width * height > MAX_BOX:
            raise PharmaError("RESOURCE_LIMIT", why=f"a record of {width:,} fields among {height:,} records")

    def finish(self) -> Sheet:
        columns, kinds = self._columns.finish()
        return Sheet("csv", self._rows.array, columns, kinds, self._widths.array)


def _last_line_end(text: str) -> int:
    """Where the last line ends that is there in full. A final `\\r` may be half of `\\r\\n`."""
    return text.rfind("\n") + 1 or text.rfind("\r", 0, len(text) - 1) + 1
