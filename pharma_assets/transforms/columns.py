"""Parsing a column at once: plain cells by whole columns, the others once for each distinct text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.errors import PharmaError
from pharma_assets.model.target import PRECISION, TYPES, Type
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.body import Mask, SourceColumn
from pharma_assets.transforms.layout import ColumnRule, DecimalMark, Lookup, Parse, lookup_key
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.amounts import declared, evidence_of, has_unit, parse_amount
from pharma_assets.transforms.values.cells import refuse_long
from pharma_assets.transforms.values.date_order import date_style
from pharma_assets.transforms.values.dates import parse_date
from pharma_assets.transforms.values.identifiers import parse_inn, parse_text
from pharma_assets.transforms.values.plain import (
    Kinds,
    as_mask,
    plain_amounts,
    plain_inns,
    plain_moments,
    suspect_texts,
)


@dataclass(frozen=True)
class ParsedColumn:
    """What became of a source column.

    `values`: of `arrow_type` of the target (pa.string() for texts, also where the source is dictionary-encoded), null
    where blank or wrong, or where the cell is a dash that says nothing. `problems`: one for each distinct wrong cell;
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


def parse_column(
    source: SourceColumn, rule: ColumnRule, timezone: ZoneInfo, month: date | None = None, *, in_part: bool = False
) -> ParsedColumn:
    """Parse every cell of a column as its rule says. Wrong cells become problems, not exceptions.

    `month`: the first day of the folder's month, for dates that do not tell day from month. `in_part`: a
    target is composed of the values, so they must fit the schema even if the rule names none; `extra` takes any length.
    Raises PharmaError DATE_AMBIGUOUS when a column of dates does not tell day from month either.
    """
    if rule.lookup is not None:
        return _lookups(source, rule, rule.lookup)
    if rule.parse is Parse.DATE:
        return _dates(source, rule, timezone, month)
    if rule.parse is Parse.AMOUNT:
        return _amounts(source, rule)
    return (
        _inns(source, rule) if rule.parse is Parse.INN else _texts(source, rule, limited=in_part or rule.to is not None)
    )


@dataclass(frozen=True)
class _Cells:
    """Cells to be parsed: the rows themselves, or the distinct ones with the cell of each row."""

    texts: pa.Array
    kinds: Kinds
    cell_of: npt.NDArray[np.int64] | None = None

    @property
    def blank(self) -> Mask:
        """Cells without a text; an error is none, even if its text was lost."""
        readable: Mask = (self.kinds != Kind.ERROR) & (self.kinds != Kind.FORMULA)
        return readable & as_mask(pc.is_null(self.texts))


# What a scalar parser gives: the value, and whether the text must be kept beside it.
_Parser = Callable[[str, Kind], tuple[object, bool]]


_SAMPLE = 1_000


def _cells(source: SourceColumn) -> _Cells:
    """The rows as they stand, or the distinct cells where texts repeat much."""
    sample = source.texts.slice(0, _SAMPLE)
    if pa.types.is_dictionary(source.texts.type) or len(pc.unique(sample)) * 2 < len(sample):
        return _distinct(source.texts, source.kinds)
    return _Cells(source.texts, source.kinds)


def _distinct(texts: pa.Array, kinds: Kinds) -> _Cells:
    """The distinct (text, kind) pairs that occur. A slice of a dictionary array knows texts of other rows, too: they
    must neither be reported nor prove anything."""
    encoded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False) + 1
    pairs = codes * len(Kind) + kinds
    occurs = np.zeros((len(encoded.dictionary) + 1) * len(Kind), dtype=np.bool_)
    occurs[pairs] = True
    used = np.flatnonzero(occurs)
    place = np.cumsum(occurs) - 1
    wanted = used // len(Kind) - 1
    found = encoded.dictionary.cast(pa.string()).take(pa.array(wanted, mask=wanted < 0))
    return _Cells(found, (used % len(Kind)).astype(np.uint8), place[pairs])


