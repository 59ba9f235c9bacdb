"""Owner, loader, reader: each can do its work, and no more."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from pharma_assets.database.migrations import migrate
from pharma_assets.database.roles import renew_grants, set_up_roles
from pharma_assets.database.server import DATABASE, ROLE, EmbeddedServer
from pharma_assets.database.set_up import LOADER, READER
from pharma_assets.database.urls import connect, engine
from pharma_assets.errors import PharmaError
from pharma_assets.loading.audit import audit
from pharma_assets.loading.decisions import decide, ignore, release, retry
from pharma_assets.loading.mend import Mending, mend
from pharma_assets.loading.months import ensure_month
from pharma_assets.loading.retention import prune
from pharma_assets_tests.database.house import JUNE, House, opened_house

READABLE = (
    "raw.primary_data",
    "ops.file_registry",
    "ops.file_event",
    "ops.file_load",
    "ops.rejected_row",
    "ops.path_problem",
    "ops.old_event",
)


@pytest.fixture
def roles(server: EmbeddedServer, database: str) -> dict[str, str]:
    """The database's URL as each role. Dagster's tables stand for themselves with one."""
    with connect(database) as owner:
        owner.execute("CREATE TABLE dagster.runs (id serial PRIMARY KEY, status text)")
    set_up_roles(server.superuser_url(), database, {LOADER: "loading", READER: "reading"})
    return {name: database.replace(f"//{ROLE}", f"//{name}") for name in (ROLE, LOADER, READER)}


@pytest.fixture
def house(tmp_path: Path, roles: dict[str, str]) -> Iterator[House]:
    """A platform whose work is all done as the loader."""
    with opened_house(tmp_path, roles[LOADER]) as house:
        yield house


def refused(url: str, statement: str) -> bool:
    """Whether the statement is refused for want of a right, and for nothing else."""
    with connect(url) as connection:
        try:
            connection.execute(statement.encode())
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
            return True
        finally:
            connection.rollback()
    return False


def test_setting_up_again_changes_nothing(server: EmbeddedServer, roles: dict[str, str]) -> None:
    def rights() -> list[tuple[object, ...]]:
        with connect(roles[ROLE]) as owner:
            return owner.execute(
                "SELECT relnamespace::regnamespace::text AS schema, relname, relacl::text FROM pg_class"
                " WHERE relnamespace::regnamespace::text IN ('ops', 'raw', 'dagster') ORDER BY 1, 2"
            ).fetchall()

    before = rights()
    assert set_up_roles(server.superuser_url(), roles[ROLE], {}) == []
    assert renew_grants(roles[ROLE])
    assert rights() == before


def test_the_whole_platform_works_as_the_loader(house: House, roles: dict[str, str]) -> None:
    """Every kind of work; a right that is missing fails it."""
    assert migrate(roles[LOADER]) == []
    house.drop("хорошо.csv", JUNE + "нет;Нурофен;1\n")
    house.drop("пусто.csv", "")
    house.drop("чужой.csv", client="Client_30")
    house.drop("июль.csv", JUNE.replace(".06.", ".07."), month=7)
    house.path("не туда.csv", report_type="Type1/глубже").write_bytes(b"x")
    house.tick()
    assert house.rows() == [("июль.csv", 7), ("хорошо.csv", 7)]
    decide(house.platform, ["2"], retry, "again")
    house.tick()
    decide(house.platform, ["2"], ignore, "theirs")
    decide(house.platform, ["1"], release, "as it is")
    house.tick()
    house.drop("хорошо.csv", JUNE.replace("5", "6"))
    house.tick()
    house.change_layout("header_within: 30\n")
    house.tick()
    moved = house.path("июль.csv", month=7)
    moved.rename(house.path("июль.csv", month=8))
    house.tick()
    house.rebuild()
    house.change("DELETE FROM raw.primary_data WHERE source_row = 2")
    (house.platform.settings.results_folder / "чужой.csv").write_bytes(b"x")
    found = audit(house.platform)
    assert {"ROWS_MISSING", "RESULT_ORPHANED"} & set(found.counts)
    mend(house.platform, found, Mending(rows=True))
    house.tick()
    assert audit(house.platform).remaining == 0
    house.change(
        "INSERT INTO ops.file_event (file_id, event, at)"
        " SELECT 9, 'OLD', now() - interval '4 years' FROM generate_series(1, 2)"
    )
    pruned = prune(house.platform, datetime.now(UTC) + timedelta(days=731))
    assert (pruned.events, pruned.superseded_loads > 0) == (1, True)
    assert house.rows() == [("июль.csv", 7), ("хорошо.csv", 8)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE raw.mine (n int)",
        "CREATE TABLE ops.mine (n int)",
        "CREATE TABLE public.mine (n int)",
        "CREATE SCHEMA mine",
        "DROP TABLE ops.file_load",
        "ALTER TABLE raw.primary_data ADD COLUMN mine int",
        "ALTER TABLE raw.primary_data DISABLE TRIGGER ALL",
        "TRUNCATE raw.primary_data",
        "UPDATE raw.primary_data SET sum_nds = 0",
        "DELETE FROM ops.file_registry",
        "DELETE FROM ops.file_event",
        "UPDATE ops.file_event SET event = 'X'",
        "INSERT INTO ops._yoyo_migration (migration_id) VALUES ('x')",
        "CREATE ROLE mine",
        f"GRANT SELECT ON raw.primary_data TO {READER}; RESET ROLE; SELECT 1/0",
    ],
)
def test_the_loader_may_change_neither_schema_nor_history(roles: dict[str, str], statement: str) -> None:
    if statement.startswith("GRANT"):
        # Without the right to pass it on, this is a warning and not an error.
        with connect(roles[LOADER], autocommit=True) as loader:
            loader.execute(statement.partition(";")[0].encode())
        with connect(roles[ROLE]) as owner:
            acl = owner.execute("SELECT relacl::text FROM pg_class WHERE oid = 'raw.primary_data'::regclass").fetchone()
        assert acl is not None
        assert f"/{LOADER}" not in acl[0]
    else:
        assert refused(roles[LOADER], statement)


def test_the_loader_makes_months_and_nothing_else_with_the_owners_rights(roles: dict[str, str]) -> None:
    database = engine(roles[LOADER])
    ensure_month(database, date(2025, 6, 1))
    ensure_month(database, date(2025, 6, 1))
    database.dispose()
    with connect(roles[LOADER]) as loader:
        owners = loader.execute(
            "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'primary_data_2025_06'"
        ).fetchall()
    assert owners == [(ROLE,)]
    for wrong in ("2025-06-02", "1999-01-01", "2101-01-01", "infinity"):
        with connect(roles[LOADER]) as loader, pytest.raises(psycopg.errors.InvalidParameterValue):
            loader.execute("SELECT ops.ensure_month(%s)", [wrong])


def test_nobody_can_slip_a_function_under_the_owners(roles: dict[str, str]) -> None:
    """A function with its owner's rights looks things up where nobody else can put any."""
    with connect(roles[ROLE]) as owner:
        rows = owner.execute(
            "SELECT proname, proconfig::text, proacl::text FROM pg_proc"
            " WHERE prosecdef AND pronamespace IN ('ops'::regnamespace, 'raw'::regnamespace) ORDER BY 1"
        ).fetchall()
    assert [name for name, _, _ in rows] == ["ensure_month", "forget_events"]
    for _, configuration, acl in rows:
        assert "search_path=pg_catalog, pg_temp" in configuration
        assert re.search(r"[{,]=", acl) is None, "not for everybody"


