"""Tells what a file is from its first bytes and its structure, never from its extension.

`sniff` names the format: the keys of `document.READERS` and `ENCRYPTED` are what `document` routes by; every other
name is for people, e.g. "a PDF document".
"""

from __future__ import annotations

import re

from pharma_assets.reading.containers import ENCRYPTED, is_ole, is_zip, ole_format, zip_format
from pharma_assets.reading.dbf import is_dbf
from pharma_assets.reading.markup.recognition import head_text, markup_format

__all__ = ["ENCRYPTED", "UNKNOWN", "sniff"]

UNKNOWN = "unknown binary content"

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
    (b"PK\x07\x08", "a zip archive in several parts"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh91AY&SY", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x04\x22\x4d\x18", "an LZ4 archive"),
    (b"MSCF\x00\x00\x00\x00", "a cabinet archive (cab)"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"8BPS\x00", "a Photoshop image"),
    (b"AT&TFORM", "a DjVu document"),
    (b"{\\rtf", "an RTF document"),
    (b"MOXCEL", "a 1C spreadsheet (mxl)"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1\x00\x00", "an Arrow file"),
    (b"Obj\x01", "an Avro file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x00\x01\x00\x00Standard Jet DB", "an Access database (mdb)"),
    (b"\x00\x01\x00\x00Standard ACE DB", "an Access database (accdb)"),
    (b"\x00\x00\x02\x00\x06\x04\x06\x00", "a Lotus 1-2-3 worksheet"),
    (b"\x00\x00\x1a\x00", "a Lotus 1-2-3 worksheet"),
    (b"MZ\x90", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00", "a Windows shortcut"),
    (b"\x78\x9f\x3e\x22", "an Outlook attachment (winmail.dat)"),
    (b"ID3\x03", "a sound file"),
    (b"ID3\x04", "a sound file"),
)
_PATTERNS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"[^\x00].{256}ustar[\x00 ]", re.DOTALL), "a tar archive"),
    (re.compile(rb"\x00\x00\x00.ftyp(?:hei|mif)", re.DOTALL), "a HEIC image"),
    (re.compile(rb"\x00\x00\x00.ftyp", re.DOTALL), "a video"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "a WebP image"),
    (re.compile(rb"BM....\x00\x00\x00\x00", re.DOTALL), "a BMP image"),
)
# Text that is another thing than a table; `\A` is where it begins.
_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'\A\{\s*"(?:[^"\\]|\\.){0,999}"\s*:'), "a JSON document"),
    (re.compile(r'\A\[\s*(?:\{\s*"(?:[^"\\]|\\.){0,999}"\s*:|\[\s*["\[{])'), "a JSON document"),
    (re.compile(r"\A(?:\{\s*\}|\[\s*\])\s*\Z"), "a JSON document"),
    (
        re.compile(r"\AID;P[^\r\n]*\r?\n(?:P;[PFE]|[BC];[XYDVK]|F;[A-Z]|O;|N[NUE];)"),
        "a SYLK spreadsheet (slk)",
    ),
    (re.compile(r'\ATABLE\r?\n0,1\r?\n"'), "a DIF spreadsheet"),
    (re.compile(r"\A\[InternetShortcut\]\r?\n"), "a web shortcut"),
    (re.compile(r"\A-----BEGIN [A-Z ]+-----"), "a signed or encrypted message (PEM)"),
    (re.compile(r"\Abegin [0-7]{3} \S"), "a uuencoded file"),
)
_TEXT_CONTROLS = b"\t\n\v\f\r\x1a"
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_BEFORE_TEXT = b"\xef\xbb\xbf \t\r\n"
_LONGEST_SIGNATURE = 64
_SAMPLE = 1 << 16
_NUL_RUN = re.compile(rb"\x00{64,}")
_FEW = 2


def sniff(content: bytes) -> str:
    """The name of the format of `content`, which must not be empty. Raises nothing."""
    if is_zip(content):
        return zip_format(content)
    if is_ole(content):
        return ole_format(content)
    if content.startswith(_BARE_BIFF):
        return "xls"
    if is_dbf(content) and not _is_utf16(content[:_SAMPLE]):
        return "dbf"
    return _signature(content) or markup_format(content) or _other_text(content) or _text(content)


def _signature(content: bytes) -> str | None:
    beginnings = content[:_LONGEST_SIGNATURE], content[:_LONGEST_SIGNATURE].lstrip(_BEFORE_TEXT)
    for signature, name in _SIGNATURES:
        if any(beginning.startswith(signature) for beginning in beginnings):
            return name
    return next((name for pattern, name in _PATTERNS if pattern.match(content)), None)


def _other_text(content: bytes) -> str | None:
    head = head_text(content).lstrip()
    return next((name for pattern, name in _TEXTS if pattern.match(head)), None)


def _text(content: bytes) -> str:
    """csv, unless NUL bytes stand beside so many control characters that this never was text."""
    if content.startswith(_BOMS) or b"\x00" not in content:
        return "csv"
    sample = content[:_SAMPLE]
    if _is_utf16(sample):
        return "csv"
    # Runs of NULs are what an upload that broke off leaves: its reader says where.
    sample = _NUL_RUN.sub(b"", sample)
    controls = sum(sample.count(byte) for byte in range(32) if byte not in _TEXT_CONTROLS)
    return UNKNOWN if controls > max(_FEW, len(sample) // 20) else "csv"


def _is_utf16(sample: bytes) -> bool:
    """Whether nearly all of it, read as UTF-16, is Cyrillic or ASCII text."""
    even = sample[: len(sample) & ~1]
    for encoding in ("utf-16-le", "utf-16-be"):
        text = even.decode(encoding, "replace")
        likely = sum(map(text.count, "\t\n\r№«»–—\xa0")) + len(re.findall("[ -~Ѐ-ӿ]", text))
        if likely * 20 > len(text) * 19:
            return True
    return False
