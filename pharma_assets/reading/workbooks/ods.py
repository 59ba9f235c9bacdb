"""ods: our own reading of content.xml, which no other engine is fit to stand in for.

calamine is quicker, but it gives a cell with `#DIV/0!` the value 0 without a word, other errors and unsaved formulas
are blank to it, it loses tabs and line breaks in texts, reads the cells that a merge covers, and never ends over
a content.xml that is cut off. odfdo takes ten times as long, and reads no more: both need XML that is whole.
"""

from __future__ import annotations

from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document
from pharma_assets.reading.workbooks.archive import list_entries
from pharma_assets.reading.workbooks.content_xml import read_content
from pharma_assets.reading.workbooks.package import Package

FORMAT = "ods"
ENGINE = "content.xml"


def read_ods(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a workbook. Raises RESOURCE_LIMIT if it takes too much, and any Exception for damage."""
    package = Package(content, list_entries(content))
    return Document(FORMAT, ENGINE, read_content(package.chunks("content.xml")))