def test_the_reader_reads_reports_registry_and_history(roles: dict[str, str]) -> None:
    with connect(roles[READER]) as reader:
        for name in READABLE:
            reader.execute(f"SELECT count(*) FROM {name}".encode())  # noqa: S608


@pytest.mark.parametrize(
    "statement",
    [
        *(f"DELETE FROM {name}" for name in READABLE if name != "ops.old_event"),  # noqa: S608
        "INSERT INTO ops.file_event (file_id, event) VALUES (1, 'X')",
        "SELECT count(*) FROM ops.alert",
        "SELECT count(*) FROM ops.alert_item",
        "SELECT count(*) FROM ops._yoyo_migration",
        "SELECT count(*) FROM dagster.runs",
        "SELECT ops.ensure_month('2025-06-01')",
        "SELECT ops.forget_events('2020-01-01')",
        "SELECT nextval('ops.scan_number')",
        "CREATE TEMP TABLE mine (n int)",
        "CREATE TABLE public.mine (n int)",
    ],
)
def test_the_reader_may_do_nothing_else(roles: dict[str, str], statement: str) -> None:
    assert refused(roles[READER], statement)
    # Whoever takes the safety catch off is refused all the same.
    assert refused(roles[READER], f"SET TRANSACTION READ WRITE; {statement}")


