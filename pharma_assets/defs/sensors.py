"""The sensor: every 15 minutes it looks at the inbox and asks for the client-months that are due."""

# Dagster reads the annotations, so they are not postponed here.

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SensorResult, sensor

from pharma_assets.defs.batches import client_months_batch_job
from pharma_assets.defs.jobs import client_month_job
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import SENSOR_NAME


def inbox_sensor(minutes: int) -> SensorDefinition:
    """The sensor, evaluated every so many minutes."""

    @sensor(
        name=SENSOR_NAME,
        jobs=[client_month_job, client_months_batch_job],
        minimum_interval_seconds=minutes * 60,
        default_status=DefaultSensorStatus.RUNNING,
        description="Registers new files and asks for the client-months that are due.",
    )
    def evaluate(context: SensorEvaluationContext, platform: PlatformResource) -> SensorResult:
        from pharma_assets.defs.evaluation import evaluate_inbox  # noqa: PLC0415 - definitions load fast

        return evaluate_inbox(context, platform)

    return evaluate
