from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.reading.cells import ExcelError, column_of, number_text
from pharma_assets.reading.sheet import Kind


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4607001234567.0, "4607001234567"),
        (5.0, "5"),
        (-0.0, "0"),
        (-12.5, "-12.5"),
        (0.1, "0.1"),
        (1e-05, "0.00001"),
        (1.5e-7, "0.00000015"),
        (1e23, "1" + "0" * 23),
        (12345678901234567, "12345678901234567"),
        (2.0**53, "9007199254740992"),
    ],
)
def test_numbers_have_neither_exponent_nor_needless_fraction(value: float, text: str) -> None:
    assert number_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_gives_the_same_number_back(value: float) -> None:
    text = number_text(value)
    assert float(Decimal(text)) == value
    assert "e" not in text.lower()


def test_each_kind_is_rendered_and_named() -> None:
    cells: list[tuple[object, str | None, Kind]] = [
        ("526275.00", "526275.00", Kind.TEXT),
        (1, "1", Kind.NUMBER),
        (1.0, "1", Kind.NUMBER),
        (True, "TRUE", Kind.BOOL),
        (False, "FALSE", Kind.BOOL),
        (0, "0", Kind.NUMBER),
        (date(2025, 6, 1), "2025-06-01", Kind.DATE),
        (datetime(2025, 6, 1), "2025-06-01", Kind.DATE),
        (datetime(2025, 6, 1, 12, 30, 15), "2025-06-01T12:30:15", Kind.DATE),
        (datetime(2025, 6, 1, 12, 30, 15, 500000), "2025-06-01T12:30:15.500000", Kind.DATE),
        (time(9, 5), "09:05:00", Kind.DATE),
        (timedelta(hours=30), "30:00:00", Kind.DATE),
        (ExcelError("#N/A"), "#N/A", Kind.ERROR),
        ("#N/A", "#N/A", Kind.TEXT),
        (None, None, Kind.BLANK),
        ("", None, Kind.BLANK),
        (" \xa0\u202f\t\n", None, Kind.BLANK),
        ("  x ", "  x ", Kind.TEXT),
        ("-", "-", Kind.TEXT),
    ]
    array, kinds = column_of([value for value, _, _ in cells])
    assert array.to_pylist() == [text for _, text, _ in cells]
    assert kinds.tolist() == [kind for _, _, kind in cells]


@given(st.lists(st.none() | st.text() | st.sampled_from(["", " ", "\xa0", "\0", "a\0b", "\ud800x"])))
def test_text_is_kept_as_written(values: list[str | None]) -> None:
    array, kinds = column_of(values)
    for value, text, kind in zip(values, array.to_pylist(), kinds.tolist(), strict=True):
        if value is None or not value.strip():
            assert (text, kind) == (None, Kind.BLANK)
        else:
            assert (text, kind) == (value.encode("utf-8", "replace").decode(), Kind.TEXT)
