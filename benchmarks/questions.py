"""What people ask of `raw.primary_data`, and how the server finds it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import psycopg

from benchmarks.measure import console

QUESTIONS = {
    "one month by suppliers, by `period`": """
        SELECT supplier_name, sum(amount_type_1) FROM raw.primary_data
        WHERE period >= '2025-06-01 00:00+03' AND period < '2025-07-01 00:00+03' GROUP BY 1""",
    "one day by suppliers, by `period`": """
        SELECT supplier_name, sum(amount_type_1) FROM raw.primary_data
        WHERE period >= '2025-06-10 00:00+03' AND period < '2025-06-11 00:00+03' GROUP BY 1""",
    "a supplier's year by months, by `supplier_id`": """
        SELECT partition_month, sum(amount_type_1) FROM raw.primary_data
        WHERE supplier_id = 'S0007' AND partition_month BETWEEN '2025-01-01' AND '2025-12-01' GROUP BY 1""",
    "a client-month, by `report_provider_name`": """
        SELECT count(*), sum(amount_type_1) FROM raw.primary_data
        WHERE report_provider_name = 'Поставщик-7' AND partition_month = '2025-06-01'""",
    "a client's three years, by `report_provider_name`": """
        SELECT partition_month, sum(amount_type_1) FROM raw.primary_data
        WHERE report_provider_name = 'Поставщик-7' GROUP BY 1""",
    "a buyer's three years, by `client_inn`": """
        SELECT partition_month, tms, sum(amount_type_1) FROM raw.primary_data
        WHERE client_inn = '7700028749' GROUP BY 1, 2""",
    "a product's month, by `tms_id_ish`": """
        SELECT supplier_name, sum(amount_type_1) FROM raw.primary_data
        WHERE tms_id_ish = '53090' AND partition_month = '2025-06-01' GROUP BY 1""",
    "a product's month at one client": """
        SELECT client_region, sum(amount_type_1) FROM raw.primary_data
        WHERE tms_id_ish = '53090' AND report_provider_name = 'Поставщик-7' AND partition_month = '2025-06-01'
        GROUP BY 1""",
    "a product's year, by a part of `tms`": """
        SELECT supplier_name, sum(amount_type_1) FROM raw.primary_data
        WHERE tms ILIKE '%репарат-770 %' AND partition_month BETWEEN '2025-01-01' AND '2025-12-01' GROUP BY 1""",
    "a row, by `id`": "SELECT * FROM raw.primary_data WHERE id = 31234567",
}


def ask(url: str) -> list[dict[str, Any]]:
    """The usual questions: the median of five answers, and by which plan. A first one warms up."""
    answers = []
    with psycopg.connect(url, autocommit=True) as connection:
        for what, query in QUESTIONS.items():
            times = []
            for _ in range(6):
                started = time.perf_counter()
                connection.execute(query.encode()).fetchall()
                times.append(time.perf_counter() - started)
            row = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}".encode()).fetchone()
            assert row is not None
            answers.append({"what": what, "seconds": median(times[1:]), **plan_of(row[0][0]["Plan"])})
            console.print(f"{what}: {median(times[1:]) * 1000:,.1f} ms, {answers[-1]['plan']}", markup=False)
    return answers


def plan_of(plan: dict[str, Any]) -> dict[str, Any]:
    """How the partitions were looked into, and how many pages that took."""
    ways: dict[str, int] = {}
    for node in _nodes(plan):
        if "Relation Name" in node:
            ways[node["Node Type"].lower()] = ways.get(node["Node Type"].lower(), 0) + 1
    told = ", ".join(f"{way} of {count} {'partition' if count == 1 else 'partitions'}" for way, count in ways.items())
    return {"plan": told, "megabytes": (plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]) / 128}


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
