"""What client scripts say, in the log of the run that runs them.

Not by Dagster's PipesSubprocessClient: it gives a process all of this one's environment, secrets too, knows neither a
time limit nor the children of the process, and shows only what a script tells by Pipes' own library; and it must be
called with a context of Dagster's, where everything below `defs` runs without Dagster.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pharma_assets.scripts.run import said


class _Forward(logging.Handler):
    """Hands records of the thread that has made it on to another logger; a run's work stays in one thread."""

    def __init__(self, log: logging.Logger) -> None:
        super().__init__(logging.INFO)
        self._log = log
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._log.log(record.levelno, "%s", record.getMessage())


@contextmanager
def scripts_are_heard(log: logging.Logger) -> Iterator[None]:
    """Have every line that a script of this thread says in `log`, as it is said, while the block lasts."""
    forward = _Forward(log)
    said.setLevel(logging.INFO)
    said.addHandler(forward)
    try:
        yield
    finally:
        said.removeHandler(forward)
