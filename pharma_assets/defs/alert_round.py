"""One round of alerts: what waits for people, and what they are told of it."""

from __future__ import annotations

from datetime import UTC, datetime

from dagster import SensorEvaluationContext, SensorResult, SkipReason

from pharma_assets.alerts.items import REGISTRY_KINDS, waiting_items
from pharma_assets.alerts.recipients import common_recipients, owner_in
from pharma_assets.alerts.rounds import Told, tell
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.troubles import KINDS, Memory, troubles


def evaluate_alerts(context: SensorEvaluationContext, platform: PlatformResource) -> SensorResult:
    """One round. Nothing that goes wrong with a message fails it."""
    memory = Memory.of_cursor(context.cursor)
    with platform.open(context.instance) as opened:
        owner_of = owner_in(opened.transforms)
        settings = opened.settings
        if not common_recipients(settings) and settings.smtp_url is None:
            return SensorResult(
                skip_reason=SkipReason("nobody is to be told: PHARMA_ALERT_EMAILS, PHARMA_ALERT_WEBHOOKS")
            )
        moment = datetime.now(UTC)
        items = troubles(context.instance, memory, moment)
        with opened.engine.connect() as connection:
            items += waiting_items(connection, personal=settings.show_personal)
        sent = tell(opened.engine, settings, items, KINDS | REGISTRY_KINDS, owner_of, moment)
    for told in sent:
        if told.error:
            context.log.warning(f"{told.recipient} could not be told: {told.error}")
    return SensorResult(skip_reason=SkipReason(_summary(len(items), sent)), cursor=memory.cursor())


def _summary(waiting: int, sent: list[Told]) -> str:
    failed = sum(told.error is not None for told in sent)
    return f"{waiting} things wait for somebody: {len(sent) - failed} messages sent, {failed} could not be"
