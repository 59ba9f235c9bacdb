from __future__ import annotations

from pathlib import Path

import pytest

from pharma_assets_tests.unit.scripts.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "home")
