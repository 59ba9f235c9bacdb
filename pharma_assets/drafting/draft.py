"""A sample file becomes a draft: the sheet and header that it seems to have, and what each column seems to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from pharma_assets.drafting.heads import FoundHeader, find_headers, known_names
from pharma_assets.drafting.matching import match_columns
from pharma_assets.drafting.names import Knowledge
from pharma_assets.drafting.profiles import Profile, profile
from pharma_assets.drafting.roles import NONE
from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Document, Sheet
from pharma_assets.transforms.header_text import column_letter, normalize_header

_FEWEST_KNOWN = 2
_LONGEST_NAME = 300


@dataclass(frozen=True)
class DraftColumn:
    """One column of the sample, and what it is taken for.

    `header` is what its header rows call it together, in one line. `role` is one of `roles.ROLES` or NONE,
    `confidence` how surely, `rivals` the other roles with theirs, the likeliest first. `sure`: no person needs to look,
    or one has. `repeated`: another column is called the same, so a layout can name neither.
    """

    place: int
    header: str
    role: str
    confidence: float
    rivals: tuple[tuple[str, float], ...]
    sure: bool
    repeated: bool
    profile: Profile

    @property
    def letter(self) -> str:
        """What Excel calls the column."""
        return column_letter(self.place)


@dataclass(frozen=True)
class Draft:
    """What a sample file seems to be.

    `row` and `depth` tell where the header begins in the source and how many rows it has. `columns` are those that
    have a header, in the sheet's order; `nameless` the letters of filled columns without one. `other_sheets` have a
    header too.
    """

    sheet: str
    visible: bool
    row: int
    depth: int
    columns: tuple[DraftColumn, ...]
    nameless: tuple[str, ...]
    other_sheets: tuple[str, ...]

    @property
    def doubts(self) -> tuple[DraftColumn, ...]:
        """The columns that a person should look at."""
        return tuple(column for column in self.columns if not column.sure)

    def of_role(self, role: str) -> DraftColumn | None:
        """The column that has a role."""
        return next((column for column in self.columns if column.role == role), None)

    def decided(self, place: int, role: str) -> Draft:
        """The draft after a person has said what a column is; whichever had that role before is left alone."""
        return replace(self, columns=tuple(_decided(column, place, role) for column in self.columns))


def _decided(column: DraftColumn, place: int, role: str) -> DraftColumn:
    if column.place == place:
        return replace(column, role=role, confidence=1.0, sure=True)
    if column.role == role != NONE:
        return replace(column, role=NONE, confidence=0.0, sure=False)
    return column


def propose(document: Document, knowledge: Knowledge) -> Draft:
    """Find the header of a sample and say what its columns may be.

    Raises PharmaError DRAFT_NO_HEADER where no row of any sheet looks like the header of a report.
    """
    found = [header for header in find_headers(document, knowledge) if known_names(header, knowledge) >= _FEWEST_KNOWN]
    found = found or find_headers(document, knowledge)[:1]
    if not found:
        raise PharmaError("DRAFT_NO_HEADER", sheets=", ".join(sheet.name for sheet in document.sheets) or "–")
    header = found[0]
    return Draft(
        sheet=header.sheet.name,
        visible=header.sheet.visible,
        row=header.block.first_row,
        depth=header.block.depth,
        columns=_columns(header, knowledge),
        nameless=_nameless(header),
        other_sheets=tuple(other.sheet.name for other in found[1:] if other.sheet.visible),
    )


def _columns(header: FoundHeader, knowledge: Knowledge) -> tuple[DraftColumn, ...]:
    places = [place for place in sorted(header.names) if _can_be_named(header.names[place])]
    names = [" ".join(header.names[place].split()) for place in places]
    profiles = [_profile_below(header, place) for place in places]
    times = Counter(map(normalize_header, names))
    columns = []
    for place, name, seen, match in zip(
        places, names, profiles, match_columns(names, profiles, knowledge), strict=True
    ):
        repeated = times[normalize_header(name)] > 1
        role = NONE if repeated else match.role
        sure = match.sure and not repeated
        columns.append(DraftColumn(place, name, role, match.confidence, match.rivals, sure, repeated, seen))
    return tuple(columns)


def _can_be_named(name: str) -> bool:
    """Whether a layout can call a column so: something of it is compared, and YAML takes it for a key."""
    return bool(normalize_header(name)) and len(name) <= _LONGEST_NAME


def _profile_below(header: FoundHeader, place: int) -> Profile:
    return column_profile(header.sheet, place, header.block.index + header.block.depth)


def column_profile(sheet: Sheet, place: int, first: int) -> Profile:
    """The look of a column's cells from position `first` on, in the rows that have any."""
    below = np.flatnonzero(sheet.filled[first:]) + first
    return profile(sheet.columns[place].take(pa.array(below)), sheet.kinds[place][below])


def _nameless(header: FoundHeader) -> tuple[str, ...]:
    first = header.block.index + header.block.depth
    filled: Sequence[int] = [
        place
        for place, kinds in enumerate(header.sheet.kinds)
        if not _can_be_named(header.names.get(place, "")) and bool(np.count_nonzero(kinds[first:]))
    ]
    return tuple(map(column_letter, filled))
