"""xlsb: calamine, and our own reading of the records where calamine fails, finds nothing or would take all memory.

The records are walked through first in either case: they tell errors, number masks, hidden rows and merges.
"""

from __future__ import annotations

from dataclasses import dataclass

from pharma_assets.errors import PharmaError
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document
from pharma_assets.reading.workbooks import biff12, calamine
from pharma_assets.reading.workbooks.archive import list_entries
from pharma_assets.reading.workbooks.building import sparse_sheet
from pharma_assets.reading.workbooks.engines import Declined, Engine, read_by
from pharma_assets.reading.workbooks.facts import document_from_1904, document_with_facts
from pharma_assets.reading.workbooks.package import Package
from pharma_assets.reading.workbooks.survey import MAX_BOX, SPARSE_BOX

FORMAT = "xlsb"

MAX_RECORDS = 100 << 20
"""Bytes of sheets that our own reading takes; it keeps a Python object for each cell."""

_WORKBOOK = "xl/workbook.bin"


@dataclass(frozen=True)
class _Part:
    entry: biff12.SheetEntry
    name: str
    scan: biff12.SheetScan


def read_xlsb(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a workbook. Raises CORRUPT_FILE when neither engine can, RESOURCE_LIMIT if it takes too much.

    May raise any Exception for records that are damaged.
    """
    package = Package(content, list_entries(content))
    book = _Book(package)
    engines = [Engine("biff12", book.document)]
    if not hints.careful:
        engines.insert(0, Engine(calamine.ENGINE, lambda: _calamine_document(content, book)))
    document = read_by(FORMAT, engines)
    document = document_with_facts(document, {part.entry.name: part.scan.facts for part in book.parts})
    return document_from_1904(document) if book.is_1904 else document


class _Book:
    """The parts of the workbook, walked through."""

    def __init__(self, package: Package) -> None:
        self._package = package
        workbook = package.workbook(_WORKBOOK)
        worksheets = package.targets(workbook, "worksheet")
        entries, self.is_1904 = biff12.sheet_entries(package.read(workbook))
        styles = next(iter(package.targets(workbook, "styles").values()), "xl/styles.bin")
        self._styles = biff12.read_styles(package.read_if_there(styles))
        strings = next(iter(package.targets(workbook, "sharedStrings").values()), "xl/sharedstrings.bin")
        self._strings = biff12.read_strings(package.read_if_there(strings))
        self.parts = [
            _Part(entry, name, biff12.scan_sheet(package.read(name), self._styles, is_1904=self.is_1904))
            for entry in entries
            if (name := worksheets.get(entry.relation, ""))
        ]

    @property
    def largest(self) -> int:
        """The cells in the largest rectangle around a sheet's cells."""
        return max((part.scan.last_row * part.scan.last_column for part in self.parts), default=0)

    def is_sparse(self) -> bool:
        return any(
            (cells := part.scan.last_row * part.scan.last_column) > MAX_BOX
            or (cells > SPARSE_BOX and cells > self._package.entries[part.name].file_size)
            for part in self.parts
        )

    def document(self) -> Document:
        size = sum(self._package.entries[part.name].file_size for part in self.parts)
        if size > MAX_RECORDS:
            raise PharmaError(
                "RESOURCE_LIMIT", why=f"{size} bytes of records, for an engine that takes 20 times as much"
            )
        sheets = (
            sparse_sheet(
                part.entry.name,
                biff12.sheet_cells(self._package.read(part.name), self._styles, self._strings, is_1904=self.is_1904),
                visible=part.entry.visible,
            )
            for part in self.parts
        )
        return Document(FORMAT, "biff12", tuple(sheets))


def _calamine_document(content: bytes, book: _Book) -> Document:
    if book.is_sparse():
        raise Declined(f"would fill a rectangle of {book.largest} cells around the few that there are")
    return calamine.workbook_document(calamine.open_workbook(content), FORMAT)
