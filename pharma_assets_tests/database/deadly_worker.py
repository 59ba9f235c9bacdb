"""A reading process that dies of files that say so, and reads all others as ever."""

from __future__ import annotations

import os
import signal

from pharma_assets.reading import document, worker
from pharma_assets.reading.hints import Hints
from pharma_assets.reading.sheet import Document

_PLAIN = document.READERS["csv"]


def _read(content: bytes, hints: Hints) -> Document:
    if b"kill" in content or (b"hurt" in content and not hints.careful):
        os.kill(os.getpid(), signal.SIGKILL)
    return _PLAIN(content, hints)


if __name__ == "__main__":
    document.READERS["csv"] = _read
    worker.main()
