"""Worker processes to be killed: a template process has imported everything and forks one for each order.

An order is done as production does it, but for Dagster: scan, ask what is due, work on each client-month.
`Worker` is the door; the rest runs in the template and its children.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, cast

from pharma_assets.errors import PharmaError
from pharma_assets.intake import scan_rules, take_in
from pharma_assets.loading.client_month import Work, work_on
from pharma_assets.loading.platform import Platform, open_platform
from pharma_assets.model.client_month import ClientMonth
from pharma_assets.reading.document import read_document
from pharma_assets.reading.guard import GuardedReader
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document
from pharma_assets.registry.scan import scan
from pharma_assets.settings import Settings

WHOLE = Work.NORMALIZE | Work.LOAD
_ROOT = Path(__file__).parents[2]
_ORPHAN_SECONDS = 10
_SUBREAPER = 36


@dataclass(frozen=True)
class Order:
    """What a worker process is to do.

    `action`: "tick", "scan", "rebuild" (of `client_month`, a partition key), or "loop": ticks until the file `until`
    is there. It is killed at the moment numbered `fatal` of those whose name begins with `only`, or `after` so many
    seconds. `guarded`: read in a process of its own, as in production; starting it takes longer than all the rest.
    """

    settings: dict[str, Any]
    action: str = "tick"
    client_month: str = ""
    until: str = ""
    fatal: int | None = None
    only: str = ""
    after: float | None = None
    guarded: bool = True
    name_moments: bool = False


@dataclass(frozen=True)
class Report:
    """How it ended. `orphans`: reading processes that outlived it. `errors`: what each client-month ended with."""

    killed: bool
    orphans: int = 0
    requests: int = 0
    errors: list[str] = field(default_factory=list)
    moments: int = 0
    names: list[str] = field(default_factory=list)
    seconds: float = 0.0
    crash: str = ""

    @property
    def quiet(self) -> bool:
        """Whether there was nothing to do, and nothing went wrong."""
        return not (self.killed or self.requests or self.errors or self.crash)


class PlainReader(GuardedReader):
    """Reads in this process."""

    def __init__(self) -> None:
        super().__init__(0, 0)

    def start(self) -> None:
        pass

    def read(self, content: bytes | BinaryIO, hints: Hints = NO_HINTS) -> tuple[Document, str]:
        read = content if isinstance(content, bytes) else content.read()
        return read_document(read, hints), hashlib.sha256(read).hexdigest()


class Worker:
    """One process at a time, forked from a template that starts once."""

    def __init__(self) -> None:
        self._template = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path])},
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._requests.close()
        self._template.wait()
        self._answers.close()

    @property
    def _requests(self) -> IO[str]:
        return cast("IO[str]", self._template.stdin)

    @property
    def _answers(self) -> IO[str]:
        return cast("IO[str]", self._template.stdout)

    def start(self, order: Order) -> None:
        """Start a process; `finish` must be called before the next one."""
        self._requests.write(json.dumps(asdict(order)) + "\n")
        self._requests.flush()

    def finish(self) -> Report:
        """Wait for the process to end."""
        line = self._answers.readline()
        if not line:
            raise RuntimeError("the template process has ended")
        return Report(**json.loads(line))

    def run(self, order: Order) -> Report:
        self.start(order)
        return self.finish()


def settings_of(fields: dict[str, Any]) -> Settings:
    """The settings of an order; the inbox is looked at anew at each tick."""
    return Settings(**fields, settle_seconds=0)


def tick(platform: Platform) -> tuple[int, list[str]]:
    """One tick; returns how many client-months were asked for, and what went wrong with any.

    Like runs of Dagster, each client-month is worked on whatever became of the others.
    """
    errors = []
    requests = take_in(platform, "tick").requests
    for request in requests:
        try:
            work_on(platform, request.client_month, "tick", WHOLE, rebuild=False)
        except Exception as error:
            errors.append(_named(error))
    return len(requests), errors


def _named(error: Exception) -> str:
    if isinstance(error, PharmaError):
        return error.code
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {str(cause).strip().splitlines()[0] if str(cause).strip() else ''}"


@contextmanager
def opened(order: Order) -> Iterator[Platform]:
    with open_platform(settings_of(order.settings)) as platform:
        yield platform if order.guarded else replace(platform, reader=PlainReader())


def _carry_out(order: Order) -> tuple[int, list[str]]:
    try:
        if order.action == "loop":
            return _loop(order)
        with opened(order) as platform:
            if order.action == "tick":
                return tick(platform)
            if order.action == "scan":
                scan(platform.engine, platform.inbox, scan_rules(platform.settings), "scan")
            else:
                work_on(platform, ClientMonth.of_key(order.client_month), "rebuild", WHOLE, rebuild=True)
            return 0, []
    except Exception as error:
        return 0, [_named(error)]


def _loop(order: Order) -> tuple[int, list[str]]:
    requests, errors = 0, []
    while not Path(order.until).exists():
        try:
            with opened(order) as platform:
                while not Path(order.until).exists():
                    more, wrong = tick(platform)
                    requests += more
                    errors += wrong
        except Exception as error:
            errors.append(_named(error))
            time.sleep(0.05)
    return requests, errors


def _child(order: Order, answer: int) -> None:
    from pharma_assets_tests.faults.moments import Moments  # noqa: PLC0415 - only the child is hooked

    started = time.monotonic()
    folders = (str(order.settings["home"]), str(order.settings["inbox"]))
    moments = Moments(order.fatal, order.only, folders)
    moments.install()
    requests, errors = _carry_out(order)
    names = moments.names if order.name_moments else []
    report = Report(False, 0, requests, errors, len(moments.names), names, time.monotonic() - started)
    os.write(answer, json.dumps(asdict(report)).encode())


def _fork(order: Order) -> Report:
    with tempfile.TemporaryFile() as answer:
        pid = os.fork()
        if pid == 0:
            try:
                _child(order, answer.fileno())
            except BaseException:
                os.write(answer.fileno(), json.dumps(asdict(Report(False, crash=traceback.format_exc()))).encode())
            finally:
                os._exit(0)
        watch = os.pidfd_open(pid)
        poll = select.poll()
        poll.register(watch, select.POLLIN)
        if order.after is not None and not poll.poll(order.after * 1000):
            # It has not been waited for, so the number is still its own.
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        os.close(watch)
        orphans = _orphans()
        if os.WIFSIGNALED(status):
            return Report(killed=True, orphans=orphans)
        answer.seek(0)
        return replace(Report(**json.loads(answer.read())), orphans=orphans)


def _orphans() -> int:
    """How many processes of the one that ended have not followed it."""
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0
        if pid == 0:
            if time.monotonic() > deadline:
                return 1
            time.sleep(0.002)


def main() -> None:
    """The template: take orders from standard input until it ends."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    for line in sys.stdin:
        print(json.dumps(asdict(_fork(Order(**json.loads(line))))), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
