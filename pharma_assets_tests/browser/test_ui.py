"""What a data engineer sees in Dagster's UI after the demo."""

from __future__ import annotations

import itertools
import time
from typing import Any

import psycopg
import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from pharma_assets_tests.browser.ui import Page

# One worker of xdist, so that the demo runs once (`--dist loadgroup`).
pytestmark = pytest.mark.xdist_group("browser")

LINEAGE = ["folder_tree", "file_registry", "normalized_report", "primary_data"]
CLIENTS = [f"Дистрибьюторы/Client_{number:02d}" for number in range(1, 5)]
CHECKS = [
    "control_totals",
    "duplicates",
    "files_taken_in",
    "inn_validity",
    "period_within_month",
    "reconciliation",
    "rows_taken_in",
    "volume",
]

PARTITIONS = "/assets/primary_data?view=partitions"
MONTH_FILTER = "//input[@placeholder='Filter by month…']"

STATUSES = """{ assetNodeOrError(assetKey: {path: ["primary_data"]}) { ... on AssetNode { assetPartitionStatuses {
    ... on MultiPartitionStatuses { ranges { primaryDimStartKey secondaryDim {
    ... on DefaultPartitionStatuses { materializedPartitions failedPartitions } } } } } } } }"""
RUNS = "{ runsOrError { ... on Runs { results { runId jobName status creationTime startTime tags { key value } } } } }"


def test_the_lineage_shows_the_four_assets_in_order(page: Page) -> None:
    page.resize(height=560)
    page.open("/asset-groups", "inbox", "reports")
    page.widen()
    page.click("//button[descendant::*[@aria-label='panel_show_right']]")
    # "Expand all groups"
    ActionChains(page.driver).key_down(Keys.ALT).send_keys("e").key_up(Keys.ALT).perform()
    page.see(*LINEAGE, "6 / 8 Passed", "2 failed")

    nodes = {name: page.find(f"//*[name()='foreignObject'][descendant::*[text()='{name}']]") for name in LINEAGE}
    assert sorted(LINEAGE, key=lambda name: nodes[name].location["x"]) == LINEAGE
    page.screenshot("lineage")

    assets = page.query("{ assetNodes { assetKey { path } dependencyKeys { path } } }")["assetNodes"]
    edges = [(above["path"][0], asset["assetKey"]["path"][0]) for asset in assets for above in asset["dependencyKeys"]]
    assert sorted(edges) == sorted(itertools.pairwise(LINEAGE))


def test_the_matrix_shows_the_failed_client_month_and_the_loaded_ones(page: Page) -> None:
    page.resize(height=720)
    page.open(PARTITIONS, "Failed (2)", "Materialized (5)")
    page.widen()
    for client in CLIENTS:
        page.find(f"//*[@data-tooltip='{client}']")
    page.find(MONTH_FILTER).send_keys("2025")

    _choose(page, "Дистрибьюторы/Client_01", "2025-06")
    page.see("Дистрибьюторы/Client_01|2025-06", "Materialized\n")
    assert [_dots(page, month) for month in ("2025-05", "2025-06", "2025-07")] == [["green"], ["green"], ["gray"]]

    _choose(page, "Дистрибьюторы/Client_02", "2025-06")
    page.see("Дистрибьюторы/Client_02|2025-06", "failed, and did not materialize this asset")
    assert [_dots(page, month) for month in ("2025-05", "2025-06", "2025-07")] == [["green"], ["red"], ["gray"]]
    page.screenshot("matrix")

    loaded, failed = set(), set()
    for part in page.query(STATUSES)["assetNodeOrError"]["assetPartitionStatuses"]["ranges"]:
        month = part["primaryDimStartKey"]
        loaded |= {f"{client}|{month}" for client in part["secondaryDim"]["materializedPartitions"]}
        failed |= {f"{client}|{month}" for client in part["secondaryDim"]["failedPartitions"]}
    in_may = {f"{client}|2025-05" for client in CLIENTS[:3]}
    assert loaded == in_may | {"Дистрибьюторы/Client_01|2025-06", "Дистрибьюторы/Client_03|2025-06"}
    assert failed == {"Дистрибьюторы/Client_02|2025-06", "Дистрибьюторы/Client_04|2025-06"}


def test_a_materialization_tells_what_was_read_loaded_and_rejected(page: Page) -> None:
    page.resize(height=1200)
    page.open(f"{PARTITIONS}&partition=Дистрибьюторы/Client_03|2025-06", "Metadata", "rows_read")
    page.widen()
    page.find(MONTH_FILTER).send_keys("2025")
    figures = {name: _metadata(page, name) for name in ("rows_read", "rows_loaded", "rows_rejected")}
    assert figures == {"rows_read": "2000", "rows_loaded": "1999", "rows_rejected": "1"}
    assert _metadata(page, "dagster/partition_row_count") == "1999"
    assert "puls_june.csv" in _metadata(page, "file_table")
    assert "дцать" in _metadata(page, "rejected")
    assert "amount_type_1" in _metadata(page, "sums")
    picture = page.find("//tr[td[1][normalize-space()='rows_by_day']]/td[2]//img")
    assert int(picture.get_attribute("naturalWidth") or 0) > 100, "the browser draws it"
    assert _metadata(page, "preview")
    page.screenshot("materialization")


