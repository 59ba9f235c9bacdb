"""What runs over a data folder: the postmaster that postmaster.pid names, and what has lost its parent."""

# ruff: noqa: PLC0415 - psutil is not needed by `--help`

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_END_SECONDS = 10


@dataclass(frozen=True)
class Postmaster:
    """What postmaster.pid says of a server that really runs."""

    pid: int
    started: str
    port: int
    socket_folder: Path | None
    state: str

    @property
    def ready(self) -> bool:
        return self.state == "ready"

    @property
    def identity(self) -> str:
        return f"{self.pid} {self.started}"

    @property
    def reachable(self) -> bool:
        """Its socket is still there: cleaners of temporary folders do remove sockets."""
        return self.socket_folder is None or (self.socket_folder / f".s.PGSQL.{self.port}").exists()


def running_postmaster(data: Path) -> Postmaster | None:
    """The server that runs over `data`. A pid file alone proves nothing: after a crash its pid may be anybody's."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return None
    lines += [""] * (8 - len(lines))
    if not lines[0].strip().isdecimal() or not _serves(int(lines[0]), data):
        return None
    folder = lines[4].strip()
    return Postmaster(
        pid=int(lines[0]),
        started=lines[2].strip(),
        port=int(lines[3].strip() or 0),
        socket_folder=Path(folder) if folder else None,
        state=lines[7].strip(),
    )


def _serves(pid: int, data: Path) -> bool:
    import psutil

    try:
        command = psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
    return len(command) > 1 and Path(command[0]).name.startswith("postgres") and str(data) in command[1:]


def end_orphans(data: Path) -> None:
    """End backends over `data` whose postmaster was killed: they notice only when their query has ended."""
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error):
            title = (process.cmdline() or [""])[0]
            parent = process.parent()
            orphaned = parent is None or parent.name() != "postgres"
            if title.startswith("postgres: ") and orphaned and process.cwd() == str(data):
                process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGQUIT)


def end_initdb(data: Path) -> None:
    """End an initdb whose starter was killed: it would go on making files in `data` while that is removed."""
    import psutil

    family = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(argument == f"--pgdata={data}" for argument in process.cmdline()):
                process.suspend()
                family += [process, *process.children(recursive=True)]
    for process in family:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(family, timeout=_END_SECONDS)
