"""How much memory a process has had at most."""

from __future__ import annotations

from pathlib import Path


def peak_megabytes(*, with_children: bool = False) -> float:
    """Of this process, and of its children's while they live. Not getrusage's, which starts with that of the parent."""
    processes = ["self"]
    if with_children:
        import psutil  # noqa: PLC0415 - no part of what a contender needs

        processes += [str(child.pid) for child in psutil.Process().children()]
    return sum(_peak(Path("/proc", process, "status").read_text(encoding="utf-8")) for process in processes)


def _peak(status: str) -> float:
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) / 1024
