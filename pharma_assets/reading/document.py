"""The way into reading: one function from the bytes of a file to its sheets."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pharma_assets.errors import PharmaError
from pharma_assets.reading.formats import ENCRYPTED, sniff
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document
from pharma_assets.reading.text import read_csv
from pharma_assets.reading.xls import read_xls
from pharma_assets.reading.xlsx import read_xlsx

Reader = Callable[[bytes, Hints], Document]

READERS: dict[str, Reader] = {
    "xlsx": read_xlsx,
    "xls": read_xls,
    "csv": read_csv,
}
"""What reads each format that `formats.sniff` names."""


def read_document(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a report; the content alone decides how, a file's name means nothing.

    Raises PharmaError of the file scope, and nothing else whatever the bytes are – unless an engine takes the whole
    process down, which is what `guard` is for.
    """
    if not content:
        raise PharmaError("EMPTY_FILE")
    found = sniff(content)
    if found == ENCRYPTED:
        raise PharmaError("PASSWORD_PROTECTED")
    if found not in READERS:
        raise PharmaError("FORMAT_UNSUPPORTED", format=found)
    with _no_collection():
        return READERS[found](content, hints)


@contextmanager
def _no_collection() -> Iterator[None]:
    """There is no cycle among millions of cells: looking for some meanwhile costs a tenth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
