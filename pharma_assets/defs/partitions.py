"""Client × month: a dynamic dimension of clients, a monthly one that includes the running month."""

from __future__ import annotations

from dagster import (
    DynamicPartitionsDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
)

from pharma_assets.model.client_month import ClientMonth

CLIENTS = DynamicPartitionsDefinition(name="client")


def client_months(first_year: int, timezone: str) -> MultiPartitionsDefinition:
    """The partitions of `normalized_report` and `primary_data`, from January of `first_year` on."""
    months = MonthlyPartitionsDefinition(start_date=f"{first_year}-01", fmt="%Y-%m", end_offset=1, timezone=timezone)
    return MultiPartitionsDefinition({"client": CLIENTS, "month": months})


def partition_key(client_month: ClientMonth) -> MultiPartitionKey:
    """The Dagster key of a client-month."""
    return MultiPartitionKey({"client": client_month.client.key, "month": client_month.month_key})
