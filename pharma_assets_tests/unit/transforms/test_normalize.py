"""Structure in doubt fails the file; every row read is accounted for; no cell of the source is lost."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.normalize import NormalizedReport, normalize
from pharma_assets.transforms.row_words import is_signature, total_word
from pharma_assets.transforms.values.dates import parse_date

MOSCOW = ZoneInfo("Europe/Moscow")
HEADER = ["Дата", "Товар", "ИНН", "Канал", "Количество", "Номер", "Цвет", ""]
LAYOUT = parse_layout(
    """
    supplier: Пример
    report_types: [Type1]
    columns:
      дата: {to: period, filled: true}
      товар: tms
      инн: client_inn
      канал: {to: market, lookup: {values: {да: Тендер, нет: Коммерция}, otherwise: Прочее, blank: Коммерция}}
      количество: {to: amount_type_1, filled: true}
      номер: {to: null}
    waybill: {number: номер, date: дата}
    left_out: [{column: количество, reason: zero quantity}]
    """.encode()
)


def report_of(rows: list[list[str]], header: list[str] = HEADER, layout: Layout = LAYOUT) -> NormalizedReport:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([header, *rows])
    return normalize(read_document(text.getvalue().encode()), layout, MOSCOW)


# Hypothesis also draws words of the code, and those of totals and signatures make a row no data.
words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cf")), max_size=8
).filter(lambda word: total_word(word) is None and not is_signature(word))
cells = st.tuples(
    st.one_of(st.dates().map(lambda day: f"{day:%d.%m.%Y}"), st.sampled_from(["", "вчера", "20.06.2025 13:45"])),
    words,
    st.one_of(st.sampled_from(["5000000024", " 5000000024", "20000001247"]), words),
    st.sampled_from(["да", "ДА", "нет", "", "Тендер", "опт"]),
    st.one_of(
        st.decimals(-1000, 1000, places=2).map(str),
        st.sampled_from(["0", "0,00", "", "1 000", "1,50", "дцать", "0.0001"]),
    ),
    st.one_of(st.sampled_from(["", "15 от 3", "000123"]), words),
    words,
    words,
)


@settings(max_examples=150)
@given(st.lists(cells, min_size=1, max_size=12))
def test_no_row_and_no_cell_is_lost(rows: list[tuple[str, ...]]) -> None:
    filled = {number: row for number, row in enumerate(rows, start=2) if any(cell.strip() for cell in row)}
    code = "ALL_ROWS_REJECTED" if filled else "NO_DATA_ROWS"
    try:
        report = report_of([list(row) for row in rows])
    except PharmaError as error:
        if error.code == code:
            return
        raise
    assert report.read == len(filled)
    assert report.read == report.loaded + sum(report.left_out.values()) + len(report.rejected)

    loaded = {row["source_row"]: row for row in report.table.to_pylist()}
    rejected = {row.row: row for row in report.rejected}
    assert len(loaded) + len(rejected) + report.left_out.get("zero quantity", 0) == len(filled)
    for number, row in filled.items():
        source = {header or "[H]": cell for header, cell in zip(HEADER, row, strict=True) if cell.strip()}
        if number in rejected:
            assert rejected[number].raw == source
        elif number in loaded:
            untold = {header: cell for header, cell in source.items() if not tells(loaded[number], header, cell)}
            assert untold == {}, loaded[number]


def tells(row: dict[str, Any], header: str, cell: str) -> bool:
    """Whether the loaded row gives a source cell back: texts letter for letter, amounts and dates by value."""
    extra: dict[str, str] = json.loads(row["extra"] or "{}")
    if header in extra:
        return extra[header] == cell
    match header:
        case "Дата":
            return bool(row["period"] == parse_date(cell, Kind.TEXT).replace(tzinfo=MOSCOW))
        case "Количество":
            return bool(row["amount_type_1"] == Decimal(cell.replace(" ", "").replace(",", ".")))
        case "Номер":
            return str(row["naklad"]).rpartition(" от ")[0] == cell
        case "Канал":
            return {"Тендер": "да", "Коммерция": "нет"}.get(row["market"], row["market"]) == cell
        case _:
            return bool({"Товар": row["tms"], "ИНН": row["client_inn"]}.get(header) == cell)


GOOD_ROW = ["20.06.2025", "Анальгин", "5000000024", "да", "1", "5", "", ""]


@pytest.mark.parametrize(
    ("header", "code", "told"),
    [
        (["Дата", "Товар", "ИНН", "Канал", "Кол-во", "Номер", "Цвет", ""], "MISSING_COLUMN", "количество"),
        (["Дата", "Товар", "ИНН", "Канал", "Кол-во", "Номер", "Цвет", ""], "MISSING_COLUMN", "Кол-во"),
        (["a", "b", "c", "d", "e", "f", "g", "h"], "HEADER_NOT_FOUND", "a | b | c"),
        (["Дата", "Товар", "ИНН", "Канал", "Количество", "Номер", "товар ", ""], "AMBIGUOUS_COLUMN", "B, G"),
    ],
)
def test_a_header_in_doubt_fails_the_file(header: list[str], code: str, told: str) -> None:
    with pytest.raises(PharmaError) as error:
        report_of([GOOD_ROW], header)
    assert error.value.code == code
    assert told in error.value.message


def test_headers_match_whatever_their_case_blanks_and_look_alikes() -> None:
    report = report_of([GOOD_ROW], [" ДАТА", "Toвap", "инн\u00a0", "КАНАЛ", "коли\u200bчество", "Номер", "", ""])
    assert report.loaded == 1


def test_a_header_and_no_row() -> None:
    with pytest.raises(PharmaError, match="NO_DATA_ROWS"):
        report_of([])


def test_a_ragged_row_is_rejected_with_its_line() -> None:
    report = report_of([GOOD_ROW, [*GOOD_ROW[:3], "x;y"][:4], GOOD_ROW])
    (row,) = report.rejected
    assert (row.row, row.cells[0].code) == (3, "ROW_RAGGED")
    assert "4 fields where the header has 8" in row.cells[0].message
    assert report.loaded == 2


def test_a_ragged_row_is_rejected_also_where_its_shifted_cells_look_like_a_zero_quantity() -> None:
    shifted = ["20.06.2025", "Анальгин", "7", "да", "0", "5"]
    report = report_of([GOOD_ROW, shifted])
    assert report.left_out == {"zero quantity": 0}
    assert [row.cells[0].code for row in report.rejected] == ["ROW_RAGGED"]


def test_a_rejected_row_names_its_cell_and_keeps_the_whole_row() -> None:
    wrong = ["31.06.2025", "Анальгин", "", "", "дцать", "", "синий", ""]
    report = report_of([GOOD_ROW, wrong])
    (row,) = report.rejected
    assert [(cell.header, cell.text, cell.code) for cell in row.cells] == [
        ("Дата", "31.06.2025", "VALUE_DATE"),
        ("Количество", "дцать", "VALUE_AMOUNT"),
    ]
    assert row.raw == {"Дата": "31.06.2025", "Товар": "Анальгин", "Количество": "дцать", "Цвет": "синий"}


def test_a_zero_row_is_left_out_whatever_else_is_wrong_with_it() -> None:
    report = report_of([GOOD_ROW, ["вчера", "", "", "", "0,00", "", "", ""]])
    assert report.left_out == {"zero quantity": 1}
    assert report.rejected == ()
