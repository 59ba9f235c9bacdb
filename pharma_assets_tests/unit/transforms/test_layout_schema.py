"""The JSON Schema says of a layout what the platform says of it, as far as a schema can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from typer.testing import CliRunner

from pharma_assets.cli import app
from pharma_assets.model.target import COLUMNS
from pharma_assets.settings import PROJECT
from pharma_assets.transforms.catalog import parse_layout
from pharma_assets.transforms.layout import Layout
from pharma_assets.transforms.layout.schema import SCHEMA_NAME, layout_schema
from pharma_assets_tests.unit.transforms.test_layout_versions import BASE, VERSIONS

FOLDER = PROJECT / "client_transforms"
LAYOUTS = sorted(FOLDER.glob("*/*/layout.yaml"))
RICH = BASE + VERSIONS.replace("2025-08-01", "2025-08")
FULL = """\
supplier: Пример
owner: analyst@example.org
report_types: [Type1]
schedule: {every: month, due_day: 5}
delivery: increment
sheet: Продажи*
sheets: all
header_within: 5
constants: {client_type: Розница}
registry:
  period: month_end
  supplier_filial: {fact: file_name, pattern: '_(.+)_'}
columns:
  Товар: {to: tms, filled: true, aliases: [Препарат]}
  Улица: {to: null}
  Канал: {to: market, lookup: {values: {да: Тендер}, otherwise: Коммерция}}
  Цвет: {ignored: nobody asks}
  Кол-во: amount
composed: {client_adress: '{Улица}'}
left_out:
  - {column: Кол-во, one_of: [0, 1.5], reason: nothing}
  - {column: Товар, matches: тара, reason: packaging}
rows: {min: 1}
totals: ignore
nil_report: true
outside_month: 0.5
"""


def wrong_places(text: str) -> list[str]:
    validator = Draft7Validator(layout_schema())
    return [".".join(map(str, error.path)) for error in validator.iter_errors(yaml.safe_load(text))]


def test_the_schema_that_is_kept_is_the_one_of_the_model() -> None:
    """`pharma-assets client schema > client_transforms/layout.schema.json` writes it anew."""
    result = CliRunner().invoke(app, ["client", "schema"])
    assert result.exit_code == 0
    assert (FOLDER / SCHEMA_NAME).read_bytes() == result.stdout_bytes
    Draft7Validator.check_schema(json.loads(result.stdout_bytes))


@pytest.mark.parametrize("file", LAYOUTS, ids=lambda path: path.parent.name)
def test_every_layout_leads_its_editor_to_the_schema(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    hint = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / hint).resolve() == FOLDER / SCHEMA_NAME
    assert wrong_places(text) == []


@pytest.mark.parametrize("text", [BASE, RICH, FULL])
def test_what_the_platform_takes_the_schema_takes(text: str) -> None:
    parse_layout(text.encode())
    assert wrong_places(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (FULL.replace("sheets: all", "sheets: some"), "sheets"),
        (FULL.replace("Кол-во: amount", "Кол-во: amounts"), "columns.Кол-во"),
        (FULL.replace("{to: tms, filled", "{to: filename_ish, filled"), "columns.Товар"),
        (FULL.replace("filled: true", "fill: true"), "columns.Товар"),
        (FULL.replace("{client_type: Розница}", "{period: Розница}"), "constants"),
        (FULL.replace("period: month_end", "period: month"), "registry.period"),
        (FULL.replace("due_day: 5", "due_days: 5"), "schedule"),
        (FULL.replace("matches:", "match:"), "left_out.1"),
        (FULL + "colour: red\n", ""),
        (FULL.replace("supplier: Пример\n", ""), ""),
        (FULL.replace("[Type1]", "[]"), "report_types"),
        (RICH.replace("2025-07", "июль"), "versions.0.valid_from"),
        (RICH.replace("valid_from: 2025-07", "valid_since: 2025-07"), "versions.0"),
        (RICH.replace("Сумма: sum_nds", "Сумма: summa"), "report_types"),
        (RICH.replace("sheet: Июль", "sheat: Июль"), "versions.0.report_types.Type2"),
    ],
)
def test_what_the_schema_refuses_the_platform_refuses(text: str, place: str) -> None:
    assert place in wrong_places(text)
    with pytest.raises(ValueError):
        parse_layout(text.encode())


def described(schema: Any, place: str = "") -> list[str]:
    """The places of keys that say nothing of themselves."""
    definitions = layout_schema()["$defs"]
    found = []
    for name, key in schema.get("properties", {}).items():
        said = {**definitions.get(key.get("$ref", "").removeprefix("#/$defs/"), {}), **key}
        found += [] if said.get("description") else [f"{place}.{name}"]
    return found


def test_every_key_says_what_it_is() -> None:
    schema = layout_schema()
    assert described(schema) == []
    for name, definition in schema["$defs"].items():
        if not name.endswith("Override"):
            assert described(definition, name) == []
    assert set(Layout.model_fields) - {"report_type"} | {"report_types", "versions"} == set(schema["properties"])
    meanings = {each["const"]: each["description"] for each in schema["$defs"]["Target"]["oneOf"]}
    assert {column.name: column.meaning for column in COLUMNS}.items() >= {
        name: meaning for name, meaning in meanings.items() if name != "amount"
    }.items()
