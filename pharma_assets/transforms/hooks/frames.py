"""Frames for hooks, and what comes back of them. Everything that a hook gives back is checked here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.model.target import TYPES, Type
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.columns import arrow_type
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.identifiers import parse_text
from pharma_assets.transforms.values.plain import suspect_texts

if TYPE_CHECKING:
    import pandas as pd

INDEX = "source_row"
LEFT_OUT = "left_out"
"""The column in which a hook says why a row is not to be loaded."""


class BadFrame(ValueError):
    """What a hook gave back cannot be taken; the text says why."""


def text_frame(columns: Mapping[str, pa.Array], rows: npt.NDArray[np.int32]) -> pd.DataFrame:
    """Text columns over the numbers of their source rows; blank cells are missing values."""
    import pandas as pd  # noqa: PLC0415 - costs a second, and most reports have no hooks

    index = pd.Index(rows.astype(np.int64), name=INDEX)
    if not columns:
        return pd.DataFrame(index=index)
    table = pa.table({name: texts.cast(pa.string()) for name, texts in columns.items()})
    frame: pd.DataFrame = table.to_pandas()
    return frame.set_axis(index)


def typed_frame(columns: Mapping[str, pa.Array], rows: npt.NDArray[np.int32], timezone: ZoneInfo) -> pd.DataFrame:
    """Target columns: texts, exact decimals (as Arrow has them), moments in the suppliers' time."""
    import pandas as pd  # noqa: PLC0415

    frame = text_frame({}, rows)
    for name, values in columns.items():
        if pa.types.is_decimal(values.type):
            frame[name] = pd.Series(pd.array(values, dtype=pd.ArrowDtype(values.type)), index=frame.index)
        elif pa.types.is_timestamp(values.type):
            moments = pd.Series(values.to_numpy(zero_copy_only=False), index=frame.index, dtype="datetime64[us]")
            frame[name] = moments.dt.tz_localize("UTC").dt.tz_convert(timezone)
        else:
            frame[name] = text_frame({name: values}, rows)[name]
    return frame


def as_frame(given: object) -> pd.DataFrame:
    """What a hook gave back, as a frame with distinct names. Raises BadFrame."""
    import pandas as pd  # noqa: PLC0415

    if not isinstance(given, pd.DataFrame):
        raise BadFrame(f"it gave back {type(given).__name__}, not a DataFrame")
    for name in given.columns:
        if not isinstance(name, str) or not name.strip():
            raise BadFrame(f"{name!r} is no name of a column")
    twice = given.columns[given.columns.duplicated()]
    if len(twice):
        raise BadFrame(f"there are two columns {twice[0]}")
    return given


def require_same_rows(given: pd.DataFrame, before: pd.Index) -> None:
    """Raise BadFrame unless the rows are still those that there were, in their order."""
    if not given.index.equals(before):
        raise BadFrame(
            f"its rows are not those that it was given: keep index and order, and name the reason of rows that are "
            f"not to be loaded in the column {LEFT_OUT}"
        )


def texts_of(frame: pd.DataFrame, name: str) -> pa.Array:
    """A column's texts as pa.string(), null where missing or blank. Raises BadFrame for anything but texts."""
    values = frame[name]
    if values.isna().all():
        return pa.nulls(len(values), pa.string())
    try:
        array = pa.array(values, from_pandas=True)
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
            raise pa.ArrowTypeError("no texts")
    except (pa.ArrowException, TypeError, ValueError):
        raise BadFrame(_not_text(values, name)) from None
    texts = array.cast(pa.string())
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(texts), ""), pa.scalar(None, pa.string()), texts)


def _not_text(values: pd.Series[Any], name: str) -> str:
    present = values.dropna()
    for row, value in present.items():
        if not isinstance(value, str):
            return f"row {row}, column {name}: {value!r} is {type(value).__name__}, not a text"
    return f"column {name} holds a text that cannot be stored"


def values_of(frame: pd.DataFrame, name: str, timezone: ZoneInfo) -> pa.Array:
    """A target column's values as they are stored. Raises BadFrame for what does not fit without loss."""
    stored_as = TYPES[name]
    if stored_as is Type.TEXT:
        return _fitting(texts_of(frame, name), frame, name)
    values = frame[name]
    missing = values.isna().to_numpy()
    found: list[object] = []
    for row, value, absent in zip(frame.index, values, missing, strict=True):
        try:
            found.append(None if absent else _exact(value, stored_as, timezone))
        except (TypeError, ValueError, InvalidOperation) as error:
            raise BadFrame(f"row {row}, column {name}: {value!r} {error}") from None
    try:
        return pa.array(found, arrow_type(stored_as))
    except pa.ArrowException as error:
        raise BadFrame(f"column {name}: {error}") from None


def _fitting(texts: pa.Array, frame: pd.DataFrame, name: str) -> pa.Array:
    """The texts, if a column of the schema takes them."""
    for at in np.flatnonzero(suspect_texts(texts, np.full(len(texts), Kind.TEXT, dtype=np.uint8))).tolist():
        try:
            parse_text(texts[at].as_py(), Kind.TEXT)
        except CellProblem as problem:
            raise BadFrame(f"row {frame.index[at]}, column {name}: {problem}") from None
    return texts


def _exact(value: object, stored_as: Type, timezone: ZoneInfo) -> object:
    if stored_as is Type.MOMENT:
        if not isinstance(value, datetime):
            raise TypeError(f"is {type(value).__name__}, not a moment")
        return (value if value.tzinfo is not None else value.replace(tzinfo=timezone)).astimezone(UTC)
    if isinstance(value, bool) or not isinstance(value, Decimal | int | np.integer):
        raise TypeError(f"is {type(value).__name__}, not a Decimal: a float would round it")
    number = Decimal(int(value)) if not isinstance(value, Decimal) else value
    stored = round(number, stored_as.scale)
    if stored != number:
        raise ValueError(f"does not fit {stored_as} without rounding")
    return stored
