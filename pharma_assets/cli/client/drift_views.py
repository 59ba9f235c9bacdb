"""A drift as people and as programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

if TYPE_CHECKING:
    from rich.console import Console

    from pharma_assets.drift.compare import Drift
    from pharma_assets.errors import PharmaError


def as_document(found: Drift, patch: str, problems: Sequence[PharmaError], *, applied: bool) -> dict[str, Any]:
    """The drift as JSON has it."""
    return {
        "findings": [
            {"code": finding.code, "message": finding.message, "advice": finding.advice, **finding.facts}
            for finding in found.findings
        ],
        "patch": patch,
        "applied": applied,
        "problems": [
            {"code": problem.code, "message": problem.message, "advice": problem.advice} for problem in problems
        ],
    }


def print_drift(
    out: Console, file: Path, found: Drift, patch: str, problems: Sequence[PharmaError], *, applied: bool
) -> None:
    """What has changed, the patch, and whether the report can be taken in."""
    out.print(f"[bold]{escape(file.name)}[/]: {len(found.findings) or 'no'} changes", soft_wrap=True)
    for finding in found.findings:
        out.print(f"[yellow]{finding.code}[/] {escape(finding.message)}", soft_wrap=True)
        out.print(f"    [dim]{escape(finding.advice)}[/]", soft_wrap=True)
    if patch:
        out.print(escape(patch), soft_wrap=True, highlight=False)
        out.print("The patch is in the layout." if applied else "`--apply` writes this patch into the layout.")
    for problem in problems:
        out.print(f"[red]{problem.code}[/] {escape(problem.message)}", soft_wrap=True)
        out.print(f"    {escape(problem.advice)}", soft_wrap=True)
    if not problems:
        out.print("The report can be taken in.")
