"""Back up, lose everything, restore: nothing is lost and nothing is loaded twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from pharma_assets import backup as backup_module
from pharma_assets.backup import BackUp, back_up
from pharma_assets.cli import app
from pharma_assets.database.migrations import MIGRATIONS, migrate
from pharma_assets.database.server import EmbeddedServer
from pharma_assets.database.urls import connect
from pharma_assets.errors import PharmaError
from pharma_assets.settings import load_settings
from pharma_assets_tests.conftest import fresh_database
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example

RESULTS, QUARANTINE = "Данные на загрузку", "Карантин"
STATE = """
    SELECT (SELECT array_agg(to_jsonb(d) - 'id' ORDER BY file_id, source_row)::text FROM raw.primary_data d) AS rows,
           (SELECT array_agg(to_jsonb(l) ORDER BY id)::text FROM ops.file_load l) AS loads,
           (SELECT array_agg(to_jsonb(f) ORDER BY id)::text FROM ops.file_registry f) AS files,
           (SELECT count(*) FROM ops.file_event) AS events, (SELECT count(*) FROM dagster.runs) AS runs,
           (SELECT count(*) FROM dagster.event_logs) AS logs
"""


@pytest.fixture
def loaded(platform: PlatformHome) -> PlatformHome:
    """Two loaded files, a superseded load whose result is in quarantine, a file in ERROR."""
    first = platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.drop("второй.csv", example("Client_03", "cp1251"), client="Client_03")
    platform.drop("плохой.xlsx", b"", client="Client_02")
    platform.tick()
    first.unlink()
    platform.drop("отчёт.xlsx", example("Client_01", "totals"))
    platform.tick()
    return platform


@pytest.fixture
def elsewhere(server: EmbeddedServer) -> Iterator[str]:
    """An empty database."""
    yield from fresh_database(server, "template1")


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def made(platform: PlatformHome, into: Path, *options: str) -> dict[str, Any]:
    return dict(platform.command("db", "backup", str(into), *options))


def files(platform: PlatformHome, name: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (platform.home / name).iterdir()}


def test_lost_and_restored_it_is_as_it_was_and_loads_nothing_twice(
    loaded: PlatformHome, tmp_path: Path, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = loaded.one(STATE)
    results, quarantine = files(loaded, RESULTS), files(loaded, QUARANTINE)
    assert (len(results), len(quarantine)) == (2, 1)
    document = made(loaded, tmp_path / "backups")
    assert (document["files"], document["results"], document["quarantine"], document["missing"]) == (2, 2, 1, [])
    assert Path(document["folder"]).stat().st_mode & 0o777 == 0o700

    shutil.rmtree(loaded.home)
    monkeypatch.setenv("PHARMA_DATABASE_URL", elsewhere)
    restored = PlatformHome(loaded.home, loaded.inbox, elsewhere)
    assert "2 loaded files" in run("db", "restore", document["folder"])
    assert restored.one(STATE) == before
    assert (files(restored, RESULTS), files(restored, QUARANTINE)) == (results, quarantine)
    assert restored.command("audit")["remaining"] == 0
    assert restored.tick() == []
    assert restored.one(STATE)["rows"] == before["rows"]
    with connect(elsewhere) as connection:
        assert connection.execute("SHOW timezone").fetchone() == ("Europe/Moscow",)

    restored.drop("новый.xlsx", example("Client_02", "two_rows"), client="Client_02")
    (tick,) = restored.tick()
    assert tick["success"], "sequences, partitions and Dagster's runs go on where they were"


def test_a_later_state_is_put_back_to_the_back_up(loaded: PlatformHome, tmp_path: Path) -> None:
    document = made(loaded, tmp_path / "backups")
    before = loaded.one(STATE)
    results = files(loaded, RESULTS)
    loaded.drop("позже.xlsx", example("Client_02", "two_rows"), client="Client_02")
    loaded.tick()
    refused = CliRunner().invoke(app, ["db", "restore", document["folder"]])
    assert getattr(refused.exception, "code", None) == "RESTORE_REFUSED"
    assert loaded.one(STATE) != before
    run("db", "restore", "--replace", document["folder"])
    assert loaded.one(STATE) == before
    assert files(loaded, RESULTS) == results, "the later result is in quarantine"
    assert len(files(loaded, QUARANTINE)) == 2
    (tick,) = loaded.tick()
    assert tick["success"]
    assert loaded.command("audit")["remaining"] == 0


def test_what_is_loaded_while_the_back_up_is_made_is_not_in_it(
    loaded: PlatformHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    """The snapshot comes first: by the time its results are copied, one is in quarantine and a new one has come."""
    before = loaded.one(STATE)
    real: Callable[..., None] = backup_module.run_program

    def meanwhile(*arguments: Any) -> None:
        real(*arguments)
        for old in loaded.inbox.rglob("отчёт.xlsx"):
            old.unlink()
        loaded.drop("отчёт.xlsx", example("Client_01", "preamble"))
        loaded.drop("новый.xlsx", example("Client_02", "two_rows"), client="Client_02")
        loaded.tick()

    monkeypatch.setattr(backup_module, "run_program", meanwhile)
    moment = datetime.now(load_settings().zone)
    document = back_up(load_settings(), loaded.url, tmp_path / "backups", None, moment)
    monkeypatch.undo()
    assert document.missing == ()
    assert loaded.one("SELECT count(*) AS loads FROM ops.file_load")["loads"] == 5
    monkeypatch.setenv("PHARMA_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("PHARMA_INBOX", str(loaded.inbox))
    monkeypatch.setenv("PHARMA_SETTLE_SECONDS", "0")
    monkeypatch.setenv("PHARMA_DATABASE_URL", elsewhere)
    run("db", "restore", document.folder)
    restored = PlatformHome(tmp_path / "other", loaded.inbox, elsewhere)
    assert restored.one(STATE)["rows"] == before["rows"]
    assert restored.command("audit", "--quick")["remaining"] == 0


def test_results_of_an_earlier_back_up_take_no_room_twice_and_the_oldest_go(
    loaded: PlatformHome, tmp_path: Path
) -> None:
    settings, into = load_settings(), tmp_path / "backups"
    moment = datetime(2025, 7, 1, tzinfo=settings.zone)
    folders = [Path(back_up(settings, loaded.url, into, 2, moment + timedelta(days=day)).folder) for day in range(3)]
    assert sorted(into.iterdir()) == folders[1:]
    (first, *_) = sorted((folders[1] / "results").iterdir())
    assert first.samefile(folders[2] / "results" / first.name)
    unfinished = into / "pharma-20250601_000000"
    unfinished.mkdir()
    back_up(settings, loaded.url, into, 2, moment + timedelta(days=4))
    assert unfinished.exists(), "what is unfinished counts for nothing"


def test_a_result_that_is_missing_is_told(loaded: PlatformHome, tmp_path: Path) -> None:
    (result, *_) = sorted((loaded.home / RESULTS).iterdir())
    result.write_bytes(b"changed by hand")
    answer = CliRunner().invoke(app, ["db", "backup", str(tmp_path / "backups"), "--json"])
    assert answer.exit_code == 1
    document = json.loads(answer.stdout)
    assert document["missing"] == [result.name]
    run("db", "restore", "--replace", document["folder"])
    assert CliRunner().invoke(app, ["audit"]).exit_code == 1


@pytest.mark.parametrize("harm", ["no manifest", "no result", "other result", "no dump"])
def test_what_is_no_whole_back_up_is_refused_before_anything_is_changed(
    loaded: PlatformHome, tmp_path: Path, harm: str
) -> None:
    folder = Path(made(loaded, tmp_path / "backups")["folder"])
    (result, *_) = sorted((folder / "results").iterdir())
    if harm == "no manifest":
        (folder / "manifest.json").unlink()
    elif harm == "no result":
        result.unlink()
    elif harm == "other result":
        result.write_bytes(b"x")
    else:
        (folder / "database.dump").unlink()
    before = loaded.one(STATE)
    answer = CliRunner().invoke(app, ["db", "restore", "--replace", str(folder)])
    assert getattr(answer.exception, "code", None) == "BACKUP_UNUSABLE"
    assert loaded.one(STATE) == before


def test_a_password_is_no_argument_and_a_failure_says_what_failed(
    platform: PlatformHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    real = backup_module.run_program.__globals__["subprocess"].run

    def watched(command: list[str], **options: Any) -> Any:
        seen.append((command, options["env"].get("PGPASSWORD")))
        return real(command, **options)

    run("status", "--json")
    monkeypatch.setattr(backup_module.run_program.__globals__["subprocess"], "run", watched)
    with_password = platform.url.replace("//pharma@", "//pharma:p%40ss@")
    settings = load_settings()
    back_up(settings, with_password, tmp_path / "backups", None, datetime.now(settings.zone))
    ((command, password),) = seen
    assert password == "p@ss"  # noqa: S105
    assert not any("p%40ss" in part or "p@ss" in part for part in command)
    monkeypatch.setattr(backup_module, "_of_schemas", lambda: ["--schema=none"])
    with pytest.raises(PharmaError) as caught:
        back_up(settings, platform.url, tmp_path / "backups", None, datetime.now(settings.zone) + timedelta(hours=1))
    assert caught.value.code == "BACKUP_FAILED"
    assert "pg_dump" in caught.value.message


def test_a_back_up_of_an_older_version_is_brought_up_to_date(
    loaded: PlatformHome, tmp_path: Path, elsewhere: str, monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer
) -> None:
    """As of the first migrations: what came later is made by the restore, and the history stays."""
    older = tmp_path / "older"
    older.mkdir()
    for path in sorted(MIGRATIONS.glob("000[1-4]*.sql")):
        shutil.copy(path, older)
    for url in fresh_database(server, "template1"):
        assert len(migrate(url, folder=older)) == 4
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE dagster.kept (n int)")
            connection.execute(
                "INSERT INTO ops.file_registry (file_path, uploaded_at, status, data_provider, report_year,"
                " report_month, client_name, report_type)"
                " VALUES ('a/b.csv', now(), 'NEW', 'Сеть', 2025, 6, 'Client_01', 'Type1')"
            )
            connection.execute("INSERT INTO ops.file_event (file_id, event, status_to) VALUES (1, 'REGISTERED', 'NEW')")
        settings = load_settings()
        document: BackUp = back_up(settings, url, tmp_path / "backups", None, datetime.now(settings.zone))
    monkeypatch.setenv("PHARMA_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("PHARMA_DATABASE_URL", elsewhere)
    run("db", "restore", document.folder)
    with psycopg.connect(elsewhere) as connection:
        assert connection.execute("SELECT event FROM ops.file_event").fetchall() == [("REGISTERED",)]
        assert connection.execute("SELECT count(*) FROM ops.alert").fetchone() == (0,)
        connection.execute("SELECT ops.ensure_month('2025-06-01')")
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute("DELETE FROM ops.file_event")
