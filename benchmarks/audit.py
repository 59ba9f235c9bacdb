"""The audit of a million rows beside its floor: `python -m benchmarks.audit`.

The floor is what any comparison must do: one grouped pass over the rows with exact sums, and each result's digest.
"""

from __future__ import annotations

import hashlib
import sys
from datetime import date
from pathlib import Path

from sqlalchemy import text

from benchmarks.measure import (
    Figure,
    Step,
    Target,
    interleave,
    scratch_server,
    show_targets,
    show_times,
)
from benchmarks.memory import peak_megabytes
from pharma_assets.database.migrations import migrate
from pharma_assets.loading.audit import audit
from pharma_assets.loading.audit_ledger import ledger_differences
from pharma_assets.loading.months import ensure_month
from pharma_assets.loading.platform import Platform, open_platform
from pharma_assets.settings import Settings

ROUNDS = 7
MONTHS = 12
FILES = 1_200
ROWS_A_FILE = 834
RESULT_BYTES = 250 * ROWS_A_FILE

_REGISTER = """
    INSERT INTO ops.file_registry (file_path, uploaded_at, status, data_provider, report_year, report_month,
        client_name, report_type, content_hash, result_name)
    SELECT format('Поставщики данных/Дистрибьюторы/2025/%s/Client_01/Type1/%s.csv', n % :months + 1, n), now(),
           'CREATED', 'Дистрибьютор', 2025, n % :months + 1, 'Client_01', 'Type1', n::text, format('r_id%s_.csv', n)
    FROM generate_series(1, :files) n
"""
_ROWS = """
    INSERT INTO raw.primary_data (period, supplier_filial, naklad, client_inlaw, client_adress, client_inn,
        client_region, client_city, tms, tms_id_ish, filename_ish, filename_result, amount_type_1, sum_nds, market,
        report_provider, report_provider_name, file_id, source_sheet, source_row, partition_month)
    SELECT make_date(2025, report_month, 1 + row % 28), 'Филиал ' || row % 8, row || ' от 02.06.2025',
           'ООО «Покупатель ' || row % 500 || '»', 'г. Город, ул. Улица, д. ' || row % 300,
           (7700000000 + row % 3000)::text,
           'Область', 'Город', 'Товар таб. №' || row % 40, (row % 40)::text, file_path, result_name, row % 97 * 1.5,
           row % 1013 * 12.34, 'Коммерция', 'Дистрибьютор', 'Client_01', id, 'Лист1', row,
           make_date(2025, report_month, 1)
    FROM ops.file_registry, generate_series(1, :rows) row
    ORDER BY id, row
"""
_LOAD = """
    INSERT INTO ops.file_load (file_id, version, content_hash, transform_fingerprint, partition_month, rows_read,
        rows_loaded, rows_rejected, sums, result_name, result_hash)
    SELECT f.id, 1, f.content_hash, 'f', d.partition_month, d.rows, d.rows, 0,
           jsonb_build_object('amount_type_1', d.amount::text, 'sum_nds', d.sum_nds::text), f.result_name, :digest
    FROM ops.file_registry f JOIN (
        SELECT file_id, partition_month, count(*) AS rows, sum(amount_type_1) AS amount, sum(sum_nds) AS sum_nds
        FROM raw.primary_data GROUP BY 1, 2
    ) d ON d.file_id = f.id
"""
_PLAIN = """
    SELECT file_id, count(*), sum(amount_type_1), sum(amount_type_2), sum(amount_type_3), sum(amount_type_4),
           sum(amount_type_5), sum(sum_nds), sum(sum_no_nds)
    FROM raw.primary_data GROUP BY file_id
"""


def fill(platform: Platform) -> None:
    """A million loaded rows, each file with its result."""
    for month in range(1, MONTHS + 1):
        ensure_month(platform.engine, date(2025, month, 1))
    content = b"x" * RESULT_BYTES
    figures = {"months": MONTHS, "files": FILES, "rows": ROWS_A_FILE, "digest": hashlib.sha256(content).hexdigest()}
    with platform.engine.begin() as connection:
        for statement in (_REGISTER, _ROWS, _LOAD):
            connection.execute(text(statement), figures)
    with platform.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    platform.settings.results_folder.mkdir(parents=True)
    for number in range(1, FILES + 1):
        (platform.settings.results_folder / f"r_id{number}_.csv").write_bytes(content)


def main() -> int:
    """Run the benchmark; 1 if a target is missed."""
    with scratch_server() as (folder, server):
        settings = Settings(home=folder / "home", inbox=folder / "inbox")
        migrate(server.url())
        with open_platform(settings) as platform:
            fill(platform)

            def plain() -> None:
                with platform.engine.connect() as connection:
                    connection.execute(text(_PLAIN)).all()

            def compare() -> None:
                assert not list(ledger_differences(platform.engine, None))

            def digests(results: Path = settings.results_folder) -> None:
                for path in results.iterdir():
                    hashlib.sha256(path.read_bytes()).hexdigest()

            def both() -> None:
                plain()
                digests()

            def whole() -> None:
                found = audit(platform)
                assert not found.differences, found.counts
                assert found.rows == FILES * ROWS_A_FILE

            before = peak_megabytes()
            whole()
            grown = peak_megabytes() - before
            steps = [
                floor := Step("a plain grouped pass", plain),
                ledger := Step(
                    "auditing the ledger against rows and rejects",
                    lambda: list(ledger_differences(platform.engine, None)),
                ),
                quick := Step("audit --quick of 1,000,800 rows", lambda: audit(platform, contents=False)),
                one := Step("audit --quick --month", lambda: audit(platform, date(2025, 6, 1), contents=False)),
                least := Step("that pass, and the results' digests one by one", both),
                everything := Step("audit, with 250 MB of results", whole),
            ]
            interleave(steps, ROUNDS)
    show_times(f"{FILES * ROWS_A_FILE:,} rows, {FILES:,} files", steps)
    met = show_targets(
        [Target(ledger, floor, 1.5), Target(quick, floor, 1.7), Target(one, floor), Target(everything, least, 1.5)],
        [Figure(f"auditing {FILES * ROWS_A_FILE:,} rows: memory above that of the process", grown, "MB")],
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
