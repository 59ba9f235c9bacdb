"""Columns of a text file, put together block by block; those whose texts repeat hold each text once.

Arrays are made of buffers, never by `pa.array` and the like, which load pandas: 45 MB for nothing where it only reads.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pharma_assets.reading.sheet import Kind

FEW_ROWS = 5_000
"""Up to this many rows, a dictionary is not worth it."""

_MANY_ROWS = 100_000
_MERGE_AT = 8
# The bytes with which a white space character can begin in UTF-8; no Cyrillic letter begins with one of them.
_SPACE_LEADS = np.zeros(256, np.bool_)
_SPACE_LEADS[[*range(0x09, 0x0E), *range(0x1C, 0x21), 0xC2, 0xE1, 0xE2, 0xE3]] = True
_ENCODED = pa.dictionary(pa.int32(), pa.string())


class Numbers:
    """Numbers put one after another into one piece of memory, which is sized for as many as are expected."""

    def __init__(self, expected: int) -> None:
        self._memory = np.empty(expected, np.int32)
        self._count = 0

    def extend(self, numbers: npt.NDArray[np.int32]) -> None:
        end = self._count + len(numbers)
        if end > len(self._memory):
            larger = np.empty(end + end // 2, np.int32)
            larger[: self._count] = self.array
            self._memory = larger
        self._memory[self._count : end] = numbers
        self._count = end

    @property
    def array(self) -> npt.NDArray[np.int32]:
        return self._memory[: self._count]


class TextColumns:
    """The columns so far. All get the same height; where a row is narrower than others, its last cells are null."""

    def __init__(self, expected: int) -> None:
        self.height = 0
        self._expected = expected
        self._columns: list[_Column] = []

    @property
    def width(self) -> int:
        return len(self._columns)

    def types(self, width: int) -> list[pa.DataType]:
        """How the next block's columns are best given."""
        known = [column.wanted for column in self._columns[:width]]
        return known + [_ENCODED] * (width - len(known))

    def append(self, arrays: Iterable[pa.Array], height: int) -> None:
        """Add a block of arrays of strings or dictionaries, null where a cell is blank."""
        place = -1
        for place, array in enumerate(arrays):
            if place == self.width:
                self._columns.append(_Column(self._expected, self.height))
            self._columns[place].append(array)
        self.height += height
        for column in self._columns[place + 1 :]:
            column.pad(height)

    def finish(self) -> tuple[tuple[pa.Array, ...], tuple[npt.NDArray[np.uint8], ...]]:
        """The columns and the kinds of their cells. Ends this object: it lets go of each column in turn."""
        text = np.full(self.height, Kind.TEXT, np.uint8)
        arrays, kinds = [], []
        columns, self._columns = self._columns[::-1], []
        while columns:
            array = columns.pop().finish()
            arrays.append(array)
            kinds.append(_kinds(array) if array.null_count else text)
        return tuple(arrays), tuple(kinds)


class _Column:
    """The texts of one column: strings, or numbers of texts in a dictionary that grows."""

    def __init__(self, expected: int, blanks: int) -> None:
        self.wanted: pa.DataType = _ENCODED
        self._height = 0
        self._dictionary = pa.nulls(0, pa.string())
        self._indices = Numbers(expected)
        self._pending: list[pa.Array] = []
        self._strings: list[pa.Array] = []
        if blanks:
            self.pad(blanks)

    def append(self, array: pa.Array) -> None:
        self._height += len(array)
        if self.wanted == pa.string():
            self._strings.append(array.cast(pa.string()))
            return
        self._pending.append(array if array.type == _ENCODED else array.dictionary_encode())
        if len(self._pending) == _MERGE_AT:
            self._merge()
            if self._height > _MANY_ROWS and self._hardly_repeats():
                self._to_strings()

    def pad(self, height: int) -> None:
        self.append(pa.nulls(height, self.wanted))

    def _merge(self) -> None:
        """Number the pending texts by the one dictionary."""
        known = pa.DictionaryArray.from_arrays(pa.nulls(0, pa.int32()), self._dictionary)
        unified = pa.chunked_array([known, *self._pending], _ENCODED).unify_dictionaries(pa.system_memory_pool())
        for chunk in unified.chunks[1:]:
            self._indices.extend(_indices(chunk.indices))
        self._dictionary = unified.chunks[0].dictionary
        self._pending = []

    def _hardly_repeats(self) -> bool:
        return 2 * len(self._dictionary) > self._height

    def _to_strings(self) -> None:
        self._strings = [self._encoded().cast(pa.string())]
        self._indices = Numbers(0)
        self.wanted = pa.string()

    def _encoded(self) -> pa.Array:
        return _encoded(self._indices.array, self._dictionary)

    def finish(self) -> pa.Array:
        if self.wanted == _ENCODED:
            self._merge()
            if self._height > FEW_ROWS and not self._hardly_repeats():
                return self._encoded()
            self._to_strings()
        return pa.concat_arrays(self._strings)


def with_nulls(array: pa.Array) -> pa.Array:
    """A block's column without nulls → the same with null where a cell is empty or only white space."""
    if not pa.types.is_dictionary(array.type):
        blank = _blank(array)
        if not blank.any():
            return array
        _, offsets, data = array.buffers()
        valid = _bits(np.pad(~blank, (array.offset, 0)))
        return pa.Array.from_buffers(array.type, len(array), [valid, offsets, data], offset=array.offset)
    blank = _blank(array.dictionary)
    if not blank.any():
        return array
    places = np.where(blank, np.int32(-1), np.cumsum(~blank, dtype=np.int32) - np.int32(1))
    kept = pa.Array.from_buffers(pa.bool_(), len(blank), [None, _bits(~blank)])
    return _encoded(places[_indices(array.indices)], array.dictionary.filter(kept))


def _encoded(indices: npt.NDArray[np.int32], dictionary: pa.Array) -> pa.Array:
    """A dictionary array, null where the index is negative."""
    valid = indices >= 0
    buffers = [None if valid.all() else _bits(valid), pa.py_buffer(indices)]
    return pa.DictionaryArray.from_arrays(pa.Array.from_buffers(pa.int32(), len(indices), buffers), dictionary)


def _indices(numbers: pa.Array) -> npt.NDArray[np.int32]:
    """The indices of a dictionary array, -1 for null."""
    values = np.frombuffer(numbers.buffers()[1], np.int32)[numbers.offset : numbers.offset + len(numbers)]
    return np.where(_valid(numbers), values, np.int32(-1)) if numbers.null_count else values


def _valid(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Which of its cells are not null, of which there must be some."""
    bits = np.frombuffer(array.buffers()[0], np.uint8)
    return np.unpackbits(bits, bitorder="little")[array.offset : array.offset + len(array)].astype(np.bool_)


def _bits(flags: npt.NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def _blank(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Which texts are empty or only white space. Only those that begin like white space are looked into."""
    _, offset_buffer, data_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    blank: npt.NDArray[np.bool_] = offsets[1:] == offsets[:-1]
    if data_buffer is None or not data_buffer.size:
        return blank
    data = np.frombuffer(data_buffer, np.uint8)
    starts = np.minimum(offsets[:-1], len(data) - 1)
    for place in np.flatnonzero(_SPACE_LEADS[data[starts]] & ~blank).tolist():
        blank[place] = texts[place].as_py().isspace()
    return blank


def _kinds(array: pa.Array) -> npt.NDArray[np.uint8]:
    return np.where(_valid(array), np.uint8(Kind.TEXT), np.uint8(Kind.BLANK))
