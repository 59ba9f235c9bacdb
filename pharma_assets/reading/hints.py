"""What is known of a file before it is read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hints:
    """What helps a reader.

    `headers`: header texts that the client's layout knows; they settle encoding and delimiter. `passwords`: to be
    tried on an encrypted workbook. `careful`: the file has killed a reading process before, so only engines in pure
    Python may touch it.
    """

    headers: tuple[str, ...] = ()
    passwords: tuple[str, ...] = field(default=(), repr=False)
    careful: bool = False


NO_HINTS = Hints()
