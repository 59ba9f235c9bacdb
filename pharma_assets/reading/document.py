"""The way into reading: one function from the bytes of a file to its sheets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pharma_assets.collector import no_collection
from pharma_assets.errors import PharmaError
from pharma_assets.reading.dbf import read_dbf
from pharma_assets.reading.encrypted import decrypt
from pharma_assets.reading.formats import ENCRYPTED, sniff
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.markup.html import read_html
from pharma_assets.reading.markup.mhtml import read_mhtml
from pharma_assets.reading.markup.recognition import printable
from pharma_assets.reading.markup.spreadsheet_2003 import read_spreadsheet_2003
from pharma_assets.reading.sheet import Document
from pharma_assets.reading.text.delimited import read_csv
from pharma_assets.reading.workbooks.ods import read_ods
from pharma_assets.reading.workbooks.xls import read_xls
from pharma_assets.reading.workbooks.xlsb import read_xlsb
from pharma_assets.reading.workbooks.xlsx import read_xlsx

Reader = Callable[[bytes, Hints], Document]

READERS: dict[str, Reader] = {
    "xlsx": read_xlsx,
    "xlsb": read_xlsb,
    "xls": read_xls,
    "ods": read_ods,
    "xml2003": read_spreadsheet_2003,
    "html": read_html,
    "mhtml": read_mhtml,
    "dbf": read_dbf,
    "csv": read_csv,
}
"""What reads each format that `formats.sniff` names."""

_TITLES = {"xml2003": "XML Spreadsheet 2003", "html": "HTML", "mhtml": "web archive", "dbf": "dBase table"}
_PANICS = "pyo3_runtime"


def read_document(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a report; the content alone decides how, a file's name means nothing.

    Raises PharmaError of the file scope, and nothing else whatever the bytes are – unless an engine takes the whole
    process down, which is what `guard` is for.
    """
    if not content:
        raise PharmaError("EMPTY_FILE")
    with _named_failures("a report"):
        found = sniff(content)
        if found == ENCRYPTED:
            content = decrypt(content, hints.passwords)
            found = sniff(content)
    if found == ENCRYPTED:
        raise PharmaError("PASSWORD_PROTECTED")
    if found not in READERS:
        raise PharmaError("FORMAT_UNSUPPORTED", format=found)
    with no_collection(), _named_failures(_TITLES.get(found, found)):
        return READERS[found](content, hints)


@contextmanager
def _named_failures(title: str) -> Iterator[None]:
    """Whatever a reader lets out is a problem of the file, unless the process is to end."""
    try:
        yield
    except PharmaError:
        raise
    except MemoryError as error:
        raise PharmaError("RESOURCE_LIMIT", why=f"memory ran out while reading {title}") from error
    except Exception as error:
        raise PharmaError("CORRUPT_FILE", format=title, why=_why(error)) from error
    except BaseException as error:
        if type(error).__module__ != _PANICS:
            raise
        raise PharmaError("CORRUPT_FILE", format=title, why=_why(error)) from error


def _why(error: BaseException) -> str:
    words = printable(str(error))
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
