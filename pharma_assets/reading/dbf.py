"""dBase and FoxPro tables (dbf): fixed columns of bytes, read as such, so that no number passes through a float.

Row 1 is the names of the fields, and record n is row n + 1, deleted records included in the count. A memo is in a
file of its own, which no supplier sends along: its cells are blank.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from pharma_assets.errors import PharmaError
from pharma_assets.reading.cells import Column, blank_column, column_of, moment_text, number_text
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document, Kind, Sheet
from pharma_assets.reading.text.encodings import choose_encoding

FORMAT = "dbf"
TITLE = "dBase table"

Bytes = npt.NDArray[np.uint8]
Cell = tuple[str, Kind]
Renderer = Callable[[bytes], Cell]

_VERSIONS = frozenset(
    {0x03, 0x04, 0x05, 0x30, 0x31, 0x32, 0x43, 0x63, 0x7B, 0x83, 0x87, 0x8B, 0x8E, 0xCB, 0xE5, 0xF5, 0xFB}
)
_FOXPRO = frozenset({0x30, 0x31, 0x32})
_TYPES = frozenset(b"CNFDLMGPBIYTVQWO@+0")  # as descriptors have them; what they mean: `_ASCII`, `_BINARY`
_RUSSIAN_DRIVERS = {0x26: "cp866", 0x65: "cp866", 0xC9: "cp1251"}
_RUSSIAN = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ№«»–—…\xa0")
_NUMBER = re.compile(rb"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_HEADER, _FIELD = 32, 32
_END_OF_FIELDS, _END_OF_FILE = 0x0D, 0x1A
_KEPT, _DELETED = 0x20, 0x2A
_MAX_FIELDS = 2048
_SAMPLE = 1 << 18
_SYSTEM = 0x01
_NULLABLE = 0x02
# Day 0 of the Julian day numbers that date and time fields count, as an ordinal of `date`.
_JULIAN = 1_721_425


@dataclass(frozen=True)
class _Field:
    name: bytes
    kind: str
    start: int
    length: int
    flags: int


@dataclass(frozen=True)
class _Header:
    version: int
    records: int
    length: int
    record_length: int
    driver: int
    fields: tuple[_Field, ...]


def is_dbf(content: bytes) -> bool:
    """Whether the content begins like a table: a version, a date, the length of the header and a field."""
    if len(content) < _HEADER + 1 or content[0] not in _VERSIONS:
        return False
    length = int.from_bytes(content[8:10], "little")
    if b"\x00" not in content[12:32] or length % 32 not in {0, 1, 2, 8} or length < _HEADER + 1:
        return False
    dated = 1 <= content[2] <= 12 and 1 <= content[3] <= 31
    return dated or (len(content) > _HEADER + _FIELD and content[_HEADER + 11] in _TYPES)


def read_dbf(content: bytes, hints: Hints = NO_HINTS) -> Document:
    """Read a table. Raises CORRUPT_FILE where it is damaged or cut off, ENCODING_UNKNOWN, FORMAT_UNSUPPORTED."""
    header = _header(content)
    records = _records(content, header)
    kept = np.flatnonzero(records[:, 0] == _KEPT)
    fields = [field for field in header.fields if not field.flags & _SYSTEM]
    encoding = _encoding(header, records, fields, hints.headers)
    live = records if len(kept) == len(records) else records[kept]
    nulls = _Nulls(header, live)
    columns = [_with_name(_column(header, field, live, nulls, encoding), _name(field, encoding)) for field in fields]
    sheet = Sheet(
        FORMAT,
        np.concatenate([[1], kept + 2]).astype(np.int32),
        tuple(array for array, _ in columns),
        tuple(kinds for _, kinds in columns),
    )
    return Document(FORMAT, "dbf", (sheet,), encoding)


def _corrupt(why: str) -> PharmaError:
    return PharmaError("CORRUPT_FILE", format=TITLE, why=why)


def _header(content: bytes) -> _Header:
    if content[0] & 0x07 == 4:
        raise PharmaError("FORMAT_UNSUPPORTED", format="a dBase 7 table")
    if len(content) < _HEADER + 1:
        raise _corrupt("it ends within its header")
    records, length, record_length = struct.unpack_from("<IHH", content, 4)
    fields: list[_Field] = []
    at, start = _HEADER, 1
    while at < length and at < len(content) and content[at] != _END_OF_FIELDS:
        if at + _FIELD > len(content) or len(fields) >= _MAX_FIELDS:
            raise _corrupt("it ends among its field descriptors")
        field = _field(content[at : at + _FIELD], start)
        fields.append(field)
        at, start = at + _FIELD, start + field.length
    if not fields:
        raise _corrupt("it has no fields")
    if start != record_length:
        fields, start = _long_texts(content, fields)
    if start != record_length:
        raise _corrupt(f"its fields take {start} bytes, and a record {record_length}")
    return _Header(content[0], records, length, record_length, content[29], tuple(fields))


def _field(descriptor: bytes, start: int) -> _Field:
    kind, length = descriptor[11], descriptor[16]
    if kind not in _TYPES or length == 0:
        raise _corrupt(f"a field of type {bytes([kind])!r} and length {length}")
    return _Field(descriptor[:11].split(b"\x00")[0], chr(kind), start, length, descriptor[18])


def _long_texts(content: bytes, fields: list[_Field]) -> tuple[list[_Field], int]:
    """Clipper and FoxPro keep the length of texts over 255 bytes in the place of the decimals too."""
    start, longer = 1, []
    for number, field in enumerate(fields):
        decimals = content[_HEADER + number * _FIELD + 17]
        length = field.length + 256 * decimals if field.kind == "C" else field.length
        longer.append(replace(field, start=start, length=length))
        start += length
    return longer, start


def _records(content: bytes, header: _Header) -> Bytes:
    size = header.records * header.record_length
    rest = len(content) - header.length
    if rest < size:
        there = max(rest, 0) // header.record_length
        raise _corrupt(f"it is cut off: {header.records} records announced, {there} there")
    table = np.frombuffer(content, np.uint8, size, header.length).reshape(header.records, header.record_length)
    wrong = np.flatnonzero((table[:, 0] != _KEPT) & (table[:, 0] != _DELETED))
    if len(wrong):
        flag = int(table[wrong[0], 0])
        if flag == _END_OF_FILE:
            raise _corrupt(f"it is cut off: {header.records} records announced, {wrong[0]} there")
        raise _corrupt(f"record {wrong[0] + 1} begins with the byte {flag:#04x}")
    if rest - size >= header.record_length and content[header.length + size] in {_KEPT, _DELETED}:
        raise _corrupt(f"{header.records} records announced, and more are there")
    return table


def _encoding(header: _Header, records: Bytes, fields: list[_Field], headers: Collection[str]) -> str:
    """What the header states if the texts bear it out, else what they look like."""
    sample = _sample(records, fields)
    if sample.isascii():
        return "ascii"
    stated = _RUSSIAN_DRIVERS.get(header.driver)
    if stated and _reads_as_russian(sample, stated):
        return stated
    return choose_encoding(sample, headers)


def _sample(records: Bytes, fields: list[_Field]) -> bytes:
    """Texts that are not mere ASCII, as lines; all other texts would say nothing."""
    lines = [field.name for field in fields]
    size = 0
    for field in fields:
        if field.kind not in {"C", "V"} or size > _SAMPLE:
            continue
        cells = records[:, field.start : field.start + field.length]
        telling = cells[(cells >= 0x80).any(axis=1)][: _SAMPLE // field.length + 1]
        size += telling.size
        lines.extend(dict.fromkeys(bytes(cell).rstrip(b" \x00").split(b"\x00")[0] for cell in telling))
    return b"\n".join(lines)


def _reads_as_russian(sample: bytes, encoding: str) -> bool:
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    foreign = [character for character in text if character > "\x7f"]
    return sum(character in _RUSSIAN for character in foreign) * 20 >= len(foreign) * 19


def _name(field: _Field, encoding: str) -> str:
    return field.name.decode(encoding, "replace").strip()


def _with_name(column: Column, name: str) -> Column:
    import pyarrow as pa  # noqa: PLC0415

    array, kinds = column
    head, head_kinds = column_of([name])
    return pa.concat_arrays([head, array]), np.concatenate([head_kinds, kinds])


class _Nulls:
    """FoxPro's hidden `_NullFlags`: a bit for each field that may be null, and for each of varying length."""

    def __init__(self, header: _Header, records: Bytes) -> None:
        self._bits: Bytes | None = None
        self._null: dict[int, int] = {}
        self._short: dict[int, int] = {}
        bit = 0
        for field in header.fields:
            if field.kind in {"V", "Q"}:
                self._short[field.start], bit = bit, bit + 1
            if field.flags & _NULLABLE:
                self._null[field.start], bit = bit, bit + 1
            if field.kind == "0":
                flags = np.ascontiguousarray(records[:, field.start : field.start + field.length])
                self._bits = np.unpackbits(flags, axis=1, bitorder="little")

    def null(self, field: _Field) -> list[bool] | None:
        """For each record, whether the field is null; None where it cannot be."""
        return self._of(self._null.get(field.start))

    def short(self, field: _Field) -> list[bool] | None:
        """For each record, whether the text is shorter than the field, whose last byte then is its length."""
        return self._of(self._short.get(field.start))

    def _of(self, bit: int | None) -> list[bool] | None:
        if bit is None or self._bits is None or bit >= self._bits.shape[1]:
            return None
        flags: list[bool] = self._bits[:, bit].astype(np.bool_).tolist()
        return flags


