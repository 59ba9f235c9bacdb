"""Web archives (mhtml), Excel's «single file web page»: a frame and a part for each sheet."""

from __future__ import annotations

import email
import posixpath
from collections.abc import Iterator
from email import policy
from email.message import Message
from urllib.parse import unquote

from pharma_assets.errors import PharmaError
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.markup.html import WITHOUT_TABLE, decode_page, sheets_of, whole_page, worksheets
from pharma_assets.reading.sheet import Document, Sheet

FORMAT = "mhtml"

_HTML = {"text/html", "application/xhtml+xml"}


def read_mhtml(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read an archive; raises as `html.read_html`, and CORRUPT_FILE where its last part is cut off."""
    message = email.message_from_bytes(content.lstrip(), policy=policy.compat32)
    _require_whole(message)
    names: dict[str, str] = {}
    sheets: list[Sheet] = []
    used: str | None = None
    for part in _pages(message):
        text, encoding = decode_page(_payload(part), hints.headers, part.get_content_charset())
        noted = worksheets(text)
        names.update({file: name for name, file in noted if file})
        given = names.get(_file_name(part))
        found = sheets_of(whole_page(text), text, [given] if given else [name for name, _ in noted])
        if found:
            sheets.extend(found)
            used = used or encoding
    if not sheets:
        raise PharmaError("FORMAT_UNSUPPORTED", format=f"a web archive with {WITHOUT_TABLE}")
    return Document(FORMAT, "lxml", tuple(sheets), used)


def _pages(message: Message) -> Iterator[Message]:
    for part in message.walk():
        if part.get_content_type() in _HTML and _file_name(part) != "tabstrip.htm":
            yield part


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _file_name(part: Message) -> str:
    return posixpath.basename(unquote(str(part.get("Content-Location", "")))).lower()


def _require_whole(message: Message) -> None:
    for part in message.walk():
        for defect in part.defects:
            if type(defect).__name__ in {"CloseBoundaryNotFoundDefect", "StartBoundaryNotFoundDefect"}:
                raise PharmaError("CORRUPT_FILE", format="web archive", why="it is cut off: its last part has no end")
