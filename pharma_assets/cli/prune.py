"""`pharma-assets prune`: removes what is older than the settings say."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Remove old files in quarantine, superseded loads, events, and Dagster's old runs and ticks.

    How old: the settings PHARMA_KEEP_…_DAYS. What counts stays, and so does what the audit needs.
    """
    from pharma_assets.instance import dagster_instance, prepare
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.loading.retention import cutoff
    from pharma_assets.loading.retention import prune as remove_old
    from pharma_assets.settings import load_settings

    settings = load_settings()
    prepare(settings)

    from pharma_assets.defs.old_runs import PrunedRuns, prune_runs

    moment = datetime.now(UTC)
    with open_platform(settings) as platform:
        pruned = remove_old(platform, moment, dry_run=dry_run)
    runs = PrunedRuns()
    before = cutoff(settings.keep_runs_days, moment)
    if before is not None:
        with dagster_instance() as instance:
            runs = prune_runs(instance, before, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, **asdict(pruned), **asdict(runs)}))
        return
    typer.echo(
        f"{'Would go' if dry_run else 'Gone'}: {pruned.quarantine_files} files of quarantine"
        f" ({pruned.quarantine_bytes / 2**20:.1f} MiB), {pruned.superseded_loads} superseded loads,"
        f" {pruned.events} events; of Dagster {runs.runs} runs, {runs.ticks} ticks, {runs.runless_events} events"
        f" without a run, {runs.check_evaluations} evaluations of checks."
    )
