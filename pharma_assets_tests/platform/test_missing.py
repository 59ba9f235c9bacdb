"""Who has not sent: the command, its exports, and the check."""

from __future__ import annotations

import csv
import html
import json
import os
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.definitions import defs
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.platform.control_room import control_room


class Cells(HTMLParser):
    """The text of each table cell, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data.strip()


def send(platform: PlatformHome, month: int, day: int, client: str = "Client_09") -> None:
    """A file that came on this day of the next month."""
    path = platform.drop("отчёт.csv", f"{month}".encode(), client, month)
    moment = datetime(2025, month + 1, day, 12, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))


@pytest.fixture
def sent(platform: PlatformHome) -> PlatformHome:
    """A client that sends by the 3rd and has not sent June; another one that has."""
    for month in (2, 3, 4, 5):
        send(platform, month, 3)
        send(platform, month, 3, "Client_10")
    send(platform, 6, 4, "Client_10")
    platform.command("scan")
    return platform


def of(document: Any, client: str) -> dict[str, Any]:
    (found,) = [item for item in document["deliveries"] if item["client"] == f"Дистрибьюторы/{client}"]
    return dict(found)


def test_who_is_late_is_told_with_what_is_usual(sent: PlatformHome) -> None:
    document = sent.command("missing", "--month", "2025-06")
    assert document["month"] == "2025-06"
    late = of(document, "Client_09")
    assert (late["state"], late["files"], late["due"]) == ("late", 0, "2025-07-06")
    assert late["usual"] == "2025-07-03, by 4 earlier months"
    assert (of(document, "Client_10")["state"], of(document, "Client_10")["first"]) == ("sent", "2025-07-04")
    assert of(document, "Client_01")["state"] == "nothing sent, nothing usual", "it has a layout, so it is expected"

    shown = CliRunner().invoke(app, ["missing", "--month", "2025-06"]).stdout
    assert "Client_09" in shown
    assert "Client_10" not in shown
    assert shown.strip().endswith("2025-06: 1 of 5 deliveries are wanting.")
    assert "Client_10" in CliRunner().invoke(app, ["missing", "--month", "2025-06", "--all"]).stdout
    assert CliRunner().invoke(app, ["missing", "--month", "июнь"]).exit_code == 2


def test_it_is_exported_for_people(sent: PlatformHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_LANGUAGE", "ru")
    files = {name: tmp_path / f"долги.{name}" for name in ("csv", "xlsx", "html")}
    options = [part for name, file in files.items() for part in (f"--{name}", str(file))]
    document = sent.command("missing", "--month", "2025-06", *options)
    expected = [[item["client"], item["report_type"], item["files"]] for item in document["deliveries"]]

    assert files["csv"].read_bytes().startswith("\ufeff".encode())
    with files["csv"].open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    assert [[row["client"], row["report_type"], int(row["files"])] for row in rows] == expected
    table = pd.read_excel(files["xlsx"])
    assert table[["client", "report_type", "files"]].to_numpy().tolist() == expected

    page = files["html"].read_text(encoding="utf-8")
    assert '<html lang="ru">' in page
    assert "http" not in page, "nothing comes from elsewhere"
    cells = Cells()
    cells.feed(page)
    header, *body = cells.rows
    assert header[:3] == ["клиент", "тип отчёта", "состояние"]
    assert [[row[0], row[1], int(row[5])] for row in body] == expected
    assert {row[0]: row[2] for row in body}["Дистрибьюторы/Client_09"] == "просрочен"


def test_the_page_takes_no_name_for_markup(platform: PlatformHome, tmp_path: Path) -> None:
    platform.home.mkdir()
    (platform.home / "pharma.toml").write_text('[tree]\nclients = ["<b>Client & Co"]\n', encoding="utf-8")
    platform.drop("a.csv", b"x", client="<b>Client & Co")
    platform.command("scan")
    platform.command("missing", "--month", "2025-06", "--html", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert html.escape("Дистрибьюторы/<b>Client & Co") in page
    assert "<b>" not in page


def test_the_check_shows_the_table_and_fails_while_somebody_is_late(sent: PlatformHome) -> None:
    with control_room(sent.home) as room:

        def check(month: str) -> None:
            defs.resolve_job_def("deliveries_job").execute_in_process(
                instance=room.instance,
                run_config={"ops": {"file_registry_deliveries": {"config": {"month": month}}}},
            )

        query = """{ assetCheckExecutions(assetKey: {path: ["file_registry"]}, checkName: "deliveries", limit: 1) {
            status evaluation { severity description metadataEntries { label
            ... on TableMetadataEntry { table { records } } ... on JsonMetadataEntry { jsonString } } } } }"""
        check("2025-06")
        (answer,) = room.ask(query)["assetCheckExecutions"]
        entries = {entry["label"]: entry for entry in answer["evaluation"]["metadataEntries"]}
        assert (answer["status"], answer["evaluation"]["severity"]) == ("FAILED", "WARN")
        (wanting,) = map(json.loads, entries["wanting"]["table"]["records"])
        assert (wanting["client"], wanting["state"]) == ("Дистрибьюторы/Client_09", "late")
        assert json.loads(entries["counts"]["jsonString"])["sent"] == 1

        send(sent, 6, 5)
        sent.command("scan")
        check("2025-06")
        assert room.ask(query)["assetCheckExecutions"][0]["status"] == "SUCCEEDED"
