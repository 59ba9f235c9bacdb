"""What one entry of the catalogue is: a code, what it stops, and its words in each language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from string import Formatter
from typing import Literal, NamedTuple

Language = Literal["en", "ru"]

_FACT_OF_A_CODE = re.compile(r"<(\w+)>")


class Scope(StrEnum):
    """What a problem stops: the platform, one path, one file, one row, one corrected row or a reference list. A remark
    stops nothing; AUDIT and CLIENT are what the audit and the commands for clients' layouts tell."""

    PLATFORM = "platform"
    PATH = "path"
    FILE = "file"
    ROW = "row"
    REMARK = "remark"
    AUDIT = "audit"
    CORRECTION = "correction"
    REFERENCE = "reference"
    CLIENT = "client"


class Message(NamedTuple):
    """What is wrong, and what a person does about it. In the catalogue these are `str.format` templates."""

    message: str
    advice: str

    def placeholders(self) -> frozenset[str]:
        """The names of the facts that the two texts speak of."""
        return frozenset(name for text in self for _, name, _, _ in Formatter().parse(text) if name)


@dataclass(frozen=True)
class Problem:
    """One entry of the catalogue.

    `code` may have a fact in it: `RETURN_CODE_<n>` is told as `RETURN_CODE_3`. `en` and `ru` are templates over the
    same facts, given when the problem is raised. `transient` problems are tried again by themselves; the others wait
    for a changed file, a changed layout or a person.
    """

    code: str
    scope: Scope
    en: Message
    ru: Message
    transient: bool = False

    @property
    def message(self) -> str:
        """The English template of the message."""
        return self.en.message

    @property
    def advice(self) -> str:
        """The English template of the advice."""
        return self.en.advice

    def words(self, language: Language) -> Message:
        """The templates in a language."""
        return self.ru if language == "ru" else self.en

    def code_with(self, facts: Mapping[str, object]) -> str:
        """The code as it is told of these facts."""
        return _FACT_OF_A_CODE.sub(lambda found: str(facts[found[1]]), self.code)

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """The names of the facts without which the problem cannot be told."""
        return self.en.placeholders() | self.ru.placeholders() | frozenset(_FACT_OF_A_CODE.findall(self.code))
