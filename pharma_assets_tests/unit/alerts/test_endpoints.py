"""Where alerts go, as the settings say it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from pharma_assets.endpoints import Format, Security, SmtpUrl, Webhook
from pharma_assets.settings import Settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://mail.example.org", SmtpUrl(Security.TLS, "mail.example.org", 465)),
        ("smtp://u:p@mail.example.org", SmtpUrl(Security.STARTTLS, "mail.example.org", 587, "u", "p")),
        ("smtp://u%40x:p%3A%2F@h:2525/", SmtpUrl(Security.STARTTLS, "h", 2525, "u@x", "p:/")),
        ("smtp+plain://relay", SmtpUrl(Security.NONE, "relay", 25)),
        ("smtp+plain://u:p@127.0.0.1:25", SmtpUrl(Security.NONE, "127.0.0.1", 25, "u", "p")),
    ],
)
def test_a_mail_server_is_one_url(url: str, expected: SmtpUrl) -> None:
    assert SmtpUrl.parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://hunter2@h",
        "smtp+plain://u:hunter2@mail.example.org",
        "smtp://u:hunter2@h/path",
        "smtp://u:hunter2@h:port",
        "smtp://u:hunter2@h?x=1",
    ],
)
def test_a_wrong_mail_server_is_named_without_its_password(url: str) -> None:
    with pytest.raises(ValidationError, match="smtp_url") as caught:
        Settings(smtp_url=SecretStr(url))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "form", "sent_to", "chat"),
    [
        ("https://h.example.org/x", Format.DOCUMENT, "https://h.example.org/x", None),
        ("text+https://hooks.example.org/T/B/x", Format.TEXT, "https://hooks.example.org/T/B/x", None),
        (
            "telegram+https://api.example.org/bot1:x/sendMessage?chat_id=-5",
            Format.TELEGRAM,
            "https://api.example.org/bot1:x/sendMessage",
            "-5",
        ),
        ("http://127.0.0.1:9/x?y=z", Format.DOCUMENT, "http://127.0.0.1:9/x?y=z", None),
    ],
)
def test_a_webhook_says_its_form(url: str, form: Format, sent_to: str, chat: str | None) -> None:
    hook = Webhook.parse(url)
    assert (hook.format, hook.url, hook.chat) == (form, sent_to, chat)


def test_what_is_shown_of_a_webhook_is_no_secret_and_tells_two_apart() -> None:
    first, second = (Webhook.parse(f"text+https://hooks.example.org/T0/{secret}") for secret in ("one", "two"))
    assert first.name.startswith("https://hooks.example.org text ")
    assert first.name != second.name
    assert "T0" not in f"{first.name} {first!r}"


@pytest.mark.parametrize(
    "url",
    [
        "hook",
        "http://hooks.example.org/hidden",
        "ftp://h/hidden",
        "slack+https://h/hidden",
        "telegram+https://h/hidden",
    ],
)
def test_a_wrong_webhook_is_named_without_its_secret(url: str) -> None:
    with pytest.raises(ValidationError, match="alert_webhooks") as caught:
        Settings(alert_webhooks=(SecretStr(url),))
    assert "hidden" not in str(caught.value)


def test_lists_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_ALERT_EMAILS", "anna@example.org, ivan@example.org,")
    monkeypatch.setenv("PHARMA_ALERT_WEBHOOKS", "https://a.example.org/x,y\ntext+https://b.example.org/z\n")
    for name in ("SMTP_URL", "ALERT_FROM", "WORKING_FOLDERS", "LOADER_PASSWORD", "READER_PASSWORD"):
        monkeypatch.setenv(f"PHARMA_{name}", "")
    settings = Settings()
    assert settings.alert_emails == ("anna@example.org", "ivan@example.org")
    assert [url.get_secret_value() for url in settings.alert_webhooks] == [
        "https://a.example.org/x,y",
        "text+https://b.example.org/z",
    ]
    assert (settings.smtp_url, settings.alert_from, settings.loader_password) == (None, None, None)
    assert settings.working_root == settings.home
    for shown in (repr(settings), settings.model_dump_json()):
        assert "a.example.org" not in shown
    monkeypatch.setenv("PHARMA_ALERT_EMAILS", "anna")
    with pytest.raises(ValidationError, match="alert_emails"):
        Settings()
