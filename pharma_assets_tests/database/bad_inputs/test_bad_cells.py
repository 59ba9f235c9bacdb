"""BAD_INPUTS 36 to 38, 42, 43, 46 and 48: codes, formulas, errors and texts."""

from __future__ import annotations

import csv as text_files
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from pharma_assets_tests.database.bad_inputs.archives import patched, replacing
from pharma_assets_tests.database.bad_inputs.formats import EVERY_BUILDER
from pharma_assets_tests.database.bad_inputs.inbox import Inbox, Rejected
from pharma_assets_tests.database.bad_inputs.markup import html, ods, spreadsheet_2003
from pharma_assets_tests.database.bad_inputs.report import (
    CODES,
    COLUMNS,
    DAY,
    HEADER,
    INN,
    INN_OF_PERSON,
    INN_OF_PERSON_WITH_ZERO,
    INN_WITH_ZERO,
    NOT_AN_INN,
    ONE,
    REPORT,
    ROWS,
    STORED,
    SUMS,
    rows_of,
    stored,
)
from pharma_assets_tests.database.bad_inputs.tables import Excel, Formula, Table, csv
from pharma_assets_tests.database.bad_inputs.workbooks import (
    SHEET_XML,
    raw_xlsx,
    row_xml,
    sheet_xml,
    xls,
    xlsb,
    xlsx,
)


def masked(*masks: str) -> Callable[[Any], None]:
    def edit(sheet: Any) -> None:
        for number, mask in enumerate(masks, 2):
            sheet.cell(number, 3).number_format = mask

    return edit


