"""A platform of the test's own: state folder, inbox, empty database, Dagster instance in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dagster import DagsterInstance
from psycopg.rows import dict_row
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.instance import URL_VARIABLE, dagster_instance, prepare
from pharma_assets.settings import load_settings

LEAF = "Поставщики данных/{provider}/{year:04d}/{month:02d}/{client}/{report_type}"


@dataclass(frozen=True)
class PlatformHome:
    """The doors that a user has: the inbox, the commands, the database, the Dagster instance."""

    home: Path
    inbox: Path
    url: str

    def drop(
        self,
        name: str,
        content: bytes,
        client: str = "Client_01",
        month: int = 6,
        *,
        year: int = 2025,
        provider: str = "Дистрибьюторы",
        report_type: str = "Type1",
    ) -> Path:
        """Put a report into its leaf folder."""
        folder = self.inbox / LEAF.format(
            provider=provider, year=year, month=month, client=client, report_type=report_type
        )
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(content)
        return path

    def command(self, *arguments: str) -> Any:
        """Run a command in this process and return its JSON document; a command that fails, fails the test."""
        result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def tick(self) -> list[dict[str, Any]]:
        """One tick; the runs that it made."""
        runs: list[dict[str, Any]] = self.command("tick")["runs"]
        return runs

    def child(self, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a Python script in a process of its own."""
        return subprocess.run(
            [sys.executable, str(script), *arguments], env=os.environ, text=True, capture_output=True, check=False
        )

    def query(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(statement.encode(), parameters or None).fetchall()

    def change(self, statement: str) -> None:
        """Something done by hand in the database."""
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def one(self, statement: str, *parameters: object) -> dict[str, Any]:
        (row,) = self.query(statement, *parameters)
        return row

    def instance(self) -> DagsterInstance:
        prepare(load_settings())
        return dagster_instance()


@pytest.fixture
def platform(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> PlatformHome:
    for name in [name for name in os.environ if name.startswith("PHARMA_") and "TESTS" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PHARMA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PHARMA_INBOX", str(tmp_path / "inbox"))
    monkeypatch.setenv("PHARMA_DATABASE_URL", database)
    monkeypatch.setenv("PHARMA_SETTLE_SECONDS", "0")
    monkeypatch.setenv("PHARMA_RETRY_SECONDS", "0")
    # Set by the commands for this process; named here so that the test's end takes them back.
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv(URL_VARIABLE, "")
    (tmp_path / "inbox").mkdir()
    return PlatformHome(tmp_path / "home", tmp_path / "inbox", database)
