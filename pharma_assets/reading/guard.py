"""Reading in a process of its own, under a memory and a time limit: nothing that a file holds takes the platform down.

The process is kept warm, for starting one costs more than reading most files. When a file kills it, a new one takes its
place and the file gets a second chance with engines in pure Python only; then its error is final.

    with GuardedReader(seconds=300, memory_mb=4096) as reader:
        document, digest = reader.read(content, hints)
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO

import pharma_assets
from pharma_assets.errors import PharmaError
from pharma_assets.files import reading_error
from pharma_assets.reading import wire
from pharma_assets.reading.hints import NO_HINTS, Hints
from pharma_assets.reading.sheet import Document

WORKER = "pharma_assets.reading.worker"

_CHUNK = 1 << 20
_PIPE_BYTES = 1 << 20
_LAST_WORDS = 2000
_LAST_BREATH = 2.0
# Problems after which the child is not fit for the next file: half a request is in its pipe, or its memory in pieces.
_AFTERMATH = ("FILE_CHANGING", "FILE_GONE", "LOCKED", "RESOURCE_LIMIT")
# What a child needs of the environment; no secret of ours is its business.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH")


class _Died(Exception):
    """The process ended in the middle of a file; `why` for people, `memory` if that is what it was short of."""

    def __init__(self, why: str, *, memory: bool) -> None:
        self.why = why
        self.memory = memory


class GuardedReader:
    """Reads documents one at a time in a child process, which it starts when it is first needed. Safe to share between
    threads, not to be taken through a fork."""

    def __init__(self, seconds: float, memory_mb: int, worker: str = WORKER) -> None:
        self._worker = worker
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def __enter__(self) -> GuardedReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the child now, so that it is warm when the first file comes."""
        with self._lock:
            self._ready()

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._discard()

    def read(self, content: bytes | BinaryIO, hints: Hints = NO_HINTS) -> tuple[Document, str]:
        """Read a report from its bytes, or from an open file, which is never held in memory here.

        Returns the document and the SHA-256 of the bytes that it was read from. Raises what `read_document` raises, and
        TIMEOUT, RESOURCE_LIMIT or WORKER_CRASH for a file that the child did not survive; FILE_CHANGING when an open
        file turns out shorter than it was.
        """
        with self._lock, _as_file(content) as source:
            try:
                return self._attempt(source, hints)
            except _Died as first:
                return self._second_chance(source, hints, first)

    def _second_chance(self, source: BinaryIO, hints: Hints, first: _Died) -> tuple[Document, str]:
        try:
            document, digest = self._attempt(source, replace(hints, careful=True))
        except _Died as second:
            if first.memory or second.memory:
                raise PharmaError("RESOURCE_LIMIT", why=f"more than {self._memory_mb} MB of memory") from second
            raise PharmaError("WORKER_CRASH", why=second.why) from second
        why = f"crashed: {first.why}"
        remark = PharmaError("SECOND_ENGINE", engine=document.engine, first="the first one", why=why)
        return replace(document, remarks=(*document.remarks, remark)), digest

    def _attempt(self, source: BinaryIO, hints: Hints) -> tuple[Document, str]:
        child = self._ready()
        with child.deadline(self._seconds) as deadline:
            try:
                digest = child.ask(source, hints, self._seconds)
                return child.answer(), digest
            except PharmaError as problem:
                if problem.code in _AFTERMATH:
                    self._discard()
                raise
            except (wire.Closed, OSError, ValueError) as error:
                died = child.died(error)
                self._discard()
                if deadline.is_set():
                    raise PharmaError("TIMEOUT", seconds=round(self._seconds)) from error
                raise died from error
            except BaseException:  # an interrupt leaves half an answer in the pipe
                self._discard()
                raise

    def _ready(self) -> _Child:
        if self._child is not None and not self._child.alive:
            self._discard()
        if self._child is None:
            self._child = _Child(self._worker, self._memory_mb)
        return self._child

    def _discard(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


def _widen(pipe: IO[bytes]) -> None:
    """Let more through a pipe at once, where the system can and its limits allow: a report of 30,000 rows and its
    answer fill the usual 64 KB hundreds of times, and each time two processes wait for each other."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 - Windows has none

        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


class _Child:
    """One reading process and the pipes to it."""

    def __init__(self, worker: str, memory_mb: int) -> None:
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        path = os.pathsep.join([str(Path(pharma_assets.__file__).parent.parent), *filter(None, sys.path)])
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", worker, str(memory_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env={**environment, "PYTHONPATH": path, "ARROW_DEFAULT_MEMORY_POOL": "system"},
            start_new_session=True,  # Ctrl-C is for us to answer
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a process without pipes")
        self._requests, self._answers = self._process.stdin, self._process.stdout
        for pipe in (self._requests, self._answers):
            _widen(pipe)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, source: BinaryIO, hints: Hints, seconds: float) -> str:
        """Send a file to be read; returns the SHA-256 of its bytes."""
        size = source.seek(0, io.SEEK_END)
        source.seek(0)
        request = {
            "size": size,
            "headers": hints.headers,
            "passwords": hints.passwords,
            "careful": hints.careful,
            "seconds": seconds,
        }
        wire.send_json(self._requests, request)
        digest = hashlib.sha256()
        left = size
        while left:
            try:
                chunk = source.read(min(_CHUNK, left))
            except OSError as error:
                raise reading_error(error) from error
            if not chunk:
                raise PharmaError("FILE_CHANGING")
            digest.update(chunk)
            self._requests.write(chunk)
            left -= len(chunk)
        self._requests.flush()
        return digest.hexdigest()

    def answer(self) -> Document:
        return wire.receive_document(self._answers)

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[threading.Event]:
        """Kill the process if the block takes longer; the event tells that it did."""
        passed = threading.Event()

        def kill() -> None:
            passed.set()
            self._process.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            yield passed
        finally:
            timer.cancel()

    def died(self, error: Exception) -> _Died:
        """Why the process ended, from its exit status and its last words."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_BREATH)
        self._process.kill()
        status = self._process.wait()
        self._words.seek(0, io.SEEK_END)
        self._words.seek(max(0, self._words.tell() - _LAST_WORDS))
        told = self._words.read().decode(errors="replace").strip()
        words = told.rpartition("\n")[2]
        if isinstance(error, json.JSONDecodeError):
            return _Died("its answer made no sense", memory=False)
        if status < 0:
            with suppress(ValueError):
                words = f"{signal.Signals(-status).name} {words}".strip()
        # What Rust and Python say when the limit is reached.
        memory = "memory allocation of" in told or "MemoryError" in told
        return _Died(words or f"exit status {status}", memory=memory)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._requests, self._answers, self._words):
            with suppress(OSError):  # what was still to be written has no reader any more
                stream.close()


@contextmanager
def _as_file(content: bytes | BinaryIO) -> Iterator[BinaryIO]:
    yield io.BytesIO(content) if isinstance(content, bytes) else content
