"""Dagster and the commands under the role that may change no schema."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.database.roles import set_up_roles
from pharma_assets.database.server import ROLE, EmbeddedServer
from pharma_assets.database.set_up import LOADER, READER
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example


@pytest.fixture
def loader(platform: PlatformHome, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> PlatformHome:
    """The owner has upgraded and granted; from now on everything is the loader's."""
    assert CliRunner().invoke(app, ["db", "upgrade"], catch_exceptions=False).exit_code == 0
    set_up_roles(server.superuser_url(), platform.url, {LOADER: "loading", READER: "reading"})
    monkeypatch.setenv("PHARMA_DATABASE_URL", platform.url.replace(f"//{ROLE}", f"//{LOADER}"))
    return platform


def test_ticks_runs_and_commands_work_as_the_loader(loader: PlatformHome) -> None:
    loader.drop("отчёт.xlsx", example("Client_01", "preamble"))
    loader.drop("плохой.xlsx", b"", client="Client_02")
    runs = loader.tick()
    assert sorted(run["success"] for run in runs) == [False, True]
    assert not any(run["broken"] for run in runs)
    assert loader.tick() == []
    assert loader.command("status")["files"] == {"CREATED": 1, "ERROR": 1}
    assert loader.command("audit")["remaining"] == 0
    assert loader.command("prune")["runs"] == 0
    assert loader.command("alerts", "send") == {"waiting": 1, "sent": []}
    with loader.instance() as instance:
        assert instance.get_runs_count() == 2
        instance.delete_run(runs[0]["run_id"])
        assert instance.get_runs_count() == 1


def test_the_loader_cannot_upgrade_and_is_told_so(loader: PlatformHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_TIMEZONE", "Asia/Novosibirsk")
    result = CliRunner().invoke(app, ["status", "--json"])
    assert getattr(result.exception, "code", None) == "MIGRATION_FAILED"


def test_db_roles_says_what_it_made(loader: PlatformHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_DATABASE_URL", loader.url)
    result = CliRunner().invoke(app, ["db", "roles"], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "pharma_loader: was there, granted, without one of its own: GRANT it to people's roles",
        "pharma_reader: was there, granted, without one of its own: GRANT it to people's roles",
    ]
