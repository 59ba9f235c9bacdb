"""One cell at a time, by the numbers of the bad inputs 36–48: exact in every style, and a typed problem otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from stdnum.ru import inn

from pharma_assets.model.target import Type
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.layout import DateOrder
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.amounts import Evidence, Role, evidence_of, parse_amount
from pharma_assets.transforms.values.dates import DateStyle, parse_date
from pharma_assets.transforms.values.identifiers import is_valid_inn, parse_inn, parse_text

NBSP, NARROW, THIN, FIGURE = "\u00a0", "\u202f", "\u2009", "\u2007"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", "5"),
        ("007", "7"),
        ("12,5", "12.5"),
        ("12.5", "12.5"),
        (",5", "0.5"),
        (".25", "0.25"),
        ("5,", "5"),
        ("0,500", "0.5"),
        ("1234,567", "1234.567"),
        ("1 234,56", "1234.56"),
        (f"1{NBSP}234{NBSP}567,5", "1234567.5"),
        (f"1{NARROW}234.5", "1234.5"),
        (f"1{THIN}234", "1234"),
        (f"1{FIGURE}234", "1234"),
        ("1 234,567", "1234.567"),
        ("1'234.5", "1234.5"),
        ("1\u2019234\u2019567", "1234567"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234,567", "1234.567"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("1,234,567.8", "1234567.8"),
        ("12,5000000", "12.5"),
        ("1\u200b234\ufeff", "1234"),
        (" 5\t", "5"),
        ("+5", "5"),
        ("999999999999999,999", "999999999999999.999"),
    ],
)
def test_39_an_amount_in_any_style(text: str, value: str) -> None:
    assert parse_amount(text, Kind.TEXT, Type.AMOUNT) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "-5",
        "\u22125",
        "\u20135",
        "\u20145",
        "\u20105",
        "\uff0d5",
        "- 5",
        "5-",
        "5\u2212",
        "(5)",
        "(5,0)",
        "-5 шт.",
        "(5) шт",
    ],
)
def test_45_a_return_is_negative_however_it_is_written(text: str) -> None:
    assert parse_amount(text, Kind.TEXT, Type.AMOUNT) == Decimal(-5)


@pytest.mark.parametrize("unit", ["шт.", "шт", "ШТ", "штук", "уп.", "упак", "упак.", "упаковок", "ед.", "pcs"])
def test_39_packs_are_no_part_of_a_quantity(unit: str) -> None:
    assert parse_amount(f"1 234{NBSP}{unit}", Kind.TEXT, Type.AMOUNT) == Decimal(1234)
    assert parse_amount(f"5{unit}", Kind.TEXT, Type.AMOUNT) == Decimal(5)
    with pytest.raises(CellProblem, match="VALUE_AMOUNT"):
        parse_amount(f"5 {unit}", Kind.TEXT, Type.MONEY)


@pytest.mark.parametrize(
    "text", ["5,50 руб.", "5,50руб", "5,50 р.", "5,50р", "5,50 ₽", "₽5,50", "₽ 5,50", "RUB 5.50", "5.50 RUR"]
)
def test_39_roubles_are_no_part_of_a_sum(text: str) -> None:
    assert parse_amount(text, Kind.TEXT, Type.MONEY) == Decimal("5.50")
    assert parse_amount(f"-{text}", Kind.TEXT, Type.MONEY) == Decimal("-5.50")
    with pytest.raises(CellProblem, match="VALUE_AMOUNT"):
        parse_amount(text, Kind.TEXT, Type.AMOUNT)


@pytest.mark.parametrize(
    "text",
    [
        *("дцать", "NaN", "inf", "Infinity", "1e5", "1,5E+03", "٣", "５", "TRUE", "н/д", "x"),
        *("5%", "5 кг", "$5", "5 €", "5 тыс.", "5 руб. 30 коп.", "№5", "=5", "5*2"),
        *("1 2345", "12 34", "0 123", "0,123,456", "1,23,456", "1.234,567,890", "1 234,567.8", "1.2.3", "01.02.2025"),
        *("(5", "5)", "(-5)", "-(5)", "--5", "-5-", "+-5", "5 -", "3-5", "()", ".", ",", "-,", "- шт."),
        *("1,234", "1.234", "-1,234", "(1.234)", "5,000 шт.", "120,000"),
    ],
)
def test_39_what_is_no_amount_is_a_problem(text: str) -> None:
    with pytest.raises(CellProblem, match="VALUE_AMOUNT"):
        parse_amount(text, Kind.TEXT, Type.AMOUNT)


@pytest.mark.parametrize("text", ["-", "—", "–", "\u2212", "--", " - ", "\u200b"])
def test_44_a_dash_says_nothing_and_is_no_zero(text: str) -> None:
    assert parse_amount(text, Kind.TEXT, Type.AMOUNT) is None
    assert parse_date(text, Kind.TEXT) is None
    assert parse_text(text, Kind.TEXT) == text


@pytest.mark.parametrize(
    ("evidence", "comma", "point"),
    [
        (Evidence(), None, None),
        (Evidence(decimal=frozenset(",")), Role.DECIMAL, None),
        (Evidence(decimal=frozenset(".")), None, Role.DECIMAL),
        (Evidence(decimal=frozenset(",.")), Role.DECIMAL, Role.DECIMAL),
        (Evidence(thousands=frozenset(",")), Role.THOUSANDS, Role.DECIMAL),
        (Evidence(thousands=frozenset(".")), Role.DECIMAL, Role.THOUSANDS),
        (Evidence(thousands=frozenset(".,")), Role.THOUSANDS, Role.THOUSANDS),
        (Evidence(decimal=frozenset(","), thousands=frozenset(".")), Role.DECIMAL, Role.THOUSANDS),
        (Evidence(decimal=frozenset(","), thousands=frozenset(",")), None, None),
        (Evidence(unmarked=True), Role.DECIMAL, Role.DECIMAL),
        (Evidence(decimal=frozenset(","), unmarked=True), Role.DECIMAL, None),
        (Evidence(thousands=frozenset(","), unmarked=True), Role.THOUSANDS, Role.DECIMAL),
    ],
)
def test_39_what_a_mark_means_is_what_the_column_proves(
    evidence: Evidence, comma: Role | None, point: Role | None
) -> None:
    for mark, role in ((",", comma), (".", point)):
        assert evidence.role(mark) is role
        if role is None:
            with pytest.raises(CellProblem, match="VALUE_AMOUNT"):
                parse_amount(f"-1{mark}234", Kind.TEXT, Type.AMOUNT, evidence)
        else:
            value = Decimal("-1.234") if role is Role.DECIMAL else Decimal(-1234)
            assert parse_amount(f"-1{mark}234", Kind.TEXT, Type.AMOUNT, evidence) == value


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        *((text, Evidence()) for text in ("5", "123", "1,234", "12.345", "0", "0123", "5,", "дцать", "", "-")),
        *((text, Evidence(decimal=frozenset(","))) for text in ("12,5", "0,500", "1,2345", ",500", "(0,5) шт.")),
        ("1234,567", Evidence(decimal=frozenset(","), unmarked=True)),
        ("1 234.567", Evidence(decimal=frozenset("."), unmarked=True)),
        ("1,234,567", Evidence(thousands=frozenset(","))),
        ("1.234,5", Evidence(decimal=frozenset(","), thousands=frozenset("."))),
        *((text, Evidence(unmarked=True)) for text in ("1500", "1 500", "-1500 уп.", "1'500")),
    ],
)
def test_39_what_an_amount_proves(text: str, evidence: Evidence) -> None:
    assert evidence_of(text, Type.AMOUNT) == evidence


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("1.2345", Kind.TEXT, "VALUE_OUT_OF_RANGE"),
        ("-1." + "0" * 40 + "1", Kind.TEXT, "VALUE_OUT_OF_RANGE"),
        ("1234567890123456", Kind.TEXT, "VALUE_OUT_OF_RANGE"),
        ("1234567890123456", Kind.NUMBER, "VALUE_OUT_OF_RANGE"),
        ("9" * 40, Kind.TEXT, "VALUE_OUT_OF_RANGE"),
        ("1e300", Kind.NUMBER, "VALUE_OUT_OF_RANGE"),
        ("0.0001", Kind.NUMBER, "VALUE_OUT_OF_RANGE"),
        ("1e999999999999", Kind.NUMBER, "VALUE_AMOUNT"),
        ("nan", Kind.NUMBER, "VALUE_AMOUNT"),
        ("-inf", Kind.NUMBER, "VALUE_AMOUNT"),
        ("TRUE", Kind.BOOL, "VALUE_AMOUNT"),
        ("2025-06-20", Kind.DATE, "VALUE_AMOUNT"),
        ("1" * 1001, Kind.TEXT, "VALUE_TOO_LONG"),
    ],
)
def test_47_what_does_not_fit_is_rejected_and_never_rounded(text: str, kind: Kind, code: str) -> None:
    with pytest.raises(CellProblem, match=code):
        parse_amount(text, kind, Type.AMOUNT)


def test_47_digits_that_excel_has_cut_off_are_missed_in_a_sum_too() -> None:
    with pytest.raises(CellProblem, match="PRECISION_LOST"):
        parse_amount("1234567890123456", Kind.NUMBER, Type.MONEY)
    assert parse_amount("1234567890123456", Kind.TEXT, Type.MONEY) == Decimal(1234567890123456)


def test_float_noise_of_excel_is_no_part_of_a_number() -> None:
    assert parse_amount("0.30000000000000004", Kind.NUMBER, Type.AMOUNT) == Decimal("0.300")
    assert parse_amount("1.234", Kind.NUMBER, Type.AMOUNT) == Decimal("1.234")
    with pytest.raises(CellProblem):
        parse_amount("0.30000000000000004", Kind.TEXT, Type.AMOUNT)


ERRORS = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#ЗНАЧ!", "#Н/Д", "#ссылка!", " #ИМЯ? ", "########"]


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("#REF!", Kind.ERROR, "CELL_ERROR"),
        ("", Kind.ERROR, "CELL_ERROR"),
        ("=A1+B1", Kind.FORMULA, "FORMULA_NO_VALUE"),
        ("=", Kind.FORMULA, "FORMULA_NO_VALUE"),
        ("5\u2400", Kind.TEXT, "VALUE_UNPRINTABLE"),
        ("5\0", Kind.TEXT, "VALUE_UNPRINTABLE"),
        *((text, Kind.TEXT, "CELL_ERROR") for text in ERRORS),
    ],
)
def test_42_43_a_cell_that_no_column_can_take(text: str, kind: Kind, code: str) -> None:
    for parse in (
        lambda: parse_amount(text, kind, Type.AMOUNT),
        lambda: parse_date(text, kind),
        lambda: parse_text(text, kind),
        lambda: parse_inn(text, kind),
    ):
        with pytest.raises(CellProblem, match=code):
            parse()


@pytest.mark.parametrize("text", ["Крем #5", "#1 Аптека", "# 5", "#", "##", "N/A"])
def test_43_a_number_sign_alone_is_no_error(text: str) -> None:
    assert parse_text(text, Kind.TEXT) == text


DAY = datetime(2025, 6, 20)
MOMENT = datetime(2025, 6, 20, 13, 5, 9)


@pytest.mark.parametrize(
    "text",
    [
        *("20.06.2025", " 20.6.2025", "20.06.25", "20/06/2025", "20-06-2025", "06/20/2025", "20/06/25", "6/20/25"),
        *("2025-06-20", "2025/06/20", "2025.06.20", "2025-6-20", "20250620", f"20.06.2025{NBSP}", "20.06.2025г."),
        *("20 июня 2025 г.", "20 июня 2025г", "20 июнь 2025 года", "20 Июн. 2025", "20-июн-2025", "«20» июня 2025 г."),
        *("20 Jun 2025", "20-JUN-25", "20JUN2025", "20 June, 2025", "Jun 20, 2025", "June 20 2025", "Jun-20-2025"),
        *("июн 20 2025 12:00AM", "Jun 20 2025 12:00AM", "июн  20 2025", "июнь 20 2025 0:00", "Июня 20, 2025"),
        *("Пт, 20.06.2025", "пт 20.06.2025", "Пятница, 20 июня 2025 г.", "Fri, 20 Jun 2025", "Friday, June 20, 2025"),
        *(
            "20.06.2025 00:00",
            "20.06.2025 0:00:00",
            "2025-06-20T00:00:00",
            "20.06.2025 12:00:00:000AM",
            "20\u200b.06.2025",
        ),
    ],
)
def test_40_a_day_in_any_style(text: str) -> None:
    assert parse_date(text, Kind.TEXT) == DAY


@pytest.mark.parametrize(
    "text",
    [
        *("20.06.2025 13:05:09", "20.06.2025, 13:05:09", "20.06.2025 в 13:05:09", "20/06/2025 1:05:09 PM"),
        *("2025-06-20 13:05:09", "2025-06-20T13:05:09.000", "2025-06-20T13:05:09.0000000", "20250620T13:05:09"),
        *(
            "20 июня 2025 г. 13:05:09",
            "Jun 20 2025 01:05:09PM",
            "июн 20 2025  1:05:09:000pm",
            "Fri Jun 20 2025 13:05:09",
        ),
    ],
)
def test_40_a_moment_in_any_style(text: str) -> None:
    assert parse_date(text, Kind.TEXT) == MOMENT


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2025-06-20T13:05:09Z", 0),
        ("2025-06-20T13:05:09+03:00", 3),
        ("2025-06-20 13:05:09 +0300", 3),
        ("2025-06-20T13:05:09.000-05", -5),
        ("Fri, 20 Jun 2025 13:05:09 GMT", 0),
        ("Fri Jun 20 2025 13:05:09 GMT+0300", 3),
    ],
)
def test_40_an_offset_from_utc_is_kept(text: str, hours: int) -> None:
    assert parse_date(text, Kind.TEXT) == MOMENT.replace(tzinfo=timezone(timedelta(hours=hours)))


@pytest.mark.parametrize(
    "text",
    [
        *("31.06.2025", "29.02.2025", "00.00.0000", "20.13.2025", "06.20.2025", "20250631", "2025-20-06", "32/01/2025"),
        *("июнь", "Июнь 2025", "06.2025", "2025-06", "июнь 20", "2025", "20 июня", "20.06", "13:45", "Итого", "вчера"),
        *("12:30:00", "1899-12-31T12:30:00", "1904-01-01", "20.06.1989", "20.06.2101", "31.12.2999", "20.06.0025"),
        *("июн 20 2025 13:00AM", "июн 20 2025 0:00PM", "20.06.2025 24:00", "20.06.2025 12:60", "20.06.2025 5"),
        *("xyz 20 2025", "маркетинг 20 2025", "Чт, 20.06.2025", "Mon, 20 Jun 2025", "абв 20.06.2025", "20-06-25"),
        *("20.06/2025", "20.06.2025 21.06.2025", "20.06.2025-30.06.2025", "45810", "2025-06-20T13:05:09.0000001"),
        *("2025-06-20T13:05+99:00", "20 06 2025", "20,06,2025", "٢٠.٠٦.٢٠٢٥", "1e5", "06/07/2025"),
    ],
)
def test_40_what_is_no_day_is_a_problem(text: str) -> None:
    with pytest.raises(CellProblem, match="VALUE_DATE"):
        parse_date(text, Kind.TEXT)


def test_40_a_proven_order_reads_the_open_cells_and_refuses_the_contrary() -> None:
    day_first, month_first = DateStyle(slashed=DateOrder.DAY_FIRST), DateStyle(slashed=DateOrder.MONTH_FIRST)
    assert parse_date("06/07/2025", Kind.TEXT, day_first) == datetime(2025, 7, 6)
    assert parse_date("06-07-2025", Kind.TEXT, month_first) == datetime(2025, 6, 7)
    assert parse_date("06/06/2025", Kind.TEXT) == datetime(2025, 6, 6)
    assert parse_date("06.07.2025", Kind.TEXT, month_first) == datetime(2025, 7, 6)
    assert parse_date("2025/06/07", Kind.TEXT, day_first) == datetime(2025, 6, 7)
    for text, style in (("06/20/2025", day_first), ("20/06/2025", month_first)):
        with pytest.raises(CellProblem, match="VALUE_DATE"):
            parse_date(text, Kind.TEXT, style)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("45828", DAY),
        ("45828.5452430556", MOMENT),
        ("32874", datetime(1990, 1, 1)),
        ("73415", datetime(2100, 12, 31)),
        ("20250620", DAY),
    ],
)
def test_41_an_excel_serial_is_a_day_in_a_numeric_cell(text: str, moment: datetime) -> None:
    assert parse_date(text, Kind.NUMBER) == moment
    assert parse_date("45828,5", Kind.TEXT, DateStyle(serials=True)) == datetime(2025, 6, 20, 12)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((text, Kind.NUMBER) for text in ("0", "0.52", "5", "2025", "32873", "73416", "1e10", "-45828", "nan", "inf")),
        *((text, Kind.NUMBER) for text in ("20251320", "99999999", "абв", "20.06.2025")),
        *((text, Kind.DATE) for text in ("12:30:00", "26:30:00", "1899-12-30T12:30:00", "1904-01-01T12:30:00")),
        ("TRUE", Kind.BOOL),
    ],
)
def test_41_what_is_no_day_in_a_cell_of_another_kind(text: str, kind: Kind) -> None:
    with pytest.raises(CellProblem, match="VALUE_DATE"):
        parse_date(text, kind)


def valid_inn(digits: str) -> str:
    checks = inn.calc_company_check_digit(digits) if len(digits) == 9 else inn.calc_personal_check_digits(digits)
    return digits + str(checks)


COMPANY, PERSON = valid_inn("050001234"), valid_inn("0512345678")


@pytest.mark.parametrize("number", [COMPANY, PERSON])
def test_36_an_inn_is_repaired_where_its_check_digits_prove_it(number: str) -> None:
    lost = number.lstrip("0")
    assert len(lost) == len(number) - 1
    for text in (number, lost, f" {lost}", f"'{number}", f"{number[:4]} {number[4:]}", f"{lost}.0", f"{number},00"):
        assert parse_inn(text, Kind.TEXT) == number
    assert parse_inn(lost, Kind.NUMBER) == number


@pytest.mark.parametrize(
    "text",
    [
        *("7700000000", "123", "ИНН 7701234567", f"{COMPANY}/770101001", COMPANY[1:-1], "-", "000000000", "0000000000"),
        *(f"{COMPANY}.5", "0" + COMPANY, "٧٧٠٠٠٠٠٠٠٠٠٠"),
    ],
)
def test_36_any_other_text_in_place_of_an_inn_stays_as_seen(text: str) -> None:
    assert not is_valid_inn(text)
    assert parse_inn(text, Kind.TEXT) == text


@pytest.mark.parametrize(
    "text", [" 000123 ", "526275.00", "1\u00a0234", "Ёлка", '=HYPERLINK("a")', "=1+1", "1e5", "A+B", "5E+1"]
)
def test_37_46_48_a_text_stays_letter_for_letter(text: str) -> None:
    assert parse_text(text, Kind.TEXT) == text


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("12345678901234567", Kind.NUMBER),
        ("12345678901234500", Kind.NUMBER),
        ("-1000000000000000", Kind.NUMBER),
        ("0.30000000000000004", Kind.NUMBER),
        ("4,60701E+12", Kind.TEXT),
        ("4.60701E+12", Kind.TEXT),
        (" 4e+15", Kind.TEXT),
    ],
)
def test_38_a_number_that_excel_has_cut_short(text: str, kind: Kind) -> None:
    for parse in (parse_text, parse_inn):
        with pytest.raises(CellProblem, match="PRECISION_LOST"):
            parse(text, kind)


def test_37_a_long_code_in_a_numeric_cell_is_exact_up_to_15_digits() -> None:
    for text in ("4607001234567", "999999999999999", "0.00001", "-123"):
        assert parse_text(text, Kind.NUMBER) == text
    assert parse_text("12345678901234567", Kind.TEXT) == "12345678901234567"


def test_47_a_text_that_does_not_fit_is_rejected_with_its_length() -> None:
    assert parse_text("Я" * 1000, Kind.TEXT) == "Я" * 1000
    with pytest.raises(CellProblem, match="1001 characters; at most 1000 are stored"):
        parse_text("Я" * 1001, Kind.TEXT)
    with pytest.raises(CellProblem, match="700 characters; at most 650 are stored"):
        parse_text("💊" * 700, Kind.TEXT)
    assert parse_text("Я" * 1001, Kind.TEXT, limited=False) == "Я" * 1001
