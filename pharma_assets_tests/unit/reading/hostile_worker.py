"""A reading process whose csv engine does what the file says, to see what the guard makes of it.

Each line of the file is one deed. `once ‹deed›` is done in the first attempt only, when engines that can take the
process down are still allowed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time

from pharma_assets.errors import PharmaError
from pharma_assets.reading import document, worker
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document

_GIBIBYTE = 1 << 30


def _engine(content: bytes, hints: Hints) -> Document:
    for line in content.decode().splitlines():
        if not (line.startswith("once ") and hints.careful):
            _do(line.removeprefix("once "))
    return Document("csv", str(os.getpid()), ())


def _do(deed: str) -> None:
    match deed:
        case "abort":
            os.write(2, b"memory allocation of 549755813888 bytes failed\nnote: run with RUST_BACKTRACE=1\n")
            os.abort()
        case "segfault":
            ctypes.string_at(0)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "hang":
            time.sleep(1000)
        case "hoard":
            hoard = [bytearray(_GIBIBYTE) for _ in range(1000)]
            del hoard
        case "print":
            os.write(1, b"an engine talks\n")
        case "bad input":
            raise PharmaError("CORRUPT_FILE", format="csv", why="it says so")


if __name__ == "__main__":
    document.READERS["csv"] = _engine
    worker.main()
