"""A `raw.primary_data` as it is after years: many months, suppliers and rows, made in the database itself.

Each month has the rows of 80 suppliers, one file each, in the order in which loads would have left them: file after
file, and day after day within a file. Buyers and products are drawn from what a country has of pharmacies and a
catalogue of products; no row is anybody's.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from benchmarks.measure import console
from pharma_assets.database.urls import connect

SUPPLIERS, BUYERS, PRODUCTS = 80, 90_000, 12_000
FIRST_YEAR, MONTHS = 2023, 36
FIRST_FILE_ID = 1_000_000

_TEMPLATE = """
CREATE UNLOGGED TABLE ops.grown AS
SELECT s AS supplier, r AS source_row, (r - 1) * 28 / %(rows)s AS day,
       'Поставщик-' || s AS supplier_name, to_char(s, '"S"FM0000') AS supplier_id,
       'Филиал ' || r %% 12 AS supplier_filial, 'РН-' || s || '-' || r / 4 AS waybill,
       'ООО "Аптека Ромашка-' || b || '"' AS client_inlaw, (7700000000 + b * 37)::text AS client_inn,
       'обл. Область-' || b %% 83 AS client_region, 'г. Город-' || b %% 900 AS client_city,
       'ул. Садовая, д. ' || b %% 200 || ', пом. ' || b %% 70 AS client_adress, (500000 + b)::text AS client_id_ish,
       'Препарат-' || p || ' таб. п/о 20мг №' || p %% 60 AS tms, (40000 + p * 17)::text AS tms_id_ish,
       (1 + r %% 10)::numeric(18, 3) AS amount
FROM generate_series(1, %(suppliers)s) s, generate_series(1, %(rows)s) r,
     LATERAL (SELECT abs(hashint8(s * 1000000::bigint + r / 3)) %% %(buyers)s AS b,
                     abs(hashint8(r * 1000003::bigint + s)) %% %(products)s AS p) drawn
ORDER BY s, r
"""

_MONTH = """
INSERT INTO raw.primary_data (supplier_id, period, supplier_name, supplier_filial, naklad, client_inlaw, client_adress,
    client_inn, client_region, client_city, client_id_ish, tms, tms_id_ish, filename_result, filename_ish,
    amount_type_1, report_provider, report_provider_name, file_id, source_sheet, source_row, partition_month)
SELECT supplier_id, (%(month)s::timestamp + day * interval '1 day') AT TIME ZONE 'Europe/Moscow', supplier_name,
    supplier_filial, waybill || ' от ' || to_char(%(month)s::date + day, 'DD.MM.YYYY'), client_inlaw, client_adress,
    client_inn, client_region, client_city, client_id_ish, tms, tms_id_ish,
    supplier_name || '_id' || %(file)s + supplier || '_' || to_char(%(month)s::date, 'YYYYMM') || '_120000.csv',
    'Дистрибьюторы/' || to_char(%(month)s::date, 'YYYY/MM/') || supplier_name || '/Type1/отчёт.xlsx',
    amount, 'Дистрибьютор', supplier_name, %(file)s + supplier, 'Лист1', source_row + 5, %(month)s
FROM ops.grown ORDER BY supplier, source_row
"""


def months() -> list[date]:
    """The months that have rows."""
    return [date(FIRST_YEAR + number // 12, number % 12 + 1, 1) for number in range(MONTHS)]


def grow(url: str, rows: int) -> int:
    """Fill the table with about `rows` rows; returns how many there are."""
    each = rows // (SUPPLIERS * MONTHS)
    facts = {"suppliers": SUPPLIERS, "buyers": BUYERS, "products": PRODUCTS, "rows": each}
    with connect(url, autocommit=True) as connection:
        connection.execute(_TEMPLATE % facts)
        for month in months():
            connection.execute("SELECT ops.ensure_month(%s)", [month])
    with ThreadPoolExecutor(2) as pool:
        for number, month in enumerate(pool.map(lambda month: _fill(url, month), months()), start=1):
            console.print(f"{month:%Y-%m}: {number * each * SUPPLIERS:,} rows", end="\r")
    with connect(url, autocommit=True) as connection:
        connection.execute("DROP TABLE ops.grown")
        connection.execute("VACUUM (ANALYZE) raw.primary_data")
        connection.execute("CHECKPOINT")
    return each * SUPPLIERS * MONTHS


def _fill(url: str, month: date) -> date:
    first = FIRST_FILE_ID + 1_000 * months().index(month)
    with connect(url) as connection:
        connection.execute("SET LOCAL synchronous_commit = off")
        connection.execute(_MONTH, {"month": month, "file": first})
    return month
