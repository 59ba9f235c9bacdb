"""One tick in the foreground: the sensor's evaluation and the runs it asks for, in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dagster import DagsterInstance, RunRequest, SensorResult, build_sensor_context

from pharma_assets.definitions import defs
from pharma_assets.defs.evaluation import FILES_TAG, evaluate_inbox
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import JOB_NAME, SENSOR_NAME, SENSOR_TAG, client_months_of, own_process_tags
from pharma_assets.instance import dagster_instance


@dataclass(frozen=True)
class TickRun:
    """A run that the tick made. `broken`: it failed for another reason than its files.

    `partition`: its client-month; None if it has several, which are in `client_months`.
    """

    run_id: str
    partition: str | None
    client_months: tuple[str, ...]
    success: bool
    broken: bool
    message: str
    files: int


@dataclass(frozen=True)
class TickResult:
    """What a tick came to."""

    runs: tuple[TickRun, ...]
    skipped: str | None

    @property
    def broken(self) -> bool:
        """Whether the platform itself could not work."""
        return any(run.broken for run in self.runs)

    def document(self) -> dict[str, object]:
        """The result as JSON has it."""
        return {"runs": [vars(run) for run in self.runs], "skipped": self.skipped}

    def summary(self) -> str:
        if not self.runs:
            return f"No run: {self.skipped}"
        failed = sum(not run.success for run in self.runs)
        return (
            f"{len(self.runs)} runs, {failed} of them with files that need somebody."
            if failed
            else f"{len(self.runs)} runs."
        )


def run_tick(tell: Callable[[str], None]) -> TickResult:
    """Evaluate the sensor and run what it asks for, one run after the other. `tell` gets a line for each."""
    with dagster_instance() as instance:
        result = _evaluate(instance)
        requests = list(result.run_requests or [])
        runs = []
        for number, request in enumerate(requests, start=1):
            run = _run(instance, request)
            runs.append(run)
            state = "done" if run.success else f"failed: {run.message}"
            of = run.partition or f"{len(run.client_months)} client-months"
            tell(f"[{number}/{len(requests)}] {of}: {state}")
        skipped = result.skip_reason.skip_message if result.skip_reason is not None and not runs else None
        return TickResult(tuple(runs), skipped)


def _evaluate(instance: DagsterInstance) -> SensorResult:
    """What the daemon does with an evaluation, but for the runs."""
    result = evaluate_inbox(build_sensor_context(instance=instance, sensor_name=SENSOR_NAME), PlatformResource())
    for request in result.dynamic_partitions_requests or []:
        instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
    for event in result.asset_events:
        instance.report_runless_asset_event(event)
    return result


def _run(instance: DagsterInstance, request: RunRequest) -> TickRun:
    outcome = defs.resolve_job_def(request.job_name or JOB_NAME).execute_in_process(
        instance=instance,
        partition_key=request.partition_key,
        run_config={**request.run_config, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags={**request.tags, SENSOR_TAG: SENSOR_NAME, **own_process_tags()},
        raise_on_error=False,
    )
    failures = [event.step_failure_data for event in outcome.all_events if event.is_step_failure]
    # The step raises Dagster's Failure for files that failed, and lets everything else through as it is.
    told = [failure.user_failure_data for failure in failures if failure.user_failure_data is not None]
    by_files = bool(failures) and len(told) == len(failures)
    message = ""
    if by_files:
        message = told[0].description or ""
    elif failures and failures[0].error is not None:
        message = (failures[0].error.cause or failures[0].error).message.strip()
    return TickRun(
        run_id=outcome.run_id,
        partition=request.partition_key,
        client_months=tuple(month.key for month in client_months_of(outcome.dagster_run, ())),
        success=outcome.success,
        broken=not outcome.success and not by_files,
        message=message,
        files=int(request.tags[FILES_TAG]),
    )
