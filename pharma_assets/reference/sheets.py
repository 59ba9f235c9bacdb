"""A document → reference lists. One wrong line refuses the whole, so that no half of a list is ever in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from pharma_assets.errors import PharmaError, told
from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.reading.sheet import Document, Kind, Sheet
from pharma_assets.reference.lists import ClientType, Supplier
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.identifiers import is_valid_inn, parse_inn, parse_text

HEADER_WITHIN = 40

SUPPLIERS, CLIENT_TYPES = "suppliers", "client types"

SUPPLIER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "provider": ("provider", "поставщик данных", "вид поставщика"),
    "client": ("client", "клиент", "папка клиента"),
    "branch": ("branch", "филиал"),
    "supplier_id": ("supplier_id", "код поставщика"),
    "supplier_name": ("supplier_name", "название поставщика", "поставщик"),
}
CLIENT_TYPE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "client_inn": ("client_inn", "инн", "инн клиента"),
    "client_name": ("client_name", "название клиента", "название"),
    "client_type": ("client_type", "тип клиента"),
}
"""The columns of each list, with the headers under which they come."""

KNOWN_HEADERS = tuple(
    name for columns in (SUPPLIER_COLUMNS, CLIENT_TYPE_COLUMNS) for names in columns.values() for name in names
)

_PROVIDERS = {
    name.casefold(): provider
    for provider in Provider
    for name in (provider.value, provider.folder, provider.transforms_folder)
}


Entry = TypeVar("Entry", Supplier, ClientType)


@dataclass
class ReadLists:
    """What a document holds: the lines of each list that is there, None for one that is not. `problems` refuse it."""

    suppliers: dict[int, Supplier] | None = None
    client_types: dict[int, ClientType] | None = None
    supplier_sheet: str = ""
    client_type_sheet: str = ""
    problems: list[PharmaError] = field(default_factory=list)


def read_lists(document: Document, file: str) -> ReadLists:
    """Find the lists in the visible sheets, by their headers, and read them. Lines are kept by their row.

    Raises PharmaError REFERENCE_UNREADABLE where there is none; what is wrong with lines stands in the result.
    """
    found = ReadLists()
    for sheet in document.sheets:
        if not sheet.visible:
            continue
        for kind, columns, needed in (
            (SUPPLIERS, SUPPLIER_COLUMNS, {"provider", "client", "supplier_id"}),
            (CLIENT_TYPES, CLIENT_TYPE_COLUMNS, {"client_type"}),
        ):
            header = _header(sheet, columns)
            if header is not None and needed <= header.places.keys() and len(header.places) > 1:
                _take(found, kind, sheet, header)
                break
    if found.suppliers is None and found.client_types is None:
        wanted = " + ".join(f"`{name}`" for name in ("provider", "client", "supplier_id"))
        wanted += " / " + " + ".join(f"`{name}`" for name in ("client_inn", "client_name", "client_type"))
        raise PharmaError("REFERENCE_UNREADABLE", file=file, why="no such header", wanted=wanted)
    return found


@dataclass(frozen=True)
class _Header:
    index: int
    places: Mapping[str, int]


def _header(sheet: Sheet, columns: Mapping[str, tuple[str, ...]]) -> _Header | None:
    """The row that has most of the columns."""
    names = {normalize_header(name): column for column, known in columns.items() for name in known}
    best: _Header | None = None
    for index in np.flatnonzero(sheet.filled[:HEADER_WITHIN]).tolist():
        places: dict[str, int] = {}
        for place, text in enumerate(sheet.row_texts(index)):
            column = names.get(normalize_header(text)) if text is not None else None
            if column is not None:
                places.setdefault(column, place)
        if best is None or len(places) > len(best.places):
            best = _Header(index, places)
    return best


def _take(found: ReadLists, kind: str, sheet: Sheet, header: _Header) -> None:
    other = found.supplier_sheet if kind == SUPPLIERS else found.client_type_sheet
    if other:
        found.problems.append(PharmaError("REFERENCE_LIST_TWICE", first=other, sheet=sheet.name, kind=kind))
        return
    lines = list(_lines(sheet, header))
    if not lines:
        found.problems.append(PharmaError("REFERENCE_EMPTY", sheet=sheet.name))
    if kind == SUPPLIERS:
        found.supplier_sheet = sheet.name
        found.suppliers = _distinct(found, sheet.name, {line.row: _supplier(found, line) for line in lines})
    else:
        found.client_type_sheet = sheet.name
        found.client_types = _distinct(found, sheet.name, {line.row: _client_type(found, line) for line in lines})


@dataclass(frozen=True)
class _Line:
    sheet: str
    row: int
    texts: Mapping[str, str]
    kinds: Mapping[str, Kind]

    def refused(self, column: str, why: str) -> PharmaError:
        return PharmaError("REFERENCE_VALUE_REFUSED", sheet=self.sheet, row=self.row, column=column, why=why)

    def missing(self, column: str) -> PharmaError:
        return PharmaError("REFERENCE_VALUE_MISSING", sheet=self.sheet, row=self.row, column=column)


def _lines(sheet: Sheet, header: _Header) -> Iterator[_Line]:
    """The rows below the header that say anything in its columns."""
    columns = {name: (sheet.columns[place].to_pylist(), sheet.kinds[place]) for name, place in header.places.items()}
    for index in range(header.index + 1, sheet.height):
        texts = {name: cells[index] for name, (cells, _) in columns.items() if cells[index] is not None}
        kinds = {name: Kind(kinds[index]) for name, (_, kinds) in columns.items()}
        if texts or any(kind in (Kind.ERROR, Kind.FORMULA) for kind in kinds.values()):
            yield _Line(sheet.name, int(sheet.rows[index]), texts, kinds)


def _text(found: ReadLists, line: _Line, column: str, *, needed: bool = False) -> str | None:
    """A cell as it is stored; what is wrong with it is kept among the problems."""
    kind = line.kinds.get(column, Kind.BLANK)
    text = line.texts.get(column, "")
    if kind is Kind.BLANK:
        if needed:
            found.problems.append(line.missing(column))
        return None
    try:
        return (parse_inn(text, kind) if column == "client_inn" else parse_text(text, kind)).strip()
    except CellProblem as problem:
        found.problems.append(line.refused(column, told(problem.code, problem.facts).message))
        return None


def _supplier(found: ReadLists, line: _Line) -> Supplier | None:
    named = _text(found, line, "provider", needed=True)
    client = _text(found, line, "client", needed=True)
    supplier_id = _text(found, line, "supplier_id", needed=True)
    branch, name = _text(found, line, "branch"), _text(found, line, "supplier_name")
    provider = _PROVIDERS.get(named.casefold()) if named is not None else None
    if named is not None and provider is None:
        found.problems.append(PharmaError("REFERENCE_PROVIDER_UNKNOWN", sheet=line.sheet, row=line.row, value=named))
    if provider is None or client is None or supplier_id is None:
        return None
    return Supplier(Client(provider, client), branch, supplier_id, name)


def _client_type(found: ReadLists, line: _Line) -> ClientType | None:
    inn, pattern = _text(found, line, "client_inn"), _text(found, line, "client_name")
    client_type = _text(found, line, "client_type", needed=True)
    if (inn is None) == (pattern is None):
        found.problems.append(PharmaError("REFERENCE_KEY_UNCLEAR", sheet=line.sheet, row=line.row))
        return None
    if inn is not None and not is_valid_inn(inn):
        found.problems.append(PharmaError("REFERENCE_INN_INVALID", sheet=line.sheet, row=line.row, value=inn))
        return None
    return None if client_type is None else ClientType(inn, pattern, client_type)


def _distinct(found: ReadLists, sheet: str, lines: Mapping[int, Entry | None]) -> dict[int, Entry]:
    """The lines that could be read; one whose key stands twice is a problem."""
    first: dict[object, int] = {}
    entries = {row: entry for row, entry in lines.items() if entry is not None}
    for row, entry in entries.items():
        if entry.key in first:
            problem = PharmaError("REFERENCE_DUPLICATE", sheet=sheet, row=row, key=str(entry), first=first[entry.key])
            found.problems.append(problem)
        first.setdefault(entry.key, row)
    return entries
