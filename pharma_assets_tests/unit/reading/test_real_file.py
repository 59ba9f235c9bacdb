from __future__ import annotations

from pathlib import Path

import pytest

from pharma_assets.reading.document import read_document
from pharma_assets.reading.sheet import Kind

REAL = Path(__file__).parents[4] / "shared" / "data" / "Агроресурсы_01.06.2025.xlsx"


@pytest.mark.skipif(not REAL.exists(), reason="the real file is not public")
def test_the_real_file() -> None:
    document = read_document(REAL.read_bytes())
    assert (document.format, document.engine) == ("xlsx", "calamine")
    (sheet,) = document.sheets
    header = sheet.row_texts(2)
    assert (header[0], header[-1], len(header)) == ("инн", "код_товара", 13)
    assert sheet.rows[[0, 2, 3, -1]].tolist() == [2, 4, 5, 29946]
    assert sheet.rows_filled_below(2) == 29_942
    column = {name: index for index, name in enumerate(header)}
    assert sheet.columns[column["код_клиента"]][3].as_py() == "526275.00"
    assert sheet.columns[column["дата_документа"]][3].as_py() == "июн 20 2025 12:00AM"
    assert sheet.columns[column["инн"]][-1].as_py().startswith("0")
    assert int((sheet.kinds[column["количество"]] == Kind.NUMBER).sum()) == 17
    assert sum(map(int, sheet.columns[column["количество"]].to_pylist()[3:])) == 109_985
    assert sum(text is None for text in sheet.columns[column["инн"]].to_pylist()[3:]) == 4
