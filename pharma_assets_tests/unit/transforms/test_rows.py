"""Which rows are no data: none of them is loaded, and no data row is taken for one (BAD_INPUTS 17, 31–33, 35)."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Merge, Sheet
from pharma_assets.transforms.headers import candidates, guess_header
from pharma_assets_tests.unit.transforms.sheets import (
    HEADER,
    SALES,
    Row,
    document_of,
    layout_of,
    loaded_rows,
    report_of,
    sale,
    sheet_of,
)

DATA: list[Row] = [sale(2, 5, 50), sale(3, 7, 70)]


def test_a_header_that_is_repeated() -> None:
    report = report_of([HEADER, DATA[0], HEADER, DATA[1], [f" {name.upper()}" for name in HEADER]])
    assert (report.left_out["repeated header"], loaded_rows(report)) == (1, [2, 4])
    assert [row.row for row in report.rejected] == [5]


def test_a_header_of_two_rows_that_is_repeated() -> None:
    head: list[Row] = [("Дата", "Аптека", "Товар", "Продажи", None), (None, None, None, "шт.", "руб.")]
    layout = layout_of(SALES.replace("количество", "продажи шт.").replace("сумма:", "продажи руб.:"))
    report = report_of([*head, DATA[0], *head, DATA[1]], layout=layout)
    assert (report.left_out["repeated header"], loaded_rows(report)) == (2, [3, 6])


def test_a_row_of_column_numbers() -> None:
    report = report_of([HEADER, (1, 2, 3, 4, 5), DATA[0], HEADER, ("1", "2", "3", "4", "5"), DATA[1]])
    assert report.left_out == {"zero quantity": 0, "column numbers": 2, "repeated header": 1}
    assert report.rejected == ()


TOTALS: list[Row] = [
    ("Итого", None, None, 12, 120),
    ("ИТОГО:", None, None, 12, 120),
    ("  Всего", None, None, 12, 120),
    ("\u00a0Итого", None, None, 12, 120),
    (None, "Всего:", None, 12, None),
    (None, None, "Total", 12, 120),
    ("Общий итог", None, None, 12, 120),
    ("И Т О Г О :", None, None, "12", "120,00"),
    ("Bсего", None, None, 12, 120),
    ("Всего упаковок", None, None, 12, None),
    ("Итого за июнь", None, None, 12, 120),
    ("Итого (2 строки)", None, None, 12, 120),
    ("30.06.2025", None, "Итого", 12, 120),
]
SUBTOTALS: list[Row] = [
    ("Итого по филиалу Северный", None, None, 12, 120),
    (None, "Итого по Аптека № 1", None, 12, 120),
    ("03.06.2025", "Аптека № 1", "Итого по Анальгин", 12, 120),
    ("Москва Итог", None, None, 12, 120),
]


@pytest.mark.parametrize("row", [*TOTALS, *SUBTOTALS], ids=str)
@pytest.mark.parametrize("dictionary", [False, True], ids=["plain", "dictionary"])
def test_a_row_of_totals(row: Row, dictionary: bool) -> None:
    report = report_of(sheet_of([HEADER, *DATA, row], dictionary=dictionary))
    assert loaded_rows(report) == [2, 3]
    assert report.rejected == ()
    assert report.left_out["total" if row in TOTALS and row[0] != "Итого за июнь" else "subtotal"] == 1
    assert {total.agrees for total in report.control_totals} == {True}


DATA_ROWS: list[Row] = [
    sale(4, 1, 1, product="Итогон"),
    sale(4, 1, 1, pharmacy="ООО Всего хорошего"),
    sale(4, 1, 1, pharmacy="Всего хорошего"),
    sale(4, 1, 1, pharmacy="Всего по 50"),
    sale(4, 1, 1, product="Итог таб. №10"),
    sale(4, 1, 1, product="Total Care гель"),
    sale(4, 1, 1, product="Крем Total"),
    sale(4, 1, 1, pharmacy="Руководитель Плюс"),
    sale(4, 1, 1, pharmacy="Дата"),
]


@pytest.mark.parametrize("row", DATA_ROWS, ids=str)
@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "among", "last"])
def test_a_data_row_with_such_words_is_loaded(row: Row, place: int) -> None:
    rows = [*DATA[:place], row, *DATA[place:]]
    report = report_of([HEADER, *rows])
    assert (report.loaded, report.rejected, sum(report.left_out.values())) == (3, (), 0)


def test_words_in_the_first_column_of_a_data_row() -> None:
    layout = layout_of(SALES.replace("left_out", "  сеть: {to: null}\nleft_out"))
    rows: list[Row] = [("Сеть", *HEADER), ("Всего хорошего", *sale(2)), ("Итогон", *sale(3)), ("Москва Итог", *sale(4))]
    assert report_of(rows, layout=layout).loaded == 3


SIGNATURES: list[Row] = [
    ("Руководитель ________",),
    ("Руководитель", None, "________", None, "Иванова И. И."),
    ("Гл. бухгалтер:", "Ли А. Б."),
    ("Отчёт сформирован 01.07.2025 09:15",),
    ("Исполнитель:", "Петров"),
    ("* без учёта возвратов прошлых месяцев",),
    (None, "М.П."),
    ("(подпись)", "(расшифровка подписи)"),
]


@pytest.mark.parametrize("row", SIGNATURES, ids=str)
def test_a_signature_below_the_table(row: Row) -> None:
    report = report_of([HEADER, *DATA, ("Итого", None, None, 12), row, row])
    assert (report.left_out["signature"], report.left_out["total"], report.rejected) == (2, 1, ())


def test_a_page_footer_among_the_rows() -> None:
    report = report_of([HEADER, DATA[0], ("Страница 1 из 2",), DATA[1]])
    assert (report.left_out["signature"], loaded_rows(report)) == (1, [2, 4])


def test_a_row_that_is_no_data_and_not_recognised_is_rejected() -> None:
    report = report_of([HEADER, ("Филиал Северный",), *DATA, ("Тел.", "123-45-67", "доб. 5")])
    assert [row.row for row in report.rejected] == [2, 5]
    assert report.rejected[0].raw == {"Дата": "Филиал Северный"}


def test_signatures_and_totals_of_a_text_file_may_be_ragged() -> None:
    rows: list[Row] = [HEADER, ("02.06.2025", "А", "Анальгин", "5", "50"), ("Итого", "", "", "5"), ("Исполнитель: Ли",)]
    report = report_of(sheet_of(rows, text=True))
    assert report.left_out == {"zero quantity": 0, "total": 1, "signature": 1}
    assert report.rejected == ()
    assert [total.agrees for total in report.control_totals] == [True]


def test_a_ragged_data_row_is_rejected_with_its_line() -> None:
    rows: list[Row] = [HEADER, ("02.06.2025", "А", "Анальгин", "5", "50"), ("03.06.2025", "А", "Б", "В", "5", "50")]
    (row,) = report_of(sheet_of(rows, text=True)).rejected
    assert (row.row, row.cells[0].code) == (3, "ROW_RAGGED")


def test_cells_merged_downwards_are_filled_inside_their_merge_only() -> None:
    rows: list[Row] = [
        HEADER,
        ("02.06.2025", "Аптека № 1", "Анальгин", 5, 90),
        (None, None, "Нурофен", 7, None),
        (),
        (None, None, "Итогон", 1, None),
        (None, None, "Цитрамон", 2, None),
    ]
    merges = [Merge(2, 5, 0, 0), Merge(2, 5, 1, 1), Merge(2, 3, 4, 4)]
    report = report_of(sheet_of(rows, merges=merges))
    shown = report.table.select(["source_row", "client_inlaw", "tms", "sum_nds"]).to_pylist()
    assert [tuple(row.values())[:3] for row in shown] == [
        (2, "Аптека № 1", "Анальгин"),
        (3, "Аптека № 1", "Нурофен"),
        (5, "Аптека № 1", "Итогон"),
    ]
    assert [row["sum_nds"] is None for row in shown] == [False, True, True]
    assert [(row.row, row.cells[0].code) for row in report.rejected] == [(6, "VALUE_MISSING")]


def test_merged_cells_of_a_total_and_of_a_column_that_is_only_kept() -> None:
    rows: list[Row] = [
        (*HEADER, "Менеджер"),
        (*sale(2, 5), "Ли"),
        (*sale(3, 7), None),
        ("Итого", None, None, 12, None, None),
    ]
    merges = [Merge(2, 3, 5, 5), Merge(4, 4, 0, 2)]
    report = report_of(sheet_of(rows, merges=merges))
    assert report.table["extra"].to_pylist() == ['{"Менеджер":"Ли"}'] * 2
    assert report.left_out["total"] == 1


def test_a_million_blank_rows_cost_nothing() -> None:
    sheet = sheet_of([HEADER, *DATA])
    blank = 1_000_000
    tall = Sheet(
        name=sheet.name,
        rows=np.arange(1, blank + 4, dtype=np.int32),
        columns=tuple(pa.concat_arrays([column, pa.nulls(blank, pa.string())]) for column in sheet.columns),
        kinds=tuple(np.concatenate([kinds, np.zeros(blank, dtype=np.uint8)]) for kinds in sheet.kinds),
    )
    report = report_of(tall)
    assert (report.read, loaded_rows(report)) == (2, [2, 3])


def test_a_header_and_no_row() -> None:
    nothing: list[list[Row]] = [[HEADER], [HEADER, ("Итого", None, None, 0), ("Руководитель ____",)]]
    for rows in nothing:
        with pytest.raises(PharmaError, match="NO_DATA_ROWS"):
            report_of(rows)
        report = report_of(rows, layout=layout_of(nil_report=True))
        assert (report.loaded, report.rejected, report.read) == (0, (), len(rows) - 1)
        assert report.table["source_row"].to_pylist() == []
        assert (report.sums(), report.period()) == ({}, (None, None))


names = st.sampled_from(["Анальгин", "Итогон", "Всего хорошего", "Total Care", "Руководитель", "Итоговый набор"])
data_rows = st.builds(
    sale,
    st.integers(1, 30),
    st.one_of(st.integers(-5, 5), st.sampled_from(["1 000,5", "дцать", None])),
    st.one_of(st.none(), st.integers(0, 1000)),
    names,
    names,
)
others = st.one_of(
    st.just(HEADER),
    st.just(()),
    st.sampled_from([("Итого",), (None, "Всего:"), ("Итого по филиалу",), ("Москва Итог",), ("В т. ч. НДС",)]),
    st.sampled_from([("Руководитель ____",), ("стр. 2",), ("Филиал",), (None, None, "что-то", None, "ещё")]),
)


@settings(max_examples=200)
@given(
    st.lists(st.one_of(data_rows, others), min_size=1, max_size=20),
    st.booleans(),
    st.booleans(),
)
def test_every_row_is_accounted_for_and_no_data_row_vanishes(rows: list[Row], dictionary: bool, text: bool) -> None:
    padded: list[Row] = [[*row, *[None] * (len(HEADER) - len(row))] for row in rows]
    sheet = sheet_of([HEADER, *padded], dictionary=dictionary, text=text)
    data = {number for number, row in enumerate(padded, start=2) if row[0] and str(row[0])[0].isdigit()}
    if not data:
        with pytest.raises(PharmaError, match=r"NO_DATA_ROWS|ALL_ROWS_REJECTED"):
            report_of(sheet)
        return
    try:
        report = report_of(sheet)
    except PharmaError as error:
        if error.code == "ALL_ROWS_REJECTED":
            return
        raise
    loaded, rejected = set(loaded_rows(report)), {row.row for row in report.rejected}
    assert report.read == sum(1 for row in padded if any(row))
    assert report.read == report.loaded + sum(report.left_out.values()) + len(report.rejected)
    zero = {number for number in data if padded[number - 2][3] == 0}
    assert report.left_out["zero quantity"] == len(zero)
    assert data - zero <= loaded | rejected
    assert loaded <= data
    headers = Counter(map(tuple, padded))[HEADER]
    assert report.left_out.get("repeated header", 0) == headers


@given(st.lists(data_rows, min_size=1, max_size=8))
def test_extra_says_what_has_no_place(rows: list[Row]) -> None:
    report = report_of([(*HEADER, "№"), *[(*row, number) for number, row in enumerate(rows)], (*sale(2), "—")])
    for row in report.table.to_pylist():
        assert set(json.loads(row["extra"])) == {"№"}


vocabulary = st.sampled_from(
    [
        None,
        *HEADER,
        "шт.",
        "Итого",
        "Итого по",
        "1",
        "2",
        "3",
        "02.06.2025",
        "Анальгин",
        "___",
        "Всего",
        " ",
        "\u200b",
        "Товар",
    ]
)
merges = st.builds(
    lambda top, left, height, width: Merge(top, top + height, left, left + width),
    st.integers(1, 12),
    st.integers(0, 7),
    st.integers(0, 4),
    st.integers(0, 4),
)


@settings(max_examples=300)
@given(
    st.lists(st.lists(vocabulary, max_size=7), max_size=10),
    st.lists(st.one_of(data_rows, st.lists(vocabulary, max_size=7)), max_size=6),
    st.lists(merges, max_size=6),
    st.sampled_from(["one", "all"]),
    st.booleans(),
    st.booleans(),
)
def test_any_sheet_ends_in_a_report_or_in_a_problem(
    above: list[Row], below: list[Row], merged: list[Merge], sheets: str, dictionary: bool, text: bool
) -> None:
    layout = layout_of(sheets=sheets, nil_report=True)
    for rows in ([*above, *below], [*above, HEADER, *below]):
        sheet = sheet_of(rows, merges=merged, dictionary=dictionary, text=text)
        assert all(0 <= one.score <= 1 for one in candidates(document_of(sheet), layout))
        assert guess_header(sheet) in (None, *range(sheet.height))
        try:
            report = report_of(sheet, sheet, layout=layout)
        except PharmaError:
            continue
        assert report.read == report.loaded + sum(report.left_out.values()) + len(report.rejected)
