"""Making everything ready that a process of this platform needs: database, schema, Dagster's instance."""

# ruff: noqa: PLC0415 - Dagster costs a second to import, and most calls do not need it

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pharma_assets.database.migrations import migrate
from pharma_assets.database.roles import renew_grants
from pharma_assets.database.urls import DAGSTER_SCHEMA, connect, dagster_url, database_url
from pharma_assets.files import replace_atomically
from pharma_assets.settings import PROJECT, Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

URL_VARIABLE = "PHARMA_DAGSTER_DATABASE_URL"
WORKSPACE = PROJECT / "workspace.yaml"
_TEMPLATE = Path(__file__).parent / "dagster.yaml"
_LOCK_KEY = int.from_bytes(b"dagster")


def prepare(settings: Settings) -> dict[str, str]:
    """Start and upgrade the database, and make Dagster's instance.

    Returns the environment that Dagster's processes need, and sets it for this one.
    Doing it again changes nothing; any number of processes may do it at once. Raises PharmaError DATABASE_START_FAILED,
    DATABASE_UNREACHABLE or MIGRATION_FAILED.
    """
    url = database_url(settings)
    applied = migrate(url, settings.timezone)
    environment = {
        "PHARMA_HOME": str(settings.home),
        "PHARMA_INBOX": str(settings.inbox_root),
        "DAGSTER_HOME": str(settings.dagster_home),
        URL_VARIABLE: dagster_url(url),
    }
    if settings.database_url is not None:
        environment["PHARMA_DATABASE_URL"] = settings.database_url.get_secret_value()
    os.environ.update(environment)
    _write_dagster_yaml(settings.dagster_home)
    if _make_dagster_tables(url) or applied:
        renew_grants(url)
    return environment


def dagster_instance() -> DagsterInstance:
    """The instance that the UI shows; call `prepare` before."""
    from dagster import DagsterInstance

    return DagsterInstance.get()


def upgrade_dagster(url: str) -> None:
    """Bring Dagster's own tables up to the installed version; call `prepare` before."""
    with dagster_instance() as instance:
        instance.upgrade()
    renew_grants(url)


def _write_dagster_yaml(folder: Path) -> None:
    """Written once; from then on it is the user's."""
    file = folder / "dagster.yaml"
    if file.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with replace_atomically(file) as draft:
        draft.write_bytes(_TEMPLATE.read_bytes())


def _make_dagster_tables(url: str) -> bool:
    """Dagster makes its tables when first used, and two processes doing so at once get in each other's way.

    Whether they were missing.
    """
    tables = [f"{DAGSTER_SCHEMA}.{name}" for name in ("runs", "event_logs", "jobs")]
    with connect(url, autocommit=True) as connection:
        query = "SELECT bool_and(to_regclass(name) IS NOT NULL) FROM unnest(%s::text[]) AS t (name)"
        if connection.execute(query, [tables]).fetchone() == (True,):
            return False
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
        with dagster_instance():
            return True
