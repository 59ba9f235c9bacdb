"""A team of the original workflow moves in, by the commands that the guide names."""

from __future__ import annotations

import json

import psycopg
import pytest
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.errors import PharmaError
from pharma_assets_tests.database import original
from pharma_assets_tests.database.original import path_of, register, row, windows
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example


@pytest.fixture
def before(platform: PlatformHome, blank_database: str, monkeypatch: pytest.MonkeyPatch) -> PlatformHome:
    """An inbox in use, and a database that has the original tables only."""
    monkeypatch.setenv("PHARMA_DATABASE_URL", blank_database)
    original.make(blank_database, original.REGISTRY, original.ROWS)
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.drop("ещё.xlsx", example("Client_01", "totals"))
    register(blank_database, 41, path_of("отчёт.xlsx"), "CREATED")
    register(blank_database, 42, path_of("ещё.xlsx"), "ERROR", error_reason="TIMEOUT")
    for _ in range(3):
        row(blank_database, windows(path_of("отчёт.xlsx")), "5")
    row(blank_database, "продажи.xlsx", "7")
    return PlatformHome(platform.home, platform.inbox, blank_database)


def typed(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return result.exit_code, result.output


def test_a_team_moves_in(before: PlatformHome) -> None:
    with pytest.raises(PharmaError, match="ORIGINAL_TABLES"):
        before.command("status")
    tried = before.command("db", "adopt", "--dry-run")
    assert (tried["dry_run"], tried["before"], tried["after"]) == (
        True,
        {"CREATED": 1, "ERROR": 1},
        {"CREATED": 1, "NEW": 1, "DELETE": 1},
    )
    with psycopg.connect(before.url) as connection:
        assert connection.execute("SELECT to_regclass('ops.file_event')").fetchone() == (None,)
    done = before.command("db", "adopt")
    assert done == {**tried, "dry_run": False}
    sums = {figure["name"]: figure for figure in done["figures"]}
    assert [sums["amount_type_1: sum"][side] for side in ("before", "after", "aside")] == ["22.000", "22.000", "0"]

    (run,) = before.tick()
    assert run["files"] == 1, "what is CREATED is not taken in again"
    picture = before.command("status")
    assert picture["files"] == {"CREATED": 2, "DELETE": 1}
    audit = before.command("audit")
    assert (audit["remaining"], audit["counts"]) == (0, {"ROWS_WITHOUT_FILE": 1})
    assert before.tick() == []
    with pytest.raises(PharmaError, match="ADOPTION_REFUSED"):
        before.command("db", "adopt")


def test_what_is_shown_of_it(before: PlatformHome) -> None:
    code, output = typed("db", "adopt")
    assert code == 0
    for told in (
        "amount_type_1: sum",
        "1 CREATED, 1 ERROR; now: 1 CREATED, 1 DELETE, 1 NEW",
        "3 rows: by its path.",
        "1 rows: no file known.",
        "2 files carry another time",
        "are the same on both sides",
    ):
        assert told in output


def test_one_source_at_a_time(before: PlatformHome) -> None:
    assert typed("db", "adopt", "--from", "postgresql:///x", "--rows", "x.csv")[0] == 2
    with pytest.raises(PharmaError, match="FILE_GONE"):
        before.command("db", "adopt", "--rows", "no such file.csv")
    assert json.loads(typed("scan", "--dry-run", "--json")[1])["added"] == 2
