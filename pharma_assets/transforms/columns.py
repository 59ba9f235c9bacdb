"""Parsing a column at once: each distinct cell is parsed one time, and the results are spread over the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.errors import PharmaError
from pharma_assets.model.target import TYPES, Type
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.body import Mask, SourceColumn
from pharma_assets.transforms.layout import ColumnRule, Lookup, Parse, lookup_key
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.amounts import PRECISION, parse_amount
from pharma_assets.transforms.values.dates import parse_date
from pharma_assets.transforms.values.identifiers import parse_inn, parse_text


@dataclass(frozen=True)
class ParsedColumn:
    """What became of a source column.

    `values`: the target type, null where blank or wrong. `problems`: one for each distinct wrong cell;
    `problem_of`: for each row the index of its problem, or -1. `kept`: the source text must stay in `extra`, because
    the value alone does not give it back. `local`: for dates, the naive local moments as pa.timestamp('us').
    `remarks`: problems of the scope REMARK.
    """

    source: SourceColumn
    values: pa.Array
    problems: tuple[CellProblem, ...]
    problem_of: npt.NDArray[np.int32]
    kept: Mask
    local: pa.Array | None = None
    remarks: tuple[PharmaError, ...] = ()

    def local_moments(self) -> pa.Array:
        """The naive local moments of a date column."""
        if self.local is None:
            raise TypeError(f"the column {self.source.header!r} was not parsed as dates")
        return self.local

    def problem_at(self, index: int) -> CellProblem | None:
        """The problem of the cell in row `index`, if it has one."""
        problem = int(self.problem_of[index])
        return None if problem < 0 else self.problems[problem]


def arrow_type(stored_as: Type) -> pa.DataType:
    """The Arrow type that holds a target type exactly."""
    if stored_as is Type.MOMENT:
        return pa.timestamp("us", tz="UTC")
    if stored_as.is_numeric:
        return pa.decimal128(PRECISION, stored_as.scale)
    return pa.string()


def parse_column(source: SourceColumn, rule: ColumnRule, timezone: ZoneInfo, month: date | None = None) -> ParsedColumn:
    """Parse every cell of a column as its rule says. Wrong cells become problems, never exceptions.

    `month`: the first day of the folder's month, for dates that do not tell day from month.
    """
    if rule.lookup is not None:
        return _spread(source, rule, pa.string(), _lookup_parser(rule.lookup), blank=rule.lookup.blank)
    if rule.parse is Parse.DATE:
        return _parse_dates(source, rule, timezone)
    if rule.parse is Parse.AMOUNT:
        stored_as = TYPES[rule.to] if rule.to else Type.AMOUNT
        return _spread(
            source, rule, arrow_type(stored_as), lambda text, kind: (parse_amount(text, kind, stored_as), False)
        )
    if rule.parse is Parse.INN:
        return _spread(source, rule, pa.string(), _parse_inn)
    if not np.isin(source.kinds, (Kind.NUMBER, Kind.ERROR)).any():
        return _as_written(source, rule)
    return _spread(source, rule, pa.string(), lambda text, kind: (parse_text(text, kind), False))


Parser = Callable[[str, Kind], tuple[object, bool]]


def _parse_inn(text: str, kind: Kind) -> tuple[str, bool]:
    inn = parse_inn(text, kind)
    return inn, inn != text


def _lookup_parser(lookup: Lookup) -> Parser:
    by_key = {lookup_key(key): value for key, value in lookup.values.items()}
    written_as: dict[str, str] = {}
    for key, value in lookup.values.items():
        written_as.setdefault(value, key)

    def parse(text: str, kind: Kind) -> tuple[str, bool]:
        value = by_key.get(lookup_key(parse_text(text, kind)), text if lookup.otherwise is None else lookup.otherwise)
        return value, written_as.get(value, value) != text

    return parse


def _as_written(source: SourceColumn, rule: ColumnRule) -> ParsedColumn:
    problems, problem_of = _blank_problems(source, rule)
    return ParsedColumn(source, source.texts, problems, problem_of, np.zeros(len(source.texts), dtype=bool))


def _blank_problems(source: SourceColumn, rule: ColumnRule) -> tuple[tuple[CellProblem, ...], npt.NDArray[np.int32]]:
    problem_of = np.full(len(source.texts), -1, dtype=np.int32)
    if not rule.filled or source.texts.null_count == 0:
        return (), problem_of
    problem_of[pc.is_null(source.texts).to_numpy(zero_copy_only=False)] = 0
    return (CellProblem("VALUE_MISSING"),), problem_of


def _spread(
    source: SourceColumn, rule: ColumnRule, type_: pa.DataType, parse: Parser, blank: object = None
) -> ParsedColumn:
    """Parse each distinct (text, kind) once and take the results back to the rows."""
    distinct, row_of = _distinct_cells(source)
    blanks, _ = _blank_problems(source, rule)
    problems = list(blanks)
    values: list[object] = []
    kept: list[bool] = []
    codes: list[int] = []
    for text, kind in distinct:
        value, keep, code = blank, False, -1 if not blanks else 0
        if text is not None:
            try:
                (value, keep), code = parse(text, kind), -1
            except CellProblem as problem:
                value, keep, code = None, False, len(problems)
                problems.append(problem)
        values.append(value)
        kept.append(keep)
        codes.append(code)
    return ParsedColumn(
        source,
        pa.array(values, type_).take(pa.array(row_of)),
        tuple(problems),
        np.array(codes, dtype=np.int32)[row_of],
        np.array(kept, dtype=bool)[row_of],
    )


def _distinct_cells(source: SourceColumn) -> tuple[list[tuple[str | None, Kind]], npt.NDArray[np.integer[Any]]]:
    """The distinct (text, kind) pairs of a column, and for each row the index of its pair."""
    encoded = source.texts.dictionary_encode(null_encoding="encode")
    codes = encoded.indices.to_numpy()
    texts = encoded.dictionary.to_pylist()
    kinds = [Kind(kind) for kind in np.flatnonzero(np.bincount(source.kinds)).tolist() if kind != Kind.BLANK]
    if len(kinds) <= 1:
        # The common case: a blank cell is told by its text, all others are of one kind.
        return [(text, kinds[0] if text is not None else Kind.BLANK) for text in texts], codes
    pairs, row_of = np.unique(codes.astype(np.int64) * len(Kind) + source.kinds, return_inverse=True)
    return [(texts[pair // len(Kind)], Kind(pair % len(Kind))) for pair in pairs.tolist()], row_of


def _parse_dates(source: SourceColumn, rule: ColumnRule, timezone: ZoneInfo) -> ParsedColumn:
    parsed = _spread(source, rule, pa.timestamp("us"), lambda text, kind: (parse_date(text, kind), False))
    return replace(parsed, local=parsed.values, values=_in_utc(parsed.values, timezone))


def _in_utc(local: pa.Array, timezone: ZoneInfo) -> pa.Array:
    """Naive local moments as UTC. Python's zone data, because Arrow's own is missing on slim systems."""
    encoded = local.dictionary_encode()
    moments = [moment.replace(tzinfo=timezone).astimezone(UTC) for moment in encoded.dictionary.to_pylist()]
    return pa.array(moments, arrow_type(Type.MOMENT)).take(encoded.indices)
