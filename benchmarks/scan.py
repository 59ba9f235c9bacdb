"""The scan of a full inbox, beside a plain walk: `python -m benchmarks.scan`.

17,362 folders (14,400 leaves) with 43,200 small files. Floor A walks them and stats every file; floor B does that and
copies the rows into the registry.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import date
from pathlib import Path

import psycopg

from benchmarks.measure import Step, Target, interleave, scratch_server, show_targets, show_times
from pharma_assets.database.migrations import migrate
from pharma_assets.database.server import DATABASE
from pharma_assets.database.urls import engine
from pharma_assets.inbox.source import LocalInbox
from pharma_assets.inbox.tree import make_tree
from pharma_assets.registry.scan import ScanRules, scan
from pharma_assets.settings import TreeSettings

ROUNDS = 9
FILES_PER_LEAF = 3
SETTLE_SECONDS = 4.0
COLUMNS = (
    "file_path, uploaded_at, status, data_provider, report_year, report_month, client_name, report_type, file_size,"
    " modified_ns"
)


def fill(root: Path) -> int:
    """The tree of CONTRACT §1 with small files that have settled; returns how many files."""
    folders = make_tree(root, TreeSettings(), root.parent / "folders_list.txt", create=True).folders
    for number, folder in enumerate(folders):
        for place in range(FILES_PER_LEAF):
            path = root / folder / f"Отчёт {number:05d}-{place}.xlsx"
            path.write_bytes(b"x" * (100 + place))
    os.sync()  # what was just written would be flushed in the middle of some round
    time.sleep(SETTLE_SECONDS)
    return len(folders) * FILES_PER_LEAF


def plain_walk(root: str | bytes) -> int:
    """Floor A: the least that looks at every file. Returns how many there are."""
    files = 0
    pending = [root]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    files += 1
    return files


def rendered_rows(root: Path) -> bytes:
    """The registry's rows for the tree, ready for COPY."""
    lines = []
    for path in root.glob("*/*/*/*/*/*/*"):
        _, folder, year, month, client, report_type, _ = path.relative_to(root).parts
        status = path.stat()
        provider = {"Сети": "Сеть", "Дистрибьюторы": "Дистрибьютор"}[folder]
        moment = time.strftime("%Y-%m-%d %H:%M:%S+00", time.gmtime(status.st_mtime))
        fields = (path.relative_to(root), moment, "NEW", provider, year, month, client, report_type)
        lines.append("\t".join(map(str, (*fields, status.st_size, status.st_mtime_ns))))
    return "\n".join([*lines, ""]).encode()


def copy_rows(url: str, rows: bytes) -> None:
    """One COPY and one commit."""
    with (
        psycopg.connect(url) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ops.file_registry ({COLUMNS}) FROM STDIN") as copy,
    ):
        copy.write(rows)


def main() -> int:
    """Run the benchmark; 1 if a target is missed."""
    with scratch_server() as (folder, server):
        url = server.url()
        migrate(url)
        root = folder / "inbox"
        count = fill(root)
        rows = rendered_rows(root)
        database = engine(url)
        rules = ScanRules((".csv", ".xlsx", ".xls"), SETTLE_SECONDS, date(2023, 1, 1), budget_seconds=60)

        def empty_registry() -> None:
            with psycopg.connect(server.superuser_url(DATABASE), autocommit=True) as admin:
                admin.execute("SET session_replication_role = replica")  # the history refuses to be cut
                admin.execute("TRUNCATE ops.file_registry, ops.file_load, ops.rejected_row, ops.file_event")
                admin.execute("TRUNCATE ops.inbox_folder")
                admin.execute("CHECKPOINT")

        def settle_registry() -> None:
            with psycopg.connect(url) as connection:
                connection.execute("UPDATE ops.file_registry SET status = 'CREATED' WHERE status = 'NEW'")

        def scan_expecting(added: int) -> None:
            result = scan(database, LocalInbox(root), rules, "benchmark")
            assert (result.seen, result.added, result.complete) == (count, added, True), result

        def walk_and_copy() -> None:
            plain_walk(str(root))
            copy_rows(url, rows)

        walk = Step("A: plain walk", lambda: plain_walk(str(root)))
        walk_bytes = Step("A with names as bytes", lambda: plain_walk(os.fsencode(root)))
        copy = Step("B: plain walk + COPY", walk_and_copy, empty_registry)
        first = Step("first registration", lambda: scan_expecting(count), empty_registry)
        idle = Step("idle scan", lambda: scan_expecting(0), settle_registry)
        steps = [walk, walk_bytes, copy, first, idle]
        interleave(steps, ROUNDS)
        database.dispose()
    show_times(f"scan of {count} files, {ROUNDS} rounds", steps)
    met = show_targets([Target(first, copy, 2.0), Target(idle, walk, 0.4), Target(idle, walk_bytes)])
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
