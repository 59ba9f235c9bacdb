"""BAD_INPUTS 15 to 19: text files."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable
from datetime import date

import pytest

from pharma_assets_tests.database.bad_inputs.inbox import Inbox, Rejected
from pharma_assets_tests.database.bad_inputs.report import DAY, HEADER, INN, REPORT, ROWS, STORED, SUMS, many, stored
from pharma_assets_tests.database.bad_inputs.tables import csv

NAME = "отчёт.csv"
LATIN = {
    "date": {"to": "period", "filled": True},
    "product": {"to": "tms", "filled": True},
    "inn": "client_inn",
    "qty": {"to": "amount_type_1", "filled": True},
    "sum": "sum_nds",
}
LATIN_HEADER = ("date", "product", "inn", "qty", "sum")

ENCODINGS = {
    "cp1251": csv(REPORT, encoding="cp1251"),
    "cp866": csv(REPORT, encoding="cp866"),
    "koi8-r": csv([HEADER, *((day, tms.replace("№", "N"), *rest) for day, tms, *rest in ROWS)], encoding="koi8-r"),
    "utf-8": csv(REPORT, encoding="utf-8"),
    "utf-8 with BOM": csv(REPORT, encoding="utf-8-sig"),
    "utf-16 LE with BOM": codecs.BOM_UTF16_LE + csv(REPORT, encoding="utf-16-le"),
    "utf-16 BE with BOM": codecs.BOM_UTF16_BE + csv(REPORT, encoding="utf-16-be"),
    "utf-16 LE": csv(REPORT, encoding="utf-16-le"),
    "utf-16 BE": csv(REPORT, encoding="utf-16-be"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_case_15_encoding(inbox: Inbox, encoding: str) -> None:
    rows = stored(inbox.take_in(ENCODINGS[encoding], NAME).loads(read=3, sums=SUMS))
    if encoding == "koi8-r":  # has no №
        rows = [(day, tms.replace("N", "№").replace("№урофенка", "Нурофенка"), *rest) for day, tms, *rest in rows]
    assert rows == STORED


PLAIN = [HEADER, *((day, str(tms).replace("№", "N"), *rest) for day, tms, *rest in ROWS)]
"""Without №, which some encodings lack."""

SHOUTING = (HEADER, (date(2025, 6, 2), "ЦИТРАМОН-ЁЛКА ТАБ.", INN, 1, None))


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "koi8-r", "utf-8", "utf-16-le"])
def test_case_15_encoding_of_one_row_in_capitals(inbox: Inbox, encoding: str) -> None:
    content = csv([[str(name).upper() for name in HEADER], *SHOUTING[1:]], encoding=encoding)
    taken = inbox.take_in(content, NAME)
    taken.loads(read=1, sums={"amount_type_1": "1"})
    assert taken.texts("tms") == ["ЦИТРАМОН-ЁЛКА ТАБ."]


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "koi8-r", "utf-8"])
def test_case_15_encoding_of_headers_over_digits(inbox: Inbox, encoding: str) -> None:
    rows = [(date(2025, 6, 2), number, INN, number, number) for number in range(1, 40)]
    taken = inbox.take_in(csv([HEADER, *rows], encoding=encoding), NAME)
    taken.loads(read=39, sums={"amount_type_1": "780", "sum_nds": "780"})


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "koi8-r", "utf-8"])
def test_case_15_encoding_that_shows_after_300_kb(inbox: Inbox, encoding: str) -> None:
    plain = [(date(2025, 6, 2), f"Product {number:040d}", INN, 1, None) for number in range(4000)]
    late = (date(2025, 6, 2), "Цитрамон-Ёлка таб. «Плюс»" if "8-r" not in encoding else "Цитрамон-Ёлка", INN, 1, None)
    late = (late[0], "Цитрамон таблетки", *late[2:]) if encoding == "cp866" else late
    content = csv([LATIN_HEADER, *plain, late], encoding=encoding)
    assert content.index(late[1].encode(encoding)) > 300_000
    taken = inbox.take_in(content, NAME, columns=LATIN)
    taken.loads(read=4001, sums={"amount_type_1": "4001"})
    assert taken.texts("tms")[-1] == late[1]


@pytest.mark.parametrize("text", ["таб. № 10", "таб.\u00a0N\u00a010", "5°", "«Аква»"])
def test_case_15_encoding_of_hardly_any_letters(inbox: Inbox, text: str) -> None:
    content = csv([HEADER, (date(2025, 6, 2), text, INN, 1, None)], encoding="cp1251")
    taken = inbox.take_in(content, NAME)
    taken.loads(read=1, sums={"amount_type_1": "1"})
    assert taken.texts("tms") == [text]


def test_case_15_utf_8_with_one_bad_byte(inbox: Inbox) -> None:
    content = csv(REPORT).replace("Нурофенка".encode(), "Нурофенка".encode()[:-1] + b"\xff")
    inbox.take_in(content, NAME).fails("ENCODING_UNKNOWN", "3")


@pytest.mark.parametrize("encodings", [("cp1251", "utf-8"), ("utf-8", "cp1251"), ("cp866", "utf-8")], ids=str)
def test_case_15_two_encodings_in_one_file(inbox: Inbox, encodings: tuple[str, str]) -> None:
    first, second = encodings
    content = csv(PLAIN, encoding=first) + csv(PLAIN[1:], encoding=second)
    inbox.take_in(content, NAME).fails("ENCODING_UNKNOWN")


@pytest.mark.parametrize("declared", ["", "sep"], ids=["found", "declared"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"], ids=["semicolon", "comma", "tab", "bar"])
@pytest.mark.parametrize("encoding", ["cp1251", "utf-16"])
def test_case_16_delimiter(inbox: Inbox, delimiter: str, declared: str, encoding: str) -> None:
    first_line = f"sep={delimiter}\r\n" if declared else ""
    content = (first_line + csv(REPORT, delimiter, "utf-8").decode()).encode(encoding)
    taken = inbox.take_in(content, NAME)
    assert stored(taken.loads(read=3, sums=SUMS)) == STORED
    assert taken.texts("source_row") == ([3, 4, 5] if declared else [2, 3, 4])


def test_case_16_delimiter_beside_many_others_in_the_text(inbox: Inbox) -> None:
    rows = [(date(2025, 6, 2), f"Мазь, 5 %, туба | 3{number}, {number}", INN, number, None) for number in range(1, 9)]
    taken = inbox.take_in(csv([("Отчёт, июнь, 2025, | итоги, все",), HEADER, *rows], ";"), NAME)
    taken.loads(read=8, sums={"amount_type_1": "36"})
    assert taken.texts("tms") == [row[1] for row in rows]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=["crlf", "lf", "cr"])
def test_case_17_line_ends(inbox: Inbox, end: str) -> None:
    taken = inbox.take_in(csv(REPORT, end=end), NAME)
    assert stored(taken.loads(read=3, sums=SUMS)) == STORED
    assert taken.texts("source_row") == [2, 3, 4]


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_case_17_characters_that_are_line_ends_to_some(inbox: Inbox, mark: str) -> None:
    taken = inbox.take_in(csv(REPORT).replace("Нурофенка".encode(), f"Нуро{mark}фенка".encode()), NAME)
    taken.loads(read=3, sums=SUMS)
    assert taken.texts("tms")[1] == f"Нуро{mark}фенка капс. №20"
    assert taken.texts("source_row") == [2, 3, 4]


ENDS = {
    "no line end": lambda content: content.removesuffix(b"\r\n"),
    "blank lines": lambda content: content + b"\r\n\r\n \r\n",
    "the mark that DOS puts there": lambda content: content + b"\x1a",
    "the same behind blanks": lambda content: content + b"\r\n\x1a\x1a",
    "carriage returns twice": lambda content: content.replace(b"\r\n", b"\r\r\n"),
    "everything quoted": lambda content: b"\r\n".join(
        b'"' + line.replace(b";", b'";"') + b'"' for line in content.splitlines()
    ),
}


@pytest.mark.parametrize("change", ENDS.values(), ids=ENDS)
def test_case_17_odd_ends(inbox: Inbox, change: Callable[[bytes], bytes]) -> None:
    assert stored(inbox.take_in(change(csv(REPORT, encoding="cp1251")), NAME).loads(read=3, sums=SUMS)) == STORED


def test_case_17_two_files_in_one(inbox: Inbox) -> None:
    """The second one's byte-order mark stands in the middle, and so does its header."""
    more = csv([HEADER, *ROWS[:1]], encoding="utf-8-sig")
    taken = inbox.take_in(csv(REPORT, encoding="utf-8-sig") + more, NAME)
    taken.loads(read=5, sums={"amount_type_1": "13.5", "sum_nds": "2270.74"}, left_out=1)


