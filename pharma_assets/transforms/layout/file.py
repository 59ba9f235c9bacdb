"""What stands in a `layout.yaml`: a base, what its report types say differently, and what holds only from some month.

For a report type the base holds, over it lies the section of the type, and over that, one after the other, every
version that has begun: first what it says of all types, then what it says of this one. So later facts win over earlier
ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pharma_assets.model.month_range import MonthRange
from pharma_assets.transforms.layout.flat import Layout
from pharma_assets.transforms.layout.frozen import Month
from pharma_assets.transforms.layout.merging import MergeError, Raw, merged
from pharma_assets.transforms.layout.yaml_text import Place, line_of, read_yaml


def _sections(value: object) -> object:
    """`[Type1, Type2]` is short for types that differ in nothing; so is a name with nothing behind it."""
    if isinstance(value, list):
        if not all(isinstance(name, str) for name in value):
            raise ValueError("report types are names of folders")
        if len(set(value)) < len(value):
            raise ValueError("a report type stands twice")
        return {name: {} for name in value}
    if isinstance(value, dict):
        return {name: {} if section is None else section for name, section in value.items()}
    return value


Sections = Annotated[dict[str, dict[str, Any]], BeforeValidator(_sections)]


class _Open(BaseModel):
    """What it does not know stands in `model_extra`, to be merged and then checked as a whole."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Version(_Open):
    """What holds from a month on, until a later version says otherwise."""

    valid_from: Month = Field(
        description="the first month, of the folder, for which the keys beside it hold: `2025-07`"
    )
    report_types: Sections = Field(
        default_factory=dict, description="report type → keys that hold for it alone from that month on"
    )


class LayoutFile(_Open):
    """A `layout.yaml`. Its further keys, those of `Layout`, are the base."""

    report_types: Annotated[Sections, Field(min_length=1)] = Field(
        description="the report-type folders that this layout reads: a list, or a mapping of type → keys that differ "
        "for it"
    )
    versions: tuple[Version, ...] = Field(
        (), description="what changed with the months: `valid_from` and the keys that differ from then on"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        months = [version.valid_from for version in self.versions]
        if months != sorted(set(months)):
            raise ValueError("versions: each must begin in a later month than the one before it")
        for version in self.versions:
            for name in version.report_types.keys() - self.report_types.keys():
                raise ValueError(f"versions: {name!r} is not among the report types")
        versions = [version.model_extra or {} for version in self.versions]
        sections = [self.report_types, *(version.report_types for version in self.versions)]
        of_types = [keys for section in sections for keys in section.values()]
        for keys in (self.model_extra or {}, *versions, *of_types):
            for key in _OF_THE_FILE & keys.keys():
                raise ValueError(f"{key} cannot stand there")
        return self


_OF_THE_FILE = frozenset({"report_type", "report_types", "versions", "valid_from"})


@dataclass(frozen=True)
class Effective:
    """The layout that holds for a report type in some months."""

    report_type: str
    layout: Layout
    months: MonthRange


@dataclass(frozen=True)
class _Section:
    """Keys that are laid over others, and where they stand in the file."""

    place: tuple[str | int, ...]
    keys: Raw


@dataclass(frozen=True)
class _Fault:
    """Something wrong in what holds for a report type from a month on: the keys that lead to it, and why."""

    place: tuple[str | int, ...]
    why: str


def read_layout(content: bytes) -> tuple[Effective, ...]:
    """Every layout that holds for some report type in some months, in the order of types and months.

    Raises ValueError with all that is wrong: the line, for which type and from which month if not for all, the key.
    """
    data = read_yaml(content)
    try:
        file = LayoutFile.model_validate(data)
    except ValidationError as error:
        raise ValueError("; ".join(_told(content, fault, "", []) for fault in _faults(error))) from error
    found: list[Effective] = []
    faults: dict[_Fault, list[tuple[str, list[_Section]]]] = {}
    combinations = 0
    for name in file.report_types:
        for month, sections in _histories(file, name):
            combinations += 1
            label = name if month is None else f"{name} from {month:%Y-%m}"
            try:
                found.append(Effective(name, _flat(name, sections), MonthRange(month)))
            except _Invalid as error:
                for fault in error.faults:
                    faults.setdefault(fault, []).append((label, sections))
    if faults:
        raise ValueError(
            "; ".join(
                _told(content, fault, "" if len(where) == combinations else where[0][0], where[0][1])
                for fault, where in faults.items()
            )
        )
    return tuple(_ranges(found))


class _Invalid(Exception):
    def __init__(self, faults: list[_Fault]) -> None:
        self.faults = faults
        super().__init__(faults)


def _histories(file: LayoutFile, report_type: str) -> Iterator[tuple[date | None, list[_Section]]]:
    """For each month from which something else holds for a report type, the sections that hold, the base first."""
    sections = [
        _Section((), file.model_extra or {}),
        _Section(("report_types", report_type), file.report_types[report_type]),
    ]
    yield None, list(sections)
    for index, version in enumerate(file.versions):
        sections.append(_Section(("versions", index), version.model_extra or {}))
        if report_type in version.report_types:
            place = ("versions", index, "report_types", report_type)
            sections.append(_Section(place, version.report_types[report_type]))
        yield version.valid_from, list(sections)


def _flat(report_type: str, sections: list[_Section]) -> Layout:
    base, *overrides = sections
    data: Mapping[str, Any] = base.keys
    for section in overrides:
        try:
            data = merged(data, section.keys)
        except MergeError as error:
            raise _Invalid([_Fault(error.place, str(error))]) from error
    try:
        return Layout.model_validate({**data, "report_type": report_type})
    except ValidationError as error:
        raise _Invalid(_faults(error)) from error


def _ranges(found: list[Effective]) -> Iterator[Effective]:
    """Each layout once, with the months for which it holds: a version that changes nothing for a type is none."""
    for _, of_type in groupby(found, key=lambda each: each.report_type):
        starts: list[Effective] = []
        for each in of_type:
            if not starts or starts[-1].layout != each.layout:
                starts.append(each)
        ends = [*(each.months.first for each in starts[1:]), None]
        for each, end in zip(starts, ends, strict=True):
            yield replace(each, months=MonthRange(each.months.first, end))


def _faults(error: ValidationError) -> list[_Fault]:
    return [
        _Fault(
            tuple(step for step in item["loc"] if step != "[key]"),
            item["msg"].removeprefix("Value error, "),
        )
        for item in error.errors()
    ]


def _told(content: bytes, fault: _Fault, label: str, sections: list[_Section]) -> str:
    place = ".".join(map(str, fault.place)) or "layout"
    line = line_of(content, _in_file(fault.place, sections))
    return f"line {line}, {f'{label}, ' if label else ''}{place}: {fault.why}"


def _in_file(place: tuple[str | int, ...], sections: list[_Section]) -> Place:
    """Where in the file stands what a place of the merged layout means: in the last section that has it."""
    best: Place = place
    longest = 0
    for section in sections:
        depth = _depth(section.keys, place)
        if depth and depth >= longest:
            best, longest = (*section.place, *place), depth
    return best


def _depth(data: object, place: Place) -> int:
    """How many steps of a place can be gone in plain data."""
    for depth, step in enumerate(place):
        try:
            data = data[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(place)
