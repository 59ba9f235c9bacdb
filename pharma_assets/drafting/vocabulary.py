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

    `phrases`: word patterns (`*` for any ending) → concept, the longest first. `light`: concepts that hardly matter where
    a pattern lacks them. `ignored`: words that say nothing. `values`: lists of words that cells are told by.
    """

    phrases: tuple[tuple[Phrase, str], ...]
    light: frozenset[str]
    ignored: frozenset[str]
    patterns: tuple[Pattern, ...]
    values: Mapping[str, tuple[str, ...]]


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
    )
