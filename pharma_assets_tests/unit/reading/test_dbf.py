from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Kind, Sheet

Field = tuple[str, str, int, int]
"""Name, type, length, decimals."""


def dbf(
    fields: Sequence[Field],
    records: Sequence[bytes],
    *,
    version: int = 0x03,
    driver: int = 0,
    encoding: str = "cp866",
    count: int | None = None,
    flags: Sequence[int] = (),
    extra: bytes = b"",
) -> bytes:
    """A table; each record begins with its flag."""
    descriptors = b""
    for at, (name, kind, length, decimals) in enumerate(fields):
        flag = flags[at] if flags else 0
        named = name.encode(encoding).ljust(11, b"\x00")[:11] + kind.encode()
        descriptors += named + bytes(4) + bytes([length & 255, decimals, flag]) + bytes(13)
    length = 32 + len(descriptors) + 1 + len(extra)
    size = 1 + sum(width + 256 * (places if kind == "C" else 0) for _, kind, width, places in fields)
    header = bytes([version, 125, 6, 30]) + struct.pack("<IHH", len(records) if count is None else count, length, size)
    header += bytes(17) + bytes([driver]) + bytes(2)
    return header + descriptors + b"\x0d" + extra + b"".join(records) + b"\x1a"


def read(content: bytes, headers: tuple[str, ...] = ()) -> Sheet:
    document = read_document(content, Hints(headers=headers))
    assert (document.format, document.engine) == ("dbf", "dbf")
    (sheet,) = document.sheets
    assert sheet.name == "dbf"
    return sheet


def cells(sheet: Sheet) -> list[list[str | None]]:
    return [sheet.row_texts(at) for at in range(sheet.height)]


def failure(content: bytes) -> PharmaError:
    with pytest.raises(PharmaError) as caught:
        read_document(content)
    return caught.value


def text_table(encoding: str, driver: int = 0) -> bytes:
    words = ["Аптека Ромашка", "Пенза, улица Лермонтова", "БОЛЬНИЦА № 4", "plain"]
    records = [b" " + word.encode(encoding, "replace").ljust(30) + b"0123456789" for word in words]
    return dbf([("КЛИЕНТ", "C", 30, 0), ("ИНН", "C", 10, 0)], records, driver=driver, encoding=encoding)


@pytest.mark.parametrize("driver", [0, 0x03, 0x26, 0x65, 0xC9])
@pytest.mark.parametrize("encoding", ["cp866", "cp1251"])
def test_15_texts_are_right_whatever_the_language_driver_says(encoding: str, driver: int) -> None:
    content = text_table(encoding, driver)
    document = read_document(content)
    assert document.encoding == encoding
    assert document.sheets[0].columns[0].to_pylist()[:3] == ["КЛИЕНТ", "Аптека Ромашка", "Пенза, улица Лермонтова"]
    assert document.sheets[0].columns[1].to_pylist() == ["ИНН", *["0123456789"] * 4]


def test_05_a_short_text_is_read_as_the_driver_says() -> None:
    content = dbf([("A", "C", 5, 0)], [b" " + "шт".encode("cp866").ljust(5)], driver=0x65, encoding="ascii")
    assert read(content).columns[0].to_pylist() == ["A", "шт"]


def test_14_names_are_row_1_and_deleted_records_keep_their_numbers() -> None:
    sheet = read(dbf([("A", "C", 3, 0), ("B", "C", 1, 0)], [b" a  x", b"*b  y", b" c   "]))
    assert sheet.rows.tolist() == [1, 2, 4]
    assert cells(sheet) == [["A", "B"], ["a", "x"], ["c", None]]
    assert sheet.kinds[1].tolist() == [Kind.TEXT, Kind.TEXT, Kind.BLANK]


@pytest.mark.parametrize(
    ("stored", "text", "kind"),
    [
        (b"      123.45", "123.45", Kind.NUMBER),
        (b"      123.00", "123", Kind.NUMBER),
        (b"        -.50", "-0.5", Kind.NUMBER),
        (b"4607001234567"[:12], "460700123456", Kind.NUMBER),
        (b"123456789.13", "123456789.13", Kind.NUMBER),
        (b"0.1234567890", "0.123456789", Kind.NUMBER),
        (b"        1,50", "1.5", Kind.NUMBER),
        (b"      1.5E+3", "1500", Kind.NUMBER),
        (b"           0", "0", Kind.NUMBER),
        (b"000000012345", "000000012345", Kind.NUMBER),
        (b"************", "************", Kind.ERROR),
        (b"            ", None, Kind.BLANK),
        (bytes(12), None, Kind.BLANK),
        (b"         abc", "abc", Kind.TEXT),
    ],
)
@pytest.mark.parametrize("letter", ["N", "F"])
def test_37_numbers_never_pass_through_a_float(letter: str, stored: bytes, text: str | None, kind: Kind) -> None:
    sheet = read(dbf([("A", letter, 12, 2)], [b" " + stored]))
    assert (sheet.row_texts(1), sheet.kinds[0].tolist()[1]) == ([text], kind)


def test_37_more_digits_than_a_float_holds() -> None:
    sheet = read(dbf([("A", "N", 20, 2)], [b" 12345678901234567.89"]))
    assert sheet.row_texts(1) == ["12345678901234567.89"]


