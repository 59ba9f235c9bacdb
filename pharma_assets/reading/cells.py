"""Cells as Python values → Arrow columns of text, a column at a time.

Text stays exactly as written, but for NUL characters, which become `␀`, and halves of surrogate pairs, which become
`?`. Numbers become their shortest exact form, without exponent and without `.0`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Kind

Column = tuple[pa.Array, npt.NDArray[np.uint8]]

NUL_SHOWN = "␀"
"""Stands for a NUL character, which no text of the database can hold."""

_EXACT_INTEGERS = 2.0**53


@dataclass(frozen=True)
class ExcelError:
    """A cell that holds an error such as `#N/A`, to be told from a text that reads the same."""

    text: str


@dataclass(frozen=True)
class NumberText:
    """A number as its format shows it: `000123`."""

    text: str


@dataclass(frozen=True)
class UnsavedFormula:
    """A cell whose formula has no stored value; the text is the formula as far as it is known, else `=`."""

    text: str


def number_text(value: float) -> str:
    """The shortest text that gives the same number: 4607001234567.0 → '4607001234567', 1e-05 → '0.00001'."""
    if isinstance(value, int):
        return str(value)
    if value.is_integer() and abs(value) < _EXACT_INTEGERS:
        return str(int(value))
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text.removesuffix(".0")


def moment_text(value: datetime) -> str:
    """`YYYY-MM-DD` at midnight, else `YYYY-MM-DDTHH:MM:SS` with the fraction if there is one."""
    return value.date().isoformat() if value.time() == time() else value.isoformat()


def duration_text(value: timedelta) -> str:
    """`HH:MM:SS`, with more than 24 hours where there are more."""
    sign = "-" if value < timedelta() else ""
    minutes, seconds = divmod(abs(value), timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    fraction = f".{seconds.microseconds:06d}" if seconds.microseconds else ""
    return f"{sign}{hours:02d}:{minutes:02d}:{seconds.seconds:02d}{fraction}"


_RENDER: dict[type, tuple[Kind, Callable[[Any], str]]] = {
    float: (Kind.NUMBER, number_text),
    int: (Kind.NUMBER, number_text),
    bool: (Kind.BOOL, lambda value: "TRUE" if value else "FALSE"),
    date: (Kind.DATE, date.isoformat),
    datetime: (Kind.DATE, moment_text),
    time: (Kind.DATE, time.isoformat),
    timedelta: (Kind.DATE, duration_text),
    ExcelError: (Kind.ERROR, lambda value: value.text),
    NumberText: (Kind.NUMBER, lambda value: value.text),
    UnsavedFormula: (Kind.FORMULA, lambda value: value.text),
}


def column_of(values: Sequence[object]) -> Column:
    """The column of text and its kinds; None, '' and whitespace become null."""
    try:
        return text_column(values)
    except TypeError:
        pass
    types = set(map(type, values)) - {str, type(None)}
    if len(types) == 1 and types <= _AT_ONCE.keys():
        try:
            return _uniform_column(values, types.pop())
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # some cells are text
            pass
    return _mixed_column(values)


def _uniform_column(values: Sequence[object], kind: type) -> Column:
    """Values of one type and blanks between them. Raises one of pyarrow's errors if there is text as well."""
    arrow_type, render = _AT_ONCE[kind]
    try:
        array = pa.array(values, arrow_type)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        array = pa.array([None if value == "" else value for value in values], arrow_type)
    kinds = np.full(len(array), _RENDER[kind][0], dtype=np.uint8)
    if array.null_count:
        kinds[np.asarray(array.is_null())] = Kind.BLANK
    return render(array), kinds


def _float_texts(values: pa.Array) -> pa.Array:
    numbers = values.to_numpy(zero_copy_only=False)
    size = np.abs(numbers)
    if not (size >= _EXACT_INTEGERS).any():
        try:
            return values.cast(pa.int64()).cast(pa.string())
        except pa.ArrowInvalid:  # there are fractions
            pass
    texts = values.cast(pa.string())
    # Elsewhere pyarrow writes what repr does; here it may write an exponent, or the sign of a zero.
    odd = ~((size >= 1e-4) & (size < 1e9)) & ~np.isnan(numbers)
    odd &= (numbers != 0) | np.signbit(numbers)
    if not odd.any():
        return texts
    return pc.replace_with_mask(texts, pa.array(odd), pa.array(map(number_text, numbers[odd].tolist()), pa.string()))


def _plain_texts(values: pa.Array) -> pa.Array:
    return values.cast(pa.string())


