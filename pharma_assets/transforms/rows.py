"""Which of the rows below a header are no data: repeated headers, totals, signatures.

Doubt must never take a data row away, so a row counts as one of these only by its words *and* by what it leaves blank.
Whatever is no data and is not recognised here goes on, and is rejected for the cells that it leaves blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.body import Body, Mask
from pharma_assets.transforms.header_text import column_letter, normalize_header
from pharma_assets.transforms.headers import Located
from pharma_assets.transforms.layout import Layout, Parse
from pharma_assets.transforms.row_words import (
    TOTAL_LETTERS,
    Reason,
    Word,
    is_footnote,
    is_of_a_part,
    is_signature,
    total_word,
)
from pharma_assets.transforms.word_scan import rows_that_say, rows_with_total_word

_TAIL = 100
_SIGNATURE_CELLS = 4
_FEWEST_COLUMN_NUMBERS = 3

Cells = Mapping[int, str]


@dataclass(frozen=True)
class TotalRow:
    """A row of totals: where it stands among the body's rows, its label, and its cells by column.

    `of_a_part`: its label says that it is of a part of the report. `checkable`: it claims to be a sum of rows.
    """

    position: int
    label: str
    cells: Cells
    of_a_part: bool
    checkable: bool


@dataclass(frozen=True)
class Structure:
    """The rows of a body that are no data, by position, and the totals among them in their order."""

    reasons: Mapping[int, Reason]
    totals: tuple[TotalRow, ...]

    def mask(self, height: int) -> Mask:
        """Which of the body's rows are no data."""
        mask = np.zeros(height, dtype=np.bool_)
        mask[list(self.reasons)] = True
        return mask

    def counts(self) -> dict[str, int]:
        """How many rows are left out for each reason that there is."""
        reasons = list(self.reasons.values())
        return {reason.value: reasons.count(reason) for reason in Reason if reason in reasons}


def tell_rows(raw: Body, body: Body, located: Located, layout: Layout) -> Structure:
    """Tell the rows that are no data. `raw` is the body as it stands, `body` with its merged cells filled.

    Raises PharmaError AMBIGUOUS_COLUMN when another header with other places stands among the rows.
    """
    columns = _Columns.of(body, layout)
    reasons: dict[int, Reason] = dict.fromkeys(_repeated_headers(raw, located, layout), Reason.REPEATED_HEADER)
    reasons |= dict.fromkeys(_column_numbers(raw, reasons), Reason.COLUMN_NUMBERS)
    totals = [row for row in _totals(body, columns) if row.position not in reasons]
    last_data = _last_data_row(body, columns, {*reasons, *(row.position for row in totals)})
    for row in totals:
        grand = not row.of_a_part and (row.position > last_data or row.position == 0)
        reasons[row.position] = Reason.TOTAL if grand else Reason.SUBTOTAL
    for position in _signatures(body, columns, last_data, reasons):
        reasons[position] = Reason.SIGNATURE
    return Structure(reasons, tuple(totals))


@dataclass(frozen=True)
class _Columns:
    """The sheet columns by what they are to a layout.

    `keys`: what a data row must say and a total leaves blank: the period and what must be filled, but no amounts.
    `amounts`: those that are loaded. `must`: all that must be filled. `digits`: those whose values have digits.
    `labels`: those in which a total may have its label beside filled keys.
    """

    keys: frozenset[int]
    amounts: frozenset[int]
    must: frozenset[int]
    digits: frozenset[int]
    labels: frozenset[int]

    @classmethod
    def of(cls, body: Body, layout: Layout) -> _Columns:
        rules = {place: layout.columns[header] for header, place in body.places.items()}
        amounts = {place for place, rule in rules.items() if rule.parse is Parse.AMOUNT}
        period = {place for place, rule in rules.items() if rule.to == "period"}
        must = {place for place, rule in rules.items() if rule.filled} | period
        kept = {body.places[header] for header in layout.only_kept if header in body.places}
        return cls(
            keys=frozenset(must - amounts),
            amounts=frozenset(amounts),
            must=frozenset(must),
            digits=frozenset(amounts | period),
            labels=frozenset(
                place for place, rule in rules.items() if rule.lookup is None and place not in amounts | kept
            ),
        )

    def may_be_data(self, cells: Cells) -> bool:
        """Whether a row has all that a data row must have, as far as can be told without reading its values."""
        return self.must <= cells.keys() and all(
            any(map(str.isdigit, cells[place])) for place in self.digits & cells.keys()
        )


