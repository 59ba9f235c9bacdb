"""What the clients' layouts say of when their reports are due."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection

from pharma_assets.loading.platform import Platform
from pharma_assets.model.schedule import Every, Schedule
from pharma_assets.registry.deliveries import Delivery, Expectation, arrivals, deliveries
from pharma_assets.transforms.catalog import Transforms


def expectations(transforms: Transforms) -> list[Expectation]:
    """A report type of a layout is expected; when, its `schedule` says, if it has one."""
    found = []
    for transform in transforms.by_client.values():
        if transform.layout is not None:
            agreed = getattr(transform.layout, "schedule", None)
            schedule = agreed and Schedule(Every(agreed.every), agreed.due_day)
            found += [Expectation(transform.client, name, schedule) for name in transform.layout.report_types]
    return found


def deliveries_of(platform: Platform, connection: Connection, month: date) -> list[Delivery]:
    """The deliveries of a month, by its first day, as they stand today."""
    arrived = arrivals(connection, platform.settings.timezone)
    return deliveries(arrived, expectations(platform.transforms), month, datetime.now(platform.timezone).date())
