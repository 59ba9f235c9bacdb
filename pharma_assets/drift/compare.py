"""A report held against its client's layout, and against an earlier report where there is one: what has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pharma_assets.drafting.draft import column_profile
from pharma_assets.drafting.heads import WITHIN, find_headers
from pharma_assets.drafting.likeness import value_scores
from pharma_assets.drafting.names import Knowledge, name_scores, role_of
from pharma_assets.drafting.profiles import Profile
from pharma_assets.drafting.roles import AMOUNT, NONE, NUMBER
from pharma_assets.drift.explanations import Explanation, Merged, Renamed, Split, Today, explain
from pharma_assets.drift.reference import Reference
from pharma_assets.drift.styles import style_change
from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Document, Sheet
from pharma_assets.transforms.header_block import HeaderBlock, read_head
from pharma_assets.transforms.header_text import column_letter, normalize_header
from pharma_assets.transforms.headers import candidates
from pharma_assets.transforms.layout import Layout

_HALF = 0.5
_SURE_NAME = 0.75
_NOT_UNLIKE = -0.3
_NOTHING = "–"


@dataclass(frozen=True)
class Patch:
    """What to write into the layout: header → the names to add to its aliases; new columns → their targets; the name of
    the sheet, and how far down the header begins, where those changed."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    additions: Mapping[str, str] = field(default_factory=dict)
    sheet: str | None = None
    header_within: int | None = None

    def __bool__(self) -> bool:
        return bool(self.aliases or self.additions or self.sheet or self.header_within)


@dataclass(frozen=True)
class Drift:
    """What has changed: `findings` are problems of the scope CLIENT, the gravest first; `patch` mends what it can."""

    findings: tuple[PharmaError, ...]
    patch: Patch


@dataclass(frozen=True, eq=False)
class _Header:
    """Where the header stands today, as far as it can be recognised."""

    block: HeaderBlock
    found: Mapping[str, list[int]]

    @property
    def sheet(self) -> Sheet:
        return self.block.head.sheet


def drift_of(document: Document, layout: Layout, reference: Reference | None = None) -> Drift:
    """Name what has changed in a report since its layout was written."""
    header = _find(document, layout)
    if header is None:
        sheets = ", ".join(sheet.name for sheet in document.sheets) or _NOTHING
        return Drift((PharmaError("HEADER_GONE", sheets=sheets),), Patch())
    names = {place: " ".join(name.split()) for place, name in header.block.full_names().items()}
    places = {known: columns[0] for known, columns in header.found.items()}
    taken = {column for columns in header.found.values() for column in columns}
    new = [place for place in sorted(names) if place not in taken and normalize_header(names[place])]
    first = header.block.index + header.block.depth
    today = Today(
        names=names,
        profiles={place: column_profile(header.sheet, place, first) for place in names},
        texts={place: header.sheet.columns[place].slice(first) for place in names},
        places=places,
    )
    missing = _missing(layout, header.found, reference)
    explained = explain(missing, new, today, layout, reference)
    renamed = [each for each in explained if isinstance(each, Renamed)]
    now = places | {each.header: each.place for each in renamed}
    additions = dict(_additions(layout, new, today, explained))
    place_findings, place_patch = _places_of_header(document, layout, header, reference)
    findings = [
        *place_findings,
        *_repeated(layout, header),
        *(_told(each, names) for each in explained),
        *_gone(missing, explained),
        *_new(new, explained, names, additions),
        *_moved(now, reference),
        *_styles(layout, now, today.profiles, reference),
    ]
    patch = Patch(
        aliases={each.header: names[each.place] for each in renamed},
        additions=additions,
        sheet=place_patch.sheet,
        header_within=place_patch.header_within,
    )
    return Drift(tuple(findings), patch)


def _find(document: Document, layout: Layout) -> _Header | None:
    """The header of today: by the layout's names, however far down and on whatever sheet, else by its looks."""
    wide = layout.model_copy(update={"header_within": WITHIN, "sheet": None})
    known = [found for found in candidates(document, wide) if found.score >= _HALF]
    known.sort(key=lambda found: found.sheet.visible, reverse=True)
    if known:
        block = HeaderBlock(read_head(known[0].sheet, WITHIN), known[0].index, known[0].depth)
    else:
        looking = find_headers(document, Knowledge.of([layout]))
        if not looking:
            return None
        block = looking[0].block
    return _Header(block, block.find(layout.header_of))


def _missing(layout: Layout, found: Mapping[str, list[int]], reference: Reference | None) -> list[str]:
    """The headers that must be there and are not, and those that were there before."""
    before = reference.places if reference is not None else {}
    missing = [header for header, accepted in layout.required_headers.items() if not accepted & found.keys()]
    optional = [header for header in layout.columns if header in before and header not in found]
    return [header for header in layout.columns if header in missing or header in optional]