def _cells(body: Body, positions: npt.NDArray[np.integer]) -> list[dict[int, str]]:
    """The texts of these rows, by column, without the blanks."""
    rows: list[dict[int, str]] = [{} for _ in positions]
    for column in body.columns:
        if not column.is_blank:
            for row, text in zip(rows, column.texts.take(pa.array(positions)).to_pylist(), strict=True):
                if text is not None:
                    row[column.place] = text
    return rows


def _filled_count(body: Body, places: Iterable[int]) -> npt.NDArray[np.int32]:
    filled = np.zeros(body.height, dtype=np.int32)
    for place in places:
        filled += body.columns[place].kinds != Kind.BLANK
    return filled


def _repeated_headers(raw: Body, located: Located, layout: Layout) -> list[int]:
    """The rows that repeat a row of the header."""
    if not raw.height:
        return []
    header_rows = [{column: normalize_header(text) for column, text in texts.items()} for texts in located.header_rows]
    wording = {text for texts in located.header_rows for text in texts.values()}
    suspects = np.zeros(raw.height, dtype=np.bool_)
    for probe in _probes(located, layout):
        suspects[rows_that_say(raw.columns[probe].texts, wording)] = True
    positions = np.flatnonzero(suspects)
    repeated = []
    for position, cells in zip(positions.tolist(), _cells(raw, positions), strict=True):
        texts = {column: normalize_header(text) for column, text in cells.items()}
        if any(texts.items() <= row.items() and len(texts) * 2 >= len(row) for row in header_rows):
            repeated.append(position)
        else:
            _refuse_another_header(raw, position, texts, layout)
    return repeated


def _probes(located: Located, layout: Layout) -> set[int]:
    """For each row of the header two of the columns by which its repetition is noticed, the period's first."""
    period = [
        located.places[header]
        for header, rule in layout.columns.items()
        if rule.to == "period" and header in located.places
    ]
    order = [*period, *located.places.values()]
    probes: set[int] = set()
    for texts in located.header_rows:
        own = [place for place in dict.fromkeys(order) if place in texts] or list(texts)
        probes.update(own[:2])
    return probes


def _refuse_another_header(raw: Body, position: int, texts: Mapping[int, str], layout: Layout) -> None:
    header_of = layout.header_of
    found = {header_of[text]: column for column, text in texts.items() if text in header_of}
    if all(accepted & found.keys() for accepted in layout.required_headers.values()):
        moved = next((header for header in found if raw.places.get(header) != found[header]), None)
        if moved is not None:
            columns = [raw.places[moved]] if moved in raw.places else []
            raise PharmaError(
                "AMBIGUOUS_COLUMN",
                sheet=raw.sheet,
                row=int(raw.rows[position]),
                header=moved,
                columns=", ".join(map(column_letter, [*columns, found[moved]])),
            )


def _column_numbers(raw: Body, headers: Iterable[int]) -> list[int]:
    """The rows right below a header that number its columns: 1, 2, 3 and so on."""
    positions = np.array([at for at in (0, *(header + 1 for header in headers)) if at < raw.height], dtype=np.int64)
    found = []
    for position, cells in zip(positions.tolist(), _cells(raw, positions), strict=True):
        enough = len(cells) >= max(_FEWEST_COLUMN_NUMBERS, len(raw.places))
        if enough and all(text.strip() == str(number) for number, text in zip(count(1), cells.values(), strict=False)):
            found.append(position)
    return found


