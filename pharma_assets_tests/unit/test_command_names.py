"""The names of `pharma-assets` and what its `--help` tells of them, without importing the commands themselves."""

from __future__ import annotations

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.cli.commands import SUMMARIES


@pytest.mark.parametrize("name", SUMMARIES)
def test_help_tells_how_the_help_of_each_command_begins(name: str) -> None:
    group = get_group(app)
    command = group.get_command(group.make_context("pharma-assets", [name]), name)
    assert command is not None
    assert command.name == name
    assert " ".join((command.help or "").split()).startswith(SUMMARIES[name])


def test_each_command_is_listed_with_its_summary() -> None:
    shown = _without_blanks(CliRunner().invoke(app, ["--help"]).output)
    assert [name for name, summary in SUMMARIES.items() if _without_blanks(name + summary) not in shown] == []


def test_a_command_of_a_group_is_reached() -> None:
    result = CliRunner().invoke(app, ["db", "upgrade", "--help"])
    assert result.exit_code == 0
    assert "db upgrade" in result.output


def test_a_mistyped_command_is_told_what_was_meant() -> None:
    result = CliRunner().invoke(app, ["stats"])
    assert result.exit_code == 2
    assert "Did you mean 'status'?" in result.output


def _without_blanks(wrapped: str) -> str:
    return "".join(wrapped.split())
