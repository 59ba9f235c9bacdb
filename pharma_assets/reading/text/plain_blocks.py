"""Blocks of text that are so regular that Arrow's parser reads them exactly as `records` would, only much faster."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pharma_assets.reading.text.dialects import Dialect

_LF, _CR = 0x0A, 0x0D


def read_plain(text: str, dialect: Dialect, types: list[pa.DataType]) -> pa.Table | None:
    """The columns of a block, a row for each of its lines, or None where some line needs a closer look.

    A look is needed at lines of another width than `types`, blank ones, those that end in `\\r` alone, and quotes
    that are not by the book or hold a newline. The block must begin and end with a record.
    """
    from pyarrow import csv  # noqa: PLC0415

    width = len(types)
    data = text.encode()
    if width < 2 or not dialect.delimiter.isascii() or data.count(b"\r") != data.count(b"\r\n") or _blank_line(data):
        return None
    quoting = _quoting(data, dialect)
    if quoting is None:
        return None
    names = [str(place) for place in range(width)]
    try:
        table = csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(column_names=names, block_size=len(data) + 1, use_threads=False),
            csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote if quoting else False,
                escape_char=False,
                ignore_empty_lines=False,
            ),
            csv.ConvertOptions(column_types=dict(zip(names, types, strict=True)), check_utf8=False, null_values=[]),
            pa.system_memory_pool(),
        )
    except pa.ArrowInvalid:
        return None
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    return table if table.num_rows == lines else None


def _blank_line(data: bytes) -> bool:
    """Whether a line is empty, which Arrow takes for a row of empty fields."""
    return data.startswith((b"\n", b"\r\n")) or b"\n\n" in data or b"\n\r\n" in data


def _quoting(data: bytes, dialect: Dialect) -> bool | None:
    """Whether there are quoted fields; None if there may be, and some quote is not by the book."""
    quote = ord(dialect.quote)
    if dialect.quote.encode() not in data:
        return False
    values = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(values == quote)
    before = np.where(places > 0, values[places - 1], _LF)
    field_starts = _ends_field(before, dialect)
    if not field_starts.any():
        return False
    after = values[np.minimum(places + 1, len(values) - 1)]
    field_ends = _ends_field(after, dialect) | (places == len(values) - 1)
    paired = np.diff(places, append=-2) == 1
    follows = np.concatenate(([False], paired[:-1]))
    # Quotes open and close in turn, and one within a field is written twice.
    opening, closing = np.arange(0, len(places), 2), np.arange(1, len(places), 2)
    by_the_book = (
        len(places) % 2 == 0
        and bool((field_starts[opening] | follows[opening]).all())
        and bool((field_ends[closing] | paired[closing]).all())
        and not np.any(np.searchsorted(places, np.flatnonzero(values == _LF)) % 2)
    )
    return True if by_the_book else None


def _ends_field(values: npt.NDArray[np.uint8], dialect: Dialect) -> npt.NDArray[np.bool_]:
    ends: npt.NDArray[np.bool_] = (values == ord(dialect.delimiter)) | (values == _LF) | (values == _CR)
    return ends
