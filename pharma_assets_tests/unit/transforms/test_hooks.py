"""`hooks.py`: what its functions see and may do, and that no row and no cell is lost whatever they do."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.transforms.hooks.source import read_hooks
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.normalize import NormalizedReport
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

JUNE = date(2025, 6, 1)
HOOKS = Path("chains/Client_05/hooks.py")
IMPORTS = "from decimal import Decimal\nimport pandas as pd\n"


def hooked(code: str, yaml: str = SALES, **keys: object) -> Layout:
    return layout_of(yaml, **keys).with_hooks(read_hooks(HOOKS, (IMPORTS + code).encode()))


def run(code: str, *rows: Row, yaml: str = SALES, header: Sequence[str] = HEADER, **keys: object) -> NormalizedReport:
    return report_of([header, *rows], layout=hooked(code, yaml, **keys), month=JUNE)


def extras(report: NormalizedReport) -> list[dict[str, str]]:
    return [json.loads(text or "{}") for text in report.table["extra"].to_pylist()]


def fails(code: str, *rows: Row, **keys: object) -> str:
    with pytest.raises(PharmaError) as error:
        run(code, *(rows or (sale(2, 5), sale(3, 7))), **keys)
    assert error.value.code == "HOOK_FAILED", error.value
    return error.value.message


def test_raw_sees_the_rows_of_data_as_texts_by_their_numbers() -> None:
    report = run(
        """
def raw(frame):
    assert list(frame.columns) == ["Дата", "Аптека", "Товар", "Количество", "Сумма"], frame.columns
    assert frame.index.name == "source_row" and list(frame.index) == [2, 4], frame.index
    assert frame.loc[2, "Количество"] == "5" and pd.isna(frame.loc[2, "Сумма"])
    assert frame.attrs == {"sheet": "Лист1", "report_type": "Type1", "month": pd.Timestamp("2025-06-01").date()}
    return frame
""",
        sale(2, 5),
        HEADER,
        sale(4, 7),
        ("Итого", None, None, 12),
    )
    assert loaded_rows(report) == [2, 4]
    assert accounted(report) == {"repeated header": 1, "total": 1}
    assert [total.agrees for total in report.control_totals] == [True]


def test_raw_fills_what_stands_above_and_leaves_the_headings_out() -> None:
    code = """
def raw(frame):
    heading = frame["Дата"].isna()
    frame["Филиал"] = frame["Аптека"].where(heading).ffill()
    frame.loc[heading, "left_out"] = "heading of a branch"
    return frame
"""
    yaml = SALES.replace("  товар:", "  филиал: {to: supplier_filial, required: false}\n  товар:")
    rows: list[Row] = [(None, "Казань", None, 12), sale(2, 5), sale(3, 7), (None, "Самара", None, 3), sale(4, 3)]
    report = run(code, *rows, ("Итого", None, None, 15), yaml=yaml)
    assert accounted(report) == {"heading of a branch": 2, "total": 1}
    assert report.table["supplier_filial"].to_pylist() == ["Казань", "Казань", "Самара"]
    assert [(total.stated, total.found) for total in report.control_totals] == [(15, 15)], "without the headings"
    assert extras(report) == [{}, {}, {}]
    assert report.remarks == ()


def test_what_raw_changes_is_kept_as_it_was_sent() -> None:
    code = """
def raw(frame):
    frame["Количество"] = frame["Количество"].str.removeprefix("около ")
    frame["Цвет"] = frame["Цвет"].str.upper()
    frame["Аптека"] = frame["Аптека"].where(frame.index != 4)
    return frame.drop(columns="Номер")
