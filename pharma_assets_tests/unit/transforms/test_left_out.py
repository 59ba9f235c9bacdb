"""Rows that a layout leaves out: by a number, a text, a pattern or a blank, each counted under its reason."""

from __future__ import annotations

import pytest

from pharma_assets_tests.unit.transforms.sheets import (
    HEADER,
    SALES,
    Row,
    accounted,
    layout_of,
    loaded_rows,
    report_of,
    sale,
    sheet_of,
)


def rules_of(*rules: str) -> str:
    start = SALES.index("left_out:")
    return SALES[:start] + "left_out:\n" + "".join(f"  - {rule}\n" for rule in rules)


ROWS: list[Row] = [
    sale(2, "0"),
    sale(2, "0,000"),
    sale(3, "-5"),
    sale(3, "1 000", pharmacy="Склад"),
    sale(4, 7, pharmacy=" СКЛАД "),
    sale(5, 8, pharmacy="Склад № 2"),
    sale(6, 9, product="Возврат тары"),
    sale(6, 9, amount="-"),
]


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ("{column: количество, reason: x}", [2, 3]),
        ("{column: количество, equals: 0, reason: x}", [2, 3]),
        ("{column: количество, equals: -5, reason: x}", [4]),
        ("{column: количество, one_of: [-5.0, 1000], reason: x}", [4, 5]),
        ("{column: аптека, equals: склад, reason: x}", [5, 6]),
        ("{column: аптека, one_of: [Склад, склад № 2], reason: x}", [5, 6, 7]),
        ("{column: аптека, matches: ^Склад, reason: x}", [5, 7]),
        ("{column: аптека, matches: '(?i)^ *склад *$', reason: x}", [5, 6]),
        ("{column: товар, matches: тар, reason: x}", [8]),
        ("{column: сумма, blank: true, reason: x}", [2, 3, 4, 5, 6, 7, 8]),
        ("{column: сумма, matches: ^-$, reason: x}", [9]),
        ("{column: дата, equals: 02.06.2025, reason: x}", [2, 3]),
    ],
)
@pytest.mark.parametrize("dictionary", [False, True])
def test_a_rule_leaves_out_the_rows_that_it_names(rule: str, rows: list[int], dictionary: bool) -> None:
    report = report_of(sheet_of([HEADER, *ROWS], dictionary=dictionary), layout=layout_of(rules_of(rule)))
    assert accounted(report) == {"x": len(rows)}
    assert loaded_rows(report) == [row for row in range(2, 10) if row not in rows]


def test_a_row_counts_for_the_first_rule_that_fits() -> None:
    layout = layout_of(
        rules_of(
            "{column: аптека, matches: (?i)склад, reason: warehouse}",
            "{column: количество, one_of: [7, 0], reason: seven or nothing}",
        )
    )
    assert accounted(report_of([HEADER, *ROWS], layout=layout)) == {"warehouse": 3, "seven or nothing": 2}


def test_a_rule_for_a_column_that_is_absent_sleeps() -> None:
    layout = layout_of(rules_of("{column: сумма, blank: true, reason: x}"))
    report = report_of([HEADER[:4], sale(2)[:4]], layout=layout)
    assert accounted(report) == {}
    assert report.loaded == 1


def test_a_rule_asks_the_stand_in_where_its_column_is_absent() -> None:
    yaml = rules_of("{column: аптека, equals: склад, reason: x}").replace(
        "  товар:", "  точка: {to: client_inlaw, unless: аптека}\n  товар:"
    )
    header = ("Дата", "Точка", *HEADER[2:])
    assert accounted(report_of([header, *ROWS], layout=layout_of(yaml))) == {"x": 2}


def test_a_ragged_row_is_rejected_and_not_left_out() -> None:
    layout = layout_of(rules_of("{column: сумма, blank: true, reason: x}"))
    report = report_of(sheet_of([HEADER, sale(2, amount=5), sale(3)[:4]], text=True), layout=layout)
    assert accounted(report) == {}
    assert [row.cells[0].code for row in report.rejected] == ["ROW_RAGGED"]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("{column: количество, equals: 0, blank: true, reason: x}", "one of equals, one_of, blank, matches"),
        ("{column: количество, equals: '0', reason: x}", "holds amounts, and '0' can be none"),
        ("{column: количество, equals: 0.0001, reason: x}", "holds amounts, and 0.0001 can be none"),
        ("{column: количество, equals: .inf, reason: x}", "holds amounts, and inf can be none"),
        ("{column: аптека, equals: 5, reason: x}", "'аптека' is no amount: put 5 in quotes"),
        ("{column: аптека, equals: yes, reason: x}", "left_out.0.equals"),
        ("{column: аптека, one_of: [], reason: x}", "left_out.0.one_of"),
        ("{column: аптека, matches: '(', reason: x}", "is no regular expression"),
        ("{column: аптека, blank: false, reason: x}", "left_out.0.blank"),
        ("{column: аптека, blank: true, reason: total}", "the reason 'total' has another meaning"),
        ("{column: аптека, blank: true, reason: ''}", "left_out.0.reason"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(rule: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        layout_of(rules_of(rule))
    assert why in str(error.value)


def test_two_rules_have_two_reasons() -> None:
    with pytest.raises(ValueError, match="the reason 'x' has another meaning"):
        layout_of(rules_of("{column: аптека, blank: true, reason: x}", "{column: товар, blank: true, reason: x}"))
