"""COPY: what stands in memory stands in the table afterwards, letter for letter."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
from sqlalchemy import text

from pharma_assets.database.urls import engine as make_engine
from pharma_assets.loading.months import ensure_month
from pharma_assets.loading.primary_data import copy_rows

AWKWARD = [
    "plain",
    None,
    "",
    "\\N",
    "\\.",
    "back\\slash \\t",
    "tab\tnew\nline\rreturn",
    '"quoted", and; so on',
    "Ёж № 1 😀",
    "\\",
]
ROWS = len(AWKWARD)


def test_texts_numbers_and_moments_come_back_as_they_were(database: str) -> None:
    engine = make_engine(database)
    moments = [datetime(2025, 6, 1, 21, 0, tzinfo=UTC), None, datetime(1999, 12, 31, 23, 59, 59, 123456, UTC)]
    moments += moments[:1] * (ROWS - len(moments))
    amounts = [Decimal("0.001"), None, Decimal("-123456789012345.678")] + [Decimal("1.000")] * (ROWS - 3)
    table = pa.table(
        {
            "tms": pa.array(AWKWARD, pa.string()),
            "client_inn": pa.nulls(ROWS, pa.string()),
            "period": pa.array(moments, pa.timestamp("us", tz="UTC")),
            "amount_type_1": pa.array(amounts, pa.decimal128(18, 3)),
            "source_sheet": pa.repeat("Лист\t1", ROWS),
            "source_row": pa.array(range(1, ROWS + 1), pa.int32()),
            "extra": pa.array(['{"a": "\\\\ \\" \\n"}', *[None] * (ROWS - 1)], pa.string()),
        }
    )
    month = date(2025, 6, 1)
    ensure_month(engine, month)
    with engine.begin() as connection:
        constants = {"filename_ish": "a\tb\\c\n.csv", "file_id": 7, "partition_month": month}
        copy_rows(connection, table.slice(0, 4), constants)
        copy_rows(connection, table.slice(4), constants)
        copy_rows(connection, table.slice(0, 0), constants)
        rows = connection.execute(
            text(
                "SELECT tms, client_inn, period, amount_type_1, source_sheet, filename_ish, file_id, extra"
                " FROM raw.primary_data ORDER BY source_row"
            )
        ).all()
    engine.dispose()
    assert [row.tms for row in rows] == AWKWARD
    assert [row.period for row in rows] == moments
    assert [row.amount_type_1 for row in rows] == amounts
    assert rows[0].extra == {"a": '\\ " \n'}
    assert {(row.client_inn, row.source_sheet, row.filename_ish, row.file_id) for row in rows} == {
        (None, "Лист\t1", "a\tb\\c\n.csv", 7)
    }
