"""A corrected row is read as if the supplier had sent it so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.sheet import Kind, Sheet
from pharma_assets.transforms.corrections import CorrectedCell, RowCorrection
from pharma_assets.transforms.normalize import NormalizedReport, normalize
from pharma_assets_tests.unit.transforms.sheets import (
    HEADER,
    MOSCOW,
    Row,
    document_of,
    layout_of,
    loaded_rows,
    sale,
    sheet_of,
)

texts = st.sampled_from(
    [
        "02.06.2025",
        "03/04/2025",
        "13/06/2025",
        "вчера",
        "1",
        "0",
        "1,5",
        "1.234",
        "дцать",
        "-",
        "Итого",
        "Анальгин",
        "#Н/Д",
    ]
)
cells = st.one_of(st.none(), texts)
rows = st.lists(st.tuples(cells, cells, cells, cells, cells), min_size=2, max_size=8)


def corrected(sheet: Sheet, row: int, changes: dict[int, str | None]) -> RowCorrection:
    """A correction of a row as the sheet has it."""
    before = sheet.row_texts(int(np.searchsorted(sheet.rows, row)))
    return RowCorrection(
        sheet.name,
        row,
        {place: text for place, text in enumerate(before) if text is not None},
        tuple(CorrectedCell(place, "", before[place], text) for place, text in changes.items()),
        id=1,
        who="Анна",
    )


def report_with(sheet: Sheet, *corrections: RowCorrection) -> NormalizedReport:
    return normalize(
        document_of(sheet), layout_of(), MOSCOW, None, corrections={each.key: each for each in corrections}
    )


def outcome(sheet: Sheet, *corrections: RowCorrection) -> object:
    """All that a report tells, or the problem that it ends with."""
    try:
        report = report_with(sheet, *corrections)
    except PharmaError as problem:
        return problem.code, problem.facts
    rejected = [
        (row.row, [(cell.header, cell.text, cell.code) for cell in row.cells], dict(row.raw)) for row in report.rejected
    ]
    totals = [total.document() for total in report.control_totals]
    return report.table.to_pylist(), rejected, dict(report.left_out), report.read, totals


@given(rows, st.data(), st.booleans())
def test_a_corrected_row_is_read_as_if_it_had_been_sent_so(
    sent: list[Row], data: st.DataObject, dictionary: bool
) -> None:
    number = data.draw(st.integers(0, len(sent) - 1))
    changes = data.draw(st.dictionaries(st.integers(0, 4), texts, min_size=1))
    if not any(sent[number]):
        return  # a blank row is no row: there is nothing to correct
    better = [list(row) for row in sent]
    for place, text in changes.items():
        better[number][place] = text
    sheet = sheet_of([HEADER, *sent], dictionary=dictionary)
    expected = outcome(sheet_of([HEADER, *better], dictionary=dictionary))
    assert outcome(sheet, corrected(sheet, number + 2, changes)) == expected


def test_what_was_corrected_is_told() -> None:
    sheet = sheet_of([HEADER, sale(2), sale(3, "дцать")])
    correction = corrected(sheet, 3, {3: "12"})
    report = report_with(sheet, correction)
    assert (loaded_rows(report), report.corrected, report.rejected) == ([2, 3], (correction,), ())
    assert [remark.code for remark in report.remarks] == []


@pytest.mark.parametrize("row", [3, 99])
def test_a_row_that_reads_otherwise_is_not_corrected(row: int) -> None:
    sheet = sheet_of([HEADER, sale(2), sale(3, "дцать")])
    correction = replace(corrected(sheet, 3, {3: "12"}), raw={0: "другое"}, row=row)
    report = report_with(sheet, correction)
    assert (loaded_rows(report), report.corrected) == ([2], ())
    (remark,) = report.remarks
    assert (remark.code, remark.facts) == (
        "CORRECTION_NOT_APPLIED",
        {"sheet": "Лист1", "row": row, "who": "Анна"},
    )


def test_a_correction_of_another_sheet_is_none_of_this_one() -> None:
    sheet = sheet_of([HEADER, sale(2), sale(3, "дцать")])
    report = report_with(sheet, replace(corrected(sheet, 3, {3: "12"}), sheet="Лист2"))
    assert (loaded_rows(report), report.corrected, report.remarks) == ([2], (), ())


def test_a_ragged_row_that_was_corrected_is_straight() -> None:
    sheet = sheet_of([HEADER, sale(2), (*sale(3), "лишнее")], text=True)
    assert [row.row for row in report_with(sheet).rejected] == [3]
    report = report_with(sheet, corrected(sheet, 3, {5: None}))
    assert loaded_rows(report) == [2, 3]


def test_a_cell_keeps_the_kind_that_it_was_given() -> None:
    """A number typed over a date text is a day of Excel; as text it would be none."""
    sheet = sheet_of([HEADER, sale(2), ("когда-то", *sale(3)[1:])])
    correction = corrected(sheet, 3, {})
    for kind, loaded in ((Kind.NUMBER, [2, 3]), (Kind.TEXT, [2])):
        cell = CorrectedCell(0, "Дата", "когда-то", "45811", kind)
        assert loaded_rows(report_with(sheet, replace(correction, cells=(cell,)))) == loaded


def test_the_columns_of_a_sheet_are_told_by_their_letters() -> None:
    report = report_with(sheet_of([("Отчёт",), HEADER, (*sale(2)[:4], "1,5", "прочее")]))
    (sheet,) = report.columns.values()
    assert sheet.header_row == 2
    assert dict(sheet.columns) == {**dict(zip("ABCDE", HEADER, strict=True)), "F": "[F]"}
    assert pa.types.is_string(report.table.schema.field("extra").type)
