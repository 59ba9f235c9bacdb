"""`pharma-assets audit`: the proof that registry, result files and rows agree."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pharma_assets.cli.months import first_day

if TYPE_CHECKING:
    from pharma_assets.loading.audit import Audit
    from pharma_assets.loading.difference import Difference

_DONE = {
    "DUE_AGAIN": "made due: the next tick takes it in again",
    "SET_ASIDE": "moved into quarantine",
    "CLAIM_DROPPED": "the claim was dropped",
    "REJECTS_REMOVED": "removed",
    "ROWS_TAKEN_OUT": "taken out; kept as a CSV file in quarantine",
}


def audit(
    month: Annotated[str | None, typer.Option(help="Only this month of folders, as 2025-06.")] = None,
    mend: Annotated[bool, typer.Option("--mend", help="Put right what is safe.")] = False,
    mend_rows: Annotated[
        bool,
        typer.Option("--mend-rows", help="Also take out rows that no load counts; they are kept as CSV in quarantine."),
    ] = False,
    accept_missing: Annotated[
        bool, typer.Option("--accept-missing", help="However many result files are missing, write them again.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Look for result files without reading them.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Compare registry, result files and raw.primary_data, and name every difference. Exit code 1 if any remains."""
    from pharma_assets.instance import prepare
    from pharma_assets.loading.audit import audit as compare
    from pharma_assets.loading.mend import Mending
    from pharma_assets.loading.mend import mend as put_right
    from pharma_assets.loading.platform import open_platform
    from pharma_assets.settings import load_settings

    settings = load_settings()
    prepare(settings)
    with open_platform(settings) as platform:
        found = compare(platform, first_day(month), contents=not quick)
        mended: dict[Difference, str] = {}
        if mend or mend_rows:
            mended = put_right(platform, found, Mending(rows=mend_rows, missing=accept_missing))
    remaining = found.remaining - sum(not difference.is_remark for difference in mended)
    if as_json:
        typer.echo(json.dumps(_document(found, mended, remaining), ensure_ascii=False))
    else:
        _print(found, mended, remaining)
    if remaining:
        raise typer.Exit(1)


def _place(difference: Difference) -> str:
    """What the difference is about: the source file, else the file that was found."""
    if difference.file is not None:
        return f"{difference.file.id} {difference.file.path}"
    return str(difference.error.facts.get("name", ""))


def _print(found: Audit, mended: dict[Difference, str], remaining: int) -> None:
    for difference in found.differences:
        typer.echo(f"{difference.code}  {_place(difference)}: {difference.error.message}")
        typer.echo(f"    {_DONE[mended[difference]] if difference in mended else difference.error.advice}")
    for code, count in found.counts.items():
        shown = sum(difference.code == code for difference in found.differences)
        if shown < count:
            typer.echo(f"{code}  {count - shown} more")
    remarks = sum(found.counts.values()) - found.remaining
    typer.echo(
        f"{found.files} files, {found.rows} rows: {remaining} differences"
        f"{f' remain, {len(mended)} findings were mended' if mended else ''}, {remarks} remarks, {found.seconds:.1f} s."
    )


def _document(found: Audit, mended: dict[Difference, str], remaining: int) -> dict[str, Any]:
    return {
        "month": found.month and f"{found.month:%Y-%m}",
        "files": found.files,
        "rows": found.rows,
        "remaining": remaining,
        "counts": dict(found.counts),
        "seconds": round(found.seconds, 3),
        "differences": [
            {
                "code": difference.code,
                "remark": difference.is_remark,
                "file_id": difference.file.id if difference.file else difference.error.facts.get("file_id"),
                "path": difference.file.path if difference.file else None,
                "name": difference.error.facts.get("name"),
                "message": difference.error.message,
                "advice": difference.error.advice,
                "mended": mended.get(difference),
            }
            for difference in found.differences
        ],
    }
