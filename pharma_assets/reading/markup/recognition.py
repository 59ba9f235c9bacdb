"""Tells web pages, web archives and XML from texts that merely begin with `<`."""

from __future__ import annotations

import re
from contextlib import suppress

_HEAD = 1 << 16
_TAIL = 1 << 12
_SPREADSHEET_2003 = "urn:schemas-microsoft-com:office:spreadsheet"
_FLAT_OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_PROLOG = re.compile(r"\s*(?:<!--.*?-->\s*|<\?.*?\?>\s*)*", re.DOTALL)
_HTML = re.compile(r"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_WORKBOOK = re.compile(r"<(?:\w+:)?Workbook\s")
_DOCTYPE = re.compile(r"<!DOCTYPE\s+[\w:]+[\s>\[]")
_PAGE_ELEMENT = re.compile(
    r"<(?:head|meta|body|table|caption|colgroup|thead|tbody|tr|td|th|style|script|link|title|base|div|span|p|br|hr|center|font|b|i|u"
    r"|h[1-6]|form|a|img|pre|ul|ol|frameset|iframe|nobr|small|big|strong|basefont)(?=[\s/>])",
    re.IGNORECASE,
)
_TABLE = re.compile(rb"<\x00?t\x00?(?:a\x00?b\x00?l\x00?e|r|d)\x00?[\s>]", re.IGNORECASE)
_CLOSING = re.compile(rb"<\x00?/")
_MAIL_HEADER = re.compile(r"\A(?:mime-version|from|to|subject|date|content-type|return-path|received|x-[a-z-]+):", re.I)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST_NAME = 60


def printable(name: str) -> str:
    """A name from a file, fit to stand in a message."""
    name = _UNPRINTABLE.sub(" ", name).strip()
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def head_text(content: bytes) -> str:
    """The beginning as text for looking at: what is not ASCII is right only under a byte order mark or in UTF-16."""
    return content[:_HEAD].decode(_codec(content), "replace").removeprefix("\ufeff")


def _codec(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8"
    # What markup begins with is ASCII, so that without a mark its NUL tells the byte order.
    if content.startswith(b"\xff\xfe") or (content[1:2] == b"\x00" and content[:1] != b"\x00"):
        return "utf-16-le"
    if content.startswith(b"\xfe\xff") or (content[:1] == b"\x00" and content[1:2] not in {b"", b"\x00"}):
        return "utf-16-be"
    return "latin-1"


def markup_format(content: bytes) -> str | None:
    """The format of a text in some markup, or None where it is none."""
    head = head_text(content).lstrip()
    if _MAIL_HEADER.match(head):
        return _mail(head)
    if not head.startswith("<"):
        return None
    prolog = _PROLOG.match(head)
    body = head[prolog.end() :] if prolog else head
    if _HTML.match(body) or _is_page(content, body):
        return "html"
    if head.startswith("<?xml") or _DOCTYPE.match(body) or _is_spreadsheet(body) or _is_closed(content, body):
        return _xml(content, body)
    return None


def _is_page(content: bytes, body: str) -> bool:
    """Whether it begins with an element of a page, and goes on like one."""
    if not _PAGE_ELEMENT.match(body):
        return False
    return bool(_TABLE.search(content) or (_ends_with(content, ">") and _CLOSING.search(content)))


def _is_spreadsheet(body: str) -> bool:
    return bool(_WORKBOOK.match(body)) and _SPREADSHEET_2003 in body[:2048]


def _mail(head: str) -> str | None:
    fields = re.split(r"\r?\n\r?\n", head, maxsplit=1)[0].lower()
    if "content-type:" not in fields and "mime-version:" not in fields:
        return None
    if "multipart/related" in fields or "text/html" in fields or "x-document-type: workbook" in fields:
        return "mhtml"
    return "an e-mail message"


def _ends_with(content: bytes, end: str) -> bool:
    start = max(0, len(content) - _TAIL) & ~1
    return content[start:].decode(_codec(content), "replace").rstrip().endswith(end)


def _is_closed(content: bytes, body: str) -> bool:
    """Whether the text ends by closing the element that it begins with, as XML does and csv hardly ever."""
    root = re.match(r"<([^\s<>/=;,|]+)", body)
    if not root or _PAGE_ELEMENT.match(body):
        return False
    return _ends_with(content, f"</{root[1]}>") or (body.rstrip().endswith("/>") and body.count("<") == 1)


def _xml(content: bytes, body: str) -> str:
    root = _root(content)
    if root is None:
        return _xml_by_text(body)
    namespace, name, label = root
    if namespace == _SPREADSHEET_2003 and name == "Workbook":
        return "xml2003"
    if namespace == _FLAT_OPEN_DOCUMENT and name == "document":
        kind = re.search(r'mimetype\s*=\s*["\']application/vnd\.oasis\.opendocument\.(\w+)', body[:_HEAD])
        return f"a flat OpenDocument {kind[1] if kind else 'file'}"
    if name.lower() == "html":
        return "html"
    return f"an XML document (root <{label}>)"


def _root(content: bytes) -> tuple[str, str, str] | None:
    """Namespace, name and name with prefix of the root element; None where the beginning is not well-formed."""
    from lxml import etree  # noqa: PLC0415 - only markup needs it

    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    blanks = len(content) - len(content.lstrip())
    with suppress(etree.LxmlError, LookupError):  # the root may stand before what is wrong
        parser.feed(content[blanks : blanks + _HEAD])
    with suppress(etree.LxmlError):
        for _, root in parser.read_events():
            name = etree.QName(root)
            label = f"{root.prefix}:{name.localname}" if root.prefix else name.localname
            return name.namespace or "", name.localname, printable(label)
    return None


def _xml_by_text(body: str) -> str:
    return "xml2003" if _is_spreadsheet(body) else "an XML document"
