"""Where two columns of values differ."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def differing(one: pa.Array, other: pa.Array) -> pa.Array:
    """For each row whether the two hold different values; null is equal to null only."""
    unequal = pc.fill_null(pc.not_equal(one, other), False)
    return pc.or_(unequal, pc.xor(pc.is_null(one), pc.is_null(other)))
