"""Sending one message to one recipient, by e-mail or webhook. What fails is an OSError and is told without secrets."""

from __future__ import annotations

import json
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from http.client import HTTPException
from typing import Literal, Protocol
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pharma_assets.alerts.message import Message
from pharma_assets.endpoints import Format, Security, SmtpUrl, Webhook

TIMEOUT_SECONDS = 10
# Telegram takes 4,096 characters, Slack cuts at 40,000.
_LONGEST = {Format.TELEGRAM: 4_000, Format.TEXT: 16_000}

Channel = Literal["email", "webhook"]


class Recipient(Protocol):
    """Somebody who is told."""

    @property
    def channel(self) -> Channel: ...

    @property
    def name(self) -> str:
        """What can be shown and stored."""
        ...

    def send(self, message: Message, alert_id: str) -> None:
        """Raises OSError."""
        ...


@dataclass(frozen=True)
class Mailbox:
    """An e-mail address, reached through an SMTP server."""

    address: str
    server: SmtpUrl
    sender: str

    channel: Channel = "email"

    @property
    def name(self) -> str:
        return self.address

    def send(self, message: Message, alert_id: str) -> None:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self.sender
        mail["To"] = self.address
        mail["Subject"] = message.subject
        mail["Date"] = formatdate(localtime=True)
        # The same for the same alert: what is sent twice after a crash is shown once by many programs.
        mail["Message-ID"] = f"<pharma-alert-{alert_id}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        try:
            with self._connected() as connection:
                if self.server.user is not None:
                    connection.login(self.server.user, self.server.password or "")
                connection.send_message(mail)
        except smtplib.SMTPResponseException as error:
            # Not what the server says: some quote what they were told.
            raise OSError(f"{type(error).__name__} {error.smtp_code}") from None
        except smtplib.SMTPException as error:
            raise OSError(type(error).__name__) from None

    def _connected(self) -> smtplib.SMTP:
        host, port, timeout = self.server.host, self.server.port, TIMEOUT_SECONDS
        if self.server.security is Security.TLS:
            return smtplib.SMTP_SSL(host, port, timeout=timeout, context=ssl.create_default_context())
        connection = smtplib.SMTP(host, port, timeout=timeout)
        if self.server.security is Security.STARTTLS:
            try:
                connection.starttls(context=ssl.create_default_context())
            except BaseException:
                connection.close()
                raise
        return connection


@dataclass(frozen=True)
class Hook:
    """A webhook."""

    webhook: Webhook

    channel: Channel = "webhook"

    @property
    def name(self) -> str:
        return self.webhook.name

    def send(self, message: Message, alert_id: str) -> None:
        body = json.dumps(self._body(message, alert_id), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "pharma-assets"}
        request = Request(self.webhook.url, body, headers, method="POST")  # noqa: S310 - http(s) only, see Webhook
        try:
            with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS) as answer:
                answer.read(1024)
        except HTTPError as error:
            error.close()
            raise OSError(f"it answered {error.code}") from None
        except OSError as error:
            # The reason alone: the rest may name the URL, which is a secret.
            reason = getattr(error, "reason", None) or error
            raise OSError(f"{type(reason).__name__}: {getattr(reason, 'strerror', None) or 'no answer'}") from None
        except HTTPException as error:
            raise OSError(type(error).__name__) from None

    def _body(self, message: Message, alert_id: str) -> dict[str, object]:
        kind = self.webhook.format
        if kind is Format.DOCUMENT:
            return {**message.document, "alert": alert_id, "text": message.text}
        text = _shortened(f"{message.subject}\n\n{message.text}", _LONGEST[kind])
        return {"text": text} if kind is Format.TEXT else {"chat_id": self.webhook.chat, "text": text}


class _NoRedirect(HTTPRedirectHandler):
    """What is told is told to the server that was named, and to no other."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
