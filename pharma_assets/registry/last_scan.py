"""The latest look at the inbox, for those who watch whether there is one."""

from __future__ import annotations

from sqlalchemy import Engine, text

from pharma_assets.registry.scan import ScanResult


def note_scan(engine: Engine, result: ScanResult) -> None:
    """Write down that the inbox was looked at now, and what that came to."""
    with engine.begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO ops.last_scan (at, seconds, seen, added, problems, complete)
                VALUES (now(), :seconds, :seen, :added, :problems, :complete)
                ON CONFLICT (one) DO UPDATE SET at = excluded.at, seconds = excluded.seconds, seen = excluded.seen,
                    added = excluded.added, problems = excluded.problems, complete = excluded.complete
                """
            ),
            {
                "seconds": result.seconds,
                "seen": result.seen,
                "added": result.added,
                "problems": len(result.problems),
                "complete": result.complete,
            },
        )
