"""The way into reading: one function from the bytes of a file to its sheets."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from pharma_assets.errors import PharmaError
from pharma_assets.reading.formats import ENCRYPTED, sniff
from pharma_assets.reading.sheet import Document
from pharma_assets.reading.text import read_csv
from pharma_assets.reading.xls import read_xls
from pharma_assets.reading.xlsx import read_xlsx

Reader = Callable[[bytes, Collection[str]], Document]

READERS: dict[str, Reader] = {
    "xlsx": lambda content, headers: read_xlsx(content),
    "xls": lambda content, headers: read_xls(content),
    "csv": read_csv,
}
"""What reads each format that `formats.sniff` names."""


def read_document(content: bytes, name: str, headers: Collection[str] = ()) -> Document:
    """Read a report. The content alone decides how: `name` is for people, its extension means nothing.

    `headers` are the header texts that the layout knows: they settle the delimiter of text files.
    Raises PharmaError of the file scope, and nothing else whatever the bytes are.
    """
    if not content:
        raise PharmaError("EMPTY_FILE")
    found = sniff(content)
    if found == ENCRYPTED:
        raise PharmaError("PASSWORD_PROTECTED")
    if found not in READERS:
        raise PharmaError("FORMAT_UNSUPPORTED", format=found)
    with _no_collection():
        return READERS[found](content, headers)


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
