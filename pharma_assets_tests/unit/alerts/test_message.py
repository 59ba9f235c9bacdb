"""What a person reads: one message, grouped, with what to do and where."""

from __future__ import annotations

import json

from pharma_assets.alerts.items import Item, Kind
from pharma_assets.alerts.message import MOST_CODES, compose
from pharma_assets.errors import CATALOGUE
from pharma_assets.model.client_month import Client, ClientMonth
from pharma_assets.model.provider import Provider

UI = "https://dagster.example.org/"


def place(month: int = 6, client: str = "Client_01") -> ClientMonth:
    return ClientMonth(Client(Provider.DISTRIBUTOR, client), 2025, month)


def item(
    number: int, code: str = "EMPTY_FILE", at: ClientMonth | None = None, message: str = "", advice: str = ""
) -> Item:
    advice = advice or "Ask the supplier to send the file again."
    name = f"отчёт {number}.xlsx"
    return Item(Kind.FILE, f"file:{number}:1:{code}", code, name, message, advice, at or place(), number)


def test_files_are_grouped_by_what_is_wrong_and_where() -> None:
    items = [item(1), item(2), item(3, at=place(7)), item(4, "CORRUPT_FILE", place(6, "Client_02"))]
    message = compose(items, "en", UI)
    assert message.subject == "[pharma-assets] 4 need somebody: EMPTY_FILE 3, CORRUPT_FILE 1"
    empty, corrupt, footer = message.text.rstrip().split("\n\n")
    assert empty.splitlines() == [
        "EMPTY_FILE: the file has 0 bytes",
        "What to do: Ask the supplier to send the file again.",
        "  Дистрибьюторы/Client_01 2025-06: 2 files",
        "    отчёт 1.xlsx (id 1)",
        "    отчёт 2.xlsx (id 2)",
        "    https://dagster.example.org/assets/primary_data?view=partitions&partition="
        "%D0%94%D0%B8%D1%81%D1%82%D1%80%D0%B8%D0%B1%D1%8C%D1%8E%D1%82%D0%BE%D1%80%D1%8B%2FClient_01%7C2025-06",
        "  Дистрибьюторы/Client_01 2025-07: 1 files",
        "    отчёт 3.xlsx (id 3)",
        "    https://dagster.example.org/assets/primary_data?view=partitions&partition="
        "%D0%94%D0%B8%D1%81%D1%82%D1%80%D0%B8%D0%B1%D1%8C%D1%8E%D1%82%D0%BE%D1%80%D1%8B%2FClient_01%7C2025-07",
    ]
    assert corrupt.startswith("CORRUPT_FILE: not readable as …: …\n")
    assert UI in footer


def test_the_message_speaks_russian() -> None:
    message = compose([item(1)], "ru", UI, reminder=True)
    assert message.subject == "[pharma-assets] всё ещё ждут внимания: 1; EMPTY_FILE 1"
    assert "EMPTY_FILE: в файле 0 байт" in message.text
    assert "Что делать: " in message.text
    assert message.text.startswith("О них уже сообщалось")


def test_thousands_of_files_make_a_message_that_can_be_read() -> None:
    codes = list(CATALOGUE)[: MOST_CODES + 5]
    items = [
        item(number, codes[number % len(codes)], place(number % 12 + 1, f"Client_{number % 40}"))
        for number in range(len(codes) * 500)
    ]
    message = compose(items, "en", UI)
    assert len(message.subject) < 150
    assert len(message.text.splitlines()) < 1_000
    assert message.subject.startswith(f"[pharma-assets] {len(items)} need somebody: ")
    assert f"and {500 * 5} more of other kinds" in message.text


def test_a_message_that_all_share_is_told_once_and_others_with_their_file() -> None:
    same = compose([item(number, message="the file has 0 bytes") for number in (1, 2)], "en", UI)
    assert same.text.count("the file has 0 bytes") == 1
    other = compose([item(1, "CORRUPT_FILE", message="one"), item(2, "CORRUPT_FILE", message="two")], "en", UI)
    assert "отчёт 1.xlsx (id 1): one" in other.text
    assert "отчёт 2.xlsx (id 2): two" in other.text


def test_programs_get_the_same_as_a_document() -> None:
    waiting = Item(Kind.WAITING, "waiting:x", "NO_SCRIPT_FOUND", "Type1", "m", "a", place(), count=7)
    path = Item(Kind.PATH, "path:x", "PATH_STRUCTURE", "не/туда.csv", "m", "")
    run = Item(Kind.RUN, "run:1", "RUN_FAILED", "audit_job 1", "m", "a", link="runs/1")
    message = compose([item(1), waiting, path, run], "en", UI)
    document = json.loads(json.dumps(message.document))
    by_code = {told["code"]: told for told in document["items"]}
    assert by_code["EMPTY_FILE"]["client"] == "Дистрибьюторы/Client_01"
    assert (by_code["EMPTY_FILE"]["month"], by_code["EMPTY_FILE"]["file_id"]) == ("2025-06", 1)
    assert by_code["NO_SCRIPT_FOUND"]["files"] == 7
    assert by_code["PATH_STRUCTURE"]["link"] == "https://dagster.example.org/assets/file_registry"
    assert by_code["RUN_FAILED"]["link"] == "https://dagster.example.org/runs/1"
    assert message.subject.startswith("[pharma-assets] 10 need somebody: NO_SCRIPT_FOUND 7")
