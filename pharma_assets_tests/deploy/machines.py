"""A broker and machines: workers with homes, temporary and working folders of their own over shared storage."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from pharma_assets.services import script
from pharma_assets.settings import PROJECT
from pharma_assets_tests.listeners import free_port

RECIPE = PROJECT / "deploy" / "celery"
SERVER = shutil.which("redis-server")
_PASSWORD = "pass"  # noqa: S105 - of a server on loopback, for the length of a test


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """A Redis server on loopback; its URL."""
    assert SERVER is not None
    port = free_port()
    options = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--requirepass",
        _PASSWORD,
        "--save",
        "",
        "--dir",
        str(folder),
    ]
    with subprocess.Popen([SERVER, *options], stdout=subprocess.DEVNULL) as process:
        try:
            client = redis.Redis(port=port, password=_PASSWORD)
            wait_until(lambda: _answers(client), 20, "Redis does not answer")
            client.close()
            yield f"redis://:{_PASSWORD}@127.0.0.1:{port}/0"
        finally:
            process.kill()


def _answers(client: redis.Redis) -> bool:
    with suppress(redis.ConnectionError):
        return bool(client.ping())
    return False


@dataclass(frozen=True)
class Machine:
    """A worker as on a machine of its own. `process` leads a session: all that it starts can be ended with it."""

    name: str
    home: Path
    process: subprocess.Popen[bytes]

    def pids(self) -> set[int]:
        """The processes of the machine."""
        with suppress(psutil.NoSuchProcess):
            leader = psutil.Process(self.process.pid)
            return {leader.pid, *(child.pid for child in leader.children(recursive=True))}
        return set()

    def lose(self) -> None:
        """The power fails: every process ends at once, without a word."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    @property
    def log(self) -> str:
        return (self.home / "worker.log").read_text(errors="replace")


@contextmanager
def machines(folder: Path, environment: dict[str, str], *names: str) -> Iterator[list[Machine]]:
    """Workers with one process each, started by the command of the recipe."""
    with ExitStack() as stack:
        started = []
        for name in names:
            home = folder / name
            for part in ("dagster", "tmp", "cwd"):
                (home / part).mkdir(parents=True)
            shutil.copy(RECIPE / "dagster.yaml", home / "dagster" / "dagster.yaml")
            own = {
                **environment,
                "PHARMA_HOME": str(home),
                "DAGSTER_HOME": str(home / "dagster"),
                "TMPDIR": str(home / "tmp"),
                "PYTHONPATH": os.pathsep.join(
                    [str(RECIPE), str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
                ),
            }
            log = stack.enter_context((home / "worker.log").open("wb"))
            process = subprocess.Popen(
                [*_as_host(name), *worker_command("--concurrency", "1", "--hostname", f"worker@{name}")],
                cwd=home / "cwd",
                env=own,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            started.append(Machine(name, home, process))
            stack.callback(started[-1].lose)
        yield started


def worker_command(*options: str) -> list[str]:
    """The command of the recipe, as its first lines give it."""
    text = (RECIPE / "dagster_celery_config.py").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("`PYTHONPATH=")]
    _, program, *arguments = line.strip("`").split()
    assert program == "celery"
    at = arguments.index("--concurrency")
    return [script("celery"), *arguments[:at], *options]


def _as_host(name: str) -> list[str]:
    """What gives a command a host name of its own, where this user may do that."""
    unshare = shutil.which("unshare")
    if sys.platform != "linux" or os.geteuid() != 0 or unshare is None:
        return []
    wrapped = [unshare, "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', name]
    return wrapped if subprocess.run([*wrapped, "true"], check=False, capture_output=True).returncode == 0 else []


def wait_until(
    condition: Callable[[], bool],
    seconds: float,
    otherwise: str | Callable[[], str],
    progress: Callable[[], object] = lambda: None,
) -> None:
    """Wait for something that other processes do, at most so long after the last `progress`."""
    deadline = time.monotonic() + seconds
    last = progress()
    while not condition():
        now = progress()
        if now != last:
            last, deadline = now, time.monotonic() + seconds
        if time.monotonic() > deadline:
            raise AssertionError(otherwise if isinstance(otherwise, str) else otherwise())
        time.sleep(0.1)
