from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.reading.cells import ExcelError, NumberText, UnsavedFormula, column_of, number_text
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


@given(st.lists(st.none() | st.floats() | st.sampled_from([0.0, -0.0, 4607001234567.0, 1e10, 1e-4, 2.0**53])))
def test_a_column_of_numbers_reads_like_each_of_them(values: list[float | None]) -> None:
    array, kinds = column_of(values)
    assert array.to_pylist() == [None if value is None else number_text(value) for value in values]
    assert kinds.tolist() == [Kind.BLANK if value is None else Kind.NUMBER for value in values]


@given(st.lists(st.sampled_from([0.0, 1.5, 7, True, "", " ", "x", None, date(2025, 6, 1), datetime(2025, 6, 1, 9)])))
def test_a_mixed_column_reads_like_each_of_its_cells(values: list[object]) -> None:
    array, kinds = column_of(values)
    single = [column_of([value]) for value in values]
    assert array.to_pylist() == [one[0][0].as_py() for one in single]
    assert kinds.tolist() == [one[1][0] for one in single]


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
        (NumberText("000123"), "000123", Kind.NUMBER),
        (UnsavedFormula("=A1"), "=A1", Kind.FORMULA),
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
def test_text_is_kept_as_written_but_for_what_no_database_holds(values: list[str | None]) -> None:
    array, kinds = column_of(values)
    for value, text, kind in zip(values, array.to_pylist(), kinds.tolist(), strict=True):
        if value is None or not value.strip():
            assert (text, kind) == (None, Kind.BLANK)
        else:
            assert (text, kind) == (value.replace("\0", "␀").encode("utf-8", "replace").decode(), Kind.TEXT)
