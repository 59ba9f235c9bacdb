"""The rows that a layout's rules leave out: data that nobody wants, each counted under the reason of its rule."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.body import Mask
from pharma_assets.transforms.columns import ParsedColumn
from pharma_assets.transforms.layout import Layout, LeftOut, Parse, lookup_key
from pharma_assets.transforms.values.plain import as_mask


def rows_left_out(parsed: Mapping[str, ParsedColumn], layout: Layout, sound: Mask) -> tuple[Mask, dict[str, int]]:
    """The rows that a rule leaves out, and how many each rule took; a row counts for the first rule that fits.

    Only `sound` rows are asked: in a ragged one the cells stand in the wrong columns.
    """
    left_out = np.zeros(len(sound), dtype=np.bool_)
    counts: dict[str, int] = {}
    for rule in layout.left_out:
        header = layout.present(rule.column, parsed)
        if header is not None:
            fits = _fits(rule, parsed[header], layout.columns[header].parse) & sound & ~left_out
            counts[rule.reason] = int(fits.sum())
            left_out |= fits
    return left_out, counts


def _fits(rule: LeftOut, column: ParsedColumn, parse: Parse) -> Mask:
    if rule.blank:
        return np.equal(column.source.kinds, Kind.BLANK)
    if rule.matches is not None:
        return as_mask(pc.match_substring_regex(column.source.texts.cast(pa.string()), rule.matches))
    if parse is Parse.AMOUNT:
        return as_mask(pc.is_in(column.values, value_set=pa.array(rule.numbers, column.values.type)))
    return _says(column.source.texts, rule.words)


def _says(texts: pa.Array, words: frozenset[str]) -> Mask:
    """The cells that are one of these words; asked once for each distinct text."""
    encoded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    distinct = pa.array([lookup_key(text) in words for text in encoded.dictionary.to_pylist()], pa.bool_())
    return as_mask(distinct.take(encoded.indices))
