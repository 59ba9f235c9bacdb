"""The parts of an xlsx or xlsb archive that tell which sheet lies where and what the cell styles are."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element, fromstring

from pharma_assets.errors import PharmaError
from pharma_assets.reading.workbooks.archive import inflate, inflated
from pharma_assets.reading.workbooks.facts import SheetFacts, mask_width
from pharma_assets.reading.workbooks.sheet_xml import BookFacts, sheet_facts
from pharma_assets.reading.workbooks.survey import Survey

_RELATION = "officeDocument"
_MASKED = re.compile(rb"""formatCode\s*=\s*["'][^"']*00""")
_FROM_1904 = re.compile(rb"""\bdate1904\s*=\s*["'](?:1|true)["']""")
_UNCALCULATED = re.compile(rb"""\bfullCalcOnLoad\s*=\s*["'](?:1|true)["']""")


def sheet_facts_by_name(
    content: bytes, entries: list[zipfile.ZipInfo], surveys: Iterable[Survey]
) -> dict[str, SheetFacts]:
    """The facts of those sheets of an xlsx workbook that have any, by the sheets' names.

    Raises RESOURCE_LIMIT, and whatever an archive or XML that is damaged raises.
    """
    package = Package(content, entries)
    book = package.book_facts()
    found = {}
    for survey in surveys:
        name = _normal(survey.part)
        if facts := sheet_facts(package.chunks(name), survey, book):
            found[name] = facts
    if not found:
        return {}
    parts = package.sheet_parts()
    if len(set(parts.values()) & package.entries.keys()) < len(parts):
        raise ValueError("sheets without a part of their own")
    return {name: found[part] for name, part in parts.items() if part in found}


def counts_from_1904(content: bytes, entries: list[zipfile.ZipInfo]) -> bool:
    """Whether the days of an xlsx workbook count from 1904; raises as `sheet_facts_by_name` does."""
    package = Package(content, entries)
    return bool(_FROM_1904.search(package.read_if_there(package.workbook("xl/workbook.xml"))))


class Package:
    """An archive by the names of its parts, in whatever case they are written. Its methods raise what damage raises."""

    def __init__(self, content: bytes, entries: list[zipfile.ZipInfo]) -> None:
        self._content = content
        self.entries: Mapping[str, zipfile.ZipInfo] = {_normal(entry.filename): entry for entry in entries}

    def chunks(self, name: str) -> Iterator[bytes]:
        return inflate(self._content, self.entries[name])

    def read(self, name: str) -> bytes:
        """A part's bytes. Raises KeyError if there is no such part."""
        return inflated(self._content, self.entries[name])

    def read_if_there(self, name: str) -> bytes:
        """A part's bytes, none if there is no such part."""
        return self.read(name) if name in self.entries else b""

    def xml(self, name: str) -> Element:
        """A part's XML. Raises RESOURCE_LIMIT if it declares entities, ParseError for damage."""
        content = self.read(name)
        if b"<!DOCTYPE" in content:
            raise PharmaError("RESOURCE_LIMIT", why=f"{name} declares XML entities")
        return fromstring(content)  # noqa: S314 - there is no document type in it

    def workbook(self, default: str) -> str:
        """The name of the part that lists the sheets."""
        return next(iter(self.targets("", _RELATION).values()), default)

    def targets(self, part: str, kind: str = "") -> dict[str, str]:
        """The parts that `part` refers to by relations of that kind, by the relations' ids."""
        folder, name = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        if relations not in self.entries:
            return {}
        return {
            element.get("Id", ""): _normal(posixpath.join("/", folder, element.get("Target", "")))
            for element in self.xml(relations)
            if element.get("Type", "").endswith(f"/{kind}" if kind else "")
        }

    def sheet_parts(self) -> dict[str, str]:
        """The part of each sheet, by the sheet's name."""
        workbook = self.workbook("xl/workbook.xml")
        targets = self.targets(workbook)
        sheets = (element for element in self.xml(workbook).iter() if _local(element.tag) == "sheet")
        return {sheet.get("name", ""): targets.get(_relation_id(sheet), "") for sheet in sheets}

    def book_facts(self) -> BookFacts:
        """What counts for all sheets of an xlsx workbook."""
        workbook = self.workbook("xl/workbook.xml")
        styles = next(iter(self.targets(workbook, "styles").values()), "xl/styles.xml")
        return BookFacts(
            self._masks(styles) if _MASKED.search(self.read_if_there(styles)) else {},
            uncalculated=bool(_UNCALCULATED.search(self.read(workbook))),
        )

    def _masks(self, styles: str) -> dict[int, int]:
        root = self.xml(styles)
        widths = {
            element.get("numFmtId", ""): mask_width(element.get("formatCode", ""))
            for element in root.iter()
            if _local(element.tag) == "numFmt"
        }
        cell_styles = (style for group in root if _local(group.tag) == "cellXfs" for style in group)
        found = {index: widths.get(style.get("numFmtId", ""), 0) for index, style in enumerate(cell_styles)}
        return {index: width for index, width in found.items() if width}


def _normal(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").lower()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _relation_id(sheet: Element) -> str:
    return next((value for name, value in sheet.items() if name.endswith("}id")), "")
