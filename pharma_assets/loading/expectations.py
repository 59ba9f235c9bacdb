"""What the clients' layouts say of when their reports are due."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection

from pharma_assets.loading.platform import Platform
from pharma_assets.model.schedule import Every, Schedule
from pharma_assets.registry.senders import Delivery, Expectation, arrivals, deliveries
from pharma_assets.transforms.catalog import Transforms


def expectations(transforms: Transforms) -> list[Expectation]:
    """A report type of a layout is expected; when, its newest version says, if it has a `schedule`."""
    found = []
    for known in transforms.by_client.values():
        for report_type in known.report_types:
            newest = known.find(report_type)
            layout = newest.layout if newest is not None else None
            agreed = layout.schedule if layout is not None else None
            schedule = Schedule(Every(agreed.every), agreed.due_day) if agreed is not None else None
            found.append(Expectation(known.client, report_type, schedule))
    return found


def deliveries_of(platform: Platform, connection: Connection, month: date) -> list[Delivery]:
    """The deliveries of a month, by its first day, as they stand today."""
    arrived = arrivals(connection, platform.settings.timezone)
    return deliveries(arrived, expectations(platform.transforms), month, datetime.now(platform.timezone).date())
