"""A workbook of rejected rows as it comes back: which row each line is, and what its cells say now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Document, Kind, Sheet
from pharma_assets.rejects.words import WORDS
from pharma_assets.rejects.workbook import COLUMN, CONTENT, FILE, ROW, SHEET

_MARKED_WITHIN = 10


@dataclass(frozen=True)
class SentCell:
    """A cell of the workbook; `text` None: it is blank."""

    text: str | None
    kind: Kind


@dataclass(frozen=True)
class SentRow:
    """A line of the workbook, at `place`. `cells` are by the source's header, as the workbook shows it."""

    place: str
    file_id: int
    content_hash: str
    sheet: str
    row: int
    cells: Mapping[str, SentCell]


@dataclass(frozen=True)
class DamagedRow:
    """A line that does not say which row it is."""

    place: str
    error: PharmaError


def sent_rows(document: Document, name: str) -> list[SentRow | DamagedRow]:
    """Every line of every sheet that `write_workbook` has made. Raises PharmaError CORRECTIONS_UNREADABLE."""
    found: list[SentRow | DamagedRow] = []
    marked = [(sheet, index) for sheet in document.sheets if (index := _mark(sheet)) is not None]
    if not marked:
        raise PharmaError("CORRECTIONS_UNREADABLE", file=name, why=f"no row of any sheet has {FILE}")
    for sheet, index in marked:
        found += _lines(sheet, index, name)
    return found


def _mark(sheet: Sheet) -> int | None:
    """The position of the row for programs."""
    return next((index for index in range(min(sheet.height, _MARKED_WITHIN)) if FILE in sheet.row_texts(index)), None)


def _lines(sheet: Sheet, index: int, name: str) -> Iterator[SentRow | DamagedRow]:
    place_of = {text: place for place, text in enumerate(sheet.row_texts(index)) if text is not None}
    missing = [key for key in (FILE, CONTENT, SHEET, ROW) if key not in place_of]
    if missing:
        raise PharmaError("CORRECTIONS_UNREADABLE", file=name, why=f"{sheet.name}: no column {', '.join(missing)}")
    sources = {text.removeprefix(COLUMN): place for text, place in place_of.items() if text.startswith(COLUMN)}
    texts = {place: sheet.columns[place].to_pylist() for place in place_of.values()}
    of_people = {words.file for words in WORDS.values()}
    for at in range(index + 1, sheet.height):
        if at == index + 1 and texts[place_of[FILE]][at] in of_people:
            continue  # the header that people see
        if not sheet.filled[at]:
            continue
        keys = {key: texts[place_of[key]][at] for key in (FILE, CONTENT, SHEET, ROW)}
        place = f"{sheet.name}!{sheet.rows[at]}"
        wrong = [key for key, text in keys.items() if text is None or (key in (FILE, ROW) and not _is_number(text))]
        if wrong:
            why = ", ".join(f"{key} {keys[key]!r}" for key in wrong)
            yield DamagedRow(place, PharmaError("CORRECTION_KEY_DAMAGED", why=why))
            continue
        cells = {
            header: SentCell(texts[column][at], Kind(int(sheet.kinds[column][at])))
            for header, column in sources.items()
        }
        yield SentRow(place, int(keys[FILE]), keys[CONTENT], keys[SHEET], int(keys[ROW]), cells)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