def _column(header: _Header, field: _Field, records: Bytes, nulls: _Nulls, encoding: str) -> Column:
    render = _renderer(header, field, encoding)
    if render is None:
        return blank_column(len(records))
    packed = records[:, field.start : field.start + field.length].tobytes()
    cells = [packed[at : at + field.length] for at in range(0, len(packed), field.length)]
    if short := nulls.short(field):
        cells = [cell[: cell[-1]] if is_short else cell for cell, is_short in zip(cells, short, strict=True)]
    table = {cell: render(cell) for cell in set(cells)}
    if null := nulls.null(field):
        cells = [b"" if is_null else cell for cell, is_null in zip(cells, null, strict=True)]
        table[b""] = "", Kind.BLANK
    array, kinds = column_of([table[cell][0] for cell in cells])
    typed = np.fromiter((table[cell][1] for cell in cells), np.uint8, len(cells))
    return array, np.where(kinds == Kind.BLANK, kinds, typed)


def _renderer(header: _Header, field: _Field, encoding: str) -> Renderer | None:
    """What makes text of the field's bytes; None for what is not in this file or is no text."""
    if field.kind in {"C", "V"}:
        return _Texts(field, encoding)
    if field.kind in _ASCII:
        render = _ASCII[field.kind]
        return lambda cell: render(cell) or (cell.decode(encoding, "replace").strip(" \x00"), Kind.TEXT)
    if field.kind == "B" and header.version not in _FOXPRO:
        return None
    if field.kind not in _BINARY:
        return None
    length, render_binary = _BINARY[field.kind]
    if field.length != length:
        raise _corrupt(f"a field of type {field.kind!r} and length {field.length}")
    return render_binary


