"""A column at once: what its cells prove about one another, which rows are wrong, and what must be kept beside them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from stdnum.ru import inn

from pharma_assets.errors import PharmaError
from pharma_assets.model.target import TYPES
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.body import SourceColumn
from pharma_assets.transforms.columns import ParsedColumn, arrow_type, parse_column
from pharma_assets.transforms.layout import ColumnRule

INN = "050001234" + str(inn.calc_company_check_digit("050001234"))
MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
JUNE = date(2025, 6, 1)
Cell = str | tuple[str, Kind] | None


def column(cells: list[Cell], encoded: bool = False) -> SourceColumn:
    texts = pa.array([cell[0] if isinstance(cell, tuple) else cell for cell in cells], pa.string())
    kinds = [Kind.BLANK if cell is None else cell[1] if isinstance(cell, tuple) else Kind.TEXT for cell in cells]
    if encoded:
        # As a reader gives them: the dictionary knows texts of rows above, which the slice has left behind.
        above = pa.array(["1,234", "06/20/2025", "12,5", "1,234,567", "заголовок", None], pa.string())
        texts = pa.concat_arrays([above, texts]).dictionary_encode().slice(len(above))
    return SourceColumn("Колонка", 0, texts, np.array(kinds, dtype=np.uint8))


def parsed(cells: list[Cell], timezone: ZoneInfo = MOSCOW, month: date | None = JUNE, **rule: Any) -> ParsedColumn:
    """The parsed column, which must not depend on how the reader stores its texts."""
    given = ColumnRule.model_validate(rule)
    one = parse_column(column(cells), given, timezone, month)
    other = parse_column(column(cells, encoded=True), given, timezone, month)
    assert one.values.to_pylist() == other.values.to_pylist()
    assert codes(one) == codes(other)
    assert one.kept.tolist() == other.kept.tolist()
    assert list(map(str, one.remarks)) == list(map(str, other.remarks))
    expected = arrow_type(TYPES[given.to]) if given.to else one.values.type
    assert one.values.type == other.values.type == expected
    assert all(value is None for value, code in zip(one.values.to_pylist(), codes(one), strict=True) if code)
    return one


def codes(result: ParsedColumn) -> list[str | None]:
    problems = [result.problem_at(index) for index in range(len(result.values))]
    return [None if problem is None else problem.code for problem in problems]


def amounts(cells: list[Cell], to: str = "amount_type_1") -> list[Decimal | str | None]:
    """Each cell's amount, or the code of its problem."""
    result = parsed(cells, to=to)
    return [code or value for value, code in zip(result.values.to_pylist(), codes(result), strict=True)]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,234", "12,5"], ["1.234", "12.5"]),
        (["1.234", "12.5"], ["1.234", "12.5"]),
        (["1,234", "0,500"], ["1.234", "0.5"]),
        (["1,234", "1,234.50"], ["1234", "1234.5"]),
        (["1.234", "1.234,50"], ["1234", "1234.5"]),
        (["1,234", "1,234,567"], ["1234", "1234567"]),
        (["1.234", "1,234,567"], ["1.234", "1234567"]),
        (["1,234", "5 шт.", "1 500 шт."], ["1.234", "5", "1500"]),
        (["1,234", "1500"], ["1.234", "1500"]),
        (["1.250", "1234.000"], ["1.25", "1234"]),
        (["1,234", "5", "17", "999"], [None, "5", "17", "999"]),
        (["1.234", "5,000", "120,000"], [None, None, None]),
        (["1.234", "12,5"], [None, "12.5"]),
        (["1,234", "12,5", "1,234,567"], [None, "12.5", "1234567"]),
        (["1,234", ("1234.5", Kind.NUMBER), ("12,5", Kind.ERROR)], [None, "1234.5", "CELL_ERROR"]),
        (["1 234,567", "1,234"], ["1234.567", "1.234"]),
        (["1,234 шт.", "2,5 шт."], ["1.234", "2.5"]),
    ],
)
def test_39_the_other_cells_say_what_a_mark_means(cells: list[Cell], values: list[str | None]) -> None:
    expected = [
        "VALUE_AMOUNT" if value is None else value if value.isidentifier() else Decimal(value) for value in values
    ]
    assert amounts(cells) == expected


