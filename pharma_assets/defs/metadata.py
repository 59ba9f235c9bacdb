"""What a person reads on a materialization: figures, a table of files, a preview, the schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import MetadataValue, TableColumn, TableRecord, TableSchema

from pharma_assets.loading.client_month import FileOutcome, Outcome
from pharma_assets.model.target import COLUMNS, Type
from pharma_assets.registry.scan import ScanResult

Metadata = int | float | str | MetadataValue[Any]

PREVIEW_ROWS = 10
LONGEST_LIST = 100

_FILE_COLUMNS = TableSchema(
    columns=[
        TableColumn("id", "int"),
        TableColumn("file"),
        TableColumn("status"),
        TableColumn("read", "int"),
        TableColumn("loaded", "int"),
        TableColumn("left_out", "int"),
        TableColumn("rejected", "int"),
        TableColumn("source", description="format, engine, encoding, sheet and header row"),
        TableColumn("message", description="what is wrong, and what to do"),
    ]
)


def target_schema() -> TableSchema:
    """The columns of `raw.primary_data` that reports fill."""
    columns = [TableColumn(column.name, column.type.value, column.meaning) for column in COLUMNS]
    trace = [
        TableColumn("source_sheet", "text", "sheet of the source"),
        TableColumn("source_row", "integer", "row of the source, as people count"),
        TableColumn("extra", "jsonb", "source columns that the schema lacks: header → text"),
    ]
    return TableSchema(columns=columns + trace)


def outcome_metadata(outcome: Outcome) -> dict[str, Metadata]:
    """The figures of one run over a client-month."""
    metadata: dict[str, Metadata] = {
        "files": len(outcome.files),
        "rows_read": outcome.total(lambda file: file.report.read),
        "rows_loaded": outcome.total(lambda file: file.report.loaded),
        "rows_left_out": outcome.total(lambda file: sum(file.report.left_out.values())),
        "rows_rejected": outcome.total(lambda file: len(file.report.rejected)),
        # Dagster's metadata has no decimals; a float would round a sum of money.
        "sums": MetadataValue.json({name: str(total) for name, total in outcome.sums().items()}),
        "file_table": MetadataValue.table(
            records=[_file_record(file) for file in outcome.files[:LONGEST_LIST]], schema=_FILE_COLUMNS
        ),
    }
    if outcome.removed:
        metadata["files_gone"] = MetadataValue.json(outcome.removed)
    preview = _preview(outcome)
    if preview:
        metadata["preview"] = MetadataValue.md(preview)
    rejected = [str(row) for file in outcome.reports for row in file.report.rejected]
    if rejected:
        metadata["rejected"] = MetadataValue.md("\n".join(f"- {_plain(row)}" for row in rejected[:LONGEST_LIST]))
    return metadata


def loaded_metadata(outcome: Outcome) -> dict[str, Metadata]:
    """What changed in the table."""
    return {
        "dagster/partition_row_count": outcome.rows_after,
        "rows_before": outcome.rows_before,
        "rows_difference": outcome.rows_after - outcome.rows_before,
    }


def scan_metadata(result: ScanResult, waiting: int) -> dict[str, Metadata]:
    """The summary of a scan."""
    metadata: dict[str, Metadata] = {
        "seen": result.seen,
        "added": result.added,
        "changed": result.changed,
        "skipped_by_filter": result.filtered,
        "skipped_by_structure": len(result.problems),
        "not_settled_yet": result.unsettled,
        "without_transform": waiting,
        "seconds": round(result.seconds, 3),
    }
    if result.paths:
        metadata["files"] = MetadataValue.md("\n".join(f"- {_plain(path)}" for path in result.paths[:LONGEST_LIST]))
    if result.problems:
        lines = [
            f"- {_plain(item.path)}: {item.code} {_plain(item.message)}" for item in result.problems[:LONGEST_LIST]
        ]
        metadata["path_problems"] = MetadataValue.md("\n".join(lines))
    return metadata


def _file_record(outcome: FileOutcome) -> TableRecord:
    """A row of the file table; Dagster wants every row to have every column."""
    record: dict[str, str | int | float | bool | None] = dict.fromkeys(column.name for column in _FILE_COLUMNS.columns)
    record |= {"id": outcome.file.id, "file": outcome.file.path}
    if outcome.normalized is not None:
        report = outcome.normalized.report
        record |= {
            "status": "CREATED",
            "read": report.read,
            "loaded": report.loaded,
            "left_out": sum(report.left_out.values()),
            "rejected": len(report.rejected),
            "source": _source(outcome.normalized.source),
        }
    elif outcome.error is not None:
        record |= {"status": outcome.error.code, "message": f"{outcome.error.message} – {outcome.error.advice}"}
    return TableRecord(record)


def _source(source: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in source.items() if value is not None)


def _preview(outcome: Outcome) -> str:
    """The first rows of the last report, as a Markdown table of the columns that hold something."""
    reports = [file.report for file in outcome.reports if file.report.loaded]
    if not reports:
        return ""
    table = reports[-1].table.slice(0, PREVIEW_ROWS)
    names = [name for name in table.column_names if table[name].null_count < table.num_rows]
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(_plain("" if cell is None else str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text from outside, so that it can neither break a Markdown table nor be taken for markup."""
    return "".join("\\" + char if char in "\\|`*_[]<>#" else char for char in " ".join(text.split()))


def numeric_columns() -> list[str]:
    """The target columns that sums are kept of."""
    return [column.name for column in COLUMNS if column.type in (Type.AMOUNT, Type.MONEY)]