"""
    header = (*HEADER, "Цвет", "Номер")
    rows = [
        (*sale(day, quantity), *more) for day, quantity, *more in ((2, "около 5", "синий", "7"), (3, "8", "НЕТ", "9"))
    ]
    report = run(code, *rows, (*sale(4, "x"), "а", "б"), header=header)
    assert [row["amount_type_1"] for row in report.table.to_pylist()] == [5, 8]
    assert extras(report) == [
        {"Количество": "около 5", "Цвет": "синий", "Номер": "7"},
        {"Цвет": "НЕТ", "Номер": "9"},
    ]
    (rejected,) = report.rejected
    assert rejected.raw == {
        "Дата": "04.06.2025",
        "Аптека": "Аптека № 1",
        "Товар": "Анальгин",
        "Количество": "x",
        "Цвет": "а",
        "Номер": "б",
    }


WIDE = ("Дата", "Товар", "Казань", "Самара")
WIDE_LAYOUT = """
supplier: Пример
report_types: [Type1]
columns:
  дата: {to: period, filled: true}
  товар: {to: tms, filled: true}
  филиал: {to: supplier_filial, required: false}
  количество: {to: amount_type_1, required: false, filled: true}
left_out: [{column: количество, reason: zero quantity}]
"""
MELT = """
def raw(frame):
    return frame.melt(["Дата", "Товар"], var_name="Филиал", value_name="Количество", ignore_index=False).dropna()
"""


def test_raw_makes_several_rows_of_one() -> None:
    rows = [("02.06.2025", "Анальгин", "5", "7"), ("03.06.2025", "Аспирин", "0", "8"), ("04.06.2025", "Йод", "?", "!")]
    report = run(MELT, *rows, yaml=WIDE_LAYOUT, header=WIDE)
    assert (report.read, report.loaded, len(report.rejected)) == (6, 3, 2)
    assert accounted(report) == {"zero quantity": 1}
    found = report.table.select(["source_row", "source_part", "supplier_filial", "amount_type_1"]).to_pylist()
    assert [tuple(row.values()) for row in found] == [(2, 1, "Казань", 5), (2, 2, "Самара", 7), (3, 2, "Самара", 8)]
    told_once = [{"Казань": "5", "Самара": "7"}, {}, {"Казань": "0", "Самара": "8"}]
    assert extras(report) == told_once, "by the first of a source row's rows that is loaded"
    assert [(row.row, row.part, row.cells[0].text) for row in report.rejected] == [(4, 1, "?"), (4, 2, "!")]
    assert [remark.code for remark in report.remarks] == ["ROWS_MADE"]


def test_renamed_sees_targets_and_may_fill_others() -> None:
    code = """
def renamed(frame):
    assert list(frame.columns) == ["period", "client_inlaw", "tms", "amount_type_1", "sum_nds"], frame.columns
    frame["market"] = frame["client_inlaw"].map({"Аптека № 1": "Сеть"})
    frame["sum_no_nds"] = "10,50"
    frame["tms"] = frame["tms"].str.replace("Анальгин", "Метамизол")
    frame.loc[frame["tms"] == "Йод", "left_out"] = "no medicine"
    return frame
"""
    report = run(code, sale(2, 5), sale(3, 7, pharmacy="Аптека № 2"), sale(4, product="Йод"), sale(5, "x"))
    rows = report.table.select(["tms", "market", "sum_no_nds"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("Метамизол", "Сеть", Decimal("10.50")),
        ("Метамизол", None, Decimal("10.50")),
    ]
    assert accounted(report) == {"no medicine": 1}
    assert extras(report) == [{"Товар": "Анальгин"}, {"Товар": "Анальгин"}]
    assert [row.row for row in report.rejected] == [5]
    assert report.remarks == ()


def test_a_text_of_renamed_that_cannot_be_read_rejects_its_row() -> None:
    code = 'def renamed(frame):\n    return frame.assign(sum_no_nds=["много", "5"])\n'
    (rejected,) = run(code, sale(2), sale(3)).rejected
    assert [(cell.header, cell.text, cell.code) for cell in rejected.cells] == [("sum_no_nds", "много", "VALUE_AMOUNT")]
    assert "sum_no_nds" not in rejected.raw, "it was not sent"


def test_final_sees_exact_values_in_local_time_and_changes_them() -> None:
    code = """
