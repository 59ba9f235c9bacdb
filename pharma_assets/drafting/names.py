"""How well a header's name fits each role: by the vocabulary, and by what existing layouts make of such a header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from pharma_assets.drafting.roles import AMOUNT, NONE, NUMBER
from pharma_assets.drafting.vocabulary import vocabulary
from pharma_assets.drafting.words import Reading, read_header
from pharma_assets.model.target import TYPES, Type
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.layout import Layout

# What a name loses for each concept, and each unknown word, that the role's pattern does not expect.
_UNEXPECTED, _LIGHT, _UNKNOWN, _MOST_UNKNOWN = 0.3, 0.04, 0.1, 0.25
_KNOWN, _ALIKE, _AS_ALIKE_AS = 0.97, 0.8, 90


@dataclass(frozen=True)
class Knowledge:
    """What existing layouts make of headers: normalized header → how often it has which role."""

    headers: Mapping[str, Counter[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, layouts: Iterable[Layout]) -> Knowledge:
        """What these layouts know."""
        headers: dict[str, Counter[str]] = {}
        for layout in layouts:
            for header, rule in layout.columns.items():
                role = role_of(layout, header)
                for text in (header, *rule.aliases):
                    headers.setdefault(normalize_header(text), Counter())[role] += 1
        return cls(headers)


def role_of(layout: Layout, header: str) -> str:
    """The role that a layout gives one of its columns."""
    target = layout.columns[header].to
    if layout.waybill is not None and header == layout.waybill.number:
        return NUMBER
    if target is None:
        return NONE
    return AMOUNT if TYPES[target] is Type.AMOUNT else target


def name_scores(header: str, knowledge: Knowledge) -> dict[str, float]:
    """For each role that a header's name can mean, how well it does: from 0 to 1."""
    scores = _by_vocabulary(read_header(header))
    for role, score in _by_layouts(header, knowledge).items():
        scores[role] = max(score, scores.get(role, 0.0))
    return scores


def _by_vocabulary(reading: Reading) -> dict[str, float]:
    light = vocabulary().light
    scores: dict[str, float] = {}
    unknown = min(_UNKNOWN * reading.unknown, _MOST_UNKNOWN)
    for pattern in vocabulary().patterns:
        if not pattern.concepts <= reading.concepts.keys():
            continue
        beyond = reading.concepts.keys() - pattern.concepts
        lost = unknown + sum(_LIGHT if concept in light else _UNEXPECTED for concept in beyond)
        sureness = min(reading.concepts[concept] for concept in pattern.concepts)
        score = pattern.weight * sureness - lost
        if score > scores.get(pattern.role, 0.0):
            scores[pattern.role] = score
    return scores


def _by_layouts(header: str, knowledge: Knowledge) -> dict[str, float]:
    seen = normalize_header(header)
    weight = _KNOWN
    roles = knowledge.headers.get(seen)
    if roles is None and seen and knowledge.headers:
        alike = process.extractOne(seen, knowledge.headers.keys(), scorer=fuzz.ratio, score_cutoff=_AS_ALIKE_AS)
        roles, weight = (knowledge.headers[alike[0]], _ALIKE) if alike else (None, 0.0)
    if not roles:
        return {}
    return {role: weight * count / roles.total() for role, count in roles.items()}
