"""Two reports of one file are compared by content: like rows found wherever they stand, the others told by column."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.comparison import COLUMNS, Comparison, compare_reports
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.normalize import NormalizedReport, normalize

MOSCOW = ZoneInfo("Europe/Moscow")
NAMES = ("period", "tms", "naklad", "client_inlaw", "market", "amount_type_1", "sum_nds")
LAYOUT = parse_layout(
    f"{{supplier: Пример, report_types: [Type1], nil_report: true, totals: ignore, columns: "
    f"{{{', '.join(f'{name}: {name}' for name in NAMES)}}}}}".encode()
)
Row = tuple[object, ...]


def report(rows: list[Row]) -> NormalizedReport:
    lines = [";".join(map(str, row)) for row in rows]
    content = "\n".join([";".join(NAMES), *lines]).encode()
    return normalize(read_document(content, Hints(LAYOUT.known_headers)), LAYOUT, MOSCOW)


def compared(one: list[Row], other: list[Row], **how: Any) -> Comparison:
    return compare_reports(report(one), report(other), MOSCOW, **how)


def row(number: int, **changes: object) -> Row:
    cells = {
        "period": f"{number % 28 + 1:02d}.06.2025",
        "tms": f"Товар {number % 7}",
        "naklad": f"А-{number}",
        "client_inlaw": f"ООО {number % 5}",
        "market": "Тендер",
        "amount_type_1": number % 9 + 1,
        "sum_nds": f"{number}.50",
    }
    return tuple({**cells, **changes}.values())


ROWS = [row(number) for number in range(40)]


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = random.Random(1).sample(ROWS, len(ROWS))  # noqa: S311
    found = compared(ROWS, shuffled)
    assert found.agrees
    assert (found.equal, found.rows, found.by_column) == (40, (), {})
    assert found.sums["sum_nds"] == (Decimal("800.00"), Decimal("800.00"))


def test_a_row_counts_as_often_as_it_comes() -> None:
    found = compared([*ROWS, ROWS[0], ROWS[0]], [*ROWS, ROWS[0]])
    assert (found.equal, found.only_script, found.only_layout, found.differing) == (41, 1, 0, 0)
    (only,) = found.rows
    assert (only.script_row, only.layout_row) == ("csv 43", None)
    assert only.cells["naklad"] == ("А-0", None)


def test_a_cell_that_differs_is_named_with_both_rows() -> None:
    other = [row(5, sum_nds="7.00"), *[row(number) for number in range(40) if number != 5]]
    found = compared(ROWS, other)
    assert (found.equal, found.differing, found.only_script, found.only_layout) == (39, 1, 0, 0)
    (differing,) = found.rows
    assert (differing.script_row, differing.layout_row) == ("csv 7", "csv 2")
    assert differing.cells == {"sum_nds": ("5.5", "7")}
    assert found.by_column == {"sum_nds": 1}
    assert found.sums["sum_nds"] == (Decimal("800.00"), Decimal("801.50"))


def test_a_column_that_is_told_otherwise_throughout_does_not_hide_its_rows() -> None:
    other = [row(number, market="тендер", naklad=f"А-{number} от 01.06.2025") for number in range(40)]
    found = compared(ROWS, other[::-1], most=3)
    assert (found.differing, found.only_script, found.only_layout) == (40, 0, 0)
    assert found.by_column == {"naklad": 40, "market": 40}
    assert [differing.layout_row for differing in found.rows] == ["csv 41", "csv 40", "csv 39"]


def test_zeros_that_one_side_left_out_stand_alone() -> None:
    zeros = [row(100 + number, amount_type_1=0) for number in range(5)]
    changed = [row(number, client_inlaw="ЗАО") if number % 4 == 0 else row(number) for number in range(40)]
    found = compared([*ROWS[:20], *zeros, *ROWS[20:]], changed)
    assert (found.equal, found.differing, found.only_script, found.only_layout) == (30, 10, 5, 0)
    assert found.by_column == {"client_inlaw": 10}


def test_rows_that_have_little_in_common_are_no_pair() -> None:
    found = compared([row(1)], [row(2, market="Тендер")])
    assert (found.differing, found.only_script, found.only_layout) == (0, 1, 1)


def test_a_column_may_be_ignored() -> None:
    other = [row(number, market="") for number in range(40)]
    assert not compared(ROWS, other).agrees
    assert compared(ROWS, other, ignored=["market"]).agrees


@pytest.mark.parametrize(("one", "other"), [([], []), ([], ROWS), (ROWS, [])])
def test_a_report_of_nothing_is_compared_too(one: list[Row], other: list[Row]) -> None:
    found = compared(one, other)
    assert (found.equal, found.only_script, found.only_layout) == (0, len(one), len(other))


def test_the_registry_s_columns_are_not_compared() -> None:
    assert not {"filename_ish", "filename_result", "report_provider", "report_provider_name"} & set(COLUMNS)


rows = st.lists(st.integers(0, 30).map(row), max_size=12)


@settings(max_examples=50)
@given(rows, rows, st.sampled_from(["market", "tms", "sum_nds"]))
def test_every_row_is_in_one_place(one: list[Row], other: list[Row], column: str) -> None:
    told = {"market": "опт", "tms": "Иное", "sum_nds": "1.00"}
    other = [tuple({**dict(zip(NAMES, cells, strict=True)), column: told[column]}.values()) for cells in other]
    found = compared(one, other, most=1000)
    assert found.equal + found.differing + found.only_script == len(one)
    assert found.equal + found.differing + found.only_layout == len(other)
    assert len(found.rows) == found.differing + found.only_script + found.only_layout
    places = [place for each in found.rows for place in (("s", each.script_row), ("l", each.layout_row)) if place[1]]
    assert len(places) == len(set(places))
    assert all(each.cells for each in found.rows)
