"""The answers of an SFTP server: version 3 of the protocol (draft-ietf-secsh-filexfer-02), as far as reading needs it.

Names are bytes here. What is no answer of the protocol raises Dropped.
"""

from __future__ import annotations

import errno
import stat
import struct
from typing import NamedTuple

OPEN, CLOSE, READ, LSTAT, OPENDIR, READDIR, REALPATH, STAT = 3, 4, 5, 7, 11, 12, 16, 17
FOR_READING = 1

_STATUS, _HANDLE, _DATA, _NAME, _ATTRS = 101, 102, 103, 104, 105
_OK, _END, _NO_SUCH_FILE, _PERMISSION_DENIED = 0, 1, 2, 3
_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_MORE = 1, 2, 4, 8, 1 << 31


class Dropped(Exception):
    """The connection is of no use any more; says why."""


class Answer(NamedTuple):
    """An answer: its kind, and its content from behind the request's number."""

    kind: int
    content: bytes


class Status(NamedTuple):
    """What a server tells of a file; the time is in whole seconds."""

    mode: int
    size: int
    modified: int

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_regular(self) -> bool:
        return stat.S_ISREG(self.mode)


def status_of(answer: Answer) -> Status | OSError:
    """The answer to LSTAT or STAT."""
    fields = _fields(answer, _ATTRS)
    return fields.status() if isinstance(fields, _Fields) else fields or _no_more()


def handle_of(answer: Answer) -> bytes | OSError:
    """The answer to OPEN or OPENDIR."""
    fields = _fields(answer, _HANDLE)
    return fields.text() if isinstance(fields, _Fields) else fields or _no_more()


def data_of(answer: Answer) -> bytes | OSError | None:
    """The answer to READ; None at the file's end."""
    fields = _fields(answer, _DATA)
    return (fields.text() or None) if isinstance(fields, _Fields) else fields


def names_of(answer: Answer) -> list[tuple[bytes, Status]] | OSError | None:
    """The answer to READDIR; None when all have been told."""
    fields = _fields(answer, _NAME)
    if not isinstance(fields, _Fields):
        return fields
    names = []
    for _ in range(fields.number()):
        name = fields.text()
        fields.text()  # the line that `ls -l` would show
        names.append((name, fields.status()))
    return names or None


def real_path_of(answer: Answer) -> bytes | OSError:
    """The answer to REALPATH, which has no attributes worth reading."""
    fields = _fields(answer, _NAME)
    if not isinstance(fields, _Fields):
        return fields or _no_more()
    if fields.number() != 1:
        raise Dropped("it gives not one path where one was due")
    return fields.text()


class _Fields:
    """The fields of an answer, one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def number(self) -> int:
        return self._unpack(">I", 4)

    def text(self) -> bytes:
        length = self.number()
        start, self._place = self._place, self._place + length
        if self._place > len(self._content):
            raise Dropped("an answer of it is cut off")
        return self._content[start : self._place]

    def status(self) -> Status:
        flags = self.number()
        size = self._unpack(">Q", 8) if flags & _HAS_SIZE else None
        if flags & _HAS_OWNER:
            self._unpack(">Q", 8)
        mode = self.number() if flags & _HAS_MODE else None
        modified = self._unpack(">Q", 8) & 0xFFFFFFFF if flags & _HAS_TIMES else None  # behind the time of access
        for _ in range(self.number() if flags & _HAS_MORE else 0):
            self.text()
            self.text()
        if size is None or mode is None or modified is None:
            raise Dropped("it does not tell size, kind and time of its files")
        return Status(mode, size, modified)

    def _unpack(self, form: str, length: int) -> int:
        try:
            value: int = struct.unpack_from(form, self._content, self._place)[0]
        except struct.error as error:
            raise Dropped("an answer of it is cut off") from error
        self._place += length
        return value


def _fields(answer: Answer, wanted: int) -> _Fields | OSError | None:
    """The fields of an answer of the wanted kind; None where it says that there is no more."""
    fields = _Fields(answer.content)
    if answer.kind == wanted:
        return fields
    if answer.kind != _STATUS:
        raise Dropped(f"it gives an answer of kind {answer.kind} where {wanted} was due")
    code = fields.number()
    if code == _OK:
        raise Dropped(f"it says yes where an answer of kind {wanted} was due")
    if code == _END:
        return None
    if code == _NO_SUCH_FILE:
        return FileNotFoundError(errno.ENOENT, "No such file or folder on the server")
    if code == _PERMISSION_DENIED:
        return PermissionError(errno.EACCES, "The server denies permission")
    return OSError(errno.EIO, f"The server says: {fields.text().decode(errors='replace')} ({code})")


def _no_more() -> OSError:
    return OSError(errno.EIO, "The server says that there is no more")
