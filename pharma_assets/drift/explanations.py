"""What became of the columns that are missing: another name, two columns out of one, or one out of two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.drafting.names import role_of
from pharma_assets.drafting.profiles import Profile, profile
from pharma_assets.drafting.words import words
from pharma_assets.drift.likeness import alike_cells, alike_names, fits_role, has_figures_of, says_of, words_of
from pharma_assets.drift.reference import Reference
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.layout import Layout

_LIKELY, _LIKELY_IN_PLACE, _SUREST = 0.5, 0.4, 0.97
_NAMED, _PLAIN = 0.4, 0.75
_ALIKE = 0.2
_JOINED, _BETTER = 0.72, 0.08
_IN_PLACE, _BETWEEN = 0.25, 0.1
_OFTEN, _RETOLD = 0.3, 0.85
_MOST_NEW = 12
_ROWS = 150


@dataclass(frozen=True)
class Renamed:
    """A layout's header stands as another text."""

    header: str
    place: int
    score: float


@dataclass(frozen=True)
class Split:
    """One column of before is two of today."""

    header: str
    places: tuple[int, int]
    score: float


@dataclass(frozen=True)
class Merged:
    """Two columns of before are one of today."""

    headers: tuple[str, str]
    place: int
    score: float


Explanation = Renamed | Split | Merged


@dataclass(frozen=True, eq=False)
class Today:
    """The report that drifted: the text and look of each of its columns, its cells, and where known headers stand."""

    names: Mapping[int, str]
    profiles: Mapping[int, Profile]
    texts: Mapping[int, pa.Array]
    places: Mapping[str, int]


def explain(
    missing: Sequence[str], new: Sequence[int], today: Today, layout: Layout, reference: Reference | None
) -> list[Explanation]:
    """The likeliest explanations, each missing header and each new column in one at most, the surest first."""
    found: list[Explanation] = list(_renames(missing, new, today, layout, reference))
    single = {(each.header, each.place): each.score for each in found if isinstance(each, Renamed)}
    if reference is not None and len(new) <= _MOST_NEW:
        known = [header for header in missing if header in reference.places]
        # One column more than before, or one fewer: nothing else makes a split or a merge.
        if len(new) > len(missing):
            found += _splits(known, new, today, reference, single)
        elif len(missing) > len(new):
            found += _merges(known, new, today, reference, single)
    chosen: list[Explanation] = []
    headers: set[str] = set()
    places: set[int] = set()
    for each in sorted(found, key=lambda each: -each.score):
        own_headers = {each.header} if not isinstance(each, Merged) else set(each.headers)
        own_places = set(each.places) if isinstance(each, Split) else {each.place}
        if headers.isdisjoint(own_headers) and places.isdisjoint(own_places):
            chosen.append(each)
            headers |= own_headers
            places |= own_places
    return chosen


def _renames(
    missing: Sequence[str], new: Sequence[int], today: Today, layout: Layout, reference: Reference | None
) -> Iterator[Renamed]:
    for header in missing:
        role = role_of(layout, header)
        before = reference.profile(header) if reference is not None and header in reference.places else None
        for place in new:
            column = today.profiles[place]
            cells = fits_role(column, role) if before is None else alike_cells(before, column)
            named = alike_names(header, today.names[place], layout, role)
            there = _stands_there(header, place, today, layout, reference)
            score = 0.5 * named + 0.5 * cells + there
            likely = _LIKELY_IN_PLACE if there == _IN_PLACE else _LIKELY
            if score >= likely and _can_be(named, cells, before is not None):
                yield Renamed(header, place, min(score, _SUREST))


def _can_be(named: float, cells: float, compared: bool) -> bool:
    """Cells that cannot be the same outweigh any name. Where they were not `compared` with earlier ones, the name must
    say something, and what is said plainly only must not be impossible."""
    if compared:
        return cells >= _ALIKE
    return cells > 0 if named >= _PLAIN else cells >= _ALIKE and named >= _NAMED


