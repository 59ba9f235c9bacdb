"""The file that a client's script wrote, as a report: read by a layout of its own over the 27-column header.

It goes through the same reading and normalizing as any supplier's file. What is different is said here: whose columns
the registry's are, what a computed number is, and that rows are counted in the script's file, for nobody knows which
row of the source they came from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pharma_assets.errors import PharmaError, Scope
from pharma_assets.model.target import COLUMNS, REGISTRY_COLUMNS, RESULT_HEADER, TYPES
from pharma_assets.reading.sheet import Document, Kind, Sheet
from pharma_assets.transforms.body import Mask
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.headers import Located, locate
from pharma_assets.transforms.layout import ColumnRule, DateOrder, Layout, Parse, Totals
from pharma_assets.transforms.normalize import NormalizedReport, normalize

SHEET_PREFIX = "result:"
"""Before the sheet's name in `source_sheet`: the row is one of the result file, not of the supplier's."""

_NUMBER = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
# What a float holds: the digits beyond are no digits, and leaving them out is no rounding.
_FLOAT = Context(prec=15)


def _rule(target: str) -> ColumnRule:
    if target in REGISTRY_COLUMNS:
        return ColumnRule(required=False)
    required = target in RESULT_HEADER
    if target == "period":
        return ColumnRule.model_validate({"to": target, "filled": True, "dates": DateOrder.DAY_FIRST})
    return ColumnRule.model_validate({"to": target, "required": required})


def _result_layout() -> Layout:
    headers = {RESULT_HEADER.get(column.name, column.name): column.name for column in COLUMNS}
    rules = {header: _rule(target) for header, target in headers.items()}
    provider = RESULT_HEADER["report_provider"]
    rules[provider] = rules[provider].model_copy(update={"aliases": ("report_provider",)})
    return Layout(
        supplier="a client's script",
        report_type="any",
        columns=rules,
        # What a script wrote is what it means to be loaded: rows of totals that slipped through it are left out, but
        # prove nothing, for they are of rows that it has dropped; and it may date its rows as it likes.
        totals=Totals.IGNORE,
        outside_month=1,
    )


RESULT_LAYOUT = _result_layout()
"""The 27 columns must be there, but for those that the registry knows better, in any order; the other columns of the
schema may be."""


def normalize_result(
    document: Document, name: str, registry: Mapping[str, str], timezone: ZoneInfo, month: date
) -> NormalizedReport:
    """The report in the script's file. `name` is the file's own, `registry` what the registry says of the record.

    Raises PharmaError OUTPUT_INVALID with whatever is wrong with the file as a whole.
    """
    try:
        located = locate(document, RESULT_LAYOUT)
        prepared = [_prepared(each) for each in located]
        known = {each.sheet.name: part.sheet for each, part in zip(located, prepared, strict=True)}
        sheets = tuple(_renamed(known.get(sheet.name, sheet)) for sheet in document.sheets)
        report = normalize(replace(document, sheets=sheets), RESULT_LAYOUT, timezone, month)
    except PharmaError as problem:
        raise invalid_output(name, problem) from problem
    table, differences = _without_registry(report.table, registry)
    remarks = (*report.remarks, *(remark for part in prepared for remark in part.remarks), *differences)
    return replace(report, table=table, remarks=remarks)


def invalid_output(name: str, problem: PharmaError) -> PharmaError:
    """What is wrong with the script's file, told as the script's business; what passes by itself stays as it is."""
    if problem.problem.transient or problem.problem.scope is not Scope.FILE:
        return problem
    return PharmaError("OUTPUT_INVALID", name=name, problem=problem)


def _renamed(sheet: Sheet) -> Sheet:
    return replace(sheet, name=f"{SHEET_PREFIX}{sheet.name}")


@dataclass(frozen=True)
class _Prepared:
    sheet: Sheet
    remarks: tuple[PharmaError, ...]


def _prepared(located: Located) -> _Prepared:
    """The sheet with its computed amounts as the schema keeps them.

    A program writes what it has computed with all the digits of a float, `909.0909090909091`, and into text as well as
    into a workbook. They are rounded as PostgreSQL would, and it is told; suppliers' amounts never are.
    """
    columns, kinds, remarks = list(located.sheet.columns), list(located.sheet.kinds), []
    for header, place in located.places.items():
        rule = RESULT_LAYOUT.columns[header]
        if rule.parse is not Parse.AMOUNT or rule.to is None:
            continue
        texts = columns[place].cast(pa.string())
        below = np.arange(len(texts)) > located.last_index
        kinds[place] = _as_numbers(texts, kinds[place], below)
        scale = TYPES[rule.to].scale
        long = np.flatnonzero(below & (kinds[place] == Kind.NUMBER) & _matches(texts, _longer_than(scale)))
        rounded = {at: text for at in long.tolist() if (text := _rounded(texts[at].as_py(), scale)) is not None}
        if rounded:
            first = next(iter(rounded))
            example = f"{texts[first].as_py()} → {rounded[first]}"
            remarks.append(PharmaError("AMOUNTS_ROUNDED", column=header, cells=len(rounded), example=example))
            mask = np.isin(np.arange(len(texts)), list(rounded))
            columns[place] = pc.replace_with_mask(texts, pa.array(mask), pa.array(list(rounded.values()), pa.string()))
    return _Prepared(replace(located.sheet, columns=tuple(columns), kinds=tuple(kinds)), tuple(remarks))


def _as_numbers(texts: pa.Array, kinds: npt.NDArray[np.uint8], below: Mask) -> npt.NDArray[np.uint8]:
    """The kinds of a column of amounts, with the numbers that a program wrote into a text as what they are.

    A result file is written for a database, so `1.234` in it is 1.234; in a supplier's file it might be 1234.
    """
    return np.where(below & (kinds == Kind.TEXT) & _matches(texts, _NUMBER), np.uint8(Kind.NUMBER), kinds)


def _matches(texts: pa.Array, pattern: str) -> Mask:
    found: Mask = pc.fill_null(pc.match_substring_regex(texts, pattern), False).to_numpy(zero_copy_only=False)
    return found


def _longer_than(scale: int) -> str:
    return rf"\.[0-9]{{{scale + 1},}}|[eE]-"


def _rounded(text: str, scale: int) -> str | None:
    """The number with as many digits as the schema keeps; None where it has no more, or is none."""
    try:
        stored = Decimal(text).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
        return None if stored == _FLOAT.create_decimal(text) else f"{stored:f}"
    except DecimalException:
        return None


def _without_registry(table: pa.Table, registry: Mapping[str, str]) -> tuple[pa.Table, list[PharmaError]]:
    """Take out of `extra` what the registry says too, or a blank; what it says otherwise stays and is remarked."""
    expected = {normalize_header(name): (name, value) for name, value in registry.items()}
    expected[normalize_header(RESULT_HEADER["report_provider"])] = ("report_provider", registry["report_provider"])
    encoded = table["extra"].combine_chunks().dictionary_encode()
    kept: list[str | None] = []
    seen: list[dict[str, str]] = []
    for text in encoded.dictionary.to_pylist():
        members = json.loads(text)
        differing = {}
        for header in list(members):
            name, value = expected.get(normalize_header(header), ("", ""))
            if name and members[header].strip() == value:
                del members[header]
            elif name:
                differing[name] = members[header]
        kept.append(json.dumps(members, ensure_ascii=False) if members else None)
        seen.append(differing)
    extra = pa.array(kept, pa.string()).take(encoded.indices)
    place = table.column_names.index("extra")
    return table.set_column(place, "extra", extra), _differences(seen, encoded.indices, registry)


def _differences(
    seen: Sequence[Mapping[str, str]], indices: pa.Array, registry: Mapping[str, str]
) -> list[PharmaError]:
    counts = {row["values"]: row["counts"] for row in pc.value_counts(indices.drop_null()).to_pylist()}
    remarks = []
    for name, known in registry.items():
        differing = [(counts[index], values[name]) for index, values in enumerate(seen) if name in values]
        if differing:
            rows = sum(count for count, _ in differing)
            remarks.append(
                PharmaError("REGISTRY_DIFFERS", column=name, rows=rows, seen=differing[0][1][:200], known=known)
            )
    return remarks
