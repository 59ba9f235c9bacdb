"""Who has sent, who is late, and what is usual for them: the registry's arrivals beside what was agreed.

`deliveries` is pure. Where nothing was agreed, a client's own earlier months say what is usual; files that came long
after their month, as a backfill does, do not count as a habit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import ceil
from statistics import median

from sqlalchemy import Connection, text

from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.schedule import Schedule

# A habit is told from the latest months before the one that is asked about.
HABIT_MONTHS = 12
LEAST_MONTHS = 3
# Who is this much later than usual is late.
SLACK_DAYS = 3
# A file that came later than this after the end of its month was brought in afterwards.
LONGEST_LAG_DAYS = 62


class State(StrEnum):
    """How a delivery stands."""

    SENT = "sent"
    SENT_LATE = "sent late"
    FEW = "fewer files than due"
    LATE = "late"
    DUE = "not due yet"
    UNKNOWN = "nothing sent, nothing usual"


# What somebody should ask the supplier about.
WANTING = frozenset({State.FEW, State.LATE})


@dataclass(frozen=True)
class Arrived:
    """What a client has sent of one report type for one month. `first`, `last`: days of arrival, of the suppliers."""

    client_month: ClientMonth
    report_type: str
    files: int
    loaded: int
    waiting: int
    first: date
    last: date


@dataclass(frozen=True)
class Expectation:
    """What a client has agreed to send; `schedule` is None where only the report type is known."""

    client: Client
    report_type: str
    schedule: Schedule | None = None


@dataclass(frozen=True)
class Delivery:
    """One client's report type in one month. `due`: when the first file is; `usual`: for people."""

    client: Client
    report_type: str
    state: State
    files: int
    loaded: int
    waiting: int
    first: date | None
    last: date | None
    due: date | None
    usual: str

    def record(self) -> dict[str, str | int | None]:
        """The delivery as a row of a table."""
        return {
            "client": self.client.key,
            "report_type": self.report_type,
            "state": self.state.value,
            "due": str(self.due) if self.due else None,
            "usual": self.usual,
            "files": self.files,
            "loaded": self.loaded,
            "not_taken_in": self.waiting,
            "first": str(self.first) if self.first else None,
            "last": str(self.last) if self.last else None,
        }


@dataclass(frozen=True)
class _Plan:
    """When the first file is due, and by which day how many; `told`: for people."""

    first_due: date | None
    due_by_now: int
    told: str


def arrivals(connection: Connection, timezone: str) -> list[Arrived]:
    """Everything that ever arrived, also what has gone since; the day is the file's own time, which an upload sets."""
    rows = connection.execute(
        text(
            """
            SELECT f.data_provider, f.client_name, f.report_year, f.report_month, f.report_type,
                   count(*) AS files, count(l.id) AS loaded,
                   count(*) FILTER (WHERE f.status IN ('ERROR', 'PROCESSING', 'NEW')) AS waiting,
                   CAST(min(f.uploaded_at) AT TIME ZONE :timezone AS date) AS first,
                   CAST(max(f.uploaded_at) AT TIME ZONE :timezone AS date) AS last
            FROM ops.file_registry f LEFT JOIN ops.file_load l ON l.file_id = f.id AND l.superseded_at IS NULL
            WHERE f.error_reason IS DISTINCT FROM 'IGNORED'
            GROUP BY 1, 2, 3, 4, 5
            """
        ),
        {"timezone": timezone},
    )
    return [
        Arrived(
            ClientMonth(Client(Provider(row.data_provider), row.client_name), row.report_year, row.report_month),
            row.report_type,
            row.files,
            row.loaded,
            row.waiting,
            row.first,
            row.last,
        )
        for row in rows
    ]


def deliveries(
    arrived: Sequence[Arrived], expectations: Sequence[Expectation], month: date, today: date
) -> list[Delivery]:
    """Each client's report types in a month, by its first day: those that are expected, were sent, or usually are."""
    schedules = {(expected.client, expected.report_type): expected.schedule for expected in expectations}
    of_month: dict[tuple[Client, str], Arrived] = {}
    before: dict[tuple[Client, str], list[Arrived]] = {}
    for item in arrived:
        key = (item.client_month.client, item.report_type)
        if item.client_month.first_day == month:
            of_month[key] = item
        elif _months_between(item.client_month.first_day, month) in range(1, HABIT_MONTHS + 1):
            before.setdefault(key, []).append(item)
    found = []
    for client, report_type in sorted({*schedules, *of_month, *before}):
        key = (client, report_type)
        plan = _plan(schedules.get(key), before.get(key, []), month, today)
        item_now = of_month.get(key)
        found.append(
            Delivery(
                client,
                report_type,
                _state(item_now, plan, today),
                item_now.files if item_now else 0,
                item_now.loaded if item_now else 0,
                item_now.waiting if item_now else 0,
                item_now.first if item_now else None,
                item_now.last if item_now else None,
                plan.first_due,
                plan.told,
            )
        )
    return found


def _plan(schedule: Schedule | None, before: Sequence[Arrived], month: date, today: date) -> _Plan:
    if schedule is not None:
        dates = schedule.due_dates(month)
        return _Plan(min(dates, default=None), sum(due < today for due in dates), str(schedule))
    habits = [item for item in before if _lag(item, item.first) <= LONGEST_LAG_DAYS]
    if len(habits) < LEAST_MONTHS:
        return _Plan(None, 0, "")
    files = ceil(median(item.files for item in habits))
    end = _next_month(month)
    first = end + timedelta(days=ceil(median(_lag(item, item.first) for item in habits)))
    if first < end:
        # Within the month its beginning is what counts, for months are not of one length.
        first = month + timedelta(days=ceil(median((item.first - item.client_month.first_day).days for item in habits)))
    last = end + timedelta(days=ceil(median(_lag(item, item.last) for item in habits)))
    slack = timedelta(days=SLACK_DAYS)
    due_by_now = files if last + slack < today else int(first + slack < today)
    told = f"{files} files, {first} to {last}" if files > 1 else str(first)
    return _Plan(first + slack, due_by_now, f"{told}, by {len(habits)} earlier months")


def _state(item: Arrived | None, plan: _Plan, today: date) -> State:
    if item is None or item.files == 0:
        if plan.first_due is None:
            return State.UNKNOWN
        return State.LATE if plan.first_due < today else State.DUE
    # By half, because a day without sales has no report.
    if item.files * 2 < plan.due_by_now:
        return State.FEW
    return State.SENT_LATE if plan.first_due is not None and plan.first_due < item.first else State.SENT


def _lag(item: Arrived, day: date) -> int:
    """Days after the end of the month; negative within it."""
    return (day - _next_month(item.client_month.first_day)).days


def _next_month(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _months_between(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month
