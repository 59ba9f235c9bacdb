"""What an inbox promises, asked of a folder and of an SFTP server; and what only a server can do wrong."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import paramiko
import pytest
from sqlalchemy import Engine, text

from pharma_assets.errors import PharmaError
from pharma_assets.inbox.sftp import SftpInbox
from pharma_assets.inbox.source import Inbox
from pharma_assets.inbox.walk import Listing, Walk, walk_inbox
from pharma_assets.reading.guard import GuardedReader
from pharma_assets.registry.scan import ScanRules, scan
from pharma_assets_tests.sshd import SshServer, make_key

LEAF = "Поставщики данных/Сети/2025/06/Client_01/Type1"
REPORT = f"{LEAF}/Отчёт №1.csv"
RULES = ScanRules((".csv",), 0, date(2023, 1, 1), 20)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An inbox with one report."""
    root = tmp_path / "inbox"
    (root / LEAF).mkdir(parents=True)
    (root / REPORT).write_bytes("Дата;Товар\n01.06.2025;Цитрамон\n".encode())
    return root


@pytest.fixture
def inbox(root: Path, opened: Callable[[Path], Inbox]) -> Inbox:
    return opened(root)


@pytest.fixture
def sftp(root: Path, server_on_loopback: SshServer) -> Iterator[SftpInbox]:
    inbox = server_on_loopback.inbox(root)
    yield inbox
    inbox.close()


def read(inbox: Inbox, path: str = REPORT) -> bytes:
    with inbox.open(path) as file:
        return file.read()


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(PharmaError) as caught:
        action()
    return caught.value.code


def test_entries_tell_what_is_there_and_follow_no_link(inbox: Inbox, root: Path) -> None:
    folder = root / LEAF
    os.utime(root / REPORT, (1_750_000_000, 1_750_000_000))
    (folder / os.fsdecode(b"caf\xe9.csv")).write_bytes(b"12345")
    (folder / "new\nline.csv").write_bytes(b"")
    (folder / "deeper").mkdir()
    (folder / "link.csv").symlink_to(root / REPORT)
    (folder / "way").symlink_to(root)
    os.mkfifo(folder / "pipe.csv")
    found = {entry.name: entry for entry in inbox.entries(LEAF)}
    assert {name: (entry.is_folder, entry.is_regular) for name, entry in found.items()} == {
        "Отчёт №1.csv": (False, True),
        os.fsdecode(b"caf\xe9.csv"): (False, True),
        "new\nline.csv": (False, True),
        "deeper": (True, False),
        "link.csv": (False, False),
        "way": (False, False),
        "pipe.csv": (False, False),
    }
    assert found["Отчёт №1.csv"].modified_ns == 1_750_000_000 * 10**9
    assert found[os.fsdecode(b"caf\xe9.csv")].size == 5


def test_a_folder_of_many_files_is_listed_whole(inbox: Inbox, root: Path) -> None:
    names = {f"{number:04d}{'ж' * 60}.csv" for number in range(1200)}
    (root / "much").mkdir()
    (root / "nothing").mkdir()
    for name in names:
        (root / "much" / name).touch()
    assert {entry.name for entry in inbox.entries("much")} == names
    assert inbox.entries("nothing") == []


