"""`pharma-assets retry`, `ignore` and `release`: what a person decides about a file."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pharma_assets.loading.decisions import Decision

Files = Annotated[list[str], typer.Argument(help="Ids in ops.file_registry, or paths below the inbox.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept in the file's history.")]


def retry(files: Files, reason: Reason) -> None:
    """Try files again at the next tick, whatever their error was."""
    from pharma_assets.loading import decisions

    _decide(files, decisions.retry, reason, "is due at the next tick")


def ignore(files: Files, reason: Reason) -> None:
    """Set files aside until they change or are released; rows of them that are loaded are taken out."""
    from pharma_assets.loading import decisions

    _decide(files, decisions.ignore, reason, "is set aside")


def release(files: Files, reason: Reason) -> None:
    """Let files through that were held back or set aside, as they are now."""
    from pharma_assets.loading import decisions

    _decide(files, decisions.release, reason, "is due at the next tick, whatever held it back")


def _decide(files: list[str], decision: Decision, reason: str, outcome: str) -> None:
    from pharma_assets.instance import prepare
    from pharma_assets.loading.decisions import decide
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.settings import load_settings

    if not reason.strip():
        raise typer.BadParameter("say why", param_hint="--reason")
    settings = load_settings()
    prepare(settings)
    with open_platform(settings) as platform:
        for file in decide(platform, files, decision, reason.strip()):
            typer.echo(f"{file.id} {file.path} {outcome}")
