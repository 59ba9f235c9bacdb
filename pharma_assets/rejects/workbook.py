"""Rejected rows as a workbook: all cells are text, those at fault are marked, those that say which row it is locked.

The first row is hidden and for programs: it says what each column is, whatever is moved or renamed below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter

from pharma_assets.errors import CATALOGUE, Language
from pharma_assets.files import replace_atomically, writing_error
from pharma_assets.model.client_month import Client
from pharma_assets.rejects.held import HeldProblem, HeldRow
from pharma_assets.rejects.words import WORDS, Words

MARK = "pharma:"
FILE, CONTENT, SHEET, ROW = f"{MARK}file_id", f"{MARK}content", f"{MARK}sheet", f"{MARK}row"
COLUMN = f"{MARK}column="
_FOR_PEOPLE = f"{MARK}"

LONGEST_TEXT = 32_000
"""Excel takes 32,767 characters in a cell."""

MOST_ROWS = 1_000_000
"""Excel takes 1,048,576 rows in a sheet."""

_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\']")
_LONGEST_TITLE = 31

_GREY, _YELLOW, _BLUE = (PatternFill("solid", fgColor=colour) for colour in ("EEEEEE", "FFF2A8", "D9E5F3"))
_LOCKED, _OPEN = Protection(locked=True), Protection(locked=False)
_BOLD, _WRAPPED, _TOP = Font(bold=True), Alignment(wrap_text=True, vertical="top"), Alignment(vertical="top")


def shown(text: str) -> str:
    """A text as a cell of a workbook can hold it: what comes back unchanged was not touched."""
    plain = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))
    return plain if len(plain) <= LONGEST_TEXT else f"{plain[:LONGEST_TEXT]}…"


def write_workbook(path: Path, rows: Iterable[HeldRow], language: Language) -> int:
    """Write the rows, a sheet for each client and kind of header; returns how many.

    Raises PharmaError NO_SPACE, PATH_TOO_LONG or LOCKED.
    """
    by_sheet: dict[tuple[Client, tuple[str, ...]], list[HeldRow]] = {}
    for row in rows:
        by_sheet.setdefault((row.client, row.headers), []).append(row)
    book, words = Workbook(write_only=True), WORDS[language]
    titles: set[str] = set()
    _write_notes(book, words, titles)
    for (client, headers), group in by_sheet.items():
        for first in range(0, len(group), MOST_ROWS):
            part = group[first : first + MOST_ROWS]
            _write_sheet(book, _title(client.name, titles), headers, part, words, language)
    try:
        with replace_atomically(path) as draft:
            book.save(draft)
    except OSError as error:
        raise writing_error(error, path) from error
    return sum(map(len, by_sheet.values()))


def _title(name: str, taken: set[str]) -> str:
    plain = _NOT_IN_TITLES.sub("_", name).strip() or "_"
    title, number = plain[:_LONGEST_TITLE], 1
    while title.casefold() in taken:
        number += 1
        tail = f" ({number})"
        title = f"{plain[: _LONGEST_TITLE - len(tail)]}{tail}"
    taken.add(title.casefold())
    return title


def _write_notes(book: Workbook, words: Words, titles: set[str]) -> None:
    sheet = book.create_sheet(_title(words.notes_title, titles))
    sheet.column_dimensions["A"].width = 110
    for line in words.notes:
        sheet.append([_cell(sheet, line, alignment=_WRAPPED)])


def _write_sheet(
    book: Workbook, title: str, headers: Sequence[str], rows: Sequence[HeldRow], words: Words, language: Language
) -> None:
    sheet = book.create_sheet(title)
    keys = {
        FILE: words.file,
        CONTENT: words.content,
        f"{_FOR_PEOPLE}name": words.name,
        SHEET: words.sheet,
        ROW: words.row,
        f"{_FOR_PEOPLE}problem": words.problem,
        f"{_FOR_PEOPLE}advice": words.advice,
    }
    _lay_out(sheet, list(keys), headers, len(rows))
    machine = [*keys, *(f"{COLUMN}{shown(header)}" for header in headers)]
    sheet.append([_cell(sheet, text, protection=_LOCKED) for text in machine])
    style = {"protection": _LOCKED, "font": _BOLD, "fill": _BLUE, "alignment": _WRAPPED}
    sheet.append([_cell(sheet, text, **style) for text in (*keys.values(), *headers)])
    for row in rows:
        sheet.append(_row_cells(sheet, row, headers, language))


def _lay_out(sheet: Any, keys: Sequence[str], headers: Sequence[str], rows: int) -> None:
    """Widths, what is hidden, and what is locked; a write-only sheet wants to know before its first row."""
    widths = [9, 12, 26, 12, 8, 44, 44, *(max(10, min(30, len(header) + 2)) for header in headers)]
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.column_dimensions[get_column_letter(keys.index(CONTENT) + 1)].hidden = True
    sheet.row_dimensions[1].hidden = True
    sheet.freeze_panes = f"{get_column_letter(len(keys) + 1)}3"
    sheet.auto_filter.ref = f"A2:{get_column_letter(len(widths))}{rows + 2}"
    sheet.protection.sheet = True
    # What is named here stays allowed in a protected sheet.
    for allowed in ("autoFilter", "sort", "formatCells", "formatColumns", "formatRows", "deleteRows", "deleteColumns"):
        setattr(sheet.protection, allowed, False)


def _row_cells(sheet: Any, row: HeldRow, headers: Sequence[str], language: Language) -> list[Any]:
    told = [(problem, *_told(problem, language)) for problem in row.problems]
    said = "\n".join(f"{problem.header}: {message}" if problem.header else message for problem, message, _ in told)
    advice = "\n".join(dict.fromkeys(text for _, _, text in told))
    name = f"{row.month:%Y-%m} {PurePosixPath(row.path).name}"
    grey = {"protection": _LOCKED, "fill": _GREY}
    cells = [
        _cell(sheet, text, **grey, alignment=_TOP)
        for text in (str(row.file_id), row.content_hash, name, row.sheet, str(row.row))
    ]
    cells += [_cell(sheet, text, **grey, alignment=_WRAPPED) for text in (said, advice)]
    at_fault = {problem.header for problem in row.problems}
    for header in headers:
        fill = {"fill": _YELLOW} if header in at_fault else {}
        cells.append(_cell(sheet, row.texts.get(header), protection=_OPEN, alignment=_TOP, **fill))
    return cells


def _told(problem: HeldProblem, language: Language) -> tuple[str, str]:
    """Message and advice in a language; a problem that was kept without its facts is told as it was."""
    known = CATALOGUE.get(problem.code)
    if known is None:
        return problem.message, ""
    words, facts = known.words(language), problem.facts or {}
    if known.placeholders - facts.keys():
        return problem.message, words.advice if not known.placeholders else ""
    return words.message.format(**facts), words.advice.format(**facts)


def _cell(sheet: Any, text: str | None, **style: object) -> Any:
    """A cell that is text whatever it says: not a number, an error or a formula, not even after somebody edits it."""
    cell = WriteOnlyCell(sheet)
    cell.number_format = "@"
    if text is not None:
        cell.value = shown(text)
        cell.data_type = "s"
        cell.quotePrefix = True
    for name, value in style.items():
        setattr(cell, name, value)
    return cell
