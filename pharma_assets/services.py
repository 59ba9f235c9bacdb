"""Dagster's own processes: webserver and daemon, as separate processes in the platform's environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from pharma_assets.instance import WORKSPACE

_PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Service:
    """A process to start: its name for people, and its arguments."""

    name: str
    arguments: tuple[str, ...]


def webserver(host: str, port: int) -> Service:
    """Dagster's UI."""
    arguments = ("-w", str(WORKSPACE), "--host", host, "--port", str(port))
    return Service("webserver", (script("dagster-webserver"), *arguments))


def daemon() -> Service:
    """Dagster's daemon: sensors, the run queue, backfills."""
    return Service("daemon", (script("dagster-daemon"), "run", "-w", str(WORKSPACE)))


def script(name: str) -> str:
    """The path of a console script of the environment that this Python belongs to, activated or not."""
    suffix = ".exe" if os.name == "nt" else ""
    return str(Path(sysconfig.get_path("scripts")) / f"{name}{suffix}")


@contextmanager
def running(
    service: Service, environment: Mapping[str, str], output: IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the service during the block; it is asked to end afterwards, and made to if it does not."""
    process = subprocess.Popen(
        service.arguments,
        env={**os.environ, **environment},
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        stdin=subprocess.DEVNULL,
        # A group of its own: Ctrl-C reaches this process only, which then ends the others in order.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class _Interrupted(Exception):
    pass


def run_until_interrupted(services: Sequence[Service], environment: Mapping[str, str]) -> int:
    """Run the services until Ctrl-C or SIGTERM, or until one ends by itself; returns the exit code to end with."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise _Interrupted

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    try:
        return _watch(list(services), environment, [])
    except _Interrupted:
        return 0


def _watch(waiting: list[Service], environment: Mapping[str, str], started: list[subprocess.Popen[bytes]]) -> int:
    if waiting:
        with running(waiting[0], environment) as process:
            return _watch(waiting[1:], environment, [*started, process])
    while True:
        for process in started:
            code = process.poll()
            if code is not None:
                return code or 1
        time.sleep(0.5)
