from __future__ import annotations

import pytest

from pharma_assets.reading.text.dialects import Dialect, choose_dialect, declared_delimiter


def delimiter(text: str, *headers: str) -> str:
    return choose_dialect(text, headers).delimiter


@pytest.mark.parametrize("sign", [";", ",", "\t", "|"])
def test_plain_tables(sign: str) -> None:
    text = f"Товар{sign}Кол{sign}Клиент\nа{sign}1{sign}б\nв{sign}2{sign}г\n"
    assert choose_dialect(text) == Dialect(sign, '"', 3)
    assert delimiter(text.partition("\n")[0]) == sign


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_decimal_commas_do_not_fool(sign: str) -> None:
    assert delimiter(f"1,5{sign}2,5{sign}3,5\n4,5{sign}5,5{sign}6,5\n") == sign
    assert delimiter(f"Цена{sign}Сумма\n1,5{sign}2,5\n4,5{sign}5,5\n") == sign


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_commas_in_addresses_do_not_fool(sign: str) -> None:
    rows = "".join(f"г. Пермь, ул. Мира, д. {number}, пом. 1{sign}{number}\n" for number in range(50))
    assert delimiter(rows) == sign
    tight = "".join(f"Пермь,Мира,{number},1{sign}{number}\n" for number in range(50))
    assert delimiter(f"Адрес{sign}Кол\n{tight}") == sign


def test_a_comma_where_commas_are_all_there_is() -> None:
    assert delimiter("код,кол\n12,5\n13,6\n") == ","
    assert delimiter("товар, кол, цена\nа, 1, 2\nб, 2, 3\n") == ","
    assert delimiter('товар,цена\n"а; б","1,5"\n"в; г","2,5"\n') == ","


def test_one_column() -> None:
    assert choose_dialect("Адрес\nг. Пермь, ул. Мира\nг. Омск, ул. Новая\n") == Dialect(";", '"', 1)
    assert choose_dialect("Цена\n1,5\n2,5\n").delimiter == ";"
    assert choose_dialect("") == Dialect(";", '"', 1)


@pytest.mark.parametrize("sign", [";", ",", "\t", "|"])
@pytest.mark.parametrize("above", [1, 5, 12])
def test_a_preamble_longer_than_the_table(sign: str, above: int) -> None:
    preamble = '"Отчёт; Пермь, июнь | 2025"\n' * (above // 2) + "Сведения: основные; рабочие\n" * (above - above // 2)
    names = sign.join(f"Столбец {number}" for number in range(8))
    cells = sign.join("абвгдежз")
    assert delimiter(f"{preamble}{names}\n{cells}\n") == sign


def test_ragged_rows_and_a_footer() -> None:
    rows = "".join(f"{number};Рога, копыта;{number},5\n" for number in range(50))
    assert delimiter(f"Код;Клиент;Сумма\n{rows}1;2\n1;2;3;4\nИтого;100\nПодпись, печать, дата\n") == ";"


def test_known_headers_decide() -> None:
    text = "а;б;в|кол\nг;д;е|2\n"
    assert delimiter(text) == ";"
    assert delimiter(text, "КОЛ") == "|"


def test_apostrophes_are_quotes_only_where_they_enclose_fields_throughout() -> None:
    assert choose_dialect("'Товар';'Кол'\n'Рога; копыта';'1'\n'б';'2'\n") == Dialect(";", "'", 2)
    assert choose_dialect("Товар;Код\nа;'0123\nб;'0456\nв;'0789\nг;'0789\n").quote == '"'
    assert choose_dialect("Товар;Код\nа;1\nб;'2'\nв;3\n").quote == '"'


@pytest.mark.parametrize("line", ["sep=|", "SEP=|", '"sep=|"'])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_a_line_that_declares_the_delimiter(line: str, end: str) -> None:
    assert declared_delimiter(line + end) == ("|", len(line + end))


def test_other_first_lines_declare_nothing() -> None:
    assert declared_delimiter("sep=;;\nа;б\n") is None
    assert declared_delimiter("separator\n") is None
