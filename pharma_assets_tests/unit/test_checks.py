"""The checks of a client-month: what each lets pass, and what it tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.loading import checks
from pharma_assets.loading.month_facts import LoadedFile, MonthFacts, OpenFile, Volume
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider

JUNE = ClientMonth(Client(Provider.CHAIN, "Client_01"), 2025, 6)
FILE = LoadedFile(
    id=1,
    path="a.csv",
    rows_read=10,
    rows_loaded=7,
    rows_superseded=0,
    rows_left_out=2,
    rows_rejected=1,
    sums={"amount_type_1": Decimal("7.5")},
    stored=7,
    stored_sums={"amount_type_1": Decimal("7.500")},
    held_back=1,
    content_hash="a",
    control_totals=(),
)
VALID, INVALID = "5000000024", "5000000025"


def facts(**changes: Any) -> MonthFacts:
    whole = MonthFacts(
        client_month=JUNE,
        today=date(2025, 9, 1),
        files=(FILE,),
        open_files=(),
        days={date(2025, 6, 1): 7},
        inns={VALID: 7},
        rows_in_files=0,
        volumes=(),
    )
    return replace(whole, **changes)


@pytest.mark.parametrize(
    "file",
    [
        replace(FILE, rows_read=11),
        replace(FILE, stored=6),
        replace(FILE, held_back=0),
        replace(FILE, stored_sums={"amount_type_1": Decimal("7.499")}),
        replace(FILE, stored_sums={}),
    ],
)
def test_reconciliation_finds_every_difference(file: LoadedFile) -> None:
    assert checks.reconciliation(facts()).passed
    finding = checks.reconciliation(facts(files=(FILE, replace(file, id=2))))
    assert not finding.passed
    assert finding.figures["file_ids"] == [2]


def test_totals_that_differ_are_named() -> None:
    total = {"row": 9, "column": "Кол-во", "stated": "8", "found": "7.5", "agrees": False}
    agreeing, unsure = {**total, "agrees": True}, {**total, "agrees": None}
    assert checks.control_totals(facts(files=(replace(FILE, control_totals=(agreeing, unsure)),))).passed
    finding = checks.control_totals(facts(files=(replace(FILE, control_totals=(agreeing, total)),)))
    assert not finding.passed
    assert finding.figures == {
        "agree": 1,
        "differ": 1,
        "not_comparable": 0,
        "totals": ["a.csv: row 9, Кол-во: 8 stated, 7.5 found"],
    }


def test_files_and_rows_that_are_not_in_are_told() -> None:
    waiting = OpenFile(2, "b.csv", "NO_SCRIPT_FOUND", "no layout", "write one")
    assert checks.files_taken_in(facts()).passed
    finding = checks.files_taken_in(facts(open_files=(waiting,)))
    assert not finding.passed
    assert finding.figures == {"b.csv": "NO_SCRIPT_FOUND: no layout – write one"}

    assert checks.rows_taken_in(facts(files=(replace(FILE, held_back=0),))).passed
    held_back = checks.rows_taken_in(facts())
    assert not held_back.passed
    assert held_back.figures == {"rows_rejected": 1, "files": {"a.csv": 1}}


def test_dates_outside_the_month_and_missing_ones_are_counted() -> None:
    assert checks.period_within_month(facts(days={date(2025, 6, 1): 3, date(2025, 6, 30): 4})).passed
    finding = checks.period_within_month(facts(days={date(2025, 6, 30): 4, date(2025, 7, 1): 2, None: 1}))
    assert not finding.passed
    assert finding.figures == {"rows": 7, "outside": 3, "first": "2025-06-30", "last": "2025-07-01"}
    assert checks.period_within_month(facts(files=(), days={})).passed


def test_an_inn_in_a_hundred_may_be_wrong() -> None:
    many = replace(FILE, stored=300)
    few = checks.inn_validity(facts(files=(many,), inns={VALID: 198, INVALID: 2, None: 100}))
    assert few.passed
    assert (few.figures["rows_invalid"], few.figures["share_valid"], few.figures["rows_blank"]) == (2, 0.99, 100)
    assert INVALID in few.summary or "1 INN in 2 of 200 rows" in few.summary
    assert not checks.inn_validity(facts(files=(many,), inns={VALID: 197, INVALID: 3, None: 100})).passed
    assert checks.inn_validity(facts(inns={None: 7})).passed


def volumes(*rows: int, report_type: str = "Type1") -> tuple[Volume, ...]:
    """Months up to June 2025, the last one June itself."""
    first = 6 - len(rows) + 1
    return tuple(
        Volume(date(2025, first + number, 1), report_type, count, {"amount_type_1": Decimal(2 * count)})
        for number, count in enumerate(rows)
    )


@pytest.mark.parametrize(
    ("rows", "passed"),
    [
        ((100, 100, 100), True),
        ((100, 100, 201), True),
        ((90, 100, 110, 200), True),
        ((90, 100, 110, 201), False),
        ((90, 100, 110, 50), True),
        ((90, 100, 110, 49), False),
        ((90, 10_000, 100, 110, 100), True),
    ],
)
def test_a_volume_is_unusual_beside_the_median(rows: tuple[int, ...], passed: bool) -> None:
    assert checks.volume(facts(volumes=volumes(*rows))).passed is passed


def test_a_month_that_is_not_over_may_be_small_but_not_large() -> None:
    running = date(2025, 6, 10)
    assert checks.volume(facts(today=running, volumes=volumes(90, 100, 110, 1))).passed
    assert not checks.volume(facts(today=running, volumes=volumes(90, 100, 110, 300))).passed


def test_a_column_that_is_empty_all_at_once_is_unusual() -> None:
    *earlier, now = volumes(100, 100, 100, 100)
    finding = checks.volume(facts(volumes=(*earlier, replace(now, sums={}))))
    assert not finding.passed
    assert finding.summary == "unusual: Type1 amount_type_1 0 beside 200"


def test_report_types_are_compared_each_with_itself() -> None:
    both = (*volumes(10, 10, 10, 10, report_type="Type2"), *volumes(1000, 1000, 1000, 1000))
    assert checks.volume(facts(volumes=both)).passed


@given(st.lists(st.integers(1, 10**6), min_size=3, max_size=12), st.integers(1, 1000))
def test_the_verdict_on_a_volume_does_not_depend_on_its_scale(earlier: list[int], factor: int) -> None:
    rows = earlier[-5:]
    scaled = [count * factor for count in rows]
    assert checks.volume(facts(volumes=volumes(*rows))).passed is checks.volume(facts(volumes=volumes(*scaled))).passed


def test_the_same_content_twice_is_told() -> None:
    other = replace(FILE, id=2, path="b.csv")
    assert checks.duplicates(facts(files=(FILE, replace(other, content_hash="b")))).passed
    finding = checks.duplicates(facts(files=(FILE, other), rows_in_files=7))
    assert not finding.passed
    assert finding.figures == {"rows_in_several_files": 7, "files_with_the_same_bytes": [["a.csv", "b.csv"]]}
