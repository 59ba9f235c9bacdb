"""What the source has and the schema lacks: kept as one JSON object a row («Загружать максимум данных»)."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc


def extra_column(cells: Sequence[tuple[str, pa.Array]], length: int) -> pa.Array:
    """JSON objects {header: text} of the non-null cells, as pa.string(); null for a row without any."""
    members = [_members(header, texts) for header, texts in cells if texts.null_count < len(texts)]
    if not members:
        return pa.nulls(length, pa.string())
    # Each member brings its comma, and the first one's is cut off again. Joining with `null_handling="skip"` would be
    # the obvious way, but Arrow 26 drops a row from the result when all its members are null.
    joined = pc.binary_join_element_wise(*members, "")
    objects = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), objects)


def _members(header: str, texts: pa.Array) -> pa.Array:
    """`,"header":"text"` for each cell, empty for null; encoded once for each distinct text."""
    encoded = texts.dictionary_encode()
    key = json.dumps(header, ensure_ascii=False)
    members = [f",{key}:{json.dumps(text, ensure_ascii=False)}" for text in encoded.dictionary.to_pylist()]
    return pc.fill_null(pa.array(members, pa.string()).take(encoded.indices), "")
