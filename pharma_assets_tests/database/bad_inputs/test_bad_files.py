"""BAD_INPUTS 1 to 4, 8, 9 and 12: what is wrong with a file as a whole."""

from __future__ import annotations

import io
import os
import re
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msoffcrypto
import pytest

from pharma_assets.model.client_month import ClientMonth
from pharma_assets_tests.database.bad_inputs.archives import (
    pack,
    patched,
    replacing,
    unpack,
)
from pharma_assets_tests.database.bad_inputs.inbox import PASSWORD, Inbox, loads_report
from pharma_assets_tests.database.bad_inputs.markup import (
    html,
    ods,
    spreadsheet_2003,
)
from pharma_assets_tests.database.bad_inputs.report import (
    DBF_FIELDS,
    HEADER,
    REPORT,
    WITH_SUM_ALIAS,
    dbf_report,
    many,
)
from pharma_assets_tests.database.bad_inputs.tables import csv, dbf
from pharma_assets_tests.database.bad_inputs.workbooks import (
    SHARED_XML,
    SHEET_XML,
    xls,
    xlsb,
    xlsx,
)


@pytest.mark.parametrize("name", ["empty.xlsx", "empty.xls", "empty.csv"])
def test_case_01_no_bytes(inbox: Inbox, name: str) -> None:
    inbox.take_in(b"", name).fails("EMPTY_FILE")


HEADERS_ALONE = {
    "xlsx": xlsx([HEADER]),
    "xls": xls([HEADER]),
    "csv": csv([HEADER]),
    "html": html([HEADER]),
    "blank rows": xlsx([HEADER, (None, " "), (None, None, None, None, "\u00a0")]),
}


@pytest.mark.parametrize("content", HEADERS_ALONE.values(), ids=HEADERS_ALONE)
def test_case_02_header_alone(inbox: Inbox, content: bytes) -> None:
    inbox.take_in(content).fails("NO_DATA_ROWS")


@pytest.mark.parametrize("content", HEADERS_ALONE.values(), ids=HEADERS_ALONE)
def test_case_02_header_alone_where_a_nil_report_is_allowed(inbox: Inbox, content: bytes) -> None:
    inbox.take_in(content, nil_report=True).loads(read=0, sums={})


def test_case_02_a_nil_report_needs_its_header_all_the_same(inbox: Inbox) -> None:
    inbox.take_in(xlsx([("Продаж не было",)]), nil_report=True).fails("HEADER_NOT_FOUND", "Продаж не было")


def flipped(content: bytes, member: str) -> bytes:
    """The archive with one bit of a member's packed bytes turned over."""
    damaged = bytearray(content)
    start = content.index(member.encode()) + len(member)
    damaged[start + 200] ^= 0x10
    return bytes(damaged)


LONG = (HEADER, *many(600))


