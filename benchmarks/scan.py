"""A full inbox, beside a plain walk: `python -m benchmarks.scan [FILES]`.

17,362 folders (14,400 leaves) with 43,200 small files, or as many as are asked for. Floor A walks them and stats every
file; floor B does that and copies the rows into the registry. An idle scan has its slice of the sweep. An idle tick is
all that a tick does when nothing is new: the scan, and the question what is due, of a registry in which every file is
loaded.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psycopg

from benchmarks.measure import Figure, Step, Target, interleave, scratch_server, show_targets, show_times
from pharma_assets.database.migrations import migrate
from pharma_assets.database.server import DATABASE
from pharma_assets.inbox.tree import make_tree
from pharma_assets.intake import scan_rules, take_in
from pharma_assets.loading.platform import Platform, open_platform
from pharma_assets.model.provider import Provider
from pharma_assets.registry.scan import scan
from pharma_assets.settings import Settings, TreeSettings

FILES = 43_200
ROUNDS = 9
ROUNDS_OF_MANY = 5
MANY = 200_000
MOST_MEMORY_MB = 400
SETTLE_SECONDS = 4.0
COLUMNS = (
    "file_path, uploaded_at, status, data_provider, report_year, report_month, client_name, report_type, file_size,"
    " modified_ns"
)


LAYOUT = """\
supplier: {client}
report_types: [Type1, Type2, Type3, Type4, Type5]
columns:
  дата: period
  товар: tms
"""


def fill(root: Path, files: int = FILES) -> int:
    """The tree of CONTRACT §1 with about so many files that have settled; returns how many."""
    folders = make_tree(root, TreeSettings(), root.parent / "folders_list.txt", create=True).folders
    in_each = max(1, files // len(folders))
    for number, folder in enumerate(folders):
        for place in range(in_each):
            path = root / folder / f"Отчёт {number:05d}-{place}.xlsx"
            path.write_bytes(b"x" * (100 + place) if files < MANY else b"")
    os.sync()  # what was just written would be flushed in the middle of some round
    time.sleep(SETTLE_SECONDS)
    return len(folders) * in_each


def write_layouts(folder: Path) -> Path:
    """A layout for each client of the tree, for all of its report types."""
    for provider in Provider:
        for client in TreeSettings().clients:
            layout = folder / provider.transforms_folder / client / "layout.yaml"
            layout.parent.mkdir(parents=True)
            layout.write_text(LAYOUT.format(client=client), encoding="utf-8")
    return folder


def load_everything(url: str, platform: Platform) -> None:
    """As if every registered file had been taken in by the transform that its client has."""
    fingerprints = {
        (version.client.provider.value, version.client.name, version.report_type, version.fingerprint)
        for version in platform.transforms.versions
    }
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE ops.file_registry SET status = 'CREATED', content_hash = md5(file_path)")
        connection.execute(
            "CREATE TEMP TABLE transform (data_provider text, client_name text, report_type text, fingerprint text)"
        )
        connection.cursor().executemany("INSERT INTO transform VALUES (%s, %s, %s, %s)", sorted(fingerprints))
        connection.execute(
            "INSERT INTO ops.file_load (file_id, version, content_hash, transform_fingerprint, partition_month,"
            " rows_read, rows_loaded, rows_rejected)"
            " SELECT id, 1, content_hash, fingerprint, make_date(report_year, report_month, 1), 1, 1, 0"
            " FROM ops.file_registry JOIN transform USING (data_provider, client_name, report_type)"
        )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE ops.file_registry")
        connection.execute("VACUUM ANALYZE ops.file_load")


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


def scan_in_a_process(url: str, root: Path, count: int) -> float:
    """A first scan in a process of its own; returns that process's peak memory in MB."""
    code = (
        "import sys; from pathlib import Path; from datetime import date\n"
        "from benchmarks.memory import peak_megabytes\n"
        "from pharma_assets.database.urls import engine\n"
        "from pharma_assets.inbox.source import LocalInbox\n"
        "from pharma_assets.registry.scan import ScanRules, scan\n"
        f"rules = ScanRules((), {SETTLE_SECONDS}, date(2023, 1, 1), budget_seconds=3600)\n"
        "result = scan(engine(sys.argv[1]), LocalInbox(Path(sys.argv[2])), rules, 'benchmark')\n"
        "print(result.added, peak_megabytes())"
    )
    command = [sys.executable, "-c", code, url, str(root)]
    added, memory = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(added) == count
    return float(memory)


def main() -> int:
    """Run the benchmark; 1 if a target is missed."""
    with scratch_server() as (folder, server):
        url = server.url()
        migrate(url)
        root = folder / "inbox"
        count = fill(root, int(sys.argv[1]) if len(sys.argv) > 1 else FILES)
        many = count >= MANY
        settings = Settings(
            home=folder / "home",
            inbox=root,
            database_url=url,
            transforms=write_layouts(folder / "transforms"),
            settle_seconds=SETTLE_SECONDS,
            scan_budget_seconds=50,
        )
        rules = replace(scan_rules(settings), budget_seconds=3600)
        rows = rendered_rows(root)

        def empty_registry() -> None:
            with psycopg.connect(server.superuser_url(DATABASE), autocommit=True) as admin:
                admin.execute("SET session_replication_role = replica")  # the history refuses to be cut
                admin.execute("TRUNCATE ops.file_registry, ops.file_load, ops.rejected_row, ops.file_event CASCADE")
                admin.execute("TRUNCATE ops.inbox_folder")
                admin.execute("CHECKPOINT")

        def walk_and_copy() -> None:
            plain_walk(str(root))
            copy_rows(url, rows)

        with open_platform(settings) as platform:

            def scan_expecting(added: int) -> None:
                result = scan(platform.engine, platform.inbox, rules, "benchmark")
                assert (result.seen, result.added, result.complete) == (count, added, True), result

            def tick() -> None:
                intake = take_in(platform, "benchmark")
                assert (intake.scan.seen, intake.requests, len(intake.clients)) == (count, (), 80), intake

            memory = scan_in_a_process(url, root, count)
            load_everything(url, platform)
            walk = Step("plain walk", lambda: plain_walk(str(root)))
            walk_bytes = Step("plain walk with names as bytes", lambda: plain_walk(os.fsencode(root)))
            idle = Step(f"idle scan of {count:,} files", lambda: scan_expecting(0))
            idle_tick = Step("idle tick: that scan, and what is due", tick)
            interleave([walk, walk_bytes, idle, idle_tick], ROUNDS_OF_MANY if many else ROUNDS)
            copy = Step("plain walk + COPY", walk_and_copy, empty_registry)
            first = Step(f"first registration of {count:,} files", lambda: scan_expecting(count), empty_registry)
            interleave([copy, first], 1 if many else ROUNDS)
    show_times(f"inbox of {count} files", [walk, walk_bytes, idle, idle_tick, copy, first])
    targets = [
        Target(first, copy, math.inf if many else 2.0),
        Target(idle, walk, 0.3 if many else 0.4),
        Target(idle, walk_bytes),
        Target(idle_tick, walk),
    ]
    peak = Figure(f"first scan of {count:,} files: peak memory", memory, "MB", MOST_MEMORY_MB)
    return 0 if show_targets(targets, [peak]) else 1


if __name__ == "__main__":
    sys.exit(main())
