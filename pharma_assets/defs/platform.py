"""The platform as a Dagster resource, and the guard against a Dagster instance that is not ours."""

# ruff: noqa: PLC0415 - definitions load fast, and import what they need when it is needed

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagster import ConfigurableResource, DagsterInstance, InitResourceContext

from pharma_assets.defs.runs import own_process_tags
from pharma_assets.errors import PharmaError
from pharma_assets.settings import load_settings

if TYPE_CHECKING:
    from pharma_assets.loading.platform import Platform

_MINUTE = 60
_HOUR = 60 * _MINUTE


class PlatformResource(ConfigurableResource[Any]):
    """Opens the platform with the settings of the moment, so that a changed layout is taken up without a restart."""

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator["PlatformResource"]:
        """For as long as a run is being worked on, it can be seen from any machine that its process lives."""
        from pharma_assets.defs.liveness import alive

        if context.run is None or context.instance is None:
            yield self
            return
        with alive(context.instance, context.run.run_id):
            yield self

    @contextmanager
    def open(self, instance: DagsterInstance) -> "Iterator[Platform]":
        """The platform, for one sensor evaluation or one step.

        Raises PharmaError ENVIRONMENT_MISSING when `instance` does not keep its runs in PostgreSQL: Dagster would use
        SQLite without a word, and its runs would know nothing of those that the sensor started.
        """
        from pharma_assets.loading.platform import open_platform

        require_platform_instance(instance)
        with open_platform(load_settings()) as platform:
            yield platform

    @contextmanager
    def open_for_run(self, instance: DagsterInstance, run_id: str) -> "Iterator[Platform]":
        """The platform, for a step that works on client-months; its run is marked as this process's.

        Raises what `open` raises.
        """
        _keep_connections(instance)
        with self.open(instance) as platform:
            instance.add_run_tags(run_id, own_process_tags())
            yield platform


def _keep_connections(instance: DagsterInstance) -> None:
    """Dagster's storages open a connection for each statement, which takes ten times as long as the statement.

    Meant for the webserver, and as good for a process that writes a hundred events a second.
    """
    instance.optimize_for_webserver(statement_timeout=_HOUR * 1000, pool_recycle=_MINUTE, max_overflow=20)


def require_platform_instance(instance: DagsterInstance) -> None:
    """Raise PharmaError ENVIRONMENT_MISSING unless the instance stores its runs in PostgreSQL."""
    from dagster_postgres import PostgresRunStorage

    storage = instance.run_storage
    if not isinstance(storage, PostgresRunStorage):
        raise PharmaError("ENVIRONMENT_MISSING", why=f"it keeps its runs in {type(storage).__name__}")
