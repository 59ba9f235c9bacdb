"""The whole journey with the inbox on a server: commands, tick, Dagster's assets."""

from __future__ import annotations

import os

import pytest
from dagster import materialize
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.defs.assets import folder_tree
from pharma_assets.errors import PharmaError
from pharma_assets.instance import prepare
from pharma_assets.settings import load_settings
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example
from pharma_assets_tests.sshd import SshServer, server_on_loopback

__all__ = ["server_on_loopback"]


@pytest.fixture
def remote(platform: PlatformHome, server_on_loopback: SshServer, monkeypatch: pytest.MonkeyPatch) -> PlatformHome:
    """The platform, to which its inbox is a server's."""
    monkeypatch.setenv("PHARMA_INBOX", str(server_on_loopback.url(platform.inbox)))
    monkeypatch.setenv("PHARMA_SFTP_KEY", str(server_on_loopback.key))
    monkeypatch.setenv("PHARMA_SFTP_KNOWN_HOSTS", str(server_on_loopback.known_hosts))
    return platform


def test_a_report_comes_in_from_a_server(remote: PlatformHome) -> None:
    path = remote.drop("отчёт.xlsx", example("Client_01", "preamble"))
    before = [(place.stat().st_ino, place.stat().st_ctime_ns) for place in (path, path.parent)]
    assert remote.command("scan", "--dry-run")["added"] == 1
    (run,) = remote.tick()
    assert run["success"]
    assert remote.one("SELECT count(*) AS rows FROM raw.primary_data") == {"rows": 4}
    assert remote.tick() == []
    after = [(place.stat().st_ino, place.stat().st_ctime_ns) for place in (path, path.parent)]
    assert after == before, "nothing is written there"
    path.unlink()
    remote.command("scan", "--accept-gone")
    assert remote.one("SELECT status FROM ops.file_registry") == {"status": "DELETE"}


def test_the_commands_name_the_server_and_make_nothing_there(remote: PlatformHome) -> None:
    url = os.environ["PHARMA_INBOX"]
    assert url in CliRunner().invoke(app, ["status"], catch_exceptions=False).output
    listed = CliRunner().invoke(app, ["tree", "--quiet"], catch_exceptions=False)
    assert url in listed.output
    assert (remote.home / "folders_list.txt").exists()
    with pytest.raises(PharmaError, match="INBOX_READ_ONLY"):
        CliRunner().invoke(app, ["tree", "--create"], catch_exceptions=False)
    with pytest.raises(PharmaError, match="INBOX_READ_ONLY"):
        materialize([folder_tree])
    assert list(remote.inbox.iterdir()) == []
    assert prepare(load_settings())["PHARMA_INBOX"] == url


def test_a_tree_can_be_made_elsewhere_though_the_inbox_is_a_server(remote: PlatformHome) -> None:
    made = CliRunner().invoke(app, ["tree", str(remote.home / "tree"), "--create", "-q"], catch_exceptions=False)
    assert made.exit_code == 0
    assert (remote.home / "tree" / "Поставщики данных" / "Сети").is_dir()


def test_a_server_that_cannot_be_reached_stops_the_platform_and_no_file(
    remote: PlatformHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.drop("отчёт.xlsx", example("Client_01", "preamble"))
    remote.command("scan")
    monkeypatch.setenv("PHARMA_SFTP_KNOWN_HOSTS", str(remote.home / "none"))
    for command in ("scan", "tick"):
        with pytest.raises(PharmaError, match="INBOX_HOST_KEY"):
            CliRunner().invoke(app, [command], catch_exceptions=False)
    assert remote.one("SELECT status, error_reason FROM ops.file_registry") == {"status": "NEW", "error_reason": None}
