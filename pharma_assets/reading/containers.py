"""Tells what is in a zip archive or an OLE container: a workbook, an encrypted one, or something to name for people."""

from __future__ import annotations

import io
import struct
import zipfile

from pharma_assets.reading.markup.recognition import printable

ENCRYPTED = "an encrypted workbook"

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SPREADSHEET = b"opendocument.spreadsheet"
_WORKBOOKS = {"xlsx", "xlsb", "ods"}
_OPEN_DOCUMENTS: tuple[tuple[bytes, str], ...] = (
    (_SPREADSHEET, "ods"),
    (b"opendocument.text", "an OpenDocument text (odt)"),
    (b"opendocument.presentation", "an OpenDocument presentation (odp)"),
)
_PACKAGES: tuple[tuple[str, str], ...] = (
    ("word/", "a Word document (docx)"),
    ("ppt/", "a PowerPoint presentation (pptx)"),
    ("visio/", "a Visio drawing (vsdx)"),
    ("index/document.iwa", "an Apple Numbers or Pages document"),
    ("index.zip", "an Apple Numbers or Pages document"),
    ("androidmanifest.xml", "an Android application"),
    ("meta-inf/manifest.mf", "a Java archive"),
)
_OLE_STREAMS: tuple[tuple[str, str], ...] = (
    ("EncryptedPackage", ENCRYPTED),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("WordDocument", "a Word document (doc)"),
    ("PowerPoint Document", "a PowerPoint presentation (ppt)"),
    ("VisioDocument", "a Visio drawing (vsd)"),
    ("__properties_version1.0", "an Outlook message (msg)"),
)
_MAX_READ = 1 << 20
_NAMED = 3
_FILE_PASS = 0x002F
_BOF, _EOF = 0x0809, 0x000A


def is_zip(content: bytes) -> bool:
    return content.startswith(_ZIP)


def is_ole(content: bytes) -> bool:
    return content.startswith(_OLE)


def zip_format(content: bytes) -> str:
    """What the archive is. A damaged one counts as the workbook that it began as: its reader says what is wrong."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            found = _package(archive, {_plain(entry.filename) for entry in entries})
    except Exception:
        head = content[:256]
        return "ods" if _SPREADSHEET in head else "xlsb" if b"xl/workbook.bin" in content else "xlsx"
    locked = any(entry.flag_bits & 1 for entry in entries)
    if found is None:
        return _archive(entries, locked)
    return ENCRYPTED if locked and found in _WORKBOOKS else found


def _package(archive: zipfile.ZipFile, names: set[str]) -> str | None:
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(name.startswith("xl/") for name in names):
        return "xlsx"
    mimetype = _read(archive, "mimetype")
    manifest = _read(archive, "META-INF/manifest.xml")
    for kind, name in _OPEN_DOCUMENTS:
        if kind in mimetype or kind in manifest:
            return ENCRYPTED if name == "ods" and b"encryption-data" in manifest else name
    if b"spreadsheetml.sheet.main" in _read(archive, "[Content_Types].xml"):
        return "xlsx"  # a workbook in a folder of another name
    return next((name for start, name in _PACKAGES if any(each.startswith(start) for each in names)), None)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """An entry's first bytes; nothing if it is not there or cannot be read."""
    try:
        with archive.open(name) as entry:
            return entry.read(_MAX_READ)
    except Exception:
        return b""


def _archive(entries: list[zipfile.ZipInfo], locked: bool) -> str:
    names = [_people_name(entry) for entry in entries if not entry.is_dir()]
    kind = "a password-protected zip archive" if locked else "a zip archive"
    if not names:
        return f"{kind} without files" if not locked else kind
    more = ", …" if len(names) > _NAMED else ""
    files = "1 file" if len(names) == 1 else f"{len(names)} files"
    return f"{kind} of {files}: {', '.join(names[:_NAMED])}{more}"


def _plain(name: str) -> str:
    return name.replace("\\", "/").lower().lstrip("/")


def _people_name(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    if not entry.flag_bits & 0x800 and not name.isascii():
        # Windows writes Russian names in cp866, which zipfile takes for cp437.
        name = name.encode("cp437", "replace").decode("cp866")
    return printable(name)


def ole_format(content: bytes) -> str:
    """What the container holds. A cut-off one has lost its directory and counts as xls, whose reader says so."""
    import olefile  # noqa: PLC0415 - only containers need it

    try:
        with olefile.OleFileIO(io.BytesIO(content)) as container:
            # At the root: a document may hold others, such as a workbook in a letter.
            names = {path[0].lower(): path[0] for path in container.listdir() if len(path) == 1}
            for stream, name in _OLE_STREAMS:
                if stream.lower() in names:
                    locked = name == "xls" and _has_file_pass(container.openstream(names[stream.lower()]).read())
                    return ENCRYPTED if locked else name
    except Exception:  # noqa: S110 - damaged: what is left of its directory may still tell
        pass
    # As the directory writes the names.
    found = (name for stream, name in _OLE_STREAMS if stream.encode("utf-16-le").ljust(64, b"\x00") in content)
    return next(found, "xls")


def _has_file_pass(records: bytes) -> bool:
    """Whether a FILEPASS record, which says how the rest is encrypted, stands in the workbook's first substream."""
    code, at = _BOF, 0
    while at + 4 <= len(records) and code != _EOF:
        code, length = struct.unpack_from("<HH", records, at)
        if at == 0 and code != _BOF:
            return False
        if code == _FILE_PASS:
            return True
        at += 4 + length
    return False