def _told(each: Explanation, names: Mapping[int, str]) -> PharmaError:
    if isinstance(each, Renamed):
        return PharmaError("COLUMN_RENAMED", header=each.header, now=names[each.place], score=f"{each.score:.0%}")
    if isinstance(each, Split):
        parts = " + ".join(names[place] for place in each.places)
        return PharmaError("COLUMN_SPLIT", header=each.header, parts=parts)
    return PharmaError("COLUMNS_MERGED", headers=" + ".join(each.headers), now=names[each.place])


def _places_of_header(
    document: Document, layout: Layout, header: _Header, reference: Reference | None
) -> tuple[list[PharmaError], Patch]:
    """What changed in where the header stands: its row, its sheet."""
    findings: list[PharmaError] = []
    row, within, sheet = header.block.first_row, None, None
    before = reference.located.row if reference is not None else None
    if row > layout.header_within:
        within = min(WITHIN, row + 10)
    if within is not None or (before is not None and before != row):
        findings.append(PharmaError("HEADER_MOVED", before=before or _NOTHING, now=row))
    name = header.sheet.name
    named = layout.sheet or (reference.located.sheet.name if reference is not None else None)
    there = {normalize_header(each.name) for each in document.sheets}
    if named is not None and header.sheet.widths is None and normalize_header(named) not in there:
        findings.append(PharmaError("SHEET_RENAMED", before=named, now=name))
        sheet = name if layout.sheet is not None else None
    return findings, Patch(sheet=sheet, header_within=within)


def _repeated(layout: Layout, header: _Header) -> Iterator[PharmaError]:
    for known, columns in header.found.items():
        if len(columns) > 1 and known not in layout.only_kept:
            yield PharmaError("COLUMN_REPEATED", header=known, columns=", ".join(map(column_letter, columns)))


def _gone(missing: Sequence[str], explained: Sequence[Explanation]) -> Iterator[PharmaError]:
    told = {header for each in explained for header in ((each.headers) if isinstance(each, Merged) else (each.header,))}
    for header in missing:
        if header not in told:
            yield PharmaError("COLUMN_GONE", header=header)


def _unexplained(new: Sequence[int], explained: Sequence[Explanation]) -> list[int]:
    told = {place for each in explained for place in (each.places if isinstance(each, Split) else (each.place,))}
    return [place for place in new if place not in told]


def _additions(
    layout: Layout, new: Sequence[int], today: Today, explained: Sequence[Explanation]
) -> Iterator[tuple[str, str]]:
    """New columns that surely are something the layout has no other column for."""
    filled = {role_of(layout, header) for header in layout.columns} | set(layout.constants)
    if layout.waybill is not None:
        filled.add("naklad")
    for place in _unexplained(new, explained):
        scores = name_scores(today.names[place], Knowledge())
        role = max(scores, key=lambda name: scores[name], default=NONE)
        if role in filled or role in (NONE, AMOUNT, NUMBER) or scores[role] < _SURE_NAME:
            continue
        if value_scores(today.profiles[place])[role] >= _NOT_UNLIKE:
            filled.add(role)
            yield today.names[place], role


def _new(
    new: Sequence[int], explained: Sequence[Explanation], names: Mapping[int, str], additions: Mapping[str, str]
) -> Iterator[PharmaError]:
    for place in _unexplained(new, explained):
        name = names[place]
        yield PharmaError("COLUMN_NEW", header=name, column=column_letter(place), target=additions.get(name, _NOTHING))


def _moved(now: Mapping[str, int], reference: Reference | None) -> Iterator[PharmaError]:
    """The columns that stand elsewhere among the others: the fewest whose removal leaves the order of before."""
    if reference is None:
        return
    order = [header for header in reference.order if header in now]
    stay = set(_longest_rising([now[header] for header in order]))
    for header in order:
        if now[header] not in stay:
            before = column_letter(reference.places[header])
            yield PharmaError("COLUMN_MOVED", header=header, before=before, now=column_letter(now[header]))


def _longest_rising(places: Sequence[int]) -> list[int]:
    """A longest subsequence that rises."""
    best: list[list[int]] = [[]]
    for place in places:
        best.append([*max((rising for rising in best if not rising or rising[-1] < place), key=len), place])
    return max(best, key=len)


def _styles(
    layout: Layout, now: Mapping[str, int], profiles: Mapping[int, Profile], reference: Reference | None
) -> Iterator[PharmaError]:
    if reference is None:
        return
    for header, place in now.items():
        if header in reference.places and place in profiles and header not in layout.only_kept:
            changed = style_change(header, layout.columns[header], reference.profile(header), profiles[place])
            if changed is not None:
                yield changed
