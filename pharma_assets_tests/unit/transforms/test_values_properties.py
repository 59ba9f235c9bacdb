"""What holds for any value, text and column: no style changes a value, no text breaks a parser, no column flips a cell
that says itself what it is, and the fast way through a column gives what the careful one gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stdnum.ru import inn

from pharma_assets.errors import PharmaError
from pharma_assets.model.target import Type
from pharma_assets.reading.sheet import Kind
from pharma_assets.transforms.body import SourceColumn
from pharma_assets.transforms.columns import ParsedColumn, parse_column
from pharma_assets.transforms.layout import ColumnRule
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.amounts import NO_EVIDENCE, Evidence, evidence_of, parse_amount
from pharma_assets.transforms.values.date_order import date_style
from pharma_assets.transforms.values.dates import parse_date
from pharma_assets.transforms.values.identifiers import is_valid_inn, parse_inn, parse_text

MOSCOW = ZoneInfo("Europe/Moscow")
JUNE = date(2025, 6, 1)


def outcome_of(parse: Callable[..., object], *given_: object) -> object:
    """What a parser gives, or the code of its problem; nothing else may be raised."""
    try:
        return parse(*given_)
    except CellProblem as problem:
        return problem.code


BLANKS = ["", " ", "\u00a0", "\u202f", "\u2009", "'", "\u2019"]


def grouped(whole: str, by: str) -> str:
    return f"{int(whole):,}".replace(",", by)


@st.composite
def styled_amounts(draw: st.DrawFn) -> tuple[Decimal, str, Evidence, bool]:
    """A quantity, its text in a random style, what a column in that style proves, and whether the text alone may be
    read in two ways."""
    value = draw(st.decimals(-(10**14), 10**14, places=draw(st.integers(0, 3))))
    whole, _, fraction = f"{abs(value):f}".partition(".")
    point = draw(st.sampled_from(".,"))
    group = draw(st.sampled_from([*BLANKS, "," if point == "." else "."]))
    text = (grouped(whole, group) if group else whole) + (point + fraction if fraction else "")
    open_ = re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", text) is not None
    if value < 0:
        text = draw(st.sampled_from(["-{}", "\u2212{}", "{}-", "({})", "- {}"])).format(text)
    text = draw(st.sampled_from(["", " ", "\u00a0"])) + text + draw(st.sampled_from(["", " шт.", "уп", "\u00a0упак."]))
    marked = frozenset(group) & frozenset(".,")
    return value, text, Evidence(frozenset(point), marked, unmarked=not marked), open_


@given(styled_amounts())
def test_an_amount_in_any_style_is_the_same_amount(styled: tuple[Decimal, str, Evidence, bool]) -> None:
    value, text, evidence, open_ = styled
    assert parse_amount(text, Kind.TEXT, Type.AMOUNT, evidence) == value
    assert evidence_of(text, Type.AMOUNT) | evidence == evidence
    assert outcome_of(parse_amount, text, Kind.TEXT, Type.AMOUNT) == ("VALUE_AMOUNT" if open_ else value)


evidences = st.builds(
    Evidence, st.frozensets(st.sampled_from(".,")), st.frozensets(st.sampled_from(".,")), st.booleans()
)
written = st.text("0123456789.,- ()шт\u00a0'", max_size=12)


@settings(max_examples=500)
@given(written, evidences)
def test_no_column_flips_an_amount_that_says_itself_what_it_is(text: str, evidence: Evidence) -> None:
    try:
        alone = parse_amount(text, Kind.TEXT, Type.AMOUNT)
    except CellProblem:
        return
    assert parse_amount(text, Kind.TEXT, Type.AMOUNT, evidence) == alone


RUSSIAN = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
NOMINATIVE = "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь".split()
SHORT = "янв фев мар апр май июн июл авг сен окт ноя дек".split()
WEEKDAYS = "пн вт ср чт пт сб вс".split()

UNMISTAKABLE = [
    lambda day: f"{day:%d.%m.%Y}",
    lambda day: f" {day.day}.{day.month}.{day.year} г.",
    lambda day: day.isoformat(),
    lambda day: f"{day:%Y/%m/%d}",
    lambda day: f"{day:%Y%m%d}",
    lambda day: f"{day.day} {RUSSIAN[day.month - 1]} {day.year} г.",
    lambda day: f"{day.day} {NOMINATIVE[day.month - 1].title()} {day.year}",
    lambda day: f"{day:%d}-{SHORT[day.month - 1]}-{day:%Y}",
    lambda day: f"{SHORT[day.month - 1]} {day.day:2d} {day.year}",
    lambda day: f"{day:%d %b %Y}",
    lambda day: f"{day:%d-%b-%y}".upper(),
    lambda day: f"{day:%b %d, %Y}",
    lambda day: f"{day:%A, %d %B %Y}",
    lambda day: f"{WEEKDAYS[day.weekday()]}, {day:%d.%m.%y}",
]
TIMES = [
    lambda clock: f" {clock:%H:%M:%S}",
    lambda clock: f" {clock.hour}:{clock:%M:%S}",
    lambda clock: f" {clock:%I:%M:%S%p}",
    lambda clock: f" {clock:%I:%M:%S %p}",
    lambda clock: f", {clock:%H:%M:%S}",
    lambda clock: f"T{clock:%H:%M:%S}.000",
]
some_days = st.dates(date(1990, 1, 1), date(2089, 12, 31))
clocks = st.times().map(lambda value: value.replace(microsecond=0))


@given(some_days, clocks, st.sampled_from(UNMISTAKABLE), st.sampled_from(TIMES))
def test_a_day_in_any_style_is_the_same_day(day: date, clock: time, style: object, timed: object) -> None:
    assert callable(style)
    assert callable(timed)
    assert parse_date(style(day), Kind.TEXT) == datetime.combine(day, time())
    assert parse_date(style(day) + timed(clock), Kind.TEXT) == datetime.combine(day, clock)


@given(some_days)
def test_an_excel_serial_is_the_same_day(day: date) -> None:
    serial = str((day - date(1899, 12, 30)).days)
    assert parse_date(serial, Kind.NUMBER) == datetime.combine(day, time())
    with pytest.raises(CellProblem, match="VALUE_DATE"):
        parse_date(serial, Kind.TEXT)


@given(
    st.lists(st.dates(date(2024, 1, 1), date(2026, 12, 31)), min_size=1, max_size=10),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y"]),
    st.booleans(),
)
def test_a_column_in_one_order_is_read_in_that_order_or_not_at_all(days: list[date], form: str, known: bool) -> None:
    inside = known and all((day.year, day.month) == (2025, 6) for day in days)
    column = text_column([day.strftime(form) for day in days])
    try:
        result = parse_column(column, ColumnRule(to="period"), MOSCOW, JUNE if inside else None)
    except PharmaError:
        assert all(day.day <= 12 for day in days)
        assert any(day.day != day.month for day in days)
        return
    assert [moment.date() for moment in result.local_moments().to_pylist()] == days


any_text = st.one_of(
    st.text(max_size=20),
    written,
    st.text("0123456789.,-/ :+TZг", max_size=20),
    st.sampled_from(
        ["#N/A", "\u2400", "1" * 2000, "nan", "-inf", "sNaN", "1e999999999999", "0E-99999999", "20.06.2025"]
    ),
)


@settings(max_examples=1000)
@given(any_text, st.sampled_from([kind for kind in Kind if kind is not Kind.BLANK]))
def test_any_text_is_a_value_or_a_problem(text: str, kind: Kind) -> None:
    outcome_of(parse_amount, text, kind, Type.AMOUNT)
    outcome_of(parse_amount, text, kind, Type.MONEY)
    for parse in (parse_date, parse_text, parse_inn):
        outcome_of(parse, text, kind)


def text_column(texts: Sequence[str | None], kinds: Sequence[Kind] | None = None) -> SourceColumn:
    given_kinds = kinds or [Kind.BLANK if text is None else Kind.TEXT for text in texts]
    return SourceColumn("h", 0, pa.array(texts, pa.string()), np.array(given_kinds, dtype=np.uint8))


def outcome(result: ParsedColumn, index: int) -> object:
    problem = result.problem_at(index)
    return result.values[index].as_py() if problem is None else problem.code


plain_cells = st.one_of(
    st.integers(-(10**16), 10**16).map(str),
    st.decimals(-(10**6), 10**6, places=3).map(str),
    st.decimals(-(10**4), 10**4, places=3).map(lambda value: str(value).replace(".", ",")),
    st.integers(1, 10**12).map(lambda value: f"{value:,}".replace(",", "\u00a0") + ",50"),
    st.from_regex(r"-?[0-9]{1,17}([.,][0-9]{0,6})?", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}[., ][0-9]{3}", fullmatch=True),
    written,
)


@settings(max_examples=500)
@given(
    st.lists(st.tuples(plain_cells, st.sampled_from([Kind.TEXT, Kind.NUMBER])), min_size=1, max_size=6),
    st.sampled_from([("amount_type_1", Type.AMOUNT), ("sum_nds", Type.MONEY)]),
)
@example([("1,234", Kind.TEXT), ("12,5", Kind.NUMBER)], ("amount_type_1", Type.AMOUNT))
@example([("1,230", Kind.TEXT), ("1234", Kind.TEXT)], ("sum_nds", Type.MONEY))
def test_a_column_of_amounts_gives_what_its_cells_give(cells: list[tuple[str, Kind]], target: tuple[str, Type]) -> None:
    to, stored_as = target
    texts = [text for text, _ in cells]
    evidence = NO_EVIDENCE
    for text, kind in cells:
        if kind is Kind.TEXT:
            evidence |= evidence_of(text, stored_as)
    column = parse_column(text_column(texts, [kind for _, kind in cells]), ColumnRule.model_validate(to), MOSCOW)
    for index, (text, kind) in enumerate(cells):
        assert outcome(column, index) == outcome_of(parse_amount, text, kind, stored_as, evidence)


moment_cells = st.one_of(
    st.from_regex(r"[0-3][0-9]\.[01][0-9]\.20[0-9]{2}[ T][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?", fullmatch=True),
    st.from_regex(r"20[0-9]{2}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?", fullmatch=True),
    st.from_regex(r"[0-3][0-9]\.[01][0-9]\.20[0-9]{2}", fullmatch=True),
    st.datetimes(datetime(1989, 1, 1), datetime(2101, 12, 31)).map(lambda moment: f"{moment:%d.%m.%Y %H:%M:%S}"),
    st.sampled_from(["45810", "-", "20/06/2025", "Итого"]),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(moment_cells, st.sampled_from([Kind.TEXT, Kind.DATE])), min_size=1, max_size=6))
def test_a_column_of_moments_gives_what_its_cells_give(cells: list[tuple[str, Kind]]) -> None:
    column = text_column([text for text, _ in cells], [kind for _, kind in cells])
    rule = ColumnRule(to="period")
    try:
        style = date_style("h", [text for text, kind in cells if kind is Kind.TEXT], rule.dates, None)
    except PharmaError as error:
        with pytest.raises(PharmaError, match=error.code):
            parse_column(column, rule, MOSCOW)
        return
    result = parse_column(column, rule, MOSCOW)
    for index, (text, kind) in enumerate(cells):
        expected = outcome_of(parse_date, text, kind, style)
        if isinstance(expected, datetime):
            expected = expected.replace(tzinfo=MOSCOW).astimezone(UTC)
        assert outcome(result, index) == expected


inns = st.one_of(
    st.from_regex(r"[0-9]{9}", fullmatch=True).map(lambda digits: digits + str(inn.calc_company_check_digit(digits))),
    st.from_regex(r"[0-9]{10}", fullmatch=True).map(
        lambda digits: digits + str(inn.calc_personal_check_digits(digits))
    ),
)


@settings(max_examples=300)
@given(
    st.lists(st.one_of(inns, inns.map(lambda text: text[1:]), st.from_regex(r"[0-9]{8,13}", fullmatch=True), written))
)
def test_a_column_of_inn_gives_what_its_cells_give(texts: list[str]) -> None:
    column = parse_column(text_column(texts), ColumnRule.model_validate("client_inn"), MOSCOW)
    invalid = 0
    for index, text in enumerate(texts):
        expected = parse_inn(text, Kind.TEXT)
        assert outcome(column, index) == expected
        assert is_valid_inn(expected) == bool(
            expected.isascii() and expected.isdigit() and inn.is_valid(expected) and not expected.startswith("00")
        )
        invalid += not is_valid_inn(expected)
    assert [remark.facts["cells"] for remark in column.remarks] == ([invalid] if invalid else [])


@given(st.lists(any_text, min_size=1, max_size=5))
def test_a_column_of_text_gives_what_its_cells_give(texts: list[str]) -> None:
    column = parse_column(text_column(texts), ColumnRule(to="tms"), MOSCOW)
    for index, text in enumerate(texts):
        assert outcome(column, index) == outcome_of(parse_text, text, Kind.TEXT)
