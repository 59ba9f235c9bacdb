"""Nothing that a file does to the process that reads it reaches the platform (BAD_INPUTS 10, 11, 65)."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pytest

from pharma_assets.demo.reports import client_01_xlsx
from pharma_assets.errors import PharmaError
from pharma_assets.files import open_settled
from pharma_assets.reading import wire
from pharma_assets.reading.document import read_document
from pharma_assets.reading.guard import GuardedReader
from pharma_assets.reading.sheet import Document, Kind, Merge, Sheet

HOSTILE = "pharma_assets_tests.unit.reading.hostile_worker"


@pytest.fixture(scope="module")
def hostile() -> Iterator[GuardedReader]:
    with GuardedReader(seconds=20, memory_mb=1024, worker=HOSTILE) as reader:
        yield reader


def problem_of(reader: GuardedReader, content: bytes | io.BytesIO) -> PharmaError:
    with pytest.raises(PharmaError) as caught:
        reader.read(content)
    return caught.value


def test_a_guarded_report_is_the_same_as_an_unguarded_one() -> None:
    content = client_01_xlsx(200, date(2025, 6, 1)).content
    with GuardedReader(seconds=60, memory_mb=1024) as reader:
        guarded, digest = reader.read(content)
        assert reader.read(io.BytesIO(content))[1] == digest == hashlib.sha256(content).hexdigest()
    (plain,), (sheet,) = read_document(content).sheets, guarded.sheets
    assert guarded.engine == "calamine"
    assert (sheet.name, sheet.rows.tolist()) == (plain.name, plain.rows.tolist())
    assert [column.to_pylist() for column in sheet.columns] == [column.to_pylist() for column in plain.columns]
    assert [kinds.tolist() for kinds in sheet.kinds] == [kinds.tolist() for kinds in plain.kinds]


def test_every_part_of_a_document_crosses() -> None:
    blank = pa.nulls(2, pa.string())
    nothing = np.zeros(2, np.uint8)
    texts = pa.array(["а\ud83d\ude00".encode("utf-8", "replace").decode(), None], pa.string())
    sheets = (
        Sheet(
            "Лист\ud83d",
            np.array([3, 7], np.int32),
            (texts, blank, blank, texts.dictionary_encode()),
            (np.array([1, 0], np.uint8), nothing, nothing, np.array([Kind.TEXT, Kind.BLANK], np.uint8)),
            np.array([4, 2], np.int32),
            visible=False,
            hidden=np.array([False, True]),
            merges=(Merge(3, 7, 0, 1),),
            from_1904=True,
        ),
        Sheet("пусто", np.zeros(0, np.int32), (), ()),
    )
    remark = PharmaError("HIDDEN_ROWS", sheet="Лист", rows=1)
    pipe = io.BytesIO()
    wire.send_document(pipe, Document("csv", "csv", sheets, "cp1251", ";", (remark,)))
    pipe.seek(0)
    document = wire.receive_document(pipe)
    assert (document.format, document.engine, document.encoding, document.delimiter) == ("csv", "csv", "cp1251", ";")
    assert [str(remark) for remark in document.remarks] == [str(remark)]
    for sent, received in zip(sheets, document.sheets, strict=True):
        facts = [(sheet.name, sheet.visible, sheet.merges, sheet.from_1904) for sheet in (sent, received)]
        assert facts[0] == facts[1]
        assert sent.rows.tolist() == received.rows.tolist()
        assert [column.type for column in sent.columns] == [column.type for column in received.columns]
        assert [column.to_pylist() for column in sent.columns] == [column.to_pylist() for column in received.columns]
        assert [kinds.tolist() for kinds in sent.kinds] == [kinds.tolist() for kinds in received.kinds]
    assert sheets[0].widths is not None
    assert document.sheets[0].widths is not None
    assert document.sheets[0].widths.tolist() == [4, 2]
    assert document.sheets[0].hidden is not None
    assert document.sheets[0].hidden.tolist() == [False, True]


@pytest.mark.parametrize(
    ("deed", "code", "told"),
    [
        ("segfault", "WORKER_CRASH", "SIGSEGV"),
        ("kill", "WORKER_CRASH", "SIGKILL"),
        ("exit", "WORKER_CRASH", "exit status 3"),
        ("abort", "RESOURCE_LIMIT", "1024 MB"),
        ("hoard", "RESOURCE_LIMIT", "memory ran out"),
        ("bad input", "CORRUPT_FILE", "it says so"),
    ],
)
def test_a_deadly_file_has_an_error_and_the_next_one_goes_on(
    hostile: GuardedReader, deed: str, code: str, told: str
) -> None:
    problem = problem_of(hostile, deed.encode())
    assert problem.code == code
    assert told in problem.message
    assert hostile.read(b"nothing")[0].sheets == ()


def test_a_file_that_kills_once_is_read_by_careful_engines(hostile: GuardedReader) -> None:
    document, _ = hostile.read(b"once segfault")
    (remark,) = document.remarks
    assert remark.code == "SECOND_ENGINE"
    assert "SIGSEGV" in remark.message


def test_a_file_that_hangs_ends_in_time() -> None:
    with GuardedReader(seconds=1.5, memory_mb=1024, worker=HOSTILE) as reader:
        reader.start()
        started = time.monotonic()
        assert problem_of(reader, b"hang").code == "TIMEOUT"
        assert time.monotonic() - started < 10


def test_the_process_is_kept_and_what_engines_print_is_no_answer(hostile: GuardedReader) -> None:
    first, second = (hostile.read(deed)[0].engine for deed in (b"print", b"nothing"))
    assert first == second
    problem_of(hostile, b"exit")
    assert hostile.read(b"nothing")[0].engine != first


def test_a_process_that_has_gone_between_files_is_started_again(hostile: GuardedReader) -> None:
    child = psutil.Process(int(hostile.read(b"nothing")[0].engine))
    child.kill()
    child.wait(5)
    assert hostile.read(b"nothing")[0].sheets == ()


def test_the_reading_process_knows_no_secret(hostile: GuardedReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_DATABASE_URL", "postgresql://user:secret@host/db")
    problem_of(hostile, b"exit")
    child = psutil.Process(int(hostile.read(b"nothing")[0].engine))
    assert not [name for name in child.environ() if name.startswith("PHARMA")]


def test_the_reading_process_ends_with_the_one_that_asked() -> None:
    code = (
        "import os; from pharma_assets.reading.guard import GuardedReader\n"
        f"reader = GuardedReader(60, 1024, {HOSTILE!r})\n"
        "print(reader.read(b'nothing')[0].engine, flush=True); os.kill(os.getpid(), 9)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(int(result.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(int(result.stdout))


def test_a_file_that_shrinks_is_changing(hostile: GuardedReader) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            self.truncate(10)
            return super().read(size)

    assert problem_of(hostile, Shrinking(b"nothing\n" * 100)).code == "FILE_CHANGING"
    assert hostile.read(b"nothing")[0].sheets == ()


@pytest.mark.parametrize("deed", [b"nothing", b"bad input"])
def test_a_file_that_changed_meanwhile_is_changing_whatever_else_it_is(
    hostile: GuardedReader, tmp_path: Path, deed: bytes
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(deed)

    def read() -> None:
        with open_settled(tmp_path, "file.csv") as file:
            path.write_bytes(deed + b"\nmore")
            hostile.read(file)

    with pytest.raises(PharmaError, match="FILE_CHANGING"):
        read()
