"""An inspection as people and as programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.markup import escape
from rich.table import Table

from pharma_assets.reading.sheet import Kind, Sheet
from pharma_assets.transforms.header_text import column_letter
from pharma_assets.transforms.layout import segments_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.console import Console

    from pharma_assets.errors import PharmaError
    from pharma_assets.inspection import Inspection
    from pharma_assets.transforms.catalog import Transform
    from pharma_assets.transforms.layout import Layout
    from pharma_assets.transforms.normalize import NormalizedReport

_MOST_REJECTED = 20
_MOST_COLUMNS = 60
_NOT_THERE = "–"


def as_document(
    found: Inspection, transform: Transform | None, problems: Sequence[PharmaError], rows: int
) -> dict[str, Any]:
    """The inspection as JSON has it."""
    document, report = found.document, found.report
    shown: dict[str, Any] = {
        "file": str(found.path),
        "bytes": found.size,
        "sha256": found.digest,
        "layout": str(transform.file) if transform is not None else None,
        "report_type": transform.report_type if transform is not None else None,
        "layout_from": _month(transform),
        "problems": [
            {"code": problem.code, "message": problem.message, "advice": problem.advice} for problem in problems
        ],
        "remarks": [{"code": remark.code, "message": remark.message} for remark in found.remarks],
    }
    if document is not None:
        shown |= {
            "format": document.format,
            "engine": document.engine,
            "encoding": document.encoding,
            "delimiter": document.delimiter,
            "sheets": [_sheet_facts(sheet) for sheet in document.sheets],
            "header_candidates": [
                {
                    "sheet": candidate.sheet.name,
                    "row": candidate.row,
                    "score": round(candidate.score, 3),
                    "missing": list(candidate.missing),
                    "likely_renames": dict(candidate.renames),
                }
                for candidate in found.candidates
            ],
            "columns": _columns(found, transform, rows),
        }
    if report is not None:
        shown |= {
            "read": report.read,
            "to_load": report.loaded,
            "left_out": dict(report.left_out),
            "rejected": [
                {
                    "sheet": row.sheet,
                    "row": row.row,
                    "cells": [
                        {"column": cell.header, "value": cell.text, "code": cell.code, "message": cell.message}
                        for cell in row.cells
                    ],
                }
                for row in report.rejected
            ],
            "control_totals": [total.document() for total in report.control_totals],
            "sums": {name: str(total) for name, total in report.sums().items()},
            "period": [moment.isoformat() if moment else None for moment in report.period()],
        }
    return shown


def print_inspection(
    console: Console,
    found: Inspection,
    transform: Transform | None,
    problems: Sequence[PharmaError],
    rows: int,
    zone: ZoneInfo,
) -> None:
    """Print the inspection from the bytes to the rows, and in the end what is wrong."""
    digest = f" · SHA-256 {found.digest[:16]}…" if found.digest else ""
    console.print(f"[bold]{escape(found.path.name)}[/] · {found.size:,} bytes{digest}".replace(",", " "))
    if found.document is not None:
        document = found.document
        facts = [document.format, f"read by {document.engine}"]
        facts += [f"encoding {document.encoding}"] if document.encoding else []
        facts += [f"delimiter {document.delimiter!r}"] if document.delimiter else []
        console.print(" · ".join(facts))
        console.print(f"layout: {escape(_layout(transform))}", soft_wrap=True)
        console.print(_sheet_table(found))
        if found.candidates:
            console.print(_candidate_table(found))
        _print_columns(console, found, transform, rows)
    if found.report is not None:
        _print_report(console, found.report, zone)
    for remark in found.remarks:
        console.print(f"[yellow]{remark.code}[/] {escape(remark.message)}", soft_wrap=True)
    for problem in problems:
        console.print(f"[red]{problem.code}[/] {escape(problem.message)}", soft_wrap=True)
        console.print(f"    {escape(problem.advice)}", soft_wrap=True)


def _month(transform: Transform | None) -> str | None:
    """The month from which the transform holds."""
    first = transform.months.first if transform is not None else None
    return None if first is None else f"{first:%Y-%m}"


def _layout(transform: Transform | None) -> str:
    if transform is None:
        return "none: name a client to see what its layout makes of it"
    since = f", from {_month(transform)}" if _month(transform) else ""
    return f"{transform.file} ({transform.report_type or 'every report type'}{since})"


def _sheet_facts(sheet: Sheet) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "visible": sheet.visible,
        "filled_rows": int(sheet.filled.sum()),
        "columns": len(sheet.columns),
        "hidden_rows": int(sheet.hidden.sum()) if sheet.hidden is not None else 0,
        "merged_ranges": len(sheet.merges),
    }


def _table(*names: str, title: str | None = None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for name in names:
        table.add_column(name, overflow="ellipsis", no_wrap=True)
    return table


def _sheet_table(found: Inspection) -> Table:
    table = _table("sheet", "filled rows", "columns", "hidden rows", "merged ranges", "")
    for sheet in found.document.sheets if found.document is not None else ():
        facts = _sheet_facts(sheet)
        numbers = [facts[name] for name in ("filled_rows", "columns", "hidden_rows", "merged_ranges")]
        table.add_row(escape(sheet.name), *map(str, numbers), "" if sheet.visible else "hidden")
    return table


def _candidate_table(found: Inspection) -> Table:
    table = _table("header candidate", "row", "score", "missing")
    for candidate in found.candidates:
        missing = ", ".join(candidate.missing) or _NOT_THERE
        hidden = "" if candidate.sheet.visible else " (hidden)"
        table.add_row(
            escape(candidate.sheet.name) + hidden, str(candidate.row), f"{candidate.score:.0%}", escape(missing)
        )
    return table


def _columns(found: Inspection, transform: Transform | None, rows: int) -> list[dict[str, Any]]:
    """One entry for each column of the shown sheet: where it stands, what it is called, where it goes, first cells."""
    sheet, header = found.shown_sheet, found.header_index
    if sheet is None:
        return []
    layout = transform.layout if transform is not None else None
    places = found.candidates[0].places if found.candidates else {}
    names = found.candidates[0].names if found.candidates else {}
    target_of = {place: header for header, place in places.items()}
    composed = _composed(layout)
    below = np.flatnonzero(sheet.filled)
    below = below[below > (-1 if header is None else header)][:rows].tolist()
    columns = []
    for place, (texts, kinds) in enumerate(zip(sheet.columns, sheet.kinds, strict=True)):
        rule = layout.columns.get(target_of.get(place, "")) if layout is not None else None
        to = None if rule is None else rule.to or composed.get(target_of[place])
        counts = np.bincount(kinds[0 if header is None else header + 1 :], minlength=len(Kind))
        columns.append(
            {
                "column": column_letter(place),
                "header": names.get(place) or (texts[header].as_py() if header is not None else None),
                "to": to,
                "known": rule is not None,
                "kinds": {kind.name.lower(): int(counts[kind]) for kind in Kind if counts[kind]},
                "cells": {int(sheet.rows[index]): texts[index].as_py() for index in below},
            }
        )
    return columns


def _composed(layout: Layout | None) -> dict[str, str]:
    """The target of each header of which a text is composed."""
    if layout is None:
        return {}
    templates = layout.templates.items()
    return {header: to for to, text in templates for segment in segments_of(text) for header in segment.headers}


def _print_columns(console: Console, found: Inspection, transform: Transform | None, rows: int) -> None:
    columns = _columns(found, transform, rows)
    sheet, header = found.shown_sheet, found.header_index
    if sheet is None or not columns:
        console.print("no cell in any sheet")
        return
    where = f"header in row {sheet.rows[header]}" if header is not None else "no header found"
    names = [f"row {number}" for number in columns[0]["cells"]]
    layout = transform.layout if transform is not None else None
    table = _table(title=f"{escape(sheet.name)}: {where}")
    # Rich takes what is too wide from every column alike, so nothing may be too wide.
    widths = {"": 3, "header": 24, "goes to": 15, "kinds": 12}
    left = console.width - sum(widths.values()) - 3 * (len(widths) + len(names))
    for name, width in (widths | dict.fromkeys(names, max(8, left // len(names)) if names else 0)).items():
        table.add_column(name, overflow="ellipsis", no_wrap=True, max_width=width)
    for column in columns[:_MOST_COLUMNS]:
        kinds = ", ".join(kind for kind in column["kinds"] if kind != "blank") or _NOT_THERE
        goes_to = column["to"] or ("extra" if layout is not None else "")
        cells = ["" if cell is None else escape(repr(cell)[1:-1]) for cell in column["cells"].values()]
        table.add_row(column["column"], escape(column["header"] or ""), goes_to, kinds, *cells)
    console.print(table)
    if len(columns) > _MOST_COLUMNS:
        console.print(f"… and {len(columns) - _MOST_COLUMNS} more columns")


def _print_report(console: Console, report: NormalizedReport, zone: ZoneInfo) -> None:
    left_out = ", ".join(f"{reason} {count}" for reason, count in report.left_out.items() if count)
    console.print(
        f"{report.read} rows read = {report.loaded} to load + {sum(report.left_out.values())} left out"
        f"{f' ({escape(left_out)})' if left_out else ''} + {len(report.rejected)} rejected"
    )
    first, last = report.period()
    if first is not None and last is not None:
        console.print(f"period {first.astimezone(zone):%d.%m.%Y} – {last.astimezone(zone):%d.%m.%Y}")
    for name, total in report.sums().items():
        console.print(f"sum of {name}: {total}")
    for control in report.control_totals:
        verdict = {True: "agrees", False: "does not agree", None: "cannot be compared"}[control.agrees]
        console.print(
            f"{escape(control.label)} in row {control.row}: {escape(control.column)} {control.stated}, {verdict}"
        )
    for row in report.rejected[:_MOST_REJECTED]:
        console.print(f"[yellow]rejected[/] {escape(str(row))}", soft_wrap=True)
    if len(report.rejected) > _MOST_REJECTED:
        console.print(f"… and {len(report.rejected) - _MOST_REJECTED} more rejected rows")
