"""Who is told what, when, and by which way: over a real SMTP server and a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from pharma_assets.alerts.items import REGISTRY_KINDS, Item, Kind, waiting_items
from pharma_assets.alerts.message import compose
from pharma_assets.alerts.recipients import OwnerOf, common_recipients
from pharma_assets.alerts.rounds import FIRST_RETRY, LOCK, PAUSE, Told, tell
from pharma_assets.loading.decisions import decide, ignore, retry
from pharma_assets.model.client_month import Client
from pharma_assets.registry.locks import try_lock
from pharma_assets.settings import Settings
from pharma_assets_tests.database.house import HEADER, JUNE, House, opened_house
from pharma_assets_tests.listeners import (
    PASSWORD,
    USER,
    HookServer,
    MailServer,
    certificate,
    hook_server,
    mail_server,
)

NOW = datetime(2025, 7, 1, 9, 0, tzinfo=UTC)
ANNA = "anna@example.org"
INN = "7707083893"


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        yield house


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as server:
        yield server


def settings(**fields: Any) -> Settings:
    return Settings(alert_from="robot@example.org", ui_url="https://ui.example.org", **fields)


def by_mail(mail: MailServer, *addresses: str, **fields: Any) -> Settings:
    url = SecretStr(f"smtp+plain://127.0.0.1:{mail.port}")
    return settings(smtp_url=url, alert_emails=addresses or (ANNA,), **fields)


def nobody(client: Client) -> str | None:
    return None


def round_of(
    house: House, chosen: Settings, minutes: float = 0, owner_of: OwnerOf = nobody, more: tuple[Item, ...] = ()
) -> list[Told]:
    with house.platform.engine.connect() as connection:
        items = [*waiting_items(connection, personal=chosen.show_personal), *more]
    kinds = REGISTRY_KINDS | {item.kind for item in more}
    return tell(house.platform.engine, chosen, items, kinds, owner_of, NOW + timedelta(minutes=minutes))


def test_one_message_tells_all_that_waits_and_is_not_sent_again(house: House, mail: MailServer) -> None:
    house.drop("пусто.csv", "")
    house.drop("ещё пусто.csv", "", month=7)
    house.drop("чужой.csv", JUNE, client="Client_30")
    house.drop("чужой.csv", JUNE, client="Client_30", month=7)
    house.drop("хорошо.csv")
    house.path("не туда.csv", report_type="Type1/глубже").write_bytes(b"x")
    house.tick()
    chosen = by_mail(mail)
    (told,) = round_of(house, chosen)
    assert (told.channel, told.recipient, told.items, told.error) == ("email", ANNA, 4, None)
    (sent,) = mail.mails
    assert mail.recipients == [ANNA]
    assert sent["From"] == "robot@example.org"
    assert sent["Subject"] == "[pharma-assets] 5 need somebody: NO_SCRIPT_FOUND 2, EMPTY_FILE 2, PATH_STRUCTURE 1"
    text = sent.get_content()
    for expected in (
        "EMPTY_FILE: the file has 0 bytes",
        "What to do: Ask the supplier",
        "Дистрибьюторы/Client_01 2025-06: 1 files",
        "пусто.csv (id ",
        "Дистрибьюторы/Client_30 2025-07: 2 files",
        "client_transforms/distributors/Client_30/layout.yaml",
        "https://ui.example.org/assets/primary_data?view=partitions&partition=",
        "глубже/не туда.csv",
    ):
        assert expected in text
    assert "хорошо.csv" not in text
    assert round_of(house, chosen, minutes=60) == []
    assert len(mail.mails) == 1
    (row,) = house.query("SELECT channel, recipient, state, error, cardinality(items) AS items FROM ops.alert")
    assert tuple(row) == ("email", ANNA, "SENT", None, 4)


def test_only_what_is_new_is_told_and_not_at_once(house: House, mail: MailServer) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    chosen = by_mail(mail)
    round_of(house, chosen)
    house.drop("второй.csv", "")
    house.tick()
    assert round_of(house, chosen, minutes=PAUSE.total_seconds() / 60 - 1) == []
    (told,) = round_of(house, chosen, minutes=PAUSE.total_seconds() / 60)
    assert told.items == 1
    assert "второй.csv" in mail.mails[1].get_content()
    assert " пусто.csv" not in mail.mails[1].get_content()


def test_what_still_waits_is_told_again_after_a_day_all_at_once(house: House, mail: MailServer) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    chosen = by_mail(mail)
    round_of(house, chosen)
    house.drop("второй.csv", "")
    house.tick()
    round_of(house, chosen, minutes=60)
    assert round_of(house, chosen, minutes=24 * 60 - 1) == []
    (told,) = round_of(house, chosen, minutes=24 * 60)
    assert told.items == 2
    assert mail.mails[2]["Subject"].startswith("[pharma-assets] still waiting, 2 need somebody")
    assert round_of(house, chosen, minutes=24 * 60 + 61) == []
    never = by_mail(mail, alert_hours=0)
    assert round_of(house, never, minutes=100_000) == []


def test_what_was_put_right_is_forgotten_and_told_anew_if_it_comes_back(house: House, mail: MailServer) -> None:
    path = house.drop("пусто.csv", "")
    house.tick()
    chosen = by_mail(mail)
    round_of(house, chosen)
    path.unlink()
    house.drop("пусто.csv", JUNE)
    house.tick()
    assert round_of(house, chosen, minutes=20) == []
    assert house.query("SELECT FROM ops.alert_item") == []
    house.drop("пусто.csv", "")
    house.tick()
    assert len(round_of(house, chosen, minutes=40)) == 1
    decide(house.platform, ["1"], ignore, "their test")
    assert round_of(house, chosen, minutes=5000) == []


def test_a_file_that_a_person_tries_again_in_vain_is_told_again(house: House, mail: MailServer) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    chosen = by_mail(mail)
    round_of(house, chosen)
    decide(house.platform, ["1"], retry, "the share was away")
    assert round_of(house, chosen, minutes=20) == [], "it is the platform's turn"
    house.tick()
    assert len(round_of(house, chosen, minutes=40)) == 1


def test_what_is_tried_again_by_itself_is_nobodys_business_until_it_is_given_up(house: House, mail: MailServer) -> None:
    house.drop("занят.csv")
    house.tick()
    house.change(
        "UPDATE ops.file_registry SET status = 'ERROR', error_reason = 'LOCKED',"
        " next_attempt_at = now() + interval '1 hour'"
    )
    assert round_of(house, by_mail(mail)) == []
    house.change("UPDATE ops.file_registry SET next_attempt_at = NULL")
    (told,) = round_of(house, by_mail(mail))
    assert "LOCKED" in told.subject


def test_a_server_that_is_away_is_tried_again_with_pauses_and_nothing_is_lost(house: House, mail: MailServer) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    mail.refuse = True
    chosen = by_mail(mail)
    (told,) = round_of(house, chosen)
    assert told.error == "SMTPDataError 451"
    assert "secret-host" not in str(house.query("SELECT * FROM ops.alert"))
    first = FIRST_RETRY.total_seconds() / 60
    assert round_of(house, chosen, minutes=first - 1) == []
    (again,) = round_of(house, chosen, minutes=first)
    assert again.error
    assert round_of(house, chosen, minutes=2 * first) == []
    mail.refuse = False
    house.drop("второй.csv", "")
    house.tick()
    (told,) = round_of(house, chosen, minutes=3 * first)
    assert (told.error, told.items) == (None, 2)
    assert [row.state for row in house.query("SELECT state FROM ops.alert ORDER BY id")] == ["FAILED", "FAILED", "SENT"]


def test_one_who_cannot_be_reached_keeps_nobody_else_from_being_told(
    house: House, mail: MailServer, hook: HookServer
) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    hook.status = 500
    hooks = (SecretStr("http://127.0.0.1:1/token"), SecretStr(f"{hook.url}/token"))
    by_name = {told.recipient: told.error for told in round_of(house, by_mail(mail, alert_webhooks=hooks))}
    assert by_name.pop(ANNA) is None
    assert sorted(by_name.values(), key=str) == ["ConnectionRefusedError: Connection refused", "it answered 500"]
    assert "token" not in str(house.query("SELECT * FROM ops.alert")) + str(by_name)
    assert len(mail.mails) == 1


def test_those_who_do_not_answer_cost_a_round_its_time_only(
    house: House, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    monkeypatch.setattr("pharma_assets.alerts.rounds.BUDGET_SECONDS", 0)
    chosen = by_mail(mail, "first@example.org", "second@example.org")
    assert [told.recipient for told in round_of(house, chosen)] == ["first@example.org"]
    monkeypatch.undo()
    assert [told.recipient for told in round_of(house, chosen, minutes=5)] == ["second@example.org"]


def test_webhooks_get_the_document_or_what_a_chat_shows(house: House, hook: HookServer) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    forms = ("{}/all", "text+{}/slack", "telegram+{}/bot1:x/sendMessage?chat_id=-42")
    chosen = settings(alert_webhooks=tuple(SecretStr(form.format(hook.url)) for form in forms), language="ru")
    assert [told.error for told in round_of(house, chosen)] == [None] * 3
    bodies = dict(zip(hook.paths, hook.bodies, strict=True))
    document = bodies["/all"]
    assert document["subject"] == "ждут внимания: 1; EMPTY_FILE 1"
    assert [(told["code"], told["client"], told["month"], told["file_id"]) for told in document["items"]] == [
        ("EMPTY_FILE", "Дистрибьюторы/Client_01", "2025-06", 1)
    ]
    assert set(bodies["/slack"]) == {"text"}
    assert "EMPTY_FILE: в файле 0 байт" in bodies["/slack"]["text"]
    assert set(bodies["/bot1:x/sendMessage"]) == {"chat_id", "text"}
    assert bodies["/bot1:x/sendMessage"]["chat_id"] == "-42"


def test_a_redirect_is_not_followed(house: House, hook: HookServer) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    hook.status, hook.location = 307, f"{hook.url}/elsewhere"
    (told,) = round_of(house, settings(alert_webhooks=(SecretStr(f"{hook.url}/here"),)))
    assert told.error == "it answered 307"
    assert hook.paths == ["/here"]


def test_an_owner_is_told_of_their_clients_only(house: House, mail: MailServer) -> None:
    house.drop("первый.csv", "")
    house.drop("другой.csv", "", client="Client_02")
    house.tick()

    def owner_of(client: Client) -> str | None:
        return {"Client_01": "olga@example.org", "Client_02": ANNA}.get(client.name)

    told = {one.recipient: one.items for one in round_of(house, by_mail(mail), owner_of=owner_of)}
    assert told == {ANNA: 2, "olga@example.org": 1}
    assert mail.recipients == [ANNA, "olga@example.org"]
    assert "другой.csv" not in mail.mails[1].get_content()


def test_no_text_of_cells_and_no_inn_is_in_a_message_unless_it_is_asked_for(house: House, mail: MailServer) -> None:
    header = HEADER.replace("Количество", "Штук").replace("Товар", "ООО Ромашка")
    house.drop(f"отчёт {INN}.csv", header + f"02.06.2025;{INN};1\n")
    house.tick()
    assert house.files()[f"отчёт {INN}.csv"] == "HEADER_NOT_FOUND"
    assert len(round_of(house, by_mail(mail))) == 1
    text = mail.mails[0].get_content()
    assert (INN in text, "Ромашка" in text, "отчёт 77********.csv" in text) == (False, False, True)
    with house.platform.engine.connect() as connection:
        shown = compose(waiting_items(connection, personal=True), "en", "http://ui").text
    assert "ромашка" in shown.lower()


def test_two_rounds_at_once_tell_once(house: House, mail: MailServer) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    with try_lock(house.platform.engine, LOCK) as held:
        assert held
        assert round_of(house, by_mail(mail)) == []
    assert len(round_of(house, by_mail(mail))) == 1


def test_what_another_kind_of_round_told_is_not_forgotten(house: House, mail: MailServer) -> None:
    run = Item(Kind.RUN, "run:1", "RUN_FAILED", "audit_job", "m", "a", link="runs/1")
    assert len(round_of(house, by_mail(mail), more=(run,))) == 1
    assert round_of(house, by_mail(mail), minutes=20) == []
    assert [row.item for row in house.query("SELECT item FROM ops.alert_item")] == ["run:1"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it is over TLS from the start
@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_mail_goes_encrypted_and_with_a_login(
    scheme: str, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    path, context = certificate(tmp_path)
    with mail_server(**{"tls" if scheme == "smtps" else "starttls": context}) as mail:
        url = SecretStr(f"{scheme}://{quote(USER)}:{quote(PASSWORD, safe='')}@127.0.0.1:{mail.port}")
        chosen = settings(smtp_url=url, alert_emails=(ANNA,))
        (told,) = round_of(house, chosen)
        assert told.error, "nobody vouches for the server"
        assert mail.mails == []
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        (told,) = round_of(house, chosen, minutes=60)
        assert told.error is None
        assert len(mail.mails) == 1
        assert mail.logins == [USER]
        assert mail.starttls == [scheme == "smtp"]
        wrong = settings(smtp_url=SecretStr(url.get_secret_value().replace("%25@", "@")), alert_emails=("b@x.org",))
        (told,) = round_of(house, wrong, minutes=60)
        assert told.error == "SMTPAuthenticationError 535"
        assert PASSWORD[:-1] not in str(house.query("SELECT * FROM ops.alert"))


def test_without_encryption_on_offer_nothing_is_sent(house: House, mail: MailServer) -> None:
    house.drop("пусто.csv", "")
    house.tick()
    url = SecretStr(f"smtp://127.0.0.1:{mail.port}")
    (told,) = round_of(house, settings(smtp_url=url, alert_emails=(ANNA,)))
    assert told.error == "SMTPNotSupportedError"
    assert mail.mails == []


def test_emails_need_a_server() -> None:
    assert common_recipients(settings(alert_emails=(ANNA,))) == []
