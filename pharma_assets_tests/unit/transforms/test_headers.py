"""Which sheet, which rows are the header, which column is which (BAD_INPUTS 20–30, 46)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Document, Merge
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.headers import candidates, guess_header, locate
from pharma_assets.transforms.layout import Layout
from pharma_assets_tests.unit.transforms.sheets import (
    HEADER,
    SALES,
    Row,
    document_of,
    layout_of,
    report_of,
    sale,
    sheet_of,
)

TITLE: list[Row] = [("Отчёт о продажах за июнь",), ("ООО «Пример»",)]
DATA: list[Row] = [HEADER, sale(2, 5), sale(3, 7)]


def code_of(*sheets: object, layout: Layout | None = None) -> PharmaError:
    with pytest.raises(PharmaError) as error:
        report_of(*sheets, layout=layout)  # type: ignore[arg-type]
    return error.value


def test_a_title_sheet_comes_first_and_the_sheet_with_the_header_is_taken() -> None:
    report = report_of(sheet_of(TITLE, "Титул"), sheet_of(DATA, "Данные"))
    assert (report.sheet, report.loaded) == ("Данные", 2)


def test_only_a_hidden_sheet_has_the_header() -> None:
    hidden = sheet_of(DATA, "Данные", visible=False)
    error = code_of(sheet_of(TITLE), hidden)
    assert (error.code, error.facts) == ("HIDDEN_SHEET", {"sheets": "Данные"})
    report = report_of(sheet_of(TITLE), hidden, layout=layout_of(sheet="данные"))
    assert (report.sheet, report.loaded) == ("Данные", 2)


def test_a_hidden_sheet_beside_a_shown_one_is_not_taken() -> None:
    assert report_of(sheet_of(DATA, "Старое", visible=False), sheet_of(DATA, "Новое")).sheet == "Новое"


def test_hidden_rows_are_taken_with_a_remark() -> None:
    report = report_of(sheet_of([*DATA, sale(4, 1)], hidden=[1, 2, 3]))
    assert report.loaded == 3
    assert [str(remark) for remark in report.remarks] == [
        "HIDDEN_ROWS: sheet Лист1: 2 hidden or filtered rows are taken like all others"
    ]


def test_several_sheets_with_the_header() -> None:
    error = code_of(sheet_of(DATA, "Май"), sheet_of(DATA, "Июнь"))
    assert (error.code, error.facts) == ("AMBIGUOUS_SHEET", {"sheets": "Май, Июнь"})
    assert report_of(sheet_of(DATA, "Май"), sheet_of(DATA, "Июнь"), layout=layout_of(sheet="Июнь")).sheet == "Июнь"


def test_a_sheet_that_has_the_header_only_is_no_rival() -> None:
    assert report_of(sheet_of(DATA[:1], "Лист2"), sheet_of(DATA, "Лист1")).sheet == "Лист1"


def test_all_sheets_are_one_report() -> None:
    moved: list[Row] = [
        ("Итоги прошлых лет",),
        ("Количество", "Товар", "Аптека", "Дата"),
        (4, "Нурофен", "А", "05.06.2025"),
    ]
    report = report_of(
        sheet_of(DATA, "Север"),
        sheet_of(TITLE, "Титул"),
        sheet_of(moved, "Юг"),
        sheet_of(DATA[:1], "Пусто"),
        layout=layout_of(sheets="all"),
    )
    assert (report.sheet, report.header_row, report.read) == ("Север, Юг, Пусто", 1, 3)
    rows = report.table.select(["source_sheet", "source_row", "tms", "amount_type_1", "sum_nds"]).to_pylist()
    assert [tuple(map(str, row.values())) for row in rows] == [
        ("Север", "2", "Анальгин", "5.000", "None"),
        ("Север", "3", "Анальгин", "7.000", "None"),
        ("Юг", "3", "Нурофен", "4.000", "None"),
    ]


def test_all_sheets_and_one_with_a_renamed_column() -> None:
    renamed: list[Row] = [("Дата", "Аптека", "Товар", "Кол-во", "Сумма"), sale(4)]
    error = code_of(sheet_of(DATA, "Север"), sheet_of(renamed, "Юг"), layout=layout_of(sheets="all"))
    assert (error.code, error.facts["sheet"]) == ("MISSING_COLUMN", "Юг")


@pytest.mark.parametrize("lines", [0, 1, 12, 30])
def test_a_preamble(lines: int) -> None:
    preamble: list[Row] = [("Филиал:", "Северный", None, "Дата") if line % 3 else () for line in range(lines)]
    report = report_of([*preamble, *DATA])
    assert (report.header_row, report.loaded) == (lines + 1, 2)


def test_a_header_out_of_reach() -> None:
    error = code_of([*[("x",)] * 12, *DATA], layout=layout_of(header_within=12))
    assert error.code == "HEADER_NOT_FOUND"
    assert error.facts["seen"] == "x"
    assert error.facts["wanted"] == "дата, аптека, товар, количество"


GROUPED = SALES.replace("количество", "продажи шт.").replace("сумма:", "продажи руб.:")
TWO_ROWS: list[Row] = [
    ("Дата", "Аптека", "Товар", "Продажи", None, "Остаток", None),
    (None, None, None, "шт.", "руб.", "шт.", "руб."),
    (*sale(2, 5, 10), 100, 200),
    (*sale(3, 7, 20), 300, 400),
]
BOTTOM: list[Row] = [(None, None, None, *TWO_ROWS[0][3:]), (*TWO_ROWS[0][:3], *TWO_ROWS[1][3:]), *TWO_ROWS[2:]]
MERGES = (
    *(Merge(1, 2, column, column) for column in range(3)),
    Merge(1, 1, 3, 4),
    Merge(1, 1, 5, 6),
)


@pytest.mark.parametrize(
    "sheet",
    [sheet_of(TWO_ROWS), sheet_of(TWO_ROWS, merges=MERGES), sheet_of(BOTTOM), sheet_of(BOTTOM, merges=MERGES[3:])],
    ids=["above", "merged", "below", "below merged"],
)
def test_a_header_of_two_rows(sheet: object) -> None:
    report = report_of(sheet, layout=layout_of(GROUPED))  # type: ignore[arg-type]
    assert (report.header_row, report.read, report.loaded) == (1, 2, 2)
    assert {name: str(total) for name, total in report.sums().items()} == {
        "amount_type_1": "12.000",
        "sum_nds": "30.00",
    }
    assert report.table["extra"].to_pylist() == [
        '{"Остаток шт.":"100","Остаток руб.":"200"}',
        '{"Остаток шт.":"300","Остаток руб.":"400"}',
    ]


@pytest.mark.parametrize("merges", [(), MERGES], ids=["blanks", "merged"])
def test_one_row_of_a_header_is_enough_where_it_is_unique(merges: tuple[Merge, ...]) -> None:
    rows: list[Row] = [
        ("Дата", "Аптека", "Товар", "Продажи", None, "Цена", None),
        (None, None, None, "Шт.", "Сумма", "за шт.", "за уп."),
        *TWO_ROWS[2:],
    ]
    by_lower = report_of(sheet_of(rows, merges=merges), layout=layout_of(SALES.replace("количество", "шт")))
    assert by_lower.sums() == report_of(TWO_ROWS, layout=layout_of(GROUPED)).sums()
    error = code_of(sheet_of(rows, merges=merges), layout=layout_of(SALES.replace("количество", "продажи")))
    assert (error.code, error.facts["columns"]) == ("AMBIGUOUS_COLUMN", "D, E")


def test_the_upper_row_alone_over_one_column() -> None:
    rows: list[Row] = [("Дата", "Аптека", "Товар", "Количество"), (None, None, None, "уп."), sale(2, 5)[:4]]
    merges = [Merge(1, 2, column, column) for column in range(3)]
    report = report_of(sheet_of(rows, merges=merges))
    assert (report.read, report.loaded) == (1, 1)


def test_a_title_merged_over_the_whole_table_is_no_part_of_the_header() -> None:
    report = report_of(sheet_of([("Продажи",), *DATA], merges=[Merge(1, 1, 0, 4)]))
    assert (report.header_row, report.loaded) == (2, 2)


def test_a_header_merged_sideways_stands_for_the_column_that_has_values() -> None:
    rows: list[Row] = [
        ("Дата", "Аптека", "Товар", None, "Количество"),
        ("02.06.2025", "А", None, "Анальгин", 5),
    ]
    report = report_of(sheet_of(rows, merges=[Merge(1, 1, 2, 3)]))
    assert report.table["tms"].to_pylist() == ["Анальгин"]
    assert report.table["extra"].null_count == 1


def test_aliases() -> None:
    layout = layout_of(SALES.replace("{to: amount_type_1,", "{to: amount_type_1, aliases: [Кол-во, qty],"))
    for name in ("Количество", "КОЛ-ВО:", "Qty"):
        assert report_of([("Дата", "Аптека", "Товар", name, "Сумма"), sale(2, 5)], layout=layout).loaded == 1
    error = code_of([("Дата", "Аптека", "Товар", "Количество", "Кол-во"), sale(2, 5)], layout=layout)
    assert (error.code, error.facts["columns"]) == ("AMBIGUOUS_COLUMN", "D, E")


def test_missing_columns_come_with_likely_renames() -> None:
    rows: list[Row] = [("День отгрузки", "Аптека", "Товар", "Кол-во, шт.", "Сумма", "Менеджер"), (*sale(2), "Ли")]
    error = code_of(rows)
    assert error.code == "MISSING_COLUMN"
    assert error.facts["missing"] == "дата, количество"
    assert error.facts["new"] == "День отгрузки, Кол-во, шт., Менеджер"
    assert error.facts["renames"] == "дата → День отгрузки, количество → Кол-во, шт."


def test_extra_columns_are_kept_and_reported_unless_the_layout_knows_them() -> None:
    layout = layout_of(SALES.replace("left_out", "  скидка: {to: null, required: false}\nleft_out"))
    rows: list[Row] = [(*HEADER, "Скидка", "Менеджер", None), (*sale(2), "5 %", "Ли", "!")]
    report = report_of(rows, layout=layout)
    assert report.table["extra"].to_pylist() == ['{"Скидка":"5 %","Менеджер":"Ли","[H]":"!"}']
    assert [(remark.code, remark.facts["columns"]) for remark in report.remarks] == [("EXTRA_COLUMNS", "Менеджер, [H]")]


def test_a_cell_error_in_a_column_that_is_only_kept_rejects_no_row() -> None:
    layout = layout_of(SALES.replace("left_out", "  скидка: {to: null}\nleft_out"))
    report = report_of([(*HEADER, "Скидка"), (*sale(2), 12345678901234567890)], layout=layout)
    assert (report.loaded, report.rejected) == (1, ())


@pytest.mark.parametrize(
    ("extra", "refused"),
    [(("Цвет", "цвет "), False), (("Цена", "Цена"), False), (("Товар", None), True), (("Toвap.", None), True)],
)
def test_a_header_that_stands_twice_matters_only_where_it_is_mapped(extra: Row, refused: bool) -> None:
    layout = layout_of(SALES.replace("left_out", "  цена: {to: null, required: false}\nleft_out"))
    rows: list[Row] = [(*HEADER, *extra), (*sale(2), "а", "б")]
    if refused:
        assert code_of(rows, layout=layout).facts["columns"] == "C, F"
    else:
        report = report_of(rows, layout=layout)
        assert report.table["extra"].to_pylist() == [
            f'{{"{extra[0]}":"а","{str(extra[1]).strip()}{"" if extra[0] != extra[1] else " [G]"}":"б"}}'
        ]


@given(st.permutations(range(5)))
def test_columns_may_stand_in_any_order(order: list[int]) -> None:
    rows = [[row[column] for column in order] for row in (*DATA, sale(9, -2, "12,5"))]
    report = report_of(rows)
    expected = report_of([*DATA, sale(9, -2, "12,5")])
    assert report.table.select(["tms", "amount_type_1", "sum_nds", "period"]).equals(
        expected.table.select(["tms", "amount_type_1", "sum_nds", "period"])
    )


def test_no_header_says_what_was_seen() -> None:
    error = code_of([("Прайс-лист",), ("Код", "Наименование", "Цена"), ("1", "Анальгин", "10")])
    assert error.code == "HEADER_NOT_FOUND"
    assert error.facts["seen"] == "Прайс-лист"
    assert code_of(sheet_of([])).code == "HEADER_NOT_FOUND"
    with pytest.raises(PharmaError, match="HEADER_NOT_FOUND"):
        locate(Document("xlsx", "test", ()), layout_of())


def test_the_sheet_that_the_layout_names_is_not_there() -> None:
    error = code_of(sheet_of(DATA, "Май"), sheet_of(DATA, "Июнь"), layout=layout_of(sheet="Июль"))
    assert (error.code, error.facts["sheets"], error.facts["seen"]) == ("HEADER_NOT_FOUND", "Июль", "Май | Июнь")
    assert report_of(sheet_of(DATA, text=True), layout=layout_of(sheet="Июль")).loaded == 2
    error = code_of(sheet_of(TITLE, text=True), layout=layout_of(sheet="Июль"))
    assert (error.facts["sheets"], error.facts["seen"]) == ("csv", "Отчёт о продажах за июнь")


def test_a_second_header_with_other_places_among_the_rows() -> None:
    rows: list[Row] = [*DATA, ("Дата", "Товар", "Аптека", "Количество"), ("05.06.2025", "Нурофен", "А", 4)]
    error = code_of(rows)
    assert (error.code, error.facts["row"], error.facts["columns"]) == ("AMBIGUOUS_COLUMN", 4, "C, B")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Отчёт", "ОТЧЕТ"),
        ("Количество", "Koличecтвo"),
        ("Кол-во", "КОЛ – ВО:"),
        ("Продажи, шт.", "Продажи\nшт"),
        ("Инн\u200b клиента", "ИНН\u00a0 клиента"),
        ("КОТ", "KOT"),
        ("область_район", "Область район"),
        ("«Товар»*", "Товар"),
    ],
)
def test_headers_that_are_the_same(one: str, other: str) -> None:
    assert normalize_header(one) == normalize_header(other)


@pytest.mark.parametrize(("one", "other"), [("Код", "Коды"), ("Сумма с НДС", "Сумма без НДС"), ("НДС", "НДС, %")])
def test_headers_that_differ(one: str, other: str) -> None:
    assert normalize_header(one) != normalize_header(other)


@given(st.text())
def test_normalizing_twice_changes_nothing(text: str) -> None:
    assert normalize_header(normalize_header(text)) == normalize_header(text)


def test_candidates_tell_what_each_row_has() -> None:
    renamed: list[Row] = [("Дата", "Аптека", "Товар", "Кол-во", "Сумма"), sale(4)]
    found = candidates(
        document_of(
            sheet_of([("Товар",), ("x",)], "Титул"),
            sheet_of(renamed, "Юг", numbers=[7, 8]),
            sheet_of(DATA, "Север", visible=False),
        ),
        layout_of(),
    )
    assert [(one.sheet.name, one.sheet.visible, one.row, one.index, one.score) for one in found] == [
        ("Север", False, 1, 0, 1.0),
        ("Юг", True, 7, 0, 0.75),
        ("Титул", True, 1, 0, 0.25),
    ]
    assert found[0].known == ("дата", "аптека", "товар", "количество", "сумма")
    assert (found[1].missing, found[1].new, found[1].renames) == (
        ("количество",),
        ("Кол-во",),
        {"количество": "Кол-во"},
    )


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (DATA, 0),
        ([*TITLE, ("Период", "01.06.2025 - 30.06.2025"), *DATA], 3),
        ([("Код", "Наименование", "Цена"), (1, "Анальгин", 10), (2, "Нурофен", 20)], 0),
        (TITLE, None),
        ([], None),
        ([(1, 2, 3), (4, 5, 6)], None),
    ],
)
def test_a_header_is_guessed_by_its_shape(rows: list[Row], index: int | None) -> None:
    assert guess_header(sheet_of(rows)) == index
