"""The files in deploy/ fit each other, the project and the programs that read them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterInstance
from dagster._core.instance.config import dagster_instance_config
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster_postgres.utils import get_conn_string
from psycopg.conninfo import conninfo_to_dict

from pharma_assets.database.set_up import LOADER, READER
from pharma_assets.database.urls import dagster_url, libpq_url
from pharma_assets.defs.audit import audit_job
from pharma_assets.event_log import EventLogStorage
from pharma_assets.instance import URL_VARIABLE
from pharma_assets.services import script
from pharma_assets.settings import PROJECT, Settings
from pharma_assets_tests.deploy.recipes import (
    DEPLOY,
    INSTALLED,
    UNITS,
    command_of,
    compose,
    example_variables,
    unit,
)

GIVEN = {
    "PHARMA_OWNER_PASSWORD": "owning",
    "PHARMA_LOADER_PASSWORD": "loading",
    "PHARMA_READER_PASSWORD": "reading",
    "PHARMA_INBOX_FOLDER": "/srv/inbox",
    "PHARMA_BACKUP_FOLDER": "/srv/backups",
}
SERVICES = ("code", "daemon", "webserver", "guests", "metrics")
OTHER_VARIABLES = {"PHARMA_CODE_HOST", "PHARMA_CELERY_URL", "PHARMA_OWNER_PASSWORD"}
each_unit = pytest.mark.parametrize("path", sorted(UNITS.glob("*.service")), ids=lambda path: path.stem)


def programs(command: list[str]) -> list[str]:
    """The command without the entrypoint that gives it its environment."""
    entry = ["pharma-assets", "run", "--"]
    shown = [part.removeprefix(f"{INSTALLED}/.venv/bin/") for part in command]
    return shown[len(entry) :] if shown[: len(entry)] == entry else shown


@pytest.mark.parametrize(
    "path", [DEPLOY / "dagster.yaml", DEPLOY / "celery" / "dagster.yaml"], ids=lambda p: p.parent.name
)
def test_dagster_takes_the_instances_configuration(
    path: Path, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(path, tmp_path / "dagster.yaml")
    monkeypatch.setenv(URL_VARIABLE, dagster_url(database))
    monkeypatch.setenv("PHARMA_CELERY_URL", "redis://:secret@127.0.0.1:1/0")
    document, _ = dagster_instance_config(str(tmp_path))
    assert document["telemetry"] == {"enabled": False}
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert type(instance.run_storage).__name__ == "PostgresRunStorage"
        assert isinstance(instance.event_log_storage, EventLogStorage), "without it the page of a check fails"
        assert type(instance.schedule_storage).__name__ == "PostgresScheduleStorage"
        assert type(instance.run_coordinator).__name__ == "QueuedRunCoordinator"
        assert type(instance.compute_log_manager).__name__ == "NoOpComputeLogManager"
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 0
        assert instance.get_concurrency_config().run_queue_config is not None
        assert instance.get_tick_retention_settings(_sensor()) is not None
    assert "secret" not in path.read_text("utf-8")


def _sensor() -> Any:
    from dagster._core.definitions.run_request import InstigatorType  # noqa: PLC0415

    return InstigatorType.SENSOR


def test_the_audit_alone_is_repeated_by_dagster() -> None:
    assert (audit_job.tags or {})["dagster/max_retries"] == "2"


def test_the_workspace_finds_the_code_location(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_CODE_HOST", "code")
    (origin,) = location_origins_from_yaml_paths([str(DEPLOY / "workspace.yaml")])
    assert (origin.location_name, origin.host, origin.port) == ("pharma_assets", "code", 4000)  # type: ignore[attr-defined]


def test_every_variable_of_the_compose_file_is_in_its_example() -> None:
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    assert set(re.findall(r"\$\{(\w+)", text)) == set(example_variables(DEPLOY / ".env.example"))
    for name in GIVEN:
        with pytest.raises(KeyError, match=name):
            compose({key: value for key, value in GIVEN.items() if key != name})


@pytest.mark.parametrize("path", [DEPLOY / ".env.example", UNITS / "environment.example"], ids=lambda path: path.name)
def test_examples_name_settings_and_hold_no_secret(path: Path) -> None:
    variables = example_variables(path)
    known = {f"PHARMA_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    known |= {"PHARMA_INBOX_FOLDER", "PHARMA_BACKUP_FOLDER"}
    assert set(variables) <= known
    secrets = ("PASSWORD", "DATABASE_URL", "SMTP_URL", "CELERY_URL", "WEBHOOKS")
    assert {value for name, value in variables.items() if name.endswith(secrets)} == {""}


def test_the_services_fit_each_other() -> None:
    document = compose(GIVEN)
    services: dict[str, dict[str, Any]] = document["services"]
    assert set(services) == {"postgres", "migrate", "backup", *SERVICES}
    owner = "postgresql://pharma:owning@postgres:5432/pharma"
    loader = f"postgresql://{LOADER}:loading@postgres:5432/pharma"
    for name, service in services.items():
        if name == "postgres":
            continue
        expected = owner if name in {"migrate", "backup"} else loader
        assert service["environment"]["PHARMA_DATABASE_URL"] == expected, name
        assert conninfo_to_dict(libpq_url(expected))["host"] in services
        variables = {key for key in service["environment"] if key.startswith("PHARMA_")}
        assert variables <= {f"PHARMA_{field.upper()}" for field in Settings.model_fields} | OTHER_VARIABLES
        if "owning" in str(service):
            assert name in {"migrate", "backup"}, f"{name} knows the owner's password"
    assert services["migrate"]["environment"]["PHARMA_READER_PASSWORD"] == GIVEN["PHARMA_READER_PASSWORD"]
    assert READER not in str({name: services[name] for name in SERVICES})
    for name in SERVICES:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert services[name]["restart"] == "unless-stopped"
    for name in ("daemon", "webserver", "guests"):
        assert services[name]["depends_on"]["code"] == {"condition": "service_healthy"}
    for name in ("postgres", "code", "daemon", "webserver", "guests"):
        assert "test" in services[name]["healthcheck"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert "--read-only" in services["guests"]["command"]
    assert "--read-only" not in services["webserver"]["command"]
    named = {
        volume.split(":")[0] for service in services.values() for volume in service["volumes"] if volume[0] not in "./"
    }
    assert named == set(document["volumes"])
    inbox = [volume for volume in services["code"]["volumes"] if volume.startswith("/srv/inbox:")]
    assert inbox == ["/srv/inbox:/srv/inbox:ro"]
    bound = [volume.split(":")[0] for service in services.values() for volume in service["volumes"] if volume[0] == "."]
    assert all((DEPLOY / path).exists() for path in bound)


def test_the_image_is_made_as_the_makefile_does_it() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    steps = [" ".join(step.split()) for step in re.sub(r"\\\n", " ", text).splitlines() if step and step[0] != "#"]
    installed = [step.partition(".venv/bin/")[2] for step in steps if "pip install" in step]
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    assert installed == [
        line.strip().removeprefix("$(BIN)/") for line in makefile.splitlines() if "pip install --quiet" in line
    ]
    copied = [source for step in steps if step.startswith("COPY ") for source in step.split()[1:-1]]
    assert [source for source in copied if not (PROJECT / source).exists()] == []
    # What the package needs at run time beside itself.
    assert {"sql", "client_transforms", "deploy", "pharma_assets", "workspace.yaml"} <= set(copied)
    assert compose(GIVEN)["services"]["code"]["build"] == {"context": "..", "dockerfile": "deploy/Dockerfile"}
    variables = dict(part.split("=", 1) for step in steps if step.startswith("ENV ") for part in step.split()[1:])
    assert variables["DAGSTER_HOME"] == f"{variables['PHARMA_HOME']}/dagster"
    user = steps.index("USER pharma")
    assert all(not step.startswith(("RUN", "COPY")) for step in steps[user:])
    assert not re.search(r"(?i)(password|secret|token)\S*=\S", text)
    (entry,) = [step for step in steps if step.startswith("ENTRYPOINT")]
    assert yaml.safe_load(entry.removeprefix("ENTRYPOINT ")) == ["pharma-assets", "run", "--"]


def test_no_environment_file_gets_into_the_image_or_the_repository() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert "**/.env" in ignored
    needed = {"pharma_assets", "client_transforms", "sql", "deploy", "requirements.lock", "pyproject.toml"}
    assert not needed & set(ignored)
    assert ".env" in (PROJECT / ".gitignore").read_text("utf-8").splitlines()


def test_units_start_what_the_containers_start() -> None:
    services = compose(GIVEN)["services"]
    for name in SERVICES:
        by_unit = programs(command_of(UNITS / f"pharma-{name}.service"))
        by_compose = programs(services[name]["command"])
        ports = {"0.0.0.0": "127.0.0.1"}  # noqa: S104
        expected = [ports.get(part, part) for part in by_compose]
        # Two webservers of one machine listen on two ports.
        expected = [("3001" if name == "guests" and part == "3000" else part) for part in expected]
        assert by_unit == expected
    backup = programs(command_of(UNITS / "pharma-backup.service"))
    assert backup[:3] == programs(services["backup"]["command"])[:3] == ["pharma-assets", "db", "backup"]


def test_the_worker_is_the_recipes() -> None:
    text = (DEPLOY / "celery" / "dagster_celery_config.py").read_text("utf-8")
    (line,) = re.findall(r"`PYTHONPATH=deploy/celery (celery .*)`", text)
    assert programs(command_of(UNITS / "pharma-worker.service")) == line.split()
    assert unit(UNITS / "pharma-worker.service")["Service"]["Environment"] == f"PYTHONPATH={INSTALLED}/deploy/celery"


@each_unit
def test_programs_and_paths_of_a_unit_exist(path: Path) -> None:
    service = unit(path)["Service"]
    for name in ("ExecStart", "ExecStop"):
        if name not in service:
            continue
        command = shlex.split(service[name])
        assert Path(script(Path(command[0]).name)).exists()
        program = programs(command)[0]
        assert Path(script(program)).exists(), program
        for part in command:
            if part.startswith(f"{INSTALLED}/deploy/"):
                assert (PROJECT / Path(part).relative_to(INSTALLED)).exists()
    assert service["User"] == "pharma"
    assert service["EnvironmentFile"].lstrip("-") in {"/etc/pharma/environment", "/etc/pharma/owner"}
    documentation = unit(path)["Unit"]["Documentation"].removeprefix(f"file:{INSTALLED}/")
    assert (PROJECT / documentation).exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
    units = []
    for path in sorted(UNITS.glob("*.*")):
        if path.suffix in {".service", ".timer"}:
            text = path.read_text("utf-8").replace(f"{INSTALLED}/.venv/bin/pharma-assets", script("pharma-assets"))
            units.append(tmp_path / path.name)
            units[-1].write_text(text.replace("User=pharma\nGroup=pharma\n", ""), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, units)], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "pharma-" in line and "/etc/pharma" not in line]
    assert ours == []


def test_the_values_for_kubernetes_say_the_same() -> None:
    values = yaml.safe_load((DEPLOY / "k8s" / "values.yaml").read_text("utf-8"))
    instance = yaml.safe_load((DEPLOY / "dagster.yaml").read_text("utf-8"))
    postgresql = values["postgresql"]
    assert (postgresql["enabled"], values["generatePostgresqlPasswordSecret"]) == (False, False)
    assert postgresql["postgresqlUsername"] == LOADER
    assert "password" not in str(postgresql).lower()
    url = get_conn_string(
        username=postgresql["postgresqlUsername"],
        password="p",  # noqa: S106
        hostname=postgresql["postgresqlHost"],
        db_name=postgresql["postgresqlDatabase"],
        params=postgresql["postgresqlParams"],
    )
    ours = dagster_url(f"postgresql://{LOADER}:p@postgres.example.org:5432/pharma")
    assert conninfo_to_dict(libpq_url(url)) == conninfo_to_dict(libpq_url(ours))
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    assert deployment["dagsterApiGrpcArgs"] == ["--module-name", "pharma_assets.definitions"]
    assert deployment["includeConfigInLaunchedRuns"] == {"enabled": True}
    mounted = {mount["name"]: mount["mountPath"] for mount in deployment["volumeMounts"]}
    assert set(mounted) == {volume["name"] for volume in deployment["volumes"]}
    environment = {item["name"]: item["value"] for item in deployment["env"]}
    assert environment["PHARMA_INBOX"] == mounted["inbox"]
    assert environment["PHARMA_WORKING_FOLDERS"] == mounted["working"]
    assert set(environment) <= {f"PHARMA_{name.upper()}" for name in Settings.model_fields}
    daemon = values["dagsterDaemon"]
    assert values["runLauncher"]["type"] == "K8sRunLauncher"
    assert daemon["runMonitoring"]["maxRuntimeSeconds"] == instance["run_monitoring"]["max_runtime_seconds"]
    assert daemon["runRetries"]["maxRetries"] == instance["run_retries"]["max_retries"]
    assert daemon["image"] == deployment["image"] == values["dagsterWebserver"]["image"]
    assert values["dagsterWebserver"]["enableReadOnly"]
    kept = instance["retention"]["sensor"]["purge_after_days"].items()
    assert kept <= values["retention"]["sensor"]["purgeAfterDays"].items()
