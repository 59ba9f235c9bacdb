from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading import text as text_module
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document, Sheet

HEADERS = ("инн", "клиент", "количество")


def read(text: str, encoding: str = "utf-8", headers: tuple[str, ...] = HEADERS) -> Document:
    return read_document(text.encode(encoding), Hints(headers=tuple(headers)))


def table(sheet: Sheet) -> list[list[str | None]]:
    return [sheet.row_texts(index) for index in range(sheet.height)]


def refusal(content: bytes) -> PharmaError:
    with pytest.raises(PharmaError) as caught:
        read_document(content, Hints(headers=tuple(HEADERS)))
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_encodings_and_delimiters(encoding: str, delimiter: str) -> None:
    text = f"ИНН{delimiter}Клиент{delimiter}Количество\r\n0123456789{delimiter}ООО «Ромашка»{delimiter}2\r\n"
    document = read(text, encoding)
    assert (document.encoding, document.delimiter) == (encoding, delimiter)
    assert table(document.sheets[0])[1] == ["0123456789", "ООО «Ромашка»", "2"]
    assert document.sheets[0].name == "csv"


def test_headers_settle_the_delimiter() -> None:
    text = "Отчёт, Москва, июнь, 2025, версия 2\nа, б, в\nИНН;Клиент;Количество\n1;Рога, копыта, и К;1,5\n"
    assert read(text).delimiter == ";"
    assert read("Товар,Количество\n10 мг; №20,1;2\n", headers=("товар", "количество")).delimiter == ","


def test_without_headers_the_most_constant_width_settles_it() -> None:
    assert read("a,b;c\n1,2;3\n4;5\n", headers=()).delimiter == ";"
    assert read("инн\n1\n").delimiter == ";"


def test_sep_line_is_honoured_and_left_out() -> None:
    document = read("sep=|\r\nинн|клиент\r\n1|а;б;в\r\n")
    assert document.delimiter == "|"
    assert document.sheets[0].rows.tolist() == [2, 3]
    assert table(document.sheets[0])[1] == ["1", "а;б;в"]


def test_line_numbers_with_newlines_in_quotes_and_blank_lines() -> None:
    document = read('инн;клиент\r\n1;"Рога\r\nи\nкопыта"\r\n\r\n2;б\r\n')
    sheet = document.sheets[0]
    assert sheet.rows.tolist() == [1, 2, 5, 6]
    assert table(sheet) == [["инн", "клиент"], ["1", "Рога\r\nи\nкопыта"], [None, None], ["2", "б"]]
    assert sheet.widths is not None
    assert sheet.widths.tolist() == [2, 2, 0, 2]
    assert sheet.rows_filled_below(0) == 2


def test_ragged_rows_keep_their_widths() -> None:
    sheet = read("инн;клиент;количество\n1;а\n2;б;3;4\n").sheets[0]
    assert sheet.widths is not None
    assert sheet.widths.tolist() == [3, 2, 4]
    assert table(sheet)[1:] == [["1", "а", None, None], ["2", "б", "3", "4"]]


def test_stray_quotes_are_kept_as_written() -> None:
    text = 'инн;клиент;количество\n1;"Рога" и копыта;2\n2;ООО "Лютик";3\n3;"Тюльпан";4\n"4";"А" и "Б";5\n5;"в\nг";6\n'
    sheet = read(text).sheets[0]
    assert table(sheet)[1:] == [
        ["1", '"Рога" и копыта', "2"],
        ["2", 'ООО "Лютик"', "3"],
        ["3", "Тюльпан", "4"],
        ["4", '"А" и "Б"', "5"],
        ["5", "в\nг", "6"],
    ]
    assert sheet.rows.tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "rest",
    ["3;в;4\n4;г;5\n", '3;ООО "Лютик";4\n4;г;5\n', '3;"Лютик" плюс;4\n4;г;5\n', ""],
    ids=["to the end", "to a quote in a field", "to a quoted field", "in the last line"],
)
def test_an_unclosed_quote_swallows_no_rows(rest: str) -> None:
    error = refusal(f'инн;клиент;количество\n1;а;2\n2;"Ромашка;3\n{rest}'.encode())
    assert error.code == "CORRUPT_FILE"
    assert "line 3" in error.message


def test_nul_bytes() -> None:
    error = refusal("инн;клиент;количество\r\n1;а;2\r\n2;б\x00;3\r\n".encode("cp1251"))
    assert error.code == "CORRUPT_FILE"
    assert "line 3" in error.message


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_field_over_1_mb(quote: str) -> None:
    error = refusal(f"инн;клиент\n1;{quote}{'x' * 1_100_000}{quote}\n".encode())
    assert error.code == "RESOURCE_LIMIT"
    assert "line 2" in error.message


def test_too_many_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "MAX_BOX", 1000)
    assert refusal(("инн;клиент\n" * 100 + ";" * 100).encode()).code == "RESOURCE_LIMIT"


def test_text_in_no_known_encoding() -> None:
    error = refusal(b"\xe8\xed\xed;\x98\n")
    assert error.code == "ENCODING_UNKNOWN"
    assert "line 1" in error.message


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_utf8_with_one_bad_byte_does_not_become_nonsense(bom: bytes) -> None:
    good = "инн;клиент;количество\nаптека;больница;лекарство\n".encode()
    error = refusal(bom + good + b"\xe0;1;2\n" + good)
    assert error.code == "ENCODING_UNKNOWN"
    assert "line 3" in error.message


_CYRILLIC = st.characters(codec="cp1251", exclude_characters="\x00")
_ANY = st.characters(codec="utf-8", exclude_characters="\x00\ufeff")


@settings(deadline=None)
@given(st.data(), st.sampled_from(["utf-8", "cp1251"]), st.sampled_from([";", ","]), st.integers(1, 5))
def test_any_grid_comes_back(data: st.DataObject, encoding: str, delimiter: str, width: int) -> None:
    cells = st.text(_CYRILLIC if encoding == "cp1251" else _ANY, max_size=8)
    grid = data.draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=8))
    header = [f"Столбец {number}" for number in range(width)]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([header, *grid])
    document = read_document(out.getvalue().encode(encoding), Hints(headers=tuple(header)))
    if width > 1:
        assert document.delimiter == delimiter
    if document.encoding != encoding:
        # cp1251 bytes that happen to be valid UTF-8; real text is not.
        assert (encoding, document.encoding) == ("cp1251", "utf-8")
        return
    sheet = document.sheets[0]
    assert table(sheet) == [[cell if cell.strip() else None for cell in row] for row in [header, *grid]]
    starts, line = [], 1
    for row in [header, *grid]:
        starts.append(line)
        record = io.StringIO(newline="")
        csv.writer(record, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerow(row)
        line += sum(1 for _ in io.StringIO(record.getvalue(), newline=""))
    assert sheet.rows.tolist() == starts
    assert sheet.widths is not None
    assert set(sheet.widths.tolist()) == {width}