def _stands_there(header: str, place: int, today: Today, layout: Layout, reference: Reference | None) -> float:
    """What it is worth that a column stands where the header stood: right between the neighbours that it had, or
    somewhere between them."""
    if reference is not None and not today.places:
        return _IN_PLACE if reference.places.get(header) == place else 0.0
    order = list(reference.order if reference is not None else layout.columns)
    if header not in order:
        return 0.0
    at = order.index(header)
    left = max((today.places[name] for name in order[:at] if name in today.places), default=-1)
    right = min((today.places[name] for name in order[at + 1 :] if name in today.places), default=len(today.names))
    if reference is not None and (left, right) == (place - 1, place + 1):
        return _IN_PLACE
    return _BETWEEN if left < place < right and (left >= 0 or right < len(today.names)) else 0.0


def _splits(
    missing: Sequence[str],
    new: Sequence[int],
    today: Today,
    reference: Reference,
    single: Mapping[tuple[str, int], float],
) -> Iterator[Split]:
    for header in missing:
        before = reference.profile(header)
        for one, other in permutations(new, 2):
            parts = today.profiles[one], today.profiles[other]
            named = _says(header, today.names[one]) + _says(header, today.names[other])
            if not named and abs(one - other) > 1:
                continue
            score = max(
                _joined(before, parts, (today.texts[one], today.texts[other])), _retold(before, parts[0], parts[1])
            )
            best = max(single.get((header, place), 0.0) for place in (one, other))
            if score >= _JOINED:
                yield Split(header, (min(one, other), max(one, other)), max(score, best + 0.01) + 0.05 * named)


def _merges(
    missing: Sequence[str],
    new: Sequence[int],
    today: Today,
    reference: Reference,
    single: Mapping[tuple[str, int], float],
) -> Iterator[Merged]:
    for one, other in permutations(missing, 2):
        parts = reference.profile(one), reference.profile(other)
        for place in new:
            column = today.profiles[place]
            score = max(
                _joined(column, parts, (reference.texts(one), reference.texts(other))),
                _retold(column, parts[0], parts[1]),
            )
            named = _says(today.names[place], one) + _says(today.names[place], other)
            best = max(single.get((header, place), 0.0) for header in (one, other))
            if score >= _JOINED:
                order = (one, other) if reference.places[one] < reference.places[other] else (other, one)
                yield Merged(order, place, max(score, best + 0.01) + 0.05 * named)


def _joined(whole: Profile, parts: tuple[Profile, Profile], texts: tuple[pa.Array, pa.Array]) -> float:
    """How much two columns look like the whole one if they are written together; 0 where one alone does as well."""
    apart = max(alike_cells(whole, part) for part in parts)
    together = _alike_joined(whole, *texts)
    return together if together >= apart + _BETTER else 0.0


def _retold(whole: Profile, one: Profile, other: Profile) -> float:
    """Whether the whole column often has what either part has and the other has not; 0 where the two are hardly
    different."""
    left, right = words_of(one), words_of(other)
    if left and right and len(left & right) * 2 > min(len(left), len(right)):
        return 0.0
    told = min(_tells(whole, one, left - right), _tells(whole, other, right - left))
    return _RETOLD if told >= _OFTEN else 0.0


def _tells(whole: Profile, part: Profile, own_words: frozenset[str]) -> float:
    """The share of the whole column's texts that have a word of the part, or figures of its form where it has none."""
    return says_of(whole, own_words) if own_words else has_figures_of(whole, part)


def _says(header: str, part: str) -> int:
    """Whether two headers have a word in common."""
    return int(bool(set(words(header)) & set(words(part))))


def _alike_joined(whole: Profile, one: pa.Array, other: pa.Array) -> float:
    """How much the cells of two columns, written one after the other, look like those of a single one."""
    length = min(len(one), len(other), _ROWS)
    left, right = (column.slice(0, length).cast(pa.string()) for column in (one, other))
    kinds = np.full(length, Kind.TEXT, dtype=np.uint8)
    between = " от " if whole.share("waybill") > 0 else ", "
    return alike_cells(whole, profile(pc.binary_join_element_wise(left, right, between), kinds))
