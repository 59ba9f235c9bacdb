"""What a layout says of deliveries: one mode for all files of a report type, or one for each pattern of names."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field

from pharma_assets.errors import PharmaError
from pharma_assets.model.delivery import Delivery

ANY_NAME = "*"


class Overlap(StrEnum):
    """What two increments that cover the same branch and day mean: doubt, or parts of one day."""

    HOLD = "hold"
    ALLOW = "allow"


Pattern = Annotated[str, Field(min_length=1)]
Patterns = dict[Delivery, Pattern | Annotated[tuple[Pattern, ...], Field(min_length=1)]]


def _distinct(rule: Delivery | Patterns) -> Delivery | Patterns:
    if isinstance(rule, Delivery):
        return rule
    if not rule:
        raise ValueError("no mode is given")
    patterns = [_comparable(pattern) for patterns in _listed(rule).values() for pattern in patterns]
    if len(set(patterns)) < len(patterns):
        raise ValueError("a pattern stands twice")
    return rule


DeliveryRule = Annotated[Delivery | Patterns, AfterValidator(_distinct)]


def mode_of(rule: Delivery | Patterns, path: str) -> Delivery:
    """The mode in which a file is delivered, by its name; `*` alone stands for the names that no other pattern fits.

    Raises PharmaError DELIVERY_UNKNOWN where not exactly one mode fits.
    """
    if isinstance(rule, Delivery):
        return rule
    patterns = _listed(rule)
    name = _comparable(PurePosixPath(path).name)
    fitting = [mode for mode, texts in patterns.items() if any(_fits(name, text) for text in texts if text != ANY_NAME)]
    fitting = fitting or [mode for mode, texts in patterns.items() if ANY_NAME in texts]
    if len(fitting) != 1:
        told = "; ".join(f"{mode}: {', '.join(texts)}" for mode, texts in patterns.items())
        raise PharmaError("DELIVERY_UNKNOWN", name=PurePosixPath(path).name, fitting=len(fitting), patterns=told)
    return fitting[0]


def _listed(rule: Patterns) -> Mapping[Delivery, tuple[str, ...]]:
    return {mode: (patterns,) if isinstance(patterns, str) else patterns for mode, patterns in rule.items()}


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, _comparable(pattern))


def _comparable(text: str) -> str:
    """The same for names that people take for the same, whatever system they were written on."""
    return unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
