"""The queries of the docs run on the schema as it is."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from pharma_assets_tests.unit.test_docs import PAGES, blocks, each_guide


@each_guide
def test_the_guide_has_queries(guide: Path) -> None:
    assert blocks(guide, "sql")


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "sql")], ids=lambda page: page.name)
def test_queries_of_the_docs_run(page: Path, database: str) -> None:
    with psycopg.connect(database) as connection:
        for query in blocks(page, "sql"):
            connection.execute(query.encode())
