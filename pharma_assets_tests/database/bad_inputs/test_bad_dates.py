"""BAD_INPUTS 40, 41 and 49: days."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from pharma_assets_tests.database.bad_inputs.formats import EVERY_BUILDER
from pharma_assets_tests.database.bad_inputs.inbox import Inbox, Rejected
from pharma_assets_tests.database.bad_inputs.report import (
    CODES,
    COLUMNS,
    DAY,
    HEADER,
    INN,
    ONE,
    REPORT,
    ROWS,
    STORED,
    SUMS,
    rows_of,
    stored,
)
from pharma_assets_tests.database.bad_inputs.tables import Table, csv
from pharma_assets_tests.database.bad_inputs.workbooks import (
    put,
    put_xls,
    workbook,
    xls_workbook,
    xlsx,
)

DATES = {
    "02.06.2025": "2025-06-02",
    "2.6.2025": "2025-06-02",
    "02.06.25": "2025-06-02",
    "02.06.2025 00:00:00": "2025-06-02",
    "02.06.2025 13:45": "2025-06-02 13:45",
    "02.06.2025 9:05:59": "2025-06-02 09:05",
    "2025-06-02": "2025-06-02",
    "2025-06-02T13:45:00": "2025-06-02 13:45",
    "2025-06-02 13:45:00.000": "2025-06-02 13:45",
    "июн  2 2025 12:00AM": "2025-06-02",
    "июн 20 2025 12:00AM": "2025-06-20",
    "июн 20 2025  1:45PM": "2025-06-20 13:45",
    "Jun 20 2025 12:00AM": "2025-06-20",
    "Jun 20 2025 12:00PM": "2025-06-20 12:00",
    "20 июня 2025": "2025-06-20",
    "20 июня 2025 г.": "2025-06-20",
    "20 Июн 2025": "2025-06-20",
    "20-июн-2025": "2025-06-20",
    "июнь 20 2025": "2025-06-20",
    "25/06/2025": "2025-06-25",
    "06/25/2025": "2025-06-25",
    "2025.06.20": "2025-06-20",
    "20250620": "2025-06-20",
}


@pytest.mark.parametrize("written", DATES)
def test_case_40_text_dates(inbox: Inbox, written: str) -> None:
    taken = inbox.take_in(csv(rows_of("Дата", written)))
    taken.loads(read=1, sums=ONE)
    assert [row[0] for row in stored(taken.rows)] == [DATES[written]]


MONTHS = [
    ("янв", "января", "январь"),
    ("фев", "февраля", "февраль"),
    ("мар", "марта", "март"),
    ("апр", "апреля", "апрель"),
    ("май", "мая", "МАЙ"),
    ("июн", "июня", "июнь"),
    ("июл", "июля", "июль"),
    ("авг", "августа", "август"),
    ("сен", "сентября", "сентябрь"),
    ("окт", "октября", "октябрь"),
    ("ноя", "ноября", "ноябрь"),
    ("дек", "декабря", "декабрь"),
]


@pytest.mark.parametrize(("month", "names"), list(enumerate(MONTHS, 1)), ids=range(1, 13))
def test_case_40_russian_month_names(inbox: Inbox, month: int, names: Sequence[str]) -> None:
    cells = [f"{names[0]} 15 2025 12:00AM", f"{names[2]} 15 2025", f"{names[1].upper()} 15 2025"]
    taken = inbox.take_in(csv(rows_of("Дата", *cells)), month=month)
    taken.loads(read=3, sums={"amount_type_1": "3"})
    assert [row[0] for row in stored(taken.rows)] == [f"2025-{month:02d}-15"] * 3
    taken = inbox.take_in(csv(rows_of("Дата", f"15 {names[1]} 2025", f"15 {names[2]} 2025 г.")), month=month)
    taken.loads(read=2, sums={"amount_type_1": "2"})
    assert [row[0] for row in stored(taken.rows)] == [f"2025-{month:02d}-15"] * 2


def test_case_40_one_cell_of_the_column_tells_day_from_month(inbox: Inbox) -> None:
    taken = inbox.take_in(csv(rows_of("Дата", "06/03/2025", "06/04/2025", "06/25/2025")))
    taken.loads(read=3, sums={"amount_type_1": "3"})
    assert [row[0] for row in stored(taken.rows)] == ["2025-06-03", "2025-06-04", "2025-06-25"]


def test_case_40_the_month_of_the_folder_tells_day_from_month(inbox: Inbox) -> None:
    taken = inbox.take_in(csv(rows_of("Дата", "03/06/2025", "04/06/2025", "06/06/2025")))
    taken.loads(read=3, sums={"amount_type_1": "3"})
    assert [row[0] for row in stored(taken.rows)] == ["2025-06-03", "2025-06-04", "2025-06-06"]


AMBIGUOUS = {
    "neither reading lies in the month": ("03/04/2025", "05/04/2025"),
    "each reading fits one cell": ("06/03/2025", "03/06/2025"),
}


@pytest.mark.parametrize("cells", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_case_40_ambiguous_dates(inbox: Inbox, cells: Sequence[str]) -> None:
    message = inbox.take_in(csv(rows_of("Дата", *cells))).fails("DATE_AMBIGUOUS", "Дата")
    assert any(cell in message for cell in cells)


@pytest.mark.parametrize(("order", "days"), [("dmy", ["04-03", "04-05"]), ("mdy", ["03-04", "05-04"])])
def test_case_40_the_layout_tells_day_from_month(inbox: Inbox, order: str, days: list[str]) -> None:
    columns = {**COLUMNS, "Дата": {"to": "period", "filled": True, "dates": order}}
    taken = inbox.take_in(csv(rows_of("Дата", "03/04/2025", "05/04/2025")), columns=columns, outside_month=1)
    taken.loads(read=2, sums={"amount_type_1": "2"})
    assert [row[0] for row in stored(taken.rows)] == [f"2025-{day}" for day in days]


def test_case_40_two_styles_in_one_column(inbox: Inbox) -> None:
    """Both tell day from month by themselves, and they do not agree: one of them was made by another program."""
    taken = inbox.take_in(csv(rows_of("Дата", "25/06/2025", "06/26/2025", "06/05/2025")))
    assert taken.code == "DATE_AMBIGUOUS", (taken.status, taken.code, stored(taken.rows))


NO_DATES = "31.06.2025|00.06.2025|2025-13-01|вчера|32 июня 2025|12:30|2025|июнь 2025|02.06.2205|02.06.0025".split("|")


def test_case_40_dates_that_are_none(inbox: Inbox) -> None:
    taken = inbox.take_in(csv(rows_of("Дата", "02.06.2025", *NO_DATES)))
    held_back = [Rejected(number, "Дата", "VALUE_DATE") for number in range(3, 3 + len(NO_DATES))]
    taken.loads(read=1 + len(NO_DATES), sums=ONE, rejected=held_back)
    assert [row["raw_value"] for row in taken.held_back] == NO_DATES


@pytest.mark.parametrize("build", EVERY_BUILDER.values(), ids=EVERY_BUILDER)
def test_case_41_serials_only_in_date_columns(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    rows = [(*HEADER, "Код"), (45810, "Мазь", INN, 45810, 45810, 45810), (45811.75, "Гель", INN, 1, None, 45811)]
    taken = inbox.take_in(build(rows), columns=CODES)
    taken.loads(read=2, sums={"amount_type_1": "45811", "sum_nds": "45810"})
    assert [row[0] for row in stored(taken.rows)] == ["2025-06-02", "2025-06-03 18:00"]
    assert taken.texts("tms_id_ish") == ["45810", "45811"]


def test_case_41_moments_as_date_cells(inbox: Inbox) -> None:
    cells = [datetime(2025, 6, 2, 13, 45), datetime(2025, 6, 3, 0, 0, 0, 400_000), date(2025, 6, 4)]
    taken = inbox.take_in(xlsx(rows_of("Дата", *cells)))
    taken.loads(read=3, sums={"amount_type_1": "3"})
    assert [row[0] for row in stored(taken.rows)] == ["2025-06-02 13:45", "2025-06-03", "2025-06-04"]


def of_1904(cells: Sequence[object]) -> bytes:
    def fill(book: openpyxl.Workbook) -> None:
        book.epoch = CALENDAR_MAC_1904
        put(book.active, rows_of("Дата", *cells))

    return workbook(fill)


def test_case_41_the_epoch_of_1904(inbox: Inbox) -> None:
    content = of_1904([date(2025, 6, 2), datetime(2025, 6, 3, 13, 45)])
    taken = inbox.take_in(content)
    taken.loads(read=2, sums={"amount_type_1": "2"})
    assert [row[0] for row in stored(taken.rows)] == ["2025-06-02", "2025-06-03 13:45"]


def test_case_41_plain_serials_of_the_epoch_of_1904(inbox: Inbox) -> None:
    taken = inbox.take_in(of_1904([45810 - 1462, 45811 - 1462]))
    taken.loads(read=2, sums={"amount_type_1": "2"})
    assert [row[0] for row in stored(taken.rows)] == ["2025-06-02", "2025-06-03"]


@pytest.mark.parametrize("written", [45810 - 1462, date(2025, 6, 2)], ids=["number", "date"])
def test_case_41_the_epoch_of_1904_in_xls(inbox: Inbox, written: object) -> None:
    def fill(book: Any) -> None:
        book.dates_1904 = True
        sheet = book.add_sheet("Отчёт")
        put_xls(sheet, rows_of("Дата", written))

    content = xls_workbook(fill)
    assert struct.pack("<HHH", 0x22, 2, 1) in content
    taken = inbox.take_in(content)
    taken.loads(read=1, sums=ONE)
    assert [row[0] for row in stored(taken.rows)] == ["2025-06-02"]


@pytest.mark.parametrize("build", [xlsx, csv], ids=["xlsx", "csv"])
def test_case_41_time_only(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    clock: object = time(13, 45) if build is xlsx else "13:45"
    taken = inbox.take_in(build(rows_of("Дата", DAY, clock)))
    taken.loads(read=2, sums=ONE, rejected=[Rejected(3, "Дата", "VALUE_DATE")])


def test_case_41_a_date_is_no_amount(inbox: Inbox) -> None:
    """Excel takes «1.5» for the first of May when it opens a text file."""
    taken = inbox.take_in(xlsx(rows_of("Количество", 1, date(2025, 5, 1))))
    taken.loads(read=2, sums=ONE, rejected=[Rejected(3, "Количество", "VALUE_AMOUNT")])


FORMATS = [
    "General",
    '0" шт."',
    '# ##0.00"р."',
    '0.00" dd"',
    "[$-419]# ##0.00",
    "0.00_ ;[Red]-0.00 ",
    '"день "0',
    "[Green]0;[Red]0",
]


def test_case_41_formats_that_look_like_dates(inbox: Inbox) -> None:
    """Letters of a date stand in quotes, colours and locales too; a wrong guess makes a quantity a day."""

    def edit(sheet: Any) -> None:
        for number, number_format in enumerate(FORMATS, 2):
            sheet.cell(number, 4).number_format = number_format

    cells = [45810 + number for number in range(len(FORMATS))]
    inbox.take_in(xlsx(rows_of("Количество", *cells), edit)).loads(
        read=len(cells), sums={"amount_type_1": str(sum(cells))}
    )


def test_case_41_formats_that_look_like_dates_in_xls(inbox: Inbox) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_sheet("Отчёт")
        put_xls(sheet, [HEADER])
        for number, number_format in enumerate(FORMATS, 1):
            style = xlwt.easyxf(num_format_str=number_format)
            for place, value in enumerate((DAY, "Мазь", INN)):
                sheet.write(number, place, value, xlwt.easyxf(num_format_str="DD.MM.YYYY") if place == 0 else style)
            sheet.write(number, 3, 45809 + number, style)

    taken = inbox.take_in(xls_workbook(fill), "отчёт.xls")
    taken.loads(read=len(FORMATS), sums={"amount_type_1": str(sum(45809 + n for n in range(1, 1 + len(FORMATS))))})


def test_case_41_formats_as_1c_numbers_them(inbox: Inbox) -> None:
    """1C gives its own formats the numbers from 50 on, which Excel keeps for dates."""

    def fill(book: Any) -> None:
        sheet = book.add_sheet("Отчёт")
        put_xls(sheet, rows_of("Количество", 45810))
        sheet.write(2, 3, 45811, xlwt.easyxf(num_format_str="0.000"))
        sheet.write(2, 0, DAY, xlwt.easyxf(num_format_str="DD.MM.YYYY"))
        sheet.write(2, 1, "Гель")

    content = xls_workbook(fill)
    at = content.index(b"0.000", content.index(struct.pack("<H", 0x41E))) - 5
    (number,) = struct.unpack_from("<H", content, at)
    assert number >= 164
    changed = content[:at] + struct.pack("<H", 50) + content[at + 2 :]
    # The style of the cell refers to the format by its number.
    changed = re.sub(
        rb"(\xe0\x00\x14\x00..)" + re.escape(struct.pack("<H", number)),
        rb"\g<1>" + struct.pack("<H", 50),
        changed,
        flags=re.DOTALL,
    )
    taken = inbox.take_in(changed, "отчёт.xls")
    taken.loads(read=2, sums={"amount_type_1": "91621"})


def test_case_41_a_truth_is_no_amount(inbox: Inbox) -> None:
    taken = inbox.take_in(xlsx(rows_of("Количество", 1, True)))
    taken.loads(read=2, sums=ONE, rejected=[Rejected(3, "Количество", "VALUE_AMOUNT")])


def test_case_41_serials_that_are_no_days(inbox: Inbox) -> None:
    taken = inbox.take_in(xlsx(rows_of("Дата", DAY, 0, -5, 2, 1e9)))
    held_back = [Rejected(number, "Дата", "VALUE_DATE") for number in range(3, 7)]
    taken.loads(read=5, sums=ONE, rejected=held_back)


def days(*outside: date, inside: int) -> bytes:
    return xlsx(rows_of("Дата", *outside, *[DAY] * inside))


def test_case_49_dates_outside_the_month(inbox: Inbox) -> None:
    content = days(date(2025, 5, 30), date(2025, 5, 31), inside=8)
    message = inbox.take_in(content).fails("PERIOD_MISMATCH", "2 of 10", "2025-06")
    assert "30" in message


def test_case_49_a_whole_report_of_another_month(inbox: Inbox) -> None:
    inbox.take_in(xlsx(REPORT), month=7).fails("PERIOD_MISMATCH", "3 of 3", "2025-07")


@pytest.mark.parametrize("year", [2024, 2026])
def test_case_49_the_same_month_of_another_year(inbox: Inbox, year: int) -> None:
    inbox.take_in(xlsx(REPORT), year=year).fails("PERIOD_MISMATCH", "3 of 3", f"{year}-06")


def test_case_49_late_corrections_within_the_tolerance(inbox: Inbox) -> None:
    content = days(date(2025, 5, 31), inside=9)
    inbox.take_in(content).loads(read=10, sums={"amount_type_1": "10"})


def test_case_49_the_layout_has_another_tolerance(inbox: Inbox) -> None:
    content = days(date(2025, 5, 30), date(2025, 5, 31), inside=8)
    inbox.take_in(content, outside_month=0.2).loads(read=10, sums={"amount_type_1": "10"})
    inbox.take_in(days(date(2025, 5, 31), inside=99), outside_month=0).fails("PERIOD_MISMATCH", "1 of 100")


def test_case_49_the_last_moment_of_the_month_in_the_suppliers_time_zone(inbox: Inbox) -> None:
    cells = [datetime(2025, 6, 1, 0, 0, 1), datetime(2025, 6, 30, 23, 59, 59)]
    inbox.take_in(xlsx(rows_of("Дата", *cells)), outside_month=0).loads(read=2, sums={"amount_type_1": "2"})


def test_case_49_rows_that_a_rule_leaves_out_do_not_count(inbox: Inbox) -> None:
    rows = [HEADER, *ROWS, *[(date(2024, 1, 1), "Мазь", INN, 0, None)] * 5]
    rule = [{"column": "Количество", "reason": "zero quantity"}]
    taken = inbox.take_in(xlsx(rows), left_out=rule)
    assert stored(taken.loads(read=8, sums=SUMS, left_out=5)) == STORED
