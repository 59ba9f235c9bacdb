"""Reading and writing files with care: never half of one, never outside a folder, and errors by their names."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pharma_assets.errors import PharmaError


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
