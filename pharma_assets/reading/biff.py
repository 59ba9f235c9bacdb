"""Looks over the records of an xls workbook before calamine does.

calamine allocates what a damaged workbook declares and aborts the process when there is not that much memory.
"""

from __future__ import annotations

import io
import struct

MAX_ROWS, MAX_COLUMNS = 65_536, 256

_DIMENSIONS, _SHARED_STRINGS = 0x0200, 0x00FC
# Records of one or more cells; each begins with its row and its (first) column.
_CELLS = {0x0006, 0x00BD, 0x00BE, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E}


def is_sound(content: bytes) -> bool:
    """Whether no record declares more than a workbook can hold."""
    try:
        memory, position, end = _workbook_stream(content)
        while position + 4 <= end:
            code, length = struct.unpack_from("<HH", memory, position)
            if not _is_sound_record(code, memory[position + 4 : position + 4 + length], end):
                return False
            position += 4 + length
    except Exception:  # too damaged to be walked through
        return False
    return True


def _workbook_stream(content: bytes) -> tuple[bytes, int, int]:
    """The bytes that hold the stream, where it starts in them and where it ends."""
    from xlrd.compdoc import SIGNATURE, CompDoc  # noqa: PLC0415 - heavy, and seldom needed

    if not content.startswith(SIGNATURE):
        return content, 0, len(content)
    container = CompDoc(content, logfile=io.StringIO(), ignore_workbook_corruption=True)
    for name in ("Workbook", "Book"):
        memory, base, length = container.locate_named_stream(name)
        if memory:
            return memory, base, base + length
    raise ValueError("no workbook stream")


def _is_sound_record(code: int, data: bytes, stream_size: int) -> bool:
    if code == _DIMENSIONS and len(data) >= 10:
        first_row, last_row, first_column, last_column = struct.unpack_from(
            "<IIHH" if len(data) >= 12 else "<HHHH", data
        )
        # calamine wraps round below zero when the first one is behind the last one.
        return bool(first_row <= last_row <= MAX_ROWS and first_column <= last_column <= MAX_COLUMNS)
    if code == _SHARED_STRINGS and len(data) >= 8:
        (count,) = struct.unpack_from("<I", data, 4)
        return bool(count <= stream_size // 3)  # the shortest string takes 3 bytes
    if code in _CELLS and len(data) >= 4:
        (column,) = struct.unpack_from("<H", data, 2)
        return bool(column < MAX_COLUMNS)
    return True
