"""What a team would write without this project: one client's script in pandas, as its documentation shows it.

`python -m benchmarks.plain_pandas FILE URL MONTH` is such a script as a process of its own, with openpyxl.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pandas.io.sql import SQLTable
from sqlalchemy import Connection, create_engine

from pharma_assets.database.connect import psycopg_connection
from pharma_assets.database.urls import sqlalchemy_url

HEADER_ROW = 3
COLUMNS = {
    "инн": "client_inn",
    "клиент": "client_inlaw",
    "область_район": "client_region",
    "город": "client_city",
    "адрес": "client_adress",
    "название": "tms",
    "количество": "amount_type_1",
    "филиал": "supplier_filial",
    "код_клиента": "client_id_ish",
    "код_товара": "tms_id_ish",
}
MONTHS = ("янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")


def report(file: Path, month: date, engine: Literal["openpyxl", "calamine"]) -> pd.DataFrame:
    """The rows of Агроресурсы' report under the names of `raw.primary_data`. Nothing is checked or kept aside."""
    frame = pd.read_excel(file, engine=engine, header=HEADER_ROW, dtype=str)
    frame["source_row"] = frame.index + HEADER_ROW + 2
    frame = frame[frame["количество"] != "0"]
    dates = frame["дата_документа"].str.split(expand=True)
    numbers = dates[0].map({name: f"{number:02d}" for number, name in enumerate(MONTHS, start=1)})
    days = dates[1].str.zfill(2)
    table = frame[[*COLUMNS, "source_row"]].rename(columns=COLUMNS)
    table["amount_type_1"] = pd.to_numeric(table["amount_type_1"])
    table["period"] = pd.to_datetime(dates[2] + numbers + days, format="%Y%m%d").dt.tz_localize("Europe/Moscow")
    table["naklad"] = frame["номер_документа"] + " от " + days + "." + numbers + "." + dates[2]
    return table.assign(supplier_name="Агроресурсы", file_id=0, source_sheet="Лист1", partition_month=month)


def load(table: pd.DataFrame, connection: Connection, method: Any = None) -> None:
    """Append the rows; `method` is pandas' own, None for its INSERT."""
    table.to_sql("primary_data", connection, schema="raw", if_exists="append", index=False, method=method)


def copy(table: SQLTable, connection: Connection, keys: list[str], rows: Iterator[Iterable[Any]]) -> None:
    """The "insertion method" of pandas' user guide, which takes the rows through COPY."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    columns = ", ".join(f'"{key}"' for key in keys)
    with (
        psycopg_connection(connection).cursor() as cursor,
        cursor.copy(f"COPY {table.schema}.{table.name} ({columns}) FROM STDIN WITH CSV".encode()) as stream,
    ):
        stream.write(buffer.getvalue())


def main() -> None:
    """The script."""
    file, url, month = sys.argv[1:]
    with create_engine(sqlalchemy_url(url)).begin() as connection:
        load(report(Path(file), date.fromisoformat(month), "openpyxl"), connection)


if __name__ == "__main__":
    main()
