"""How files are damaged: each mutation takes the bytes of a file and a source of chance, and returns other bytes.

Bits, bytes and chunks; the members of an archive, which is packed anew so that the parsers behind it are reached; the
records of xls and xlsb; the tags and numbers of XML; the header of a dBase table; the quotes and encodings of text.
"""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress

Mutator = Callable[[bytes, random.Random], bytes]

EDGES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xff" * 4, b"\0" * 8)
NUMBERS = (b"0", b"-1", b"1", b"65536", b"1048577", b"2147483648", b"4294967295", b"9" * 20, b"1e999", b"NaN")


def flip_bits(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def put_edge(content: bytes, chance: random.Random) -> bytes:
    """Some bytes become a number that parsers stumble over."""
    at, edge = chance.randrange(len(content)), chance.choice(EDGES)
    return content[:at] + edge + content[at + len(edge) :]


def cut_off(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(1, len(content) + 1)]


def drop_chunk(content: bytes, chance: random.Random) -> bytes:
    start, end = _range(content, chance)
    return content[:start] + content[end:]


def repeat_chunk(content: bytes, chance: random.Random) -> bytes:
    start, end = _range(content, chance)
    return content[:end] + content[start:end] * chance.choice((1, 2, 50)) + content[end:]


def move_chunk(content: bytes, chance: random.Random) -> bytes:
    start, end = _range(content, chance)
    at = chance.randrange(len(content))
    return content[:at] + content[start:end] + content[at:]


def add_noise(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.randbytes(chance.choice((1, 4, 64))) + content[at:]


def _range(content: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(content))
    return start, min(len(content), start + chance.choice((1, 2, 4, 16, 128, 1024)))


BYTES: tuple[Mutator, ...] = (flip_bits, put_edge, cut_off, drop_chunk, repeat_chunk, move_chunk, add_noise)
LOCAL: tuple[Mutator, ...] = (flip_bits, put_edge, drop_chunk, repeat_chunk, move_chunk, add_noise)

_TAG = re.compile(rb"<[^>]*>")
_NUMBER = re.compile(rb"\d+")
_VALUE = re.compile(rb'"[^"]*"')
_ELEMENT = re.compile(rb"<([\w:]+)[^<>]*>(?:(?!<\1[\s>]).)*?</\1>", re.DOTALL)


def change_number(content: bytes, chance: random.Random) -> bytes:
    """One number in the text becomes one that is out of range, or none."""
    return _replace_one(content, _NUMBER, chance, lambda _: chance.choice(NUMBERS))


def change_value(content: bytes, chance: random.Random) -> bytes:
    """One attribute's value becomes that of another."""
    values = _VALUE.findall(content)
    return _replace_one(content, _VALUE, chance, lambda _: chance.choice(values))


def change_tag(content: bytes, chance: random.Random) -> bytes:
    """One tag goes, comes twice, ends itself, or becomes another."""
    tags = _TAG.findall(content)
    forms: Sequence[Callable[[bytes], bytes]] = (
        lambda tag: b"",
        lambda tag: tag * 2,
        lambda tag: tag[:-1] + b"/>",
        lambda tag: chance.choice(tags),
        lambda tag: tag * 2000,
        lambda tag: tag + b"<![CDATA[" + chance.choice(tags) + b"]]>",
    )
    return _replace_one(content, _TAG, chance, chance.choice(forms))


def change_element(content: bytes, chance: random.Random) -> bytes:
    """One element goes or comes again with all that is in it, so that the rest is still well-formed."""
    times = chance.choice((0, 2, 2, 300))
    return _replace_one(content, _ELEMENT, chance, lambda element: element * times)


def _replace_one(
    content: bytes, pattern: re.Pattern[bytes], chance: random.Random, new: Callable[[bytes], bytes]
) -> bytes:
    places = [found.span() for found in pattern.finditer(content)]
    if not places:
        return content
    start, end = chance.choice(places)
    return content[:start] + new(content[start:end]) + content[end:]


XML: tuple[Mutator, ...] = (change_number, change_value, change_element, change_tag)


def change_member(content: bytes, chance: random.Random) -> bytes:
    """One member of an archive is changed, and all is packed anew; now and then one is lost, renamed or swapped."""
    members: dict[str, bytes] = {}
    with suppress(Exception), zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if not any(members.values()):
        return flip_bits(content, chance)
    # The sheets are where most of the parsing is.
    names = [name for name in members if members[name]]
    likely = [name for name in names if "sheet" in name.lower() or "content" in name or "tring" in name]
    name = chance.choice(likely if likely and chance.random() < 0.6 else names)
    way = chance.random()
    if way < 0.05:
        del members[name]
    elif way < 0.1:
        other = chance.choice(names)
        members[name], members[other] = members[other], members[name]
    elif way < 0.13:
        members[chance.choice((name.upper(), f"../{name}", name.replace("/", "\\"), f"/{name}"))] = members.pop(name)
    else:
        inner: tuple[Mutator, ...]
        inner = (change_binary_record, *LOCAL) if name.endswith(".bin") else (*XML, *XML, *LOCAL, cut_off)
        members[name] = chance.choice(inner)(members[name], chance)
    return _pack(members)


def _pack(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def lie_about_sizes(content: bytes, chance: random.Random) -> bytes:
    """The sizes, offsets and methods that an archive's directory declares become others."""
    places = [found.start() for found in re.finditer(rb"PK(?:\x01\x02|\x03\x04|\x05\x06)", content)]
    if not places:
        return put_edge(content, chance)
    at = chance.choice(places) + chance.randrange(4, 46)
    edge = chance.choice(EDGES)
    return content[:at] + edge + content[at + len(edge) :]


def change_binary_record(content: bytes, chance: random.Random) -> bytes:
    """One record of a part of an xlsb goes, comes twice, or has another number, length or content."""
    records, at = [], 0
    while at < len(content):
        start = at
        at += 2 if content[at] & 0x80 else 1
        length, shift = 0, 0
        while at < len(content):
            byte = content[at]
            length |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not byte & 0x80 or shift > 28:
                break
        body = at
        at += length
        records.append((start, body, min(at, len(content))))
    return _change_record(content, chance, records)


def change_record(content: bytes, chance: random.Random) -> bytes:
    """The same for one record of an xls, of the stream that xlwt puts behind the first sector."""
    records, at = [], 512
    while at + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, at)
        if kind == 0 or at + 4 + length > len(content):
            break
        records.append((at, at + 4, at + 4 + length))
        at += 4 + length
    changed = _change_record(content, chance, records)
    # The container's sectors stay where they are.
    return (changed + b"\0" * len(content))[: len(content)] if len(changed) != len(content) else changed


def _change_record(content: bytes, chance: random.Random, records: Sequence[tuple[int, int, int]]) -> bytes:
    if not records:
        return put_edge(content, chance)
    start, body, end = chance.choice(records)
    head, inside = content[start:body], content[body:end]
    # What keeps the lengths goes deepest: most of what follows is read as it was.
    way = chance.choice((0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5))
    if way == 0:
        head, inside = b"", b""
    elif way == 1:
        inside += head + inside
    elif way == 2:
        other = chance.choice(records)
        head = content[other[0] : other[1]]
    elif way == 3:
        head = put_edge(head, chance)
    elif way == 4 and len(inside) > 1:
        inside = inside[: chance.randrange(len(inside))]
    elif inside:
        inside = put_edge(inside, chance)
    return content[:start] + head + inside + content[end:]


def change_dbf_header(content: bytes, chance: random.Random) -> bytes:
    """A field of the table's header, or of the description of one of its first columns."""
    at = chance.randrange(min(len(content), 192))
    new = chance.choice(EDGES) if chance.random() < 0.3 else bytes([chance.randrange(256)])
    return content[:at] + new + content[at + len(new) :]


_QUOTES = (b'"', b'""', b"'", b";", b",", b"\t", b"|", b"sep=;\n")
_CONTROLS = (b"\r", b"\n", b"\0", b"\x1a", b"\xff\xfe", b"\xef\xbb\xbf")


def add_marks(content: bytes, chance: random.Random) -> bytes:
    """Quotes, delimiters, line ends, NULs and byte-order marks where they do not belong."""
    for _ in range(chance.choice((1, 3, 30))):
        at = chance.randrange(len(content) + 1)
        content = content[:at] + chance.choice(_QUOTES + _CONTROLS) * chance.choice((1, 1, 1, 5000)) + content[at:]
    return content


def encode_otherwise(content: bytes, chance: random.Random) -> bytes:
    """A part of the text in another encoding than the rest."""
    at = chance.randrange(len(content))
    with suppress(UnicodeError):
        return content[:at] + content[at:].decode("utf-8").encode(
            chance.choice(("cp1251", "cp866", "koi8-r", "utf-16-le", "utf-16-be", "utf-7")), "replace"
        )
    return content


ZIPPED: tuple[Mutator, ...] = (change_member,) * 8 + (lie_about_sizes, flip_bits, cut_off)

MUTATORS: dict[str, Sequence[Mutator]] = {
    "xlsx": ZIPPED,
    "xls": (change_record,) * 8 + BYTES,
    "xlsb": ZIPPED,
    "ods": ZIPPED,
    "encrypted": BYTES,
    "xml 2003": (*XML, *XML, *BYTES),
    "html": (*XML, *XML, *BYTES),
    "dbf": (change_dbf_header,) * 6 + BYTES,
    "csv": (add_marks, add_marks, encode_otherwise, *BYTES),
}


def cut_member(content: bytes, chance: random.Random) -> bytes:
    """The end of a sheet, or of the texts of all sheets, is missing; the archive is whole."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice([name for name in members if re.search(r"sheet1|content\.xml|sharedStrings", name)])
    # Where an element or a record ends, the least looks wrong.
    ends = [found.end() for found in re.finditer(rb"</[^>]*>", members[name])]
    at = chance.choice(ends) if ends and chance.random() < 0.5 else chance.randrange(len(members[name]))
    if len(members[name]) - at > 1:
        members[name] = members[name][:at]
    return _pack(members)


def cut_element(content: bytes, chance: random.Random) -> bytes:
    """A text of elements ends behind one of them."""
    ends = [found.end() for found in re.finditer(rb"</[^>]*>", content)]
    return content[: chance.choice(ends)]


def cut_record(content: bytes, chance: random.Random) -> bytes:
    """An xls has nothing but zeros behind one of its records, up to the container's own sectors."""
    records: list[int] = []
    at = 512
    while at + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, at)
        if kind == 0 or at + 4 + length > len(content):
            break
        at += 4 + length
        records.append(at)
    start = chance.choice(records)
    return content[:start] + b"\0" * (records[-1] - start) + content[records[-1] :]


CUTS: dict[str, Mutator] = {
    "xlsx": cut_member,
    "xls": cut_record,
    "xlsb": cut_member,
    "ods": cut_member,
    "xml 2003": cut_element,
    "html": cut_element,
    "dbf": cut_off,
}
"""What takes the end of a sheet away. Nothing tells a csv that is cut off from a whole one."""
