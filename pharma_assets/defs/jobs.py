"""The job that the sensor starts: one client-month, both assets, in one process."""

from __future__ import annotations

from dagster import AssetSelection, define_asset_job, in_process_executor

from pharma_assets.defs.keys import NORMALIZED_REPORT, PRIMARY_DATA
from pharma_assets.defs.runs import JOB_NAME

# In process: a process for each step costs three times the work itself.
client_month_job = define_asset_job(
    JOB_NAME,
    selection=AssetSelection.assets(NORMALIZED_REPORT, PRIMARY_DATA),
    executor_def=in_process_executor,
    description="Takes in a client-month: what is due when the sensor asks, everything when a person does.",
)
