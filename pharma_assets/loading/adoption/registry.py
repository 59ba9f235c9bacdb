"""What becomes of the files that another program has registered: ids kept, places in this inbox, statuses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from pharma_assets.errors import PharmaError
from pharma_assets.loading.adoption.places import Places, Present, slashed, tail_of
from pharma_assets.loading.adoption.source import REGISTRY, SCHEMA, columns_of, refused
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider
from pharma_assets.model.report_path import FIRST_YEAR, Leaf
from pharma_assets.model.status import Status
from pharma_assets.reading.sheet import Kind
from pharma_assets.registry.files import ADOPTED, NOWHERE
from pharma_assets.transforms.values import CellProblem
from pharma_assets.transforms.values.dates import parse_date

_REQUIRED = ("id", "file_path", "status", "uploaded_at")
_OPTIONAL = (
    "error_reason",
    "created_at",
    "data_provider",
    "report_year",
    "report_month",
    "client_name",
    "report_type",
)
_MOST_NAMED = 5
# A copy keeps whole seconds, or every second one.
_SAME_TIME_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Original:
    """A row of the other program's registry, as text."""

    id: int
    path: str
    status: Status
    uploaded_at: datetime
    reason: str | None = None
    created_at: datetime | None = None
    leaf: Leaf | None = None


@dataclass(frozen=True, slots=True)
class Adopted:
    """A row of our registry. `before`: the other program's row. `present`: the file, where it lies in the inbox.

    `note`: what the history says of it besides.
    """

    id: int
    path: str
    leaf: Leaf
    status: Status
    uploaded_at: datetime | None = None
    present: Present | None = None
    before: Original | None = None
    note: str | None = None

    @property
    def time_differs(self) -> bool:
        """Whether the file carries another time than the one that was noted: a copy, or replaced since."""
        if self.present is None or self.before is None:
            return False
        return abs(self.present.modified_ns / 1e9 - self.before.uploaded_at.timestamp()) > _SAME_TIME_SECONDS


def read_registry(connection: psycopg.Connection, timezone: ZoneInfo) -> list[Original]:
    """The other program's registry. Raises PharmaError ADOPTION_REFUSED where it is none."""
    names = [column.name for column in columns_of(connection, REGISTRY)]
    if not names:
        return []
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise refused(f"{SCHEMA}.{REGISTRY} has no column {', '.join(missing)}")
    selected = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(name)) if name in names else sql.SQL("NULL")
        for name in (*_REQUIRED, *_OPTIONAL)
    )
    query = sql.SQL("SELECT {} FROM {}").format(selected, sql.Identifier(SCHEMA, REGISTRY))
    found, wrong = [], Counter[str]()
    for row in connection.execute(query):
        try:
            found.append(_original(row, timezone))
        except ValueError as error:
            wrong[str(error)] += 1
    if wrong:
        told = "; ".join(f"{why} (×{count})" for why, count in wrong.most_common(_MOST_NAMED))
        raise refused(f"{wrong.total()} rows of {SCHEMA}.{REGISTRY} say what no registry says: {told}")
    found.sort(key=lambda original: original.id)
    if len({original.id for original in found}) < len(found):
        raise refused(f"{SCHEMA}.{REGISTRY} has an id twice")
    return found


def _original(row: Sequence[str | None], timezone: ZoneInfo) -> Original:
    number, path, status, uploaded_at, reason, created_at, provider, year, month, client, report_type = row
    if not number or not number.isdigit() or not path or not uploaded_at:
        raise ValueError(f"id {number!r}, file_path {path!r}, uploaded_at {uploaded_at!r}")
    if status not in set(Status):
        raise ValueError(f"status {status!r}")
    return Original(
        int(number),
        path,
        Status(status),
        _moment(uploaded_at, timezone),
        reason,
        _moment(created_at, timezone) if created_at else None,
        _leaf(provider, year, month, client, report_type),
    )


def _moment(text: str, timezone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = parse_date(text, Kind.TEXT)
        except CellProblem:
            found = None
        if found is None:
            raise ValueError(f"{text!r} is no time") from None
        moment = found
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone)


def _leaf(
    provider: str | None, year: str | None, month: str | None, client: str | None, type_: str | None
) -> Leaf | None:
    """What the columns say of the file's place, if they say all of it."""
    known = next((known for known in Provider if provider in (known.value, known.folder)), None)
    if known is None or not client or not type_ or not (year or "").isdigit() or not (month or "").isdigit():
        return None
    if int(year or 0) < FIRST_YEAR or not 1 <= int(month or 0) <= 12:
        return None
    return Leaf(ClientMonth(Client(known, client), int(year or 0), int(month or 0)), type_)


