from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.codecs import STYLES, Example, outcome
from pharma_assets.errors import PharmaError
from pharma_assets.reading.text.encodings import choose_encoding, decode

RUSSIAN = ("cp1251", "cp866", "koi8-r", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
REPORT = "инн;клиент;количество\n7701234567;Аптека Лютик;2\n7801234567;больница;11\n"


def refusal(content: bytes, headers: tuple[str, ...] = ()) -> PharmaError:
    with pytest.raises(PharmaError) as caught:
        choose_encoding(content, headers)
    return caught.value


@pytest.mark.parametrize("encoding", [*RUSSIAN, "mac-cyrillic", "iso8859-5"])
@pytest.mark.parametrize("text", [REPORT, REPORT.upper(), REPORT.replace("\n", "\r\n"), REPORT[:-1]])
def test_a_short_report(encoding: str, text: str) -> None:
    found, chosen = decode(text.encode(encoding))
    assert found == text
    assert chosen == encoding or (chosen == "cp866" and text.isupper())  # capitals are the same in both of them


@pytest.mark.parametrize(
    ("text", "encodings"),
    [
        ("product;pack;price\nVita-C;tab. №20;15\nOmega;caps. №30;7\n", ("cp1251", "cp866")),
        ("product;price\nVita-C;1\xa0234,50\nOmega;12\xa0500,00\n", ("cp1251", "cp866", "koi8-r")),
        ("product;maker;price\nOmega;«Pharma Nova»;7\n", ("cp1251",)),
        ("product;maker;price\nKagocel®;Nova;7\n", ("cp1251",)),
        ("id;qty;city\n1;2;Тверь\n", ("cp1251", "cp866", "koi8-r")),
        ("id;qty;kind\n1;2;ООО\n", ("cp1251", "cp866")),
        ("id;name\n" + "1;plain\n" * 40_000 + "2;Аптека\n", RUSSIAN),
    ],
    ids=["№", "no-break space", "«»", "®", "one word", "one short word", "after 300 KB of ASCII"],
)
def test_little_to_go_by(text: str, encodings: tuple[str, ...]) -> None:
    for encoding in encodings:
        assert decode(text.encode(encoding)) == (text, encoding)


def test_ascii_is_decided_at_once() -> None:
    assert decode(b"id;qty\n1;2\n") == ("id;qty\n1;2\n", "utf-8")
    assert decode(b"") == ("", "utf-8")


def test_known_headers_settle_what_letters_cannot() -> None:
    content = "дфж;цщ\n".encode("koi8-r")
    assert choose_encoding(content, ("Дфж", "ЦЩ")) == "koi8-r"
    assert choose_encoding("Жмс;Хыъ\n".encode("cp1251"), ("жмс",)) == "cp1251"


def test_undecidable_says_what_it_may_be() -> None:
    error = refusal("id;unit\n1;уп\n".encode("koi8-r"))
    assert error.code == "ENCODING_UNKNOWN"
    assert "line 2" in error.message
    assert "koi8-r gives «1;уп»" in error.message
    assert "cp1251 gives «1;ХР»" in error.message


def test_bytes_that_are_no_text_in_any_encoding() -> None:
    error = refusal(Random(1).randbytes(2000).replace(b"\x00", b""))  # noqa: S311
    assert error.code == "ENCODING_UNKNOWN"


def test_a_byte_that_its_encoding_does_not_define() -> None:
    error = refusal(REPORT.encode("cp1251") + b"1;\x98;2\n")
    assert error.code == "ENCODING_UNKNOWN"
    assert "line 4 is not cp1251 (byte 0x98" in error.message


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("bad", [b"\xe0", b"\xd0;", b"\xff\xfe", b"\xed\xa0\x80"])
def test_a_damaged_byte_in_utf8_is_named(bom: bytes, bad: bytes) -> None:
    error = refusal(bom + REPORT.encode() + b"1;" + bad + b";2\n" + REPORT.encode() * 5)
    assert error.code == "ENCODING_UNKNOWN"
    assert f"line 4 is not utf-8 (byte {bad[0]:#04x}" in error.message


@pytest.mark.parametrize(("encoding", "cut"), [("utf-8", 2), ("utf-8-sig", 2), ("utf-16", 3), ("utf-16-le", 3)])
def test_an_end_in_the_middle_of_a_character(encoding: str, cut: int) -> None:
    error = refusal((REPORT + "3;я\n").encode(encoding)[:-cut])
    assert error.code == "CORRUPT_FILE"
    assert "line 4" in error.message


@pytest.mark.parametrize(
    ("first", "second"),
    [("cp1251", "koi8-r"), ("koi8-r", "cp1251"), ("cp1251", "cp866"), ("cp1251", "utf-8"), ("utf-8", "cp1251")],
)
@pytest.mark.parametrize("lines", [10, 60_000])
def test_lines_of_another_encoding_are_named(first: str, second: str, lines: int) -> None:
    row = "7701234567;Аптека Лютик;2\n"
    error = refusal((row * lines).encode(first) + row.encode(second) + (row * lines).encode(first))
    assert error.code == "ENCODING_UNKNOWN"
    if (first, second) == ("cp1251", "utf-8"):
        assert f"line {lines + 1} is utf-8" in error.message
    assert f"line {lines + 1} is" in error.message


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_of_numbers_with_few_letters(encoding: str, mark: str) -> None:
    text = "id;qty\n" + "12345;1,5\n" * 100 + "2;шт\n"
    found, chosen = decode((mark + text).encode(encoding))
    assert found == text
    assert chosen == ("utf-16" if mark else encoding)


def test_nul_bytes_in_other_text_are_not_utf16() -> None:
    text = REPORT.replace("2", "\x00")
    assert decode(text.encode("cp1251")) == (text, "cp1251")


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200) | st.text(max_size=60).map(str.encode), st.lists(st.text(max_size=6), max_size=3))
def test_any_bytes_are_decoded_or_refused(content: bytes, headers: list[str]) -> None:
    try:
        text, encoding = decode(content, headers)
    except PharmaError as error:
        assert error.code in {"ENCODING_UNKNOWN", "CORRUPT_FILE"}  # noqa: PT017
    else:
        assert text == content.decode(encoding)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("codec", ["cp1251", "cp866", "koi8-r", "utf-16-le", "mac-cyrillic"])
def test_a_sample_of_the_grid_is_never_silently_wrong(codec: str, style: str) -> None:
    for length, delimiter in ((1, ";"), (2, "\t"), (5, ","), (20, "|")):
        for known in (True, False):
            seen = outcome(Example(codec, delimiter, length, style, seed=1), with_headers=known)
            assert seen.right or seen.error, seen
            if codec != "mac-cyrillic" and style != "units only":
                assert seen.right, seen