@pytest.mark.parametrize(
    ("letter", "stored", "text", "kind"),
    [
        ("D", b"20250601", "2025-06-01", Kind.DATE),
        ("D", b"        ", None, Kind.BLANK),
        ("D", b"00000000", None, Kind.BLANK),
        ("D", b"20251301", "20251301", Kind.TEXT),
        ("L", b"T", "TRUE", Kind.BOOL),
        ("L", b"n", "FALSE", Kind.BOOL),
        ("L", b"?", None, Kind.BLANK),
        ("L", b"1", "1", Kind.TEXT),
        ("M", b"         7", None, Kind.BLANK),
        ("I", struct.pack("<i", -7), "-7", Kind.NUMBER),
        ("Y", struct.pack("<q", 12_345_678), "1234.5678", Kind.NUMBER),
        ("Y", struct.pack("<q", 100_000), "10", Kind.NUMBER),
        ("B", struct.pack("<d", 0.1), "0.1", Kind.NUMBER),
        ("T", struct.pack("<II", 2_460_828, 45_015_000), "2025-06-01T12:30:15", Kind.DATE),
        ("T", bytes(8), None, Kind.BLANK),
    ],
)
def test_14_other_types(letter: str, stored: bytes, text: str | None, kind: Kind) -> None:
    fields = [("A", letter, len(stored), 0), ("B", "C", 1, 0)]
    sheet = read(dbf(fields, [b" " + stored + b"x"], version=0x30, extra=bytes(263)))
    assert (sheet.row_texts(1), sheet.kinds[0].tolist()[1]) == ([text, "x"], kind)


def test_14_texts_over_255_bytes() -> None:
    sheet = read(dbf([("A", "C", 44, 1), ("B", "C", 1, 0)], [b" " + b"a" * 300 + b"x"]))
    assert sheet.row_texts(1) == ["a" * 300, "x"]


def test_44_nulls_and_texts_of_varying_length_of_foxpro() -> None:
    fields = [("A", "V", 5, 0), ("B", "I", 4, 0), ("_NullFlags", "0", 1, 0)]
    records = [
        b" ab\x00\x00\x02" + struct.pack("<i", 5) + b"\x01",
        b" abcde" + struct.pack("<i", 0) + b"\x02",
        b" abcde" + struct.pack("<i", 0) + b"\x00",
    ]
    sheet = read(dbf(fields, records, version=0x32, flags=[0, 2, 5], extra=bytes(263)))
    assert cells(sheet) == [["A", "B"], ["ab", "5"], ["abcde", None], ["abcde", "0"]]


def test_18_a_nul_within_a_text_is_shown() -> None:
    assert read(dbf([("A", "C", 3, 0)], [b" a\x00b"])).row_texts(1) == ["a␀b"]


def test_02_a_table_without_records_is_its_header() -> None:
    assert cells(read(dbf([("A", "C", 3, 0)], []))) == [["A"]]
    assert cells(read(dbf([("A", "C", 3, 0)], [b"*abc"]))) == [["A"]]


GOOD = dbf([("A", "C", 3, 0)], [b" abc", b" def"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD[:-3], "2 records announced, 1 there"),
        (dbf([("A", "C", 3, 0)], [b" abc"], count=4_000_000_000), "4000000000 records announced, 1 there"),
        (dbf([("A", "C", 3, 0)], [b" abc", b"\x1a\x00\x00\x00"]), "2 records announced, 1 there"),
        (dbf([("A", "C", 3, 0)], [b" abc", b" def"], count=1), "more are there"),
        (dbf([("A", "C", 3, 0)], [b" abc", b"xdef"]), "record 2 begins with"),
        (dbf([("A", "Z", 3, 0)], [b" abc"]), "a field of type b'Z'"),
        (dbf([("A", "I", 3, 0)], [b" abc"], version=0x30), "a field of type 'I' and length 3"),
        (GOOD[:10] + b"\x09\x00" + GOOD[12:], "its fields take 4 bytes, and a record 9"),
        (GOOD[:40], "ends among its field descriptors"),
        (GOOD[:32] + b"\x0d" + GOOD[33:], "it has no fields"),
    ],
)
def test_03_damage_is_named(content: bytes, words: str) -> None:
    found = failure(content)
    assert found.code == "CORRUPT_FILE"
    assert words in found.message


def test_12_dbase_7_is_named() -> None:
    found = failure(bytes([4]) + GOOD[1:])
    assert (found.code, found.facts) == ("FORMAT_UNSUPPORTED", {"format": "a dBase 7 table"})


@settings(deadline=None)
@given(st.lists(st.tuples(st.text("абвАБЯ xё", max_size=8), st.decimals(-(10**9), 10**9, places=2)), max_size=8))
def test_what_is_written_is_read(rows: list[tuple[str, object]]) -> None:
    records = [
        b" " + name.encode("cp866").ljust(8) + f"{amount:.2f}".rjust(14).encode() + b"x" for name, amount in rows
    ]
    content = dbf([("ИМЯ", "C", 8, 0), ("СУММА", "N", 14, 2), ("X", "C", 1, 0)], records, driver=0x65)
    sheet = read(content)
    assert sheet.columns[0].to_pylist()[1:] == [name.rstrip() or None for name, _ in rows]
    numbers = [f"{amount:.2f}".rstrip("0").rstrip(".") for _, amount in rows]
    assert sheet.columns[1].to_pylist()[1:] == numbers
