"""Where alerts go: an SMTP server and webhooks, each as one URL, which no error quotes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit


class Security(StrEnum):
    """How a connection to an SMTP server is kept from others' eyes."""

    TLS = "smtps"
    STARTTLS = "smtp"
    NONE = "smtp+plain"


_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class SmtpUrl:
    """`smtps://user:password@host:465`, `smtp://…:587` with STARTTLS, `smtp+plain://host:25` without encryption."""

    security: Security
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> SmtpUrl:
        """Read the URL. Raises ValueError."""
        try:
            parts = urlsplit(url.strip())
            security, port = Security(parts.scheme), parts.port
        except ValueError:
            raise ValueError("it is smtps://, smtp:// or smtp+plain://, then user:password@host:port") from None
        if not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("after the scheme stands user:password@host:port, with % escapes, and nothing else")
        if (parts.username is None) != (parts.password is None):
            raise ValueError("a user and a password are given together")
        if security is Security.NONE and parts.password is not None and parts.hostname not in _LOOPBACK:
            raise ValueError("a password does not go over a connection that anybody can read: use smtp:// or smtps://")
        user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
        return cls(security, parts.hostname, port or _PORTS[security], user, password)


class Format(StrEnum):
    """What a webhook is sent: the whole document, or what a chat shows."""

    DOCUMENT = "json"
    TEXT = "text"
    TELEGRAM = "telegram"


@dataclass(frozen=True)
class Webhook:
    """`https://…` gets the whole document, `text+https://…` what Slack and Mattermost show,
    `telegram+https://api.telegram.org/bot…/sendMessage?chat_id=…` what Telegram's bots send."""

    format: Format
    url: str = field(repr=False)
    name: str
    chat: str | None = None

    @classmethod
    def parse(cls, url: str) -> Webhook:
        """Read the URL. `name` is what can be shown of it: the path is a secret. Raises ValueError."""
        prefix, plus, rest = url.strip().partition("+")
        word, bare = (prefix, rest) if plus and re.fullmatch("[a-z]+", prefix) else (Format.DOCUMENT.value, url.strip())
        try:
            kind, parts = Format(word), urlsplit(bare)
        except ValueError:
            raise ValueError("it is https://…, text+https://… or telegram+https://…") from None
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise ValueError("it is https://…, text+https://… or telegram+https://…")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError("its address is a secret: it goes over https only")
        chat = parse_qs(parts.query).get("chat_id", [None])[0]
        if kind is Format.TELEGRAM:
            if chat is None:
                raise ValueError("a telegram one ends with ?chat_id=…")
            bare = parts._replace(query="").geturl()
        host = parts.hostname + (f":{parts.port}" if parts.port else "")
        # Two hooks of one host are told apart by a digest.
        digest = hashlib.sha256(url.strip().encode()).hexdigest()[:8]
        return cls(kind, bare, f"{parts.scheme}://{host} {word} {digest}", chat)
