"""A backlog of years as people and Dagster's daemon meet it."""

from __future__ import annotations

import pytest
from dagster import SensorResult, build_sensor_context
from dagster._core.storage.tags import PRIORITY_TAG
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.defs.evaluation import BACKLOG, evaluate_inbox
from pharma_assets.defs.platform import PlatformResource
from pharma_assets.defs.runs import seconds_beside_work
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.samples import example

APRIL, JUNE = "Дистрибьюторы/Client_01|2025-04", "Дистрибьюторы/Client_01|2025-06"
REASON = ("--reason", "the customer asks for the spring")


def evaluate(platform: PlatformHome) -> SensorResult:
    with platform.instance() as instance:
        return evaluate_inbox(build_sensor_context(instance=instance), PlatformResource())


def typed(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return result.exit_code, result.output


def test_a_backlog_from_plan_to_rows(platform: PlatformHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHARMA_SINCE", "2025-05")
    platform.drop("старый.xlsx", example("Client_01", "preamble"), month=4)
    platform.drop("новый.xlsx", example("Client_01", "totals"))
    assert [run["partition"] for run in platform.tick()] == [JUNE]
    assert platform.command("status")["backlog"] == 1
    assert "1 files of 1 client-months wait as backlog" in typed("status")[1]

    plan = platform.command("backlog", "plan")
    assert (plan["total"]["files"], plan["total"]["client_months"]) == (1, 1)
    assert plan["rates"][".xlsx"]["sampled"] is False
    assert plan["total"]["rows"] > 0
    assert "2025" in typed("backlog", "plan")[1]
    assert platform.command("backlog", "plan", "--since", "2025-05")["total"]["files"] == 0
    assert typed("backlog", "plan", "--since", "май")[0] == 2

    assert typed("backlog", "start", "--reason", " ")[0] == 2
    assert platform.command("backlog", "start", *REASON) == {"files": 1}
    (request,) = evaluate(platform).run_requests or []
    assert (request.partition_key, request.tags[PRIORITY_TAG]) == (APRIL, BACKLOG)
    assert platform.command("backlog", "stop", *REASON) == {"files": 1}
    assert not evaluate(platform).run_requests
    platform.command("backlog", "start", *REASON)
    assert [run["partition"] for run in platform.tick()] == [APRIL]
    assert platform.command("status")["backlog"] == 0


def test_what_is_fresh_has_no_priority_of_its_own(platform: PlatformHome) -> None:
    platform.drop("новый.xlsx", example("Client_01", "totals"))
    (request,) = evaluate(platform).run_requests or []
    assert int(request.tags[PRIORITY_TAG]) > 0 > int(BACKLOG)
    code, output = typed("backlog", "stop", *REASON)
    assert code == 2
    assert "PHARMA_SINCE" in output


def test_what_a_run_takes_beside_its_work_is_measured(platform: PlatformHome) -> None:
    with platform.instance() as instance:
        assert seconds_beside_work(instance) is None
    platform.drop("новый.xlsx", example("Client_01", "totals"))
    platform.tick()
    with platform.instance() as instance:
        beside = seconds_beside_work(instance)
    assert beside is not None
    assert 0 < beside < 60
