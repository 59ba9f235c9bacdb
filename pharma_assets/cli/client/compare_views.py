"""A comparison of script and layout as people and as programs read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.table import Table

from pharma_assets.errors import PharmaError

if TYPE_CHECKING:
    from rich.console import Console

    from pharma_assets.comparison import DifferingRow, FileComparison
    from pharma_assets.scripts.found import Script
    from pharma_assets.transforms.normalize import NormalizedReport

_NOTHING = "–"


def as_document(script: Script, results: Sequence[FileComparison]) -> dict[str, Any]:
    """The comparison as JSON has it."""
    return {
        "client": str(script.client),
        "script": str(script.file),
        "agrees": all(result.agrees for result in results),
        "files": [_file_document(result) for result in results],
    }


def _file_document(result: FileComparison) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "path": result.path,
        "agrees": result.agrees,
        "script": _side_document(result.script),
        "layout": _side_document(result.layout),
    }
    if result.rows is not None:
        rows = result.rows
        shown |= {
            "equal": rows.equal,
            "differing": rows.differing,
            "only_script": rows.only_script,
            "only_layout": rows.only_layout,
            "by_column": dict(rows.by_column),
            "sums": {name: {"script": str(one), "layout": str(other)} for name, (one, other) in rows.sums.items()},
            "rows": [
                {
                    "script_row": row.script_row,
                    "layout_row": row.layout_row,
                    "cells": {name: {"script": one, "layout": other} for name, (one, other) in row.cells.items()},
                }
                for row in rows.rows
            ],
        }
    return shown


def _side_document(side: NormalizedReport | PharmaError) -> dict[str, Any]:
    if isinstance(side, PharmaError):
        return {"code": side.code, "message": side.message}
    return {
        "read": side.read,
        "loaded": side.loaded,
        "left_out": dict(side.left_out),
        "rejected": len(side.rejected),
    }


def print_comparison(console: Console, script: Script, results: Sequence[FileComparison]) -> None:
    """Print a line for each file, then the sums, the columns and the rows that differ."""
    if not results:
        console.print(f"{script.client}: no file to compare")
        return
    console.print(_file_table(results))
    for result in results:
        for name, side in (("script", result.script), ("layout", result.layout)):
            if isinstance(side, PharmaError):
                console.print(f"[red]{side.code}[/] {escape(result.path)}, {name}", soft_wrap=True)
                console.print(f"    {escape(side.message)}", soft_wrap=True)
    compared = [result.rows for result in results if result.rows is not None]
    sums: dict[str, list[Decimal]] = {}
    for rows in compared:
        for name, pair in rows.sums.items():
            totals = sums.setdefault(name, [Decimal(0), Decimal(0)])
            totals[0] += pair[0]
            totals[1] += pair[1]
    if sums:
        table = _table("measure", "script", "layout", "layout − script", right=3)
        for name, (one, other) in sums.items():
            table.add_row(name, f"{one:f}", f"{other:f}", f"{other - one:+f}" if other != one else "=")
        console.print(table)
    by_column = sum((Counter(rows.by_column) for rows in compared), Counter[str]())
    if by_column:
        table = _table("column", "rows that differ", right=1)
        for name, count in by_column.most_common():
            table.add_row(name, str(count))
        console.print(table)
    for result in results:
        for row in result.rows.rows if result.rows is not None else ():
            _print_row(console, result.path, row)
    agree = sum(result.agrees for result in results)
    console.print(f"{script.client}: {agree} of {len(results)} files agree in every row.")


def _file_table(results: Sequence[FileComparison]) -> Table:
    table = _table("file", "equal", "differ", "only script", "only layout", right=4)
    for result in results:
        rows = result.rows
        figures = (rows.equal, rows.differing, rows.only_script, rows.only_layout) if rows else (_NOTHING,) * 4
        table.add_row(escape(result.path.rpartition("/")[2]), *map(str, figures))
    return table


def _print_row(console: Console, path: str, row: DifferingRow) -> None:
    places = f"script: {row.script_row or _NOTHING}, layout: {row.layout_row or _NOTHING}"
    console.print(f"{escape(path.rpartition('/')[2])} · {escape(places)}", soft_wrap=True)
    for name, (one, other) in row.cells.items():
        console.print(f"    {name}: {escape(_shown(one))} → {escape(_shown(other))}", soft_wrap=True)


def _shown(value: str | None) -> str:
    return _NOTHING if value is None else value


def _table(*names: str, right: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number >= len(names) - right else "left", overflow="fold")
    return table