def test_case_17_decimal_commas_between_commas(inbox: Inbox) -> None:
    """Nobody can tell which comma is which."""
    content = csv(REPORT, ";").replace(b";", b",")
    taken = inbox.take_in(content, NAME)
    assert taken.code == "ALL_ROWS_REJECTED" or {row["code"] for row in taken.held_back} == {"ROW_RAGGED"}
    assert taken.stored_sums(SUMS) in ({"amount_type_1": 0, "sum_nds": 0}, {"amount_type_1": 2, "sum_nds": 0})


RAGGED = {
    "short": "03.06.2025;Нурофенка",
    "long": "03.06.2025;Нурофенка; капс.;0123456788;1;5,00",
    "one": "какой-то текст",
}


@pytest.mark.parametrize("line", RAGGED.values(), ids=RAGGED)
def test_case_17_ragged_row(inbox: Inbox, line: str) -> None:
    lines = csv(REPORT).decode().splitlines()
    lines[2:2] = [line]
    taken = inbox.take_in("\r\n".join(lines).encode("cp1251"), NAME)
    rows = taken.loads(read=4, sums=SUMS, rejected=[Rejected(3, "", "ROW_RAGGED")])
    assert stored(rows) == STORED
    assert taken.texts("source_row") == [2, 4, 5]
    assert "Нурофенка" not in line or "Нурофенка" in str(taken.held_back[0]["raw_row"])


