"""One round of telling: what each recipient does not know yet, or was told too long ago, in one message.

What was told is written down after it was sent, so nothing is lost; a process that dies in between sends again. A
recipient that cannot be reached keeps nobody else from being told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text

from pharma_assets.alerts.items import Item, Kind
from pharma_assets.alerts.message import Message, compose
from pharma_assets.alerts.recipients import OwnerOf, routed
from pharma_assets.alerts.sending import Recipient
from pharma_assets.registry.locks import try_lock
from pharma_assets.settings import Settings

logger = logging.getLogger(__name__)

LOCK = "alerts"
# While files go on failing, messages do not follow each other more closely.
PAUSE = timedelta(minutes=15)
# Of the minute that Dagster gives a sensor.
BUDGET_SECONDS = 25
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)


_FORGET = """
    DELETE FROM ops.alert_item WHERE split_part(item, ':', 1) = ANY(:kinds) AND NOT item = ANY(:keys)
"""


@dataclass(frozen=True)
class Told:
    """A message that was sent, or tried. `error`: why it could not be sent."""

    channel: str
    recipient: str
    subject: str
    items: int
    error: str | None = None


def tell(
    engine: Engine,
    settings: Settings,
    items: Sequence[Item],
    kinds: Collection[Kind],
    owner_of: OwnerOf,
    moment: datetime,
) -> list[Told]:
    """Tell every recipient what is due. Returns what was sent or tried; nothing while another round is going on.

    `items`: everything that waits, of these `kinds`. What of them a recipient was told and waits no longer is
    forgotten.
    """
    with try_lock(engine, LOCK) as held:
        if not held:
            return []
        with engine.begin() as connection:
            connection.execute(text(_FORGET), {"keys": [item.key for item in items], "kinds": list(kinds)})
        told = []
        started = time.monotonic()
        for recipient, share in routed(settings, items, owner_of).items():
            one = _tell(engine, settings, recipient, share, moment)
            told += [one] if one is not None else []
            if time.monotonic() - started > BUDGET_SECONDS:
                break  # the others are told in the next round, when those who do not answer have their pause
        return told


def _tell(
    engine: Engine, settings: Settings, recipient: Recipient, items: Sequence[Item], moment: datetime
) -> Told | None:
    with engine.begin() as connection:
        known = _known(connection, recipient)
        due, reminder = _due(items, known, settings.alert_hours, moment)
        if not due or moment < _not_before(connection, recipient):
            return None
        message = compose(due, settings.language, settings.ui_url, reminder=reminder)
        alert_id = _begin(connection, recipient, message, due, moment)
    error = _send(recipient, message, alert_id)
    with engine.begin() as connection:
        _finish(connection, recipient, alert_id, due, error, moment)
    return Told(recipient.channel, recipient.name, message.subject, len(due), error)


def _due(items: Sequence[Item], known: dict[str, datetime], hours: float, moment: datetime) -> tuple[list[Item], bool]:
    """What is to be told now, and whether it is a reminder of things told before.

    When one thing is due for reminding, all that wait are: they would trickle otherwise.
    """
    new = [item for item in items if item.key not in known]
    long_ago = moment - timedelta(hours=hours)
    if hours and any(known.get(item.key, moment) <= long_ago for item in items):
        return list(items), not new
    return new, False


def _send(recipient: Recipient, message: Message, alert_id: int) -> str | None:
    try:
        recipient.send(message, str(alert_id))
    except Exception as error:
        # Whatever is wrong with a mail server must not stop the platform.
        why = str(error) if isinstance(error, OSError) else type(error).__name__
        logger.warning("an alert to %s could not be sent: %s", recipient.name, why)
        return why
    return None


def _known(connection: Connection, recipient: Recipient) -> dict[str, datetime]:
    """When the recipient was last told of each thing."""
    rows = connection.execute(
        text("SELECT item, last_told_at FROM ops.alert_item WHERE channel = :channel AND recipient = :recipient"),
        {"channel": recipient.channel, "recipient": recipient.name},
    )
    return {row.item: row.last_told_at for row in rows}


def _not_before(connection: Connection, recipient: Recipient) -> datetime:
    """When the recipient may be told again: a pause after a success, a growing one after each failure."""
    last = connection.execute(
        text(
            """
            SELECT max(at) AS at, count(*) FILTER (WHERE state = 'FAILED' AND id > sent) AS failures
            FROM ops.alert CROSS JOIN (
                SELECT coalesce(max(id) FILTER (WHERE state = 'SENT'), 0) AS sent FROM ops.alert
                WHERE channel = :channel AND recipient = :recipient
            ) s
            WHERE channel = :channel AND recipient = :recipient AND id >= sent AND state <> 'SENDING'
            """
        ),
        {"channel": recipient.channel, "recipient": recipient.name},
    ).one()
    if last.at is None:
        return datetime.min.replace(tzinfo=UTC)
    at: datetime = last.at
    return at + (min(FIRST_RETRY * 2 ** min(last.failures - 1, 10), LONGEST_RETRY) if last.failures else PAUSE)


def _begin(
    connection: Connection, recipient: Recipient, message: Message, items: Sequence[Item], moment: datetime
) -> int:
    alert_id = connection.scalar(
        text(
            """
            INSERT INTO ops.alert (at, channel, recipient, state, subject, items)
            VALUES (:at, :channel, :recipient, 'SENDING', :subject, :items) RETURNING id
            """
        ),
        {
            "at": moment,
            "channel": recipient.channel,
            "recipient": recipient.name,
            "subject": message.subject,
            "items": [item.key for item in items],
        },
    )
    return int(alert_id or 0)


def _finish(
    connection: Connection,
    recipient: Recipient,
    alert_id: int,
    items: Sequence[Item],
    error: str | None,
    moment: datetime,
) -> None:
    connection.execute(
        text("UPDATE ops.alert SET state = :state, error = :error, finished_at = now() WHERE id = :id"),
        {"id": alert_id, "state": "FAILED" if error else "SENT", "error": error},
    )
    if error:
        return
    connection.execute(
        text(
            """
            INSERT INTO ops.alert_item (channel, recipient, item, first_told_at, last_told_at, alert_id)
            SELECT :channel, :recipient, item, :at, :at, :id FROM unnest(CAST(:keys AS text[])) AS t (item)
            ON CONFLICT (channel, recipient, item)
            DO UPDATE SET last_told_at = excluded.last_told_at, alert_id = excluded.alert_id
            """
        ),
        {
            "channel": recipient.channel,
            "recipient": recipient.name,
            "at": moment,
            "id": alert_id,
            "keys": [item.key for item in items],
        },
    )
