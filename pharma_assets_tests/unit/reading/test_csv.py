from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document, Sheet
from pharma_assets.reading.text import delimited
from pharma_assets.reading.text.delimited import read_csv

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


def test_single_nul_bytes_are_shown() -> None:
    text = "инн;клиент;количество\r\n1;а;2\r\n2;б\x00в;3\r\n3;\x00;4\r\n"
    sheet = read(text, "cp1251").sheets[0]
    assert table(sheet)[2:] == [["2", "б␀в", "3"], ["3", "␀", "4"]]


@pytest.mark.parametrize(("encoding", "rows"), [("utf-8", 400), ("cp1251", 400), ("utf-16", 5)])
@pytest.mark.parametrize("rest", ["\x00" * 2, "\x00" * 64, "\x00" * 64 + "\r\n3;в;4\r\n"])
def test_many_nul_bytes_are_an_upload_cut_off(encoding: str, rows: int, rest: str) -> None:
    text = "инн;клиент;количество\r\n" + "1;аптека;2\r\n" * rows
    error = refusal(f"{text}2;б{rest}".encode(encoding))
    assert error.code == "CORRUPT_FILE"
    assert f"line {rows + 2} " in error.message


@pytest.mark.parametrize("encoding", ["utf-8", "cp866", "utf-16"])
@pytest.mark.parametrize("end", ["\x1a", "\x1a\x1a\x1a", "\x1a\r\n", "\x1a\x00"])
def test_a_final_ctrl_z_is_left_out(encoding: str, end: str) -> None:
    sheet = read(f"инн;клиент;количество\r\n1;аптека;2\r\n{end}", encoding).sheets[0]
    assert table(sheet)[1:] == [["1", "аптека", "2"]]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8", "cp1251"])
@pytest.mark.parametrize("letter", "КЁШ")
def test_no_letter_is_taken_for_a_ctrl_z(encoding: str, letter: str) -> None:
    sheet = read_csv(f"инн;клиент\r\n1;АПТЕКА {letter}\r\n".encode(encoding)).sheets[0]
    assert table(sheet)[1] == ["1", f"АПТЕКА {letter}"]


def test_marks_before_lines_are_left_out() -> None:
    text = "\ufeff\ufeffинн;клиент\n1;а\n\ufeffинн;клиент\n2;б\ufeffв\n\ufeff\n3;г\n"
    sheet = read(text, "utf-8-sig").sheets[0]
    assert table(sheet) == [
        ["инн", "клиент"],
        ["1", "а"],
        ["инн", "клиент"],
        ["2", "б\ufeffв"],
        [None, None],
        ["3", "г"],
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends(newline: str) -> None:
    text = newline.join(["инн;клиент;количество", "1;а;2", "", '3;"б', 'в";4', "5;г;6"])
    sheet = read(text).sheets[0]
    assert sheet.rows.tolist() == [1, 2, 3, 4, 6]
    assert table(sheet)[1:] == [["1", "а", "2"], [None] * 3, ["3", f"б{newline}в", "4"], ["5", "г", "6"]]


def test_mixed_line_ends() -> None:
    sheet = read("инн;клиент\r\n1;а\n2;б\r3;в\r\n").sheets[0]
    assert sheet.rows.tolist() == [1, 2, 3, 4]
    assert table(sheet)[1:] == [["1", "а"], ["2", "б"], ["3", "в"]]


def test_quotes_escaped_by_backslashes() -> None:
    text = 'инн;клиент;количество\n1;"ООО \\"Рога; копыта\\"";2\n2;"ООО \\"Лютик\\"";3\n3;C:\\x;4\n'
    assert table(read(text).sheets[0])[1:] == [
        ["1", 'ООО "Рога; копыта"', "2"],
        ["2", 'ООО "Лютик"', "3"],
        ["3", "C:\\x", "4"],
    ]


def test_a_row_with_a_stray_quote_and_a_delimiter_too_many_stays_as_written() -> None:
    sheet = read('инн;клиент;количество\n1;"Рога; и" копыта;2\n').sheets[0]
    assert sheet.widths is not None
    assert sheet.widths.tolist() == [3, 4]
    assert table(sheet)[1] == ["1", '"Рога', ' и" копыта', "2"]


def test_a_quote_that_may_have_swallowed_a_row() -> None:
    error = refusal('инн;клиент;количество\n1;а;2\n2;"Ромашка;3\n3;Лютик";4\n'.encode())
    assert error.code == "CORRUPT_FILE"
    assert "line 3" in error.message


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_field_over_1_mb(quote: str) -> None:
    error = refusal(f"инн;клиент\n1;{quote}{'x' * 1_100_000}{quote}\n".encode())
    assert error.code == "RESOURCE_LIMIT"
    assert "line 2" in error.message


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_line_over_1_mb(end: str) -> None:
    error = refusal(f"инн;клиент\n1;а\n{'1;2;' * 300_000}{end}".encode())
    assert error.code == "RESOURCE_LIMIT"
    assert "line 3" in error.message


def test_too_many_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    error = refusal(f"инн;клиент\n{';' * 20_000}\n".encode())
    assert error.code == "RESOURCE_LIMIT"
    assert "line 2" in error.message
    monkeypatch.setattr(delimited, "MAX_BOX", 1000)
    assert refusal(("инн;клиент\n" * 100 + ";" * 100).encode()).code == "RESOURCE_LIMIT"
    assert refusal("инн;клиент\n".encode() * 501).code == "RESOURCE_LIMIT"


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
