"""A trace as people and as programs read it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pharma_assets.cli.tables import plain, plain_table
from pharma_assets.loading.corrections import cell_document
from pharma_assets.tracing.source_rows import Fate

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.console import Console

    from pharma_assets.tracing.source_rows import Filled, SourceCell
    from pharma_assets.tracing.trace import Compared, Trace

_NOT_THERE = "–"


def as_document(trace: Trace) -> dict[str, Any]:
    """The trace as JSON has it."""
    source, loaded = trace.source, trace.loaded
    differing = {column.name for column in trace.differing}
    stored = {column.name: _jsonable(column.stored) for column in trace.columns}
    return {
        "file": {
            "id": trace.file.id,
            "path": trace.file.path,
            "client": str(trace.file.client_month.client),
            "month": trace.file.client_month.month_key,
            "report_type": trace.file.report_type,
            "status": trace.file.status.value,
            "reason": trace.file.reason,
            "version": trace.file.version,
            "sha256": trace.content_hash,
        },
        "loaded": None
        if loaded is None
        else {
            "version": loaded.version,
            "sha256": loaded.content_hash,
            "layout": loaded.fingerprint,
            "result": loaded.result_name,
            "reference_version": loaded.reference,
        },
        "layout_today": trace.fingerprint,
        "sheet": trace.sheet,
        "row": trace.row,
        "id": trace.stored["id"] if trace.stored else None,
        "became": source.fate.value if source else None,
        "reason": source.reason or None if source else None,
        "rejected_as": list(trace.held_back),
        "problems": [
            {"column": cell.header, "value": cell.text, "code": cell.code, "message": cell.message}
            for cell in (source.problems if source else ())
        ],
        "correction": None
        if source is None or source.correction is None
        else {
            "id": source.correction.id,
            "who": source.correction.who,
            "cells": [cell_document(cell) for cell in source.correction.cells],
        },
        "equal": trace.equal,
        "why_not_compared": trace.problem and {"code": trace.problem.code, "message": trace.problem.message},
        "columns": [
            {
                "name": filled.name,
                "stored": stored.get(filled.name),
                "recomputed": _jsonable(filled.value),
                "equal": filled.name not in differing if trace.columns else None,
                "from": filled.origin.kind.value,
                "rule": filled.origin.rule,
                "cells": [_cell(cell) for cell in filled.cells],
            }
            for filled in (source.filled if source else ())
            if filled.value is not None or stored.get(filled.name) is not None
        ],
        "stored_otherwise": {column.name: _jsonable(column.stored) for column in _only_stored(trace)},
        "cells": [_cell(cell) for cell in (source.cells if source else ())],
    }


def _cell(cell: SourceCell) -> dict[str, Any]:
    shown = {"cell": cell.address, "header": cell.header, "text": cell.text, "kind": cell.kind.name.lower()}
    return {**shown, "corrected": cell.corrected} if cell.is_corrected else shown


def _jsonable(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def print_trace(console: Console, trace: Trace, zone: ZoneInfo) -> None:
    """Print one row: file, layout, what became of it, and a line for each column."""
    file, loaded, source = trace.file, trace.loaded, trace.source
    row_id = f"raw.primary_data.id {trace.stored['id']} · " if trace.stored else ""
    place = f"{trace.sheet}, row {trace.row}" if trace.sheet else f"row {trace.row}"
    console.print(f"[bold]{row_id}{plain(place)}[/] of file {file.id} {plain(file.path)}", soft_wrap=True)
    if loaded is None:
        console.print(f"not loaded: {file.status}{f' {file.reason}' if file.reason else ''}")
    else:
        console.print(f"version {loaded.version} (SHA-256 {loaded.content_hash[:16]}…), {_layouts(trace)}")
    if trace.problem is not None:
        console.print(f"[yellow]{trace.problem.code}[/] {plain(trace.problem.message)}", soft_wrap=True)
        _print_stored(console, trace)
    if source is None:
        return
    console.print(f"[bold]{source.fate}[/]{f': {plain(source.reason)}' if source.reason else ''}")
    for cell in source.problems:
        console.print(f"    [red]{cell.code}[/] {plain(cell.header)}: {plain(repr(cell.text))}: {plain(cell.message)}")
    if source.correction is not None:
        console.print(f"    corrected by {plain(source.correction.who)} (correction {source.correction.id})")
    if source.fate is Fate.LOADED:
        _print_columns(console, trace, zone)
    else:
        _print_cells(console, source.cells)
    _print_verdict(console, trace)


def _layouts(trace: Trace) -> str:
    if trace.loaded is None or trace.fingerprint is None:
        return "which has no layout today"
    if trace.same_layout:
        return f"by layout {trace.fingerprint}, which is today's"
    return f"by layout {trace.loaded.fingerprint}; today's is {trace.fingerprint}"


def _print_verdict(console: Console, trace: Trace) -> None:
    if trace.equal:
        console.print("[green]read again: equal[/]")
    elif trace.equal is False:
        why = "" if trace.same_layout else ": the layout is another one by now"
        console.print(f"[red]read again: differs[/]{why}")


def _print_columns(console: Console, trace: Trace, zone: ZoneInfo) -> None:
    table = plain_table("column", "value", "cell", "header", "as read", "from")
    stored = {column.name: column for column in trace.columns}
    for filled in trace.source.filled if trace.source else ():
        compared = stored.get(filled.name)
        differs = compared is not None and not compared.equal
        if filled.value is None and not differs:
            continue
        value = plain(_shown(filled.value, zone))
        if compared is not None and differs:
            value = f"[red]{plain(_shown(compared.stored, zone))}[/] ≠ {value}"
        table.add_row(plain(filled.name), value, *_cells_shown(filled), plain(_origin(filled)))
    for column in _only_stored(trace):
        table.add_row(
            plain(column.name), f"[red]{plain(_shown(column.stored, zone))}[/] ≠ {_NOT_THERE}", "", "", "", ""
        )
    console.print(table)


def _only_stored(trace: Trace) -> list[Compared]:
    """What the table holds beyond the columns that the row gives."""
    given = {filled.name for filled in trace.source.filled} if trace.source else set()
    return [column for column in trace.differing if column.name not in given]


def _print_cells(console: Console, cells: tuple[SourceCell, ...]) -> None:
    table = plain_table("cell", "header", "as read")
    for cell in cells:
        table.add_row(cell.address, plain(_one_line(cell.header)), plain(_text(cell)))
    console.print(table)


def _print_stored(console: Console, trace: Trace) -> None:
    table = plain_table("column", "stored")
    for name, value in (trace.stored or {}).items():
        if value is not None:
            table.add_row(name, plain(str(value)))
    if trace.stored:
        console.print(table)
    if trace.held_back:
        console.print(f"rejected: {', '.join(trace.held_back)}")


def _cells_shown(filled: Filled) -> tuple[str, str, str]:
    cells = filled.cells
    return (
        "\n".join(cell.address for cell in cells),
        "\n".join(plain(_one_line(cell.header)) for cell in cells),
        "\n".join(plain(_text(cell)) for cell in cells),
    )


def _text(cell: SourceCell) -> str:
    text = _NOT_THERE if cell.text is None else repr(cell.text)[1:-1]
    return f"{text} → {_NOT_THERE if cell.corrected is None else cell.corrected}" if cell.is_corrected else text


def _origin(filled: Filled) -> str:
    kind, rule = filled.origin.kind.value, filled.origin.rule
    return f"{kind}: {rule}" if rule else kind


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shown(value: object, zone: ZoneInfo) -> str:
    if value is None:
        return _NOT_THERE
    if isinstance(value, datetime):
        local = value.astimezone(zone)
        return (
            f"{local:%Y-%m-%d}"
            if (local.hour, local.minute, local.second) == (0, 0, 0)
            else f"{local:%Y-%m-%d %H:%M:%S}"
        )
    return str(value)
