"""Which of a client-month's files count (DESIGN, "Delivery modes"): a pure question about what each of them covers.

The answer depends on the files alone, never on the order in which they were worked on, so whoever asks gets the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from pharma_assets.errors import PharmaError
from pharma_assets.model.delivery import Amounts, BranchDay, Delivered, Delivery, added_up

_MOST_TOLD = 5


@dataclass(frozen=True)
class Counts:
    """The file counts, but for the branch-days for which the rows of another file stand: by that file's id."""

    replaced: Mapping[BranchDay, int]


@dataclass(frozen=True)
class Superseded:
    """Another file counts in its place."""

    by: int


@dataclass(frozen=True)
class Held:
    """The file is held back, with the error that the registry shows, because of these files."""

    error: PharmaError
    by: tuple[int, ...]


Verdict = Counts | Superseded | Held


def settle(files: Iterable[Delivered]) -> dict[int, Verdict]:
    """What becomes of each file of one client-month and report type, by its id.

    In the order of `place`: a file that replaces all others supersedes every earlier one, unless it lacks too much of
    what counts by then; what comes after the last of those is settled branch-day by branch-day.
    """
    before: list[Delivered] = []
    era: list[Delivered] = []
    shrunk: dict[int, Held] = {}
    for file in sorted(files, key=lambda file: file.place):
        if file.mode.replaces_all:
            lack = None if file.released else _lack(file, _standing(era, shrunk))
            if lack is None:
                before += era
                era, shrunk = [], {}
            else:
                shrunk[file.file_id] = lack
        era.append(file)
    superseded: dict[int, Verdict] = {file.file_id: Superseded(era[0].file_id) for file in before}
    return superseded | _within(era, shrunk)


def _within(era: Sequence[Delivered], shrunk: Mapping[int, Held]) -> dict[int, Verdict]:
    """The verdicts on files of which none replaces all others, but maybe the first."""
    replaced = _restated(era)
    held: dict[int, Held] = dict(shrunk)
    covering: dict[BranchDay, list[Delivered]] = {}
    for file in era:
        visible = [place for place in file.branch_days if place not in replaced[file.file_id]]
        meeting: dict[int, list[BranchDay]] = {}
        for place in visible:
            for other in covering.get(place, ()):
                if _clash(file, other):
                    meeting.setdefault(other.file_id, []).append(place)
        others = {other.file_id: other for other in era}
        blocking = {number: places for number, places in meeting.items() if file.present and others[number].present}
        if blocking and file.file_id not in held:
            held[file.file_id] = _overlap(file, [others[number] for number in blocking], blocking)
        # A file that has gone holds nobody back: its rows, which stay until a rebuild, yield to those of the other.
        for number, places in meeting.items():
            yielding, to = (others[number], file) if file.present else (file, others[number])
            if not yielding.present and to.file_id not in held:
                replaced[yielding.file_id] |= dict.fromkeys(places, to.file_id)
        for place in visible:
            covering.setdefault(place, []).append(file)
    return {file.file_id: held.get(file.file_id, Counts(replaced[file.file_id])) for file in era}


def _restated(era: Sequence[Delivered]) -> dict[int, dict[BranchDay, int]]:
    """For each file its branch-days that a later restatement covers, with the last such file."""
    last: dict[BranchDay, int] = {}
    replaced: dict[int, dict[BranchDay, int]] = {}
    for file in reversed(era):
        replaced[file.file_id] = {place: last[place] for place in file.branch_days if place in last}
        if file.mode is Delivery.RESTATEMENT:
            for place in file.branch_days:
                last.setdefault(place, file.file_id)
    return replaced


def _clash(file: Delivered, earlier: Delivered) -> bool:
    """Whether an increment may not cover what an earlier file covers. That one may be held back itself: whoever lets it
    through must not double what a third file has brought meanwhile."""
    if file.mode is not Delivery.INCREMENT or file.released:
        return False
    return not (file.terms.overlap_allowed and earlier.mode is Delivery.INCREMENT)


