"""Amounts, dates and identifiers: exact in every style, and a typed problem otherwise."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.ru import inn

from pharma_assets.model.target import Type
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.amounts import parse_amount
from pharma_assets.transforms.values.dates import parse_date
from pharma_assets.transforms.values.identifiers import parse_inn, parse_text

amounts = st.decimals(Decimal("-99999999999.999"), Decimal("99999999999.999"), places=3)
GROUPS = [" ", "\u00a0", "\u202f", "\u2009"]


def grouped(digits: str, separator: str) -> str:
    return f"{int(digits):,}".replace(",", separator)


@given(amounts, st.sampled_from([".", ","]), st.sampled_from(["", *GROUPS]), st.sampled_from("-\u2212("))
def test_an_amount_in_any_style_is_the_same_amount(value: Decimal, point: str, group: str, sign: str) -> None:
    whole, _, fraction = f"{abs(value):f}".partition(".")
    text = (grouped(whole, group) if group else whole) + point + fraction
    if value < 0:
        text = f"({text})" if sign == "(" else f"{sign}{text}"
    assert parse_amount(text, Kind.TEXT, Type.AMOUNT) == value


@given(st.integers(1_000, 10**14), st.integers(0, 99))
def test_thousands_with_points_or_commas_need_the_other_sign(whole: int, cents: int) -> None:
    exact = Decimal(f"{whole}.{cents:02d}")
    assert parse_amount(f"{grouped(str(whole), '.')},{cents:02d}", Kind.TEXT, Type.MONEY) == exact
    assert parse_amount(f"{grouped(str(whole), ',')}.{cents:02d}", Kind.TEXT, Type.MONEY) == exact


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("дцать", Kind.TEXT, "VALUE_AMOUNT"),
        ("-", Kind.TEXT, "VALUE_AMOUNT"),
        ("1 2345", Kind.TEXT, "VALUE_AMOUNT"),
        ("(5", Kind.TEXT, "VALUE_AMOUNT"),
        ("1e5", Kind.TEXT, "VALUE_AMOUNT"),
        ("NaN", Kind.TEXT, "VALUE_AMOUNT"),
        ("inf", Kind.TEXT, "VALUE_AMOUNT"),
        ("٣", Kind.TEXT, "VALUE_AMOUNT"),
        ("1.2345", Kind.TEXT, "VALUE_OUT_OF_RANGE"),
        ("1234567890123456", Kind.TEXT, "VALUE_OUT_OF_RANGE"),
        ("9" * 40, Kind.TEXT, "VALUE_OUT_OF_RANGE"),
        ("#N/A", Kind.ERROR, "CELL_ERROR"),
    ],
)
def test_what_is_no_amount_is_a_problem(text: str, kind: Kind, code: str) -> None:
    with pytest.raises(CellProblem) as problem:
        parse_amount(text, kind, Type.AMOUNT)
    assert problem.value.code == code


def test_float_noise_of_excel_is_no_part_of_a_number() -> None:
    assert parse_amount("0.30000000000000004", Kind.NUMBER, Type.AMOUNT) == Decimal("0.300")
    with pytest.raises(CellProblem):
        parse_amount("0.30000000000000004", Kind.TEXT, Type.AMOUNT)


days = st.dates(date(1990, 1, 1), date(2099, 12, 31))
clocks = st.times().map(lambda value: value.replace(microsecond=0))
RUSSIAN = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@given(days, clocks, st.sampled_from([RUSSIAN, ENGLISH]))
def test_a_day_in_any_style_is_the_same_day(day: date, clock: time, months: tuple[str, ...]) -> None:
    midnight = datetime.combine(day, time())
    assert parse_date(f"{day:%d.%m.%Y}", Kind.TEXT) == midnight
    assert parse_date(f" {day.day}.{day.month}.{day.year} ", Kind.TEXT) == midnight
    assert parse_date(day.isoformat(), Kind.DATE) == midnight
    name = months[day.month - 1]
    assert parse_date(f"{name} {day.day:2d} {day.year} 12:00AM", Kind.TEXT) == midnight
    moment = datetime.combine(day, clock)
    assert parse_date(f"{day:%d.%m.%Y} {clock}", Kind.TEXT) == moment
    assert parse_date(moment.isoformat(), Kind.DATE) == moment
    minute = moment.replace(second=0)
    assert parse_date(f"{name} {day.day} {day.year} {minute:%I:%M%p}", Kind.TEXT) == minute


@given(days)
def test_an_excel_serial_is_a_date_in_a_numeric_cell_only(day: date) -> None:
    serial = str((day - date(1899, 12, 30)).days)
    assert parse_date(serial, Kind.NUMBER) == datetime.combine(day, time())
    with pytest.raises(CellProblem, match="VALUE_DATE"):
        parse_date(serial, Kind.TEXT)


@pytest.mark.parametrize(
    "text", ["31.06.2025", "20/06/2025", "июнь", "13:45", "00.00.0000", "июн 20 2025 13:00AM", "xyz 20 2025"]
)
def test_what_is_no_date_is_a_problem(text: str) -> None:
    with pytest.raises(CellProblem, match="VALUE_DATE"):
        parse_date(text, Kind.TEXT)


@given(st.from_regex(r"[0-9]{9}", fullmatch=True), st.sampled_from([Kind.TEXT, Kind.NUMBER]))
def test_a_lost_zero_of_an_inn_comes_back_only_when_its_check_digit_proves_it(digits: str, kind: Kind) -> None:
    valid = digits + str(inn.calc_company_check_digit(digits))
    assert parse_inn(valid, Kind.TEXT) == valid
    if valid[0] == "0" and valid[1] != "0":
        assert parse_inn(valid[1:], kind) == valid
    broken = f"{digits[:8]}{(int(digits[8]) + 1) % 10}"
    if not inn.is_valid(f"0{broken}"):
        assert parse_inn(broken, Kind.TEXT) == broken


def test_an_identifier_stays_letter_for_letter() -> None:
    assert parse_text(" 000123 ", Kind.TEXT) == " 000123 "
    assert parse_text("4607001234567", Kind.NUMBER) == "4607001234567"
    with pytest.raises(CellProblem, match="PRECISION_LOST"):
        parse_text("12345678901234567", Kind.NUMBER)
    with pytest.raises(CellProblem, match="CELL_ERROR"):
        parse_text("#REF!", Kind.ERROR)
