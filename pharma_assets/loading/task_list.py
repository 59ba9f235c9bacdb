"""The run's task list as a file, for people and for scripts (CONTRACT §4)."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import text

from pharma_assets.files import replace_atomically
from pharma_assets.loading.platform import Platform
from pharma_assets.registry.files import RegisteredFile
from pharma_assets.scripts.task import COLUMNS, Task, render_tasks

logger = logging.getLogger(__name__)

NO_TASKS = "NO_TASKS"


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
    rows = [task.row(_transform_file(platform, file)) for file, task in zip(due, tasks_of(platform, due), strict=True)]
    return render_tasks(rows or [[NO_TASKS if name == "status" else "" for name in COLUMNS]])


def tasks_of(platform: Platform, files: Sequence[RegisteredFile]) -> list[Task]:
    """The files as the records that scripts know."""
    if not files:
        return []
    query = text("SELECT id, created_at FROM ops.file_registry WHERE id = ANY(:ids)")
    with platform.engine.connect() as connection:
        created = {row.id: row.created_at for row in connection.execute(query, {"ids": [file.id for file in files]})}
    return [
        Task(
            id=file.id,
            path=file.path,
            client_month=file.client_month,
            report_type=file.report_type,
            status=file.status,
            uploaded_at=file.uploaded_at.astimezone(platform.timezone),
            created_at=moment.astimezone(platform.timezone) if (moment := created.get(file.id)) else None,
        )
        for file in files
    ]


def _transform_file(platform: Platform, file: RegisteredFile) -> str:
    transform = platform.transforms.get(file.client_month.client, file.report_type, file.client_month.first_day)
    return transform.file.as_posix() if transform else ""
