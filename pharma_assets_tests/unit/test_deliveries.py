"""Who has sent, who is late, and what is usual for them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.schedule import Every, Schedule
from pharma_assets.registry.senders import Arrived, Delivery, Expectation, State, deliveries

CLIENT = Client(Provider.DISTRIBUTOR, "Client_01")
JUNE = date(2025, 6, 1)


def arrived(month: date, first: date, last: date | None = None, files: int = 1) -> Arrived:
    return Arrived(ClientMonth(CLIENT, month.year, month.month), "Type1", files, files, 0, first, last or first)


def monthly(*days: int) -> list[Arrived]:
    """One file a month up to May, that of each month on this day of the next one."""
    months = [date(2025, 6 - number, 1) for number in range(1, len(days) + 1)]
    return [
        arrived(month, (month + timedelta(days=32)).replace(day=day)) for month, day in zip(months, days, strict=True)
    ]


def asked(items: list[Arrived], today: date, *expected: Expectation, month: date = JUNE) -> Delivery:
    (found,) = deliveries(items, expected, month, today)
    return found


def agreed(every: Every, due_day: int) -> Expectation:
    return Expectation(CLIENT, "Type1", Schedule(every, due_day))


@pytest.mark.parametrize(
    ("today", "state"), [(date(2025, 6, 20), State.DUE), (date(2025, 7, 5), State.DUE), (date(2025, 7, 6), State.LATE)]
)
def test_what_was_agreed_says_who_is_late(today: date, state: State) -> None:
    found = asked([], today, agreed(Every.MONTH, 5))
    assert (found.state, found.due) == (state, date(2025, 7, 5))


def test_a_file_after_its_day_was_sent_late() -> None:
    today = date(2025, 8, 1)
    for day, state in ((date(2025, 7, 5), State.SENT), (date(2025, 7, 6), State.SENT_LATE)):
        assert asked([arrived(JUNE, day)], today, agreed(Every.MONTH, 5)).state is state


def test_a_week_belongs_to_the_month_of_its_sunday() -> None:
    weekly = Schedule(Every.WEEK, 2)
    assert weekly.due_dates(JUNE) == [date(2025, 6, day) for day in (3, 10, 17, 24)] + [date(2025, 7, 1)]
    daily = Schedule(Every.DAY, 1)
    assert daily.due_dates(date(2024, 2, 1)) == [date(2024, 2, 2) + timedelta(days=day) for day in range(29)]


@given(st.sampled_from(Every), st.integers(0, 40), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_every_day_of_a_schedule_is_due_in_one_month(every: Every, due_day: int, start: date) -> None:
    schedule = Schedule(every, due_day)
    months = [date(start.year + (start.month + n - 1) // 12, (start.month + n - 1) % 12 + 1, 1) for n in range(3)]
    dates = [due for month in months for due in schedule.due_dates(month)]
    assert dates == sorted(set(dates))
    steps = {(after - before).days for before, after in pairwise(dates)}
    assert steps <= {Every.DAY: {1}, Every.WEEK: {7}, Every.MONTH: {28, 29, 30, 31}}[every]


def test_fewer_files_than_half_of_those_due_are_too_few() -> None:
    today = date(2025, 6, 12)
    for files, state in ((5, State.SENT), (4, State.FEW)):
        item = arrived(JUNE, date(2025, 6, 2), date(2025, 6, 11), files)
        assert asked([item], today, agreed(Every.DAY, 1)).state is state


def test_the_earlier_months_say_what_is_usual() -> None:
    before = monthly(4, 3, 20)
    due = asked(before, date(2025, 7, 7))
    assert (due.state, due.due) == (State.DUE, date(2025, 7, 7)), "the 4th, and three days"
    assert due.usual == "2025-07-04, by 3 earlier months"
    assert asked(before, date(2025, 7, 8)).state is State.LATE
    assert asked([*before, arrived(JUNE, date(2025, 7, 8))], date(2025, 8, 1)).state is State.SENT_LATE


def test_two_months_are_no_habit() -> None:
    found = asked(monthly(4, 3), date(2026, 1, 1))
    assert (found.state, found.due, found.usual) == (State.UNKNOWN, None, "")


def test_daily_senders_are_missed_within_the_month() -> None:
    before = [arrived(date(2025, month, 1), date(2025, month, 2), date(2025, month, 28), 20) for month in (3, 4, 5)]
    assert asked(before, date(2025, 6, 4)).state is State.DUE
    late = asked(before, date(2025, 6, 7))
    assert late.state is State.LATE
    assert late.due == date(2025, 6, 5)
    assert late.usual == "20 files, 2025-06-02 to 2025-06-27, by 3 earlier months"
    few = [*before, arrived(JUNE, date(2025, 6, 2), date(2025, 6, 9), 6)]
    assert asked(few, date(2025, 6, 20)).state is State.SENT, "the month is not over"
    assert asked(few, date(2025, 7, 20)).state is State.FEW


def test_a_backfill_is_no_habit_and_freshens_nothing() -> None:
    """Three years brought in on one day: that day says nothing of when the supplier sends."""
    day = date(2025, 11, 1)
    brought = [arrived(date(2025, month, 1), day) for month in range(1, 6)]
    assert asked(brought, date(2025, 12, 1)).state is State.UNKNOWN
    assert asked(brought, date(2025, 12, 1), agreed(Every.MONTH, 5)).state is State.LATE
    mixed = [*brought[:2], *(arrived(date(2025, month, 1), date(2025, month + 1, 3)) for month in (3, 4, 5))]
    assert asked(mixed, date(2025, 12, 1)).due == date(2025, 7, 6)


def test_everybody_who_is_expected_or_ever_sent_is_listed() -> None:
    other = Client(Provider.CHAIN, "Client_01")
    found = deliveries(monthly(4), [Expectation(other, "Type2")], JUNE, date(2025, 7, 1))
    assert [(item.client, item.report_type, item.state) for item in found] == [
        (CLIENT, "Type1", State.UNKNOWN),
        (other, "Type2", State.UNKNOWN),
    ]
    assert deliveries(monthly(4), [], date(2027, 1, 1), date(2027, 1, 1)) == [], "gone for a year"
