"""What a person reads on a materialization: figures, a table of files, a preview, the schema."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from dagster import MetadataValue, TableColumn, TableRecord, TableSchema

from pharma_assets.defs.keys import NORMALIZED_REPORT, PRIMARY_DATA
from pharma_assets.defs.lineage import from_files, from_report, header_table
from pharma_assets.defs.masking import Mask
from pharma_assets.defs.plots import rows_by_day
from pharma_assets.loading.client_month import FileOutcome, Outcome
from pharma_assets.loading.month_facts import MonthFacts
from pharma_assets.loading.platform import Platform
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.model.personal import PERSONAL_COLUMNS
from pharma_assets.model.report_path import parse_leaf
from pharma_assets.registry.scan import ScanResult
from pharma_assets.transforms.header_text import normalize_header
from pharma_assets.transforms.layout import Layout
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


def outcome_metadata(outcome: Outcome, facts: MonthFacts, platform: Platform) -> dict[str, Metadata]:
    """What one run came to over a client-month, and how that stands now: figures, then tables, links and a picture."""
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
    if outcome.sums_before or outcome.sums_after:
        metadata["sums"] = _sum_table(outcome)
    plot = rows_by_day({day: rows for day, rows in facts.days.items() if day is not None})
    if plot:
        metadata["rows_by_day"] = MetadataValue.md(plot)
    if outcome.files:
        metadata["file_table"] = _file_table(outcome.files[:LONGEST_LIST])
        metadata["folders"] = text_list(_folders(outcome, platform))
        metadata["results"] = MetadataValue.path(str(platform.settings.results_folder))
    if outcome.waiting:
        metadata["waiting"] = text_list([file.path for file in outcome.waiting])
    if outcome.removed:
        metadata["files_gone"] = MetadataValue.json(outcome.removed)
    return metadata | _contents(outcome, platform)


def _contents(outcome: Outcome, platform: Platform) -> dict[str, Metadata]:
    """What shows cells: rejects, remarks, first rows. Personal ones are masked unless the settings say otherwise."""
    metadata: dict[str, Metadata] = {}
    shown = mask_of(outcome, platform)
    rejected = [shown.reject(row) for report in outcome.reports for row in report.rejected[:LONGEST_LIST]]
    remarks = [
        f"{PurePosixPath(file.file.path).name}: {shown.remark(str(remark))}"
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
        ids = ", ".join(str(file.file.id) for file in outcome.files if file.figures is not None)
        metadata["rejected_query"] = f"SELECT * FROM ops.rejected_row WHERE file_id IN ({ids})"  # noqa: S608 - to read
    preview = _preview(outcome, platform.timezone, shown)
    if preview:
        metadata["preview"] = MetadataValue.md(preview)
    return metadata


def layout_metadata(outcome: Outcome, platform: Platform) -> dict[str, dict[str, Metadata]]:
    """For each asset, by its name: which source header became which column, under the layouts of the loaded files."""
    layouts = _layouts(outcome, platform)
    if not layouts:
        return {}
    records, schema = header_table(layouts)
    return {
        NORMALIZED_REPORT.to_user_string(): {
            "dagster/column_lineage": MetadataValue.column_lineage(from_files(layouts)),
            "columns": MetadataValue.table(records, schema),
        },
        PRIMARY_DATA.to_user_string(): {"dagster/column_lineage": MetadataValue.column_lineage(from_report())},
    }


def _layouts(outcome: Outcome, platform: Platform) -> list[Layout]:
    """The layouts by which the files of this run were read, each once."""
    client, month = outcome.client_month.client, outcome.client_month.first_day
    types = sorted({file.file.report_type for file in outcome.files if file.figures is not None})
    found = [platform.transforms.find(client, report_type, month).require_layout() for report_type in types]
    return [layout for number, layout in enumerate(found) if layout not in found[:number]]


def mask_of(outcome: Outcome, platform: Platform) -> Mask:
    """What is hidden of the cells of these files."""
    return Mask(None if platform.settings.show_personal else _personal_headers(outcome, platform))


def _personal_headers(outcome: Outcome, platform: Platform) -> frozenset[str]:
    """The source headers of personal columns, as they are compared."""
    return frozenset(
        normalize_header(text)
        for layout in _layouts(outcome, platform)
        for header, rule in layout.columns.items()
        if rule.to in PERSONAL_COLUMNS
        for text in (header, *rule.aliases)
    )


def _folders(outcome: Outcome, platform: Platform) -> list[str]:
    """Where the files lie."""
    root = str(platform.settings.inbox_root).rstrip("/")
    return [f"{root}/{folder}" for folder in sorted({file.file.path.rpartition("/")[0] for file in outcome.files})]


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
        metadata["files"] = MetadataValue.md("\n".join(map(_linked, result.paths[:LONGEST_LIST])))
    if result.problems:
        metadata["path_problems"] = text_list([f"{item.path}: {item.code} {item.message}" for item in result.problems])
    return metadata


def _linked(path: str) -> str:
    """A file of the inbox, as a link to its client-month."""
    client_month = parse_leaf(PurePosixPath(path).parent.parts).client_month
    return f"- [{_plain(path)}]({partition_page(client_month)})"


def partition_page(client_month: ClientMonth) -> str:
    """The page of a client-month in Dagster's UI, below its address."""
    key = quote(client_month.key, safe="")
    return f"/assets/{PRIMARY_DATA.to_user_string()}?view=partitions&partition={key}"


def text_list(lines: Sequence[str]) -> MetadataValue[Any]:
    """The first LONGEST_LIST lines, each as text whatever it holds."""
    return MetadataValue.md("\n".join(f"- {_plain(line)}" for line in lines[:LONGEST_LIST]))


def _sum_table(outcome: Outcome) -> MetadataValue[Any]:
    """The client-month's sums beside those before this run."""
    before, after = outcome.sums_before, outcome.sums_after
    records = [
        TableRecord(
            {
                "column": name,
                "before": str(before.get(name, Decimal(0))),
                "now": str(after.get(name, Decimal(0))),
                "difference": str(after.get(name, Decimal(0)) - before.get(name, Decimal(0))),
            }
        )
        for name in sorted({*before, *after})
    ]
    names = ("column", "before", "now", "difference")
    return MetadataValue.table(records, TableSchema([TableColumn(name) for name in names]))


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


def _preview(outcome: Outcome, timezone: ZoneInfo, mask: Mask) -> str:
    """The first rows of the last report, as a Markdown table of the columns that hold something."""
    tables = [report.first_rows for report in outcome.reports if report.loaded]
    if not tables:
        return ""
    table = tables[-1]
    names = [name for name in table.column_names if table[name].null_count < table.num_rows]
    columns = [[mask.cell(name, _shown(cell, timezone)) for cell in table[name].to_pylist()] for name in names]
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    lines += ["| " + " | ".join(map(_plain, row)) + " |" for row in zip(*columns, strict=True)]
    return "\n".join(lines)


def _shown(cell: object, timezone: ZoneInfo) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(timezone):%d.%m.%Y %H:%M}".removesuffix(" 00:00")
    return "" if cell is None else str(cell)


def _plain(text: str) -> str:
    """Text from outside, so that it can neither break a Markdown table nor be taken for markup."""
    return "".join("\\" + char if char in "\\|`*_[]<>#" else char for char in " ".join(text.split()))
