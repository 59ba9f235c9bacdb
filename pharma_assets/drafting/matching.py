"""Columns and roles: names, looks and relations weighed together, with rivals and doubt for each column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pharma_assets.drafting.assignment import Scores, assign
from pharma_assets.drafting.likeness import IMPOSSIBLE, value_scores
from pharma_assets.drafting.names import Knowledge, name_scores
from pharma_assets.drafting.profiles import Profile
from pharma_assets.drafting.relations import relation_scores
from pharma_assets.drafting.roles import MOMENTS, NONE, NUMBER, ROLES

_NAME, _VALUE = 7.0, 3.0
# What a role loses whose name a header does not say while it says another's.
_OTHERWISE = 2.5
# To leave a column alone is right for those that nothing speaks for; a name that is known for it adds to that.
_LEFT_ALONE = 1.6

# What is sure: nothing else comes near, no other column wants the role, the name says it and the cells do not deny it.
_SURE = 0.95
_NAMED = 0.75
_NOT_DENIED = -0.3
_MOST_IN_DOUBT = 0.94
# Cells that look so much like one role that a name alone does not outweigh it.
_TELLING = 0.6
_DISTINCT = ("client_inlaw", "client_inn", "client_adress", "client_region", "client_city", "tms")

_MOSTLY = 0.8
_RIVALS, _FAINT = 3, 0.02
_LARGEST = 50.0
_PLACES = {role: place for place, role in enumerate(ROLES)}


@dataclass(frozen=True)
class Match:
    """What a column is taken for: its role, how surely (0 to 1), whether that needs no person, and the other roles."""

    role: str
    confidence: float
    sure: bool
    rivals: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class _Evidence:
    """What speaks for each role of one column: its name, its cells, and what other columns say of it."""

    names: Mapping[str, float]
    values: Mapping[str, float]
    related: Mapping[str, float]

    def strength(self, role: str) -> float:
        """How strongly all of it together speaks for a role."""
        if self.values[role] <= IMPOSSIBLE:
            return _VALUE * IMPOSSIBLE
        named = _NAME * self.names.get(role, 0.0)
        # Days speak for themselves, whatever stands over them.
        if self.names and role not in self.names and role not in MOMENTS:
            named = -_OTHERWISE
        return named + _VALUE * (self.values[role] + self.related.get(role, 0.0))

    def alone(self) -> float:
        """How strongly it speaks for leaving the column alone."""
        return _LEFT_ALONE + _NAME * self.names.get(NONE, 0.0) + _VALUE * self.values[NONE]

    def looks_like_something(self) -> bool:
        """Whether the cells are something by themselves, whatever the name says."""
        told = [self.values[role] for role in _DISTINCT]
        return max(*told, self.values[NUMBER] + self.related.get(NUMBER, 0.0)) >= _TELLING


def match_columns(headers: Sequence[str], columns: Sequence[Profile], knowledge: Knowledge) -> list[Match]:
    """Give every column its role; none but NONE is given twice."""
    evidence = [
        _Evidence(name_scores(header, knowledge), value_scores(column), {})
        for header, column in zip(headers, columns, strict=True)
    ]
    first = _Standing.of(evidence)
    taken = {ROLES[place]: columns[at] for at, place in enumerate(first.places) if place is not None}
    evidence = [
        _Evidence(each.names, each.values, relation_scores(column, taken))
        for each, column in zip(evidence, columns, strict=True)
    ]
    standing = _Standing.of(evidence).with_period(columns)
    return [standing.match(at) for at in range(len(columns))]


@dataclass(frozen=True)
class _Standing:
    """Who has which role: `places` are those of the columns' roles in ROLES, None where one is left alone."""

    evidence: Sequence[_Evidence]
    of_roles: Scores
    alone: Scores
    places: Sequence[int | None]

    @classmethod
    def of(cls, evidence: Sequence[_Evidence]) -> _Standing:
        """The best assignment as a whole."""
        of_roles = np.array([[each.strength(role) for role in ROLES] for each in evidence])
        alone = np.array([each.alone() for each in evidence])
        left_alone = np.full((len(alone), len(alone)), -1e6)
        np.fill_diagonal(left_alone, alone)
        taken = assign(np.hstack([of_roles, left_alone]))
        return cls(evidence, of_roles, alone, [place if place < len(ROLES) else None for place in taken])

    def with_period(self, columns: Sequence[Profile]) -> _Standing:
        """No report is without days: if nothing was taken for them, the column that comes nearest is."""
        period = _PLACES["period"]
        days = [at for at, column in enumerate(columns) if column.share("date") >= _MOSTLY and self.places[at] is None]
        if period in self.places or not days:
            return self
        nearest = max(days, key=lambda at: float(self.of_roles[at, period]))
        places = [period if at == nearest else place for at, place in enumerate(self.places)]
        return _Standing(self.evidence, self.of_roles, self.alone, places)

    def match(self, at: int) -> Match:
        """How surely a column has its role: against the roles that it could have instead, and against the columns that
        could have its role instead."""
        place = self.places[at]
        role = NONE if place is None else ROLES[place]
        strengths = {name: float(self.of_roles[at, where]) for name, where in _PLACES.items()}
        strengths[NONE] = float(self.alone[at])
        shares = {name: _share(value, strengths.values()) for name, value in strengths.items()}
        confidence = shares[role] if place is None else min(shares[role], self._against_others(at, place))
        sure = confidence >= _SURE and self._is_supported(at, role) and not self._is_contested(at, place)
        rivals = sorted(((name, share) for name, share in shares.items() if name != role), key=lambda rival: -rival[1])
        return Match(
            role,
            confidence if sure else min(confidence, _MOST_IN_DOUBT),
            sure,
            tuple(rival for rival in rivals if rival[1] >= _FAINT)[:_RIVALS],
        )

    def _is_supported(self, at: int, role: str) -> bool:
        evidence = self.evidence[at]
        if role == NONE and evidence.looks_like_something():
            return False
        return evidence.names.get(role, 0.0) >= _NAMED and evidence.values[role] >= _NOT_DENIED

    def _is_contested(self, at: int, place: int | None) -> bool:
        """Whether another column would rather have the role than anything else."""
        return place is not None and any(
            int(np.argmax(self.of_roles[other])) == place and self.of_roles[other, place] > self.alone[other]
            for other in range(len(self.places))
            if other != at
        )

    def _against_others(self, at: int, place: int) -> float:
        """How surely this column has the role and no other: by what it would cost to give it to one of those."""
        lost = float(self.of_roles[at, place] - self.alone[at])
        gains = [
            float(self.of_roles[other, place] - (self.alone[other] if has is None else self.of_roles[other, has]))
            for other, has in enumerate(self.places)
            if other != at
        ]
        return 1 / (1 + sum(math.exp(min(gain - lost, _LARGEST)) for gain in gains))


def _share(strength: float, among: Iterable[float]) -> float:
    values = list(among)
    highest = max(values)
    return math.exp(strength - highest) / sum(math.exp(value - highest) for value in values)
