"""The plan is pure: due files in, client-months to work on out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.defs.batching import digest_of, is_fresh, share_out
from pharma_assets.intake import NO_BACKLOG, Backlog, Request, Why, plan
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.status import Status
from pharma_assets.registry.files import RegisteredFile

MAY, JUNE = (ClientMonth(Client(Provider.CHAIN, "Client_01"), 2025, month) for month in (5, 6))
FILE = RegisteredFile(
    id=1,
    path="a.csv",
    client_month=JUNE,
    report_type="Type1",
    status=Status.NEW,
    reason=None,
    version=1,
    attempt=0,
    uploaded_at=datetime(2025, 6, 1, tzinfo=UTC),
    content_hash=None,
    fingerprint=None,
    result_name=None,
    released=False,
)


def test_due_files_are_grouped_and_the_oldest_comes_first() -> None:
    files = [FILE, replace(FILE, id=2, client_month=MAY), replace(FILE, id=3)]
    assert [(request.client_month, request.file_ids) for request in plan(files, ())] == [(JUNE, (1, 3)), (MAY, (2,))]


def test_a_busy_client_month_waits() -> None:
    assert [request.client_month for request in plan([FILE, replace(FILE, id=2, client_month=MAY)], {JUNE})] == [MAY]


def test_the_digest_is_of_the_work_not_of_the_moment() -> None:
    (request,) = plan([FILE, replace(FILE, id=2)], ())
    (swapped,) = plan([replace(FILE, id=2), FILE], ())
    assert request.digest == swapped.digest
    for other in (replace(FILE, version=2), replace(FILE, attempt=1), replace(FILE, status=Status.ERROR)):
        assert plan([other, replace(FILE, id=2)], ())[0].digest != request.digest


def due(*places: tuple[str, int, int]) -> list[RegisteredFile]:
    """A file of each client, year and month, in this order."""
    return [
        replace(FILE, id=number, client_month=ClientMonth(Client(Provider.CHAIN, client), year, month))
        for number, (client, year, month) in enumerate(places, start=1)
    ]


def ids(requests: list[Request]) -> list[int]:
    return [file for request in requests for file in request.file_ids]


def test_clients_take_turns() -> None:
    """One client's three months are not in the way of another's only one, though all of them are older."""
    files = due(("A", 2025, 1), ("A", 2025, 2), ("A", 2025, 3), ("B", 2025, 6), ("C", 2025, 5), ("B", 2025, 7))
    assert ids(plan(files, ())) == [1, 4, 5, 2, 6, 3]


BACKLOG = Backlog(since=date(2025, 1, 1), at_once=2)


def test_the_backlog_comes_last_and_a_part_at_a_time() -> None:
    files = due(("A", 2024, 1), ("A", 2024, 2), ("B", 2024, 3), ("A", 2025, 1), ("C", 2024, 12))
    requests = plan(files, (), (), BACKLOG)
    assert ids(requests) == [4, 1, 3], "A and B take turns; C is for the next tick"
    assert [request.is_backlog for request in requests] == [False, True, True]
    assert ids(plan(files, (), (), NO_BACKLOG)) == [1, 3, 5, 2, 4]


def test_what_of_the_backlog_is_being_worked_on_counts() -> None:
    files = due(("A", 2024, 1), ("B", 2024, 3), ("B", 2025, 1))
    busy = {file.client_month for file in due(("C", 2024, 2), ("C", 2025, 3))}
    assert ids(plan(files, busy, (), BACKLOG)) == [3, 1]
    assert ids(plan(files, busy | {files[0].client_month, files[1].client_month}, (), BACKLOG)) == [3]


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from((2024, 2025)), st.integers(1, 12)), max_size=40),
    st.integers(0, 5),
)
def test_nothing_fresh_is_left_out_and_nobody_is_passed_over(places: list[tuple[str, int, int]], room: int) -> None:
    files = due(*places)
    requests = plan(files, (), (), Backlog(BACKLOG.since, room))
    fresh, late = (
        [request for request in requests if request.is_backlog is is_backlog] for is_backlog in (False, True)
    )
    assert requests == fresh + late
    assert set(ids(fresh)) == {file.id for file in files if file.client_month.year == 2025}
    old = {file.client_month for file in files if file.client_month.year == 2024}
    assert len(late) == min(room, len(old))
    for part, among in ((fresh, {file.client_month for file in files} - old), (late, old)):
        served = Counter(request.client_month.client for request in part)
        waiting = Counter(month.client for month in among) - served
        assert all(served[client] >= served[other] - 1 for client in waiting for other in served)


def test_what_only_waits_is_asked_for_once_and_a_layout_makes_it_due() -> None:
    waits = replace(FILE, status=Status.PROCESSING, reason="NO_SCRIPT_FOUND")
    (request,) = plan([], (), [waits])
    assert (request.file_ids, request.why) == ((1,), {Why.WAITS})
    (request,) = plan([waits], (), [waits])
    assert (request.file_ids, request.why) == ((1,), {Why.LAYOUT})
    assert plan([], {JUNE}, [waits]) == []


def test_a_request_says_why() -> None:
    files = [
        replace(FILE, id=1, version=2),
        replace(FILE, id=2, status=Status.PROCESSING),
        replace(FILE, id=3, status=Status.ERROR),
        replace(FILE, id=4, status=Status.CREATED),
    ]
    (request,) = plan(files, ())
    assert request.why == {Why.CHANGED, Why.INTERRUPTED, Why.AGAIN, Why.ANEW}


def requests(files: list[int]) -> list[Request]:
    client = Client(Provider.CHAIN, "Client_01")
    months = [ClientMonth(client, 2000 + number // 12, number % 12 + 1) for number in range(len(files))]
    return [
        Request(month, tuple(range(count)), month.key, frozenset()) for month, count in zip(months, files, strict=True)
    ]


@given(st.lists(st.integers(0, 9), max_size=200), st.integers(1, 8), st.integers(1, 50))
def test_batches_hold_every_request_once_and_none_too_many(files: list[int], runs: int, most: int) -> None:
    asked = requests(files)
    batches = share_out(asked, runs, most)
    assert sorted(request.digest for batch in batches for request in batch) == sorted(r.digest for r in asked)
    assert all(1 <= len(batch) <= most for batch in batches)
    assert len(batches) == min(len(asked), max(runs, -(-len(asked) // most)))
    assert all(batch == sorted(batch, key=asked.index) for batch in batches), "the oldest first"


def test_batches_have_about_as_many_files() -> None:
    batches = share_out(requests([5, 1, 5, 1, 5, 5]), 2, 40)
    assert sorted(sum(len(request.file_ids) for request in batch) for batch in batches) == [11, 11]


def test_a_batch_is_known_by_its_work() -> None:
    one, two, three = requests([1, 1, 1])
    assert digest_of([one, two]) == digest_of([two, one]) != digest_of([one, three])


def test_this_month_and_the_last_one_are_fresh() -> None:
    (request,) = plan([FILE], ())
    fresh = {today: is_fresh(request, today) for today in (date(2025, 6, 1), date(2025, 7, 31), date(2025, 8, 1))}
    assert fresh == {date(2025, 6, 1): True, date(2025, 7, 31): True, date(2025, 8, 1): False}
