"""A text read in small blocks, by Arrow where it can be, gives what it gives when it is read carefully in one piece."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Kind, Sheet
from pharma_assets.reading.text import columns as text_columns
from pharma_assets.reading.text import delimited
from pharma_assets.reading.text.delimited import read_csv
from pharma_assets.reading.text.dialects import choose_dialect

HEADERS = ("инн", "клиент", "кол")

Seen = tuple[list[int], list[int], list[list[str | None]], list[list[int]]]

_PIECES = st.sampled_from(
    [
        *("1;а;2\n", '3;"б";4\n', '5;"в""г";6\r\n', "7;д;8\r", '"9";" ";""\n', ";;\n", "\n", "1;2\n", "1;2;3;4\n"),
        *('1;"а\nб";2\n', '1;"а;2\n', '1;а";2\n', '1;"а"б;2\n', '1;а"б"в;2\n', '"', ";", "\n", "\r", "\\", "\x00"),
        *('1;"а;б\nв;г";2\n', '1;"\\"а\\"";2\n', "'а';'б';'в'\n", " ;\xa0;\u2003\n", "я" * 70 + ";1;2\n", '""'),
        *("\x1a", "\ufeff"),
    ]
)
_HOSTILE = st.lists(_PIECES, max_size=25).map(lambda pieces: "инн;клиент;кол\n" + "".join(pieces))
_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5)


def seen(sheet: Sheet) -> Seen:
    assert sheet.widths is not None
    texts = [column.to_pylist() for column in sheet.columns]
    return sheet.rows.tolist(), sheet.widths.tolist(), texts, [kinds.tolist() for kinds in sheet.kinds]


def read(content: bytes) -> Seen | str:
    try:
        (sheet,) = read_csv(content, Hints(headers=HEADERS)).sheets
    except PharmaError as error:
        return str(error)
    return seen(sheet)


def read_both_ways(text: str, encoding: str, block: int) -> tuple[Seen | str, Seen | str]:
    content = text.encode(encoding, "replace")
    dialect = choose_dialect(text, HEADERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "choose_dialect", lambda *_: dialect)  # else it would be that of the first block
        patch.setattr(delimited, "_BLOCK", block)
        patch.setattr(text_columns, "FEW_ROWS", 0)
        patch.setattr(text_columns, "_MANY_ROWS", 3)
        patch.setattr(text_columns, "_MERGE_AT", 2)
        fast = read(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "choose_dialect", lambda *_: dialect)
        patch.setattr(delimited, "read_plain", lambda *_: None)
        careful = read(content)
    return fast, careful


@settings(deadline=None, max_examples=400)
@given(_HOSTILE, st.sampled_from(["utf-8", "utf-16", "cp1251"]), st.integers(8, 90))
def test_hostile_texts(text: str, encoding: str, block: int) -> None:
    fast, careful = read_both_ways(text, encoding, block & ~1)
    assert fast == careful


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(_CELLS, min_size=3, max_size=3), max_size=12), st.integers(8, 90))
def test_any_cells(grid: list[list[str]], block: int) -> None:
    text = "инн;клиент;кол\n" + "".join(";".join(row) + "\n" for row in grid)
    fast, careful = read_both_ways(text, "utf-8", block)
    assert fast == careful


def test_columns_whose_texts_repeat_hold_each_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_BLOCK", 1 << 14)
    rows = [f"{number};Аптека {number % 300};{number % 7 or ' '}" for number in range(20_000)]
    content = "\n".join(["инн;клиент;кол", *rows]).encode("cp1251")
    (sheet,) = read_csv(content).sheets
    encoded = pa.dictionary(pa.int32(), pa.string())
    assert [column.type for column in sheet.columns] == [pa.string(), encoded, encoded]
    assert len(sheet.columns[1].dictionary) == 301
    assert sheet.columns[2].dictionary.to_pylist() == ["кол", "1", "2", "3", "4", "5", "6"]
    assert sheet.columns[2].null_count == (sheet.kinds[2] == Kind.BLANK).sum() == len(range(0, 20_000, 7))
    assert sheet.row_texts(8) == ["7", "Аптека 7", None]
    assert sheet.rows.tolist() == list(range(1, 20_002))


def test_a_row_wider_than_those_of_blocks_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_BLOCK", 1 << 10)
    content = ("a;b\n" + "1;2\n" * 6000 + "3;4;5\n" + "1;2\n" * 6000).encode()
    (sheet,) = read_csv(content).sheets
    assert sheet.row_texts(6001) == ["3", "4", "5"]
    assert sheet.columns[2].null_count == sheet.height - 1 == 12_001
    assert {len(column) for column in sheet.columns} == {sheet.height}


def test_a_small_file_has_plain_strings() -> None:
    (sheet,) = read_csv(b"a;b\n" + b"1;2\n" * 100).sheets
    assert {column.type for column in sheet.columns} == {pa.string()}
