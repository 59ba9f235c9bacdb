"""The commands by name, each in a module that is imported when its command is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

# What `--help` tells: the first sentence of each command's own help, as a test holds.
SUMMARIES = {
    "demo": "Watch reports arrive, the sensor find them, and rows appear in raw.primary_data of a real PostgreSQL.",
    "up": "Start Dagster's UI and daemon and keep them until Ctrl-C.",
    "status": "Show what arrived, what became of it, and what waits for somebody.",
    "tick": "Do what the sensor would do now, and the work it asks for, on the instance that the UI shows.",
    "scan": "Register new and changed files in ops.file_registry.",
    "tree": "List the leaf folders that providers, years, months, clients and report types span, or make them.",
    "read": "Show what the reader sees in a file: format, sheets, header, columns, rows, problems.",
    "retry": "Try files again at the next tick, whatever their error was.",
    "ignore": "Set files aside until they change or are released; rows of them that are loaded are taken out.",
    "release": "Let files through that were held back or set aside, as they are now.",
    "audit": "Compare registry, result files and raw.primary_data, and name every difference.",
    "prune": "Remove old files in quarantine, superseded loads, events, and Dagster's old runs and ticks.",
    "env": 'Print the environment for plain Dagster commands: `eval "$(pharma-assets env)"`, then `dagster dev`.',
    "run": "Become another program, with the environment that `env` prints: `pharma-assets run -- dagster-daemon run`.",
    "metrics": "Serve what waits, what failed and how old the last look is, until Ctrl-C.",
    "explain": "Tell where rows come from: file, sheet, cells, layout and rule; read again and compared.",
    "missing": "Tell who has not sent a month's reports, who is late, and what is usual for them.",
    "backlog": "Files of months before PHARMA_SINCE: what they would cost, and when to take them in.",
    "client": "Layouts and scripts of clients.",
    "alerts": "Alerts by e-mail and webhook: try them, or send what is due.",
    "rejects": "Rejected rows and their way back.",
    "reference": "The reference lists of suppliers and client types.",
    "db": "The database: start and stop the embedded server, upgrade the schema.",
}

_SHARED_MODULES = dict.fromkeys(("retry", "ignore", "release"), "decisions")


class CommandsOnDemand(TyperGroup):
    """A group that knows its commands' names, and imports only the one that is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Typer suggests a name for a mistyped one from here; what stands behind a name is asked for by `get_command`.
        self.commands = dict.fromkeys(SUMMARIES)  # type: ignore[assignment]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command, or None if there is none of that name."""
        if cmd_name not in SUMMARIES:
            return None
        module = import_module(f"pharma_assets.cli.{_SHARED_MODULES.get(cmd_name, cmd_name)}")
        if hasattr(module, "app"):
            command: Command = typer.main.get_group(module.app)
        else:
            app = typer.Typer(add_completion=False)
            app.command()(getattr(module, cmd_name))
            command = typer.main.get_command(app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the names with their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))
