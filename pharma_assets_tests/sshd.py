"""A real OpenSSH server on loopback, with keys and a configuration of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from pharma_assets.inbox.sftp import SftpInbox
from pharma_assets.settings import SftpUrl

SSHD = "/usr/sbin/sshd"
SETTINGS = """
ListenAddress 127.0.0.1
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PidFile none
LogLevel VERBOSE
"""
PLAIN = "StrictModes no\nSubsystem sftp internal-sftp\n"


@dataclass(frozen=True)
class SshServer:
    """A running server. `key` lets the user that runs the tests in; `known_hosts` names the server's own key."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def key(self) -> Path:
        return self.folder / "user_key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def url(self, path: Path | str) -> SftpUrl:
        return SftpUrl(pwd.getpwuid(os.getuid()).pw_name, "127.0.0.1", self.port, str(path))

    def drop_connections(self) -> None:
        """End what serves the connections, not the server."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()

    def inbox(self, path: Path | str) -> SftpInbox:
        return SftpInbox(self.url(path), self.key, self.known_hosts)


def missing_server() -> str | None:
    """Why there can be no server, if so."""
    if not Path(SSHD).exists() or shutil.which("ssh-keygen") is None:
        return "no OpenSSH server on this machine (Debian: apt install openssh-server)"
    return None


@pytest.fixture(scope="session")
def server_on_loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A server over the whole file system, for all tests; each has folders of its own."""
    missing = missing_server()
    if missing:
        pytest.skip(missing)
    with ssh_server(tmp_path_factory.mktemp("sshd")) as server:
        yield server


def make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)], check=True)


@contextmanager
def ssh_server(folder: Path, settings: str = PLAIN) -> Iterator[SshServer]:
    """Run a server during the block; keys, configuration and log are in `folder`."""
    for name in ("host_key", "user_key"):
        make_key(folder / name)
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    server = _started(folder, settings)
    try:
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()


def _started(folder: Path, settings: str) -> SshServer:
    for _ in range(5):
        port = _free_port()
        lines = [
            f"Port {port}",
            f"HostKey {folder}/host_key",
            *([] if "AuthorizedKeysFile" in settings else [f"AuthorizedKeysFile {folder}/authorized_keys"]),
        ]
        (folder / "sshd_config").write_text("\n".join(lines) + SETTINGS + settings, encoding="utf-8")
        public = (folder / "host_key.pub").read_text()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if _listens(process, port):
            return SshServer(folder, port, process)
    raise AssertionError((folder / "log").read_text(errors="replace"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
            return probe.recv(4) == b"SSH-"
        time.sleep(0.05)
    process.kill()
    process.wait()
    return False
