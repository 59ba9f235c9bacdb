"""A platform to do harm to: its folders, its database, and what stands in them."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pharma_assets.database.urls import APPLICATION
from pharma_assets_tests.faults.corpus import write_layouts
from pharma_assets_tests.faults.worker import Order

_PATIENCE_SECONDS = 15
_ID_AND_TIME = re.compile(r"_id\d+_([^|]*?)_\d{8}_\d{6}(_\d{12})?(\.\w+)")

State = dict[str, Counter[str]]


@dataclass(frozen=True)
class Site:
    """A home, an inbox, layouts and a migrated database. `admin` is the database's URL as the superuser."""

    folder: Path
    url: str
    admin: str

    @classmethod
    def made(cls, folder: Path, url: str, admin: str) -> Site:
        """Make the folders, and empty the database."""
        site = cls(folder, url, admin)
        write_layouts(site.transforms)
        site.inbox.mkdir(parents=True)
        site.reset()
        return site

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def transforms(self) -> Path:
        return self.folder / "transforms"

    @property
    def settings(self) -> dict[str, Any]:
        """What an order's settings need."""
        return {
            "home": str(self.home),
            "inbox": str(self.inbox),
            "transforms": str(self.transforms),
            "database_url": self.url,
        }

    def order(self, **fields: Any) -> Order:
        return Order(self.settings, **fields)

    def query(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(statement.encode(), parameters or None).fetchall()

    def change(self, statement: str) -> None:
        """Something that only the superuser may."""
        with psycopg.connect(self.admin, autocommit=True) as admin:
            admin.execute(statement.encode())

    def reset(self) -> None:
        """As new, but for the inbox."""
        self.wait_for_sessions()
        for folder in self.result_folders.values():
            shutil.rmtree(folder, ignore_errors=True)
        with psycopg.connect(self.admin) as admin:
            admin.execute("SET session_replication_role = replica")  # the history refuses to be cut
            tables = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'ops'").fetchall()
            names = sql.SQL(", ").join(sql.Identifier("ops", name) for (name,) in tables)
            admin.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(names))
            months = admin.execute(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'raw.primary_data'::regclass"
            ).fetchall()
            for (month,) in months:
                admin.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(*month.split("."))))
            admin.execute("SELECT setval('ops.scan_number', 1)")

    @property
    def result_folders(self) -> dict[str, Path]:
        return {name: self.home / name for name in ("Итоговые отчёты", "Данные на загрузку", "Карантин")}

    def sessions(self) -> list[int]:
        """The platform's sessions on the database."""
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
        with psycopg.connect(self.admin) as admin:
            return [pid for (pid,) in admin.execute(query, [APPLICATION])]

    def wait_for_sessions(self) -> None:
        """Wait until the server has noticed that no process is there any more; a session that stays is a defect."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while left := self.sessions():
            if time.monotonic() > deadline:
                raise AssertionError(f"sessions {left} have outlived their process")
            time.sleep(0.005)

    def retry_now(self) -> None:
        """Let the pauses of all transient errors have run out."""
        self.change("UPDATE ops.file_registry SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL")

    def forget_deaths(self) -> None:
        """Let no file be under suspicion: one that kills two processes in a row is set aside, and its copy counts."""
        self.change("UPDATE ops.file_registry SET deaths = 0 WHERE deaths > 0")

    def state(self) -> State:
        """What counts, without ids, times and attempts: equal for two sites over the same inbox."""
        with psycopg.connect(self.admin, row_factory=dict_row) as admin:
            state = {name: Counter(_line(row) for row in admin.execute(query)) for name, query in _QUERIES.items()}
        state["result files"] = Counter(self.result_files())
        return state

    def result_files(self) -> Iterator[str]:
        for name, folder in self.result_folders.items():
            for path in sorted(folder.glob("*")):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
                yield f"{name}: {_masked(path.name)} {digest}"

    def inconsistencies(self, *, at_rest: bool = True) -> list[str]:
        """What can never be right, whatever was done. `at_rest`: nobody is at work."""
        with psycopg.connect(self.admin, row_factory=dict_row) as admin:
            found = [
                f"{name}: {_line(row)}"
                for name, query in {**_NEVER, **(_NEVER_AT_REST if at_rest else {})}.items()
                for row in admin.execute(query)
            ]
            loads = admin.execute(
                "SELECT result_name, result_hash FROM ops.file_load WHERE superseded_at IS NULL"
            ).fetchall()
        results = self.result_folders["Данные на загрузку"]
        for load in loads:
            path = results / load["result_name"]
            if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != load["result_hash"]:
                found.append(f"the result file of a load is missing or differs: {path.name}")
        return found

    def litter(self) -> list[str]:
        """Result files that count for nothing: no harm, but somebody must sweep."""
        counting = {
            row["result_name"]
            for row in self.query("SELECT result_name FROM ops.file_load WHERE superseded_at IS NULL")
        }
        drafts, results, _ = self.result_folders.values()
        return sorted({path.name for path in [*drafts.glob("*"), *results.glob("*")]} - counting)


def differences(before: State, after: State, *, also_past: bool = True) -> list[str]:
    """What one state has and the other lacks; without `also_past`, of what counts now only."""
    found = []
    for name in before.keys() - ({} if also_past else {"loads", "loads told", "result files"}):
        found += [f"lost {name}: {line} ×{count}" for line, count in (before[name] - after[name]).items()]
        found += [f"too much {name}: {line} ×{count}" for line, count in (after[name] - before[name]).items()]
    return found


def _line(row: Mapping[str, Any]) -> str:
    return " | ".join(f"{name}={_masked(str(value))}" for name, value in row.items())


def _masked(text: str) -> str:
    return _ID_AND_TIME.sub(r"_id_\1_time\3", text)


@contextmanager
def inbox_away(site: Site, *, leaving_a_folder: bool) -> Iterator[None]:
    """The mount is gone: no folder at all, or the empty one that it was mounted on."""
    away = site.inbox.with_name("away")
    site.inbox.rename(away)
    if leaving_a_folder:
        site.inbox.mkdir()
    try:
        yield
    finally:
        if leaving_a_folder:
            site.inbox.rmdir()
        away.rename(site.inbox)


_QUERIES = {
    "registry": """
        SELECT file_path, status, error_reason, version, content_hash, transform_fingerprint, data_provider,
               report_year, report_month, client_name, report_type, file_size, modified_ns, released_version,
               error_detail IS NOT NULL AS detail, next_attempt_at IS NOT NULL AS again
        FROM ops.file_registry
    """,
    "ledger": """
        SELECT file_path, l.version, l.content_hash, l.transform_fingerprint, partition_month, rows_read, rows_loaded,
               rows_rejected, rows_left_out, sums, period_from, period_to, l.result_name, l.result_hash
        FROM ops.file_load l JOIN ops.file_registry f ON f.id = file_id
        WHERE superseded_at IS NULL
    """,
    "loads": """
        SELECT file_path, l.version, l.content_hash, superseded_at IS NULL AS counts
        FROM ops.file_load l JOIN ops.file_registry f ON f.id = file_id
    """,
    "rows": """
        SELECT file_path, to_jsonb(d) - '{id,file_id}'::text[] AS cells
        FROM raw.primary_data d LEFT JOIN ops.file_registry f ON f.id = file_id
    """,
    "rejected rows": """
        SELECT file_path, to_jsonb(r) - '{load_id,file_id}'::text[] AS cells
        FROM ops.rejected_row r LEFT JOIN ops.file_registry f ON f.id = file_id
    """,
    "branches and days": """
        SELECT b.file_path, b.mode, b.branch, b.day, b.rows, b.sums, b.counts, s.file_path AS superseded_by
        FROM ops.branch_day b LEFT JOIN ops.file_registry s ON s.id = b.superseded_by
    """,
    "path problems": "SELECT path, code, message FROM ops.path_problem",
    "folders": "SELECT folder, files, filtered FROM ops.inbox_folder",
    "loads told": """
        SELECT file_path, event FROM ops.file_event e JOIN ops.file_registry f ON f.id = file_id
        WHERE event IN ('REGISTERED', 'CHANGED', 'LOADED', 'SUPERSEDED', 'HELD', 'GONE', 'MOVED', 'REMOVED')
    """,
}

# Each finds what must not be.
_NEVER = {
    "rows differ from the ledger": """
        SELECT coalesce(l.file_id, d.file_id) AS file_id, rows_loaded, rows_superseded, stored
        FROM (SELECT * FROM ops.file_load WHERE superseded_at IS NULL AND rows_loaded > rows_superseded) l
        FULL JOIN (SELECT file_id, partition_month, count(*) AS stored FROM raw.primary_data GROUP BY 1, 2) d
            ON d.file_id = l.file_id AND d.partition_month = l.partition_month
        WHERE rows_loaded - rows_superseded IS DISTINCT FROM stored
    """,
    "sums differ from the ledger": """
        SELECT l.file_id FROM ops.file_load l
        JOIN raw.primary_data d ON d.file_id = l.file_id AND d.partition_month = l.partition_month
        WHERE superseded_at IS NULL
        GROUP BY l.id
        HAVING coalesce(sum(amount_type_1), 0) <> coalesce((l.sums ->> 'amount_type_1')::numeric, 0)
                                                  - coalesce((l.sums_superseded ->> 'amount_type_1')::numeric, 0)
            OR coalesce(sum(sum_nds), 0) <> coalesce((l.sums ->> 'sum_nds')::numeric, 0)
                                            - coalesce((l.sums_superseded ->> 'sum_nds')::numeric, 0)
    """,
    "rejected rows differ from the ledger": """
        SELECT l.id AS load_id, rows_rejected FROM ops.file_load l LEFT JOIN ops.rejected_row r ON r.load_id = l.id
        GROUP BY l.id
        HAVING count(r.load_id) <> CASE WHEN superseded_at IS NULL THEN rows_rejected ELSE 0 END
    """,
    "a history that does not hang together": """
        SELECT * FROM (
            SELECT file_id, id AS event_id, event, status_from,
                   (SELECT before.status_to FROM ops.file_event before
                    WHERE before.file_id = e.file_id AND before.id < e.id AND before.status_to IS NOT NULL
                    ORDER BY before.id DESC LIMIT 1) AS status_before
            FROM ops.file_event e
        ) chain
        WHERE status_from IS DISTINCT FROM status_before
    """,
    "a status that the history does not tell of": """
        SELECT f.id, f.file_path, f.status, f.error_reason, e.status_to, e.reason
        FROM ops.file_registry f LEFT JOIN LATERAL (
            SELECT * FROM ops.file_event WHERE file_id = f.id AND status_to IS NOT NULL ORDER BY id DESC LIMIT 1
        ) e ON true
        WHERE f.status IS DISTINCT FROM e.status_to
           OR f.error_reason IS DISTINCT FROM e.reason AND e.event NOT IN ('MOVED', 'REMOVED')
    """,
    "loads told differ from the ledger": """
        SELECT f.id, told, made FROM ops.file_registry f
        CROSS JOIN LATERAL (SELECT count(*) AS told FROM ops.file_event WHERE file_id = f.id AND event = 'LOADED') e
        CROSS JOIN LATERAL (
            SELECT count(*) AS made FROM ops.file_load
            WHERE file_id = f.id AND superseded_at IS DISTINCT FROM loaded_at -- else it never counted
        ) l
        WHERE told <> made
    """,
}
_NEVER_AT_REST = {
    "a claim of nobody": """
        SELECT id, file_path, status, claimed_by FROM ops.file_registry
        WHERE claimed_by IS NOT NULL AND status NOT IN ('ERROR', 'DELETE')
           OR status = 'PROCESSING' AND error_reason IS NULL
    """,
    "a lock of nobody": """
        SELECT pid, classid, objid FROM pg_locks
        WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """,
}