@pytest.mark.parametrize("build", EVERY_BUILDER.values(), ids=EVERY_BUILDER)
def test_case_36_inn_as_number_that_lost_its_zero(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    inns = [int(inn) for inn in (INN_WITH_ZERO, INN_OF_PERSON_WITH_ZERO, INN, INN_OF_PERSON)]
    taken = inbox.take_in(build(rows_of("ИНН", *inns)))
    taken.loads(read=4, sums={"amount_type_1": "4"})
    assert taken.texts("client_inn") == [INN_WITH_ZERO, INN_OF_PERSON_WITH_ZERO, INN, INN_OF_PERSON]
    assert "INN_INVALID" not in taken.remarks


def test_case_36_inn_behind_a_mask(inbox: Inbox) -> None:
    content = xlsx(rows_of("ИНН", int(INN_WITH_ZERO), 123), masked("0000000000", "000000"))
    taken = inbox.take_in(content)
    taken.loads(read=2, sums={"amount_type_1": "2"})
    assert taken.texts("client_inn")[0] == INN_WITH_ZERO
    assert taken.texts("client_inn")[1] in ("123", "000123")
    assert "INN_INVALID" in taken.remarks


def test_case_36_inn_as_text_that_lost_its_zero(inbox: Inbox) -> None:
    content = csv(rows_of("ИНН", INN_WITH_ZERO.lstrip("0"), INN_OF_PERSON_WITH_ZERO.lstrip("0")))
    taken = inbox.take_in(content)
    taken.loads(read=2, sums={"amount_type_1": "2"})
    assert taken.texts("client_inn") == [INN_WITH_ZERO, INN_OF_PERSON_WITH_ZERO]


@pytest.mark.parametrize("cell", [NOT_AN_INN, int(NOT_AN_INN), 123456780, "ИП Ромашкин", "54-000"], ids=str)
def test_case_36_inn_that_is_none_is_kept_and_flagged(inbox: Inbox, cell: object) -> None:
    taken = inbox.take_in(xlsx(rows_of("ИНН", INN, cell, None)))
    taken.loads(read=3, sums={"amount_type_1": "3"})
    assert taken.texts("client_inn") == [INN, str(cell), None]
    assert "INN_INVALID" in taken.remarks


@pytest.mark.parametrize("build", EVERY_BUILDER.values(), ids=EVERY_BUILDER)
def test_case_37_codes_as_floats(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    codes = [4600000000017.0, 100.0, 12345.0, 999999999999999.0, 1.5, 0.00001]
    taken = inbox.take_in(build(rows_of("Код", *codes)), columns=CODES)
    taken.loads(read=6, sums={"amount_type_1": "6"})
    assert taken.texts("tms_id_ish") == ["4600000000017", "100", "12345", "999999999999999", "1.5", "0.00001"]


def numeric(*written: str) -> bytes:
    """A report whose codes are numbers exactly as they stand in the file."""
    rows = row_xml(1, (*HEADER, "Код"))
    for number, value in enumerate(written, 2):
        cells = (DAY, "Мазь", INN, 1, None, f'<c r="F{number}"><v>{value}</v></c>')
        rows += row_xml(number, cells)
    return raw_xlsx(sheet_xml(rows))


def test_case_37_codes_with_an_exponent_in_the_file(inbox: Inbox) -> None:
    taken = inbox.take_in(numeric("4.600000000017E12", "4600000000017.0", "1E3", "0004600"), columns=CODES)
    taken.loads(read=4, sums={"amount_type_1": "4"})
    assert taken.texts("tms_id_ish") == ["4600000000017", "4600000000017", "1000", "4600"]


@pytest.mark.parametrize(
    "written", ["12345678901234567", "1.2345678901234567E16", "12345678901234500", "1.23456789012345E19"]
)
def test_case_38_over_15_digits(inbox: Inbox, written: str) -> None:
    taken = inbox.take_in(numeric("123456789012345", written), columns=CODES)
    taken.loads(read=2, sums=ONE, rejected=[Rejected(3, "Код", "PRECISION_LOST")])
    assert taken.texts("tms_id_ish") == ["123456789012345"]


@pytest.mark.parametrize("build", [xls, xlsb, ods, spreadsheet_2003])
def test_case_38_over_15_digits_in_other_formats(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    taken = inbox.take_in(build(rows_of("Код", 12345678901234500.0, "12345678901234567890")), columns=CODES)
    taken.loads(read=2, sums=ONE, rejected=[Rejected(2, "Код", "PRECISION_LOST")])
    assert taken.texts("tms_id_ish") == ["12345678901234567890"]


def test_case_38_over_15_digits_in_a_text_stay(inbox: Inbox) -> None:
    codes = ["12345678901234567890", "00000000000000000001", "12E5", "1E10"]
    taken = inbox.take_in(csv(rows_of("Код", *codes)), columns=CODES)
    taken.loads(read=4, sums={"amount_type_1": "4"})
    assert taken.texts("tms_id_ish") == codes


def test_case_38_a_long_code_that_excel_has_cut_in_a_text_file(inbox: Inbox) -> None:
    taken = inbox.take_in(csv(rows_of("Код", "4600000000017", "4,60703E+12")), columns=CODES)
    taken.loads(read=2, sums=ONE, rejected=[Rejected(3, "Код", "PRECISION_LOST")])


@pytest.mark.parametrize("name", ["Дата", "Товар", "ИНН", "Количество", "Сумма с НДС"])
@pytest.mark.parametrize("build", [xlsx, ods, spreadsheet_2003], ids=["xlsx", "ods", "xml 2003"])
def test_case_42_formula_without_a_value(inbox: Inbox, build: Callable[[Table], bytes], name: str) -> None:
    good = rows_of(name, None)[1][HEADER.index(name)] or {"Дата": DAY, "Товар": "Мазь", "ИНН": INN}.get(name, 1)
    taken = inbox.take_in(build(rows_of(name, good, Formula("=A1*2"))))
    sums = {"amount_type_1": "1", "sum_nds": "1"} if name.startswith("Сумма") else ONE
    taken.loads(read=2, sums=sums, rejected=[Rejected(3, name, "FORMULA_NO_VALUE")])


def test_case_42_formulas_without_values_throughout(inbox: Inbox) -> None:
    taken = inbox.take_in(xlsx(rows_of("Количество", *[Formula("=1+1")] * 3)))
    taken.fails("ALL_ROWS_REJECTED", "FORMULA_NO_VALUE")


def test_case_42_formula_with_a_value(inbox: Inbox) -> None:
    content = patched(
        xlsx(rows_of("Количество", Formula("=1+1"), Formula('="a"'))),
        {SHEET_XML: replacing((b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>"), (b"<v></v>", b"<v>3</v>"))},
    )
    inbox.take_in(content).loads(read=2, sums={"amount_type_1": "5"})


@pytest.mark.parametrize("name", ["Дата", "Товар", "ИНН", "Количество", "Сумма с НДС"])
@pytest.mark.parametrize("build", EVERY_BUILDER.values(), ids=EVERY_BUILDER)
def test_case_43_excel_error(inbox: Inbox, build: Callable[[Table], bytes], name: str) -> None:
    rows = [*REPORT]
    place = HEADER.index(name)
    rows[2] = (*rows[2][:place], Excel("#N/A"), *rows[2][place + 1 :])
    taken = inbox.take_in(build(rows))
    sums = {"amount_type_1": "1", "sum_nds": "90.25"}
    taken.loads(read=3, sums=sums, rejected=[Rejected(3, name, "CELL_ERROR")])
    assert taken.held_back[0]["raw_value"] == "#N/A"
    assert stored(taken.rows) == [STORED[0], STORED[2]]


@pytest.mark.parametrize("build", EVERY_BUILDER.values(), ids=EVERY_BUILDER)
def test_case_43_every_excel_error(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    errors = ["#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#N/A"]
    taken = inbox.take_in(build(rows_of("Количество", 1, *map(Excel, errors))))
    held_back = [Rejected(number, "Количество", "CELL_ERROR") for number in range(3, 10)]
    taken.loads(read=8, sums=ONE, rejected=held_back)
    assert [row["raw_value"] for row in taken.held_back] == errors


@pytest.mark.parametrize("build", [csv, html], ids=["csv", "html"])
def test_case_43_excel_error_as_text_in_an_amount(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    taken = inbox.take_in(build(rows_of("Количество", 1, "#Н/Д", "#N/A", "#DIV/0!")))
    assert taken.status == "CREATED", taken.message
    assert taken.stored_sums(ONE) == {"amount_type_1": Decimal(1)}
    assert [row["source_row"] for row in taken.held_back] == [3, 4, 5]
    assert {row["code"] for row in taken.held_back} <= {"CELL_ERROR", "VALUE_AMOUNT"}


def test_case_43_excel_error_in_a_column_that_is_not_mapped(inbox: Inbox) -> None:
    taken = inbox.take_in(xlsx(rows_of("Скидка", 1, Excel("#REF!"), None)))
    taken.loads(read=3, sums={"amount_type_1": "3"})
    assert taken.texts("extra") == [{"Скидка": "1"}, {"Скидка": "#REF!"}, None]


LOOK_ALIKES = {
    "Latin letters": ("Дaтa", "Toвap", "ИHH", "Koличecтвo", "Cyммa c HДC"),
    "case and blanks": (" ДАТА", "товар ", "Инн", "КОЛИЧЕСТВО", "Сумма  с   НДС"),
    "invisible": ("\ufeffДата", "То\u00adвар", "ИНН\u200b", "Коли\u2060чество", "Сумма\u00a0с\u202fНДС"),
    "combining": ("Дата", "Товар", "ИНН", "Количество", "Сумма с НДС\u200e"),
}


@pytest.mark.parametrize("header", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
@pytest.mark.parametrize("build", [xlsx, csv], ids=["xlsx", "csv"])
def test_case_46_headers_that_look_alike(inbox: Inbox, build: Callable[[Table], bytes], header: Sequence[str]) -> None:
    assert stored(inbox.take_in(build([header, *ROWS])).loads(read=3, sums=SUMS)) == STORED


@pytest.mark.parametrize(
    "written", ["Количество отгружённого", "Количество отгруженного", "Количество отгруже\u0308нного"]
)
def test_case_46_yo_in_headers(inbox: Inbox, written: str) -> None:
    columns = {**COLUMNS, "Количество": {"to": "amount_type_1", "aliases": ["Количество отгружённого"]}}
    rows = [[written if cell == "Количество" else cell for cell in row] for row in REPORT]
    assert stored(inbox.take_in(xlsx(rows), columns=columns).loads(read=3, sums=SUMS)) == STORED


@pytest.mark.parametrize("build", [csv, xlsx, ods, html], ids=["csv", "xlsx", "ods", "html"])
def test_case_46_stored_values_stay_as_written(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    texts = [
        "Ёлка",
        "Елка",
        "Aспирин",
        "Аспи\u200bрин",
        "Мазь\u00a030\u00a0г",
        "мазь\\N",
        "e\u0301",
        "😀",
        "«Аква»\u00ad",
    ]
    taken = inbox.take_in(build(rows_of("Товар", *texts)))
    taken.loads(read=9, sums={"amount_type_1": "9"})
    assert taken.texts("tms") == texts


def test_case_46_what_copy_and_json_would_take_for_their_own(inbox: Inbox) -> None:
    texts = ["\\N", "\\.", "a\tb\nc\\", '{"a": "b"}', "\\u0000", "NULL", "null", "''", '"']
    taken = inbox.take_in(xlsx(rows_of("Товар", *texts)))
    taken.loads(read=9, sums={"amount_type_1": "9"})
    assert taken.texts("tms") == texts
    taken = inbox.take_in(xlsx(rows_of("Заметка", *texts)))
    taken.loads(read=9, sums={"amount_type_1": "9"})
    assert taken.texts("extra") == [{"Заметка": text} for text in texts]


UNSTORABLE = {"NUL": "_x0000_", "half a pair": "_xD800_", "control": "_x0001_"}


@pytest.mark.parametrize("name", ["Товар", "ИНН", "Заметка"])
@pytest.mark.parametrize("escaped", UNSTORABLE.values(), ids=UNSTORABLE)
def test_case_46_characters_that_a_database_refuses(inbox: Inbox, escaped: str, name: str) -> None:
    """Excel writes them as escapes; their row is held back, or stored with something visible in their place."""
    taken = inbox.take_in(xlsx(rows_of(name, "целое", f"а{escaped}б")))
    assert taken.status == "CREATED", (taken.code, taken.message)
    assert taken.ledger is not None
    assert taken.ledger["rows_read"] == 2
    assert [row["code"] for row in taken.held_back] in ([], ["VALUE_UNPRINTABLE"])


@pytest.mark.parametrize("escaped", UNSTORABLE.values(), ids=UNSTORABLE)
def test_case_46_characters_that_a_database_refuses_in_names(inbox: Inbox, escaped: str) -> None:
    content = xlsx(rows_of(f"Заметка{escaped}", "целое"))
    taken = inbox.take_in(content)
    taken.loads(read=1, sums=ONE)
    assert list(taken.texts("extra")[0].values()) == ["целое"]


def test_case_46_nul_in_xls(inbox: Inbox) -> None:
    taken = inbox.take_in(xls(rows_of("Товар", "целое", "а\0б")))
    taken.loads(read=2, sums=ONE, rejected=[Rejected(3, "Товар", "VALUE_UNPRINTABLE")])


@pytest.mark.parametrize("build", [csv, xlsx], ids=["csv", "xlsx"])
def test_case_46_blanks_around_a_value_stay(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    taken = inbox.take_in(build(rows_of("Товар", " Мазь ", "\u00a0Гель", "Крем  5 %")))
    taken.loads(read=3, sums={"amount_type_1": "3"})
    assert taken.texts("tms") == [" Мазь ", "\u00a0Гель", "Крем  5 %"]


DANGEROUS = [
    '=HYPERLINK("http://x.invalid";"жми")',
    "=1+1",
    "+7 (000) 000-00-00",
    "-Мазь",
    "@СУММ(A1)",
    "\t=1+1",
    "'=1",
]


@pytest.mark.parametrize("build", [csv, xlsx, xls, html], ids=["csv", "xlsx", "xls", "html"])
def test_case_48_formula_like_text(inbox: Inbox, build: Callable[[Table], bytes]) -> None:
    texts = [text for text in DANGEROUS if build is not html or text[0] != "\t"]
    taken = inbox.take_in(build(rows_of("Товар", *texts)))
    taken.loads(read=len(texts), sums={"amount_type_1": str(len(texts))})
    assert taken.texts("tms") == texts
    lines = list(text_files.reader(taken.result.splitlines(keepends=True), delimiter=";"))
    place = lines[0].index("tms")
    assert all(line[place][0] not in "=+-@\t\r" for line in lines[1:]), [line[place] for line in lines]
    assert [line[place].removeprefix("'") for line in lines[1:7]] == [text.removeprefix("'") for text in texts[:6]]
