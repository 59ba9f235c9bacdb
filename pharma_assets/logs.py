"""The platform's log lines: what they are about as fields, and how they are written (PHARMA_LOG_FORMAT).

As JSON a line holds no text out of a file's cells: an exception is told by its type and place, since its message may
quote a row.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

ROOT = "pharma_assets"

_FACTS: ContextVar[dict[str, object]] = ContextVar("pharma_facts", default={})  # noqa: B039 - never changed in place
# A person's INN has 12 digits, a firm's 10.
_INN = re.compile(r"(?<!\d)(\d{2})(?:\d{8}|\d{10})(?!\d)")


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Let every line of the block say what it is about: run_id, client, month, file_id, code."""
    token = _FACTS.set({**_FACTS.get(), **facts})
    try:
        yield
    finally:
        _FACTS.reset(token)


def masked(text: str) -> str:
    """The text with the digits of every INN but its region replaced."""
    return _INN.sub(r"\1********", text)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
            **_FACTS.get(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line, ensure_ascii=False, default=str)


def write_logs(form: Literal["text", "json"]) -> None:
    """Write this process's lines in this form. As text they are Python's, and Dagster's, affair."""
    logger = logging.getLogger(ROOT)
    ours = [handler for handler in logger.handlers if isinstance(handler.formatter, JsonFormatter)]
    if form == "text":
        for handler in ours:
            logger.removeHandler(handler)
        if ours:
            logger.propagate = True
            logger.setLevel(logging.NOTSET)
    elif not ours:
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
