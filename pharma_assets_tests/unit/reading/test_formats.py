from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import read_document
from pharma_assets.reading.formats import ENCRYPTED, UNKNOWN, sniff


def archive(*names: str, content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(name, content)
    return out.getvalue()


def ole(stream: str) -> bytes:
    entry = stream.encode("utf-16-le").ljust(64, b"\x00")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 1016 + entry


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (archive("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (archive("[Content_Types].xml", "xl\\workbook.xml"), "xlsx"),
        (archive("[Content_Types].xml", "xl/workbook.bin"), "an Excel binary workbook (xlsb)"),
        (archive("[Content_Types].xml", "word/document.xml"), "a Word document (docx)"),
        (
            archive("mimetype", content=b"application/vnd.oasis.opendocument.spreadsheet"),
            "an OpenDocument spreadsheet (ods)",
        ),
        (archive("отчёт.csv"), "a zip archive"),
        (archive("[Content_Types].xml", "xl/workbook.xml")[:-30], "xlsx"),
        (archive("отчёт.csv")[:-30], "xlsx"),
        (ole("Workbook"), "xls"),
        (ole("Book"), "xls"),
        (ole("EncryptedPackage"), ENCRYPTED),
        (ole("WordDocument"), "a Word document (doc)"),
        (b"\x09\x08\x10\x00\x00\x06\x05\x00", "xls"),
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c\x00", "a 7-Zip archive"),
        (gzip.compress(b"x"), "a gzip archive"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"\xef\xbb\xbf \r\n<HTML><body>", "an HTML page"),
        (b"<table border=1><tr><td>1", "an HTML page"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "an XML Spreadsheet 2003",
        ),
        (b'<?xml version="1.0"?><root/>', "an XML document"),
        (b"MIME-Version: 1.0\r\n", "a web archive (mhtml)"),
        (
            bytes([3, 125, 6, 1, 1, 0, 0, 0, 65, 0, 20, 0]) + b"\x00" * 52 + b"\r",
            "a dBase table (dbf)",
        ),
        (b"\x00\x01\x02\x03\x98" * 50, UNKNOWN),
        ("инн;клиент\r\n".encode("cp1251"), "csv"),
        ("инн;клиент\r\n".encode("utf-16"), "csv"),
    ],
)
def test_content_is_told_by_its_bytes(content: bytes, name: str) -> None:
    assert sniff(content) == name


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "EMPTY_FILE", "0 bytes"),
        (b"%PDF-1.7", "FORMAT_UNSUPPORTED", "a PDF document"),
        (archive("отчёт.csv"), "FORMAT_UNSUPPORTED", "a zip archive"),
        (b"\x00\x01\x02\x03\x98" * 50, "FORMAT_UNSUPPORTED", UNKNOWN),
        (ole("EncryptedPackage"), "PASSWORD_PROTECTED", "encrypted"),
        (ole("Workbook"), "CORRUPT_FILE", "xls"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "CORRUPT_FILE", "xlsx"),
        (archive("[Content_Types].xml", "xl/workbook.xml")[:-30], "CORRUPT_FILE", "xlsx"),
    ],
)
def test_what_is_not_read_is_named(content: bytes, code: str, words: str) -> None:
    with pytest.raises(PharmaError) as caught:
        read_document(content)
    assert caught.value.code == code
    assert words in caught.value.message
