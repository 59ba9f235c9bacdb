"""One row of a source: its cells by their addresses, what became of it, and the values that it gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pharma_assets.model.client_month import Client
from pharma_assets.model.target import COLUMNS
from pharma_assets.reading.sheet import Kind
from pharma_assets.reference.fill import FILLED, fill
from pharma_assets.reference.lists import ReferenceLists
from pharma_assets.tracing.origins import From, Origin, origins
from pharma_assets.transforms.corrections import RowCorrection
from pharma_assets.transforms.header_text import column_letter
from pharma_assets.transforms.hooks.source import HOOKS_NAME
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.normalize import JudgedSheet, RejectedCell, rejected_rows, rule_that_left_out
from pharma_assets.transforms.target_table import target_table


class Fate(StrEnum):
    """What became of a source row."""

    LOADED = "loaded"
    LEFT_OUT = "left out"
    REJECTED = "rejected"
    HEADER = "header"
    ABOVE = "above the header"
    BLANK = "blank or not there"


@dataclass(frozen=True)
class SourceCell:
    """A cell: its address as Excel names it, its column's header, its text as read. `corrected`: what a person has put
    in its place, where somebody has."""

    address: str
    header: str
    text: str | None
    kind: Kind
    is_corrected: bool = False
    corrected: str | None = None


@dataclass(frozen=True)
class Filled:
    """A target column (or `extra.<header>`) of a row: the value, what it comes from, and the cells behind it."""

    name: str
    value: object
    origin: Origin
    cells: tuple[SourceCell, ...] = ()


@dataclass(frozen=True)
class SourceRow:
    """A source row under a layout. `reason`: the rule or kind of row that left it out; `problems`: why it is rejected;
    `filled`: what a loaded one gives; `cells`: those that are not blank."""

    sheet: str
    row: int
    fate: Fate
    reason: str = ""
    problems: tuple[RejectedCell, ...] = ()
    filled: tuple[Filled, ...] = ()
    cells: tuple[SourceCell, ...] = ()
    correction: RowCorrection | None = None


@dataclass(frozen=True)
class TracedSheet:
    """A sheet whose rows can be asked for, under the layout that judged it and the lists that fill its open columns."""

    judged: JudgedSheet
    lists: ReferenceLists
    client: Client
    registry: Mapping[str, pa.Scalar]
    timezone: ZoneInfo
    month: date

    @property
    def layout(self) -> Layout:
        """The layout with what its hooks have made of it."""
        return self.judged.shaped.layout

    @cached_property
    def _by_layout(self) -> pa.Table:
        """The rows to load, without the lists."""
        judged = self.judged
        table, _ = target_table(
            judged.body, self.layout, judged.parsed, judged.keep, self.registry, self.timezone, self.month
        )
        return table

    @cached_property
    def _to_load(self) -> pa.Table:
        return fill(self._by_layout, self.lists, self.client)

    def row(self, row: int) -> SourceRow:
        """What this sheet has in a row, and what becomes of it."""
        judged, sheet = self.judged, self.judged.located.sheet.name
        position = int(np.searchsorted(judged.everything.rows, row))
        if position == judged.everything.height or judged.everything.rows[position] != row:
            return SourceRow(sheet, row, self._outside(row))
        correction = next((each for each in judged.corrected.applied if each.row == row), None)
        places = range(len(judged.everything.columns))
        cells = (self._cell(position, place, correction) for place in places)
        filled_cells = tuple(cell for cell in cells if cell.text is not None or cell.is_corrected)
        at = self._at(row)
        if at is not None and judged.wrong[at] and not judged.left_out[at]:
            alone = np.arange(judged.body.height) == at
            (rejected,) = rejected_rows(judged.body, judged.parsed, alone)
            return SourceRow(
                sheet, row, Fate.REJECTED, problems=rejected.cells, cells=filled_cells, correction=correction
            )
        reason = self._left_out_by(position, at, row)
        if reason is not None:
            return SourceRow(sheet, row, Fate.LEFT_OUT, reason, cells=filled_cells, correction=correction)
        loaded = int(np.flatnonzero(self._to_load["source_row"].to_numpy() == row)[0])
        filled = self._filled(position, loaded, correction)
        return SourceRow(sheet, row, Fate.LOADED, filled=filled, cells=filled_cells, correction=correction)

    def _at(self, row: int) -> int | None:
        """Where the row stands among those that were parsed; the first of several that a hook has made of it."""
        of_row = np.flatnonzero(self.judged.body.rows == row)
        return int(of_row[0]) if len(of_row) else None

    def _left_out_by(self, position: int, at: int | None, row: int) -> str | None:
        """The rule, the kind of row or the hooks that left it out; None for a row that is loaded."""
        judged = self.judged
        if position in judged.structure.reasons:
            return judged.structure.reasons[position].value
        if at is not None and judged.left_out[at]:
            rule = rule_that_left_out(judged, self.layout, at)
            return rule.reason if rule is not None else ""
        return None if row in self._loaded_rows else HOOKS_NAME

    @cached_property
    def _loaded_rows(self) -> frozenset[int]:
        return frozenset(self._to_load["source_row"].to_pylist())

    def _outside(self, row: int) -> Fate:
        located = self.judged.located
        if row > located.sheet.rows[located.last_index]:
            return Fate.BLANK
        return Fate.HEADER if row >= located.row else Fate.ABOVE

    def _filled(self, position: int, at: int, correction: RowCorrection | None) -> tuple[Filled, ...]:
        body = self.judged.body
        by_layout = self._by_layout.slice(at, 1).to_pylist()[0]
        values = self._to_load.slice(at, 1).to_pylist()[0]
        of_layout = origins(self.layout, self.judged.parsed)
        # A hook may have made columns that the source has not.
        width = len(self.judged.everything.columns)
        found = []
        for column in COLUMNS:
            origin, value = of_layout[column.name], values.get(column.name)
            if column.name in FILLED and value is not None and by_layout.get(column.name) is None:
                origin = Origin(From.REFERENCE, f"version {self.lists.version}")
            places = [body.places[header] for header in origin.headers if body.places[header] < width]
            cells = tuple(self._cell(position, place, correction) for place in places)
            found.append(Filled(column.name, value, origin, cells))
        extra: Mapping[str, str] = json.loads(values["extra"] or "{}")
        place_of = {column.header: column.place for column in self.judged.everything.columns}
        known = {place: header for header, place in body.places.items()}
        for header, text in extra.items():
            place = place_of.get(header)
            if place is None:
                found.append(Filled(f"extra.{header}", text, Origin(From.KEPT)))
                continue
            origin = Origin(From.KEPT, headers=(known[place],) if place in known else ())
            found.append(Filled(f"extra.{header}", text, origin, (self._cell(position, place, correction),)))
        return tuple(found)

    def _cell(self, position: int, place: int, correction: RowCorrection | None) -> SourceCell:
        """The cell that a row has its text from: its own, or the first one of a merged range."""
        column = self.judged.everything.columns[place]
        own = self.judged.corrected.body.columns[place].kinds[position]
        row, letter = int(self.judged.everything.rows[position]), column_letter(place)
        text, kind = column.texts[position].as_py(), Kind(int(column.kinds[position]))
        corrected = next((cell for cell in correction.cells if cell.place == place), None) if correction else None
        if corrected is not None:
            address = f"{letter}{row}"
            return SourceCell(address, column.header, corrected.before, corrected.kind, True, corrected.after)
        if text is not None and own == Kind.BLANK:
            row = self._first_of_merge(place, row)
        return SourceCell(f"{letter}{row}", column.header, text, kind)

    def _first_of_merge(self, place: int, row: int) -> int:
        for merge in self.judged.located.sheet.merges:
            if merge.first_column == place and merge.first_row <= row <= merge.last_row:
                return merge.first_row
        return row