def without_end(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def up_to(end: bytes) -> Callable[[bytes], bytes]:
    """A change that cuts a text off right behind a whole row, where nothing looks damaged."""

    def cut(content: bytes) -> bytes:
        return content[: content.index(end, len(content) // 2) + len(end)]

    return cut


def up_to_row(part: bytes) -> bytes:
    """A part of an xlsb, cut off right before the record that begins row 301."""
    return part[: part.index(struct.pack("<BBI", 0, 17, 300))]


def xls_of_zeros(content: bytes) -> bytes:
    """An upload that reserved its space and broke off."""
    start = content.index(struct.pack("<HHHH", 0x27E, 10, 300, 0))
    return content[:start] + b"\0" * (len(content) - start)


def without_last_records(content: bytes) -> bytes:
    """An xls whose stream is nothing but zeros behind a row; the container around it is whole."""
    start = content.index(struct.pack("<HHHH", 0x27E, 10, 300, 0))
    end = content.index(struct.pack("<HHHH", 0x27E, 10, 600, 0)) + 100
    return content[:start] + b"\0" * (end - start) + content[end:]


DAMAGED: dict[str, Callable[[], bytes]] = {
    "xlsx cut": lambda: without_end(xlsx(LONG)),
    "xlsx cut to its head": lambda: xlsx(LONG)[:300],
    "xlsx with a flipped bit": lambda: flipped(xlsx(LONG), SHEET_XML),
    "xlsx whose sheet ends early": lambda: patched(xlsx(LONG), {SHEET_XML: without_end}),
    "xlsx whose sheet ends behind a row": lambda: patched(xlsx(LONG), {SHEET_XML: up_to(b"</row>")}),
    "xlsx whose texts end behind one": lambda: patched(xlsx(LONG), {SHARED_XML: up_to(b"</si>")}),
    "xlsx whose styles are no XML": lambda: patched(xlsx(LONG), {"xl/styles.xml": lambda _: b"<styleSheet><fonts"}),
    "xlsx without its sheet": lambda: patched(xlsx(REPORT), {SHEET_XML: None}),
    "xlsx of blanks": lambda: b"PK\x03\x04" + b"\0" * 5000,
    "xls cut": lambda: without_end(xls(LONG)),
    "xls cut to its head": lambda: xls(LONG)[:600],
    "xlsb cut": lambda: without_end(xlsb(LONG)),
    "xlsb whose sheet ends early": lambda: patched(xlsb(LONG), {"xl/worksheets/sheet1.bin": without_end}),
    "ods cut": lambda: without_end(ods(LONG)),
    "ods whose content ends early": lambda: patched(ods(LONG), {"content.xml": without_end}),
    "ods whose content ends behind a row": lambda: patched(ods(LONG), {"content.xml": up_to(b"</table:table-row>")}),
    "xml 2003 cut": lambda: without_end(spreadsheet_2003(LONG)),
    "xml 2003 cut behind a row": lambda: up_to(b"</Row>")(spreadsheet_2003(LONG)),
    "html cut behind a row": lambda: up_to(b"</tr>")(html(LONG)),
    "html cut": lambda: without_end(html(LONG)),
    "xlsb whose sheet ends behind a row": lambda: patched(xlsb(LONG), {"xl/worksheets/sheet1.bin": up_to_row}),
    "xls whose sheet ends behind a row": lambda: without_last_records(xls(LONG)),
    "xls of zeros behind a row": lambda: xls_of_zeros(xls(LONG)),
    "dbf cut behind a record": lambda: dbf_report()[: -1 - 85],
    "dbf cut": lambda: without_end(dbf([*DBF_FIELDS, ("Сумма", "N", 12, 2)], LONG[1:])),
}


@pytest.mark.parametrize("build", DAMAGED.values(), ids=DAMAGED)
def test_case_03_cut_or_damaged(inbox: Inbox, build: Callable[[], bytes]) -> None:
    inbox.take_in(build(), columns=WITH_SUM_ALIAS).fails("CORRUPT_FILE")


def test_case_03_a_bad_file_never_stops_the_others(inbox: Inbox) -> None:
    client_month = ClientMonth(inbox.new_client(), 2025, 6)
    of_june_5, of_june_6 = ([HEADER, *((f"0{day}.06.2025", *row[1:]) for row in REPORT[1:])] for day in (5, 6))
    contents = [DAMAGED["xlsx cut"](), xlsx(REPORT), b"", csv(of_june_5), xls(of_june_6)]
    for name, content in zip(("1.xlsx", "2.xlsx", "3.xls", "4.csv", "5.xlsx"), contents, strict=True):
        (inbox.leaf(client_month) / name).write_bytes(content)
    inbox.scan()
    inbox.work_on(client_month)
    rows = inbox.query(
        "SELECT f.status, f.error_reason, l.rows_loaded FROM ops.file_registry f LEFT JOIN ops.file_load l"
        " ON l.file_id = f.id AND l.superseded_at IS NULL WHERE f.client_name = %s ORDER BY f.file_path",
        client_month.client.name,
    )
    assert [tuple(row.values()) for row in rows] == [
        ("ERROR", "CORRUPT_FILE", None),
        ("CREATED", None, 3),
        ("ERROR", "EMPTY_FILE", None),
        ("CREATED", None, 3),
        ("CREATED", None, 3),
    ]


@pytest.mark.parametrize("name", ["отчёт.xlsx.part", "~$отчёт.xlsx", "отчёт.xlsx.tmp", "отчёт.xlsx.filepart"])
def test_case_04_upload_names_are_not_claimed(inbox: Inbox, name: str) -> None:
    client_month = ClientMonth(inbox.new_client(), 2025, 6)
    (inbox.leaf(client_month) / name).write_bytes(xlsx(REPORT))
    result = inbox.scan()
    assert client_month.client.name not in "".join(result.paths)
    assert result.filtered >= 1


def test_case_04_a_young_file_is_claimed_when_it_has_settled(inbox: Inbox) -> None:
    client_month = ClientMonth(inbox.new_client(), 2025, 6)
    (inbox.leaf(client_month) / "отчёт.xlsx").write_bytes(xlsx(REPORT))
    early = inbox.scan(settle_seconds=0.2)
    assert (early.added, early.unsettled) == (0, 1)
    time.sleep(0.25)
    late = inbox.scan(settle_seconds=0.2)
    assert (late.added, late.unsettled) == (1, 0)
    inbox.work_on(client_month)
    loads_report(inbox.taken(client_month))


@pytest.mark.parametrize("days", [-1, 1], ids=["mtime of yesterday", "mtime of tomorrow"])
def test_case_04_a_growing_file_is_not_claimed_whatever_its_time_says(inbox: Inbox, days: int) -> None:
    client_month = ClientMonth(inbox.new_client(), 2025, 6)
    path = inbox.leaf(client_month) / "отчёт.csv"
    over = threading.Event()
    mtime = time.time() + days * 86_400

    def upload() -> None:
        while not over.wait(0.01):
            with path.open("ab") as file:
                file.write(b"x" * 100)
            os.utime(path, (mtime, mtime))

    path.write_bytes(b"x")
    os.utime(path, (mtime, mtime))
    sender = threading.Thread(target=upload)
    sender.start()
    try:
        result = inbox.scan(settle_seconds=0.2)
    finally:
        over.set()
        sender.join()
    assert (result.added, result.unsettled) == (0, 1)
    path.unlink()


def encrypted(password: str) -> bytes:
    out = io.BytesIO()
    msoffcrypto.OfficeFile(io.BytesIO(xlsx(REPORT))).encrypt(password, out)
    assert out.getvalue().startswith(b"\xd0\xcf\x11\xe0")
    return out.getvalue()


def test_case_08_an_unknown_password(inbox: Inbox) -> None:
    message = inbox.take_in(encrypted("никто не знает")).fails("PASSWORD_PROTECTED")
    assert PASSWORD not in message


@pytest.mark.parametrize("password", [PASSWORD, "VelvetSweatshop"], ids=["configured", "Excel's own"])
def test_case_08_a_known_password(inbox: Inbox, password: str) -> None:
    loads_report(inbox.take_in(encrypted(password)))


def test_case_08_an_encrypted_xls(inbox: Inbox) -> None:
    content = xls(REPORT)
    start = content.index(struct.pack("<HH", 0x5C, 112))
    # FILEPASS in place of the record that names the author, and the rest of that under a number that nobody knows.
    filepass = struct.pack("<HH", 0x2F, 54) + struct.pack("<HHH", 1, 1, 1) + bytes(range(48))
    rest = struct.pack("<HH", 0x0FFF, 116 - len(filepass) - 4).ljust(116 - len(filepass), b"\0")
    protected = content[:start] + filepass + rest + content[start + 116 :]
    assert len(protected) == len(content)
    inbox.take_in(protected, "отчёт.xls").fails("PASSWORD_PROTECTED")


def renamed(content: bytes, old: str, new: str) -> bytes:
    return pack({new if name == old else name: member for name, member in unpack(content).items()})


TOLERATED = {
    "styles missing": patched(xlsx(REPORT), {"xl/styles.xml": None}),
    "styles that openpyxl refuses": patched(
        xlsx(REPORT), {"xl/styles.xml": replacing((b'patternType="gray125"', b'patternType="plaid"'))}
    ),
    "shared strings in another case": renamed(xlsx(REPORT), SHARED_XML, "xl/SharedStrings.xml"),
    "no content types": patched(xlsx(REPORT), {"[Content_Types].xml": None}),
    "no theme": patched(xlsx(REPORT), {"xl/theme/theme1.xml": None}),
    "backslashes": pack({name.replace("/", "\\"): member for name, member in unpack(xlsx(REPORT)).items()}),
}


@pytest.mark.parametrize("content", TOLERATED.values(), ids=TOLERATED)
def test_case_09_damage_that_a_reader_tolerates(inbox: Inbox, content: bytes) -> None:
    loads_report(inbox.take_in(content))


LOST_STRINGS = {
    "missing": patched(xlsx(REPORT), {SHARED_XML: None}),
    "too few": patched(xlsx(REPORT), {SHARED_XML: lambda xml: re.sub(rb"(<si>.*?</si>){3}</sst>", b"</sst>", xml)}),
    "not XML": patched(xlsx(REPORT), {SHARED_XML: lambda xml: xml[: len(xml) // 2]}),
}


@pytest.mark.parametrize("content", LOST_STRINGS.values(), ids=LOST_STRINGS)
def test_case_09_shared_strings_that_are_lost(inbox: Inbox, content: bytes) -> None:
    inbox.take_in(content).fails("CORRUPT_FILE")


UNSUPPORTED = {
    "zip of reports": (pack({"июнь/отчёт.xlsx": xlsx(REPORT), "июнь/отчёт.csv": csv(REPORT)}), "zip"),
    "rar": (b"Rar!\x1a\x07\x01\x00" + b"\x11" * 500, "RAR"),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00\x04" + b"\x11" * 500, "7-Zip"),
    "gzip": (b"\x1f\x8b\x08\x00" + b"\x11" * 500, "gzip"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", "PDF"),
    "png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "PNG"),
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 100, "JPEG"),
    "docx": (pack({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}), "Word"),
    "program": (b"MZ\x90\x00" + bytes(range(256)) * 8, "program"),
    "unknown": (bytes(range(256)) * 20, "binary"),
}


@pytest.mark.parametrize(("content", "named"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_case_12_what_is_no_report(inbox: Inbox, content: bytes, named: str) -> None:
    inbox.take_in(content).fails("FORMAT_UNSUPPORTED", named)


def test_every_case_has_a_test() -> None:
    """49a belongs to the delivery modes, and 13 comes with the registry of contents."""
    files = Path(__file__).parent.glob("test_*.py")
    found = {int(number) for file in files for number in re.findall(r"^def test_case_(\d+)_", file.read_text(), re.M)}
    assert found == set(range(1, 50)) - {13}
