"""The moments of a process's work at which it can be killed: steps, statements, commits, changes of the file system.

They are counted, so that the same number means the same moment in every run over the same files.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from pharma_assets.loading import client_month, ingest
from pharma_assets.loading.ingest import Step
from pharma_assets.registry.files import RegisteredFile

_FILE_SYSTEM = ("open", "os.rename", "os.mkdir", "os.remove", "os.scandir", "os.listdir")


class Moments:
    """Counts the moments of this process from `install` on, and kills it with SIGKILL at the one numbered `fatal`.

    `only` narrows the counting to moments whose name begins so. Not to be installed twice in a process.
    """

    def __init__(self, fatal: int | None, only: str = "", folders: tuple[str, ...] = ()) -> None:
        self.fatal = fatal
        self.only = only
        self.names: list[str] = []
        self._folders = folders

    def pass_by(self, name: str) -> None:
        if not name.startswith(self.only):
            return
        self.names.append(name)
        if len(self.names) == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        def reached(file: RegisteredFile, step: Step) -> None:
            self.pass_by(f"step {step.value}")

        ingest.reached = reached
        vars(client_month)["reached"] = reached
        event.listen(Engine, "before_cursor_execute", self._statement("before"))
        event.listen(Engine, "after_cursor_execute", self._statement("after"))
        event.listen(Engine, "commit", lambda connection: self.pass_by("commit"))
        event.listen(Engine, "checkin", lambda connection, record: self.pass_by("connection given back"))
        _patch_copy(lambda: self.pass_by("copy"))
        sys.addaudithook(self._audit)

    def _statement(self, when: str) -> Callable[..., None]:
        def listener(
            connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: Any
        ) -> None:
            self.pass_by(f"{when} {' '.join(statement.split())[:60]}")

        return listener

    def _audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in _FILE_SYSTEM and str(arguments[0]).startswith(self._folders):
            self.pass_by(f"{name} {os.path.basename(str(arguments[0]))}")  # noqa: PTH119 - a Path would be audited


def _patch_copy(pass_by: Callable[[], None]) -> None:
    plain = psycopg.Copy.write

    def write(self: psycopg.Copy, buffer: Any) -> None:
        pass_by()
        plain(self, buffer)

    psycopg.Copy.write = write  # type: ignore[method-assign]


def spread(rng: Any, count: int, total: int) -> Iterator[int]:
    """`count` numbers of 1…`total`, one at random from each of as many equal stretches."""
    for place in range(count):
        first = place * total // count
        yield rng.randint(first + 1, max(first + 1, (place + 1) * total // count))