class _Texts:
    def __init__(self, field: _Field, encoding: str) -> None:
        self._field, self._encoding = field, encoding

    def __call__(self, cell: bytes) -> Cell:
        try:
            return cell.rstrip(b" \x00").decode(self._encoding), Kind.TEXT
        except UnicodeDecodeError as error:
            name = _name(self._field, self._encoding)
            why = f"field {name}: the byte {cell[error.start]:#04x} is not {self._encoding}"
            raise PharmaError("ENCODING_UNKNOWN", why=why) from error


def _number(cell: bytes) -> Cell | None:
    text = cell.split(b"\x00")[0].strip()
    if not text:
        return "", Kind.BLANK
    if not text.strip(b"*"):  # what dBase writes where a number does not fit
        return text.decode("ascii"), Kind.ERROR
    if not _NUMBER.fullmatch(text):
        return None
    plain = text.decode("ascii").replace(",", ".").lstrip("+")
    if "e" in plain.lower():
        plain = format(Decimal(plain), "f")
    whole, point, fraction = plain.partition(".")
    if point:
        whole, fraction = whole if whole.lstrip("-") else f"{whole}0", fraction.rstrip("0")
    text_of_number = f"{whole}.{fraction}" if fraction else whole
    return "0" if text_of_number == "-0" else text_of_number, Kind.NUMBER


def _day(cell: bytes) -> Cell | None:
    text = cell.strip(b" \x00")
    if not text.strip(b"0"):
        return "", Kind.BLANK
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat(), Kind.DATE
    except ValueError:
        return None


def _logical(cell: bytes) -> Cell | None:
    if cell in {b"T", b"t", b"Y", b"y"}:
        return "TRUE", Kind.BOOL
    if cell in {b"F", b"f", b"N", b"n"}:
        return "FALSE", Kind.BOOL
    return ("", Kind.BLANK) if cell in {b"?", b" ", b"\x00"} else None


def _integer(cell: bytes) -> Cell:
    return str(int.from_bytes(cell, "little", signed=True)), Kind.NUMBER


def _currency(cell: bytes) -> Cell:
    value = Decimal(int.from_bytes(cell, "little", signed=True)).scaleb(-4)
    return format(value, "f").rstrip("0").rstrip("."), Kind.NUMBER


def _double(cell: bytes) -> Cell:
    (value,) = struct.unpack("<d", cell)
    return (number_text(value), Kind.NUMBER) if math.isfinite(value) else (str(value), Kind.TEXT)


def _moment(cell: bytes) -> Cell:
    day, milliseconds = struct.unpack("<II", cell)
    if not day or not cell.strip():
        return "", Kind.BLANK
    try:
        moment = datetime.fromordinal(day - _JULIAN) + timedelta(milliseconds=milliseconds)
    except (ValueError, OverflowError):
        return f"day {day}", Kind.TEXT
    return moment_text(moment), Kind.DATE


_ASCII: dict[str, Callable[[bytes], Cell | None]] = {"N": _number, "F": _number, "D": _day, "L": _logical}
_BINARY: dict[str, tuple[int, Renderer]] = {
    "I": (4, _integer),
    "+": (4, _integer),
    "Y": (8, _currency),
    "B": (8, _double),
    "O": (8, _double),
    "T": (8, _moment),
    "@": (8, _moment),
}
