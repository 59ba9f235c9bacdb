"""What a person reads on a materialization: figures, a table of files, a preview, the schema."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from dagster import MetadataValue, TableColumn, TableRecord, TableSchema

from pharma_assets.loading.client_month import FileOutcome, Outcome
from pharma_assets.model.target import COLUMNS
from pharma_assets.registry.scan import ScanResult
from pharma_assets.transforms.totals import ControlTotal

Metadata = int | float | str | MetadataValue[Any]

LONGEST_LIST = 100

_SOURCE_FACTS = ("script_file", "format", "encoding")

_FILE_COLUMNS = (
    TableColumn("id", "int", "id in ops.file_registry"),
    TableColumn("file"),
    TableColumn("status", description="CREATED, or the code of what is wrong or of why it does not count"),
    TableColumn("read", "int"),
    TableColumn("loaded", "int"),
    TableColumn("superseded", "int", "rows that do not count, because those of another file do"),
    TableColumn("left_out", "int"),
    TableColumn("rejected", "int"),
    TableColumn("totals", description="the report's own totals, held against its rows"),
    TableColumn("source", description="format, encoding and header row"),
    TableColumn("message", description="what is wrong or why it does not count, and what to do"),
)


def target_schema() -> TableSchema:
    """The columns of `raw.primary_data` that reports fill."""
    columns = [TableColumn(column.name, column.type.value, column.meaning) for column in COLUMNS]
    trace = [
        TableColumn("source_sheet", "text", "sheet of the source"),
        TableColumn("source_row", "integer", "row of the source, as people count"),
        TableColumn("source_part", "smallint", "which of several rows that hooks.py made of it, 1 in most reports"),
        TableColumn("extra", "jsonb", "source columns that the schema lacks: header → text"),
    ]
    return TableSchema(columns=columns + trace)


def outcome_metadata(outcome: Outcome, timezone: ZoneInfo) -> dict[str, Metadata]:
    """The figures of one run over a client-month, then its rejects, files and first rows."""
    metadata: dict[str, Metadata] = {
        "files": len(outcome.files),
        "rows_read": outcome.total(lambda report: report.read),
        "rows_loaded": outcome.total(lambda report: report.loaded),
        "rows_superseded": outcome.total(lambda report: report.superseded),
        "rows_left_out": outcome.total(lambda report: sum(report.left_out.values())),
        "rows_rejected": outcome.total(lambda report: len(report.rejected)),
        "rows_before": outcome.rows_before,
        "rows_difference": outcome.rows_after - outcome.rows_before,
    }
    # As text: Dagster's metadata has no decimals, and a float would round a sum of money.
    metadata |= {f"sum_{name}": str(total) for name, total in outcome.sums().items()}
    if outcome.removed:
        metadata["files_gone"] = MetadataValue.json(outcome.removed)
    rejected = [str(row) for report in outcome.reports for row in report.rejected]
    remarks = [
        f"{PurePosixPath(file.file.path).name}: {remark}"
        for file in outcome.files
        if file.figures is not None
        for remark in file.figures.remarks
    ]
    if outcome.displaced:
        # Of files that this run did not work on.
        metadata["displaced"] = text_list([f"{one.path}: {one.error}" for one in outcome.displaced])
    if remarks:
        metadata["remarks"] = text_list(remarks)
    if rejected:
        metadata["rejected"] = text_list(rejected)
    if outcome.files:
        metadata["file_table"] = _file_table(outcome.files[:LONGEST_LIST])
    preview = _preview(outcome, timezone)
    if preview:
        metadata["preview"] = MetadataValue.md(preview)
    return metadata


def scan_metadata(result: ScanResult, waiting: int) -> dict[str, Metadata]:
    """The summary of a scan."""
    metadata: dict[str, Metadata] = {
        "seen": result.seen,
        "added": result.added,
        "changed": result.changed,
        "gone": len(result.gone),
        "skipped_by_filter": result.filtered,
        "skipped_by_structure": result.misplaced,
        "not_settled_yet": result.unsettled,
        "without_transform": waiting,
        "seconds": round(result.seconds, 3),
    }
    if result.paths:
        metadata["files"] = text_list(result.paths)
    if result.problems:
        metadata["path_problems"] = text_list([f"{item.path}: {item.code} {item.message}" for item in result.problems])
    return metadata


def text_list(lines: Sequence[str]) -> MetadataValue[Any]:
    """The first LONGEST_LIST lines, each as text whatever it holds."""
    return MetadataValue.md("\n".join(f"- {_plain(line)}" for line in lines[:LONGEST_LIST]))


def _file_table(files: Sequence[FileOutcome]) -> MetadataValue[Any]:
    """A row for each file; columns that are empty in every row only push the others out of sight."""
    records = [_file_record(file) for file in files]
    shown = [column for column in _FILE_COLUMNS if any(column.name in record for record in records)]
    return MetadataValue.table(
        records=[TableRecord({column.name: record.get(column.name) for column in shown}) for record in records],
        schema=TableSchema(columns=shown),
    )


def _file_record(outcome: FileOutcome) -> dict[str, str | int | float | bool | None]:
    record: dict[str, str | int | float | bool | None] = {
        "id": outcome.file.id,
        "file": PurePosixPath(outcome.file.path).name,
    }
    if outcome.figures is not None:
        report, source = outcome.figures, outcome.figures.source
        record |= {
            "status": "CREATED",
            "read": report.read,
            "loaded": report.loaded,
            **({"superseded": report.superseded} if report.superseded else {}),
            "left_out": sum(report.left_out.values()),
            "rejected": len(report.rejected),
            **({"totals": _totals(report.control_totals)} if report.control_totals else {}),
            # Of a script's result, its name says that it is not the supplier's file that is told of.
            "source": " · ".join(
                str(source[name]) for name in ("script_file", "format", "encoding") if source.get(name)
            )
            + f" · row {source['header_row']}",
        }
    told = outcome.error or outcome.remark
    if told is not None:
        record |= {"status": told.code, "message": f"{told.message} – {told.advice}"}
    return record


def _totals(totals: Sequence[ControlTotal]) -> str:
    agree = sum(total.agrees is True for total in totals)
    differ = sum(total.agrees is False for total in totals)
    parts = {"agree": agree, "differ": differ, "not comparable": len(totals) - agree - differ}
    return ", ".join(f"{count} {verdict}" for verdict, count in parts.items() if count)


def _preview(outcome: Outcome, timezone: ZoneInfo) -> str:
    """The first rows of the last report, as a Markdown table of the columns that hold something."""
    tables = [report.first_rows for report in outcome.reports if report.loaded]
    if not tables:
        return ""
    table = tables[-1]
    names = [name for name in table.column_names if table[name].null_count < table.num_rows]
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(_plain(_shown(cell, timezone)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _shown(cell: object, timezone: ZoneInfo) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(timezone):%d.%m.%Y %H:%M}".removesuffix(" 00:00")
    return "" if cell is None else str(cell)


def _plain(text: str) -> str:
    """Text from outside, so that it can neither break a Markdown table nor be taken for markup."""
    return "".join("\\" + char if char in "\\|`*_[]<>#" else char for char in " ".join(text.split()))
