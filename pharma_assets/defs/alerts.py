"""The sensor that tells people what waits for them."""

# Dagster reads the annotations, so they are not postponed here.
# ruff: noqa: PLC0415 - definitions load fast, and import what they need when it is needed

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SensorResult, sensor

from pharma_assets.defs.platform import PlatformResource

SENSOR_NAME = "alerts_sensor"
EVERY_SECONDS = 300


@sensor(
    name=SENSOR_NAME,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Tells people by e-mail and webhook what waits for them, if the settings say whom.",
)
def _alerts_sensor(context: SensorEvaluationContext, platform: PlatformResource) -> SensorResult:
    from pharma_assets.defs.alert_round import evaluate_alerts

    return evaluate_alerts(context, platform)


alerts_sensor: SensorDefinition = _alerts_sensor
