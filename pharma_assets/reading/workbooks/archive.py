"""Looks over a zip archive before any parser does, so that no small file can take all memory.

Every workbook but xls is such an archive. An entry that inflates to more than the archive declares is found only when
it is inflated here.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from pharma_assets.errors import PharmaError

MAX_INFLATED = 2 << 30
MAX_RATIO = 200
BIG_ENTRY = 64 << 20

_CHUNK = 1 << 17  # what fits into the processor's cache is searched faster
_STEP = 1 << 16


def list_entries(content: bytes) -> list[zipfile.ZipInfo]:
    """The entries. Raises RESOURCE_LIMIT if they declare a bomb, BadZipFile for a damaged archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    if total > MAX_INFLATED:
        raise PharmaError("RESOURCE_LIMIT", why=f"the archive unpacks to {total / (1 << 30):.1f} GiB")
    for entry in entries:
        if entry.file_size > BIG_ENTRY and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise PharmaError("RESOURCE_LIMIT", why=f"{entry.filename} unpacks to over {MAX_RATIO} times its size")
        if entry.flag_bits & 1:
            raise PharmaError("PASSWORD_PROTECTED")
    return entries


def inflate(content: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The entry's bytes in chunks of 128 KiB at most; more of them than the archive declares is a bomb.

    Raises RESOURCE_LIMIT for that, BadZipFile or zlib.error for damage.
    """
    offset = entry.header_offset
    lengths = content[offset + 26 : offset + 30]
    start = offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    packed = memoryview(content)[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from (bytes(packed[at : at + _CHUNK]) for at in range(0, len(packed), _CHUNK))
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise zipfile.BadZipFile(f"{entry.filename} is packed by method {entry.compress_type}")
    inflater, size = zlib.decompressobj(-15), 0
    # In small steps: what a step does not take up is copied.
    for at in range(0, len(packed), _STEP):
        step: bytes | memoryview = packed[at : at + _STEP]
        while chunk := inflater.decompress(step, _CHUNK):
            step = inflater.unconsumed_tail
            size += len(chunk)
            if size > entry.file_size:
                raise PharmaError("RESOURCE_LIMIT", why=f"{entry.filename} unpacks to more than it declares")
            yield chunk


def inflated(content: bytes, entry: zipfile.ZipInfo) -> bytes:
    """All of the entry's bytes."""
    return b"".join(inflate(content, entry))