def test_the_checks_say_which_client_month_failed_and_why(page: Page) -> None:
    page.resize(height=720)
    page.open("/assets/primary_data?view=checks&checkDetail=files_taken_in", "Checks (8)", *CHECKS)
    page.widen()
    page.click("//*[text()='Execution history']")
    page.see("Execution history", "Passed")
    failed = sorted(row.text for row in page.find_all("//tr[descendant::*[text()='Failed']]"))
    expected = {"Дистрибьюторы/Client_02|2025-06": "CORRUPT_FILE", "Дистрибьюторы/Client_04|2025-06": "NO_SCRIPT_FOUND"}
    assert len(failed) == len(expected)
    for client_month, code in expected.items():
        (row,) = [row for row in failed if client_month in row]
        assert code in row
    page.screenshot("checks")


def test_a_check_has_a_matrix_that_tells_what_is_loaded_in_part(page: Page) -> None:
    page.resize(height=720)
    page.open("/assets/primary_data?view=checks&checkDetail=rows_taken_in", "Checks (8)", "Execution history")
    page.widen()
    page.click("//*[text()='Execution history']/following::*[text()='Partitions']")
    page.see("Failed (1)", "Passed (6)")
    _choose(page, "Дистрибьюторы/Client_03", "2025-06")
    page.see("Дистрибьюторы/Client_03|2025-06", "1 rows of 1 files are held back")
    page.screenshot("check_matrix")


def test_the_rejected_rows_are_found(page: Page) -> None:
    """From the client-month's page to the rows themselves."""
    page.open(f"{PARTITIONS}&partition=Дистрибьюторы/Client_03|2025-06", "Metadata", "rejected_query")
    query = _metadata(page, "rejected_query")
    with psycopg.connect(page.database) as connection:
        (row,) = connection.execute(query.encode()).fetchall()
    assert "дцать" in str(row)


def test_the_sensor_is_on_and_its_runs_are_listed(page: Page) -> None:
    page.open("/automation", "inbox_sensor")
    page.click("//a[contains(@href, '/sensors/inbox_sensor')]")
    page.see("~15 min", "7 runs requested")
    assert page.find("//tr[td[1][normalize-space()='Running']]//input").is_selected()

    page.open("/runs", "client_month_job", "Дистрибьюторы/Client_01|2025-06")
    page.widen()
    assert len(page.find_all("//a[text()='inbox_sensor']")) == 7
    assert len(page.find_all("//*[text()='Failure']")) == 2
    page.screenshot("runs")
    runs = [run for run in page.query(RUNS)["runsOrError"]["results"] if run["jobName"] == "client_month_job"]
    assert sorted(run["status"] for run in runs) == [*["FAILURE"] * 2, *["SUCCESS"] * 5]
    assert all({"key": "dagster/sensor_name", "value": "inbox_sensor"} in run["tags"] for run in runs)


def test_a_client_month_is_rematerialized_by_a_click(page: Page) -> None:
    partition = "Дистрибьюторы/Client_01|2025-05"
    page.open(f"{PARTITIONS}&partition={partition}", partition, "rows_read")
    before = {run["runId"] for run in page.query(RUNS)["runsOrError"]["results"]}
    page.click("//button[starts-with(normalize-space(), 'Materialize')]")
    page.see("Launch 1 run")
    page.click("//button[normalize-space()='Launch 1 run']")

    def ended() -> list[dict[str, Any]]:
        runs = page.query(RUNS)["runsOrError"]["results"]
        return [run for run in runs if run["runId"] not in before and run["status"] in {"SUCCESS", "FAILURE"}]

    (run,) = page.until(ended)
    assert run["status"] == "SUCCESS"
    assert {"key": "dagster/partition", "value": partition} in run["tags"]
    page.open(f"{PARTITIONS}&partition={partition}", run["runId"].split("-")[0])
    assert int(_metadata(page, "rows_before")) > 0
    assert _metadata(page, "rows_difference") == "0", "rebuilt, and nothing differs"


def test_runs_are_shown_at_the_time_they_were_made(page: Page) -> None:
    for run in page.query(RUNS)["runsOrError"]["results"]:
        assert run["creationTime"] <= run["startTime"] <= time.time()
    page.open("/overview/activity/timeline?range=1hr", "client_month_job")


def _choose(page: Page, client: str, month: str) -> None:
    """Click a row of each list of the matrix."""
    page.click(f"//*[@data-tooltip='{client}']")
    page.click(f"//*[@data-tooltip='{month}']")


def _dots(page: Page, month: str) -> list[str]:
    """The colours beside a month of the chosen client."""
    dots = page.find_all(f"//*[@data-tooltip='{month}']/following-sibling::div")
    return [(dot.get_attribute("style") or "").rpartition("--color-accent-")[2].rstrip("); ") for dot in dots]


def _metadata(page: Page, name: str) -> str:
    """What is shown beside the name."""
    return page.find(f"//tr[td[1][normalize-space()='{name}']]/td[2]").text
