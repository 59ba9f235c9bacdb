"""What Dagster's pages tell of a client-month, read back by the questions that they ask."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pharma_assets.definitions import defs
from pharma_assets_tests.platform.conftest import PlatformHome
from pharma_assets_tests.platform.control_room import ControlRoom, control_room
from pharma_assets_tests.samples import example

KEY = "Дистрибьюторы/Client_01|2025-06"

_NODES = """{ assetNodes { assetKey { path } groupName kinds owners { ... on UserAssetOwner { email }
    ... on TeamAssetOwner { team } } tags { key value } description dependencyKeys { path }
    metadataEntries { label ... on TableSchemaMetadataEntry { schema { columns { name description } } } } } }"""


@pytest.fixture
def room(platform: PlatformHome) -> Iterator[ControlRoom]:
    with control_room(platform.home) as opened:
        yield opened


def materialized(room: ControlRoom, asset: str = "primary_data", key: str = KEY) -> dict[str, Any]:
    found = room.materialization(key, asset)
    assert found is not None
    return found


def records(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(record) for record in entry["table"]["records"]]


def test_every_asset_says_what_it_is(room: ControlRoom) -> None:
    nodes = {node["assetKey"]["path"][0]: node for node in room.ask(_NODES)["assetNodes"]}
    assert {name: (node["groupName"], sorted(node["kinds"])) for name, node in nodes.items()} == {
        "folder_tree": ("inbox", ["folder"]),
        "file_registry": ("inbox", ["postgres"]),
        "normalized_report": ("reports", ["csv", "python"]),
        "primary_data": ("reports", ["postgres", "table"]),
    }
    assert {name: [tag["value"] for tag in node["tags"] if tag["key"] == "layer"] for name, node in nodes.items()} == {
        "folder_tree": ["inbox"],
        "file_registry": ["registry"],
        "normalized_report": ["normalized"],
        "primary_data": ["loaded"],
    }
    for name, node in nodes.items():
        assert f"**{name}**" in node["description"].splitlines()[-1], "the flow, and where one is in it"
    schemas = {
        name: {
            column["name"] for entry in node["metadataEntries"] for column in entry.get("schema", {}).get("columns", [])
        }
        for name, node in nodes.items()
    }
    assert {"client_inn", "amount_type_1", "extra"} <= schemas["primary_data"] == schemas["normalized_report"]
    assert {"file_path", "status", "error_reason"} <= schemas["file_registry"]


def test_a_column_is_followed_back_to_the_header_of_the_source(platform: PlatformHome, room: ControlRoom) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.tick()
    lineages = {}
    for asset in ("primary_data", "normalized_report"):
        lineage = materialized(room, asset)["dagster/column_lineage"]["lineage"]
        lineages[asset] = {
            column["columnName"]: {(dep["assetKey"]["path"][0], dep["columnName"]) for dep in column["columnDeps"]}
            for column in lineage
        }
    assert lineages["primary_data"]["naklad"] == {("normalized_report", "naklad")}
    of_report = lineages["normalized_report"]
    assert of_report["client_inn"] == {("file_registry", "инн")}
    assert of_report["naklad"] == {("file_registry", "номер_документа"), ("file_registry", "дата_документа")}
    assert of_report["report_provider"] == {("file_registry", "data_provider")}
    assert ("file_registry", "кол_перемещ") in of_report["extra"]
    assert "supplier_name" not in of_report, "a constant comes from no column"

    columns = {record["column"]: record for record in records(materialized(room, "normalized_report")["columns"])}
    assert columns["amount_type_1"] == {"column": "amount_type_1", "source_headers": "количество", "read_as": "amount"}
    assert columns["supplier_name"]["read_as"] == "always «Агроресурсы»"


def test_a_materialization_is_read_by_people(platform: PlatformHome, room: ControlRoom) -> None:
    path = platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.tick()
    told = materialized(room)
    assert {name: told[name]["intValue"] for name in ("files", "rows_read", "rows_loaded", "rows_rejected")} == {
        "files": 1,
        "rows_read": 8,
        "rows_loaded": 4,
        "rows_rejected": 2,
    }
    assert told["dagster/partition_row_count"]["intValue"] == 4
    assert records(told["sums"]) == [
        {"column": "amount_type_1", "before": "0", "now": "1252.500", "difference": "1252.500"}
    ]
    assert "VALUE\\_AMOUNT" in told["rejected"]["mdStr"]
    assert told["folders"]["mdStr"] == "- " + re.sub(r"([_])", r"\\\1", str(path.parent))
    assert told["results"]["path"] == str(platform.home / "Данные на загрузку")
    rejected = platform.query(told["rejected_query"]["text"])
    assert len(rejected) == 2, "the query finds the rejected rows"

    picture = re.match(r"!\[(.*)\]\(data:image/svg\+xml;base64,(.*)\)", told["rows_by_day"]["mdStr"])
    assert picture is not None
    assert len(told["rows_by_day"]["mdStr"]) < 1000, "longer ones are hidden behind a click"
    days = platform.query("SELECT DISTINCT period FROM raw.primary_data")
    assert base64.b64decode(picture[2]).decode().count("M") == len(days)


def test_sums_are_shown_beside_those_before(platform: PlatformHome, room: ControlRoom) -> None:
    platform.drop("отчёт.csv", example("Client_03", "cp1251"), "Client_03")
    platform.tick()
    lines = example("Client_03", "cp1251").splitlines(keepends=True)
    platform.drop("отчёт.csv", b"".join(lines[:2]), "Client_03")
    platform.tick()
    (sums,) = records(materialized(room, key="Дистрибьюторы/Client_03|2025-06")["sums"])
    assert (sums["column"], sums["now"]) == ("amount_type_1", "10.000")
    before, now, difference = (float(sums[name]) for name in ("before", "now", "difference"))
    assert difference == now - before < 0


def test_buyers_are_masked_unless_a_setting_shows_them(
    platform: PlatformHome, room: ControlRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.tick()
    row = platform.query("SELECT client_inn, client_inlaw, client_adress, tms FROM raw.primary_data LIMIT 1")[0]

    def preview() -> str:
        return str(materialized(room)["preview"]["mdStr"]).replace("\\", "")

    hidden = preview()
    assert row["tms"] in hidden
    for name in ("client_inn", "client_inlaw", "client_adress"):
        assert row[name] not in hidden
        assert name in hidden
    assert f"{row['client_inn'][:2]}…{row['client_inn'][-2:]}" in hidden

    monkeypatch.setenv("PHARMA_SHOW_PERSONAL", "true")
    platform.change("UPDATE ops.file_registry SET status = 'NEW'")
    platform.tick()
    for text in row.values():
        assert text in preview()


def test_invalid_inns_are_masked_in_the_check_too(platform: PlatformHome, room: ControlRoom) -> None:
    platform.drop("отчёт.xlsx", example("Client_01", "preamble"))
    platform.tick()
    platform.change("UPDATE raw.primary_data SET client_inn = '5000000025'")
    job = defs.resolve_implicit_global_asset_job_def()
    only = {check for check in job.asset_layer.asset_graph.asset_check_keys if check.name == "inn_validity"}
    subset = job.get_subset(asset_selection=set(), asset_check_selection=only)
    assert subset.execute_in_process(instance=room.instance, partition_key=KEY).success
    told = room.checked("inn_validity", KEY)
    assert (told["success"], told["severity"]) == (False, "WARN")
    assert told["metadata"]["rows_invalid"]["intValue"] == 4
    assert json.loads(told["metadata"]["invalid"]["jsonString"]) == ["50…25: 4"]


def test_a_file_in_the_registry_leads_to_its_client_month(platform: PlatformHome, room: ControlRoom) -> None:
    platform.drop("отчёт_1.xlsx", example("Client_01", "preamble"))
    room.tick()
    found = room.ask(
        """{ assetOrError(assetKey: {path: ["file_registry"]}) { ... on Asset { assetMaterializations(limit: 1) {
        metadataEntries { label ... on MarkdownMetadataEntry { mdStr } } } } } }"""
    )
    (event,) = found["assetOrError"]["assetMaterializations"]
    (files,) = [entry["mdStr"] for entry in event["metadataEntries"] if entry["label"] == "files"]
    link = re.search(r"\]\((/assets/[^)]*)\)", files)
    assert link is not None
    assert parse_qs(urlsplit(link[1]).query)["partition"] == [KEY]
