"""Who is told of what: the common recipients of everything, a client's owner of that client's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from email.utils import parseaddr
from socket import gethostname

from pharma_assets.alerts.items import Item
from pharma_assets.alerts.sending import Hook, Mailbox, Recipient
from pharma_assets.endpoints import SmtpUrl, Webhook
from pharma_assets.model.client_month import Client
from pharma_assets.settings import Settings
from pharma_assets.transforms.catalog import Transforms

OwnerOf = Callable[[Client], str | None]


def owner_in(transforms: Transforms) -> OwnerOf:
    """What finds the e-mail address of a client's owner, where its newest layout names one (`owner`)."""

    def owner_of(client: Client) -> str | None:
        known = transforms.by_client.get(client)
        newest = known.find(known.report_types[0]) if known is not None and known.report_types else None
        owner = newest.layout.owner if newest is not None and newest.layout is not None else None
        address = parseaddr(owner)[1] if owner is not None else ""
        return address if "@" in address else None

    return owner_of


def common_recipients(settings: Settings) -> list[Recipient]:
    """Those who are told everything."""
    mailboxes = [_mailbox(settings, address) for address in settings.alert_emails]
    hooks = [Hook(Webhook.parse(url.get_secret_value())) for url in settings.alert_webhooks]
    return [*(mailbox for mailbox in mailboxes if mailbox), *hooks]


def routed(settings: Settings, items: Sequence[Item], owner_of: OwnerOf) -> Mapping[Recipient, list[Item]]:
    """What each recipient is to know of."""
    shares: dict[Recipient, list[Item]] = {recipient: list(items) for recipient in common_recipients(settings)}
    everybody = set(shares)
    for item in items:
        owner = owner_of(item.client) if item.client else None
        mailbox = _mailbox(settings, owner) if owner else None
        if mailbox is not None and mailbox not in everybody:
            shares.setdefault(mailbox, []).append(item)
    return shares


def _mailbox(settings: Settings, address: str) -> Mailbox | None:
    """None where there is no server to send by."""
    if settings.smtp_url is None:
        return None
    server = SmtpUrl.parse(settings.smtp_url.get_secret_value())
    return Mailbox(address, server, settings.alert_from or f"pharma-assets@{gethostname()}")
