"""What a header speaks of: its words, and the concepts of the vocabulary that they stand for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from pharma_assets.drafting.vocabulary import Phrase, vocabulary

_WORD = re.compile(r"%|[^\W_]+")
_HUMP = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])")
_CYRILLIC = re.compile("[а-я]")
_LATIN = re.compile("[a-z]")
_LOOK_ALIKES = str.maketrans("aceopxykmthb", "асеорхукмтнв")

_SURE, _MISSPELT, _GLUED = 1.0, 0.7, 0.9
_SHORTEST_MISSPELT = 5
_SHORTEST_PART = 3
_LONGEST_ENDING = 2


@dataclass(frozen=True)
class Reading:
    """A header's concepts, each with how surely its word was read, and how many of its words nobody knows."""

    concepts: dict[str, float]
    unknown: int


def words(text: str) -> tuple[str, ...]:
    """The words of a text in small letters: parted by blanks, marks, underscores and humps (`КодТовара`); № is `no`."""
    plain = unicodedata.normalize("NFKC", text)
    plain = _HUMP.sub(" ", plain).casefold().replace("ё", "е")
    return tuple(map(_one_alphabet, _WORD.findall(plain)))


def _known_form(word: str) -> str:
    """A Latin word that the vocabulary does not have, as the Russian one that it transliterates."""
    if not _LATIN.search(word) or _is_in_phrases(word):
        return word
    russian = _in_cyrillic(word)
    return word if _single(russian) is None and next(_glued(word), None) else russian


def _one_alphabet(word: str) -> str:
    """A Cyrillic word in which Latin look-alikes were typed, as it was meant."""
    return word.translate(_LOOK_ALIKES) if _CYRILLIC.search(word) and _LATIN.search(word) else word


@lru_cache(maxsize=8192)
def read_header(text: str) -> Reading:
    """The concepts that a header speaks of."""
    parts = tuple(map(_known_form, words(text)))
    concepts: dict[str, float] = {}
    unknown, at = 0, 0
    while at < len(parts):
        length, concept, sureness = _phrase_at(parts, at)
        if concept is None:
            found = _word(parts[at])
            if not found and parts[at] not in vocabulary().ignored and not parts[at].isdigit():
                unknown += 1
        else:
            found = {concept: sureness}
        for name, how_surely in found.items():
            concepts[name] = max(concepts.get(name, 0.0), how_surely)
        at += length
    return Reading(concepts, unknown)


def _phrase_at(parts: tuple[str, ...], at: int) -> tuple[int, str | None, float]:
    """The longest phrase of the vocabulary that begins at a word: how many words it has, its concept."""
    for phrase, concept in _beginning_with(parts[at]):
        following = parts[at : at + len(phrase)]
        if len(following) == len(phrase) and all(map(_fits, phrase, following)):
            return len(phrase), concept, _SURE
    return 1, None, 0.0


def _fits(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


@lru_cache(maxsize=1)
def _by_first_word() -> dict[str, list[tuple[Phrase, str]]]:
    index: dict[str, list[tuple[Phrase, str]]] = {}
    for phrase, concept in vocabulary().phrases:
        index.setdefault(phrase[0], []).append((phrase, concept))
    return index


@lru_cache(maxsize=1)
def _all_words() -> frozenset[str]:
    return frozenset(word for phrase, _ in vocabulary().phrases for word in phrase)


def _is_in_phrases(word: str) -> bool:
    stems = {word[:length] + "*" for length in range(2, len(word) + 1)}
    return word in vocabulary().ignored or not _all_words().isdisjoint({word} | stems)


def _beginning_with(word: str) -> list[tuple[Phrase, str]]:
    index = _by_first_word()
    stems = (word[:length] + "*" for length in range(len(word), 0, -1))
    found = [entry for first in (word, *stems) for entry in index.get(first, ())]
    return sorted(found, key=lambda entry: -len(entry[0]))


def _word(word: str) -> dict[str, float]:
    """The concepts of a word that begins no phrase of the vocabulary: it is misspelt, or two words in one."""
    if concept := _single(word):
        return {concept: _SURE}
    if concept := _misspelt(word):
        return {concept: _MISSPELT}
    return dict.fromkeys(next(_glued(word), ()), _GLUED)


def _in_cyrillic(word: str) -> str:
    for latin, cyrillic in vocabulary().transliterated:
        word = word.replace(latin, cyrillic)
    return word


def _single(word: str) -> str | None:
    return next((concept for phrase, concept in _beginning_with(word) if len(phrase) == 1), None)


def _misspelt(word: str) -> str | None:
    """The concept of the word of the vocabulary that is a slip of the finger away; None where there are rivals."""
    if len(word) < _SHORTEST_MISSPELT:
        return None
    found: dict[int, set[str]] = {}
    for phrase, concept in vocabulary().phrases:
        stem = phrase[0].rstrip("*")
        if len(phrase) > 1 or len(stem) < _SHORTEST_MISSPELT or len(word) > len(stem) + _LONGEST_ENDING:
            continue
        heads = {word} if not phrase[0].endswith("*") else {word[: len(stem) + more] for more in (-1, 0, 1)}
        distance = min(OSA.distance(head, stem) for head in heads)
        if distance <= (1 if len(stem) < 8 else 2):
            found.setdefault(distance, set()).add(concept)
    closest = found[min(found)] if found else set()
    return next(iter(closest)) if len(closest) == 1 else None


def _glued(word: str) -> Iterator[tuple[str, str]]:
    for cut in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        left, right = _exact(word[:cut]), _exact(word[cut:])
        if left is not None and right is not None:
            yield left, right


def _exact(word: str) -> str | None:
    """The concept of a whole word, in either alphabet; a stem alone could end anywhere."""
    forms = (word, _in_cyrillic(word)) if _LATIN.search(word) else (word,)
    found = (
        concept
        for form in forms
        for phrase, concept in _beginning_with(form)
        if len(phrase) == 1 and len(form) - len(phrase[0].rstrip("*")) <= _LONGEST_ENDING
    )
    return next(found, None)
