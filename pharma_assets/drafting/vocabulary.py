"""The vocabulary of reports, read from `vocabulary.yaml`: words of headers and of cells, and what they speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("vocabulary.yaml")

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Pattern:
    """Concepts that together name a role, and how surely."""

    role: str
    concepts: frozenset[str]
    weight: float


@dataclass(frozen=True)
class Vocabulary:
    """What is in the file.

    `phrases`: word patterns (`*` for any ending) → concept, the longest first. `light`: concepts that hardly matter
    where a pattern lacks them. `ignored`: words that say nothing. `values`: lists of words that cells are told by.
    `looks`: role → look → what it is worth where all texts look so, and where none does. `transliterated`: Latin
    letters → the Russian one that they stand for, longer ones first.
    """

    phrases: tuple[tuple[Phrase, str], ...]
    light: frozenset[str]
    ignored: frozenset[str]
    patterns: tuple[Pattern, ...]
    values: Mapping[str, tuple[str, ...]]
    looks: Mapping[str, Mapping[str, tuple[float, float]]]
    transliterated: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary; read once."""
    data = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    phrases = [(tuple(text.split()), concept) for concept, texts in data["concepts"].items() for text in texts]
    return Vocabulary(
        phrases=tuple(sorted(phrases, key=lambda entry: (-len(entry[0]), "*" in "".join(entry[0])))),
        light=frozenset(data["light"]),
        ignored=frozenset(data["ignored"]),
        patterns=tuple(
            Pattern(role, frozenset(names.split()), float(weight))
            for role, patterns in data["roles"].items()
            for names, weight in patterns.items()
        ),
        values={name: tuple(words) for name, words in data["values"].items()},
        looks={
            role: {look: (present, absent) for look, (present, absent) in looks.items()}
            for role, looks in data["looks"].items()
        },
        transliterated=tuple(data["transliterated"].items()),
    )