def _totals(body: Body, columns: _Columns) -> list[TotalRow]:
    suspects = np.zeros(body.height, dtype=np.bool_)
    for column in body.columns:
        if column.place not in columns.amounts:
            suspects[rows_with_total_word(column.texts)] = True
    suspects[_keyless_with_total_letters(body, columns)] = True
    positions = np.flatnonzero(suspects)
    rows = []
    for position, cells in zip(positions.tolist(), _cells(body, positions), strict=True):
        place = _label(cells, columns)
        if place is not None:
            label = cells[place]
            checkable = total_word(label) is not Word.WITHIN
            rows.append(TotalRow(position, label.strip(), cells, is_of_a_part(label), checkable))
    return rows


def _keyless_with_total_letters(body: Body, columns: _Columns) -> npt.NDArray[np.integer]:
    """The rows without keys, or with one that may be the label, in which some text has letters like a total's."""
    most = 1 if len(columns.keys) > 1 else 0
    keyless = np.flatnonzero(_filled_count(body, columns.keys) <= most)
    if not len(keyless):
        return keyless
    like = np.zeros(len(keyless), dtype=np.bool_)
    for column in body.columns:
        if not column.is_blank:
            texts = column.texts.take(pa.array(keyless)).cast(pa.string())
            like |= pc.fill_null(pc.match_substring_regex(texts, TOTAL_LETTERS), False).to_numpy(zero_copy_only=False)
    return keyless[like]


def _label(cells: Cells, columns: _Columns) -> int | None:
    """The column of a row's label if it is a row of totals.

    «Итого», «Итого по …» in the first cell or in a column of names is one whatever else the row says; any other such
    text only where the row has no keys.
    """
    words = {place: word for place, text in cells.items() if (word := total_word(text)) is not None}
    for place, word in words.items():
        first = place == min(cells)
        if word in (Word.BARE, Word.OF_A_PART) and (first or place in columns.labels):
            return place
    keys = columns.keys & cells.keys()
    return next((place for place in words if keys <= {place}), None)


def _last_data_row(body: Body, columns: _Columns, others: set[int]) -> int:
    """The position of the last row that may be data; -1 if none of the last ones may."""
    last = max(body.height - _TAIL, 0)
    positions = np.arange(last, body.height)
    for position, cells in zip(reversed(positions.tolist()), reversed(_cells(body, positions)), strict=True):
        if position not in others and columns.may_be_data(cells):
            return position
    return last - 1


def _signatures(body: Body, columns: _Columns, last_data: int, others: Mapping[int, Reason]) -> list[int]:
    """Rows of signatures and remarks: below the data by their words, or alone in their row; among the data by their
    words, in a row without keys and amounts."""
    expected = columns.must | columns.amounts
    few = _filled_count(body, expected)[: max(last_data, 0)] <= (1 if len(expected) > 1 else 0)
    among = np.flatnonzero(few)
    among = among[_filled_count(body, range(len(body.columns)))[among] <= _SIGNATURE_CELLS] if len(among) else among
    below = np.arange(last_data + 1, body.height)
    found = []
    for position, cells in zip(below.tolist(), _cells(body, below), strict=True):
        amounts = any(any(map(str.isdigit, cells[place])) for place in columns.amounts & cells.keys())
        if position not in others and not amounts and not columns.may_be_data(cells):
            alone = len(cells) == 1 and is_footnote(next(iter(cells.values())))
            if alone or is_signature(cells[min(cells)]) or any("___" in text for text in cells.values()):
                found.append(position)
    for position, cells in zip(among.tolist(), _cells(body, among), strict=True):
        if position not in others and expected & cells.keys() <= {min(cells)} and is_signature(cells[min(cells)]):
            found.append(position)
    return found
