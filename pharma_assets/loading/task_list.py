"""The run's task list as a file, for people and for scripts (CONTRACT §4)."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Sequence

from sqlalchemy import text

from pharma_assets.files import replace_atomically
from pharma_assets.loading.platform import Platform
from pharma_assets.model.client_month import Client
from pharma_assets.model.provider import Provider
from pharma_assets.registry.files import RegisteredFile

logger = logging.getLogger(__name__)

NO_TASKS = "NO_TASKS"
COLUMNS = (
    "id",
    "file_path",
    "status",
    "data_provider",
    "report_year",
    "report_month",
    "client_name",
    "report_type",
    "uploaded_at",
    "created_at",
    "script",
)


def write_task_list(platform: Platform, due: Sequence[RegisteredFile]) -> bool:
    """Write what is due into `Reestr/new_files_registry.csv`, the oldest first; whether the file had to be written.

    One row with the status NO_TASKS where nothing is due. It is a help and nothing depends on it: where it cannot be
    written, a warning is logged and the next tick tries again.
    """
    content = _rendered(platform, due)
    path = platform.settings.task_list
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_atomically(path) as draft:
            draft.write_bytes(content)
    except OSError as error:
        logger.warning("%s could not be written: %s", path, error)
        return False
    return True


def _rendered(platform: Platform, due: Sequence[RegisteredFile]) -> bytes:
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_tasks(platform, due) or [[NO_TASKS if name == "status" else "" for name in COLUMNS]])
    return target.getvalue().encode("utf-8-sig")


def _tasks(platform: Platform, due: Sequence[RegisteredFile]) -> list[list[object]]:
    if not due:
        return []
    names = ", ".join(COLUMNS[:-1])
    query = f"""
        SELECT {names} FROM ops.file_registry JOIN unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS due (id, place)
        USING (id) ORDER BY place
    """  # noqa: S608
    transforms = platform.transforms.by_client
    with platform.engine.connect() as connection:
        rows = connection.execute(text(query), {"ids": [file.id for file in due]}).all()
    tasks: list[list[object]] = []
    for *columns, uploaded_at, created_at in rows:
        times = [
            moment and f"{moment.astimezone(platform.timezone):%Y-%m-%d %H:%M:%S%z}"
            for moment in (uploaded_at, created_at)
        ]
        transform = transforms.get(Client(Provider(columns[3]), columns[6]))
        tasks.append([*columns, *times, transform.file.as_posix() if transform else ""])
    return tasks
