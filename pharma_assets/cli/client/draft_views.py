"""A draft as people and as programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.table import Table

from pharma_assets.model.target import TRACE_COLUMNS

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.console import Console

    from pharma_assets.drafting.draft import Draft
    from pharma_assets.drafting.settling import Settled
    from pharma_assets.reading.sheet import Document
    from pharma_assets.transforms.normalize import NormalizedReport

_MOST_REJECTED = 5
_SHOWN_ROWS = 3


def print_draft(out: Console, file: Path, document: Document, draft: Draft) -> None:
    """What was found: where the header stands, and what each column seems to be."""
    facts = [document.format, *filter(None, (document.encoding, document.delimiter and repr(document.delimiter)))]
    out.print(f"[bold]{escape(file.name)}[/] · {' · '.join(facts)}")
    rows = f"row {draft.row}" if draft.depth == 1 else f"rows {draft.row} to {draft.row + draft.depth - 1}"
    out.print(f"header in {rows} of {escape(draft.sheet)}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, width in (("", 3), ("header", 30), ("first cell", 28), ("goes to", 16), ("sure", 6), ("could be", 30)):
        table.add_column(name, overflow="ellipsis", no_wrap=True, max_width=width)
    for column in draft.columns:
        sample = column.profile.samples[0] if column.profile.samples else ""
        rivals = "stands more than once" if column.repeated else ", ".join(role for role, _ in column.rivals)
        table.add_row(
            column.letter,
            escape(column.header),
            escape(sample),
            column.role,
            f"[green]{column.confidence:.0%}[/]" if column.sure else f"[yellow]{column.confidence:.0%}?[/]",
            "" if column.sure else rivals,
        )
    out.print(table)


def print_outcome(out: Console, settled: Settled, zone: ZoneInfo) -> None:
    """The layout, and what it makes of the whole file."""
    out.print(escape(settled.text), soft_wrap=True, highlight=False)
    if settled.report is not None:
        _print_report(out, settled.report, zone)
    if settled.problem is not None:
        out.print(f"[red]{settled.problem.code}[/] {escape(settled.problem.message)}", soft_wrap=True)
        out.print(f"    {escape(settled.problem.advice)}", soft_wrap=True)


def print_written(out: Console, written: Sequence[Path]) -> None:
    """Where the layout and its example are."""
    for path in written:
        out.print(f"written: {escape(str(path))}", soft_wrap=True)
    if not written:
        out.print("nothing was written")


def _first_rows(report: NormalizedReport, zone: ZoneInfo) -> Table:
    """The first rows as they would be loaded, a column each."""
    rows = report.table.slice(0, _SHOWN_ROWS)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("target", no_wrap=True)
    for number in rows["source_row"].to_pylist():
        table.add_column(f"row {number}", overflow="ellipsis", no_wrap=True, max_width=30)
    for name in rows.column_names:
        cells = rows[name].to_pylist()
        if name not in TRACE_COLUMNS and any(cell is not None for cell in cells):
            table.add_row(name, *(escape(_shown(cell, zone)) for cell in cells))
    return table


def _shown(cell: object, zone: ZoneInfo) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(zone):%d.%m.%Y %H:%M}".removesuffix(" 00:00")
    return "" if cell is None else str(cell)


def _print_report(out: Console, report: NormalizedReport, zone: ZoneInfo) -> None:
    left_out = ", ".join(f"{reason} {count}" for reason, count in report.left_out.items() if count)
    out.print(
        f"The whole file: {report.read} rows read = {report.loaded} to load + {sum(report.left_out.values())} left out"
        f"{f' ({escape(left_out)})' if left_out else ''} + {len(report.rejected)} rejected"
    )
    first, last = report.period()
    if first is not None and last is not None:
        out.print(f"period {first.astimezone(zone):%d.%m.%Y} – {last.astimezone(zone):%d.%m.%Y}")
    for name, total in report.sums().items():
        out.print(f"sum of {name}: {total}")
    for row in report.rejected[:_MOST_REJECTED]:
        out.print(f"[yellow]rejected[/] {escape(str(row))}", soft_wrap=True)
    out.print(_first_rows(report, zone))


def as_document(file: Path, draft: Draft, settled: Settled, written: list[Path]) -> dict[str, Any]:
    """The draft as JSON has it."""
    report, problem = settled.report, settled.problem
    return {
        "file": str(file),
        "sheet": draft.sheet,
        "header_row": draft.row,
        "columns": [
            {
                "column": column.letter,
                "header": column.header,
                "to": column.role,
                "confidence": round(column.confidence, 3),
                "sure": column.sure,
                "rivals": {role: round(share, 3) for role, share in column.rivals},
                "samples": list(column.profile.samples),
            }
            for column in draft.columns
        ],
        "layout": settled.text,
        "written": [str(path) for path in written],
        "problem": None
        if problem is None
        else {"code": problem.code, "message": problem.message, "advice": problem.advice},
        "read": report.read if report else None,
        "to_load": report.loaded if report else None,
        "left_out": dict(report.left_out) if report else None,
        "rejected": len(report.rejected) if report else None,
        "sums": {name: str(total) for name, total in report.sums().items()} if report else None,
    }
