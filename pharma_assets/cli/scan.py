"""`pharma-assets scan`: one look at the inbox."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pharma_assets.registry.scan import ScanResult
    from pharma_assets.settings import Settings


def scan(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be added; write nothing.")] = False,
    accept_gone: Annotated[
        bool, typer.Option("--accept-gone", help="However many files have gone at once, it is right.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Register new and changed files in ops.file_registry. Processes nothing: that is `tick`."""
    from pharma_assets.settings import load_settings

    settings = load_settings()
    result = _look(settings) if dry_run else _scan(settings, accept_gone=accept_gone)
    if as_json:
        typer.echo(json.dumps(scan_document(result), ensure_ascii=False))
        return
    for path in result.paths if dry_run else ():
        typer.echo(f"would add  {path}")
    for problem in result.problems:
        typer.echo(f"{problem.code}  {problem.path}: {problem.message}", err=True)
    typer.echo(scan_summary(result, dry_run=dry_run))


def _scan(settings: Settings, *, accept_gone: bool) -> ScanResult:
    from dataclasses import replace

    from pharma_assets.instance import prepare
    from pharma_assets.intake import scan_rules
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.registry.scan import scan as scan_inbox

    prepare(settings)
    with open_platform(settings) as platform:
        rules = replace(scan_rules(settings, platform.transforms), accept_gone=accept_gone)
        return scan_inbox(platform.engine, platform.inbox, rules, "scan")


def _look(settings: Settings) -> ScanResult:
    """Without a database: every settled file that fits is shown, whether it is registered already or not."""
    from contextlib import closing

    from pharma_assets.inbox.source import open_inbox
    from pharma_assets.intake import scan_rules
    from pharma_assets.registry.scan import look
    from pharma_assets.transforms.catalog import load_transforms

    with closing(open_inbox(settings)) as inbox:
        return look(inbox, scan_rules(settings, load_transforms(settings.transforms)))


def scan_document(result: ScanResult) -> dict[str, Any]:
    """The result as JSON has it."""
    return {
        "seen": result.seen,
        "added": result.added,
        "changed": result.changed,
        "gone": list(result.gone),
        "skipped_by_filter": result.filtered,
        "skipped_by_structure": result.misplaced,
        "not_settled": result.unsettled,
        "complete": result.complete,
        "busy": result.busy,
        "seconds": round(result.seconds, 3),
        "files": list(result.paths),
        "problems": [
            {"path": problem.path, "code": problem.code, "message": problem.message} for problem in result.problems
        ],
    }


def scan_summary(result: ScanResult, *, dry_run: bool = False) -> str:
    """The summary of CONTRACT §3 in one line."""
    if result.busy:
        return "Another scan is at work; nothing was done."
    parts = [
        f"{result.seen} files seen",
        f"{result.added} {'would be added if not known yet' if dry_run else 'added'}",
        f"{result.changed} changed",
        f"{len(result.gone)} gone",
        f"{result.filtered} skipped by filter",
        f"{result.misplaced} skipped by structure",
        f"{result.unsettled} not settled yet",
    ]
    rest = "" if result.complete else " The time was up: the next scan goes on."
    return f"{', '.join(parts)}.{rest}"