def final(frame):
    assert frame.index.tolist() == [2, 3], frame.index
    assert frame["period"].dt.day.tolist() == [2, 3] and str(frame["period"].dt.tz) == "Europe/Moscow"
    assert frame.loc[2, "amount_type_1"] == Decimal("1.500")
    frame["sum_no_nds"] = frame["amount_type_1"] * frame["sum_nds"]
    frame["tms"] = frame["tms"].str.upper()
    frame["period"] = frame["period"] + pd.Timedelta(days=1)
    frame["left_out"] = frame["client_inlaw"].map({"Склад": "warehouse"})
    return frame
"""
    report = run(code, sale(2, "1,5", "10,10"), sale(3, 2, pharmacy="Склад"), sale(4, "x"))
    (row,) = report.table.to_pylist()
    assert (row["sum_no_nds"], row["tms"]) == (Decimal("15.15"), "АНАЛЬГИН")
    assert row["period"] == datetime(2025, 6, 2, 21, tzinfo=UTC)
    assert extras(report) == [{"Дата": "02.06.2025", "Товар": "Анальгин"}]
    assert accounted(report) == {"warehouse": 1}


def test_a_period_that_a_hook_changes_is_held_against_the_month() -> None:
    with pytest.raises(PharmaError, match="PERIOD_MISMATCH"):
        run('def final(frame):\n    frame["period"] += pd.Timedelta(days=60)\n    return frame\n', sale(2))


cells = st.sampled_from(["", "0", "1", "2", "3", "-", "x", "Склад", "много"])
EVERYTHING = """
def raw(frame):
    frame["Цвет"] = frame["Аптека"]
    frame["Аптека"] = frame["Аптека"].mask(frame["Аптека"] == "2").fillna("пусто")
    frame["left_out"] = frame["Сумма"].map({"Склад": "warehouse"})
    times = frame["Сумма"].map({"2": 2, "3": 3}).fillna(1).astype(int)
    return frame.loc[frame.index.repeat(times)].drop(columns="Сумма")
def renamed(frame):
    frame["left_out"] = frame["amount_type_1"].map({"много": "too much"})
    return frame.assign(tms=frame["client_inlaw"] + "!", market="x")
def final(frame):
    frame["left_out"] = frame["amount_type_1"].map({Decimal("3.000"): "three"})
    return frame.assign(client_inlaw=frame["client_inlaw"].mask(frame["client_inlaw"] == "1"))
"""


@settings(max_examples=100)
@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8))
def test_whatever_a_hook_does_no_row_and_no_cell_is_lost(rows: list[tuple[str, str, str]]) -> None:
    """The hooks take rows apart, fill and empty cells, drop a column, make others and leave rows out."""
    sent = [sale(2, quantity, amount, pharmacy) for pharmacy, quantity, amount in rows]
    try:
        report = run(EVERYTHING, *sent)
    except PharmaError as error:
        if error.code == "ALL_ROWS_REJECTED":
            return
        raise
    accounted(report)
    assert report.read == len(rows) + sum({"2": 1, "3": 2}.get(amount, 0) for _, _, amount in rows)
    first_of_each = {row["source_row"]: row for row in reversed(report.table.to_pylist())}
    for number, row in first_of_each.items():
        kept = json.loads(row["extra"] or "{}")
        cell = dict(zip(HEADER, sent[number - 2], strict=True))
        assert kept.get("Аптека", row["client_inlaw"]) in (cell["Аптека"], "пусто" if not cell["Аптека"] else "")
        assert (kept.get("Товар"), kept.get("Сумма")) == (cell["Товар"], cell["Сумма"] or None)
        assert row["amount_type_1"] == Decimal(cell["Количество"])
    for rejected in report.rejected:
        seen = zip(HEADER, sent[rejected.row - 2], strict=True)
        assert rejected.raw == {name: cell for name, cell in seen if cell}


def test_a_sheet_without_rows_troubles_no_hook() -> None:
    code = "def raw(frame):\n    return frame / 0\ndef final(frame):\n    return frame / 0\n"
    assert run(code, nil_report=True).loaded == 0
    code = "def raw(frame):\n    return frame.assign(left_out='nobody')\ndef renamed(frame):\n    return frame / 0\n"
    assert accounted(run(code, sale(2))) == {"nobody": 1}


def test_all_three_come_one_after_the_other() -> None:
    code = """
