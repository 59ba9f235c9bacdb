"""The rooms of the house: imports run downwards only, and importing does no work."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pharma_assets

ROOT = Path(pharma_assets.__file__).parent

# A room may import those on lower floors and its own; rooms of one floor do not know each other.
FLOORS = (
    ("errors",),
    ("model", "endpoints", "logs"),
    ("settings", "files", "collector"),
    ("database", "inbox", "reading", "scripts"),
    ("registry", "transforms"),
    ("reference", "drafting"),
    ("drift",),
    ("loading", "instance", "event_log"),
    ("intake", "services", "inspection", "golden", "comparison", "shadow", "tracing", "rejects"),
    ("alerts", "metrics", "backup"),
    ("defs",),
    ("definitions", "demo"),
    ("tick",),
    ("cli", "docs"),
)
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}


def rooms() -> set[str]:
    return {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()} - {
        "__init__"
    }


def imports_of(room: str) -> set[str]:
    files = [ROOT / f"{room}.py"] if (ROOT / f"{room}.py").exists() else sorted((ROOT / room).rglob("*.py"))
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found |= {name.split(".")[1] for name in names if name.startswith("pharma_assets.")}
    return found - {room}


def test_every_room_has_its_floor() -> None:
    assert rooms() == set(FLOOR_OF)


@pytest.mark.parametrize("room", sorted(FLOOR_OF))
def test_imports_run_downwards(room: str) -> None:
    assert {other for other in imports_of(room) if FLOOR_OF[other] >= FLOOR_OF[room]} == set()


def test_definitions_load_without_environment_and_database(tmp_path: Path) -> None:
    code = "from pharma_assets.definitions import defs; defs.resolve_all_job_defs()"
    result = subprocess.run(
        [sys.executable, "-c", code], env={}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert list(tmp_path.iterdir()) == []


def test_definitions_import_nothing_heavy() -> None:
    """Dagster loads them anew in each of its processes, most of which never open a report."""
    code = (
        "import sys, pharma_assets.definitions\n"
        "print([name for name in ('pandas', 'pyarrow', 'sqlalchemy', 'psycopg', 'lxml') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from pharma_assets.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print([name for name in ('dagster', 'pandas', 'pyarrow', 'sqlalchemy', 'psycopg', 'pydantic', 'rich')"
        " if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
