"""Finding the header: which sheets, which rows, which source column stands for which of the layout's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Document, Kind, Sheet
from pharma_assets.transforms.header_block import Head, HeaderBlock, read_head
from pharma_assets.transforms.header_text import column_letter, name_pattern, normalize_header
from pharma_assets.transforms.layout import Layout, Sheets
from pharma_assets.transforms.renames import likely_renames

_NONE = "–"
_GUESS_WITHIN = 100
_LONGEST_HEADER = 300
_NUMBERS = re.compile(r"[\d\s.,:/%()+−-]+")


@dataclass(frozen=True)
class Located:
    """Where a layout's header stands in a document.

    `index` is the position of the header's first row, `depth` its number of rows. `headers` are the source's headers
    as written, one for each sheet column, made distinct; `places` gives the sheet column of each of the layout's
    headers that is there. `header_rows` are the texts of its rows, by column. `known` are the columns whose header
    the layout knows, whether it uses them or not.
    """

    sheet: Sheet
    index: int
    depth: int
    headers: tuple[str, ...]
    places: Mapping[str, int]
    header_rows: tuple[Mapping[int, str], ...]
    known: frozenset[int]

    @property
    def row(self) -> int:
        """The number of the header's first row in the source."""
        return int(self.sheet.rows[self.index])

    @property
    def last_index(self) -> int:
        """The position of the header's last row."""
        return self.index + self.depth - 1


@dataclass(frozen=True, eq=False)
class Candidate:
    """A row that may be the header, for a person to see why it was taken or not.

    `row` is the number of its first row in the source and `index` its position, `depth` how many rows it has. `score`
    is the share of the required headers that it has. `places` are the columns of the layout's headers that are there,
    `names` what every column is called. `missing` are the required headers that are not there, `new` the texts that
    the layout does not know, `renames` which of them may be a missing one.
    """

    sheet: Sheet
    row: int
    index: int
    depth: int
    score: float
    places: Mapping[str, int]
    names: Mapping[int, str]
    missing: tuple[str, ...]
    new: tuple[str, ...]
    renames: Mapping[str, str]

    @property
    def known(self) -> tuple[str, ...]:
        """The layout's headers that are there."""
        return tuple(self.places)


@dataclass(frozen=True, eq=False)
class _Match:
    """What a block of header rows gives a layout."""

    block: HeaderBlock
    found: Mapping[str, list[int]]
    missing: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """How good it is; of equally good ones, the header of fewer rows and then the earlier one is the better."""
        columns = {column for columns in self.found.values() for column in columns}
        return -len(self.missing), len(columns), -self.block.depth, -self.block.index

    @property
    def sheet(self) -> Sheet:
        return self.block.head.sheet

    def new(self) -> dict[int, str]:
        """The headers that the layout does not know, by column."""
        taken = {column for columns in self.found.values() for column in columns}
        return {column: name for column, name in self.block.full_names().items() if column not in taken}


def locate(document: Document, layout: Layout) -> tuple[Located, ...]:
    """Find the sheets and rows with all the columns that the layout requires: one, or with `sheets: all` each.

    Of several sheets with the header those without any row below it do not count. Raises PharmaError
    HEADER_NOT_FOUND, MISSING_COLUMN, HIDDEN_SHEET, AMBIGUOUS_SHEET or AMBIGUOUS_COLUMN.
    """
    named = _named_sheets(document, layout)
    if not named and layout.sheet is not None:
        # The sheet that the layout names is not there: what can be seen instead are the names of the others.
        raise _header_not_found(layout, [layout.sheet], [sheet.name for sheet in document.sheets])
    matches = [match for sheet in named if (match := _best(sheet, layout)) is not None]
    shown = [match for match in matches if match.sheet.visible or layout.takes_hidden_sheets]
    complete = [match for match in shown if not match.missing]
    if not complete:
        hidden = [match.sheet.name for match in matches if not match.missing]
        if hidden:
            raise PharmaError("HIDDEN_SHEET", sheets=", ".join(hidden))
        raise _not_found([sheet for sheet in named if sheet.visible or layout.takes_hidden_sheets], layout, shown)
    if layout.sheets is Sheets.ALL:
        doubtful = [match for match in shown if match.missing and _is_close(match, layout)]
        if doubtful:
            raise _missing_column(doubtful[0], layout)
        return tuple(_place(match, layout) for match in complete)
    filled = [match for match in complete if _has_rows(match)] or complete[:1]
    if len(filled) > 1:
        raise PharmaError("AMBIGUOUS_SHEET", sheets=", ".join(match.sheet.name for match in filled))
    return (_place(filled[0], layout),)


