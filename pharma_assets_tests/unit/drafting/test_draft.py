"""From a sample to a layout that loads it: sheet, header, rules, and what only trying can settle."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from pharma_assets.demo.reports import CLIENT_03_HEADER, client_01_xlsx, client_03_csv
from pharma_assets.drafting.draft import Draft, propose
from pharma_assets.drafting.first_example import with_example
from pharma_assets.drafting.names import Knowledge
from pharma_assets.drafting.roles import NONE, NUMBER
from pharma_assets.drafting.settling import Settled, Trial, settle
from pharma_assets.drafting.sketch import About
from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.layout import DateOrder, DecimalMark, Totals, Waybill
from pharma_assets.transforms.normalize import normalize
from pharma_assets_tests.samples import REAL_REPORT
from pharma_assets_tests.unit.transforms.sheets import MOSCOW, Row, document_of, sheet_of

JUNE = date(2025, 6, 1)
ABOUT = About("Пример", "Type2")
HEADER: Row = ("Дата", "Аптека", "Товар", "Кол-во", "Сумма с НДС")


def sale(day: str = "05.06.2025", quantity: object = 2, amount: object = "10,50") -> Row:
    return (day, "ООО «Ромашка»", "Анальгин таб. 500 мг №10", quantity, amount)  # type: ignore[return-value]


def drafted(document: Document) -> Draft:
    return propose(document, Knowledge())


def settled(document: Document, month: date | None = None) -> Settled:
    return settle(drafted(document), ABOUT, [Trial(document, month)], MOSCOW)


def roles(draft: Draft) -> dict[str, str]:
    return {column.header: column.role for column in draft.columns}


def test_the_twin_of_the_contract_comes_out_as_its_layout_says() -> None:
    report = client_01_xlsx(600, JUNE)
    found = settled(read_document(report.content), JUNE)
    assert found.problem is None
    assert found.report is not None
    assert (found.report.read, found.report.loaded) == (report.rows, report.rows - report.zero_rows)
    assert found.report.sums()["amount_type_2"] == report.quantity
    assert found.layout.waybill == Waybill(number="номер_документа", date="дата_документа")
    assert found.report.left_out == {"zero quantity": report.zero_rows}


@pytest.mark.skipif(not REAL_REPORT.exists(), reason="the real report is not at hand")
def test_the_real_report_comes_out_with_its_known_figures() -> None:
    found = settled(read_document(REAL_REPORT.read_bytes()), JUNE)
    assert found.report is not None
    assert (found.report.read, found.report.loaded, found.report.left_out) == (29_942, 29_735, {"zero quantity": 207})
    assert found.report.sums()["amount_type_2"] == Decimal(109_985)
    assert pa.compute.count_distinct(found.report.table["client_inn"]).as_py() == 2_766


def test_the_sheet_and_the_header_are_found_below_titles_and_beside_other_sheets() -> None:
    title = sheet_of([("Отчёт о продажах",), ("ООО «Пример»", "", "г. Тула")], "Титул")
    data = sheet_of([("Продажи за июнь",), (), HEADER, *[sale()] * 5], "Данные")
    draft = drafted(document_of(title, data))
    assert (draft.sheet, draft.row, draft.depth, draft.visible) == ("Данные", 3, 1, True)
    assert roles(draft) == {
        "Дата": "period",
        "Аптека": "client_name",
        "Товар": "tms",
        "Кол-во": "amount",
        "Сумма с НДС": "sum_nds",
    }


def test_a_header_of_two_rows_is_read_together() -> None:
    rows = [("Документ", None, "Клиент", None, "Продано"), ("Номер", "Дата", "Наименование", "ИНН", "уп.")]
    data = [(f"А-{n}", "05.06.2025", "ООО «Ромашка»", "7700000016", n) for n in range(1, 6)]
    draft = drafted(document_of(sheet_of([("Отчёт",), *rows, *data])))
    assert (draft.row, draft.depth) == (2, 2)
    assert roles(draft) == {
        "Документ Номер": NUMBER,
        "Документ Дата": "period",
        "Клиент Наименование": "client_inlaw",
        "Клиент ИНН": "client_inn",
        "Продано уп.": "amount",
    }


def test_headers_that_stand_twice_are_left_alone_and_told() -> None:
    rows = [("Дата", "Товар", "Кол-во", "Код", "Код"), *[("05.06.2025", "Анальгин №10", 1, "1", "2")] * 3]
    document = document_of(sheet_of(rows))
    draft = drafted(document)
    assert [column.repeated for column in draft.columns] == [False, False, False, True, True]
    found = settled(document)
    assert "Код" not in found.layout.columns
    assert "stand more than once" in found.text
    assert found.report is not None
    assert found.report.loaded == 3


def test_a_hidden_sheet_and_a_header_far_down_stand_in_the_layout() -> None:
    rows = [*[("строка",)] * 50, HEADER, *[sale()] * 3]
    found = settled(document_of(sheet_of(rows, "Скрытый", visible=False)))
    assert (found.layout.sheet, found.layout.header_within) == ("Скрытый", 61)
    assert found.problem is None


def test_the_example_of_a_hidden_sheet_can_be_opened_and_loads() -> None:
    document = document_of(sheet_of([HEADER, *[sale()] * 3], "Скрытый", visible=False))
    found, example = with_example(drafted(document), ABOUT, document, b"", MOSCOW)
    assert example is not None
    assert normalize(read_document(example.content), found.layout, MOSCOW).loaded == 3


def test_a_header_too_long_for_a_key_is_left_alone_and_told() -> None:
    rows = [(*HEADER, "очень " * 200), *[(*sale(), "а")] * 3]
    draft = drafted(document_of(sheet_of(rows)))
    assert (len(draft.columns), draft.nameless) == (5, ("F",))
    assert settled(document_of(sheet_of(rows))).problem is None


def test_numbers_in_a_column_of_names_stay_in_an_anonymous_example() -> None:
    rows = [HEADER, *[sale()] * 3, ("05.06.2025", 17, "Анальгин таб. 500 мг №10", 2, "10,50")]
    document = document_of(sheet_of(rows))
    _, example = with_example(drafted(document), ABOUT, document, b"", MOSCOW, anonymous=True)
    assert example is not None
    pharmacies = read_document(example.content).sheets[0].columns[1].to_pylist()
    assert pharmacies == ["Аптека", "Аптека 1", "Аптека 1", "Аптека 1", "17"]


def test_a_file_without_a_header_is_refused_by_name() -> None:
    with pytest.raises(PharmaError, match="DRAFT_NO_HEADER"):
        drafted(document_of(sheet_of([(1, 2, 3), (4, 5, 6)], "Лист1")))


def test_a_report_without_days_is_refused_by_name() -> None:
    with pytest.raises(PharmaError, match="DRAFT_NO_PERIOD"):
        settled(document_of(sheet_of([("Товар", "Кол-во"), ("Анальгин №10", 1), ("Аспирин №20", 2)])))


@pytest.mark.parametrize(
    ("day", "month", "order"),
    [
        ("03/06/2025", None, DateOrder.DAY_FIRST),
        ("06/03/2025", JUNE, DateOrder.AUTO),
        ("03/06/2025", JUNE, DateOrder.AUTO),
    ],
)
def test_days_that_do_not_tell_are_taken_day_first_unless_the_month_tells(
    day: str, month: date | None, order: DateOrder
) -> None:
    found = settled(document_of(sheet_of([HEADER, *[sale(day)] * 3])), month)
    assert found.layout.columns["Дата"].dates is order
    assert ("may be month/day" in found.text) == (order is DateOrder.DAY_FIRST)
    assert found.problem is None


def test_amounts_that_do_not_tell_are_read_with_a_comma() -> None:
    found = settled(document_of(sheet_of([HEADER, *[sale(quantity="1,234")] * 3])))
    assert found.layout.columns["Кол-во"].decimal is DecimalMark.COMMA
    assert found.report is not None
    assert found.report.sums()["amount_type_2"] == Decimal("3.702")


def test_a_total_that_differs_is_ignored_with_a_doubt() -> None:
    rows = [HEADER, *[sale()] * 3, ("Итого", None, None, 7, None)]
    found = settled(document_of(sheet_of(rows)))
    assert found.layout.totals is Totals.IGNORE
    assert "row 5 says 7, the rows add up to 6" in found.text


def test_zeros_are_left_out_with_a_doubt_and_blanks_are_allowed() -> None:
    rows = [HEADER, *[sale()] * 3, sale(quantity=0), sale(quantity=None)]
    found = settled(document_of(sheet_of(rows)))
    assert [rule.column for rule in found.layout.left_out] == ["Кол-во"]
    assert not found.layout.columns["Кол-во"].filled
    assert found.report is not None
    assert (found.report.loaded, found.report.left_out, found.report.rejected) == (4, {"zero quantity": 1}, ())


def test_several_sheets_with_the_header_are_a_doubt() -> None:
    sheets = [sheet_of([HEADER, *[sale()] * 3], name) for name in ("Москва", "Тула")]
    found = settled(document_of(*sheets))
    assert found.layout.sheet in ("Москва", "Тула")
    assert "sheets: all" in found.text


def test_yes_and_no_become_a_sales_channel_by_what_the_header_asks() -> None:
    rows = [(*HEADER, "Тендер"), *[(*sale(), answer) for answer in ("да", "нет", "да", None)]]
    found = settled(document_of(sheet_of(rows)))
    assert found.report is not None
    assert found.report.table["market"].to_pylist() == ["Тендер", "Коммерция", "Тендер", "Коммерция"]


def test_what_a_person_says_goes_before_what_is_proposed() -> None:
    document = document_of(sheet_of([HEADER, *[sale()] * 3]))
    draft = drafted(document)
    aptek, amount = (
        next(each.place for each in draft.columns if each.header == name) for name in ("Аптека", "Сумма с НДС")
    )
    said = draft.decided(aptek, "client_inlaw").decided(amount, "sum_no_nds").decided(amount, NONE)
    assert (roles(said)["Аптека"], roles(said)["Сумма с НДС"]) == ("client_inlaw", NONE)
    taken = draft.decided(aptek, "tms")
    assert roles(taken)["Товар"] == NONE
    assert not next(each for each in taken.columns if each.header == "Товар").sure


def test_doubts_stand_beside_their_columns_with_the_rivals() -> None:
    rows = [("Дата", "Товар", "Кол-во", "Сумма"), *[("05.06.2025", "Анальгин №10", 1, "10,50")] * 3]
    text = settled(document_of(sheet_of(rows))).text
    (line,) = [line for line in text.splitlines() if line.startswith("  Сумма")]
    assert line.startswith("  Сумма: sum_nds  # doubt: 0.")
    assert "could be sum_no_nds" in line


@pytest.mark.parametrize(
    "header", ["Кол-во: шт, уп", "№ # 5", "yes", "2025", "- тире", "«кавычки» и 'ещё'", "{скобки}"]
)
def test_any_header_is_written_so_that_yaml_reads_it_back(header: str) -> None:
    rows = [("Дата", "Товар", header, "Кол-во"), *[("05.06.2025", "Анальгин №10", "что-то", 1)] * 3]
    found = settled(document_of(sheet_of(rows)))
    assert header in found.layout.columns
    assert parse_layout(found.text.encode()) == found.layout


@pytest.mark.parametrize("anonymous", [False, True])
def test_the_example_is_the_beginning_of_the_sample_and_loads_to_the_same(anonymous: bool) -> None:
    content = client_03_csv(200, JUNE).content
    document = read_document(content)
    found, example = with_example(drafted(document), ABOUT, document, content, MOSCOW, JUNE, anonymous=anonymous)
    assert example is not None
    assert found.report is not None
    assert example.suffix == "csv"
    part = normalize(read_document(example.content, Hints(found.layout.known_headers)), found.layout, MOSCOW)
    whole = found.report.table.slice(0, 50)
    same = ["tms", "amount_type_2", "period", "client_city", "source_row"]
    assert part.table.select(same).equals(whole.select(same))
    if not anonymous:
        assert content.startswith(example.content)
        assert part.table.equals(whole)
        return
    texts = example.content.decode("cp1251")
    for name in ("client_inlaw", "client_inn", "client_adress"):
        assert set(part.table[name].to_pylist()).isdisjoint(whole[name].to_pylist())
        assert not any(text in texts for text in set(whole[name].to_pylist()) if text)
    assert ";".join(CLIENT_03_HEADER) in texts
    assert part.remarks == ()  # the invented INN are valid ones


def test_the_example_of_a_workbook_keeps_what_its_cells_are() -> None:
    report = client_01_xlsx(120, JUNE)
    document = read_document(report.content)
    _, example = with_example(drafted(document), ABOUT, document, report.content, MOSCOW)
    assert example is not None
    assert example.suffix == "xlsx"
    part = read_document(example.content).sheets[0]
    source = document.sheets[0]
    for place in range(len(source.columns)):
        assert part.columns[place].to_pylist() == source.columns[place].to_pylist()[: part.height]
        assert part.kinds[place].tolist() == source.kinds[place][: part.height].tolist()
    assert part.rows.tolist() == source.rows[: part.height].tolist()
    assert int(part.rows[-1]) == 54


def test_a_total_on_top_does_not_stand_in_the_example() -> None:
    rows = [HEADER, ("Итого", None, None, 160, None), *[sale()] * 80]
    document = document_of(sheet_of(rows))
    found, example = with_example(drafted(document), ABOUT, document, b"", MOSCOW)
    assert found.problem is None
    assert found.layout.totals is Totals.CHECK
    assert example is not None
    part = normalize(read_document(example.content), found.layout, MOSCOW)
    assert (part.loaded, part.control_totals) == (49, ())
