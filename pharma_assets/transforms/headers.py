"""Finding the header: which sheet, which row, which source column stands for which of the layout's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Document, Sheet
from pharma_assets.transforms.header_text import column_letter, normalize_header
from pharma_assets.transforms.layout import Layout


@dataclass(frozen=True)
class Located:
    """Where a layout's header stands in a document.

    `headers` are the source's headers as written, one for each sheet column, made distinct; `places` gives the sheet
    column of each of the layout's headers that is there.
    """

    sheet: Sheet
    index: int
    headers: tuple[str, ...]
    places: dict[str, int]

    @property
    def row(self) -> int:
        """The header's row number in the source."""
        return int(self.sheet.rows[self.index])


def locate(document: Document, layout: Layout) -> Located:
    """Find the one sheet and row with all the columns that the layout requires.

    Raises PharmaError HEADER_NOT_FOUND, MISSING_COLUMN, AMBIGUOUS_SHEET or AMBIGUOUS_COLUMN.
    """
    wanted = {normalize_header(header): header for header in layout.columns}
    required = layout.required_headers
    sheets = [sheet for sheet in document.sheets if sheet.visible and layout.sheet in (None, sheet.name)]
    complete: list[tuple[Sheet, int]] = []
    closest: tuple[int, Sheet, int] | None = None
    for sheet in sheets:
        index, score = _best_row(sheet, layout.header_within, wanted, required)
        if score == len(required):
            complete.append((sheet, index))
        elif score and (closest is None or score > closest[0]):
            closest = (score, sheet, index)
    if len(complete) > 1:
        raise PharmaError("AMBIGUOUS_SHEET", sheets=", ".join(sheet.name for sheet, _ in complete))
    if not complete:
        raise _not_found(sheets, layout, wanted, closest)
    sheet, index = complete[0]
    return _place(sheet, index, wanted)


def _best_row(
    sheet: Sheet, within: int, wanted: Mapping[str, str], required: Mapping[str, frozenset[str]]
) -> tuple[int, int]:
    """The row with the most required headers among the first `within` rows of the source, and how many it has."""
    best = (0, 0, 0)
    for index in range(sheet.height):
        if sheet.rows[index] > within:
            break
        seen = _known_headers(sheet, index, wanted)
        score = (len(required) - len(_missing(seen, required)), len(seen))
        if score > best[:2]:
            best = (*score, index)
    return best[2], best[0]


def _known_headers(sheet: Sheet, index: int, wanted: Mapping[str, str]) -> set[str]:
    found = (wanted.get(normalize_header(text)) for text in sheet.row_texts(index) if text is not None)
    return {header for header in found if header is not None}


def _missing(seen: set[str], required: Mapping[str, frozenset[str]]) -> list[str]:
    return [header for header, accepted in required.items() if not accepted & seen]


def _not_found(
    sheets: Sequence[Sheet], layout: Layout, wanted: Mapping[str, str], closest: tuple[int, Sheet, int] | None
) -> PharmaError:
    required = layout.required_headers
    if closest is not None and closest[0] * 2 >= len(required):
        _, sheet, index = closest
        texts = [text.strip() for text in sheet.row_texts(index) if text is not None]
        return PharmaError(
            "MISSING_COLUMN",
            sheet=sheet.name,
            row=int(sheet.rows[index]),
            missing=", ".join(_missing(_known_headers(sheet, index, wanted), required)),
            renames="none",
            new=", ".join(text for text in texts if normalize_header(text) not in wanted) or "none",
        )
    row = closest[1].row_texts(closest[2]) if closest else _first_filled_row(sheets)
    return PharmaError(
        "HEADER_NOT_FOUND",
        within=layout.header_within,
        sheets=", ".join(sheet.name for sheet in sheets) or "no visible sheet",
        wanted=", ".join(required),
        seen=" | ".join(text.strip()[:40] for text in row if text is not None)[:400] or "nothing",
    )


def _first_filled_row(sheets: Sequence[Sheet]) -> list[str | None]:
    for sheet in sheets:
        if sheet.filled.any():
            return sheet.row_texts(int(sheet.filled.argmax()))
    return []


def _place(sheet: Sheet, index: int, wanted: Mapping[str, str]) -> Located:
    texts = sheet.row_texts(index)
    places: dict[str, list[int]] = {}
    for column, text in enumerate(texts):
        header = wanted.get(normalize_header(text)) if text is not None else None
        if header is not None:
            places.setdefault(header, []).append(column)
    for header, columns in places.items():
        if len(columns) > 1:
            raise PharmaError(
                "AMBIGUOUS_COLUMN",
                sheet=sheet.name,
                row=int(sheet.rows[index]),
                header=header,
                columns=", ".join(map(column_letter, columns)),
            )
    return Located(sheet, index, _distinct(texts), {header: columns[0] for header, columns in places.items()})


def _distinct(texts: list[str | None]) -> tuple[str, ...]:
    """The headers as keys of `extra`: stripped, with the column's letter where a header is blank or repeated."""
    names: list[str] = []
    for column, text in enumerate(texts):
        name = (text or "").strip()
        names.append(name if name and name not in names else f"{name} [{column_letter(column)}]".strip())
    return tuple(names)