def test_39_doubt_costs_the_row_and_no_other() -> None:
    result = parsed(["1,234", "5", None, "7"], to="amount_type_1")
    assert result.problem_of.tolist() == [0, -1, -1, -1]
    assert result.values.to_pylist() == [None, Decimal(5), None, Decimal(7)]


def test_39_sums_have_two_digits_and_four_when_they_are_noughts() -> None:
    assert amounts(["1 234,50 ₽", "7,5000", "7,505", "0,10"], to="sum_nds") == [
        *(Decimal("1234.50"), Decimal("7.5"), "VALUE_OUT_OF_RANGE", Decimal("0.1")),
    ]


def test_44_blank_dash_and_zero_stay_distinct() -> None:
    result = parsed([None, "-", "0", "—"], to="amount_type_1")
    assert result.values.to_pylist() == [None, None, Decimal(0), None]
    assert result.kept.tolist() == [False, True, False, True]
    assert codes(result) == [None] * 4
    required = parsed([None, "-", "0"], to="amount_type_1", filled=True)
    assert codes(required) == ["VALUE_MISSING", "VALUE_MISSING", None]
    assert codes(parsed([None, "-", "20.06.2025"], to="period", filled=True)) == ["VALUE_MISSING"] * 2 + [None]
    assert parsed(["-"], to="date_godnost").kept.tolist() == [True]
    assert parsed(["-"], to="tms").values.to_pylist() == ["-"]


def test_39_what_an_amount_says_beside_the_number_is_kept() -> None:
    assert parsed(["5", "5 шт.", "-5", "1 500", "(5)"], to="amount_type_1").kept.tolist() == [False, True] + [False] * 3
    assert parsed(["5", "5 ₽", "₽ 5"], to="sum_nds").kept.tolist() == [False, True, True]


def test_39_a_column_that_goes_nowhere_takes_any_unit() -> None:
    result = parsed(["5 шт.", "5,5 руб.", "₽ 7", "5 кг"], parse="amount")
    assert result.values.to_pylist() == [Decimal(5), Decimal("5.5"), Decimal(7), None]


def test_42_43_47_what_no_column_takes() -> None:
    cells: list[Cell] = [
        ("#N/A", Kind.ERROR),
        (None, Kind.ERROR),  # type: ignore[list-item]
        ("=A1", Kind.FORMULA),
        "#ЗНАЧ!",
        "a\u2400",
        "a" * 1001,
        ("TRUE", Kind.BOOL),
    ]
    unreadable = ["CELL_ERROR", "CELL_ERROR", "FORMULA_NO_VALUE", "CELL_ERROR", "VALUE_UNPRINTABLE", "VALUE_TOO_LONG"]
    assert codes(parsed(cells, to="amount_type_1")) == [*unreadable, "VALUE_AMOUNT"]
    assert codes(parsed(cells, to="period")) == [*unreadable, "VALUE_DATE"]
    assert codes(parsed(cells, to="tms")) == [*unreadable, None]
    assert codes(parsed(cells, to="client_inn")) == [*unreadable, None]
    assert codes(parsed(cells, to="market", lookup={"values": {"да": "Тендер"}})) == [*unreadable, None]


def test_47_extra_takes_any_length() -> None:
    assert codes(parsed(["a" * 1001, "#N/A"])) == [None, "CELL_ERROR"]


def test_38_a_code_in_a_column_of_text() -> None:
    cells: list[Cell] = [("460700123456789012", Kind.NUMBER), ("4607001234567", Kind.NUMBER), "4,60701E+12", "A+1"]
    result = parsed(cells, to="tms_id_ish")
    assert codes(result) == ["PRECISION_LOST", None, "PRECISION_LOST", None]
    assert result.values.to_pylist() == [None, "4607001234567", None, "A+1"]


def test_48_what_looks_like_a_formula_stays_text() -> None:
    cells: list[Cell] = ['=HYPERLINK("http://example.org";"Аптека")', "+7 900", "-", "@a", "526275.00"]
    assert parsed(cells, to="client_inlaw").values.to_pylist() == cells


