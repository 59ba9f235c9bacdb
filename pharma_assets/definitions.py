"""Everything that Dagster loads. Loading it opens no connection and needs no environment."""

from __future__ import annotations

from dagster import Definitions, in_process_executor

from pharma_assets.defs.alerts import alerts_sensor
from pharma_assets.defs.assets import client_month_assets, file_registry, folder_tree
from pharma_assets.defs.audit import audit, audit_job, nightly_audit
from pharma_assets.defs.batches import client_months_batch_job
from pharma_assets.defs.deliveries import deliveries, deliveries_job, morning_deliveries
from pharma_assets.defs.jobs import client_month_job
from pharma_assets.defs.partitions import client_months
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.sensors import inbox_sensor
from pharma_assets.settings import load_settings

_settings = load_settings()

_partitions = client_months(_settings.first_year, _settings.timezone)

defs = Definitions(
    assets=[folder_tree, file_registry, client_month_assets(_partitions, _settings.batch_size)],
    asset_checks=[audit, deliveries],
    jobs=[client_month_job, client_months_batch_job, audit_job, deliveries_job],
    schedules=[nightly_audit(_settings.timezone), morning_deliveries(_settings.timezone)],
    sensors=[inbox_sensor(_settings.scan_minutes), alerts_sensor],
    resources={"platform": PlatformResource()},
    executor=in_process_executor,
)
if _settings.owners:
    defs = defs.map_asset_specs(func=lambda spec: spec.replace_attributes(owners=_settings.owners))
