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
_SURE = 0.95
_NAMED = 0.75
# Cells that look so much like one role that a name alone does not outweigh it.
_TELLING = 0.6
_DISTINCT = ("client_inlaw", "client_inn", "client_adress", "client_region", "client_city", "tms")
_MOSTLY = 0.8
_RIVALS = 3
_OF_ROLES = {role: place for place, role in enumerate(ROLES)}


@dataclass(frozen=True)
class Match:
    """What a column is taken for: its role, how surely (0 to 1), whether that needs a person, and the other roles."""

    role: str
    confidence: float
    sure: bool
    rivals: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class _Evidence:
    """Of each column: the scores of its name and of its cells, by role."""

    names: Sequence[Mapping[str, float]]
    values: Sequence[Mapping[str, float]]

    def strengths(self, related: Sequence[Mapping[str, float]]) -> tuple[Scores, Scores]:
        """Each column's strength for every role, and for being left alone."""
        of_roles = np.empty((len(self.names), len(ROLES)))
        alone = np.empty(len(self.names))
        for at, (names, values) in enumerate(zip(self.names, self.values, strict=True)):
            for role, place in _OF_ROLES.items():
                more = related[at].get(role, 0.0) if values[role] > IMPOSSIBLE else 0.0
                named = _NAME * names.get(role, 0.0) if names.get(role) or not names else -_OTHERWISE
                if role in MOMENTS and not names.get(role):
                    named = 0.0  # days speak for themselves, whatever stands over them
                of_roles[at, place] = named + _VALUE * (values[role] + more)
            alone[at] = _LEFT_ALONE + _NAME * names.get(NONE, 0.0) + _VALUE * values[NONE]
        return of_roles, alone


def match_columns(headers: Sequence[str], columns: Sequence[Profile], knowledge: Knowledge) -> list[Match]:
    """Give every column its role; none but NONE is given twice."""
    evidence = _Evidence([name_scores(header, knowledge) for header in headers], [value_scores(each) for each in columns])
    nothing: list[dict[str, float]] = [{} for _ in columns]
    first = _assigned(*evidence.strengths(nothing))
    taken = {ROLES[place]: columns[at] for at, place in enumerate(first) if place < len(ROLES)}
    related = [relation_scores(column, taken) for column in columns]
    of_roles, alone = evidence.strengths(related)
    places = _with_period(_assigned(of_roles, alone), of_roles, columns)
    return [
        _judge(at, place if place < len(ROLES) else None, of_roles, alone, places, evidence, related[at])
        for at, place in enumerate(places)
    ]


def _assigned(of_roles: Scores, alone: Scores) -> list[int]:
    """For each column the place of its role; len(ROLES) and more mean that it is left alone."""
    left_alone = np.full((len(alone), len(alone)), -1e6)
    np.fill_diagonal(left_alone, alone)
    return assign(np.hstack([of_roles, left_alone]))


def _with_period(places: list[int], of_roles: Scores, columns: Sequence[Profile]) -> list[int]:
    """No report is without days: if nothing was taken for them, the column that comes nearest is."""
    period = _OF_ROLES["period"]
    days = [at for at, column in enumerate(columns) if column.share("date") >= _MOSTLY and places[at] >= len(ROLES)]
    if period in places or not days:
        return places
    nearest = max(days, key=lambda at: float(of_roles[at, period]))
    return [period if at == nearest else place for at, place in enumerate(places)]


def _judge(
    at: int,
    place: int | None,
    of_roles: Scores,
    alone: Scores,
    places: Sequence[int],
    evidence: _Evidence,
    related: Mapping[str, float],
) -> Match:
    """How surely a column has its role: against the roles it could have instead, and against the columns that could have
    its role instead."""
    strengths = {role: float(of_roles[at, where]) for role, where in _OF_ROLES.items()} | {NONE: float(alone[at])}
    role = NONE if place is None else ROLES[place]
    confidence = _share(strengths[role], strengths.values())
    contested = False
    if place is not None:
        confidence = min(confidence, _against_others(at, place, of_roles, alone, places))
        contested = any(
            int(np.argmax(of_roles[other])) == place and of_roles[other, place] > alone[other]
            for other in range(len(places))
            if other != at
        )
    rivals = sorted(((name, _share(value, strengths.values())) for name, value in strengths.items()), key=lambda it: -it[1])
    named = evidence.names[at].get(role, 0.0)
    sure = confidence >= _SURE and not contested and named >= _NAMED and evidence.values[at][role] >= -0.3
    told = {telling: evidence.values[at][telling] for telling in _DISTINCT}
    told[NUMBER] = evidence.values[at][NUMBER] + related.get(NUMBER, 0.0)
    if role == NONE and max(told.values()) >= _TELLING:
        sure = False  # by its cells it is something, whatever its name says
    return Match(role, confidence, sure, tuple(rival for rival in rivals if rival[0] != role and rival[1] >= 0.02)[:_RIVALS])


def _against_others(at: int, place: int, of_roles: Scores, alone: Scores, places: Sequence[int]) -> float:
    """How surely the column has the role and no other column: by what it would cost to give it to one of those."""
    lost = float(of_roles[at, place] - alone[at])
    gains = [
        float(of_roles[other, place] - (of_roles[other, has] if has < len(ROLES) else alone[other]))
        for other, has in enumerate(places)
        if other != at
    ]
    return 1 / (1 + sum(math.exp(min(gain - lost, 50.0)) for gain in gains))


def _share(strength: float, among: Iterable[float]) -> float:
    values = list(among)
    highest = max(values)
    return math.exp(strength - highest) / sum(math.exp(value - highest) for value in values)
