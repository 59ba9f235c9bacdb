"""Zip archives that are changed, or lie, on purpose."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence


def pack(members: Mapping[str, bytes], *, stored: Sequence[str] = ()) -> bytes:
    """A zip archive; the members named in `stored` are not compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name in stored else None)
    return out.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """The members of a zip archive in their order."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def patched(content: bytes, changes: Mapping[str, Callable[[bytes], bytes] | None]) -> bytes:
    """The archive with some members changed, or taken out where the change is None. Each must be there."""
    members = unpack(content)
    for name, change in changes.items():
        if change is None:
            del members[name]
        else:
            before = members[name]
            members[name] = change(before)
            assert members[name] != before, f"{name} is as it was"
    return pack(members)


def replacing(*pairs: tuple[bytes, bytes]) -> Callable[[bytes], bytes]:
    """A change for `patched`; each text to be replaced must be there."""

    def change(content: bytes) -> bytes:
        for old, new in pairs:
            assert old in content, f"{old!r} is not in the member"
            content = content.replace(old, new)
        return content

    return change


def lying(content: bytes, name: str, packed: bytes, size: int) -> bytes:
    """The archive with other deflated bytes in one of its members, of which it declares that they inflate to `size`."""
    body, directory = b"", b""
    members = unpack(content)
    assert name in members
    for member, whole in members.items():
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = packed if member == name else packer.compress(whole) + packer.flush()
        length = size if member == name else len(whole)
        raw_name = member.encode()
        facts = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, zlib.crc32(whole), len(data), length, len(raw_name), 0)
        directory += b"PK\x01\x02\x14\x00" + facts + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + raw_name
        body += b"PK\x03\x04" + facts + raw_name + data
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


def deflated_repeat(start: bytes, unit: bytes, times: int) -> bytes:
    """A deflate stream of `start` and then `unit` over and over, made without inflating it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    repeated = packer.compress(unit) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + repeated * times + packer.flush(zlib.Z_FINISH)
