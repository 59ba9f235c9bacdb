"""The reading process: `python -m pharma_assets.reading.worker MEGABYTES`, started and watched by `guard`.

It takes requests from its standard input and answers on its standard output, one at a time, until its input ends.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import BinaryIO

from pharma_assets.errors import PharmaError
from pharma_assets.reading import wire
from pharma_assets.reading.document import read_document
from pharma_assets.reading.hints import Hints

_SPARE_SECONDS = 30


def main() -> None:
    requests, answers = _private_streams()
    warnings.simplefilter("ignore")
    _warm_up()
    _limit_memory(int(sys.argv[1]))
    while True:
        try:
            request = wire.receive_json(requests)
            content = wire.receive_bytes(requests, request["size"])
        except wire.Closed:
            return
        _limit_time(request["seconds"])
        hints = Hints(tuple(request["headers"]), tuple(request["passwords"]), request["careful"])
        try:
            _answer(answers, content, hints)
        except BrokenPipeError:
            return
        del content


def _answer(answers: BinaryIO, content: bytes, hints: Hints) -> None:
    try:
        document = read_document(content, hints)
    except PharmaError as problem:
        wire.send_problem(answers, problem)
    else:
        del content
        wire.send_document(answers, document)


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """The two ends of the conversation, out of reach of whatever an engine prints or asks."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, answers


def _warm_up() -> None:
    """Import what nearly every file needs, before one is waiting."""
    import python_calamine  # noqa: F401, PLC0415


def _limit_memory(megabytes: int) -> None:
    """Let allocations beyond `megabytes` from here on fail (POSIX; elsewhere only the time is limited)."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415

    import psutil  # noqa: PLC0415

    limit = psutil.Process().memory_info().vms + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: float) -> None:
    """Let the process die of itself some time after the limit, should nobody be left to end it."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415

    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + 2 * seconds) + _SPARE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
