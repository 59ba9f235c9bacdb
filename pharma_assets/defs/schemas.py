"""The columns of the assets, as Dagster's pages show them."""

from __future__ import annotations

from dagster import TableColumn, TableSchema

from pharma_assets.model.target import COLUMNS


def registry_schema() -> TableSchema:
    """The columns of `ops.file_registry` that people ask for (CONTRACT §2)."""
    columns = {
        "id": ("bigint", "number of the file"),
        "file_path": ("text", "where it lies, below the inbox"),
        "uploaded_at": ("timestamptz", "its modification time"),
        "status": ("text", "NEW, PROCESSING, CREATED, ERROR or DELETE"),
        "data_provider": ("text", "Сеть or Дистрибьютор"),
        "report_year": ("smallint", "of its folder"),
        "report_month": ("smallint", "of its folder"),
        "client_name": ("text", "client folder"),
        "report_type": ("text", "report-type folder"),
        "created_at": ("timestamptz", "when it was registered"),
        "error_reason": ("text", "code of what is wrong"),
        "result_name": ("text", "its result file"),
    }
    return TableSchema([TableColumn(name, kind, meaning) for name, (kind, meaning) in columns.items()])


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