def test_a_folder_that_is_not_there_is_that_error_and_no_other(inbox: Inbox, root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inbox.entries("gone")
    seen, gone, below = inbox.look_at([REPORT, f"{LEAF}/gone.csv", f"{REPORT}/below"])
    assert not isinstance(seen, OSError)
    assert (seen.name, seen.size) == ("Отчёт №1.csv", (root / REPORT).stat().st_size)
    assert isinstance(gone, FileNotFoundError)
    assert isinstance(below, (FileNotFoundError, NotADirectoryError))
    assert inbox.look_at([]) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_permission_denied(inbox: Inbox, root: Path) -> None:
    (root / REPORT).chmod(0)
    assert code_of(lambda: read(inbox)) == "LOCKED"
    (root / LEAF).chmod(0)
    with pytest.raises(PermissionError):
        inbox.entries(LEAF)
    (root / LEAF).chmod(0o700)


@pytest.mark.parametrize("size", [0, 1, (255 << 10) - 1, 255 << 10, (255 << 10) + 1, 20_000_003])
def test_a_report_is_read_byte_for_byte_and_again(inbox: Inbox, root: Path, size: int) -> None:
    content = os.urandom(size)
    (root / REPORT).write_bytes(content)
    with inbox.open(REPORT) as file:
        assert file.seek(0, os.SEEK_END) == size
        file.seek(0)
        assert file.read() == content
        file.seek(size // 2)
        assert file.read(100) == content[size // 2 :][:100]


def test_the_guarded_reader_reads_from_it(inbox: Inbox) -> None:
    with GuardedReader(60, 1024) as reader, inbox.open(REPORT) as file:
        document, digest = reader.read(file)
    assert document.format == "csv"
    assert len(digest) == 64


def test_a_report_that_has_gone_and_an_inbox_that_has_gone_are_told_apart(inbox: Inbox, root: Path) -> None:
    assert code_of(lambda: read(inbox, f"{LEAF}/gone.csv")) == "FILE_GONE"
    shutil.rmtree(root / LEAF)
    assert code_of(lambda: read(inbox)) == "INBOX_MISSING"
    inbox.check()
    shutil.rmtree(root)
    assert code_of(inbox.check) == "INBOX_MISSING"


def test_a_file_in_the_place_of_the_root_is_no_inbox(inbox: Inbox, root: Path) -> None:
    shutil.rmtree(root)
    root.touch()
    assert code_of(inbox.check) == "INBOX_MISSING"


def test_a_link_leads_nowhere(inbox: Inbox, root: Path) -> None:
    outside = root.parent / "outside"
    (outside / "Type1").mkdir(parents=True)
    (outside / "Type1" / "a.csv").write_bytes(b"secret")
    (root / LEAF / "link.csv").symlink_to(outside / "Type1" / "a.csv")
    (root / "way").symlink_to(outside)
    assert code_of(lambda: read(inbox, f"{LEAF}/link.csv")) == "FILE_GONE"
    assert code_of(lambda: read(inbox, "way/Type1/a.csv")) == "FILE_GONE"


@pytest.mark.parametrize(
    "change", [lambda path: path.write_bytes(b"longer than it was" * 9), lambda path: os.utime(path, (1, 1))]
)
def test_a_report_that_changes_meanwhile_is_not_taken(
    inbox: Inbox, root: Path, change: Callable[[Path], object]
) -> None:
    def work() -> None:
        with inbox.open(REPORT):
            change(root / REPORT)

    def fail() -> None:
        with inbox.open(REPORT):
            change(root / REPORT)
            raise PharmaError("CORRUPT_FILE", format="csv", why="torn")

    os.utime(root / REPORT, (1_750_000_000, 1_750_000_000))
    assert code_of(work) == "FILE_CHANGING"
    os.utime(root / REPORT, (1_750_000_000, 1_750_000_000))
    assert code_of(fail) == "FILE_CHANGING"


def test_a_report_that_goes_meanwhile_has_gone(inbox: Inbox, root: Path) -> None:
    def work() -> None:
        with inbox.open(REPORT):
            (root / REPORT).unlink()

    assert code_of(work) == "FILE_GONE"


def test_what_goes_wrong_in_the_block_comes_through_when_the_file_stood_still(inbox: Inbox) -> None:
    def work() -> None:
        with inbox.open(REPORT):
            raise PharmaError("EMPTY_FILE")

    assert code_of(work) == "EMPTY_FILE"


def test_a_second_look_sees_what_the_listing_before_did_not(inbox: Inbox, root: Path) -> None:
    """Folders are listed ahead over SFTP; a new look begins anew."""
    for number in range(3):
        inbox.check()
        inbox.entries(LEAF.rpartition("/")[0])
        (root / LEAF / f"{number}.csv").touch()
    inbox.check()
    assert len(inbox.entries(LEAF)) == 4


@pytest.mark.parametrize("path", ["../outside", f"{LEAF}/../x", "./a", "a//b", "nul\0"])
def test_paths_that_could_lead_out_are_no_paths(sftp: SftpInbox, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        sftp.entries(path)


def test_a_host_that_is_not_known_is_not_spoken_to(server_on_loopback: SshServer, root: Path, tmp_path: Path) -> None:
    server = server_on_loopback
    unknown, missing, changed = tmp_path / "unknown", tmp_path / "missing", tmp_path / "changed"
    unknown.write_text(server.known_hosts.read_text().replace("127.0.0.1", "127.0.0.2"))
    make_key(tmp_path / "other")
    changed.write_text(f"[127.0.0.1]:{server.port} {(tmp_path / 'other.pub').read_text()}")
    right = subprocess.run(
        ["ssh-keygen", "-lf", str(server.folder / "host_key.pub")], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    for known_hosts in (unknown, missing, changed):
        inbox = SftpInbox(server.url(root), server.key, known_hosts)
        with pytest.raises(PharmaError, match="INBOX_HOST_KEY") as caught:
            inbox.check()
        assert right in caught.value.message
        assert str(known_hosts) in caught.value.message


def test_a_known_host_may_be_hashed(server_on_loopback: SshServer, root: Path, tmp_path: Path) -> None:
    hashed = tmp_path / "hashed"
    shutil.copy(server_on_loopback.known_hosts, hashed)
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(hashed)], check=True, capture_output=True)
    assert "127.0.0.1" not in hashed.read_text()
    inbox = SftpInbox(server_on_loopback.url(root), server_on_loopback.key, hashed)
    inbox.check()
    inbox.close()


def test_who_is_not_let_in_is_told_why(server_on_loopback: SshServer, root: Path, tmp_path: Path) -> None:
    server = server_on_loopback
    make_key(tmp_path / "stranger")
    make_key(tmp_path / "locked")
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-P", "", "-N", "s3cret", "-f", str(tmp_path / "locked")],
        check=True,
        capture_output=True,
    )
    (tmp_path / "nonsense").write_text("no key")
    cases = {
        tmp_path / "stranger": "does not let",
        tmp_path / "locked": "passphrase",
        tmp_path / "missing": "No such file",
        tmp_path / "nonsense": "",
    }
    for key, why in cases.items():
        with pytest.raises(PharmaError, match="INBOX_UNREACHABLE") as caught:
            SftpInbox(server.url(root), key, server.known_hosts).check()
        assert why in caught.value.message
        assert str(server.port) in caught.value.message


def test_a_server_that_is_not_there_is_unreachable(server_on_loopback: SshServer, root: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = replace(server_on_loopback.url(root), port=bound.getsockname()[1])
        with pytest.raises(PharmaError, match=r"INBOX_UNREACHABLE.*refused"):
            SftpInbox(url, server_on_loopback.key, server_on_loopback.known_hosts).entries("")
    with pytest.raises(PharmaError, match="INBOX_UNREACHABLE"):
        SftpInbox(
            replace(url, host="no-such-host.invalid"), server_on_loopback.key, server_on_loopback.known_hosts
        ).check()


def test_a_connection_that_drops_is_made_anew(sftp: SftpInbox, server_on_loopback: SshServer, root: Path) -> None:
    for number in range(200):
        (root / LEAF.replace("Client_01", f"Client_{number:02d}")).mkdir(parents=True, exist_ok=True)
    before = server_on_loopback.log.count("Accepted publickey")
    walk, leaves = Walk(), 0
    for listing in walk_inbox(sftp, (".csv",), walk):
        leaves += isinstance(listing, Listing)
        if leaves in {1, 100}:
            server_on_loopback.drop_connections()
    assert (leaves, walk.problems, walk.blind) == (200, [], [])
    assert server_on_loopback.log.count("Accepted publickey") == before + 3
    server_on_loopback.drop_connections()
    assert read(sftp) == (root / REPORT).read_bytes()
    with sftp.open(REPORT) as file:
        server_on_loopback.drop_connections()
        assert file.read() == (root / REPORT).read_bytes()
    sftp.close()
    sftp.check()


def test_a_scan_that_loses_its_server_deletes_nothing(
    engine: Engine, server_on_loopback: SshServer, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = server_on_loopback.inbox(root)
    scan(engine, inbox, RULES, "test")
    plain = SftpInbox.entries

    def entries(self: SftpInbox, folder: str) -> list[Any]:
        if folder.endswith("06"):
            self.close()
            monkeypatch.setattr(self, "_key", server_on_loopback.folder / "gone")
        return plain(self, folder)

    monkeypatch.setattr(SftpInbox, "entries", entries)
    assert code_of(lambda: scan(engine, inbox, RULES, "test")) == "INBOX_UNREACHABLE"
    with engine.connect() as connection:
        assert connection.execute(text("SELECT status FROM ops.file_registry")).scalars().all() == ["NEW"]


class _Everybody(paramiko.ServerInterface):  # type: ignore[misc]
    def __init__(self, transport: paramiko.Transport) -> None:
        self.transport = transport

    def check_channel_request(self, kind: str, number: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_auth_publickey(self, user: str, key: object) -> int:
        return paramiko.AUTH_SUCCESSFUL

    def get_allowed_auths(self, user: str) -> str:
        return "publickey"


class Odd(paramiko.SFTPServerInterface):  # type: ignore[misc]
    """A server that is none of the good ones: it names what leads elsewhere, and gives little at once."""

    content = os.urandom(300_000)
    names: tuple[str, ...] = ("a.csv",)
    opened = 0
    breaks = False
    tells_all = True

    def __init__(self, peer: _Everybody) -> None:
        self.peer = peer

    def stat(self, path: str) -> Any:
        return self._status("folder" if "." not in path else "a.csv")

    lstat = stat

    def list_folder(self, path: str) -> Any:
        return [self._status(name) for name in self.names]

    def open(self, path: str, flags: int, attributes: Any) -> Any:
        type(self).opened += 1
        return OddFile(self)

    def canonicalize(self, path: str) -> str:
        return path

    def _status(self, name: str) -> Any:
        found = paramiko.SFTPAttributes()
        found.filename = name
        found.st_mode = 0o100644 if "." in name else 0o40755
        if self.tells_all:
            found.st_size, found.st_atime, found.st_mtime = len(self.content), 1, 1
        return found


class OddFile(paramiko.SFTPHandle):  # type: ignore[misc]
    def __init__(self, server: Odd) -> None:
        super().__init__()
        self._server = server

    def read(self, offset: int, length: int) -> Any:
        if self._server.breaks and self._server.opened == 1 and offset > 100_000:
            self._server.peer.transport.close()
        return self._server.content[offset : offset + min(length, 7000)] or paramiko.SFTP_EOF


@contextmanager
def odd_server(tmp_path: Path, **oddities: object) -> Iterator[SftpInbox]:
    """An inbox on a server with these oddities."""
    make_key(tmp_path / "odd_key")
    key = paramiko.Ed25519Key.from_private_key_file(str(tmp_path / "odd_key"))
    kind = type("Kind", (Odd,), oddities)
    stop = threading.Event()
    transports = []

    def serve(listener: socket.socket) -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, kind)
            transport.start_server(server=_Everybody(transport), event=threading.Event())
            transports.append(transport)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        known_hosts = tmp_path / "known_hosts"
        known_hosts.write_text(f"[127.0.0.1]:{port} {(tmp_path / 'odd_key.pub').read_text()}")
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        url = SshServer(tmp_path, port, None).url("/inbox")  # type: ignore[arg-type]
        inbox = SftpInbox(url, tmp_path / "odd_key", known_hosts)
        yield inbox
        inbox.close()
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    for transport in transports:
        transport.close()


@pytest.mark.parametrize("name", ["../a.csv", "a/b.csv", "/etc/passwd", "nul\0.csv", ""])
def test_a_name_that_leads_elsewhere_makes_the_folder_unreadable(tmp_path: Path, name: str) -> None:
    with odd_server(tmp_path, names=("good.csv", name)) as inbox:
        with pytest.raises(OSError, match="leads elsewhere"):
            inbox.entries("folder")
        walk = Walk()
        assert list(walk_inbox(inbox, (".csv",), walk)) == []
        assert [problem.code for problem in walk.problems] == ["PATH_UNREADABLE"]
        assert walk.blind == [""]


def test_what_a_server_gives_in_morsels_comes_out_whole(tmp_path: Path) -> None:
    with odd_server(tmp_path) as inbox:
        assert read(inbox, "folder/a.csv") == Odd.content


def test_a_server_that_gives_less_than_it_said_is_one_whose_file_changes(tmp_path: Path) -> None:
    class Shrunk(OddFile):
        def read(self, offset: int, length: int) -> Any:
            return super().read(offset, length) if offset < 200_000 else paramiko.SFTP_EOF

    with odd_server(tmp_path, open=lambda self, path, flags, attributes: Shrunk(self)) as inbox:
        assert code_of(lambda: read(inbox, "folder/a.csv")) == "FILE_CHANGING"


def test_a_read_that_breaks_off_is_begun_anew(tmp_path: Path) -> None:
    with odd_server(tmp_path, breaks=True) as inbox:
        assert read(inbox, "folder/a.csv") == Odd.content


def test_a_server_that_does_not_tell_sizes_is_not_believed(tmp_path: Path) -> None:
    with odd_server(tmp_path, tells_all=False) as inbox:
        assert code_of(lambda: inbox.entries("folder")) == "INBOX_UNREACHABLE"


def test_a_server_that_hangs_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pharma_assets.inbox.sftp_session._ANSWER_SECONDS", 0.3)

    def hang(self: Odd, path: str) -> Any:
        time.sleep(2)

    with odd_server(tmp_path, list_folder=hang) as inbox, pytest.raises(PharmaError, match="does not answer in time"):
        inbox.entries("folder")
