"""The way of a file without Dagster: dropped into the leaf folder of a client of its own, scanned, worked on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import yaml

from pharma_assets.errors import CATALOGUE, Scope
from pharma_assets.intake import scan_rules
from pharma_assets.loading.client_month import Work, work_on
from pharma_assets.loading.platform import Platform
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import SUPPLIERS_FOLDER, Provider
from pharma_assets.model.report_path import leaf_path
from pharma_assets.registry.scan import ScanResult, scan
from pharma_assets.transforms.catalog import load_transforms
from pharma_assets_tests.database.bad_inputs.report import COLUMNS, STORED, SUMS, stored

PASSWORD = "лето-2025, верно"  # noqa: S105 - of a workbook that the tests make

REMARKS = tuple(code for code, problem in CATALOGUE.items() if problem.scope is Scope.REMARK)


@dataclass(frozen=True)
class Rejected:
    """A row that was held back: where it stands, and the first thing that is wrong with it."""

    row: int
    column: str
    code: str


@dataclass(frozen=True)
class Taken:
    """What became of a file, as the database tells it.

    `message` is what a person is told of an error. `ledger` is the row of `ops.file_load` (None: not loaded), `rows`
    those of `raw.primary_data` in the order of the source, `held_back` those of `ops.rejected_row`. `remarks` are the
    codes of remarks in the file's history. `result`: the CSV for people.
    """

    status: str
    code: str | None
    message: str
    ledger: Mapping[str, Any] | None
    rows: Sequence[Mapping[str, Any]]
    held_back: Sequence[Mapping[str, Any]]
    remarks: frozenset[str] = frozenset()
    result: str = ""

    def loads(
        self, *, read: int, sums: Mapping[str, str], left_out: int = 0, rejected: Sequence[Rejected] = ()
    ) -> Sequence[Mapping[str, Any]]:
        """Hold it to have been loaded with exactly these figures; returns the rows."""
        assert (self.status, self.code) == ("CREATED", None), self.message
        assert self.ledger is not None
        figures = {name: self.ledger[name] for name in ("rows_read", "rows_left_out_total", "rows_rejected")}
        told = [Rejected(row["source_row"], row["column_header"], row["code"]) for row in self.held_back]
        assert told == list(rejected), [row["problems"] for row in self.held_back]
        assert figures == {"rows_read": read, "rows_left_out_total": left_out, "rows_rejected": len(rejected)}
        assert self.ledger["rows_loaded"] == len(self.rows) == read - left_out - len(rejected)
        assert sum(self.ledger["rows_left_out"].values()) == left_out
        assert {name: Decimal(total) for name, total in self.ledger["sums"].items()} == {
            name: Decimal(total) for name, total in sums.items()
        }
        assert self.stored_sums(sums) == {name: Decimal(total) for name, total in sums.items()}
        return self.rows

    def stored_sums(self, names: Mapping[str, str]) -> dict[str, Decimal]:
        """The sums of what stands in the table."""
        return {name: sum((row[name] for row in self.rows if row[name] is not None), Decimal(0)) for name in names}

    def fails(self, code: str, *told: str) -> str:
        """Hold it to be in ERROR with this code, to tell these texts, and to have left nothing behind."""
        assert (self.status, self.code) == ("ERROR", code), self.message
        assert self.ledger is None
        assert not self.rows
        assert not self.held_back
        assert all(text in self.message for text in told), self.message
        assert CATALOGUE[code].scope is Scope.FILE
        return self.message

    def texts(self, name: str) -> list[Any]:
        """A column of the rows in the table."""
        return [row[name] for row in self.rows]


def loads_report(taken: Taken) -> Taken:
    """Hold the file to have been loaded as the report that it is."""
    assert stored(taken.loads(read=3, sums=SUMS)) == STORED
    return taken


@dataclass
class Inbox:
    """An inbox, a connection to its database, and a client of its own for every file."""

    platform: Platform
    connection: psycopg.Connection[dict[str, Any]]
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_client(self) -> Client:
        return Client(Provider.DISTRIBUTOR, f"Client_{next(self.numbers):03d}")

    def leaf(self, client_month: ClientMonth) -> Path:
        """The leaf folder of a client-month, made if it is not there."""
        folder = self.platform.settings.inbox_root / SUPPLIERS_FOLDER / leaf_path(client_month, "Type1")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def scan(self, **rules: Any) -> ScanResult:
        settings = self.platform.settings
        return scan(self.platform.engine, self.platform.inbox, replace(scan_rules(settings), **rules), "test")

    def take_in(
        self,
        content: bytes,
        name: str = "отчёт.xlsx",
        *,
        columns: Mapping[str, object] = COLUMNS,
        year: int = 2025,
        month: int = 6,
        **layout: object,
    ) -> Taken:
        """Drop a file into a new client's folder, with a layout of these columns and keys, and work on it."""
        client_month = ClientMonth(self.new_client(), year, month)
        (self.leaf(client_month) / name).write_bytes(content)
        self.scan()
        self.work_on(client_month, columns=columns, **layout)
        return self.taken(client_month)

    def work_on(self, client_month: ClientMonth, *, columns: Mapping[str, object] = COLUMNS, **layout: object) -> None:
        """Work on a client-month under a layout of these columns and keys."""
        transforms = self.folder / "transforms" / client_month.client.name
        file = transforms / client_month.client.provider.transforms_folder / client_month.client.name / "layout.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        facts = {"supplier": "Поставщик", "report_types": ["Type1"], "columns": dict(columns), **layout}
        file.write_text(yaml.safe_dump(facts, allow_unicode=True, sort_keys=False), encoding="utf-8")
        found = load_transforms(transforms)
        assert not found.invalid, found.invalid
        work_on(
            replace(self.platform, transforms=found), client_month, "test", Work.NORMALIZE | Work.LOAD, rebuild=False
        )

    def taken(self, client_month: ClientMonth) -> Taken:
        """What became of the only file of a client-month."""
        (file,) = self.query(
            "SELECT * FROM ops.file_registry WHERE client_name = %s AND report_month = %s",
            client_month.client.name,
            client_month.month,
        )
        number = file["id"]
        ledger = self.query("SELECT * FROM ops.file_load WHERE file_id = %s AND superseded_at IS NULL", number)
        by_place = "WHERE file_id = %s ORDER BY source_sheet, source_row"
        rows = self.query(f"SELECT * FROM raw.primary_data {by_place}", number)  # noqa: S608
        held_back = self.query(f"SELECT * FROM ops.rejected_row {by_place}", number)  # noqa: S608
        events = self.query("SELECT detail FROM ops.file_event WHERE file_id = %s", number)
        history = json.dumps([event["detail"] for event in events], ensure_ascii=False)
        result = self.platform.settings.results_folder / (ledger[0]["result_name"] if ledger else "none")
        return Taken(
            status=file["status"],
            code=file["error_reason"],
            message=(file["error_detail"] or {}).get("message", ""),
            ledger=ledger[0] if ledger else None,
            rows=rows,
            held_back=held_back,
            remarks=frozenset(code for code in REMARKS if code in history),
            result=result.read_text(encoding="utf-8-sig") if result.is_file() else "",
        )

    def query(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        return self.connection.execute(statement.encode(), parameters).fetchall()