_AT_ONCE: dict[type, tuple[pa.DataType, Callable[[pa.Array], pa.Array]]] = {
    float: (pa.float64(), _float_texts),
    int: (pa.int64(), _plain_texts),
    date: (pa.date32(), _plain_texts),
}
"""Types of which a whole column is rendered without looking at each cell."""


def _mixed_column(values: Sequence[object]) -> Column:
    by_type: dict[type, list[object]] = {}
    for value in values:
        by_type.setdefault(type(value), []).append(value)
    texts = {kind: iter(_texts(kind, same)) for kind, same in by_type.items()}
    array, kinds = text_column([next(texts[type(value)]) for value in values])
    codes: dict[type, Kind] = {str: Kind.TEXT, type(None): Kind.BLANK}
    codes.update((kind, _renderer(kind)[0]) for kind in by_type.keys() - codes.keys())
    typed = np.fromiter(map(codes.__getitem__, map(type, values)), np.uint8, len(values))
    return array, np.where(kinds == Kind.BLANK, kinds, typed).astype(np.uint8)


def _texts(kind: type, values: list[Any]) -> Iterable[str]:
    if kind is str:
        return values
    if kind is type(None):
        return repeat("", len(values))
    render = _renderer(kind)[1]
    known = {value: render(value) for value in set(values)}
    return map(known.__getitem__, values)


def _renderer(kind: type) -> tuple[Kind, Callable[[Any], str]]:
    return _RENDER.get(kind, (Kind.TEXT, str))


def text_column(values: Sequence[Any]) -> Column:
    """The fast path. Raises TypeError when some value is not text."""
    array = _arrow(values)
    blank = _blank(array)
    kinds = np.where(blank, np.uint8(Kind.BLANK), np.uint8(Kind.TEXT))
    if blank.any():
        _, offsets, data = array.buffers()
        valid = pa.py_buffer(np.packbits(~blank, bitorder="little").tobytes())
        array = pa.Array.from_buffers(pa.string(), len(array), [valid, offsets, data])
    return array, kinds


def _arrow(values: Sequence[Any]) -> pa.Array:
    """pa.array(values) for text, but encoded once for the whole column instead of cell by cell."""
    count = len(values)
    # Half a surrogate pair, from a damaged workbook, has no UTF-8: it becomes a question mark.
    text = "\0".join(values).encode("utf-8", "replace")
    if len(text) >= 1 << 31:
        raise PharmaError("RESOURCE_LIMIT", why="a column of over 2 GiB")
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 0)
    if len(ends) != count - 1:  # a cell holds the separator itself, or there is none
        shown = (value.replace("\0", NUL_SHOWN).encode("utf-8", "replace") for value in values)
        return pa.array(shown, pa.binary()).cast(pa.string())
    offsets = np.zeros(count + 1, dtype=np.int32)
    offsets[1:-1] = ends - np.arange(count - 1)
    offsets[-1] = len(text) - (count - 1)
    return pa.Array.from_buffers(
        pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(text.replace(b"\0", b""))]
    )


def blank_column(height: int) -> Column:
    """A column without any cell."""
    return pa.nulls(height, pa.string()), np.zeros(height, dtype=np.uint8)


# The bytes with which a whitespace character can begin in UTF-8; no Cyrillic letter begins with one of them.
_SPACE_LEADS = np.zeros(256, dtype=np.bool_)
_SPACE_LEADS[[*range(0x09, 0x0E), *range(0x1C, 0x21), 0xC2, 0xE1, 0xE2, 0xE3]] = True


def _blank(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Which cells are empty or only whitespace. Only cells that begin like whitespace are looked into."""
    _, offset_buffer, data_buffer = array.buffers()
    if not len(array):
        return np.zeros(0, dtype=np.bool_)
    offsets = np.frombuffer(offset_buffer, dtype=np.int32, count=len(array) + 1)
    blank: npt.NDArray[np.bool_] = offsets[1:] == offsets[:-1]
    if data_buffer is None or not data_buffer.size:
        return blank
    data = np.frombuffer(data_buffer, dtype=np.uint8)
    starts = np.minimum(offsets[:-1], len(data) - 1)  # a blank last cell starts where the data end
    suspects = np.flatnonzero(_SPACE_LEADS[data[starts]] & ~blank)
    if len(suspects):
        trimmed = pc.utf8_trim_whitespace(array.take(pa.array(suspects)))
        blank = blank.copy()
        blank[suspects] = np.asarray(pc.equal(pc.binary_length(trimmed), 0))
    return blank
