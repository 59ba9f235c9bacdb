from __future__ import annotations

import io
import logging
import struct
import time
import zipfile
from collections.abc import Callable
from hashlib import md5, sha1

import olefile
import openpyxl
import pytest
import xlwt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.method import ecma376_agile, rc4
from msoffcrypto.method.container.ecma376_encrypted import ECMA376Encrypted
from msoffcrypto.method.ecma376_standard import ECMA376Standard
from msoffcrypto.method.xor_obfuscation import DocumentXOR
from xlwt.CompoundDoc import XlsDoc

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.formats import ENCRYPTED, sniff
from pharma_assets.reading.hints import Hints

DEFAULT = "VelvetSweatshop"
SECRET = "пароль-Ё1"  # noqa: S105 - of a file made here
SALT = bytes(range(16))


def xlsx() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["инн", "0123456789"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Лист1")
    sheet.write(0, 0, "инн")
    sheet.write(0, 1, "0123456789")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def agile(password: str) -> bytes:
    """As Excel 2013 and later write it."""
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(xlsx())).encrypt(password, out)
    return out.getvalue()


def agile_sha1(password: str) -> bytes:
    """As Excel 2010 writes it."""
    prepared = ecma376_agile.ECMA376AgileCipherParams.__init__

    def prepare(self: ecma376_agile.ECMA376AgileCipherParams) -> None:
        prepared(self)
        self.hashName, self.hashSize, self.keyBits = "SHA1", 20, 128

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ecma376_agile.ECMA376AgileCipherParams, "__init__", prepare)
        patch.setattr(ecma376_agile.ECMA376Agile, "generate_integrity_parameter", lambda *_: (bytes(32), bytes(32)))
        return agile(password)


def standard(password: str) -> bytes:
    """As Excel 2007 writes it."""
    key = ECMA376Standard.makekey_from_password(password, 0x660E, 0x8004, 0x18, 128, 16, SALT)
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - the format's
    provider = "Microsoft Enhanced RSA and AES Cryptographic Provider\0".encode("utf-16-le")
    header = struct.pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0) + provider
    proof = encryptor.update(SALT), encryptor.update(sha1(SALT).digest().ljust(32, b"\0"))  # noqa: S324 - the format's
    verifier = struct.pack("<I", 16) + SALT + proof[0] + struct.pack("<I", 20) + proof[1]
    info = struct.pack("<HHII", 3, 2, 0x24, len(header)) + header + verifier
    plain = xlsx()
    package = struct.pack("<Q", len(plain)) + encryptor.update(plain.ljust(len(plain) + -len(plain) % 16, b"\0"))
    out = io.BytesIO()
    ECMA376Encrypted(package, info).write_to(out)
    return out.getvalue()


def _with_file_pass(file_pass: bytes, scramble: Callable[[bytes, list[tuple[int, int]]], bytes]) -> bytes:
    """An xls with a FILEPASS record, whose records (but for those that never are) are scrambled in their ranges."""
    with olefile.OleFileIO(io.BytesIO(xls())) as container:
        stream = container.openstream("Workbook").read()
    record = struct.pack("<HH", 0x2F, len(file_pass)) + file_pass
    plain, ranges, at = bytearray(), list[tuple[int, int]](), 0
    while at + 4 <= len(stream):
        code, length = struct.unpack_from("<HH", stream, at)
        start = len(plain) + 4
        data = bytearray(stream[at + 4 : at + 4 + length])
        if code == 0x85:
            data[:4] = struct.pack("<I", struct.unpack_from("<I", data)[0] + len(record))
            ranges.append((start + 4, start + length))
        elif code != 0x809:
            ranges.append((start, start + length))
        plain += stream[at : at + 4] + data
        if at == 0:
            plain += record
        at += 4 + length
    scrambled = scramble(bytes(plain), ranges)
    for first, last in ranges:
        plain[first:last] = scrambled[first:last]
    out = io.BytesIO()
    XlsDoc().save(out, bytes(plain))
    return out.getvalue()


def xls_rc4(password: str) -> bytes:
    """As Excel 97 to 2003 write it."""
    key = rc4._makekey(password, SALT, 0)
    encryptor = Cipher(rc4.ARC4(key), mode=None).encryptor()
    proof = encryptor.update(SALT) + encryptor.update(md5(SALT).digest())  # noqa: S324 - the format's
    file_pass = struct.pack("<HHH", 1, 1, 1) + SALT + proof

    def scramble(plain: bytes, _: list[tuple[int, int]]) -> bytes:
        result: bytes = rc4.DocumentRC4.decrypt(password, SALT, io.BytesIO(plain), blocksize=1024).read()
        return result

    return _with_file_pass(file_pass, scramble)