def settle(originals: Sequence[Original], places: Places) -> list[Adopted]:
    """What each file is here. Raises PharmaError ADOPTION_REFUSED for a file that cannot be told where it lies.

    NEW, PROCESSING and ERROR all begin anew: what another program's scripts made of them says nothing of our layouts.
    What is not in the inbox is DELETE, as after a scan.
    """
    found, wrong = [], []
    for original in originals:
        tail = tail_of(original.path)
        leaf = tail.leaf if tail else original.leaf
        if leaf is None:
            wrong.append(f"{original.path} is no report's path, and its columns do not say what it is")
            continue
        try:
            present = places.find(original.path)
        except LookupError as error:
            wrong.append(str(error))
            continue
        found.append(
            Adopted(
                original.id,
                present.path if present else places.home(original.path),
                leaf,
                _status(original.status, here=present is not None),
                original.uploaded_at,
                present,
                original,
            )
        )
    if wrong:
        raise refused(f"{len(wrong)} files: {'; '.join(wrong[:_MOST_NAMED])}")
    return list(_once(found))


def _status(before: Status, *, here: bool) -> Status:
    if not here or before is Status.DELETE:
        return Status.DELETE
    return Status.CREATED if before is Status.CREATED else Status.NEW


def _once(files: Sequence[Adopted]) -> Iterator[Adopted]:
    """A file that was registered under two paths counts once: as CREATED if it is so anywhere, else as the first."""
    counting: dict[str, Adopted] = {}
    for file in files:
        first = counting.setdefault(file.path, file)
        if file.status is Status.CREATED and first.status is not Status.CREATED:
            counting[file.path] = file
    for file in files:
        first = counting[file.path]
        if first is file:
            yield file
        else:
            name = slashed(file.path).rpartition("/")[2]
            yield replace(
                file,
                path=f"{NOWHERE}/id{file.id}/{name}",
                status=Status.DELETE,
                present=None,
                note=f"the same file as {first.id}",
            )


def write_registry(connection: psycopg.Connection, files: Sequence[Adopted], run_id: str, since: date | None) -> None:
    """Write our registry and its history. What is NEW and of a month before `since` waits as BACKLOG."""
    connection.execute(_TEMPORARY)
    backlog = PharmaError("BACKLOG", since=f"{since:%Y-%m}") if since else None
    with connection.cursor().copy("COPY adopted FROM STDIN") as copy:
        for file in files:
            copy.write_row(_row(file, since, backlog))
    connection.execute(_INSERT_FILES)
    connection.execute(_INSERT_EVENTS, {"run_id": run_id})
    connection.execute(_INSERT_FOLDERS)
    count_on(connection, "ops.file_registry")


def count_on(connection: psycopg.Connection, table: str) -> None:
    """Let new rows of a table be numbered after those that are there."""
    query = sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), greatest(1, (SELECT max(id) FROM {})))")
    connection.execute(query.format(sql.Literal(table), sql.SQL(table)))


def _row(file: Adopted, since: date | None, backlog: PharmaError | None) -> tuple[object, ...]:
    month = file.leaf.client_month
    error = None
    if file.status is Status.DELETE:
        error = PharmaError("FILE_GONE")
    elif file.status is Status.NEW and since is not None and month.first_day < since:
        error = backlog
    before = file.before
    detail = {
        "id": before.id if before else None,
        "path": before.path if before else None,
        "status": before.status if before else None,
        "reason": before.reason if before else None,
        "uploaded_at": before.uploaded_at.isoformat() if before and file.time_differs else None,
        "note": file.note,
    }
    return (
        file.id,
        file.path,
        file.uploaded_at,
        file.status.value,
        month.client.provider.value,
        month.year,
        month.month,
        month.client.name,
        file.leaf.report_type,
        before.created_at if before else None,
        error.code if error else None,
        json.dumps({"message": error.message, "advice": error.advice}, ensure_ascii=False) if error else None,
        file.present.size if file.present else 0,
        file.present.modified_ns if file.present else None,
        ADOPTED if file.status is Status.CREATED else None,
        json.dumps({name: fact for name, fact in detail.items() if fact is not None}, ensure_ascii=False),
    )


_TEMPORARY = """
    CREATE TEMP TABLE adopted (id bigint, file_path text, uploaded_at timestamptz, status text, data_provider text,
        report_year smallint, report_month smallint, client_name text, report_type text, created_at timestamptz,
        error_reason text, error_detail jsonb, file_size bigint, modified_ns bigint, fingerprint text, detail jsonb)
        ON COMMIT DROP
"""
_INSERT_FILES = """
    INSERT INTO ops.file_registry (id, file_path, uploaded_at, status, data_provider, report_year, report_month,
        client_name, report_type, created_at, error_reason, error_detail, file_size, modified_ns, transform_fingerprint)
    SELECT id, file_path, coalesce(uploaded_at, to_timestamp(modified_ns / 1e9), now()), status, data_provider,
        report_year, report_month, client_name, report_type, coalesce(created_at, now()), error_reason, error_detail,
        file_size, modified_ns, fingerprint
    FROM adopted ORDER BY id
"""
_INSERT_EVENTS = """
    INSERT INTO ops.file_event (file_id, event, status_to, reason, run_id, detail)
    SELECT id, 'ADOPTED', status, error_reason, %(run_id)s, detail FROM adopted ORDER BY id
"""
# As the third migration does it: the scan looks into the folders that it knows.
_INSERT_FOLDERS = """
    INSERT INTO ops.inbox_folder (folder)
    SELECT DISTINCT regexp_replace(file_path, '/[^/]*$', '') FROM adopted WHERE status <> 'DELETE'
    ON CONFLICT DO NOTHING
"""