def test_case_17_delimiters_for_columns_that_hold_nothing(inbox: Inbox) -> None:
    content = "Дата;Товар;ИНН;Количество;Сумма с НДС;;\r\n02.06.2025;Мазь;5400001230;1;5,00;;\r\n"
    taken = inbox.take_in(content.encode("cp1251"), NAME)
    taken.loads(read=1, sums={"amount_type_1": "1", "sum_nds": "5"})


def test_case_17_newline_in_quotes(inbox: Inbox) -> None:
    tms = 'Мазь "Ёлка"\nтуба; 30 г\r\n№ 1'
    rows = [HEADER, (date(2025, 6, 2), tms, INN, 1, None), (date(2025, 6, 3), "Гель", INN, 2, None)]
    lines = [*rows, (date(2025, 6, 4), "Крем")]
    taken = inbox.take_in(csv(lines), NAME)
    taken.loads(read=3, sums={"amount_type_1": "3"}, rejected=[Rejected(6, "", "ROW_RAGGED")])
    assert taken.texts("tms") == [tms, "Гель"]
    assert taken.texts("source_row") == [2, 5]


@pytest.mark.parametrize("name", ['Мазь "Ёлка"', '"Ёлка" мазь', 'Мазь 5" туба', '"Ёлка" и "Сосна"'])
def test_case_17_stray_quote(inbox: Inbox, name: str) -> None:
    content = csv(REPORT).replace("Нурофенка капс. №20".encode(), name.encode())
    taken = inbox.take_in(content, NAME)
    taken.loads(read=3, sums=SUMS)
    assert taken.texts("tms")[1] == name


def test_case_17_quote_that_is_never_closed(inbox: Inbox) -> None:
    """It must not swallow the rows below."""
    content = csv([HEADER, *many(50)]).replace("Препарат № 7".encode(), '"Препарат № 7'.encode())
    inbox.take_in(content, NAME).fails("CORRUPT_FILE", "line 9")


def test_case_18_nul_in_a_text(inbox: Inbox) -> None:
    content = csv(REPORT, encoding="cp1251").replace("Нурофенка".encode("cp1251"), "Нуро\0фенка".encode("cp1251"))
    taken = inbox.take_in(content, NAME)
    taken.loads(
        read=3, sums={"amount_type_1": "1", "sum_nds": "90.25"}, rejected=[Rejected(3, "Товар", "VALUE_UNPRINTABLE")]
    )
    assert taken.held_back[0]["raw_value"] == "Нуро␀фенка капс. №20"
    assert stored(taken.rows) == [STORED[0], STORED[2]]


def test_case_18_nul_in_a_column_that_is_not_mapped(inbox: Inbox) -> None:
    content = csv([(*HEADER, "Заметка"), *((*row, "а\0б" if row[3] == 2 else "в") for row in ROWS)])
    taken = inbox.take_in(content, NAME)
    assert stored(taken.loads(read=3, sums=SUMS)) == STORED
    assert taken.texts("extra") == [{"Заметка": "а␀б"}, {"Заметка": "в"}, {"Заметка": "в"}]


def test_case_18_nothing_but_nul_behind_the_last_row(inbox: Inbox) -> None:
    """An upload that reserved its space and broke off."""
    taken = inbox.take_in(csv(REPORT) + b"\0" * 5000, NAME)
    assert taken.code in {"CORRUPT_FILE", "FORMAT_UNSUPPORTED"}
    taken.fails(taken.code)


LONG_LINES: dict[str, Callable[[], bytes]] = {
    "field": lambda: csv([HEADER, *many(5), (DAY, "я" * 2_000_000, INN, 1, None), *many(5)]),
    "open quote": lambda: csv([HEADER, *many(5)]) + '02.06.2025;"Мазь;5400001230;1;\r\n'.encode() + csv(many(40_000)),
    "no line ends": lambda: b"x" * 30_000_000,
    "delimiters": lambda: csv([HEADER, *many(5)]) + b";" * 5_000_000 + b"\r\n",
}


@pytest.mark.parametrize("name", LONG_LINES)
def test_case_19_line_of_megabytes(inbox: Inbox, name: str) -> None:
    content = LONG_LINES[name]()
    started = time.monotonic()
    inbox.take_in(content, NAME).fails("RESOURCE_LIMIT", "line 1" if name == "no line ends" else "line 7")
    assert time.monotonic() - started < 10


def test_case_19_a_long_field_that_is_still_allowed(inbox: Inbox) -> None:
    rows = [(*row, "х" * 100_000) for row in ROWS]
    taken = inbox.take_in(csv([(*HEADER, "Заметка"), *rows]), NAME)
    assert stored(taken.loads(read=3, sums=SUMS)) == STORED
    assert taken.texts("extra") == [{"Заметка": "х" * 100_000}] * 3
