"""What the scan remembers of each folder, in `ops.inbox_folder`: which of them need not be listed again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

from pharma_assets.database.connect import psycopg_connection
from pharma_assets.database.copy_format import escaped

SWEEP = 96
"""Every folder is listed once in so many scans, which are a day's: a write in place does not move its folder's time."""


class FolderState(NamedTuple):
    """A folder after it was listed. `modified_ns` is None where it must be listed again at the next scan.

    A folder that was only heard of is remembered so too: that is where a scan that ran out of time goes on.
    """

    folder: str
    modified_ns: int | None
    files: int
    filtered: int


@dataclass(frozen=True)
class Remembered:
    """The folders of earlier scans.

    `calm`: those that need not be listed while their modification time is still this one. `others`: the rest, as they
    were.
    """

    calm: Mapping[str, int]
    others: Mapping[str, FolderState]

    def knows(self, folder: str) -> bool:
        return folder in self.others or folder in self.calm

    def unlisted(self, still: Collection[str]) -> list[str]:
        """The remembered folders that must be listed, when `still` are those of the calm ones that have not changed."""
        return [*self.others, *(folder for folder in self.calm if folder not in still)]


_NULL = r"\N"

# With a file that is due, or that waits for a better version of itself.
_BUSY = """
    SELECT DISTINCT regexp_replace(file_path, '/[^/]*$', '') AS folder FROM ops.file_registry
    WHERE status IN ('NEW', 'ERROR') AND error_reason IS DISTINCT FROM 'BACKLOG'
       OR status = 'PROCESSING' AND error_reason IS NULL
"""


def remembered(connection: Connection) -> Remembered:
    """The folders as this scan may use them. Counts the scan."""
    number = connection.scalar(text("SELECT nextval('ops.scan_number')")) or 0
    # Folders of this scan's slice are listed, and those with a file that is due, whose changes must not wait so long.
    # Such a folder may have been forgotten: a person can release a file that has gone with it.
    # Two long texts: a row for each folder would take longer to fetch than looking at all the folders.
    query = f"""
        WITH busy AS ({_BUSY})
        SELECT string_agg(folder, '//'), string_agg(modified_ns::text, ','), NULL, NULL FROM ops.inbox_folder
        WHERE modified_ns IS NOT NULL
        UNION ALL
        SELECT folder, NULL, files, filtered FROM ops.inbox_folder
        WHERE modified_ns IS NULL OR (hashtext(folder) & 2147483647) % :sweep = :slice
           OR folder IN (SELECT folder FROM busy)
        UNION ALL
        SELECT folder, NULL, 0, 0 FROM busy
        WHERE NOT EXISTS (SELECT FROM ops.inbox_folder f WHERE f.folder = busy.folder)
    """  # noqa: S608
    (folders, times, _, _), *rows = connection.execute(text(query), {"sweep": SWEEP, "slice": number % SWEEP}).all()
    calm = dict(zip(folders.split("//"), map(int, times.split(",")), strict=True)) if folders else {}
    others = {
        folder: FolderState(folder, calm.pop(folder, None), files, filtered) for folder, _, files, filtered in rows
    }
    return Remembered(calm, others)


def remember(connection: Connection, states: Sequence[FolderState]) -> None:
    """Keep what was found in these folders, each named once. The caller leaves out those that are as they were."""
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
    """How many files are in all folders, and how many of them are no reports by their name."""
    query = "SELECT coalesce(sum(files), 0), coalesce(sum(filtered), 0) FROM ops.inbox_folder"
    files, filtered = connection.execute(text(query)).one()
    return int(files), int(filtered)