def raw(frame):
    return frame.assign(Товар=frame["Товар"] + "1")
def renamed(frame):
    return frame.assign(tms=frame["tms"] + "2")
def final(frame):
    return frame.assign(tms=frame["tms"] + "3")
"""
    report = run(code, sale(2))
    assert report.table["tms"].to_pylist() == ["Анальгин123"]
    assert extras(report) == [{"Товар": "Анальгин"}]


def test_hooks_are_called_for_each_sheet() -> None:
    layout = hooked('def renamed(frame):\n    return frame.assign(market=frame.attrs["sheet"])\n', sheets="all")
    report = report_of(*(sheet_of([HEADER, sale(2)], name) for name in ("Май", "Июнь")), layout=layout)
    assert report.table["market"].to_pylist() == ["Май", "Июнь"]


def test_parts_of_several_sheets_are_joined() -> None:
    code = MELT.replace("    return", '    if frame.attrs["sheet"] == "Б":\n        return frame\n    return')
    tall = sheet_of([("Дата", "Товар", "Филиал", "Количество"), ("02.06.2025", "Йод", "Уфа", "1")], "Б")
    wide = sheet_of([WIDE, ("02.06.2025", "Йод", "5", "7")], "А")
    report = report_of(wide, tall, layout=hooked(code, WIDE_LAYOUT, sheets="all"))
    assert report.table["source_part"].to_pylist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ('def raw(frame):\n    return frame["Нет"]\n', "KeyError: 'Нет', line 4: return frame[\"Нет\"]"),
        ("def raw(frame):\n    raise SystemExit(0)\n", "SystemExit: 0, line 4"),
        ("def raw(frame):\n    return None\n", "it gave back NoneType, not a DataFrame"),
        ("def raw(frame):\n    return frame[1:]\n", "1 rows are gone, e.g. row 2: name the reason"),
        ("def raw(frame):\n    return frame.reset_index(drop=True)\n", "row 0 is none of the report"),
        ("def raw(frame):\n    return frame.set_index('Товар')\n", "its index is not the number of the source row"),
        ("def raw(frame):\n    return frame.assign(X=1)\n", "row 2, column X: 1 is int, not a text"),
        ("def raw(frame):\n    return frame.assign(**{'количество ': 'x'})\n", "which the report has already"),
        ("def raw(frame):\n    return frame.assign(left_out='total')\n", "the reason 'total' has another meaning"),
        ("def raw(frame):\n    return frame.assign(left_out='zero quantity')\n", "has another meaning"),
        ("def raw(frame):\n    return pd.concat([frame, frame], axis=1)\n", "there are two columns Дата"),
        ("def raw(frame):\n    return frame.rename(columns={'Дата': 5})\n", "5 is no name of a column"),
        ("def renamed(frame):\n    return frame[::-1]\n", "its rows are not those that it was given"),
        ("def renamed(frame):\n    return pd.concat([frame, frame])\n", "its rows are not those that it was given"),
        ("def renamed(frame):\n    return frame.drop(columns='tms')\n", "the column tms is gone"),
        ("def renamed(frame):\n    return frame.assign(цвет='x')\n", "'цвет' is not a column that a layout can fill"),
        ("def renamed(frame):\n    return frame.assign(filename_ish='x')\n", "'filename_ish' is not a column"),
        ("def renamed(frame):\n    return frame.assign(client_type='x')\n", "client_type, which the layout fills"),
        ("def final(frame):\n    return frame[:0]\n", "its rows are not those that it was given"),
        ("def final(frame):\n    return frame.assign(sum_nds=0.5)\n", "row 2, column sum_nds: 0.5 is float"),
        ("def final(frame):\n    return frame.assign(sum_nds=Decimal('0.001'))\n", "without rounding"),
        ("def final(frame):\n    return frame.assign(sum_nds=Decimal('1e30'))\n", "column sum_nds"),
        ("def final(frame):\n    return frame.assign(period='2025')\n", "'2025' is str, not a moment"),
        ("def final(frame):\n    return frame.assign(tms='я' * 1001)\n", "row 2, column tms: VALUE_TOO_LONG"),
        ("def final(frame):\n    return frame.assign(tms=chr(0))\n", "row 2, column tms: VALUE_UNPRINTABLE"),
        ("def final(frame):\n    return frame.assign(tms=5)\n", "row 2, column tms: 5 is int, not a text"),
    ],
)
def test_a_hook_that_fails_is_a_typed_error_with_its_line(code: str, told: str) -> None:
    message = fails(code, constants="{client_type: Розница}")
    assert told in message
    assert f"{code[4:].partition('(')[0]} in {HOOKS}" in message


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def raw(frame:\n", "hooks.py, line 1: no Python"),
        ("x = 1\n", "hooks.py: none of raw, renamed, final is defined"),
        ("def clean(frame):\n    return frame\n", "hooks.py, line 1: clean is none of raw, renamed, final"),
        ("def raw(frame, month):\n    return frame\n", "line 1: raw takes a DataFrame and nothing else"),
        ("def raw(*frames):\n    return frames\n", "line 1: raw takes a DataFrame and nothing else"),
        ("async def raw(frame):\n    return frame\n", "line 1: raw must not be async"),
        ("import os\ndef raw(frame):\n    return frame\n", "line 1: os cannot be imported"),
        ("def raw(frame):\n    from dagster import job\n    return frame\n", "line 2: dagster cannot be imported"),
        ("from . import other\ndef raw(frame):\n    return frame\n", "line 1: .other cannot be imported"),
        ("def raw(frame):\n    open('x')\n    return frame\n", "line 2: open cannot be used"),
        ("import pandas as pd\ndef raw(frame):\n    return pd.read_csv('x')\n", "line 3: read_csv cannot be used"),
        ("def raw(frame):\n    frame.to_csv('x')\n    return frame\n", "line 2: to_csv cannot be used"),
    ],
)
def test_a_text_that_is_no_hooks_is_refused_before_it_runs(code: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        read_hooks(HOOKS, code.encode())
    assert why in str(error.value).replace(". cannot", ".other cannot")


def test_helpers_and_constants_stand_beside_the_functions() -> None:
    code = "NAMES = {'Анальгин': 'Метамизол'}\ndef _name(text):\n    return NAMES.get(text, text)\n"
    code += "def renamed(frame):\n    return frame.assign(tms=frame['tms'].map(_name))\n"
    assert run(code, sale(2)).table["tms"].to_pylist() == ["Метамизол"]


def test_nothing_is_left_from_one_report_to_the_next() -> None:
    code = "SEEN = []\ndef renamed(frame):\n    SEEN.append(1)\n    return frame.assign(market=str(len(SEEN)))\n"
    layout, modules = hooked(code), set(sys.modules)
    for _ in range(2):
        assert report_of([HEADER, sale(2)], layout=layout).table["market"].to_pylist() == ["1"]
    assert [name for name in set(sys.modules) - modules if "hook" in name] == []


def test_the_text_of_the_hooks_is_a_part_of_the_fingerprint() -> None:
    plain = layout_of().fingerprint()
    one, other = (hooked(f"def raw(frame):\n    return frame  # {number}\n").fingerprint() for number in (1, 2))
    assert len({plain, one, other}) == 3


def test_without_hooks_no_frame_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert report_of([HEADER, sale(2)]).loaded == 1
