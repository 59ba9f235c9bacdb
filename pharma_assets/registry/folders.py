"""What the scan remembers of leaf folders, in `ops.inbox_folder`: which of them need not be listed again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Connection, text

from pharma_assets.database.connect import psycopg_connection
from pharma_assets.database.copy_format import escaped

SWEEP = 24
"""Every leaf folder is listed once in so many scans: writing a file in place does not move its folder's time."""


class FolderState(NamedTuple):
    """A leaf folder after it was listed. `modified_ns` is None where it must be listed again at the next scan."""

    folder: str
    modified_ns: int | None
    files: int
    filtered: int


@dataclass(frozen=True)
class Remembered:
    """The leaf folders of earlier scans.

    `quiet`: `folder/modified_ns` of those that may be passed over while that is still their time. `others`: the rest,
    as they were.
    """

    quiet: frozenset[str]
    others: Mapping[str, FolderState]

    def knows(self, folder: str) -> bool:
        return folder in self.others or folder in self.names

    @cached_property
    def names(self) -> frozenset[str]:
        """All of them."""
        return frozenset(self.others).union(place.rpartition("/")[0] for place in self.quiet)

    def missing(self, leaves: Collection[str]) -> list[str]:
        """The remembered folders that are not among `leaves`."""
        return sorted(self.names.difference(leaves))


_NULL = r"\N"

# With a file that is due, or that waits for a better version of itself.
_BUSY = """
    SELECT DISTINCT regexp_replace(file_path, '/[^/]*$', '') AS folder FROM ops.file_registry
    WHERE status IN ('NEW', 'ERROR') AND error_reason IS DISTINCT FROM 'BACKLOG'
       OR status = 'PROCESSING' AND error_reason IS NULL
"""


def remembered(connection: Connection, *, trusting: bool) -> Remembered:
    """The folders as this scan may use them; none is quiet where their times cannot be trusted. Counts the scan."""
    number = connection.scalar(text("SELECT nextval('ops.scan_number')")) or 0
    # Folders of this scan's slice are listed, and those with a file that is due, whose changes must not wait so long.
    # Such a folder may have been forgotten: a person can release a file that has gone with it.
    # One long text: a row for each folder would take longer to fetch than looking at all the folders.
    query = f"""
        WITH busy AS ({_BUSY}), state AS (
            SELECT *, NOT :trusting OR modified_ns IS NULL OR (hashtext(folder) & 2147483647) % :sweep = :slice
                      OR folder IN (SELECT folder FROM busy) AS listed
            FROM ops.inbox_folder
        )
        SELECT NULL, string_agg(folder || '/' || modified_ns, '//'), NULL, NULL FROM state WHERE NOT listed
        UNION ALL
        SELECT folder, modified_ns::text, files, filtered FROM state WHERE listed
        UNION ALL
        SELECT folder, NULL, 0, 0 FROM busy
        WHERE NOT EXISTS (SELECT FROM ops.inbox_folder f WHERE f.folder = busy.folder)
    """  # noqa: S608
    rows = connection.execute(text(query), {"trusting": trusting, "sweep": SWEEP, "slice": number % SWEEP}).all()
    others = {
        folder: FolderState(folder, None if modified_ns is None else int(modified_ns), files, filtered)
        for folder, modified_ns, files, filtered in rows[1:]
    }
    return Remembered(frozenset(rows[0][1].split("//")) if rows[0][1] else frozenset(), others)


def remember(connection: Connection, states: Sequence[FolderState]) -> None:
    """Keep what was found in these folders. The caller leaves out those that are as they were."""
    if not states:
        return
    connection.execute(text("CREATE TEMP TABLE listed (LIKE ops.inbox_folder INCLUDING DEFAULTS) ON COMMIT DROP"))
    with (
        psycopg_connection(connection).cursor() as cursor,
        cursor.copy("COPY listed (folder, modified_ns, files, filtered) FROM STDIN") as copy,
    ):
        lines = [
            f"{escaped(state.folder)}\t{_NULL if state.modified_ns is None else state.modified_ns}"
            f"\t{state.files}\t{state.filtered}\n"
            for state in states
        ]
        copy.write("".join(lines))
    connection.execute(
        text(
            """
            INSERT INTO ops.inbox_folder SELECT * FROM listed
            ON CONFLICT (folder) DO UPDATE SET modified_ns = excluded.modified_ns, files = excluded.files,
                filtered = excluded.filtered, listed_at = excluded.listed_at
            """
        )
    )
    connection.execute(text("DROP TABLE listed"))


def forget(connection: Connection, folders: Sequence[str]) -> None:
    """Folders that are no longer there."""
    connection.execute(text("DELETE FROM ops.inbox_folder WHERE folder = ANY(:folders)"), {"folders": list(folders)})


def counted(connection: Connection) -> tuple[int, int]:
    """How many files are in all leaf folders, and how many of them are no reports by their name."""
    query = "SELECT coalesce(sum(files), 0), coalesce(sum(filtered), 0) FROM ops.inbox_folder"
    files, filtered = connection.execute(text(query)).one()
    return int(files), int(filtered)
