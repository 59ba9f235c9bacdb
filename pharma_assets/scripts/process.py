"""Running a command as a script is run: supervised, within its limits, heard line by line."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pharma_assets
from pharma_assets.scripts.output import Output

SUPERVISOR = "pharma_assets.scripts.supervisor"

_CHUNK = 1 << 16
_WAITING_CHUNKS = 16
# How much longer than the script the supervisor may take before it is killed itself.
_GRACE_SECONDS = 60.0
_LAST_SECONDS = 10.0
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH")


class LaunchFailed(Exception):
    """The command could not be started, or its supervisor has died; the text says why."""


@dataclass(frozen=True)
class Limits:
    """How long a script may run, how much memory each of its processes may take, how large a file it may write."""

    seconds: float
    memory_mb: int
    output_mb: int


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (of a signal, its negative number), whether its time was over, and the end of
    what it said."""

    code: int
    timed_out: bool
    tail: str


def run_supervised(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    limits: Limits,
    tell: Callable[[str], None],
) -> Ended:
    """Run a command in a folder with this environment and no other, and wait for its end.

    `tell` gets each line that it writes, in the calling thread. When this returns or raises, or when this process dies,
    nothing that the command has started is left. Raises LaunchFailed.
    """
    try:
        supervisor = _start()
    except OSError as error:
        raise LaunchFailed(str(error)) from error
    output = Output(tell)
    hearing = _Hearing(supervisor)
    try:
        order = {"command": list(command), "folder": str(folder), "environment": dict(environment), **vars(limits)}
        with suppress(BrokenPipeError):
            _stream(supervisor.stdin).write(json.dumps(order).encode() + b"\n")
            _stream(supervisor.stdin).flush()
        hearing.feed(output, time.monotonic() + limits.seconds + _GRACE_SECONDS)
    finally:
        answer = hearing.end()
    output.close()
    verdict: dict[str, Any] = (
        json.loads(answer) if answer else {"failed": f"its supervisor has died: {output.tail or '–'}"}
    )
    if "failed" in verdict:
        raise LaunchFailed(verdict["failed"])
    return Ended(verdict["code"], verdict["timed_out"], output.tail)


def _start() -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(Path(pharma_assets.__file__).parent.parent), *filter(None, sys.path)])
    known = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", SUPERVISOR],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**known, "PYTHONPATH": path},
        start_new_session=True,
    )


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("a process without pipes")
    return stream


class _Hearing:
    """Fetches what a script writes, in a thread of its own, for pipes cannot be waited for with a time limit on every
    system."""

    def __init__(self, supervisor: subprocess.Popen[bytes]) -> None:
        self._supervisor = supervisor
        self._chunks: queue.Queue[bytes] = queue.Queue(_WAITING_CHUNKS)
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._fetch, daemon=True)
        self._thread.start()

    def feed(self, output: Output, deadline: float) -> None:
        """Feed the output until nothing more comes, or the deadline."""
        while (left := deadline - time.monotonic()) > 0:
            try:
                chunk = self._chunks.get(timeout=min(left, 1.0))
            except queue.Empty:
                if self._supervisor.poll() is not None:
                    return  # where processes can outlive it, one may still hold the pipe
                continue
            if not chunk:
                return
            output.feed(chunk)

    def end(self) -> bytes:
        """Let go of the supervisor, which then kills what is left, or else is killed; returns its answer."""
        self._given_up.set()
        with suppress(OSError):
            _stream(self._supervisor.stdin).close()
        try:
            self._supervisor.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        with _stream(self._supervisor.stdout) as told:
            answer = told.read()
        self._thread.join(1.0)
        if not self._thread.is_alive():
            _stream(self._supervisor.stderr).close()
        return answer

    def _fetch(self) -> None:
        said = _stream(self._supervisor.stderr).fileno()
        while chunk := os.read(said, _CHUNK):
            while not self._given_up.is_set():
                with suppress(queue.Full):
                    self._chunks.put(chunk, timeout=1.0)
                    break
        if not self._given_up.is_set():
            self._chunks.put(b"")
