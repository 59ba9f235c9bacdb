"""Which files count, as a pure question: each mode, what holds a file back, and that no order of asking matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.loading.settlement import Counts, Held, Superseded, days_told, places_told, settle
from pharma_assets.model.delivery import Amounts, BranchDay, Delivered, Delivery, Terms

INCREMENT, TO_DATE, FULL, RESTATED = Delivery
START = datetime(2025, 6, 1, tzinfo=UTC)


def place(day: int | None, branch: str = "Москва") -> BranchDay:
    return BranchDay(branch, day and date(2025, 6, day))


def file(number: int, mode: Delivery, *places: BranchDay, rows: int = 10, **more: object) -> Delivered:
    """The file that arrived as the one of this number; each branch-day has so many rows."""
    terms = Terms(mode, bool(more.pop("allow", False)), float(str(more.pop("shrinkage", 0.1))))
    amounts = Amounts(rows, {"amount_type_1": Decimal(rows)})
    return Delivered(
        number, f"{number}.csv", START + timedelta(hours=number), terms, dict.fromkeys(places, amounts), **more
    )  # type: ignore[arg-type]


def fates(*files: Delivered) -> dict[int, object]:
    """None: counts wholly; a set of branch-days: counts without them; a number: superseded; a code: held back."""
    told: dict[int, object] = {}
    for number, verdict in settle(files).items():
        if isinstance(verdict, Counts):
            told[number] = set(verdict.replaced) or None
        else:
            told[number] = verdict.by if isinstance(verdict, Superseded) else verdict.error.code
    return told


def test_increments_of_other_days_or_branches_add_up() -> None:
    assert fates(
        file(1, INCREMENT, place(1), place(1, "")),
        file(2, INCREMENT, place(2)),
        file(3, INCREMENT, place(1, "Казань")),
        file(4, INCREMENT),
    ) == {1: None, 2: None, 3: None, 4: None}


def test_the_later_of_two_increments_of_a_branch_and_day_is_held_and_names_both() -> None:
    verdicts = settle(
        [file(7, INCREMENT, place(3), place(2), rows=4), file(3, INCREMENT, place(1), place(2), rows=5)],
    )
    held = verdicts[7]
    assert verdicts[3] == Counts({})
    assert isinstance(held, Held)
    assert (held.error.code, held.by) == ("PERIOD_OVERLAP", (3,))
    assert held.error.message == (
        "covers what file 3 covers too (3.csv): Москва 02.06.2025; of that 4 rows here (amount_type_1 4), "
        "5 there (amount_type_1 5)"
    )


@pytest.mark.parametrize(("branch", "day"), [("", 1), ("Москва", None)], ids=["no branch", "no day"])
def test_what_has_no_branch_or_no_day_is_a_place_of_its_own(branch: str, day: int | None) -> None:
    assert fates(file(1, INCREMENT, place(day, branch)), file(2, INCREMENT, place(day, branch))) == {
        1: None,
        2: "PERIOD_OVERLAP",
    }


def test_a_file_that_is_held_holds_others() -> None:
    """Else they would be doubled as soon as a person lets it through."""
    files = [file(1, INCREMENT, place(1)), file(2, INCREMENT, place(1), place(2)), file(3, INCREMENT, place(2))]
    assert fates(*files) == {1: None, 2: "PERIOD_OVERLAP", 3: "PERIOD_OVERLAP"}
    released = file(2, INCREMENT, place(1), place(2), released=True)
    assert fates(files[0], released, files[2]) == {1: None, 2: None, 3: "PERIOD_OVERLAP"}
    assert fates(files[0], files[2]) == {1: None, 3: None}


def test_parts_of_one_day_add_up_where_the_layout_says_so_but_not_beside_a_full_month() -> None:
    parts = [file(1, INCREMENT, place(1), allow=True), file(2, INCREMENT, place(1), allow=True)]
    assert fates(*parts) == {1: None, 2: None}
    assert fates(*parts, file(3, FULL, place(1), rows=20), file(4, INCREMENT, place(1), allow=True)) == {
        1: 3,
        2: 3,
        3: None,
        4: "PERIOD_OVERLAP",
    }


@pytest.mark.parametrize("mode", [TO_DATE, FULL])
def test_a_later_file_of_the_whole_month_replaces_all_earlier_ones(mode: Delivery) -> None:
    assert fates(
        file(1, INCREMENT, place(1)),
        file(2, mode, place(1), place(2)),
        file(3, INCREMENT, place(1)),
        file(4, mode, place(1), place(2), place(3)),
        file(5, INCREMENT, place(4)),
    ) == {1: 4, 2: 4, 3: 4, 4: None, 5: None}


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        (file(2, TO_DATE, place(1), rows=100), "02.06.2025; 100 rows in place of 20"),
        (file(2, TO_DATE, place(1, "Казань"), place(2, "Казань"), rows=100), "Москва; 200 rows in place of 20"),
        (file(2, TO_DATE, place(1), place(2), rows=8), "–; 16 rows in place of 20"),
        (file(2, TO_DATE), "01.06.2025–02.06.2025; Москва; 0 rows in place of 20"),
    ],
    ids=["a day", "a branch", "rows", "everything"],
)
def test_a_file_that_lacks_what_it_would_replace_is_held(lacking: Delivered, told: str) -> None:
    first = file(1, TO_DATE, place(1), place(2))
    verdicts = settle([first, lacking])
    held = verdicts[2]
    assert verdicts[1] == Counts({})
    assert isinstance(held, Held)
    assert held.error.message == f"would replace file 1 and lacks of it: {told}"
    assert fates(first, lacking, file(3, TO_DATE, place(1), place(2), place(3))) == {1: 3, 2: 3, 3: None}


def test_some_rows_less_are_no_lack_and_a_person_or_the_layout_may_allow_more() -> None:
    first = file(1, TO_DATE, place(1), place(2))
    assert fates(first, file(2, TO_DATE, place(1), place(2), rows=9)) == {1: 2, 2: None}
    assert fates(first, file(2, TO_DATE, place(1), rows=1, released=True)) == {1: 2, 2: None}
    assert fates(first, file(2, TO_DATE, place(1), place(2), rows=6, shrinkage=0.4)) == {1: 2, 2: None}
    assert fates(first, file(2, TO_DATE, shrinkage=1.0)) == {1: 2, 2: None}


def test_a_restatement_replaces_what_it_covers_and_only_that() -> None:
    assert fates(
        file(1, INCREMENT, place(1), place(2), place(1, "Казань")),
        file(2, RESTATED, place(2), place(3)),
        file(3, RESTATED, place(3)),
        file(4, INCREMENT, place(4)),
    ) == {1: {place(2)}, 2: {place(3)}, 3: None, 4: None}


def test_a_restatement_settles_a_dispute() -> None:
    disputed = [file(1, INCREMENT, place(1)), file(2, INCREMENT, place(1), place(2))]
    assert fates(*disputed, file(3, RESTATED, place(1))) == {1: {place(1)}, 2: {place(1)}, 3: None}


def test_an_increment_of_what_was_restated_is_held() -> None:
    assert fates(file(1, RESTATED, place(1)), file(2, INCREMENT, place(1))) == {1: None, 2: "PERIOD_OVERLAP"}


def test_what_is_compared_is_what_counts() -> None:
    """A file that was superseded itself, or held back, is no measure."""
    assert fates(
        file(1, TO_DATE, place(1), place(2)),
        file(2, TO_DATE, place(1), released=True),
        file(3, INCREMENT, place(1), place(7)),
        file(4, TO_DATE, place(1), place(3)),
    ) == {1: 4, 2: 4, 3: 4, 4: None}


def test_a_file_that_has_gone_holds_nobody_and_yields() -> None:
    gone = file(1, INCREMENT, place(1), place(2), present=False)
    assert fates(gone, file(2, INCREMENT, place(2), place(3))) == {1: {place(2)}, 2: None}
    assert fates(file(1, INCREMENT, place(1)), file(2, INCREMENT, place(1), place(2), present=False)) == {
        1: None,
        2: {place(1)},
    }
    added = file(2, INCREMENT, place(1), present=False, released=True)
    assert fates(file(1, INCREMENT, place(1)), added) == {1: None, 2: None}
    replacing = file(2, TO_DATE, place(1), place(2), present=False)
    assert fates(file(1, TO_DATE, place(1)), replacing) == {1: 2, 2: None}
    assert fates(gone, file(2, TO_DATE, place(3))) == {1: 2, 2: None}


def test_equal_times_are_told_apart_by_the_number() -> None:
    first, second = (Delivered(number, "a", START, Terms(TO_DATE), {place(1): Amounts(1, {})}) for number in (1, 2))
    assert fates(second, first) == {1: 2, 2: None}


def test_places_are_told_in_ranges_and_not_without_end() -> None:
    days = [place(day) for day in (1, 2, 3, 5, 7, 8)]
    assert places_told([*days, place(None), place(2, "")]) == (
        "– 02.06.2025; Москва 01.06.2025–03.06.2025, 05.06.2025, 07.06.2025–08.06.2025, ?"
    )
    assert places_told(place(1, f"Ф{number}") for number in range(7)).endswith("Ф4 01.06.2025; … (7)")
    assert days_told(set()) == ""


PLACES = st.lists(
    st.builds(place, st.sampled_from([1, 2, 3, None]), st.sampled_from(["", "М", "К"])), unique=True, max_size=5
)


@st.composite
def deliveries(draw: st.DrawFn) -> list[Delivered]:
    return [
        file(
            number,
            draw(st.sampled_from(list(Delivery))),
            *draw(PLACES),
            rows=draw(st.integers(1, 12)),
            allow=draw(st.booleans()),
            released=draw(st.booleans()),
            present=draw(st.booleans()),
        )
        for number in range(1, draw(st.integers(1, 7)) + 1)
    ]


@given(deliveries(), st.randoms())
def test_the_answer_does_not_depend_on_the_order_of_the_question(files: list[Delivered], random: object) -> None:
    shuffled: Sequence[Delivered] = sorted(files, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert fates(*files) == fates(*shuffled)


@given(deliveries())
def test_nothing_is_doubled_but_by_somebodys_word_and_nothing_is_lost(files: list[Delivered]) -> None:
    verdicts = settle(files)
    assert verdicts.keys() == {one.file_id for one in files}
    visible: dict[BranchDay, list[Delivered]] = {}
    for one in files:
        verdict = verdicts[one.file_id]
        if isinstance(verdict, Counts):
            for found in one.branch_days.keys() - verdict.replaced.keys():
                visible.setdefault(found, []).append(one)
    for found in visible.values():
        for later in sorted(found, key=lambda one: one.place)[1:]:
            # Beside another it may stand only by a person's or the layout's word.
            assert later.released or later.terms.overlap_allowed
    held = {number for number, verdict in verdicts.items() if isinstance(verdict, Held)}
    for one in files:
        verdict = verdicts[one.file_id]
        if isinstance(verdict, Superseded):
            assert isinstance(verdicts[verdict.by], Counts)
        elif isinstance(verdict, Counts):
            # What does not stand of a file stands of another.
            assert all(isinstance(verdicts[by], Counts) and by not in held for by in verdict.replaced.values())
            assert all(found in visible for found in verdict.replaced)
        else:
            assert not one.released
            assert verdict.by


def test_the_examples_of_docs_delivery_come_out_as_told() -> None:
    def days(*bounds: int) -> list[BranchDay]:
        return [place(day) for day in range(bounds[0], bounds[-1] + 1)]

    assert fates(*(file(day, INCREMENT, place(day)) for day in (1, 2, 3)), file(4, INCREMENT, *days(3, 4))) == {
        1: None,
        2: None,
        3: None,
        4: "PERIOD_OVERLAP",
    }
    assert fates(file(1, TO_DATE, *days(1, 10)), file(2, TO_DATE, *days(1, 20)), file(3, TO_DATE, *days(11, 30))) == {
        1: 2,
        2: None,
        3: "PERIOD_SHRUNK",
    }
    weeks = [
        file(1, INCREMENT, *days(1, 7)),
        file(2, INCREMENT, *days(8, 14)),
        file(3, FULL, *days(1, 30)),
        file(4, RESTATED, place(15)),
        file(5, INCREMENT, *days(15, 21)),
    ]
    assert fates(*weeks) == {1: 3, 2: 3, 3: {place(15)}, 4: None, 5: "PERIOD_OVERLAP"}
    held = settle(weeks)[5]
    assert isinstance(held, Held)
    assert set(held.by) == {3, 4}
