"""What a trial measures: the figures of a file, a month, a whole history, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from pharma_assets.errors import PharmaError
from pharma_assets.model.client_month import Client
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.shadow.stored_rows import Comparison


@dataclass(frozen=True)
class Measures:
    """The figures of one or more reports. `left_out` counts by rule, `rejected` by the first problem's code."""

    read: int = 0
    loaded: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    sums: Mapping[str, Decimal] = field(default_factory=dict)

    def __add__(self, other: Measures) -> Measures:
        return Measures(
            self.read + other.read,
            self.loaded + other.loaded,
            _added(self.left_out, other.left_out),
            _added(self.rejected, other.rejected),
            {
                name: self.sums.get(name, Decimal(0)) + other.sums.get(name, Decimal(0))
                for name in {**self.sums, **other.sums}
            },
        )

    def figures(self) -> dict[str, int | Decimal]:
        """Every measure by a name of its own."""
        return {
            "rows read": self.read,
            "rows loaded": self.loaded,
            **{f"left out: {reason}": count for reason, count in self.left_out.items()},
            **{f"rejected: {code}": count for code, count in self.rejected.items()},
            **{f"sum of {name}": total for name, total in self.sums.items()},
        }


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


class State(StrEnum):
    """What a layout means for a file."""

    SAME = "the same"
    DIFFERS = "differs"
    WOULD_FAIL = "would fail"
    WOULD_LOAD = "would load"
    STILL_FAILS = "still fails"


@dataclass(frozen=True)
class FileTrial:
    """One file, as it is loaded now and as it would be.

    `before`: the ledger's figures, None where it is not loaded; `reason`: what the registry says of it then. `after`,
    or the `error` that would keep it out. `compared`: row by row; None where there is nothing to compare, or the bytes
    are others by now.
    """

    file: RegisteredFile
    before: Measures | None
    reason: str | None
    after: Measures | None
    error: PharmaError | None = None
    compared: Comparison | None = None
    content_changed: bool = False

    @property
    def state(self) -> State:
        if self.after is None:
            return State.WOULD_FAIL if self.before is not None else State.STILL_FAILS
        if self.before is None:
            return State.WOULD_LOAD
        rows = self.compared.rows if self.compared is not None else 0
        return State.DIFFERS if rows or changes(self.before, self.after) else State.SAME


@dataclass(frozen=True)
class Change:
    """One measure before and after."""

    name: str
    before: int | Decimal
    after: int | Decimal

    @property
    def difference(self) -> int | Decimal:
        return self.after - self.before


def changes(before: Measures, after: Measures) -> list[Change]:
    """The measures that differ."""
    return [each for each in all_measures(before, after) if each.difference]


def all_measures(before: Measures, after: Measures) -> list[Change]:
    """Every measure of the two, in order."""
    one, other = before.figures(), after.figures()
    return [Change(name, one.get(name, 0), other.get(name, 0)) for name in {**one, **other}]


@dataclass(frozen=True)
class MonthTrial:
    """The files of one month of folders together."""

    month: date
    files: tuple[FileTrial, ...]

    @property
    def before(self) -> Measures:
        return sum((file.before for file in self.files if file.before is not None), Measures())

    @property
    def after(self) -> Measures:
        """What the layout gives. A file that would fail gives nothing; in the table it keeps the rows that it has."""
        return sum((file.after for file in self.files if file.after is not None), Measures())

    @property
    def changes(self) -> list[Change]:
        return changes(self.before, self.after)

    @property
    def rows(self) -> dict[str, int]:
        """How many rows appear, disappear and change."""
        compared = [file.compared for file in self.files if file.compared is not None]
        return {
            "rows that appear": sum(each.appear for each in compared),
            "rows that disappear": sum(each.disappear for each in compared),
            "rows that change": sum(each.change for each in compared),
        }

    @property
    def is_same(self) -> bool:
        return all(file.state in (State.SAME, State.STILL_FAILS) for file in self.files)


@dataclass(frozen=True)
class Trial:
    """A layout tried on a client's history.

    `held`: files that are not loaded for a reason that no layout changes. `gone`: files that are loaded and no longer
    in the inbox; their rows stay as they are.
    """

    client: Client
    layout: Path
    fingerprint: str
    files: tuple[FileTrial, ...]
    held: int
    gone: int
    seconds: float

    @property
    def months(self) -> list[MonthTrial]:
        by_month: dict[date, list[FileTrial]] = {}
        for file in self.files:
            by_month.setdefault(file.file.client_month.first_day, []).append(file)
        return [MonthTrial(month, tuple(files)) for month, files in sorted(by_month.items())]

    @property
    def states(self) -> Counter[State]:
        return Counter(file.state for file in self.files)

    @property
    def by_column(self) -> dict[str, int]:
        """How many cells of each column would change, most first."""
        return _counted(file.compared.by_column for file in self.files if file.compared is not None)

    def in_state(self, state: State) -> list[FileTrial]:
        return [file for file in self.files if file.state is state]


def _counted(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total.most_common())