def _overlap(file: Delivered, others: Sequence[Delivered], meeting: Mapping[int, Sequence[BranchDay]]) -> Held:
    places = {place for found in meeting.values() for place in found}
    here = added_up([file.branch_days[place] for place in places])
    there = added_up([other.branch_days[place] for other in others for place in meeting[other.file_id]])
    ids = tuple(other.file_id for other in others)
    error = PharmaError(
        "PERIOD_OVERLAP",
        ids=ids_told(ids),
        path=others[0].path,
        where=places_told(places),
        rows=here.rows,
        sums=_sums_told(here),
        other_rows=there.rows,
        other_sums=_sums_told(there),
    )
    return Held(error, ids)


def _standing(era: Sequence[Delivered], shrunk: Mapping[int, Held]) -> dict[int, dict[BranchDay, Amounts]]:
    """What counts of the present files, by their ids."""
    verdicts = _within(era, shrunk)
    standing = {}
    for file in era:
        verdict = verdicts[file.file_id]
        if file.present and isinstance(verdict, Counts):
            places = {place: amounts for place, amounts in file.branch_days.items() if place not in verdict.replaced}
            if places:
                standing[file.file_id] = places
    return standing


def _lack(file: Delivered, standing: Mapping[int, Mapping[BranchDay, Amounts]]) -> Held | None:
    """Why the file cannot replace what stands: a day or a branch is missing, or too many rows."""
    if file.terms.shrinkage >= 1:
        return None
    places = {place for of_file in standing.values() for place in of_file}
    days = {place.day for place in places} - {place.day for place in file.branch_days}
    branches = {place.branch for place in places} - {place.branch for place in file.branch_days}
    rows = sum(amounts.rows for amounts in file.branch_days.values())
    other_rows = sum(amounts.rows for of_file in standing.values() for amounts in of_file.values())
    if not days and not branches and rows >= (1 - file.terms.shrinkage) * other_rows:
        return None
    parts = [*([days_told(days)] if days else []), *([", ".join(_first(sorted(branches)))] if branches else [])]
    ids = tuple(standing)
    error = PharmaError(
        "PERIOD_SHRUNK", ids=ids_told(ids), lacking="; ".join(parts) or "–", rows=rows, other_rows=other_rows
    )
    return Held(error, ids)


def ids_told(ids: Iterable[int]) -> str:
    """Files by their ids, for people."""
    return ", ".join(_first([str(number) for number in sorted(set(ids))]))


def places_told(places: Iterable[BranchDay]) -> str:
    """Branch-days for people: each branch with its days, of which those that follow one another are told as a range."""
    by_branch: dict[str, set[date | None]] = {}
    for place in places:
        by_branch.setdefault(place.branch, set()).add(place.day)
    return "; ".join(_first([f"{branch or '–'} {days_told(by_branch[branch])}" for branch in sorted(by_branch)]))


def days_told(days: Collection[date | None]) -> str:
    """Days for people, as ranges; "?" stands for rows without a date."""
    known = sorted(day for day in days if day is not None)
    starts = [day for before, day in pairwise([date.min, *known]) if day - before > timedelta(1)]
    ends = [day for day, after in pairwise([*known, date.max]) if after - day > timedelta(1)]
    ranges = [
        f"{start:%d.%m.%Y}" if start == end else f"{start:%d.%m.%Y}–{end:%d.%m.%Y}"
        for start, end in zip(starts, ends, strict=True)
    ]
    return ", ".join(_first([*ranges, *(["?"] if None in days else [])]))


def _sums_told(amounts: Amounts) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(amounts.sums.items())) or "–"


def _first(texts: list[str]) -> list[str]:
    return texts if len(texts) <= _MOST_TOLD else [*texts[:_MOST_TOLD], f"… ({len(texts)})"]
