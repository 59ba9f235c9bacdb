"""Tells what a file is from its first bytes and its structure, never from its extension.

`sniff` names the format: "xlsx", "xls", "csv" and `ENCRYPTED` are keys that `document` routes by; every other
name is for people, e.g. "a PDF document".
"""

from __future__ import annotations

import io
import zipfile

ENCRYPTED = "an encrypted workbook"
UNKNOWN = "unknown binary content"

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Worksheet and workbook streams of BIFF 2 to 8 without an OLE container around them.
_BARE_BIFF = (
    b"\x09\x00\x04\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x08\x08\x00",
    b"\x09\x08\x10\x00",
)
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh91AY&SY", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"{\\rtf", "an RTF document"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"MZ\x90", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
)
_HTML = (b"<!doctype html", b"<html", b"<head", b"<meta", b"<table", b"<body", b"<style", b"<div", b"<tr")
_OLE_STREAMS: tuple[tuple[str, str], ...] = (
    ("EncryptedPackage", ENCRYPTED),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("WordDocument", "a Word document (doc)"),
    ("PowerPoint Document", "a PowerPoint presentation (ppt)"),
)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_TEXT_CONTROLS = b"\t\n\v\f\r\x1a"


def sniff(content: bytes) -> str:
    """The name of the format of `content`, which must not be empty."""
    if content.startswith(_ZIP):
        return _zip(content)
    if content.startswith(_OLE):
        return _ole(content)
    if content.startswith(_BARE_BIFF):
        return "xls"
    for signature, name in _SIGNATURES:
        if content.startswith(signature):
            return name
    return _markup(content) or ("a dBase table (dbf)" if _dbf(content) else None) or _text(content)


def _zip(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = {name.replace("\\", "/").lower() for name in archive.namelist()}
            mimetype = archive.read("mimetype") if "mimetype" in names and len(content) < 1 << 30 else b""
    except Exception:
        # Cut off or damaged. Among reports it is a workbook, and its reader shall say what is wrong with it.
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "an Excel binary workbook (xlsb)"
    if any(name.startswith("xl/") for name in names):
        return "xlsx"
    if b"opendocument.spreadsheet" in mimetype:
        return "an OpenDocument spreadsheet (ods)"
    if any(name.startswith("word/") for name in names):
        return "a Word document (docx)"
    return "a zip archive"


def _ole(content: bytes) -> str:
    for stream, name in _OLE_STREAMS:
        if stream.encode("utf-16-le").ljust(64, b"\x00") in content:  # as the container's directory writes it
            return name
    return "xls"  # a cut-off file has lost its directory: the reader says what is wrong


def _markup(content: bytes) -> str | None:
    head = content[:4096]
    for bom in _BOMS:
        head = head.removeprefix(bom)
    head = head.replace(b"\x00", b"").lstrip().lower()
    if head.startswith(b"mime-version:"):
        return "a web archive (mhtml)"
    if head.startswith((b"<?xml", b"<workbook", b"<ss:workbook")):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in head:
            return "an XML Spreadsheet 2003"
        return "an HTML page" if b"<html" in head or b"doctype html" in head else "an XML document"
    return "an HTML page" if head.startswith(_HTML) else None


def _dbf(content: bytes) -> bool:
    """A dBase header: version, a date, and a header length that fits a whole number of field descriptors."""
    if len(content) < 33 or content[0] not in {0x03, 0x30, 0x31, 0x83, 0x8B, 0xF5}:
        return False
    header = int.from_bytes(content[8:10], "little")
    return 1 <= content[2] <= 12 and 1 <= content[3] <= 31 and (header % 32 == 1 or (header - 263) % 32 == 1)


def _text(content: bytes) -> str:
    """csv, unless NUL bytes stand beside so many control characters that this never was text."""
    if content.startswith(_BOMS) or b"\x00" not in content:
        return "csv"
    sample = content[:65536]
    controls = sum(sample.count(byte) for byte in range(32) if byte not in _TEXT_CONTROLS)
    return UNKNOWN if controls > len(sample) // 20 or not _decodable(content) else "csv"


def _decodable(content: bytes) -> bool:
    for encoding in ("utf-8", "cp1251"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False