def test_36_an_inn_that_is_none_is_loaded_and_remarked_upon() -> None:
    cells: list[Cell] = [INN, (INN[1:], Kind.NUMBER), "7700000000", "7700000000", "абв", None]
    result = parsed(cells, to="client_inn")
    assert result.values.to_pylist() == [INN, INN, "7700000000", "7700000000", "абв", None]
    assert result.kept.tolist() == [False, True, False, False, False, False]
    (remark,) = result.remarks
    assert remark.code == "INN_INVALID"
    assert (remark.facts["column"], remark.facts["cells"], remark.facts["example"]) == ("Колонка", 3, "7700000000")
    assert parsed([INN, None], to="client_inn").remarks == ()


def days(cells: list[Cell], month: date | None = JUNE, to: str = "period", dates: str = "auto") -> list[str | None]:
    """Each cell's local day as text, or the code of its problem."""
    result = parsed(cells, month=month, to=to, dates=dates)
    local = result.local_moments().to_pylist()
    return [code or (day and day.date().isoformat()) for day, code in zip(local, codes(result), strict=True)]


def test_40_a_cell_over_12_says_how_the_others_are_read() -> None:
    assert days(["03/04/2025", "20/06/2025"]) == ["2025-04-03", "2025-06-20"]
    assert days(["03/04/2025", "06/20/2025"]) == ["2025-03-04", "2025-06-20"]
    assert days(["03-04-2025", "20/06/2025 10:15"]) == ["2025-04-03", "2025-06-20"]
    assert days(["Fri 06/06/2025", "03/04/2025", "Fri 04/07/2025"]) == ["2025-06-06", "2025-04-03", "2025-07-04"]
    assert days(["03/04/2025 00:00", "13/04/2025 12:00"]) == ["2025-04-03", "2025-04-13"]


def test_40_the_folders_month_says_it_where_no_cell_does() -> None:
    assert days(["06/03/2025", "06/04/2025"]) == ["2025-06-03", "2025-06-04"]
    assert days(["03/06/2025", "04/06/2025"]) == ["2025-06-03", "2025-06-04"]
    assert days(["06/06/2025"], month=None) == ["2025-06-06"]


@pytest.mark.parametrize(
    ("cells", "month", "to"),
    [
        (["03/04/2025"], JUNE, "period"),
        (["03/04/2025"], None, "period"),
        (["03/06/2025", "06/04/2025"], JUNE, "period"),
        (["03/06/2025"], JUNE, "date_godnost"),
        (["03/04/2025", "20/06/2025", "06/20/2025"], JUNE, "period"),
        (["03/04/2025", "20.06.2025"], JUNE, "period"),
        (["03/04/2025", ("2025-06-20", Kind.DATE)], JUNE, "period"),
        (["03.04.2025", "06.20.2025"], JUNE, "period"),
        (["03/04/25", "Итого"], JUNE, "period"),
    ],
)
def test_40_real_doubt_about_day_and_month_fails_the_file(cells: list[Cell], month: date | None, to: str) -> None:
    for encoded in (False, True):
        with pytest.raises(PharmaError, match="DATE_AMBIGUOUS") as error:
            parse_column(column(cells, encoded), ColumnRule(to=to), MOSCOW, month)
        assert error.value.facts["column"] == "Колонка"
        assert str(error.value.facts["example"]) in map(str, cells)


def test_40_the_layout_settles_the_doubt() -> None:
    open_cells: list[Cell] = ["03/04/2025", "20/06/2025", "06/20/2025"]
    assert days(open_cells, dates="dmy") == ["2025-04-03", "2025-06-20", "VALUE_DATE"]
    assert days(open_cells, dates="mdy") == ["2025-03-04", "VALUE_DATE", "2025-06-20"]
    assert days(["03.04.2025", "06.20.2025"], dates="mdy") == ["2025-03-04", "2025-06-20"]
    assert days(["03.04.2025", "06.20.2025"], dates="dmy") == ["2025-04-03", "VALUE_DATE"]
    assert days(["03.04.2025", "20.06.2025"], dates="mdy") == ["2025-04-03", "2025-06-20"]


def test_40_points_and_iso_leave_no_doubt() -> None:
    assert days(["03.04.2025", "2025-04-03", "20250403", "3 апреля 2025 г."], month=None) == ["2025-04-03"] * 4
    assert days(["03.04.2025", "20.06.2025", "21.06.2025", "06.20.2025"]) == [
        *("2025-04-03", "2025-06-20", "2025-06-21", "VALUE_DATE"),
    ]
    assert days(["20/06/2025", "06/20/2025"]) == ["2025-06-20", "2025-06-20"]


