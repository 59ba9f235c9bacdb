"""The floor of `benchmarks.idle_tick`: a sensor that does nothing."""

from __future__ import annotations

from dagster import DefaultSensorStatus, Definitions, SkipReason, job, op, sensor


@op
def nothing() -> None:
    """Nothing."""


@job
def empty_job() -> None:
    nothing()


@sensor(job=empty_job, minimum_interval_seconds=900, default_status=DefaultSensorStatus.RUNNING)
def empty_sensor() -> SkipReason:
    return SkipReason("nothing")


defs = Definitions(jobs=[empty_job], sensors=[empty_sensor])