def test_somebody_elses_role_gets_in_by_membership_only(server: EmbeddedServer, roles: dict[str, str]) -> None:
    """`GRANT pharma_reader TO anna`, as the guide says."""
    with psycopg.connect(server.superuser_url(roles[ROLE].partition("/")[2].split("/")[-1].split("?")[0])) as admin:
        admin.execute("CREATE ROLE anna_of_the_test")
        allowed = "SELECT has_database_privilege('anna_of_the_test', current_database(), 'CONNECT')"
        selects = "SELECT has_table_privilege('anna_of_the_test', 'raw.primary_data', 'SELECT')"
        assert (admin.execute(allowed).fetchone(), admin.execute(selects).fetchone()) == ((False,), (False,))
        admin.execute(f"GRANT {READER} TO anna_of_the_test")
        assert (admin.execute(allowed).fetchone(), admin.execute(selects).fetchone()) == ((True,), (True,))
        admin.rollback()


def test_a_table_that_comes_later_is_granted_with_the_upgrade(roles: dict[str, str]) -> None:
    with connect(roles[ROLE]) as owner:
        owner.execute("CREATE TABLE ops.later (n int)")
    assert refused(roles[LOADER], "SELECT * FROM ops.later")
    assert renew_grants(roles[ROLE])
    assert not refused(roles[LOADER], "INSERT INTO ops.later VALUES (1)")
    assert not refused(roles[READER], "SELECT * FROM ops.later")


def test_who_may_not_make_roles_is_told_what_to_do(roles: dict[str, str]) -> None:
    with pytest.raises(PharmaError) as caught:
        set_up_roles(roles[ROLE], roles[ROLE], {LOADER: "hunter2"})
    assert caught.value.code == "ROLES_REFUSED"
    assert "hunter2" not in f"{caught.value}{caught.value.__cause__}"


def test_roles_are_set_up_while_somebody_else_changes_them(server: EmbeddedServer, roles: dict[str, str]) -> None:
    """Roles are the whole server's: two databases of it may be set up at the same time."""
    setting_up = threading.Thread(
        target=lambda: outcome.append(set_up_roles(server.superuser_url(), roles[ROLE], {READER: "reading"}))
    )
    outcome: list[list[str]] = []
    with connect(server.superuser_url(DATABASE)) as other:
        other.execute(f"ALTER ROLE {READER} PASSWORD 'other'".encode())
        setting_up.start()
        wait_for_a_lock(server.superuser_url())
    setting_up.join()
    assert outcome == [[]]
    with connect(roles[READER]) as reader:
        assert reader.execute("SELECT 1").fetchone() == (1,)


def wait_for_a_lock(url: str) -> None:
    """Return when a session waits to change the role that another has changed."""
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER ROLE%'"
    with connect(url, autocommit=True) as connection:
        while connection.execute(waiting).fetchone() is None:
            time.sleep(0.01)
