"""The registry and the rows of the original workflow become ours, in one transaction, with the proof."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from pharma_assets.database.migrations import one_transaction
from pharma_assets.database.urls import database_url
from pharma_assets.inbox.source import Inbox, open_inbox
from pharma_assets.loading.adoption.cells import Table, read_as_ours
from pharma_assets.loading.adoption.matching import How, Matcher
from pharma_assets.loading.adoption.places import Places, Present
from pharma_assets.loading.adoption.proof import Figure, prove_registry, prove_rows, require_agreement
from pharma_assets.loading.adoption.registry import Adopted, read_registry, settle, write_registry
from pharma_assets.loading.adoption.rows import copy_rows, make_months, match, write_ledger
from pharma_assets.loading.adoption.source import REGISTRY, ROWS, SCHEMA, Source, columns_of, refused
from pharma_assets.registry.departures import MOST_GONE, MOST_GONE_SHARE
from pharma_assets.settings import Settings

_MOST_NAMED = 3


@dataclass(frozen=True)
class Adoption:
    """What the move came to.

    `before`, `after`: files by status. `missing`: files that are not in the inbox. `other_time`: files that carry
    another time than the one that was noted. `unregistered`: files of the inbox that the other registry lacks: the next
    scan finds them. `outside`: files of months that the settings' years do not reach. `how`: rows by how their file was
    found. `aside`: cells that stand in `extra` because they do not fit their column. `hanging`: what else in the
    database goes on pointing to the tables that were set aside.
    """

    before: Mapping[str, int]
    after: Mapping[str, int]
    missing: int
    other_time: int
    unregistered: int
    outside: int
    how: Mapping[str, int]
    aside: Mapping[str, int]
    figures: tuple[Figure, ...]
    hanging: tuple[str, ...]


def adopt(
    settings: Settings, source: Source, who: str, *, accept_gone: bool = False, dry_run: bool = False
) -> Adoption:
    """Take over another program's registry and rows. With `dry_run` all of it is done and then taken back.

    Raises PharmaError ADOPTION_REFUSED, ADOPTION_DIFFERS, INBOX_MISSING, MIGRATION_FAILED or DATABASE_UNREACHABLE; in
    any case nothing is changed then. `accept_gone`: however many of the files are not in the inbox, it is right.
    """
    with closing(open_inbox(settings)) as inbox:
        places = Places(present_files(inbox))
    url = database_url(settings)
    with one_transaction(url, settings.timezone) as transaction:
        connection = transaction.connection
        try:
            hanging = source.bring(connection, settings.timezone)
            transaction.migrate()
            found = _take_over(connection, settings, places, f"person:{who}", hanging, accept_gone=accept_gone)
            _give_rights(connection)
        except psycopg.Error as error:
            raise refused(str(error).strip()) from error
        transaction.keep = not dry_run
    return found


def present_files(inbox: Inbox) -> list[Present]:
    """Every file of the inbox. Raises PharmaError INBOX_MISSING, and ADOPTION_REFUSED where a folder cannot be read:
    what is in it would count as gone."""
    inbox.check()
    found, pending = [], [""]
    while pending:
        folder = pending.pop()
        try:
            entries = inbox.entries(folder)
        except FileNotFoundError:
            continue  # removed since its parent was listed
        except OSError as error:
            raise refused(f"the folder {folder or '/'} of the inbox cannot be read: {error.strerror}") from error
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_folder:
                pending.append(path)
            elif entry.is_regular:
                found.append(Present(path, entry.size, entry.modified_ns))
    return found


def _take_over(
    connection: psycopg.Connection,
    settings: Settings,
    places: Places,
    run_id: str,
    hanging: list[str],
    *,
    accept_gone: bool,
) -> Adoption:
    _require_empty(connection)
    registry = settle(read_registry(connection, settings.zone), places)
    missing = [file for file in registry if file.present is None and file.before and file.before.status != "DELETE"]
    if not accept_gone:
        _refuse_disaster(registry, missing)
    columns = columns_of(connection, ROWS)
    first_month = date(settings.first_year, 1, 1)
    matcher = Matcher(registry, places, first_month)
    how: Counter[How] = Counter()
    table: Table | None = None
    if columns:
        table = read_as_ours(connection, columns, settings.zone)
        how, _ = match(connection, table, matcher, settings.zone)
    files = [*registry, *matcher.added]
    write_registry(connection, files, run_id, settings.since)
    figures = prove_registry(connection) if columns_of(connection, REGISTRY) else []
    if table is not None:
        make_months(connection)
        copy_rows(connection, table, settings.zone)
    write_ledger(connection, run_id)
    if table is not None:
        figures += prove_rows(connection, table, settings.zone)
    require_agreement(figures)
    found = Adoption(
        before=Counter(file.before.status.value for file in files if file.before),
        after=Counter(file.status.value for file in files),
        missing=len(missing),
        other_time=sum(file.time_differs for file in files),
        unregistered=places.count - sum(file.present is not None for file in files),
        outside=sum(file.leaf.client_month.first_day < first_month for file in files),
        how={way.value: count for way, count in how.items()},
        aside={figure.name: int(figure.aside) for figure in figures if figure.name.endswith("cells") and figure.aside},
        figures=tuple(figures),
        hanging=tuple(hanging),
    )
    _tell(connection, found, run_id)
    return found


def _require_empty(connection: psycopg.Connection) -> None:
    connection.execute("LOCK TABLE ops.file_registry IN ACCESS EXCLUSIVE MODE")
    for table in ("ops.file_registry", "raw.primary_data"):
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.SQL(table))
        if connection.execute(query).fetchone() == (True,):
            raise refused(f"{table} of the platform is not empty; a move is made into an empty platform")


def _refuse_disaster(registry: list[Adopted], missing: list[Adopted]) -> None:
    """As the scan does it: where so many files are not there, it is rather the inbox that is not."""
    present = sum(file.present is not None for file in registry)
    if missing and (not present or (len(missing) > MOST_GONE and len(missing) > MOST_GONE_SHARE * len(registry))):
        named = ", ".join(file.before.path for file in missing[:_MOST_NAMED] if file.before)
        raise refused(
            f"{len(missing)} of {len(registry)} files are not in the inbox, {named} among them; if that is right, add"
            " --accept-gone"
        )


def _give_rights(connection: psycopg.Connection) -> None:
    """Who could read or write the tables that were set aside can do so with ours."""
    for (statement,) in connection.execute(_RIGHTS, {"schema": SCHEMA}).fetchall():
        connection.execute(statement)


_RIGHTS = """
    SELECT format('GRANT %%s ON %%s TO %%s', a.privilege_type,
                  CASE c.relname WHEN 'file_registry' THEN 'ops.file_registry' ELSE 'raw.primary_data' END,
                  CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relname IN ('file_registry', 'primary_data')
      AND a.grantee <> c.relowner AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
"""


def _tell(connection: psycopg.Connection, found: Adoption, run_id: str) -> None:
    """Keep the figures in the history, for good."""
    detail = {
        "before": dict(found.before),
        "after": dict(found.after),
        "how": dict(found.how),
        "figures": {
            figure.name: [str(figure.before), str(figure.after), str(figure.aside)] for figure in found.figures
        },
    }
    connection.execute(
        "INSERT INTO ops.file_event (file_id, event, run_id, detail) VALUES (0, 'MOVED_IN', %s, %s)",
        [run_id, json.dumps(detail, ensure_ascii=False)],
    )