def xls_xor(password: str) -> bytes:
    """As Excel 95 and 97 write it in some countries."""
    verifier = next(value for value in range(1 << 16) if DocumentXOR.verifypw(password, value))
    key = DocumentXOR.create_xor_key_method1(password)
    array = DocumentXOR.create_xor_array_method1(password)

    def scramble(plain: bytes, ranges: list[tuple[int, int]]) -> bytes:
        out = bytearray(plain)
        for first, last in ranges:
            shift = 4 if plain[first - 8 : first - 6] == b"\x85\x00" else 0
            for at in range(first, last):
                rotated = (plain[at] << 5 | plain[at] >> 3) & 0xFF
                out[at] = rotated ^ array[(at + shift + last - first) % 16]
        return bytes(out)

    return _with_file_pass(struct.pack("<HHH", 0, key, verifier), scramble)


MAKERS = [agile, agile_sha1, standard, xls_rc4, xls_xor]


@pytest.mark.parametrize("make", MAKERS)
def test_08_the_default_password_opens_a_workbook(make: Callable[[str], bytes]) -> None:
    content = make(DEFAULT)
    assert sniff(content) == ENCRYPTED
    document = read_document(content)
    assert document.format == ("xls" if make in {xls_rc4, xls_xor} else "xlsx")
    assert document.sheets[0].row_texts(0) == ["инн", "0123456789"]


@pytest.mark.parametrize("make", [agile, standard, xls_rc4])
def test_08_a_configured_password_opens_a_workbook(make: Callable[[str], bytes]) -> None:
    content = make(SECRET)
    with pytest.raises(PharmaError, match="PASSWORD_PROTECTED"):
        read_document(content, Hints(passwords=("не тот", "x" * 300)))
    assert read_document(content, Hints(passwords=("", "не тот", SECRET))).sheets[0].row_texts(0)[0] == "инн"


@pytest.mark.parametrize("make", [agile, standard, xls_rc4])
def test_08_no_password_is_told(make: Callable[[str], bytes], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(PharmaError) as caught:
        read_document(make(DEFAULT[:-1]), Hints(passwords=(SECRET,)))
    read_document(make(SECRET), Hints(passwords=(SECRET,)))
    told = f"{caught.value!r} {caught.value.facts} {caught.value.__cause__} {caplog.text}"
    assert SECRET not in told
    assert DEFAULT not in told


def test_08_encrypted_entries_of_an_archive() -> None:
    content = bytearray(xlsx())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(signature, at + 4)
    with pytest.raises(PharmaError, match="PASSWORD_PROTECTED"):
        read_document(bytes(content), Hints(passwords=(SECRET,)))


def test_08_an_encrypted_ods() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("content.xml", b"\x00\x01")
        file.writestr("META-INF/manifest.xml", "<manifest:manifest><manifest:encryption-data/></manifest:manifest>")
    with pytest.raises(PharmaError, match="PASSWORD_PROTECTED"):
        read_document(out.getvalue())


def _package(info: bytes, package: bytes = b"\0" * 64) -> bytes:
    out = io.BytesIO()
    ECMA376Encrypted(package, info).write_to(out)
    return out.getvalue()


AGILE = struct.pack("<HHI", 4, 4, 0x40)


@pytest.mark.parametrize(
    ("info", "code"),
    [
        (AGILE + b'<encryption><p:encryptedKey spinCount="4000000000"/></encryption>', "RESOURCE_LIMIT"),
        (AGILE + b"<encryption><p:encryptedKey spinCount = '9999999'/></encryption>", "RESOURCE_LIMIT"),
        (AGILE + b'<!DOCTYPE x [<!ENTITY a "b">]><encryption/>', "RESOURCE_LIMIT"),
        (AGILE + b"<encryption/>", "CORRUPT_FILE"),
        (AGILE + b"\xff\xfe", "CORRUPT_FILE"),
        (struct.pack("<HHI", 3, 3, 0x40), "FORMAT_UNSUPPORTED"),
        (struct.pack("<HHI", 9, 9, 0x40), "FORMAT_UNSUPPORTED"),
        (b"", "CORRUPT_FILE"),
    ],
)
def test_11_odd_encryption_ends_quickly(info: bytes, code: str) -> None:
    started = time.monotonic()
    with pytest.raises(PharmaError) as caught:
        read_document(_package(info))
    assert caught.value.code == code
    assert time.monotonic() - started < 2


def test_03_a_damaged_package_is_not_taken_for_a_wrong_password() -> None:
    content = bytearray(agile(DEFAULT))
    with olefile.OleFileIO(io.BytesIO(bytes(content))) as container:
        stream = container.openstream("EncryptedPackage").read()
    at = content.index(stream[1024:1100])
    content[at : at + 3000] = bytes(3000)
    with pytest.raises(PharmaError, match=r"CORRUPT_FILE|RESOURCE_LIMIT"):
        read_document(bytes(content))
