"""The process between the platform and a script: `python -m pharma_assets.scripts.supervisor`, started by `process`.

It starts the script under its limits, ends it and all that it has started when its time is over or the platform has
gone, and tells how it ended. It knows the script's environment and nothing of the platform's.

Its standard input gives one line of JSON, what to run, and then nothing until the platform wants an end of it: when it
is closed, also by the platform's death, everything is killed. Its standard output takes one line of JSON, how it ended.
Its standard error is where the script writes both its streams.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

_DEATH_SIGNAL, _SUBREAPER = 1, 36  # of prctl(2)
_ROUNDS = 50


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the platform answers Ctrl-C
    order = json.loads(sys.stdin.buffer.readline())
    _prctl(_SUBREAPER, 1)  # what the script leaves behind becomes ours, and can be found
    verdict = _run(order)
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(verdict))
        sys.stdout.flush()
    # The thread that waits at the standard input must not hold up the end.
    os._exit(0)


def _run(order: dict[str, Any]) -> dict[str, object]:
    try:
        process = subprocess.Popen(
            order["command"],
            cwd=order["folder"],
            env=order["environment"],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            stderr=sys.stderr.fileno(),
            start_new_session=True,
            preexec_fn=_in_the_script(order) if os.name == "posix" else None,  # noqa: PLW1509 - no other thread yet
        )
    except (OSError, subprocess.SubprocessError) as error:
        return {"failed": str(error)}
    threading.Thread(target=_kill_when_left, args=(process,), daemon=True).start()
    timed_out = False
    try:
        process.wait(order["seconds"])
    except subprocess.TimeoutExpired:
        timed_out = True
    _end(process)
    return {"code": process.returncode, "timed_out": timed_out}


def _in_the_script(order: dict[str, Any]) -> Callable[[], None]:
    """What the script's process does before it becomes the script; only here, where no other thread runs yet."""

    def prepare() -> None:
        import resource  # noqa: PLC0415 - POSIX only

        _prctl(_DEATH_SIGNAL, signal.SIGKILL)  # should this process be killed
        for kind, megabytes in (("RLIMIT_AS", order["memory_mb"]), ("RLIMIT_FSIZE", order["output_mb"])):
            # macOS refuses the first one.
            with suppress(ValueError, OSError):
                resource.setrlimit(getattr(resource, kind), (megabytes << 20, megabytes << 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return prepare


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere process groups must do."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _kill_when_left(process: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    process.kill()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the script and everything that it has started, again until nothing is left."""
    own = psutil.Process()
    for _ in range(_ROUNDS):
        left = [child for child in own.children(recursive=True) if child.pid != process.pid]
        process.kill()
        if os.name == "posix":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for child in left:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(left, timeout=0.2)
        if not own.children(recursive=True):
            return


if __name__ == "__main__":
    main()
