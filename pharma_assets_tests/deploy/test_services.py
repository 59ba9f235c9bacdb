"""The services of deploy/compose.yaml as processes of this machine, under the loader's role: they work together."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psycopg
import pytest
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.database.roles import set_up_roles
from pharma_assets.database.server import ROLE, EmbeddedServer
from pharma_assets.database.set_up import LOADER, READER
from pharma_assets.services import Service, running, script
from pharma_assets_tests.deploy.machines import wait_until
from pharma_assets_tests.deploy.recipes import DEPLOY, compose, on_this_machine
from pharma_assets_tests.deploy.test_recipes import GIVEN
from pharma_assets_tests.listeners import free_port
from pharma_assets_tests.samples import example

LEAF = "Поставщики данных/Дистрибьюторы/2025/06/Client_01/Type1"
_PATIENCE = 180


@dataclass
class Stack:
    """The running services; `ports` by the ones in the file, guests' as 3001."""

    folder: Path
    inbox: Path
    url: str
    environment: dict[str, str]
    ports: dict[str, int]
    checks: dict[str, list[str]]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def healthy(self, name: str) -> bool:
        done = subprocess.run(
            self.checks[name], env=self.environment, capture_output=True, check=False, cwd=self.folder, timeout=60
        )
        return done.returncode == 0

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def graphql(self, port: str, query: str, **variables: object) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"http://127.0.0.1:{self.ports[port]}/graphql", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            document: dict[str, Any] = json.loads(answer.read())
        return document

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture
def stack(tmp_path: Path, database: str, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name in [name for name in os.environ if name.startswith(("PHARMA_", "DAGSTER_")) and "TESTS" not in name]:
        monkeypatch.delenv(name)
    home, inbox = tmp_path / "home", tmp_path / "inbox"
    (home / "dagster").mkdir(parents=True)
    inbox.mkdir()
    shutil.copy(DEPLOY / "dagster.yaml", home / "dagster" / "dagster.yaml")
    owner = {"PHARMA_HOME": str(home), "PHARMA_INBOX": str(inbox), "PHARMA_DATABASE_URL": database}
    for name, value in owner.items():
        monkeypatch.setenv(name, value)
    # What `migrate` does, but that the embedded server's own administrator makes the roles.
    assert CliRunner().invoke(app, ["db", "upgrade"], catch_exceptions=False).exit_code == 0
    set_up_roles(server.superuser_url(), database, {LOADER: "loading", READER: "reading"})

    services = compose(GIVEN)["services"]
    ports = {port: free_port() for port in ("3000", "3001", "4000", "9464")}
    workspace = tmp_path / "workspace.yaml"
    workspace.write_text((DEPLOY / "workspace.yaml").read_text("utf-8").replace("4000", str(ports["4000"])), "utf-8")
    environment = {
        **os.environ,
        **owner,
        "PHARMA_DATABASE_URL": database.replace(f"//{ROLE}", f"//{LOADER}"),
        "PHARMA_CODE_HOST": "127.0.0.1",
        "PHARMA_SETTLE_SECONDS": "0",
        "PHARMA_SCAN_MINUTES": "1",
        "PHARMA_LOG_FORMAT": "json",
        "PATH": os.pathsep.join([str(Path(script("python")).parent), os.environ["PATH"]]),
    }
    stack = Stack(tmp_path, inbox, database, environment, ports, {})
    with ExitStack() as started:
        for name in ("code", "daemon", "webserver", "guests", "metrics"):
            own = ports | ({"3000": ports["3001"]} if name == "guests" else {})
            entry = [script("pharma-assets"), "run", "--"]
            command = [*entry, *on_this_machine(services[name]["command"], own, workspace)]
            if "healthcheck" in services[name]:
                kind, *test = services[name]["healthcheck"]["test"]
                assert kind == "CMD"
                test = [part.replace(":3000/", f":{own['3000']}/") for part in on_this_machine(test, own, workspace)]
                stack.checks[name] = test
            output = started.enter_context((tmp_path / f"{name}.log").open("wb"))
            stack.processes[name] = started.enter_context(running(Service(name, tuple(command)), environment, output))
            if name == "code":
                wait_until(lambda: stack.healthy("code"), _PATIENCE, lambda: stack.log("code"))
        yield stack


@pytest.mark.timeout(600)
def test_the_services_take_a_report_in_and_guests_only_look(stack: Stack) -> None:
    leaf = stack.inbox / LEAF
    leaf.mkdir(parents=True)
    (leaf / "отчёт.xlsx").write_bytes(example("Client_01", "preamble"))
    (leaf / "плохой.xlsx").write_bytes(b"")
    for name in ("webserver", "guests", "daemon"):
        wait_until(lambda name=name: stack.healthy(name), _PATIENCE, lambda name=name: stack.log(name))  # type: ignore[misc]

    def taken_in() -> bool:
        found = dict(stack.query("SELECT status, count(*) FROM ops.file_registry GROUP BY 1"))
        return found == {"CREATED": 1, "ERROR": 1}

    wait_until(taken_in, _PATIENCE, lambda: stack.log("daemon") + stack.log("code"))
    # Both files are of one client-month; the one that failed turns its run red, and the other one is loaded.
    wait_until(lambda: _runs(stack) == ["FAILURE"], _PATIENCE, lambda: f"{_runs(stack)}\n{stack.log('code')}")
    assert stack.query("SELECT count(*) FROM raw.primary_data") == [(4,)]

    # Of the file that failed there is a line for machines, and it says what it is about.
    lines = [json.loads(line) for line in stack.log("code").splitlines() if '"file_id"' in line and line[0] == "{"]
    assert {line.get("code") for line in lines} == {None, "EMPTY_FILE"}
    assert {(line["client"], line["month"]) for line in lines} == {("Дистрибьюторы/Client_01", "2025-06")}

    for port, read_only in (("3000", False), ("3001", True)):
        answer = stack.graphql(port, "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
        assert answer["data"]["repositoriesOrError"]["nodes"] == [{"name": "__repository__"}]
        permissions = stack.graphql(port, "{ permissions { permission value } }")["data"]["permissions"]
        allowed = {item["permission"] for item in permissions if item["value"]}
        assert ("launch_pipeline_execution" in allowed) is not read_only
    with urlopen(f"http://127.0.0.1:{stack.ports['9464']}/metrics", timeout=60) as answer:
        figures = answer.read().decode()
    assert 'pharma_files{status="CREATED"} 1.0' in figures
    assert 'pharma_last_tick_failed{name="inbox_sensor"} 0.0' in figures
    assert 'pharma_daemon_heartbeat_timestamp_seconds{daemon="SENSOR"}' in figures
    assert "pharma_up 1.0" in figures


def _runs(stack: Stack) -> list[str]:
    return [status for (status,) in stack.query("SELECT status FROM dagster.runs")]


@pytest.mark.timeout(120)
def test_a_program_gets_the_platforms_environment(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHARMA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PHARMA_DATABASE_URL", database)
    code = "import os; print(os.environ['DAGSTER_HOME'], 'csearch_path' in os.environ['PHARMA_DAGSTER_DATABASE_URL'])"
    entry = [script("pharma-assets"), "run", "--"]
    done = subprocess.run([*entry, "python", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path / "home" / "dagster"), "True"]
    failing = subprocess.run([*entry, "python", "-c", "raise SystemExit(7)"], check=False)
    assert failing.returncode == 7
    unknown = subprocess.run([*entry, "no-such-program"], capture_output=True, text=True, check=False)
    assert unknown.returncode == 2
    assert "no-such-program" in unknown.stderr