def test_41_serials_as_text_are_days_only_where_all_numbers_are() -> None:
    assert days(["45809", "45838,5", "Итого", None, "-"]) == ["2025-06-01", "2025-06-30", "VALUE_DATE", None, None]
    for other in ("17", "20.06.2025", "20.06.2025 10:15", "1,5", "99999"):
        assert days(["45809", other])[0] == "VALUE_DATE"
    assert days([("45809", Kind.NUMBER), "20.06.2025"]) == ["2025-06-01", "2025-06-20"]
    assert days(["45809", ("2025-06-20T10:15:00", Kind.DATE)]) == ["2025-06-01", "2025-06-20"]


def test_40_moments_in_utc() -> None:
    cells: list[Cell] = ["20.06.2025 10:15", "2025-06-20T07:15:00Z", "31.06.2025 10:15", "20.06.2025 25:15"]
    result = parsed(cells, to="period")
    moment = datetime(2025, 6, 20, 7, 15, tzinfo=UTC)
    assert result.values.to_pylist() == [moment, moment, None, None]
    assert codes(result) == [None, None, "VALUE_DATE", "VALUE_DATE"]
    assert result.local_moments().to_pylist()[1] == datetime(2025, 6, 20, 10, 15)


def test_40_clocks_put_forward_and_back() -> None:
    cells: list[Cell] = [
        *("30.03.2025 01:59:59", "30.03.2025 03:00", "26.10.2025 01:59", "26.10.2025 03:00", "26.10.2025 02:30"),
        *("2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"),
    ]
    assert [moment.strftime("%H:%M:%S") for moment in parsed(cells, BERLIN, to="period").values.to_pylist()] == [
        *("00:59:59", "01:00:00", "23:59:00", "02:00:00", "00:30:00", "00:30:00", "01:30:00"),
    ]


def test_a_column_without_rows_or_without_cells() -> None:
    for to in ("amount_type_1", "sum_nds", "period", "tms", "client_inn"):
        assert parsed([], to=to).values.to_pylist() == []
        result = parsed([None, None], to=to, filled=True)
        assert result.values.to_pylist() == [None, None]
        assert codes(result) == ["VALUE_MISSING"] * 2


def test_a_lookup_keeps_what_its_value_does_not_tell() -> None:
    result = parsed(
        ["да", "ДА ", None, "опт", "#N/A"], to="market", lookup={"values": {"да": "Тендер"}, "blank": "Коммерция"}
    )
    assert result.values.to_pylist() == ["Тендер", "Тендер", "Коммерция", "опт", None]
    assert result.kept.tolist() == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("decimal", "texts", "amounts"),
    [
        ("comma", ["1,250", "5.000"], ["1.250", "5000.000"]),
        ("dot", ["1,250", "5.000"], ["1250.000", "5.000"]),
        ("dot", ["1,250.5", "1 000"], ["1250.500", "1000.000"]),
    ],
)
def test_39_a_layout_settles_the_decimal_mark(decimal: str, texts: list[str], amounts: list[str]) -> None:
    rule = ColumnRule.model_validate({"to": "amount_type_1", "decimal": decimal})
    source = SourceColumn("Количество", 0, pa.array(texts), np.full(len(texts), Kind.TEXT, np.uint8))
    parsed = parse_column(source, rule, ZoneInfo("Europe/Moscow"))
    assert [str(value) for value in parsed.values.to_pylist()] == amounts


def test_41_day_numbers_of_a_workbook_that_counts_from_1904() -> None:
    texts, kinds = pa.array(["44348", "0.5", "2025-06-03"]), np.array([Kind.NUMBER, Kind.NUMBER, Kind.DATE], np.uint8)
    source = SourceColumn("Дата", 0, texts, kinds, from_1904=True)
    parsed = parse_column(source, ColumnRule.model_validate("period"), ZoneInfo("Europe/Moscow"))
    assert parsed.local_moments().to_pylist() == [datetime(2025, 6, 2), None, datetime(2025, 6, 3)]
