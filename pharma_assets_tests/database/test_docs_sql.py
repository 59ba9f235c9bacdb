"""The queries of the docs run on the schema as it is."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from pharma_assets_tests.unit.test_docs import PAGES, blocks

WITH_QUERIES = [page for page in PAGES if blocks(page, "sql")]


@pytest.mark.parametrize("page", WITH_QUERIES, ids=lambda page: page.name)
def test_queries_of_the_docs_run(page: Path, database: str) -> None:
    with psycopg.connect(database) as connection:
        for query in blocks(page, "sql"):
            connection.execute(query.encode())
