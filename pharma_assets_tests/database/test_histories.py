"""Random histories of an inbox beside a model of what must be loaded: those that have found a defect.

`python -m pharma_assets_tests.faults` plays many more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pharma_assets.database.server import EmbeddedServer
from pharma_assets_tests.faults.histories import Deed, play, random_history, smallest
from pharma_assets_tests.faults.site import Site
from pharma_assets_tests.faults.worker import Worker


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as worker:
        yield worker


@pytest.fixture
def site(tmp_path: Path, server: EmbeddedServer, database: str) -> Site:
    name = database.partition("?")[0].rpartition("/")[2]
    return Site.made(tmp_path / "site", database, server.superuser_url(name))


@pytest.mark.parametrize("seed", [7, 56, 126, 239, 273, 316])
def test_what_is_loaded_is_what_the_model_says(site: Site, worker: Worker, seed: int) -> None:
    play(site, worker, random_history(seed))


def test_a_history_is_made_small() -> None:
    history: list[Deed] = [("put", number) for number in range(20)]
    assert smallest(history, lambda shorter: ("put", 3) in shorter and ("put", 17) in shorter) == [
        ("put", 3),
        ("put", 17),
    ]
