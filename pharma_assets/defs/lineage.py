"""Column lineage: from the headers of the source files to the columns of `raw.primary_data`.

A header is shown as a column of `file_registry`, the asset by which the files come in; so are the registry's own fields
that the platform writes into each row.
"""

from __future__ import annotations

from collections.abc import Sequence

from dagster import TableColumn, TableColumnDep, TableColumnLineage, TableRecord, TableSchema

from pharma_assets.defs.keys import FILE_REGISTRY, NORMALIZED_REPORT
from pharma_assets.model.target import COLUMNS
from pharma_assets.transforms.layout import Layout

_OF_REGISTRY = {
    "filename_ish": "file_path",
    "filename_result": "result_name",
    "report_provider": "data_provider",
    "report_provider_name": "client_name",
}
_EXTRA = "extra"


def sources(layouts: Sequence[Layout]) -> dict[str, list[str]]:
    """Target column → the source headers that it is made from, in the layouts' order; `extra`: those that it keeps."""
    found: dict[str, list[str]] = {}
    for layout in layouts:
        for header, rule in layout.columns.items():
            found.setdefault(rule.to or _EXTRA, []).append(header)
        if layout.waybill is not None:
            found.setdefault("naklad", []).extend((layout.waybill.number, layout.waybill.date))
    return {target: list(dict.fromkeys(headers)) for target, headers in found.items()}


def from_files(layouts: Sequence[Layout]) -> TableColumnLineage:
    """Of `normalized_report`, under these layouts."""
    made_from = {**sources(layouts), **{target: [field] for target, field in _OF_REGISTRY.items()}}
    return TableColumnLineage(
        {target: [TableColumnDep(FILE_REGISTRY, name) for name in names] for target, names in made_from.items()}
    )


def from_report() -> TableColumnLineage:
    """Of `primary_data`: each column is the report's."""
    names = [column.name for column in COLUMNS] + ["source_sheet", "source_row", _EXTRA]
    return TableColumnLineage({name: [TableColumnDep(NORMALIZED_REPORT, name)] for name in names})


def header_table(layouts: Sequence[Layout]) -> tuple[list[TableRecord], TableSchema]:
    """The same for people: each target column with its headers and how their cells are read."""
    parse = {rule.to: rule.parse.value for layout in layouts for rule in layout.columns.values() if rule.to}
    constants = {name: value for layout in layouts for name, value in layout.constants.items()}
    records = [
        TableRecord({"column": target, "source_headers": ", ".join(headers), "read_as": parse.get(target, "")})
        for target, headers in sources(layouts).items()
    ]
    records += [
        TableRecord({"column": name, "source_headers": "", "read_as": f"always «{value}»"})
        for name, value in constants.items()
    ]
    schema = TableSchema([TableColumn("column"), TableColumn("source_headers"), TableColumn("read_as")])
    return records, schema
