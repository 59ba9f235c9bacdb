"""What fills a target besides a column of its own: facts of the registry, and texts composed of columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from pharma_assets.model.target import TYPES, Type
from pharma_assets.transforms.layout.columns import TARGETS
from pharma_assets.transforms.layout.frozen import Frozen

TEXT_TARGETS = tuple(name for name in TARGETS if TYPES[name] is Type.TEXT)
"""The text columns that a layout can fill."""

_KEYS = ("supplier_id", "supplier_inn", "client_inn")
COMPOSABLE = tuple(name for name in TEXT_TARGETS if name not in _KEYS)
"""Those of them that a template can fill."""


def _text_target(name: str) -> str:
    if name not in TEXT_TARGETS:
        raise ValueError(f"{name!r} is not a text column that a layout can fill")
    return name


def _composed_target(name: str) -> str:
    if name in _KEYS:
        raise ValueError(f"{name} is a number by which people search, and is not composed")
    return _text_target(name)


def _template(text: str) -> str:
    segments_of(text)
    return text


TextTarget = Annotated[str, AfterValidator(_text_target)]
ComposedTarget = Annotated[str, AfterValidator(_composed_target)]
Template = Annotated[str, AfterValidator(_template)]


class Fact(StrEnum):
    """What the place of a file says of it: provider, client and report type as the registry has them, the file's name,
    and the first or last day of the folder's month."""

    PROVIDER = "provider"
    CLIENT = "client"
    REPORT_TYPE = "report_type"
    FILE_NAME = "file_name"
    MONTH_START = "month_start"
    MONTH_END = "month_end"

    @property
    def stored_as(self) -> Type:
        """The type of the columns that it can fill."""
        return Type.MOMENT if self in (Fact.MONTH_START, Fact.MONTH_END) else Type.TEXT


class RegistryField(Frozen):
    """A target that is the same in all rows of a file. `period: month_end` is short for `period: {fact: month_end}`."""

    fact: Fact = Field(
        description="`provider`, `client` or `report_type` as the registry has it, `file_name`, or for columns of days "
        "`month_start` or `month_end`: the first or last day of the folder's month. `period: month_end` is short for "
        "`period: {fact: month_end}`"
    )
    pattern: str | None = Field(
        None,
        description="a regular expression with one group, which is the part of the fact that is stored; a file where "
        "it does not fit fails with `FACT_MISSING`",
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"fact": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _pattern_has_a_group(self) -> Self:
        if self.pattern is None:
            return self
        if self.fact.stored_as is not Type.TEXT:
            raise ValueError(f"{self.fact} is a day and has no pattern")
        try:
            groups = re.compile(self.pattern).groups
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is no regular expression: {error}") from error
        if groups != 1:
            raise ValueError(f"{self.pattern!r} must have one group in brackets")
        return self


class Waybill(Frozen):
    """`naklad` is composed of two source columns: «<number> от <dd.mm.yyyy>» (CONTRACT §5)."""

    number: str = Field(description="a required header among `columns`")
    date: str = Field(description="a required header among `columns` that is parsed as a date")

    @property
    def template(self) -> str:
        """The number alone where there is no date; nothing where there is no number."""
        return f"{{{self.number}}}[ от {{{self.date}}}]"


@dataclass(frozen=True)
class Segment:
    """A part of a template: texts and headers in turn, beginning and ending with a text (which may be empty).

    `optional`: left out where one of its columns is blank; a blank column of any other segment leaves nothing at all.
    """

    texts: tuple[str, ...]
    headers: tuple[str, ...]
    optional: bool


_TOKENS = re.compile(r"\{([^{}]+)\}|([\[\]])|([^\[\]{}]+)|(.)", re.DOTALL)


@lru_cache(maxsize=1024)
def segments_of(template: str) -> tuple[Segment, ...]:
    """The parts of `"{город}[, {улица}]"`. Raises ValueError if brackets do not fit or no column is named."""
    found: list[Segment] = []
    texts, headers, inside = [""], [], False
    for token in _TOKENS.finditer(template):
        header, bracket, text, stray = token.groups()
        if stray or (bracket and inside is (bracket == "[")):
            raise ValueError(f"{template!r}: the brackets do not fit")
        if header:
            headers.append(header)
            texts.append("")
        elif bracket:
            found.append(Segment(tuple(texts), tuple(headers), optional=inside))
            texts, headers, inside = [""], [], not inside
        else:
            texts[-1] += text
    if inside:
        raise ValueError(f"{template!r}: the brackets do not fit")
    found.append(Segment(tuple(texts), tuple(headers), optional=False))
    if not any(segment.headers for segment in found):
        raise ValueError(f"{template!r} names no column in braces")
    if any(segment.optional and not segment.headers for segment in found):
        raise ValueError(f"{template!r}: there is no column in the square brackets")
    return tuple(segment for segment in found if segment.headers or any(segment.texts))
