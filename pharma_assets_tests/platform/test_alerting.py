"""Alerts as Dagster tells them: what is wrong with the platform itself, and the sensor under a real daemon."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetKey,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    build_sensor_context,
)
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._utils.error import SerializableErrorInfo
from typer.testing import CliRunner

from pharma_assets.alerts.items import Item, Kind
from pharma_assets.cli import app
from pharma_assets.definitions import defs
from pharma_assets.defs.alert_round import evaluate_alerts
from pharma_assets.defs.alerts import SENSOR_NAME
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import JOB_NAME, PARTITION_TAG
from pharma_assets.defs.troubles import RUN_AGE, Memory, troubles
from pharma_assets.instance import prepare
from pharma_assets.services import daemon, running
from pharma_assets.settings import load_settings
from pharma_assets_tests.listeners import HookServer, MailServer, hook_server, mail_server
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example

KEY = "Дистрибьюторы/Client_01|2025-06"


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as server:
        monkeypatch.setenv("PHARMA_SMTP_URL", f"smtp+plain://127.0.0.1:{server.port}")
        monkeypatch.setenv("PHARMA_ALERT_EMAILS", "anna@example.org")
        monkeypatch.setenv("PHARMA_ALERT_FROM", "robot@example.org")
        yield server


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as server:
        yield server


def found(platform: PlatformHome, memory: Memory | None = None, moment: datetime | None = None) -> list[Item]:
    with platform.instance() as instance:
        return troubles(instance, memory or Memory(), moment or datetime.now(UTC))


def test_a_run_that_failed_of_its_files_is_no_trouble_of_the_platform(platform: PlatformHome) -> None:
    platform.drop("плохой.xlsx", b"")
    (run,) = platform.tick()
    assert not run["success"]
    memory = Memory()
    assert found(platform, memory) == []
    assert memory.runs == {run["run_id"]: ""}


def test_a_run_that_failed_of_the_platform_is_told_until_one_succeeds(platform: PlatformHome) -> None:
    report = platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.command("scan")
    away = platform.home / "away"
    shutil.move(platform.inbox / "Поставщики данных", away)
    with platform.instance() as instance:
        instance.add_dynamic_partitions("client", ["Дистрибьюторы/Client_01"])
        job = defs.resolve_job_def(JOB_NAME)
        failed = job.execute_in_process(instance=instance, partition_key=KEY, raise_on_error=False)
    memory = Memory()
    (item,) = found(platform, memory)
    assert (item.kind, item.code, item.file_id) == (Kind.RUN, "INBOX_MISSING", None)
    assert str(item.place) == "Дистрибьюторы/Client_01 2025-06"
    assert item.link == f"runs/{failed.run_id}"
    assert item.advice.startswith("Mount it")
    assert found(platform, Memory.of_cursor(memory.cursor())) == [item]
    assert found(platform, memory, datetime.now(UTC) + RUN_AGE + timedelta(minutes=1)) == []
    shutil.move(away, platform.inbox / "Поставщики данных")
    assert report.exists()
    (run,) = platform.tick()
    assert run["success"]
    assert found(platform) == []


def test_a_run_whose_process_died_is_a_trouble(platform: PlatformHome) -> None:
    with platform.instance() as instance:
        run = instance.create_run_for_job(
            defs.resolve_job_def(JOB_NAME), status=DagsterRunStatus.STARTED, tags={PARTITION_TAG: KEY}
        )
        instance.report_run_failed(run, "its process has died")
    (item,) = found(platform)
    assert item.code == "RUN_FAILED"
    assert "its process has died" in item.message


def evaluated(
    instance: DagsterInstance, check: str, passed: bool, severity: AssetCheckSeverity, partition: str
) -> None:
    evaluation = AssetCheckEvaluation(
        asset_key=AssetKey("primary_data"),
        check_name=check,
        passed=passed,
        severity=severity,
        metadata={},
        description="rows differ: 7707083893",
        partition=partition,
    )
    run = instance.create_run_for_job(defs.resolve_job_def(JOB_NAME), status=DagsterRunStatus.SUCCESS)
    kind = DagsterEventType.ASSET_CHECK_EVALUATION
    event = DagsterEvent(kind.value, JOB_NAME, event_specific_data=evaluation)
    instance.report_dagster_event(event, run.run_id)


def test_a_failing_check_is_told_until_it_passes(platform: PlatformHome) -> None:
    memory = Memory()
    error, warn = AssetCheckSeverity.ERROR, AssetCheckSeverity.WARN
    with platform.instance() as instance:
        evaluated(instance, "reconciliation", False, error, KEY)
        evaluated(instance, "reconciliation", False, error, KEY.replace("06", "07"))
        evaluated(instance, "inn_validity", False, warn, KEY)
        evaluated(instance, "files_taken_in", False, error, KEY)
        first, second = troubles(instance, memory, datetime.now(UTC))
        assert {str(first.place), str(second.place)} == {
            "Дистрибьюторы/Client_01 2025-06",
            "Дистрибьюторы/Client_01 2025-07",
        }
        assert (first.code, first.name) == ("CHECK_FAILED", "reconciliation")
        assert "77********" in first.message
        memory = Memory.of_cursor(memory.cursor())
        assert troubles(instance, memory, datetime.now(UTC)) == [first, second]
        evaluated(instance, "reconciliation", True, error, KEY)
        assert troubles(instance, memory, datetime.now(UTC)) == [second]


@pytest.mark.parametrize("kind", [InstigatorType.SENSOR, InstigatorType.SCHEDULE])
def test_a_sensor_or_schedule_whose_last_tick_failed_is_told(platform: PlatformHome, kind: InstigatorType) -> None:
    origin = RemoteInstigatorOrigin(
        RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("pharma"), "__repository__"), "the_name"
    )
    sensor = kind is InstigatorType.SENSOR
    data = SensorInstigatorData() if sensor else ScheduleInstigatorData("0 0 * * *")
    state = InstigatorState(origin, kind, InstigatorStatus.RUNNING, data)
    error = SerializableErrorInfo("pharma_assets.errors.PharmaError: INBOX_MISSING: it is away\n", [], "PharmaError")
    with platform.instance() as instance:
        instance.add_instigator_state(state)
        place = (state.instigator_origin_id, "the_name", kind)
        for age, status in ((60, TickStatus.SUCCESS), (30, TickStatus.FAILURE)):
            data = TickData(
                *place,
                status,
                time.time() - age,
                run_ids=[] if status is TickStatus.SUCCESS else None,
                error=error if status is TickStatus.FAILURE else None,
                selector_id=state.selector_id,
            )
            instance.create_tick(data)
        (item,) = troubles(instance, Memory(), datetime.now(UTC))
        assert (item.kind, item.code, item.message) == (Kind.TICK, "INBOX_MISSING", "it is away")
        assert item.link == f"locations/pharma_assets/{'sensors' if sensor else 'schedules'}/the_name"
        instance.create_tick(
            TickData(*place, TickStatus.SKIPPED, time.time(), skip_reason="x", selector_id=state.selector_id)
        )
        assert troubles(instance, Memory(), datetime.now(UTC)) == []


def test_nobody_to_tell_costs_nothing(platform: PlatformHome) -> None:
    with platform.instance() as instance:
        result = evaluate_alerts(build_sensor_context(instance=instance), PlatformResource())
    assert result.skip_reason is not None
    assert "nobody is to be told" in str(result.skip_reason.skip_message)


def test_a_sample_is_sent_to_everybody(
    platform: PlatformHome, mail: MailServer, hook: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHARMA_ALERT_WEBHOOKS", f"text+{hook.url}/secret")
    monkeypatch.setenv("PHARMA_LANGUAGE", "ru")
    result = CliRunner().invoke(app, ["alerts", "test"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert mail.recipients == ["anna@example.org"]
    assert "Что делать" in mail.mails[0].get_content()
    assert "Что делать" in hook.bodies[0]["text"]
    hook.status = 404
    result = CliRunner().invoke(app, ["alerts", "test"])
    assert result.exit_code == 1
    assert "it answered 404" in result.output
    assert "secret" not in result.output


def test_without_recipients_the_command_says_what_to_set(platform: PlatformHome) -> None:
    result = CliRunner().invoke(app, ["alerts", "test"])
    assert getattr(result.exception, "code", None) == "NOBODY_TO_ALERT"


def test_what_would_be_told_can_be_read(platform: PlatformHome, mail: MailServer) -> None:
    platform.drop("плохой.xlsx", b"")
    platform.tick()
    result = CliRunner().invoke(app, ["alerts", "send", "--dry-run"], catch_exceptions=False)
    assert "EMPTY_FILE: the file has 0 bytes" in result.output
    assert mail.mails == []
    assert platform.command("alerts", "send")["sent"][0]["recipient"] == "anna@example.org"
    assert platform.command("alerts", "send") == {"waiting": 1, "sent": []}
    assert len(mail.mails) == 1


@pytest.mark.timeout(120)
def test_the_daemon_tells_by_itself(platform: PlatformHome, mail: MailServer, tmp_path: Path) -> None:
    platform.drop("плохой.xlsx", b"")
    platform.tick()
    environment = prepare(load_settings())
    log = tmp_path / "daemon.log"
    with log.open("wb") as output, running(daemon(), environment, output):
        deadline = time.monotonic() + 90
        while not mail.mails and time.monotonic() < deadline:
            time.sleep(0.2)
    assert mail.mails, log.read_text(errors="replace")
    assert "EMPTY_FILE" in mail.mails[0]["Subject"]
    assert len(mail.mails) == 1
    with platform.instance() as instance:
        (state,) = [state for state in instance.all_instigator_state() if state.instigator_name == SENSOR_NAME]
        (tick, *_) = instance.get_ticks(state.instigator_origin_id, state.selector_id)
        assert "1 messages sent" in str(tick.skip_reason)
