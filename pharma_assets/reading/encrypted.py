"""Encrypted workbooks → the bytes of the workbook inside, by Excel's default password or a configured one."""
# ruff: noqa: PLC0415 - the engines are heavy, and importing this module must cost nothing

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from pharma_assets.errors import PharmaError
from pharma_assets.reading.containers import is_ole, is_zip

if TYPE_CHECKING:
    from olefile import OleFileIO

DEFAULT_PASSWORD = "VelvetSweatshop"  # noqa: S105 - public: what Excel itself tries first, so that it never asks
MAX_SPIN = 1_000_000
"""Rounds of hashing for one try of a password; Excel writes 100,000."""

MAX_XLS = 100 << 20
"""Bytes of an xls; msoffcrypto takes some 20 times as much memory."""

_INFO, _PACKAGE = "EncryptionInfo", "EncryptedPackage"
_MAX_INFO = 1 << 16
_SPIN = re.compile(rb"""spinCount\s*=\s*["']\s*(\d+)""")


def decrypt(content: bytes, passwords: tuple[str, ...] = ()) -> bytes:
    """The workbook without its encryption.

    Raises PASSWORD_PROTECTED where no password fits, FORMAT_UNSUPPORTED for a rights-managed file, RESOURCE_LIMIT and
    CORRUPT_FILE.
    """
    if not is_ole(content):  # zip and ods encrypt entry by entry
        raise PharmaError("PASSWORD_PROTECTED")
    # At level DEBUG msoffcrypto logs the passwords that it tries.
    logging.getLogger("msoffcrypto").setLevel(logging.WARNING)
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(content)) as container:
            decrypters = (
                _package(content, container, passwords) if container.exists(_PACKAGE) else _xls(content, passwords)
            )
            plain = next(decrypters, None)
    except (PharmaError, MemoryError):
        raise
    except Exception as error:
        # What an engine says may hold what it was given: only the kind of the error is told.
        why = f"its encryption is damaged ({type(error).__name__})"
        raise PharmaError("CORRUPT_FILE", format="encrypted workbook", why=why) from None
    if plain is None:
        raise PharmaError("PASSWORD_PROTECTED")
    return plain


def _package(content: bytes, container: OleFileIO, passwords: tuple[str, ...]) -> Iterator[bytes]:
    """An OOXML package in a container; what each password that fits makes of it."""
    from msoffcrypto.exceptions import DecryptionError, InvalidKeyError
    from msoffcrypto.format.ooxml import OOXMLFile

    if not container.exists(_INFO):
        raise PharmaError("FORMAT_UNSUPPORTED", format="a workbook under rights management (IRM)")
    with container.openstream(_INFO) as stream:
        _require_bounded(stream.read(_MAX_INFO + 1))
    try:
        file = OOXMLFile(io.BytesIO(content))
    except DecryptionError as error:
        raise PharmaError("FORMAT_UNSUPPORTED", format="a workbook encrypted by a method of its own") from error
    for password in _candidates(passwords):
        plain = io.BytesIO()
        try:
            # Its own verification refuses the SHA-1 of Excel 2010; the package's first bytes verify as well.
            file.load_key(password)
            file.decrypt(plain)
        except (InvalidKeyError, UnicodeError):
            pass
        if is_zip(plain.getvalue()):
            yield plain.getvalue()


def _require_bounded(info: bytes) -> None:
    """Raises for what would keep the machine busy for long."""
    if len(info) > _MAX_INFO:
        raise PharmaError("RESOURCE_LIMIT", why="the description of its encryption is too long")
    if b"<!" in info:
        raise PharmaError("RESOURCE_LIMIT", why="the description of its encryption declares XML entities")
    for spin in _SPIN.findall(info):
        if len(spin) > 9 or int(spin) > MAX_SPIN:
            why = f"its encryption asks for {spin[:12].decode()} rounds of hashing, and {MAX_SPIN} are allowed"
            raise PharmaError("RESOURCE_LIMIT", why=why)


def _xls(content: bytes, passwords: tuple[str, ...]) -> Iterator[bytes]:
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError
    from msoffcrypto.format.xls97 import Xls97File

    if len(content) > MAX_XLS:
        raise PharmaError("RESOURCE_LIMIT", why=f"an encrypted xls of {len(content)} bytes")
    for password in _candidates(passwords):
        try:
            file = Xls97File(io.BytesIO(content))
            file.load_key(password)
        except (InvalidKeyError, DecryptionError, FileFormatError, UnicodeError, LookupError, OSError):
            continue  # also Excel 5 and older, whose stream has another name, and passwords too long for them
        file.data = file.data._replace(workbook=io.BytesIO(_of_whole_records(file.data.workbook)))
        plain = io.BytesIO()
        file.decrypt(plain)
        yield plain.getvalue()


def _of_whole_records(workbook: BinaryIO) -> bytes:
    """The stream, with NULs that some programs fill it up with made a record: msoffcrypto wants nothing else."""
    workbook.seek(0)
    stream = bytearray(workbook.read())
    at = last = 0
    while at + 4 <= len(stream):
        last, at = at, at + 4 + int.from_bytes(stream[at + 2 : at + 4], "little")
    if at < len(stream) and not any(stream[last:]):
        stream[last + 2 : last + 4] = (len(stream) - at).to_bytes(2, "little")
    return bytes(stream)


def _candidates(passwords: tuple[str, ...]) -> Iterator[str]:
    yield DEFAULT_PASSWORD
    yield from (password for password in passwords if password)