def _parsed(
    source: SourceColumn, rule: ColumnRule, cells: _Cells, plain: pa.Array, careful: Mask, parse: _Parser
) -> ParsedColumn:
    """Take `plain` for the values but of the `careful` cells, which are parsed once for each distinct one."""
    kept = np.zeros(len(careful), dtype=np.bool_)
    problem_of = np.full(len(careful), -1, dtype=np.int32)
    problems: list[CellProblem] = []
    if rule.filled and (blank := cells.blank).any():
        problem_of[blank] = 0
        problems.append(CellProblem("VALUE_MISSING"))
    values = plain
    if careful.any():
        mask = pa.array(careful)
        doubted = _distinct(cells.texts.filter(mask), cells.kinds[careful])
        found: list[object] = []
        keep: list[bool] = []
        codes: list[int] = []
        for text, kind in zip(doubted.texts.to_pylist(), doubted.kinds.tolist(), strict=True):
            code = -1
            try:
                value, told = parse(text or "", Kind(kind))
                if value is None and rule.filled:
                    raise CellProblem("VALUE_MISSING")
            except CellProblem as problem:
                value, told, code = None, False, len(problems)
                problems.append(problem)
            found.append(value)
            keep.append(told)
            codes.append(code)
        parsed = pa.array(found, plain.type).take(pa.array(doubted.cell_of))
        values = parsed if careful.all() else pc.replace_with_mask(plain, mask, parsed)
        kept[careful] = np.array(keep, dtype=np.bool_)[doubted.cell_of]
        problem_of[careful] = np.array(codes, dtype=np.int32)[doubted.cell_of]
    if cells.cell_of is not None:
        values = values.take(pa.array(cells.cell_of))
        kept, problem_of = kept[cells.cell_of], problem_of[cells.cell_of]
    return ParsedColumn(source, values, tuple(problems), problem_of, kept)


def _texts(source: SourceColumn, rule: ColumnRule, *, limited: bool) -> ParsedColumn:
    def parse(text: str, kind: Kind) -> tuple[str, bool]:
        return parse_text(text, kind, limited=limited), False

    cells = _Cells(source.texts, source.kinds)
    if pa.types.is_dictionary(source.texts.type):
        cells = _distinct(source.texts, source.kinds)
    return _parsed(source, rule, cells, cells.texts, suspect_texts(cells.texts, cells.kinds), parse)


def _lookups(source: SourceColumn, rule: ColumnRule, lookup: Lookup) -> ParsedColumn:
    by_key = {lookup_key(key): value for key, value in lookup.values.items()}
    written_as: dict[str, str] = {}
    for key, value in lookup.values.items():
        written_as.setdefault(value, key)

    def parse(text: str, kind: Kind) -> tuple[str, bool]:
        key = lookup_key(parse_text(text, kind, limited=False))
        value = by_key.get(key, text if lookup.otherwise is None else lookup.otherwise)
        refuse_long(value)
        return value, written_as.get(value, value) != text

    cells = _distinct(source.texts, source.kinds)
    blank = pa.repeat(pa.scalar(lookup.blank, pa.string()), len(cells.texts))
    return _parsed(source, rule, cells, blank, ~cells.blank, parse)


def _inns(source: SourceColumn, rule: ColumnRule) -> ParsedColumn:
    def parse(text: str, kind: Kind) -> tuple[str, bool]:
        inn = parse_inn(text, kind)
        return inn, inn != text

    cells = _cells(source)
    plain = plain_inns(cells.texts) & ((cells.kinds == Kind.TEXT) | (cells.kinds == Kind.NUMBER))
    careful = ~(plain | cells.blank)
    parsed = _parsed(source, rule, cells, cells.texts, careful, parse)
    if not careful.any():
        return parsed
    doubted = parsed.values.filter(pa.array(careful if cells.cell_of is None else careful[cells.cell_of])).drop_null()
    wrong = doubted.filter(pa.array(~plain_inns(doubted)))
    if not len(wrong):
        return parsed
    remark = PharmaError("INN_INVALID", column=source.header, cells=len(wrong), example=wrong[0].as_py()[:40])
    return replace(parsed, remarks=(remark,))


