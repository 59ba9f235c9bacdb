"""What headers speak of: words in any spelling, and the roles that they name."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.drafting.names import Knowledge, name_scores
from pharma_assets.drafting.roles import NONE, NUMBER, ROLES
from pharma_assets.drafting.vocabulary import vocabulary
from pharma_assets.drafting.words import read_header, words
from pharma_assets.transforms.catalog import parse_layout

LAYOUT = parse_layout(
    """
supplier: Пример
report_types: [Type1]
columns:
  Дата: period
  Бирюльки: {to: amount_type_3, aliases: [Сколько бирюлек]}
  Накладная: {to: null}
  Прочее: {to: null, required: false}
waybill: {number: Накладная, date: Дата}
""".encode()
)


def best(header: str, knowledge: Knowledge | None = None) -> str | None:
    scores = name_scores(header, knowledge or Knowledge())
    return max(scores, key=lambda role: scores[role]) if scores else None


def test_words_are_parted_by_marks_and_humps_and_look_alikes_are_mended() -> None:
    assert words("КодТовара (у_поставщика), № 5") == ("код", "товара", "у", "поставщика", "no", "5")
    assert words("Kлиeнт") == ("клиент",)  # with a Latin K and e


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("Наименование контрагента", "client_inlaw"),
        ("ИНН/КПП", "client_inn"),
        ("Населённый пункт", "client_city"),
        ("Адр. торговой точки", "client_adress"),
        ("naim_tovara", "tms"),
        ("KOLVO", "amount"),
        ("Summa_s_NDS", "sum_nds"),
        ("ship-to city", "client_city"),
        ("Производтель", "mnf"),  # misspelt
        ("Датаотгрузки", "period"),  # two words in one
        ("Номер накладной", NUMBER),
        ("Сумма НДС", NONE),
        ("Цена за упаковку", NONE),
        ("Код склада", NONE),
    ],
)
def test_a_header_names_its_role(header: str, role: str) -> None:
    assert best(header) == role


def test_a_header_of_unknown_words_names_nothing() -> None:
    reading = read_header("Бяка закаляка кусачая")
    assert (reading.concepts, reading.unknown) == ({}, 3)
    assert best("Бяка закаляка кусачая") is None


def test_other_layouts_teach_their_headers() -> None:
    knowledge = Knowledge.of([LAYOUT])
    assert knowledge.headers["бирюльки"] == Counter({"amount": 1})
    assert best("БИРЮЛЬКИ", knowledge) == "amount"
    assert best("Сколько  бирюлек", knowledge) == "amount"
    assert best("бирюлькки", knowledge) == "amount"  # nearly the same
    assert best("Прочее", knowledge) == NONE
    assert best("Накладная", knowledge) == NUMBER
    assert best("Бирюльки") is None


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert set(read_header(text).concepts) <= {concept for _, concept in vocabulary().phrases}
    assert all(0 < score <= 1 for score in name_scores(text, Knowledge()).values())


def test_the_vocabulary_speaks_of_what_there_is() -> None:
    known = {concept for _, concept in vocabulary().phrases}
    assert {concept for pattern in vocabulary().patterns for concept in pattern.concepts} <= known
    assert {pattern.role for pattern in vocabulary().patterns} <= {*ROLES, NONE}
    assert set(vocabulary().looks) <= {*ROLES, NONE}
    times = Counter(phrase for phrase, _ in vocabulary().phrases)
    assert [phrase for phrase, count in times.items() if count > 1] == []
