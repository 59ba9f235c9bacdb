"""The files that client scripts write: their columns, amounts, dates, and what the registry knows better."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.model.target import RESULT_HEADER
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.transforms.normalize import NormalizedReport
from pharma_assets.transforms.script_result import RESULT_LAYOUT, invalid_output, normalize_result

MOSCOW = ZoneInfo("Europe/Moscow")
HEADER = list(RESULT_HEADER.values())
PATH = "Поставщики данных/Дистрибьюторы/2025/06/Client_21/Type1/june.xlsx"
REGISTRY = {"filename_ish": PATH, "report_provider": "Дистрибьютор", "report_provider_name": "Client_21"}
ROW = {"period": "02.06.2025", "tms": "Цитрамон", "amount_type_1": 2}


def frame(*rows: dict[str, Any], columns: list[str] = HEADER) -> pd.DataFrame:
    return pd.DataFrame(rows).reindex(columns=columns)


def as_csv(table: pd.DataFrame, encoding: str = "utf-8-sig", **how: Any) -> bytes:
    return table.to_csv(**{"sep": ";", "index": False, **how}).encode(encoding)


def as_xlsx(table: pd.DataFrame, **how: Any) -> bytes:
    content = io.BytesIO()
    table.to_excel(content, **{"index": False, **how})
    return content.getvalue()


def report_of(content: bytes) -> NormalizedReport:
    try:
        document = read_document(content, Hints(RESULT_LAYOUT.known_headers))
    except PharmaError as problem:
        raise invalid_output("result.xlsx", problem) from problem
    return normalize_result(document, "result.xlsx", REGISTRY, MOSCOW, date(2025, 6, 1))


def rows_of(content: bytes) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if value is not None}
        for row in report_of(content).table.to_pylist()
    ]


def day(moment: datetime) -> str:
    return f"{moment.astimezone(MOSCOW):%d.%m.%Y %H:%M}"


def refused(content: bytes) -> str:
    with pytest.raises(PharmaError) as caught:
        report_of(content)
    assert (caught.value.code, caught.value.facts["name"]) == ("OUTPUT_INVALID", "result.xlsx")
    return str(caught.value.facts["problem"])


each_form = pytest.mark.parametrize(
    "written", [as_csv, lambda table: as_csv(table, "cp1251"), as_xlsx], ids=["utf-8", "cp1251", "xlsx"]
)


@each_form
def test_every_form_gives_the_same_rows(written: Any) -> None:
    row = {
        **ROW,
        "client_inn": "0400000023",
        "tms_id_ish": "000123",
        "naklad": "А-17 от 02.06.2025",
        "market": "Тендер",
    }
    (found,) = rows_of(written(frame(row)))
    assert day(found.pop("period")) == "02.06.2025 00:00"
    sheet = found.pop("source_sheet")
    assert sheet in ("result:csv", "result:Sheet1")
    assert found == {
        "tms": "Цитрамон",
        "client_inn": "0400000023",
        "tms_id_ish": "000123",
        "naklad": "А-17 от 02.06.2025",
        "market": "Тендер",
        "amount_type_1": Decimal("2.000"),
        "source_row": 2,
    }


def test_rows_are_those_of_the_script_s_file() -> None:
    report = report_of(as_xlsx(frame(ROW, {**ROW, "period": "вчера"}, ROW), sheet_name="Отчёт"))
    assert report.table["source_row"].to_pylist() == [2, 4]
    assert set(report.table["source_sheet"].to_pylist()) == {"result:Отчёт"}
    (rejected,) = report.rejected
    assert (rejected.sheet, rejected.row, rejected.cells[0].code) == ("result:Отчёт", 3, "VALUE_DATE")
    assert report.read == 3


@pytest.mark.parametrize(
    "period",
    ["02.06.2025", "2025-06-02", "2025-06-02 00:00:00", "02/06/2025", datetime(2025, 6, 2), date(2025, 6, 2), 45810],
    ids=str,
)
def test_days_come_in_every_way_that_scripts_write_them(period: object) -> None:
    (found,) = rows_of(as_xlsx(frame({**ROW, "period": period})))
    assert day(found["period"]) == "02.06.2025 00:00"


def test_the_order_of_columns_does_not_matter() -> None:
    (found,) = rows_of(as_csv(frame(ROW, columns=HEADER[::-1])))
    assert (found["tms"], found["amount_type_1"]) == ("Цитрамон", 2)


def test_columns_that_are_missing_are_named() -> None:
    columns = ["товар" if name == "tms" else name for name in HEADER if name != "mnf"]
    problem = refused(as_csv(frame(ROW, columns=columns)))
    assert problem.startswith("MISSING_COLUMN")
    assert "missing columns: tms, mnf;" in problem
    assert "does not know: товар" in problem


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "EMPTY_FILE"),
        (b"%PDF-1.7", "FORMAT_UNSUPPORTED"),
        (b"PK\x03\x04 and nothing more", "CORRUPT_FILE"),
        (b"a;b\n1;2\n", "HEADER_NOT_FOUND"),
        (as_csv(frame()), "NO_DATA_ROWS"),
        (as_csv(frame({**ROW, "period": "вчера"})), "ALL_ROWS_REJECTED"),
    ],
)
def test_a_file_that_is_none_is_the_script_s_fault(content: bytes, code: str) -> None:
    assert refused(content).startswith(code)


def test_columns_that_the_header_lacks_are_kept() -> None:
    columns = [*HEADER, "скидка", "supplier_id", "client_brend"]
    row = {**ROW, "скидка": "5 %", "supplier_id": "77", "client_brend": "Аптеки"}
    (found,) = rows_of(as_csv(frame(row, columns=columns)))
    assert (found["supplier_id"], found["client_brend"], found["extra"]) == ("77", "Аптеки", '{"скидка": "5 %"}')


@pytest.mark.parametrize("spelt", ["Report_Provaider", "report_provider", "REPORT_PROVIDER"])
def test_what_the_registry_says_too_is_not_said_twice(spelt: str) -> None:
    columns = [spelt if name == "Report_Provaider" else name for name in HEADER]
    own = {"filename_ish": PATH, spelt: "Дистрибьютор", "report_provider_name": "Client_21"}
    report = report_of(as_csv(frame({**ROW, **own}, ROW, columns=columns)))
    assert report.table["extra"].null_count == 2
    assert report.remarks == ()


def test_what_the_registry_says_otherwise_is_kept_and_remarked() -> None:
    own = {"filename_ish": PATH, "Report_Provaider": "Дистрибьютор", "report_provider_name": "Client_21"}
    other = {**own, "filename_ish": "june.xlsx", "report_provider_name": "Client_22"}
    report = report_of(as_csv(frame({**ROW, **own}, {**ROW, **other}, {**ROW, **other})))
    extra = [text and json.loads(text) for text in report.table["extra"].to_pylist()]
    assert extra == [None, *[{"filename_ish": "june.xlsx", "report_provider_name": "Client_22"}] * 2]
    assert [(remark.code, remark.facts) for remark in report.remarks] == [
        ("REGISTRY_DIFFERS", {"column": "filename_ish", "rows": 2, "seen": "june.xlsx", "known": PATH}),
        ("REGISTRY_DIFFERS", {"column": "report_provider_name", "rows": 2, "seen": "Client_22", "known": "Client_21"}),
    ]


def test_what_a_script_wrote_is_loaded() -> None:
    """Zeros, days of another month, equal rows: the script has had its say."""
    rows = [{**ROW, "amount_type_1": 0}, {**ROW, "period": "15.01.2024"}, ROW, ROW]
    report = report_of(as_csv(frame(*rows)))
    assert (report.loaded, report.left_out, report.rejected) == (4, {}, ())


def test_a_total_that_slipped_through_is_left_out() -> None:
    total = {"tms": "Итого", "amount_type_1": 99}
    report = report_of(as_csv(frame(ROW, ROW, total)))
    assert (report.loaded, report.left_out) == (2, {"total": 1})


@each_form
def test_computed_amounts_are_rounded_as_the_database_would(written: Any) -> None:
    rows = [{**ROW, "sum_nds": 1000.0, "sum_no_nds": 1000 / 1.1, "amount_type_2": 0.1 + 0.2}, {**ROW, "sum_nds": 2.345}]
    report = report_of(written(frame(*rows)))
    assert report.table["sum_no_nds"].to_pylist() == [Decimal("909.09"), None]
    assert report.table["sum_nds"].to_pylist() == [Decimal("1000.00"), Decimal("2.35")]
    assert report.table["amount_type_2"].to_pylist() == [Decimal("0.300"), None]
    assert report.rejected == ()
    remarks = [(remark.facts["column"], remark.facts["cells"]) for remark in report.remarks]
    assert sorted(remarks) == [("sum_nds", 1), ("sum_no_nds", 1)], "0.30000000000000004 is 0.3 to a float"


def test_amounts_that_people_wrote_are_never_rounded() -> None:
    report = report_of(as_csv(frame({**ROW, "sum_nds": "1 234,567"}, {**ROW, "sum_nds": "5,50"})))
    assert [cell.code for row in report.rejected for cell in row.cells] == ["VALUE_OUT_OF_RANGE"]
    assert report.table["sum_nds"].to_pylist() == [Decimal("5.50")]


def test_the_point_of_a_program_is_a_decimal_one() -> None:
    report = report_of(as_csv(frame({**ROW, "amount_type_1": "1.234"}, {**ROW, "amount_type_1": "5.000"})))
    assert report.table["amount_type_1"].to_pylist() == [Decimal("1.234"), Decimal("5.000")]


def test_a_comma_that_may_part_thousands_stays_in_doubt() -> None:
    report = report_of(as_csv(frame({**ROW, "amount_type_1": "1,234"}, ROW)))
    assert {cell.code for row in report.rejected for cell in row.cells} == {"VALUE_AMOUNT"}


@settings(max_examples=40)
@given(st.lists(st.floats(-1e9, 1e9).map(lambda number: round(number, 7)), min_size=1, max_size=6))
def test_floats_come_out_to_the_last_digit_that_is_kept(numbers: list[float]) -> None:
    report = report_of(as_csv(frame(*({**ROW, "sum_nds": number} for number in numbers))))
    expected = [Decimal(repr(number)).quantize(Decimal("0.01"), ROUND_HALF_UP) for number in numbers]
    assert (report.table["sum_nds"].to_pylist(), report.rejected) == (expected, ())


@settings(max_examples=40)
@given(st.lists(st.decimals(-(10**12), 10**12, places=3), min_size=1, max_size=6))
def test_amounts_that_fit_are_exact(numbers: list[Decimal]) -> None:
    report = report_of(as_csv(frame(*({**ROW, "amount_type_1": f"{number:f}"} for number in numbers))))
    assert (report.table["amount_type_1"].to_pylist(), report.remarks) == (numbers, ())
