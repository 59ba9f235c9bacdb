"""Paths that have no place in the tree, kept in `ops.path_problem` where people can query them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from pharma_assets.inbox.walk import PathProblem


def keep_problems(connection: Connection, problems: Sequence[PathProblem]) -> None:
    """Write down what could not be placed."""
    if not problems:
        return
    connection.execute(
        text(
            """
            INSERT INTO ops.path_problem AS p (path, code, message, first_seen, last_seen)
            SELECT DISTINCT ON (path) path, code, message, now(), now()
            FROM unnest(CAST(:paths AS text[]), CAST(:codes AS text[]), CAST(:messages AS text[]))
                AS n (path, code, message)
            ON CONFLICT (path) DO UPDATE
            SET code = excluded.code, message = excluded.message, last_seen = excluded.last_seen
            """
        ),
        {
            "paths": [problem.path for problem in problems],
            "codes": [problem.code for problem in problems],
            "messages": [problem.message for problem in problems],
        },
    )


def forget_problems(connection: Connection, before: datetime) -> None:
    """Forget those that were last seen before this moment, when a scan that saw everything began."""
    connection.execute(text("DELETE FROM ops.path_problem WHERE last_seen < :before"), {"before": before})
