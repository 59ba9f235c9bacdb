"""Reports for tests: the examples that stand beside the layouts, and the one real report where it is at hand."""

from __future__ import annotations

from pathlib import Path

from pharma_assets.settings import PROJECT

REAL_REPORT = PROJECT.parent / "shared" / "data" / "Агроресурсы_01.06.2025.xlsx"


def example(client: str, case: str) -> bytes:
    """The input of a golden example of a distributor."""
    (path,) = (PROJECT / "client_transforms" / "distributors" / client / "examples" / case).glob("input.*")
    return path.read_bytes()


def example_name(client: str, case: str) -> str:
    (path,) = Path(PROJECT / "client_transforms" / "distributors" / client / "examples" / case).glob("input.*")
    return path.name