def candidates(document: Document, layout: Layout) -> list[Candidate]:
    """Every row that has any of the layout's headers, hidden sheets too, the best first. Raises nothing."""
    matches = [match for sheet in document.sheets for match in _matches(sheet, layout)]
    matches.sort(key=lambda match: match.rank[:3], reverse=True)
    required = len(layout.required_headers)
    return [
        Candidate(
            sheet=match.sheet,
            row=match.block.first_row,
            index=match.block.index,
            depth=match.block.depth,
            score=1 - len(match.missing) / required,
            places={header: match.found[header][0] for header in layout.columns if header in match.found},
            names=match.block.full_names(),
            missing=match.missing,
            new=tuple(match.new().values()),
            renames=likely_renames(match.missing, match.new(), match.found, layout),
        )
        for match in matches
    ]


def guess_header(sheet: Sheet) -> int | None:
    """The position of the row that looks most like a header: many distinct texts that are no numbers, over rows that
    are as full; None where there is none. For files whose layout is still to be written."""
    head = read_head(sheet, _GUESS_WITHIN)
    filled = np.flatnonzero(sheet.filled)
    best: tuple[float, int] | None = None
    for index, texts in enumerate(head.texts):
        words = {normalize_header(text) for column, text in texts.items() if _is_word(sheet, column, index, text)}
        below = filled[filled > index][:5].tolist()
        if len(words) < 2 or not below:
            continue
        numbers = len(texts) - len(words)
        fullness = min(1.0, max(_cells(sheet, row) for row in below) / len(texts))
        score = (len(words) - 2 * numbers) * fullness
        if best is None or score > best[0]:
            best = score, index
    return None if best is None else best[1]


def _is_word(sheet: Sheet, column: int, index: int, text: str) -> bool:
    return sheet.kinds[column][index] == Kind.TEXT and _NUMBERS.fullmatch(text) is None and len(text) <= 100


def _cells(sheet: Sheet, index: int) -> int:
    return sum(1 for kinds in sheet.kinds if kinds[index] != Kind.BLANK)


def _named_sheets(document: Document, layout: Layout) -> list[Sheet]:
    if layout.sheet is None:
        return list(document.sheets)
    fits = name_pattern(layout.sheet).fullmatch
    # The one sheet of a text file has no name of its own.
    return [sheet for sheet in document.sheets if sheet.widths is not None or fits(normalize_header(sheet.name))]


def _matches(sheet: Sheet, layout: Layout) -> Iterator[_Match]:
    """For each row within the layout's reach that has any known header, the best header that begins there."""
    head = read_head(sheet, layout.header_within)
    header_of, required = layout.header_of, layout.required_headers
    promising = _promising_rows(head, header_of)
    for index in np.flatnonzero(sheet.rows[: len(head.texts)] <= layout.header_within).tolist():
        depth = sum(1 for _ in takewhile(bool, promising[index : index + head.deepest(index)]))
        found = [_match(HeaderBlock(head, index, rows), header_of, required) for rows in range(1, depth + 1)]
        best = max(found, key=lambda match: match.rank, default=None)
        if best is not None and best.found:
            yield _whole(best, header_of, required)


def _promising_rows(head: Head, header_of: Mapping[str, str]) -> list[bool]:
    """For each row whether any of its texts is a known header or some words of one; most rows need no closer look."""
    known = f" {' | '.join(header_of)} "
    return [
        any(f" {normalize_header(text)} " in known for text in texts.values() if len(text) <= _LONGEST_HEADER)
        for texts in head.texts
    ]


def _best(sheet: Sheet, layout: Layout) -> _Match | None:
    return max(_matches(sheet, layout), key=lambda match: match.rank, default=None)


def _match(block: HeaderBlock, header_of: Mapping[str, str], required: Mapping[str, frozenset[str]]) -> _Match:
    found = block.find(header_of)
    missing = tuple(header for header, accepted in required.items() if not accepted & found.keys())
    return _Match(block, found, missing)


