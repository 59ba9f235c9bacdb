"""Columns and roles: the assignment is the best one, and what is not sure is a doubt."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.drafting import RIGHT, outcome, samples
from pharma_assets.drafting.assignment import assign
from pharma_assets.drafting.matching import Match, match_columns
from pharma_assets.drafting.names import Knowledge
from pharma_assets.drafting.profiles import Profile, profile
from pharma_assets.drafting.relations import determines
from pharma_assets.drafting.roles import NONE
from pharma_assets.reading.sheet import Kind


def column(*texts: str) -> Profile:
    return profile(pa.array(texts, pa.string()), np.full(len(texts), Kind.TEXT, dtype=np.uint8))


def matched(**columns: list[str]) -> dict[str, Match]:
    headers = list(columns)
    found = match_columns(headers, [column(*columns[header]) for header in headers], Knowledge())
    return dict(zip(headers, found, strict=True))


@given(st.integers(1, 5), st.integers(0, 3), st.data())
def test_the_assignment_is_the_best_one(rows: int, more: int, data: st.DataObject) -> None:
    size = rows * (rows + more)
    values = data.draw(st.lists(st.integers(-50, 50), min_size=size, max_size=size))
    scores = np.array(values, dtype=np.float64).reshape(rows, rows + more)
    taken = assign(scores)
    assert len(set(taken)) == rows
    best = max(sum(scores[row, at] for row, at in enumerate(each)) for each in permutations(range(rows + more), rows))
    assert sum(scores[row, at] for row, at in enumerate(taken)) == best


def test_a_role_goes_to_the_column_that_fits_it_and_the_other_is_left_alone() -> None:
    found = matched(
        Количество=["1", "2", "3", "5"], Остаток=["100", "200", "300", "400"], Дата=["01.06.2025", "02.06.2025"] * 2
    )
    assert {header: match.role for header, match in found.items()} == {
        "Количество": "amount",
        "Остаток": NONE,
        "Дата": "period",
    }


def test_two_that_could_be_it_are_both_in_doubt() -> None:
    found = matched(Покупатель=["ООО А", "ООО Б"] * 4, Клиент=["ООО А", "ООО Б"] * 4, Дата=["01.06.2025"] * 8)
    assert sorted((found["Покупатель"].role, found["Клиент"].role)) != ["client_inlaw", "client_inlaw"]
    assert not found["Покупатель"].sure
    assert not found["Клиент"].sure


def test_cells_alone_are_a_doubt_and_a_name_alone_too() -> None:
    days = ["01.06.2025", "02.06.2025", ""]
    by_cells = matched(Икс=["7700000016", "5000000024", "6300000034"], Дата=days)["Икс"]
    assert (by_cells.role, by_cells.sure) == ("client_inn", False)
    by_name = matched(ИНН=["один", "два", "три"], Дата=days)["ИНН"]
    assert (by_name.role, by_name.sure) == ("client_inn", False)


def test_days_are_found_whatever_stands_over_them() -> None:
    found = matched(
        Щ=["01.06.2025", "02.06.2025", "03.06.2025"], Товар=["Анальгин таб. №10", "Аспирин №20", "Найз №20"]
    )
    assert (found["Щ"].role, found["Щ"].sure) == ("period", False)


def test_a_text_is_no_amount_and_an_amount_no_day() -> None:
    found = matched(Количество=["много", "мало", "чуть"], Дата=["12,5", "13,5", "14,5"])
    assert {match.role for match in found.values()} & {"amount", "period"} == set()


def test_one_column_determines_another() -> None:
    codes = column("1", "2", "1", "2", "3", "3", "1", "2", "3").codes
    names = column("а", "б", "а", "б", "в", "в", "а", "б", "в").codes
    days = column("x", "y", "z", "x", "y", "z", "y", "z", "x").codes
    assert determines(codes, names) == determines(names, codes) == 1.0
    assert determines(codes, days) == pytest.approx(1 / 3)
    assert determines(column(*map(str, range(9))).codes, names) is None


def test_what_the_benchmark_measures_is_kept() -> None:
    """Some of `python -m benchmarks.drafting`, without the suppliers held out: those are only measured there."""
    some = [sample for number, sample in enumerate(samples(("development",))) if number % 4 == 0 or number >= 26]
    measured = [outcome(sample) for sample in some]
    columns = sum(len(each.columns) for each in measured)
    assert sum(each.right for each in measured) >= RIGHT * columns
    assert sum(each.doubts for each in measured) <= columns / 3
    assert [each.sample.name for each in measured if each.unmarked or not each.loaded] == []
