"""The queries of the guides run on the schema as it is."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from pharma_assets_tests.unit.test_docs import DELIVERY_PAGES, GUIDES, SCRIPTS, blocks


@pytest.mark.parametrize("page", [*GUIDES, *SCRIPTS, *DELIVERY_PAGES], ids=lambda path: path.name)
def test_queries_of_the_page_run(page: Path, database: str) -> None:
    queries = blocks(page, "sql")
    assert queries
    with psycopg.connect(database) as connection:
        for query in queries:
            connection.execute(query.encode())
