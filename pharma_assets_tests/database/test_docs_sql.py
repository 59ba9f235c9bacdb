"""The queries of the guides run on the schema as it is."""

from __future__ import annotations

from pathlib import Path

import psycopg

from pharma_assets_tests.unit.test_docs import blocks, each_guide


@each_guide
def test_queries_of_the_guide_run(guide: Path, database: str) -> None:
    queries = blocks(guide, "sql")
    assert queries
    with psycopg.connect(database) as connection:
        for query in queries:
            connection.execute(query.encode())
