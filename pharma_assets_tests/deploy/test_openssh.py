"""The recipe in deploy/openssh on a real OpenSSH server: a supplier tries to break each axiom of the inbox."""

from __future__ import annotations

import grp
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
import pytest
from paramiko import sftp as wire

from pharma_assets.errors import PharmaError
from pharma_assets.inbox.sftp import SftpInbox
from pharma_assets.inbox.walk import Listing, Walk, walk_inbox
from pharma_assets.settings import PROJECT, SftpUrl
from pharma_assets_tests.sshd import SshServer, missing_server, ssh_server

RECIPE = PROJECT / "deploy" / "openssh"
LEAF = "Поставщики данных/Сети/2025/06/Client_01/Type1"
OTHERS = LEAF.replace("Client_01", "Client_02")
LIST = "".join(f"{folder}\n" for folder in (LEAF, LEAF.replace("Type1", "Type2"), OTHERS, LEAF.replace("06", "07")))
OLD = f"{LEAF}/sent.csv"

# One server and its accounts for all tests here, also where they run in several processes.
pytestmark = pytest.mark.xdist_group("openssh")


@dataclass(frozen=True)
class Served:
    """An inbox set up by the recipe: two suppliers, and the platform."""

    server: SshServer
    root: Path
    owner: str
    reader: str
    supplier: str
    rival: str
    doors: dict[str, paramiko.SSHClient] = field(default_factory=dict)

    def sftp(self, *commands: str, login: str | None = None) -> subprocess.CompletedProcess[str]:
        """OpenSSH's own client; each command is tried, whatever became of those before."""
        batch = "".join(f"-{command}\n" for command in commands)
        options = ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-F", "none"]
        options += ["-o", f"UserKnownHostsFile={self.server.known_hosts}", "-i", str(self.server.key)]
        return subprocess.run(
            ["sftp", *options, "-b", "-", "-P", str(self.server.port), f"{login or self.supplier}@127.0.0.1"],
            input=batch,
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )

    def ssh(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        options = ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-F", "none"]
        options += ["-o", f"UserKnownHostsFile={self.server.known_hosts}", "-i", str(self.server.key)]
        return subprocess.run(
            ["ssh", *options, "-p", str(self.server.port), *arguments],
            stdin=subprocess.DEVNULL,
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )

    def connect(self, login: str | None = None) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        client.load_host_keys(str(self.server.known_hosts))
        client.connect(
            "127.0.0.1",
            self.server.port,
            login or self.supplier,
            key_filename=str(self.server.key),
            allow_agent=False,
            look_for_keys=False,
        )
        return client

    def picture(self) -> dict[str, tuple[object, ...]]:
        """Everything in the inbox, as exactly as a file system tells."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else None
            found[str(path.relative_to(self.root))] = (
                status.st_ino,
                oct(status.st_mode),
                status.st_uid,
                status.st_nlink,
                content,
                status.st_mtime_ns if path.is_file() else None,
            )
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    missing = missing_server()
    if missing or os.geteuid() != 0 or shutil.which("useradd") is None:
        pytest.skip(missing or "accounts for suppliers are made by root only, with useradd")
    token = secrets.token_hex(3)
    names = {name: f"pi{token}-{name}" for name in ("owner", "reader", "up", "one", "two")}
    # sshd wants every folder above a supplier's to be root's alone; the temporary folder is not.
    top = Path(tempfile.mkdtemp(prefix="pharma-tests-", dir="/srv"))
    top.chmod(0o755)
    folder = tmp_path_factory.mktemp("openssh")
    environment = {
        **os.environ,
        "INBOX": str(top / "inbox"),
        "KEYS": str(top / "keys"),
        "CONFIG": str(folder / "pharma-inbox.conf"),
        "OWNER": names["owner"],
        "READER": names["reader"],
        "UPLOADERS": names["up"],
    }

    def recipe(*arguments: str, given: str = "") -> None:
        subprocess.run(
            [str(RECIPE / "inbox-accounts"), *arguments], env=environment, input=given, text=True, check=True
        )

    try:
        recipe("setup")
        settings = (folder / "pharma-inbox.conf").read_text()
        with ssh_server(folder, f"Subsystem sftp /usr/lib/openssh/sftp-server\n{settings}") as server:
            for _ in range(2):  # doing it again changes nothing
                recipe("setup")
                recipe("reader", f"{server.key}.pub")
                recipe("supplier", names["one"], f"{server.key}.pub")
                recipe("supplier", names["two"], f"{server.key}.pub")
                recipe("folders", names["one"], "Сети", "Client_01", given=LIST)
                recipe("folders", names["two"], "Сети", "Client_02", given=LIST)
            served = Served(server, top / "inbox", names["owner"], names["reader"], names["one"], names["two"])
            yield served
            for door in served.doors.values():
                door.close()
            recipe("remove", names["one"])
            recipe("remove", names["two"])
            assert sorted(path.name for path in (top / "keys").iterdir()) == [names["reader"]]
            assert (top / "inbox" / names["one"]).is_dir()
    finally:
        for name in names.values():
            for program in ("userdel", "groupdel"):
                force = ["--force"] if program == "userdel" else []
                subprocess.run([program, *force, name], capture_output=True, check=False)
        shutil.rmtree(top)
    assert not {entry.pw_name for entry in pwd.getpwall()} & set(names.values())


@pytest.fixture
def inbox(served: Served) -> Iterator[Served]:
    """The inbox with one file that each supplier sent earlier, through the door."""
    for login, leaf in ((served.supplier, LEAF), (served.rival, OTHERS)):
        if login not in served.doors:
            served.doors[login] = served.connect(login)
        with served.doors[login].open_sftp() as sftp, sftp.open(f"/{leaf}/sent.csv", "wx") as file:
            file.write(b"what was sent")
    yield served
    for path in served.root.rglob("*.*"):
        path.unlink()


def file(tmp_path: Path, name: str = "new.csv", content: bytes = b"new", mode: int = 0o644) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o777, 0o400])
def test_a_new_file_comes_in_and_nobody_may_write_it_any_more(inbox: Served, tmp_path: Path, mode: int) -> None:
    content = os.urandom(300_000)
    sent = file(tmp_path, content=content, mode=mode)
    result = inbox.sftp(f'put "{sent}" "/{LEAF}/Отчёт №1.csv"')
    assert "denied" not in result.stderr, result.stderr
    arrived = inbox.root / inbox.supplier / LEAF / "Отчёт №1.csv"
    assert arrived.read_bytes() == content
    status = arrived.stat()
    assert status.st_mode & 0o777 & ~0o440 == 0
    assert pwd.getpwuid(status.st_uid).pw_name == inbox.owner
    assert grp.getgrgid(status.st_gid).gr_name == inbox.supplier, "by which a quota can tell suppliers apart"


def test_a_supplier_sees_its_own_folders(inbox: Served) -> None:
    listed = inbox.sftp("pwd", "ls -1 /", f'ls -1 "/{LEAF}"', f'ls -l "/{LEAF}"').stdout
    assert "/Поставщики данных" in listed
    assert f"/{LEAF}/sent.csv" in listed
    assert inbox.rival not in listed


REFUSED = re.compile("Permission denied|does not support|No such file or directory|Failure")
BY_THE_CLIENT: dict[str, tuple[str, ...]] = {
    "overwrite": ("put {new} {old}", "put -f {new} {old}"),
    "overwrite by a shorter one": ("put {empty} {old}",),
    "resume": ("put -a {long} {old}", "reput {long} {old}"),
    "rename": ("rename {old} {leaf}/b.csv", "rename -l {old} {leaf}/b.csv"),
    "move to another leaf": ("rename {old} {leaf}/../Type2/sent.csv",),
    "rename a folder": ("rename {leaf} {leaf}2",),
    "remove": ("rm {old}", "rm {leaf}/*"),
    "remove a folder": ("rmdir {leaf}", "rmdir {leaf}/../Type2"),
    "make a folder": ("mkdir {leaf}/deeper", "mkdir /new", "mkdir {leaf}/../Type3"),
    "upload a tree": ("put -R {tree} {leaf}/",),
    "change the mode": ("chmod 666 {old}", "chmod 777 {leaf}"),
    "change the owner": ("chown 0 {old}", "chgrp 0 {old}", "chown 0 {leaf}"),
    "hard link": ("ln {old} {leaf}/b.csv", "ln {old} {leaf}/../Type2/b.csv"),
    "symbolic link": ("ln -s {old} {leaf}/b.csv", "symlink / {leaf}/way"),
    "copy on the server": ("cp {old} {leaf}/b.csv", "copy {old} {leaf}/b.csv"),
    "upload outside of leaf folders": (
        "put {new} /new.csv",
        'put {new} "/Поставщики данных/new.csv"',
        'put {new} "/Поставщики данных/Сети/2025/06/new.csv"',
        "put {new} {leaf}/../new.csv",
        "put {new} /../new.csv",
    ),
    "upload to others": ("put {new} {others}/new.csv", "put {new} /../{rival}{others}/new.csv"),
    "download": ("get {old} {out}", "reget {old} {out}"),
    "ask for the disk": ("df /",),
}


@pytest.mark.parametrize("attempt", BY_THE_CLIENT)
def test_the_client_is_refused(inbox: Served, tmp_path: Path, attempt: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    file(tree)
    places = {
        "new": file(tmp_path),
        "empty": file(tmp_path, "empty.csv", b""),
        "long": file(tmp_path, "long.csv", b"what was sent, and more"),
        "tree": tree,
        "out": tmp_path / "out.csv",
        "old": f'"/{OLD}"',
        "leaf": f'"/{LEAF}"',
        "others": f'"/{OTHERS}"',
        "rival": inbox.rival,
    }
    before = inbox.picture()
    for command in BY_THE_CLIENT[attempt]:
        # Quotes may stand within a word: "/a b"/c.
        told = re.sub(r'"([^"]*)"(\S*)', r'"\1\2"', command.format(**places))
        result = inbox.sftp(told)
        assert REFUSED.search(result.stderr), f"{told}: {result.stdout}{result.stderr}"
        assert inbox.picture() == before, told
    assert not (tmp_path / "out.csv").exists() or not (tmp_path / "out.csv").read_bytes()


def test_others_are_neither_seen_nor_found(inbox: Served) -> None:
    for place in ("/", "/..", "/../..", f"/{LEAF}/../..", f"/{LEAF}/../../.."):
        assert not re.search(f"{inbox.rival}|Client_02|keys", inbox.sftp(f'ls -la "{place}"').stdout)
    client = inbox.connect()
    sftp = client.open_sftp()
    for place in (f"/{OTHERS}", f"/{OTHERS}/sent.csv", f"/../{inbox.rival}", str(inbox.root), "/etc/passwd"):
        for ask in (sftp.stat, sftp.lstat, sftp.listdir_attr):
            with pytest.raises(FileNotFoundError):
                ask(place)
    assert sftp.normalize("/../..") == "/"
    client.close()


def flags(*names: str) -> int:
    return sum(getattr(wire, f"SFTP_FLAG_{name}") for name in names)


def opening(*names: str) -> Callable[[Any], object]:
    """Open the file that is there, with these flags of the protocol, and write if it opens."""

    def attempt(sftp: Any) -> None:
        _, message = sftp._request(wire.CMD_OPEN, f"/{OLD}".encode(), flags(*names), paramiko.SFTPAttributes())
        handle = message.get_binary()
        sftp._request(wire.CMD_WRITE, handle, wire.int64(0), b"other")

    return attempt


def extended(name: str, *fields: object) -> Callable[[Any], object]:
    return lambda sftp: sftp._request(wire.CMD_EXTENDED, name, *fields)


def on_new_file(work: Callable[[Any], object]) -> Callable[[Any], object]:
    """Try something on the handle of an upload that is under way."""

    def attempt(sftp: Any) -> None:
        name = f"/{LEAF}/{secrets.token_hex(4)}.csv"
        with sftp.open(name, "wx") as opened:
            opened.write(b"under way")
            opened.flush()
            work(opened)

    return attempt


def attributes(**values: int) -> paramiko.SFTPAttributes:
    found = paramiko.SFTPAttributes()
    for name, value in values.items():
        setattr(found, name, value)
    return found


WRITABLE = attributes(st_mode=0o666)
BY_THE_WIRE: dict[str, Callable[[Any], object]] = {
    "open for writing": opening("WRITE"),
    "open for reading and writing": opening("READ", "WRITE"),
    "open to append": opening("WRITE", "APPEND"),
    "open to create": opening("WRITE", "CREATE"),
    "open to truncate": opening("WRITE", "CREATE", "TRUNC"),
    "open for reading, and truncate": opening("READ", "TRUNC"),
    "open for reading, create and truncate": opening("READ", "CREATE", "TRUNC"),
    "open to create only": opening("WRITE", "CREATE", "EXCL"),
    "truncate": lambda sftp: sftp.truncate(f"/{OLD}", 0),
    "lengthen": lambda sftp: sftp.truncate(f"/{OLD}", 1000),
    "chmod": lambda sftp: sftp.chmod(f"/{OLD}", 0o666),
    "chown": lambda sftp: sftp.chown(f"/{OLD}", 0, 0),
    "utime": lambda sftp: sftp.utime(f"/{OLD}", (1, 1)),
    "chmod of the leaf": lambda sftp: sftp.chmod(f"/{LEAF}", 0o777),
    "lsetstat": extended("lsetstat@openssh.com", f"/{OLD}".encode(), WRITABLE),
    "remove": lambda sftp: sftp.remove(f"/{OLD}"),
    "rename": lambda sftp: sftp.rename(f"/{OLD}", f"/{LEAF}/b.csv"),
    "posix-rename": lambda sftp: sftp.posix_rename(f"/{OLD}", f"/{LEAF}/b.csv"),
    "hardlink": extended("hardlink@openssh.com", f"/{OLD}".encode(), f"/{LEAF}/b.csv".encode()),
    "symlink": lambda sftp: sftp.symlink(f"/{OLD}", f"/{LEAF}/b.csv"),
    "readlink": lambda sftp: sftp.readlink(f"/{OLD}"),
    "mkdir": lambda sftp: sftp.mkdir(f"/{LEAF}/deeper"),
    "rmdir": lambda sftp: sftp.rmdir(f"/{LEAF}/../Type2"),
    "statvfs": extended("statvfs@openssh.com", b"/"),
    "expand-path": extended("expand-path@openssh.com", b"~root"),
    "home-directory": extended("home-directory", b"root"),
    "users-groups-by-id": extended("users-groups-by-id@openssh.com", b"\0\0\0\0", b"\0\0\0\0"),
    "read": lambda sftp: sftp.open(f"/{OLD}").read(),
}
ON_AN_UPLOAD: dict[str, Callable[[Any], object]] = {
    "fsetstat: chmod": lambda opened: opened.chmod(0o666),
    "fsetstat: truncate": lambda opened: opened.truncate(0),
    "fsetstat: utime": lambda opened: opened.utime((1, 1)),
    "fstatvfs": lambda opened: opened.sftp._request(wire.CMD_EXTENDED, "fstatvfs@openssh.com", opened.handle),
    "copy-data": lambda opened: opened.sftp._request(
        wire.CMD_EXTENDED,
        "copy-data",
        opened.handle,
        wire.int64(0),
        wire.int64(5),
        opened.handle,
        wire.int64(5),
    ),
}


@pytest.mark.parametrize("attempt", BY_THE_WIRE)
def test_requests_beside_the_client_are_refused(inbox: Served, attempt: str) -> None:
    before = inbox.picture()
    client = inbox.connect()
    with pytest.raises(OSError):
        BY_THE_WIRE[attempt](client.open_sftp())
    client.close()
    assert inbox.picture() == before


@pytest.mark.parametrize("attempt", ON_AN_UPLOAD)
def test_an_upload_under_way_can_only_be_written(inbox: Served, attempt: str) -> None:
    client = inbox.connect()
    with pytest.raises(OSError):
        on_new_file(ON_AN_UPLOAD[attempt])(client.open_sftp())
    client.close()


def test_an_upload_under_way_can_be_opened_by_nobody_a_second_time(inbox: Served) -> None:
    first, second = inbox.connect(), inbox.connect()
    with first.open_sftp().open(f"/{LEAF}/new.csv", "wx") as upload:
        upload.write(b"first")
        for mode in ("w", "a", "r+", "wx"):
            with pytest.raises(OSError):
                second.open_sftp().open(f"/{LEAF}/new.csv", mode)
    first.close()
    second.close()
    assert (inbox.root / inbox.supplier / LEAF / "new.csv").read_bytes() == b"first"


def test_an_upload_that_broke_off_is_sent_under_another_name(inbox: Served, tmp_path: Path) -> None:
    client = inbox.connect()
    client.open_sftp().open(f"/{LEAF}/half.csv", "wx").write(b"ha")
    client.close()
    sent = file(tmp_path, content=b"half and half")
    assert inbox.sftp(f'reput "{sent}" "/{LEAF}/half.csv"').stderr
    assert inbox.sftp(f'put "{sent}" "/{LEAF}/half.csv"').stderr
    inbox.sftp(f'put "{sent}" "/{LEAF}/half (2).csv"')
    leaf = inbox.root / inbox.supplier / LEAF
    assert (leaf / "half (2).csv").read_bytes() == b"half and half"


def test_times_cannot_be_kept_and_the_file_is_there_all_the_same(inbox: Served, tmp_path: Path) -> None:
    sent = file(tmp_path)
    os.utime(sent, (1, 1))
    result = inbox.sftp(f'put -p "{sent}" "/{LEAF}/new.csv"')
    assert "denied" in result.stderr
    arrived = inbox.root / inbox.supplier / LEAF / "new.csv"
    assert arrived.read_bytes() == b"new"
    assert arrived.stat().st_mtime > 1_000_000_000
    assert arrived.stat().st_mode & 0o777 == 0o440


def test_every_request_that_this_server_knows_is_allowed_on_purpose_or_tried_here() -> None:
    program = "/usr/lib/openssh/sftp-server"
    if not Path(program).exists():
        pytest.skip("no sftp-server to ask")
    known = subprocess.run([program, "-Q", "requests"], capture_output=True, text=True, check=True).stdout.split()
    (suppliers, _) = re.findall(r"-p (\S+)", (RECIPE / "pharma-inbox.conf").read_text())
    tried = " ".join([*BY_THE_WIRE, *ON_AN_UPLOAD])
    tried = tried.replace("chmod", "setstat")
    assert [name for name in known if name not in suppliers.split(",") and name not in tried] == []


def test_there_is_no_shell_and_no_way_on(inbox: Served, tmp_path: Path) -> None:
    for login in (inbox.supplier, inbox.reader):
        ran = inbox.ssh(f"{login}@127.0.0.1", "id")
        assert "uid=" not in ran.stdout
        assert ran.returncode != 0
        assert "PTY" in inbox.ssh("-tt", f"{login}@127.0.0.1").stderr
        client = inbox.connect(login)
        transport = client.get_transport()
        assert transport is not None
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel("direct-tcpip", ("127.0.0.1", inbox.server.port), ("127.0.0.1", 1), timeout=10)
        with pytest.raises(paramiko.SSHException):
            transport.request_port_forward("127.0.0.1", 0)
        client.close()
    assert inbox.ssh(f"{inbox.owner}@127.0.0.1", "id").returncode == 255


def test_the_platform_reads_everything_and_changes_nothing(inbox: Served, tmp_path: Path) -> None:
    inbox.sftp(f'put "{file(tmp_path, mode=0o600)}" "/{LEAF}/private.csv"')
    before = inbox.picture()
    reader = SftpInbox(
        SftpUrl(inbox.reader, "127.0.0.1", inbox.server.port, "/"), inbox.server.key, inbox.server.known_hosts
    )
    walk = Walk()
    files = {
        seen.path: str(seen.leaf.client_month.client.name)
        for listing in walk_inbox(reader, (".csv",), walk)
        if isinstance(listing, Listing)
        for seen in listing.files
    }
    assert files == {
        f"{inbox.supplier}/{OLD}": "Client_01",
        f"{inbox.supplier}/{LEAF}/private.csv": "Client_01",
        f"{inbox.rival}/{OTHERS}/sent.csv": "Client_02",
    }
    assert walk.problems == []
    with reader.open(f"{inbox.supplier}/{LEAF}/private.csv") as opened:
        assert opened.read() == b"new"
    with pytest.raises(PharmaError, match="FILE_GONE"), reader.open(f"{inbox.supplier}/{LEAF}/none.csv"):
        pass
    reader.close()
    place = f"/{inbox.supplier}/{LEAF}"
    client = inbox.connect(inbox.reader)
    sftp = client.open_sftp()
    attempts: list[Callable[[], object]] = [
        lambda: sftp.open(f"{place}/b.csv", "w"),
        lambda: sftp.open(f"{place}/sent.csv", "r+"),
        lambda: sftp.remove(f"{place}/sent.csv"),
        lambda: sftp.rename(f"{place}/sent.csv", f"{place}/b.csv"),
        lambda: sftp.posix_rename(f"{place}/sent.csv", f"{place}/b.csv"),
        lambda: sftp.chmod(f"{place}/sent.csv", 0o666),
        lambda: sftp.truncate(f"{place}/sent.csv", 0),
        lambda: sftp.mkdir(f"{place}/deeper"),
        lambda: sftp.rmdir(f"{place}/../Type2"),
        lambda: sftp.symlink("/", f"{place}/way"),
    ]
    for attempt in attempts:
        with pytest.raises(OSError):
            attempt()
    client.close()
    assert inbox.picture() == before


def test_the_readme_tells_of_every_file_of_the_recipe() -> None:
    readme = (RECIPE / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in RECIPE.iterdir() if path.name not in {"README.md"} and path.name not in readme] == []
