"""What a script says: told line by line while it runs, up to a limit; its end is kept."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

MOST_LINES = 1_000
"""Lines that are told. A line costs the run's log some milliseconds, and a script may print without end."""

LONGEST_LINE = 2_000
"""Bytes of a line that are told."""

TAIL = 4_000
"""Bytes of the end that are kept."""

# What neither PostgreSQL nor a terminal should get.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTINUATION = bytes(range(0x80, 0xC0))


class Output:
    """Takes the bytes that a script writes to its two streams, in their order."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lines = 0
        self._begun = b""
        self._told_begun = False
        self._end = b""
        self._cut = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; lines that are whole, or too long, are told."""
        self._cut |= len(self._end) + len(chunk) > TAIL
        self._end = (self._end + chunk)[-TAIL:]
        if self._lines > MOST_LINES:
            return
        *lines, begun = (self._begun + chunk).split(b"\n")
        for line in lines:
            self._line(line)
            self._told_begun = False
        self._begun = begun[:LONGEST_LINE]
        if len(begun) > LONGEST_LINE:
            self._line(begun)
            self._told_begun = True

    def close(self) -> None:
        """There is nothing more to come: a last line without an end is told too."""
        self._line(self._begun)

    @property
    def tail(self) -> str:
        """The end of what was said, from the beginning of a line on where one begins there."""
        kept = self._end
        if self._cut:
            kept = kept.lstrip(_CONTINUATION)
            _, _, whole = kept.partition(b"\n")
            kept = whole or kept
        return readable(kept.replace(b"\r\n", b"\n")).strip()

    def _line(self, line: bytes) -> None:
        text = readable(line[:LONGEST_LINE].rstrip(b"\r"))
        if self._told_begun or not text.strip() or self._lines > MOST_LINES:
            return
        self._lines += 1
        self._tell(text if self._lines <= MOST_LINES else f"… more than {MOST_LINES} lines: only their end is kept")


def readable(said: bytes) -> str:
    """The bytes as text that can be stored: UTF-8, or else the encoding of a Russian Windows."""
    try:
        # Incremental, so that a character that is cut off at the end does no harm.
        text = codecs.getincrementaldecoder("utf-8")().decode(said)
    except UnicodeDecodeError:
        text = said.decode("cp1251", "replace")
    return _CONTROL.sub("\ufffd", text)
