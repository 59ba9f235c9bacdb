"""A trial as people and as programs read it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pharma_assets.cli.tables import plain, plain_table
from pharma_assets.shadow.measures import State

if TYPE_CHECKING:
    from rich.console import Console

    from pharma_assets.shadow.measures import Change, FileTrial, Measures, MonthTrial, Trial
    from pharma_assets.shadow.stored_rows import Comparison, RowDifference

_MOST_COLUMNS = 12
_COLOURS = {State.WOULD_FAIL: "red", State.WOULD_LOAD: "green", State.STILL_FAILS: "yellow"}


def as_document(trial: Trial) -> dict[str, Any]:
    """The trial as JSON has it."""
    return {
        "client": str(trial.client),
        "layout": str(trial.layout),
        "fingerprint": trial.fingerprint,
        "files_tried": len(trial.files),
        "files_held": trial.held,
        "files_gone": trial.gone,
        "seconds": round(trial.seconds, 3),
        "states": {state.value: trial.states[state] for state in State},
        "cells_changed": trial.by_column,
        "months": [_month(month) for month in trial.months],
        "files": [_file(file) for file in trial.files],
    }


def _month(month: MonthTrial) -> dict[str, Any]:
    return {
        "month": f"{month.month:%Y-%m}",
        "files": len(month.files),
        "before": _measures(month.before),
        "after": _measures(month.after),
        "rows": month.rows,
        "changes": [_change(change) for change in month.changes],
    }


def _file(file: FileTrial) -> dict[str, Any]:
    return {
        "id": file.file.id,
        "path": file.file.path,
        "report_type": file.file.report_type,
        "state": file.state.value,
        "reason_now": file.reason,
        "error": None
        if file.error is None
        else {"code": file.error.code, "message": file.error.message, "advice": file.error.advice},
        "before": None if file.before is None else _measures(file.before),
        "after": None if file.after is None else _measures(file.after),
        "content_changed": file.content_changed,
        "rows": None if file.compared is None else _comparison(file.compared),
    }


def _comparison(compared: Comparison) -> dict[str, Any]:
    return {
        "appear": compared.appear,
        "disappear": compared.disappear,
        "change": compared.change,
        "cells_changed": dict(compared.by_column),
        "first": [
            {"sheet": row.sheet, "row": row.row, "kind": row.kind.value, "cells": dict(row.cells)}
            for row in compared.first
        ],
    }


def _measures(measures: Measures) -> dict[str, Any]:
    return {
        "read": measures.read,
        "loaded": measures.loaded,
        "left_out": dict(measures.left_out),
        "rejected": dict(measures.rejected),
        "sums": {name: str(total) for name, total in measures.sums.items()},
    }


def _change(change: Change) -> dict[str, Any]:
    figures = {"before": change.before, "after": change.after, "difference": change.difference}
    return {
        "measure": change.name,
        **{name: str(figure) if isinstance(figure, Decimal) else figure for name, figure in figures.items()},
    }


def print_trial(console: Console, trial: Trial, *, rows_of_files: bool) -> None:
    """Print what would differ: by month and measure, by column, and the files that need a look."""
    console.print(
        f"[bold]{plain(str(trial.client))}[/], layout {plain(str(trial.layout))} ({trial.fingerprint})", soft_wrap=True
    )
    _print_months(console, trial)
    if trial.by_column:
        console.print("Cells that would change, by column:")
        table = plain_table("column", "cells")
        for name, count in list(trial.by_column.items())[:_MOST_COLUMNS]:
            table.add_row(plain(name), _number(count))
        console.print(table)
    for state in (State.WOULD_FAIL, State.WOULD_LOAD, State.STILL_FAILS):
        for file in trial.in_state(state):
            console.print(f"[{_COLOURS[state]}]{state}[/]  {file.file.id} {plain(file.file.path)}", soft_wrap=True)
            if file.error is not None:
                console.print(f"    {file.error.code}: {plain(file.error.message)}", soft_wrap=True)
                console.print(f"    [dim]{plain(file.error.advice)}[/]", soft_wrap=True)
    if rows_of_files:
        for file in trial.files:
            _print_rows(console, file)
    told = ", ".join(f"{count} {state}" for state in State if (count := trial.states[state]))
    beside = [f"{trial.held} held back for other reasons"] if trial.held else []
    beside += [f"{trial.gone} no longer in the inbox, whose rows stay"] if trial.gone else []
    console.print(f"{len(trial.files)} files in {trial.seconds:.1f} s: {'; '.join([told or 'none', *beside])}.")


def _print_months(console: Console, trial: Trial) -> None:
    table = plain_table("month", "measure", "is", "would be", "difference")
    for column in table.columns[2:]:
        column.justify = "right"
    same = 0
    for month in trial.months:
        rows = {name: count for name, count in month.rows.items() if count}
        if not month.changes and not rows:
            same += month.is_same
            continue
        name = f"{month.month:%Y-%m}"
        for change in month.changes:
            figures = (_number(change.before), _number(change.after), _number(change.difference, signed=True))
            table.add_row(name, plain(change.name), *figures)
            name = ""
        for measure, count in rows.items():
            table.add_row(name, measure, "", "", _number(count))
            name = ""
    if table.row_count:
        console.print(table)
    if same:
        console.print(f"{same} months would be the same, to the cell.")


def _print_rows(console: Console, file: FileTrial) -> None:
    if file.compared is None:
        why = "its content is another one by now" if file.content_changed else "it is not loaded, or could not be read"
        console.print(f"{file.file.id} {plain(file.file.path)}: no rows to compare, for {why}", soft_wrap=True)
        return
    table = plain_table("sheet", "row", "", "column", "is", "would be")
    for row in file.compared.first:
        _add_row(table, row)
    if table.row_count:
        console.print(table)
    left = file.compared.rows - len(file.compared.first)
    if left:
        console.print(f"… and {_number(left)} more rows")


def _add_row(table: Any, row: RowDifference) -> None:
    place = [plain(row.sheet), str(row.row), row.kind.value]
    for name, (before, after) in row.cells.items():
        table.add_row(*place, plain(name), *("–" if text is None else plain(text) for text in (before, after)))
        place = ["", "", ""]


def _number(figure: int | Decimal, *, signed: bool = False) -> str:
    return f"{figure:{'+' if signed else ''},}".replace(",", " ")
