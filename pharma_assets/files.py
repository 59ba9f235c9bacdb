"""Reading and writing files with care: never half of one, never outside a folder, and errors by their names."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pharma_assets.errors import PharmaError

MOVING_TRIES = 5
MOVING_PAUSE_SECONDS = 4.0
LONGEST_NAME = 255

_BLOCK_BYTES = 1 << 20

_BUSY = (errno.EBUSY, errno.ETXTBSY, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def replace_atomically(path: Path) -> Iterator[Path]:
    """Yield a draft path beside `path`; when the block ends well, the draft is on disk and takes `path`'s place."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield draft
        flush_to_disk(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def flush_to_disk(path: Path) -> None:
    """Wait until the file's bytes, or a folder's entries, would survive a power cut. Folders on POSIX only."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The digest of a file's bytes, which are never all in memory. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def holds(path: Path, content: bytes) -> bool:
    """Whether the file on the disk has these bytes and no others. Raises OSError."""
    seen = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            if not content.startswith(block, seen):
                return False
            seen += len(block)
    return seen == len(content)


def move_into(source: Path, folder: Path, moment: datetime, tries: int = MOVING_TRIES) -> Path:
    """Move a file into a folder; returns where it is then (CONTRACT §4).

    A file of that name with the same content counts as already there. One with another content stays, and the new one
    gets a time suffix. Tried again after a pause while somebody holds the file. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.name
    suffix = f"_{moment:%H%M%S%f}"
    while target.exists():
        if _same_content(source, target):
            _patiently(source.unlink, tries)
            return target
        name = _suffixed(target, suffix)
        if name == target.name:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        target = target.with_name(name)
    _patiently(lambda: source.replace(target), tries)
    flush_to_disk(folder)
    return target


def _same_content(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and sha256_of(one) == sha256_of(other)


def _suffixed(path: Path, suffix: str) -> str:
    tail = f"{suffix}{path.suffix}"
    room = LONGEST_NAME - len(os.fsencode(tail))
    return f"{os.fsencode(path.stem)[:room].decode(errors='ignore')}{tail}"


def _patiently(action: Callable[[], object], tries: int) -> None:
    """Do it, and again after a pause while the file is held by somebody."""
    for left in range(tries - 1, -1, -1):
        try:
            action()
        except OSError as error:
            if left == 0 or not _is_held(error):
                raise
            time.sleep(MOVING_PAUSE_SECONDS)
        else:
            return


def _is_held(error: OSError) -> bool:
    # Where files are not locked by being open, a permission that is missing now will be missing in four seconds too.
    return error.errno in _BUSY or (os.name == "nt" and isinstance(error, PermissionError))


@contextmanager
def open_settled(root: Path, relative: str) -> Iterator[BinaryIO]:
    """Open a settled file below `root` for reading.

    Raises PharmaError FILE_GONE, LOCKED, or, when the block ends, FILE_CHANGING if its size or modification time moved
    meanwhile: whatever else went wrong in the block, that is why. A path that leads out of the root, through a link for
    instance, counts as gone. A file whose folder is not there either raises INBOX_MISSING: then it is the mount that
    has gone, and nobody has deleted anything.
    """
    path = root / relative
    if not path.parent.is_dir():
        raise PharmaError("INBOX_MISSING", folder=path.parent)
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            raise PharmaError("FILE_GONE")
        file = path.open("rb")
    except OSError as error:
        raise reading_error(error) from error
    with file:
        before = os.fstat(file.fileno())
        try:
            yield file
        except PharmaError as error:
            if _moved(before, path):
                raise PharmaError("FILE_CHANGING") from error
            raise
        if _moved(before, path):
            raise PharmaError("FILE_CHANGING")


def _moved(before: os.stat_result, path: Path) -> bool:
    try:
        after = path.stat()
    except OSError as error:
        raise reading_error(error) from error
    return (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)


def reading_error(error: OSError) -> PharmaError:
    """The problem of the catalogue that an operating system's error on reading means."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return PharmaError("FILE_GONE")
    return PharmaError("LOCKED", why=error.strerror or str(error))


def writing_error(error: OSError, path: Path) -> PharmaError:
    """The problem of the catalogue that an operating system's error on writing `path` means."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PharmaError("NO_SPACE", where=path.parent)
    if error.errno == errno.ENAMETOOLONG:
        return PharmaError("PATH_TOO_LONG", path=path)
    return PharmaError("LOCKED", why=f"{path}: {error.strerror or error}")
