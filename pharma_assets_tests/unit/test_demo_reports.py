from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from stdnum.ru import inn

from pharma_assets.demo.reports import (
    BAD_QUANTITY,
    CLIENT_01_HEADER,
    CLIENT_02_HEADER,
    CLIENT_03_HEADER,
    Report,
    client_01_xlsx,
    client_02_xlsx,
    client_03_csv,
)
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Kind, Sheet

JUNE = date(2025, 6, 1)


def data(report: Report, header: tuple[str, ...], at: int) -> tuple[Sheet, dict[str, list[str | None]]]:
    (sheet,) = read_document(report.content, Hints(headers=tuple(name.lower() for name in header))).sheets
    assert sheet.row_texts(at) == list(header)
    assert sheet.rows_filled_below(at) == report.rows
    columns = zip(header, sheet.columns, strict=True)
    return sheet, {name: column.to_pylist()[at + 1 :] for name, column in columns}


def check_inns(inns: list[str | None]) -> None:
    known = [number for number in inns if number]
    assert all(inn.is_valid(number) for number in known)
    assert {len(number) for number in known} == {10, 12}
    assert any(number.startswith("0") for number in known)


def test_client_01() -> None:
    report = client_01_xlsx(2000, date(2025, 6, 20), zero_rows=30)
    sheet, columns = data(report, CLIENT_01_HEADER, 2)
    assert sheet.rows[:4].tolist() == [2, 3, 4, 5]
    assert sheet.row_texts(0)[2] is not None
    quantities = columns["количество"]
    assert quantities.count("0") == report.zero_rows == 30
    assert sum(int(quantity or "") for quantity in quantities) == report.quantity
    assert int((sheet.kinds[6] == Kind.NUMBER).sum()) == 17
    assert sum(kind.sum() for kind in (sheet.kinds[i] == Kind.NUMBER for i in range(13) if i != 6)) == 0
    assert columns["инн"].count(None) == 4
    assert all(quantities[i] == "0" for i, number in enumerate(columns["инн"]) if number is None)
    check_inns(columns["инн"])
    assert all((code or "").endswith(".00") for code in columns["код_клиента"])
    days = set(columns["дата_документа"])
    assert "июн  5 2025 12:00AM" in days
    assert "июн 20 2025 12:00AM" in days
    rows = list(zip(*columns.values(), strict=True))
    assert sum(rows[i] == rows[i - 1] for i in range(1, len(rows))) >= 15


@pytest.mark.parametrize("rows", [0, 1, 2, 7])
def test_client_01_of_a_few_rows(rows: int) -> None:
    report = client_01_xlsx(rows, JUNE, zero_rows=5)
    assert report.zero_rows == min(rows, 5)
    data(report, CLIENT_01_HEADER, 2)


def test_client_02() -> None:
    report = client_02_xlsx(500, JUNE)
    sheet, columns = data(report, CLIENT_02_HEADER, 0)
    assert sum(int(quantity or "") for quantity in columns["Продажи, шт."]) == report.quantity
    kinds = {name: set(kind[1:].tolist()) for name, kind in zip(CLIENT_02_HEADER, sheet.kinds, strict=True)}
    assert kinds["Продажи, шт."] == kinds["Цена"] == {Kind.NUMBER}
    assert kinds["День"] == {Kind.DATE}
    assert kinds["ИНН клиента"] == {Kind.TEXT}
    assert set(columns["Аптека.ру"]) == {"да", "нет", None}
    assert all((day or "").startswith("2025-06-") for day in columns["День"])
    check_inns(columns["ИНН клиента"])


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("bad_row", [False, True])
def test_client_03(encoding: str, bad_row: bool) -> None:
    report = client_03_csv(500, JUNE, encoding=encoding, bad_row=bad_row)
    document = read_document(report.content)
    assert (document.encoding, document.delimiter) == (encoding, ";")
    _, columns = data(report, CLIENT_03_HEADER, 0)
    quantities = columns["Количество"]
    assert quantities.count(BAD_QUANTITY) == report.bad_rows == int(bad_row)
    good = [Decimal((text or "").replace(",", ".")) for text in quantities if text != BAD_QUANTITY]
    assert sum(good) == report.quantity
    assert any("," in (text or "") for text in quantities)
    assert "000123" in columns["Код адреса доставки"]
    assert columns["Код адреса доставки"] != columns["Код контрагента"]
    assert set(columns["Признак тендер"]) == {"да", "нет"}
    check_inns(columns["ИНН"])


@pytest.mark.parametrize("make", [client_01_xlsx, client_02_xlsx, client_03_csv])
def test_a_seed_settles_every_byte(make: Callable[[int, date, int], Report]) -> None:
    assert make(200, JUNE, 5) == make(200, JUNE, 5)
    assert make(200, JUNE, 5).content != make(200, JUNE, 6).content


@pytest.mark.parametrize("make", [client_01_xlsx, client_02_xlsx])
def test_the_workbooks_open_in_other_readers(make: Callable[[int, date, int], Report]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(make(20, JUNE, 5).content))
    assert book.active.max_column == 13
