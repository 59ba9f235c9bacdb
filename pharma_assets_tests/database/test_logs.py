"""Structured log lines: what they are about, and nothing that a report says of people."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pharma_assets.logs import ROOT, JsonFormatter, about, masked, write_logs
from pharma_assets_tests.database.house import HEADER, House, opened_house


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    with opened_house(tmp_path, database) as house:
        yield house


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the platform's loggers write as JSON."""
    write_logs("json")
    (handler,) = logging.getLogger(ROOT).handlers
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    handler.setStream(written)
    yield written
    write_logs("text")


def parsed(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_each_file_has_a_line_with_its_fields(house: House, lines: io.StringIO) -> None:
    house.drop("хорошо.csv")
    house.drop("пусто.csv", "")
    house.tick()
    by_file = {line["file_id"]: line for line in parsed(lines) if "file_id" in line}
    assert len(by_file) == 2
    for line in by_file.values():
        assert (line["run_id"], line["client"], line["month"]) == ("test", "Дистрибьюторы/Client_01", "2025-06")
        assert line["logger"] == "pharma_assets.loading.client_month"
        assert line["time"].endswith("+00:00")
    (failed,) = [line for line in by_file.values() if "code" in line]
    assert (failed["code"], failed["message"]) == ("EMPTY_FILE", "the file was not taken in")
    (taken,) = [line for line in by_file.values() if "code" not in line]
    assert (taken["rows_read"], taken["rows_loaded"]) == (2, 2)


def test_nothing_of_a_report_is_in_a_line(house: House, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("row: Иванов Иван, 770708389312")

    monkeypatch.setattr("pharma_assets.loading.report.normalize", fail)
    house.drop("отчёт 7707083893.csv", HEADER + "02.06.2025;Иванов;1\n")
    house.tick()
    (line,) = [line for line in parsed(lines) if "exception" in line]
    assert line["exception"] == "RuntimeError"
    assert any("ingest.py" in place for place in line["at"])
    assert line["file_id"] == 1
    for secret in ("Иванов", "7707083893", "770708389312"):
        assert secret not in lines.getvalue()


def test_facts_end_with_their_block(lines: io.StringIO) -> None:
    logger = logging.getLogger(f"{ROOT}.test")
    with about(run_id="1"):
        with about(file_id=2):
            logger.info("inner")
        logger.info("outer")
    logger.info("none")
    assert [{name: line.get(name) for name in ("run_id", "file_id")} for line in parsed(lines)] == [
        {"run_id": "1", "file_id": 2},
        {"run_id": "1", "file_id": None},
        {"run_id": None, "file_id": None},
    ]


def test_choosing_a_form_again_changes_nothing_and_text_is_pythons_own() -> None:
    logger = logging.getLogger(ROOT)
    try:
        write_logs("json")
        write_logs("json")
        assert [type(handler.formatter) for handler in logger.handlers] == [JsonFormatter]
    finally:
        write_logs("text")
    assert (logger.handlers, logger.propagate, logger.level) == ([], True, logging.NOTSET)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ИНН 7707083893, 770708389312", "ИНН 77********, 77********"),
        ("123456789 12345678901 1234567890123", "123456789 12345678901 1234567890123"),
        ("20250620_120000", "20250620_120000"),
    ],
)
def test_inns_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
