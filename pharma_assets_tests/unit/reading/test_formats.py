from __future__ import annotations

import gzip
import io
import struct
import zipfile

import pytest
from xlwt.CompoundDoc import XlsDoc

from pharma_assets.errors import PharmaError
from pharma_assets.reading.document import READERS, read_document
from pharma_assets.reading.formats import ENCRYPTED, UNKNOWN, sniff


def archive(*names: str, content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(name, content)
    return out.getvalue()


def dos_archive(name: str) -> bytes:
    """As Windows packs it: the name in cp866, and no flag that says otherwise."""
    stand_in = "x" * len(name.encode("cp866"))
    return archive(stand_in).replace(stand_in.encode(), name.encode("cp866"))


def ole(stream: str) -> bytes:
    entry = stream.encode("utf-16-le").ljust(64, b"\x00")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 1016 + entry


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (archive("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (archive("[Content_Types].xml", "xl\\workbook.xml"), "xlsx"),
        (archive("[Content_Types].xml", "xl/workbook.bin"), "xlsb"),
        (archive("[Content_Types].xml", "XL/Workbook.xml"), "xlsx"),
        (archive("[Content_Types].xml", "book/workbook.xml", content=b"spreadsheetml.sheet.main+xml"), "xlsx"),
        (archive("[Content_Types].xml", "word/document.xml"), "a Word document (docx)"),
        (archive("[Content_Types].xml", "ppt/presentation.xml"), "a PowerPoint presentation (pptx)"),
        (archive("mimetype", content=b"application/vnd.oasis.opendocument.spreadsheet"), "ods"),
        (archive("META-INF/manifest.xml", content=b"application/vnd.oasis.opendocument.spreadsheet"), "ods"),
        (archive("mimetype", content=b"application/vnd.oasis.opendocument.spreadsheet")[:-30], "ods"),
        (archive("mimetype", content=b"application/vnd.oasis.opendocument.text"), "an OpenDocument text (odt)"),
        (archive("mimetype", "META-INF/manifest.xml", content=b"opendocument.spreadsheet encryption-data"), ENCRYPTED),
        (archive("отчёт.csv"), "a zip archive of 1 file: отчёт.csv"),
        (archive("a.xlsx", "b/", "b/c\x07.xls", "d.csv"), "a zip archive of 3 files: a.xlsx, b/c .xls, d.csv"),
        (archive("1", "2", "3", "4"), "a zip archive of 4 files: 1, 2, 3, …"),
        (archive("x" * 100), f"a zip archive of 1 file: {'x' * 59}…"),
        (archive(), "a zip archive without files"),
        (dos_archive("отчёт.csv"), "a zip archive of 1 file: отчёт.csv"),
        (archive("[Content_Types].xml", "xl/workbook.xml")[:-30], "xlsx"),
        (archive("отчёт.csv")[:-30], "xlsx"),
        (ole("Workbook"), "xls"),
        (ole("Book"), "xls"),
        (ole("EncryptedPackage"), ENCRYPTED),
        (ole("WordDocument"), "a Word document (doc)"),
        (ole("__properties_version1.0"), "an Outlook message (msg)"),
        (b"\x09\x08\x10\x00\x00\x06\x05\x00", "xls"),
        (b"\x09\x00\x04\x00\x02\x00\x10\x00", "xls"),
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c\x00", "a 7-Zip archive"),
        (gzip.compress(b"x", mtime=0), "a gzip archive"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\xef\xbb\xbf\r\n%PDF-1.4", "a PDF document"),
        (b"MOXCEL\x00\x07", "a 1C spreadsheet (mxl)"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"RIFF\x00\x01\x00\x00WEBPVP8 ", "a WebP image"),
        (b"BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00", "a BMP image"),
        (b"\x00\x00\x00\x18ftypheic", "a HEIC image"),
        (b"otchet.csv".ljust(257, b"\x00") + b"ustar\x0000", "a tar archive"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"\x00\x01\x00\x00Standard ACE DB\x00", "an Access database (accdb)"),
        (b"MZ\x90\x00", "a Windows program"),
        (b"{\\rtf1\\ansi", "an RTF document"),
        (b'{"rows": [{"inn": "1"}]}', "a JSON document"),
        (b' [\n {"inn": "1"}]', "a JSON document"),
        (b'{"inn": 1}\n{"inn": 2}\n', "a JSON document"),
        ("[]".encode("utf-16"), "a JSON document"),
        (b"ID;PWXL;N;E\r\nP;PGeneral\r\nC;Y1;X1;K1\r\nE\r\n", "a SYLK spreadsheet (slk)"),
        (b'TABLE\r\n0,1\r\n"EXCEL"\r\n', "a DIF spreadsheet"),
        (b"\xef\xbb\xbf \r\n<HTML><body>", "html"),
        (b"<table border=1><tr><td>1", "html"),
        ("<html><table>".encode("utf-16"), "html"),
        ("<html><table>".encode("utf-16-le"), "html"),
        (b"<!-- saved from url -->\n<!DOCTYPE HTML PUBLIC><body>", "html"),
        (b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><table>', "html"),
        (b"<br />\n<b>Warning</b>: x\n<table><tr><td>1</table>", "html"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "xml2003"),
        (b'\n<?xml version="1.0"?><s:Workbook xmlns:s="urn:schemas-microsoft-com:office:spreadsheet">', "xml2003"),
        (b"<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet", "xml2003"),
        (b'<?xml version="1.0"?><root/>', "an XML document (root <root>)"),
        (b'<?xml version="1.0"?><w:doc xmlns:w="urn:w"><x', "an XML document (root <w:doc>)"),
        (
            '<?xml version="1.0" encoding="windows-1251"?><КоммерческаяИнформация/>'.encode("cp1251"),
            "an XML document (root <КоммерческаяИнформация>)",
        ),
        ("<Файл><Дата/></Файл>\n".encode(), "an XML document (root <Файл>)"),
        (b'<?xml version="1.0"?><', "an XML document"),
        (
            b'<?xml version="1.0"?><o:document xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
            b' o:mimetype="application/vnd.oasis.opendocument.spreadsheet">',
            "a flat OpenDocument spreadsheet",
        ),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n", "mhtml"),
        (b"From: <Saved by a browser>\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n", "mhtml"),
        (b"From: a@b.ru\r\nContent-Type: multipart/mixed\r\n", "an e-mail message"),
        (bytes([3, 125, 6, 1, 1, 0, 0, 0, 65, 0, 20, 0]) + b"\x00" * 52 + b"\r", "dbf"),
        (b"\x00\x01\x02\x03\x98" * 50, UNKNOWN),
        ("инн;клиент\r\n".encode("cp1251"), "csv"),
        ("инн;клиент\r\n".encode("utf-16"), "csv"),
        ("инн;клиент\r\n№ 1;Ромашка\r\n".encode("utf-16-le"), "csv"),
        ("инн;клиент\r\n№ 1;Ромашка\r\n".encode("utf-16-be"), "csv"),
        (b"a;b\r\n1;\x00\r\n", "csv"),
        (b"<1>;<2>\r\n3;4\r\n", "csv"),
        ("<Дата>;<Сумма>\r\n1;2\r\n".encode(), "csv"),
        (b"<trade>;<tabletka>\r\n1;2\r\n", "csv"),
        ("<b>Отчёт</b>\r\nИНН;Сумма\r\n1;2\r\n".encode(), "csv"),
        (b"<a>;<b>\r\n1;<c>", "csv"),
        (b"From: June\r\na;b\r\n1;2\r\n", "csv"),
        (b"ID;PRICE\r\n1;20\r\n", "csv"),
        (b'[1];{"a"}\r\n2;3\r\n', "csv"),
        (b"BM;GIF;PK\r\n1;2;3\r\n", "csv"),
        (b"12\n\n34;5\xe8;6\n78;90;11;12;13;14;15;16;17;18;19\n", "csv"),
        (b"1\t2\n3\t4\n", "csv"),
        (b"\xef\xbb\xbf", "csv"),
    ],
)
def test_05_12_content_is_told_by_its_bytes(content: bytes, name: str) -> None:
    assert sniff(content) == name


def test_12_a_letter_with_a_workbook_in_it_is_a_letter() -> None:
    # xlwt's container of one stream, whose entry in the directory is renamed.
    out = io.BytesIO()
    XlsDoc().save(out, bytes(4096))
    content = out.getvalue()
    entry = "Workbook".encode("utf-16-le").ljust(64, b"\x00") + struct.pack("<H", 18)
    letter = "WordDocument".encode("utf-16-le").ljust(64, b"\x00") + struct.pack("<H", 26)
    assert sniff(content) == "xls"
    assert sniff(content.replace(entry, letter) + entry) == "a Word document (doc)"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "EMPTY_FILE", "0 bytes"),
        (b"%PDF-1.7", "FORMAT_UNSUPPORTED", "a PDF document"),
        (archive("отчёт.csv"), "FORMAT_UNSUPPORTED", "a zip archive of 1 file: отчёт.csv"),
        (b"\x00\x01\x02\x03\x98" * 50, "FORMAT_UNSUPPORTED", UNKNOWN),
        (ole("EncryptedPackage"), "CORRUPT_FILE", "encrypted"),
        (ole("Workbook"), "CORRUPT_FILE", "xls"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "CORRUPT_FILE", "xlsx"),
        (archive("[Content_Types].xml", "xl/workbook.xml")[:-30], "CORRUPT_FILE", "xlsx"),
    ],
)
def test_01_03_12_what_is_not_read_is_named(content: bytes, code: str, words: str) -> None:
    with pytest.raises(PharmaError) as caught:
        read_document(content)
    assert caught.value.code == code
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyError("нет такого"), "CORRUPT_FILE", "not readable as csv: KeyError: 'нет такого'"),
        (RecursionError(), "CORRUPT_FILE", "not readable as csv: RecursionError"),
        (MemoryError(), "RESOURCE_LIMIT", "memory ran out while reading csv"),
        (PharmaError("EMPTY_FILE"), "EMPTY_FILE", "0 bytes"),
    ],
)
def test_03_whatever_a_reader_lets_out_is_named(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: str, words: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setitem(READERS, "csv", fail)
    with pytest.raises(PharmaError, match=words) as caught:
        read_document(b"a;b")
    assert caught.value.code == code


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_the_end_of_the_process_is_no_problem_of_a_file(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setitem(READERS, "csv", fail)
    with pytest.raises(type(error)):
        read_document(b"a;b")


def test_every_name_that_is_routed_has_a_reader() -> None:
    assert set(READERS) == {"xlsx", "xlsb", "xls", "ods", "xml2003", "html", "mhtml", "dbf", "csv"}


def test_15_utf16_without_bom_is_no_table_of_dbase() -> None:
    """Cyrillic in UTF-16-BE begins with 0x04, which dBase 7 files begin with too."""
    text = "Дата;Товар;Количество\r\n" + "02.06.2025;Цитрамон;2\r\n" * 20
    assert sniff(text.encode("utf-16-be")) == "csv"


@pytest.mark.parametrize("size", [100, 10_000, 100_000])
def test_18_a_tail_of_nuls_is_text_that_broke_off(size: int) -> None:
    content = "Дата;Товар\r\n02.06.2025;Цитрамон\r\n".encode("cp1251") * 10 + b"\0" * size
    assert sniff(content) == "csv"
    with pytest.raises(PharmaError, match="CORRUPT_FILE"):
        read_document(content)
