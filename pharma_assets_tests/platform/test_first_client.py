"""The walk-through «Your first client», typed from beginning to end as it stands; both languages type the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from pharma_assets.demo import first_client
from pharma_assets.settings import PROJECT

ENGLISH, RUSSIAN = PROJECT / "docs" / "first-client.md", PROJECT / "docs" / "first-client.ru.md"
# Of each month the packs of its rows, and the rows.
ROWS = """
    SELECT date_trunc('month', period)::date, sum(amount_type_1), sum(sum_nds), count(*) FROM raw.primary_data
    GROUP BY 1 ORDER BY 1
"""


def blocks(page: Path) -> list[tuple[str, str]]:
    """The page's fenced blocks in their order: language and text."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def collapsed(text: str) -> str:
    """Tables are as wide as their console; what stands in them is the same."""
    return " ".join(text.split())


def typed(page: Path, folder: Path, database: str) -> list[str]:
    """Type every command of the page in one shell, Enter at every question; what each block printed."""
    commands = [text for language, text in blocks(page) if language == "sh"]
    script = "\n".join(f"echo '=== {number} ==='\n{text}" for number, text in enumerate(commands))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PHARMA_")}
    environment |= {
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PHARMA_DATABASE_URL": database,
        "PHARMA_TRANSFORMS": str(folder / "client_transforms"),
        "PHARMA_SETTLE_SECONDS": "0",
        "COLUMNS": "140",
    }
    result = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=PROJECT,
        env=environment,
        input="\n" * 40,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return re.split(r"^=== \d+ ===$", result.stdout, flags=re.MULTILINE)[1:]


def test_the_walk_through_leads_from_a_sample_to_loaded_rows(tmp_path: Path, database: str) -> None:
    shutil.copytree(PROJECT / "client_transforms", tmp_path / "client_transforms")
    printed = iter(typed(ENGLISH, tmp_path, database))
    output, held = "", 0
    for language, text in blocks(ENGLISH):
        if language == "sh":
            output = collapsed(next(printed))
        elif language == "text":
            for line in text.splitlines():
                assert collapsed(line) in output
                held += 1
    assert held >= 10
    with psycopg.connect(database) as connection:
        rows = connection.execute(ROWS).fetchall()
    reports = (first_client.june(), first_client.july())
    assert [row[1:] for row in rows] == [(each.packs, each.roubles, first_client.ROWS) for each in reports]
    layout = tmp_path / "client_transforms" / "distributors" / "Client_05" / "layout.yaml"
    assert "aliases: [Контрагент]" in layout.read_text(encoding="utf-8")


def test_both_pages_type_and_show_the_same() -> None:
    assert blocks(ENGLISH) == blocks(RUSSIAN)


@pytest.mark.parametrize("report", [first_client.june(), first_client.july()], ids=lambda report: report.name)
def test_the_samples_are_those_that_the_program_makes(report: first_client.Shipments) -> None:
    """`python -m pharma_assets.demo.first_client` writes them anew."""
    assert (first_client.SAMPLES / report.name).read_bytes() == report.content
