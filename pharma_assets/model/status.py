"""The five states of a file in `ops.file_registry`."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """NEW: not touched yet. PROCESSING: being worked on, or waiting for a transform (`NO_SCRIPT_FOUND`). CREATED: its
    normalized report is ready. ERROR: it has a transform, which failed. DELETE: it has gone from the inbox."""

    NEW = "NEW"
    PROCESSING = "PROCESSING"
    ERROR = "ERROR"
    CREATED = "CREATED"
    DELETE = "DELETE"
