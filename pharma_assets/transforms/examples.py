"""Where a client's golden examples lie: `examples/<case>/input.*` beside its layout."""

from __future__ import annotations

from pathlib import Path


def cases(folder: Path) -> list[Path]:
    """The folders of a client's examples, by name."""
    return sorted(path for path in folder.glob("examples/*") if path.is_dir())


def inputs(case: Path) -> list[Path]:
    """The files of an example that are its input; there should be one."""
    return sorted(case.glob("input.*"))
