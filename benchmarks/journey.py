"""One report's journey in process, beside its floor: `python -m benchmarks.journey [FILE]`.

The report is a generated twin of Агроресурсы' (30,000 rows × 13 columns, numbers as text), or FILE. The floor is what
no loader can do without: calamine reads the file, and ready-made rows are copied into the same table and committed.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from python_calamine import load_workbook
from sqlalchemy import text

from benchmarks.measure import (
    Figure,
    Step,
    Target,
    empty_tables,
    interleave,
    scratch_server,
    show_targets,
    show_times,
)
from benchmarks.memory import peak_megabytes
from pharma_assets.database.connect import psycopg_connection
from pharma_assets.database.migrations import migrate
from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.intake import scan_rules
from pharma_assets.loading import ingest
from pharma_assets.loading.platform import Platform, open_platform
from pharma_assets.loading.primary_data import copy_blocks
from pharma_assets.loading.report import NormalizedFile
from pharma_assets.loading.result_file import publish, render, write_draft
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import SUPPLIERS_FOLDER, Provider
from pharma_assets.model.report_path import leaf_path
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints
from pharma_assets.registry import journal
from pharma_assets.registry.files import RegisteredFile, present_files
from pharma_assets.registry.scan import scan
from pharma_assets.settings import Settings
from pharma_assets.transforms.normalize import normalize

ROUNDS = 11
MONTH = ClientMonth(Client(Provider.DISTRIBUTOR, "Client_01"), 2025, 6)
RUN = "benchmark"


def registered(platform: Platform, content: bytes) -> RegisteredFile:
    """The report in its leaf folder and in the registry."""
    settings = platform.settings
    folder = settings.inbox_root / SUPPLIERS_FOLDER / leaf_path(MONTH, "Type1")
    folder.mkdir(parents=True)
    (folder / "report.xlsx").write_bytes(content)
    scan(platform.engine, platform.inbox, scan_rules(settings), RUN)
    with platform.engine.begin() as connection:
        (file,) = present_files(connection, MONTH)
        journal.claim(connection, [file.id], RUN)
    return file


def ready_rows(platform: Platform) -> tuple[str, bytes]:
    """The COPY statement and bytes that give the rows which stand in the table now."""
    with platform.engine.connect() as connection:
        columns = connection.scalars(
            text(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'raw.primary_data'::regclass AND attnum > 0"
                " AND attname <> 'id' ORDER BY attnum"
            )
        ).all()
        row = connection.execute(text("SELECT * FROM raw.primary_data LIMIT 1")).mappings().one()
        filled = ", ".join(column for column in columns if row[column] is not None)
        with psycopg_connection(connection).cursor() as cursor:
            query = f"COPY (SELECT {filled} FROM raw.primary_data ORDER BY id) TO STDOUT"  # noqa: S608
            with cursor.copy(query) as copy:
                rows = b"".join(bytes(block) for block in copy)
    return f"COPY raw.primary_data ({filled}) FROM STDIN", rows


def copy_ready(platform: Platform, statement: str, rows: bytes) -> None:
    with (
        platform.engine.begin() as connection,
        psycopg_connection(connection).cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        copy.write(rows)


def load(platform: Platform, file: NormalizedFile) -> None:
    with platform.engine.begin() as connection:
        ingest.load_file(platform, connection, file, RUN)


def journey(platform: Platform, file: RegisteredFile) -> NormalizedFile:
    """Read, normalize, load, commit: everything but the result file for people."""
    normalized = ingest.read_report(platform, file)
    load(platform, normalized)
    return normalized


def write_result(platform: Platform, file: NormalizedFile) -> None:
    settings = platform.settings
    content = render(file.report.table, {"filename_ish": file.file.path}, platform.timezone)
    publish(write_draft(settings.drafts_folder, "result.csv", content), settings.results_folder, datetime.now(UTC))


def main() -> int:
    """Run the benchmark; 1 if the target is missed."""
    given = Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else None
    content = given or client_01_xlsx(30_000, date(2025, 6, 1)).content
    with scratch_server() as (folder, server):
        settings = Settings(home=folder / "home", inbox=folder / "inbox", settle_seconds=0)
        migrate(server.url())
        with open_platform(settings) as platform:
            file = registered(platform, content)
            before = peak_megabytes()
            normalized = journey(platform, file)
            memory = [
                Figure("peak memory of the process", peak_megabytes(), "MB"),
                Figure("of which before the first journey", before, "MB"),
            ]
            statement, rows = ready_rows(platform)

            def calamine() -> None:
                load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()

            def floor() -> None:
                calamine()
                copy_ready(platform, statement, rows)

            step = partial(Step, prepare=partial(empty_tables, server))
            least = step("calamine + COPY + commit", floor)
            whole = step("the journey of 30,000 rows × 13 columns", lambda: journey(platform, file))
            layout = platform.transforms.find(MONTH.client, "Type1", MONTH.first_day).require_layout()
            hints = Hints(headers=layout.known_headers)
            document = read_document(content, hints)
            table = normalized.report.table
            reading = Step("reading in this process", lambda: read_document(content, hints))
            guarded = Step("reading in the guarded process", lambda: platform.reader.read(content, hints))
            parts = [
                Step("calamine alone", calamine),
                reading,
                guarded,
                Step("normalizing", lambda: normalize(document, layout, platform.timezone)),
                Step("rendering for COPY", lambda: list(copy_blocks(table, {}))),
                step("COPY of ready rows, commit", lambda: copy_ready(platform, statement, rows)),
                step("loading: render, COPY, ledger, commit", lambda: load(platform, normalized)),
                Step("beside it: the result file, synced and read back", lambda: write_result(platform, normalized)),
            ]
            interleave([least, whole, *parts], ROUNDS)
            loaded = normalized.report.loaded
    show_times(f"journey of {loaded:,} rows, {ROUNDS} rounds", [least, whole, *parts])
    shares = [Target(part, least) for part in parts]
    met = show_targets([Target(whole, least, 1.25), Target(guarded, reading, 1.1), *shares], memory)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