def _whole(match: _Match, header_of: Mapping[str, str], required: Mapping[str, frozenset[str]]) -> _Match:
    """The match with the rest of its header: rows that its cells are merged down to, and one of the groups' parts."""
    block = match.block
    depth = min(block.reach_of({columns[0] for columns in match.found.values()}), block.head.deepest(block.index))
    if depth == block.depth and block.has_row_of_parts_below():
        depth += 1
    if depth == block.depth:
        return match
    deeper = _match(HeaderBlock(block.head, block.index, depth), header_of, required)
    return deeper if len(deeper.missing) <= len(match.missing) else match


def _is_close(match: _Match, layout: Layout) -> bool:
    required = len(layout.required_headers)
    return (required - len(match.missing)) * 2 >= required


def _has_rows(match: _Match) -> bool:
    return match.sheet.rows_filled_below(match.block.index + match.block.depth - 1) > 0


def _not_found(sheets: Sequence[Sheet], layout: Layout, matches: Sequence[_Match]) -> PharmaError:
    closest = max(matches, key=lambda match: match.rank[:2], default=None)
    if closest is not None and _is_close(closest, layout):
        return _missing_column(closest, layout)
    seen = list(closest.block.rows[0].values()) if closest else _first_filled_row(sheets)
    return _header_not_found(layout, [sheet.name for sheet in sheets], seen)


def _header_not_found(layout: Layout, names: Sequence[str], seen: Sequence[str]) -> PharmaError:
    return PharmaError(
        "HEADER_NOT_FOUND",
        within=layout.header_within,
        sheets=", ".join(names) or _NONE,
        wanted=", ".join(layout.required_headers),
        seen=" | ".join(" ".join(text.split())[:40] for text in seen)[:400] or _NONE,
    )


def _missing_column(match: _Match, layout: Layout) -> PharmaError:
    new = match.new()
    renames = likely_renames(match.missing, new, match.found, layout)
    return PharmaError(
        "MISSING_COLUMN",
        sheet=match.sheet.name,
        row=match.block.first_row,
        missing=", ".join(match.missing),
        new=", ".join(_one_line(name) for name in new.values()) or _NONE,
        renames=", ".join(f"{header} → {_one_line(name)}" for header, name in renames.items()) or _NONE,
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _first_filled_row(sheets: Sequence[Sheet]) -> list[str]:
    for sheet in sheets:
        if sheet.filled.any():
            return [text for text in sheet.row_texts(int(sheet.filled.argmax())) if text is not None]
    return []


def _place(match: _Match, layout: Layout) -> Located:
    places: dict[str, int] = {}
    for header, columns in match.found.items():
        stands_for = layout.columns[header].unless
        if len(columns) > 1 and (header in layout.only_kept or stands_for in match.found):
            continue
        if len(columns) > 1 or columns[0] in places.values():
            raise PharmaError(
                "AMBIGUOUS_COLUMN",
                sheet=match.sheet.name,
                row=match.block.first_row,
                header=header,
                columns=", ".join(map(column_letter, columns)),
            )
        places[header] = columns[0]
    names = match.block.full_names()
    moved = {header: _column_of_values(match, column, names) for header, column in places.items()}
    for header, column in moved.items():
        names[column] = names.pop(places[header])
    return Located(
        sheet=match.sheet,
        index=match.block.index,
        depth=match.block.depth,
        headers=_distinct([names.get(column, "") for column in range(len(match.sheet.columns))]),
        places=moved,
        header_rows=match.block.rows,
        known=frozenset(moved.values()).union(*match.found.values()),
    )


def _column_of_values(match: _Match, column: int, names: Mapping[int, str]) -> int:
    """Where the values of a header stand that is merged over several columns: the first one, or the only one filled."""
    beyond = match.block.merged_beyond(column)
    below = match.block.index + match.block.depth
    kinds = match.sheet.kinds
    if not beyond or kinds[column][below:].any():
        return column
    filled = [right for right in beyond if right < len(kinds) and right not in names and kinds[right][below:].any()]
    return filled[0] if len(filled) == 1 else column


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    """The headers as keys of `extra`: with the column's letter where a header is blank or repeated."""
    names: list[str] = []
    seen: set[str] = set()
    for column, text in enumerate(texts):
        name = text if text and text not in seen else f"{text} [{column_letter(column)}]".strip()
        names.append(name)
        seen.add(name)
    return tuple(names)