def _amounts(source: SourceColumn, rule: ColumnRule) -> ParsedColumn:
    stored_as = TYPES[rule.to] if rule.to else None
    type_ = stored_as or Type.AMOUNT
    cells = _cells(source)
    plain = plain_amounts(cells.texts, cells.kinds, type_)
    evidence = plain.evidence
    typed = ~plain.found & (cells.kinds == Kind.TEXT) & ~cells.blank
    if rule.decimal is not DecimalMark.AUTO:
        evidence = declared(rule.decimal is DecimalMark.COMMA)
    else:
        for text in pc.unique(cells.texts.filter(pa.array(typed))).to_pylist():
            evidence |= evidence_of(text, stored_as)

    def parse(text: str, kind: Kind) -> tuple[Decimal | None, bool]:
        value = parse_amount(text, kind, stored_as, evidence)
        return value, value is None or has_unit(text)

    values, read = plain.values(evidence, type_)
    return _parsed(source, rule, cells, values, ~(read | cells.blank), parse)


def _dates(source: SourceColumn, rule: ColumnRule, timezone: ZoneInfo, month: date | None) -> ParsedColumn:
    cells = _distinct(source.texts, source.kinds)
    plain = plain_moments(cells.texts, cells.kinds)
    others = ~plain.found & (cells.kinds == Kind.TEXT) & ~cells.blank
    texts = [*plain.typed_days, *cells.texts.filter(pa.array(others)).to_pylist()]
    # A best-before date lies anywhere but in the month of the report.
    style = date_style(source.header, texts, rule.dates, None if rule.to == "date_godnost" else month)
    style = replace(style, from_1904=source.from_1904)
    repeated: dict[str, datetime] = {}

    def parse(text: str, kind: Kind) -> tuple[datetime | None, bool]:
        moment = parse_date(text, kind, style)
        if moment is not None and moment.tzinfo is not None:
            moment = moment.astimezone(timezone)
            if moment.fold:
                repeated[text] = moment
            moment = moment.replace(tzinfo=None)
        return moment, moment is None

    values, read = plain.values(style)
    parsed = _parsed(source, rule, cells, values, ~(read | cells.blank), parse)
    utc = _in_utc(parsed.values, timezone)
    if repeated:
        # The hour that comes twice when clocks are put back: here the text says which of the two is meant.
        texts = source.texts.cast(pa.string())
        second = pc.is_in(texts, pa.array(list(repeated)))
        utc = pc.replace_with_mask(
            utc, second, pa.array([repeated[text] for text in texts.filter(second).to_pylist()], utc.type)
        )
    return replace(parsed, local=parsed.values, values=utc)


# Clocks are put forward and back at quarters of an hour, wherever and whenever since the years that are taken.
_QUARTER = 15 * 60 * 1_000_000
_EPOCH = datetime(1970, 1, 1)


def _in_utc(local: pa.Array, timezone: ZoneInfo) -> pa.Array:
    """Naive local moments as UTC. Python's zone data, because Arrow's own is missing on slim systems; asked once for
    each quarter of an hour that occurs."""
    moments = local.cast(pa.int64()).fill_null(0).to_numpy()
    quarters, quarter_of = np.unique(moments // _QUARTER, return_inverse=True)
    offsets = [_offset(_EPOCH + timedelta(microseconds=quarter * _QUARTER), timezone) for quarter in quarters.tolist()]
    utc = moments - np.array(offsets, dtype=np.int64)[quarter_of]
    return pa.array(utc, mask=as_mask(local.is_null())).cast(arrow_type(Type.MOMENT))


def _offset(local: datetime, timezone: ZoneInfo) -> int:
    """Microseconds that a local moment is ahead of UTC."""
    offset = local.replace(tzinfo=timezone).utcoffset() or timedelta()
    return offset // timedelta(microseconds=1)
