"""Looking through a whole column for a few texts by the bytes of its cells, so that it costs next to nothing."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.transforms.row_words import TOTAL_LETTERS, Word, total_word

_WIDTH = 4

Positions = npt.NDArray[np.integer]


def _beginnings() -> list[bytes]:
    texts = [pair.encode() for word in ("Ит", "Вс") for pair in (word, word.upper(), word.lower())]
    texts += [word[:_WIDTH].encode() for word in ("Total", "TOTAL", "total")]
    texts += [f"{letter} ".encode() + lead for letter in "ИиВв" for lead in (b"\xd0", b"\xd1")]
    texts += [b"B" + letter.encode() + b"\xd0" for letter in "сС"]  # a Latin B
    return texts


def _table(values: Collection[int]) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[list(values)] = True
    return table


_BEGINNINGS = np.array([int.from_bytes(text, "little") for text in _beginnings()], dtype=np.uint32)
_SECOND_BYTES = _table({text[1] for text in _beginnings()})
# Whitespace, and the first byte of a no-break space: a label may be indented.
_NO_BREAK_SPACE = int.from_bytes("\u00a0".encode(), "little")
_INDENTS = _table({0x09, 0x0A, 0x0D, 0x20, 0xC2})


def rows_with_total_word(texts: pa.Array) -> Positions:
    """The positions of the cells that say «Итого» or «Итого по …»."""
    if pa.types.is_dictionary(texts.type):
        return _of_distinct(texts, rows_with_total_word(texts.dictionary))
    suspects = _beginning_like_totals(texts)
    if not len(suspects):
        return suspects
    cells = texts.take(pa.array(suspects))
    like = pc.fill_null(pc.match_substring_regex(cells, TOTAL_LETTERS), False)
    sure = [total_word(cell) in (Word.BARE, Word.OF_A_PART) for cell in cells.filter(like).to_pylist()]
    found: Positions = suspects[like.to_numpy(zero_copy_only=False)][sure]
    return found


def rows_that_say(texts: pa.Array, wording: Collection[str]) -> Positions:
    """The positions of the cells that are one of these texts, letter for letter."""
    if pa.types.is_dictionary(texts.type):
        return _of_distinct(texts, rows_that_say(texts.dictionary, wording))
    _, ends, buffer = texts.buffers()
    if buffer is None or not buffer.size or not len(texts):
        return np.zeros(0, dtype=np.int64)
    offsets = np.frombuffer(ends, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    encoded = [text.encode() for text in wording]
    lengths = np.zeros(max(map(len, encoded)) + 2, dtype=np.bool_)
    lengths[[len(text) for text in encoded]] = True
    suspects = np.flatnonzero(lengths.take(np.diff(offsets), mode="clip"))
    first = np.frombuffer(buffer, dtype=np.uint8).take(offsets[suspects], mode="clip")
    suspects = suspects[_table({text[0] for text in encoded}).take(first)]
    said = pc.is_in(texts.take(pa.array(suspects)), value_set=pa.array(sorted(wording), pa.string()))
    found: Positions = suspects[said.to_numpy(zero_copy_only=False)]
    return found


def _of_distinct(texts: pa.Array, distinct: Positions) -> Positions:
    if not len(distinct):
        return distinct
    codes = texts.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.flatnonzero(np.isin(codes, distinct))


def _beginning_like_totals(texts: pa.Array) -> Positions:
    _, offsets, buffer = texts.buffers()
    if buffer is None or buffer.size < _WIDTH or not len(texts):
        return np.zeros(0, dtype=np.int64)
    starts = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts)].astype(np.int64)
    data = np.frombuffer(buffer, dtype=np.uint8)
    indented = _INDENTS.take(data.take(starts, mode="clip"))
    suspects = np.flatnonzero(indented | _SECOND_BYTES.take(data.take(starts + 1, mode="clip")))
    first = np.zeros(len(suspects), dtype=np.uint32)
    for byte in range(_WIDTH):
        first |= data.take(starts[suspects] + byte, mode="clip").astype(np.uint32) << np.uint32(8 * byte)
    blank = indented[suspects] & ((first & 0xFF != _NO_BREAK_SPACE & 0xFF) | (first & 0xFFFF == _NO_BREAK_SPACE))
    likely: Positions = suspects[np.isin(first, _BEGINNINGS) | blank]
    return likely
