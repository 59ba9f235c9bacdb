"""The result file: what people open, and what stands on the disk."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.files import holds
from pharma_assets.loading import result_file
from pharma_assets.loading.result_file import render, write_draft

MOSCOW = ZoneInfo("Europe/Moscow")
TEXTS = st.text(st.sampled_from('=+-@\t;"\n аЯ7'), max_size=4)


@given(st.lists(st.none() | TEXTS, min_size=1), st.data())
def test_only_what_looks_like_a_formula_gets_an_apostrophe(texts: list[str | None], data: st.DataObject) -> None:
    """Whatever part of a larger column the report is: Arrow keeps slices in the buffers of the whole."""
    start = data.draw(st.integers(0, len(texts) - 1))
    table = pa.table({"tms": pa.array(texts, pa.string())}).slice(start)
    rows = csv.DictReader(io.StringIO(render(table, {}, MOSCOW).decode("utf-8-sig"), newline=""), delimiter=";")
    written = [text or "" for text in texts[start:]]
    formula = re.compile(r"[=+@\t\r-].", re.DOTALL)
    assert [row["tms"] for row in rows] == [f"'{text}" if formula.match(text) else text for text in written]


@pytest.mark.parametrize("stands", [b"", b"abc", b"abcdefgh", b"abcdefghijk", b"abcXefghij", b"abcdefghiX"])
def test_other_bytes_are_told_from_these(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stands: bytes) -> None:
    monkeypatch.setattr("pharma_assets.files._BLOCK_BYTES", 4)
    (tmp_path / "file").write_bytes(stands)
    assert not holds(tmp_path / "file", b"abcdefghij")
    assert holds(tmp_path / "file", stands)


def test_a_draft_that_reads_back_differently_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_file, "flush_to_disk", lambda path: path.write_bytes(b"torn"))
    with pytest.raises(PharmaError) as caught:
        write_draft(tmp_path, "result.csv", b"whole")
    assert caught.value.code == "LOCKED"
