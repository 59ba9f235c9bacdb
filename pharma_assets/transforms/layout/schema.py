"""The JSON Schema of a `layout.yaml`, made of the models, for editors that complete and check while one writes."""

from __future__ import annotations

from typing import Any

from pharma_assets.model.target import COLUMNS
from pharma_assets.transforms.layout.columns import AMOUNT, TARGETS
from pharma_assets.transforms.layout.fields import COMPOSABLE, TEXT_TARGETS
from pharma_assets.transforms.layout.file import LayoutFile, Version
from pharma_assets.transforms.layout.flat import Layout

SCHEMA_NAME = "layout.schema.json"

Schema = dict[str, Any]

_BY_TARGET = {"constants": TEXT_TARGETS, "registry": TARGETS, "composed": COMPOSABLE}
_MEANINGS = {column.name: column.meaning for column in COLUMNS} | {AMOUNT: "the amount_type_N of the report type"}


def layout_schema() -> Schema:
    """The schema of the whole file: base, sections of report types, versions. It is as strict as a schema can be; what
    keys must agree on with one another only the platform itself checks."""
    model = Layout.model_json_schema()
    definitions: Schema = model["$defs"]
    keys: Schema = {name: key for name, key in model["properties"].items() if name != "report_type"}
    for name, targets in _BY_TARGET.items():
        keys[name] = _by_target(keys[name], targets)
    definitions["Target"] = _targets((*TARGETS, AMOUNT))
    keys["columns"]["additionalProperties"] = {"anyOf": [_ref("Target"), _ref("ColumnRule")]}
    to = definitions["ColumnRule"]["properties"]["to"]
    definitions["ColumnRule"]["properties"]["to"] = {**_told(to), "anyOf": [_ref("Target"), {"type": "null"}]}
    _short_form(definitions, "RegistryField", "Fact")
    file, version = LayoutFile.model_json_schema()["properties"], Version.model_json_schema()["properties"]
    supplier = keys.pop("supplier")
    definitions |= {f"{name}Override": _or_null(key) for name, key in keys.items()}
    overrides = {name: _ref(f"{name}Override") for name in keys}
    definitions["Overrides"] = _object("What differs from the base; null takes a key or a column out again.", overrides)
    month = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])(-01)?$"}
    of_version = {
        "valid_from": {**_told(version["valid_from"]), **month},
        "report_types": {**_told(version["report_types"]), **_sections()},
        **overrides,
    }
    definitions["Version"] = _object(str(Version.__doc__), of_version, required=["valid_from"])
    names = {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
    of_file = {
        "supplier": supplier,
        "report_types": {**_told(file["report_types"]), "anyOf": [names, _sections()]},
        **keys,
        "versions": {**_told(file["versions"]), "type": "array", "items": _ref("Version")},
    }
    schema = _object("Facts of one supplier's reports.", of_file, required=["supplier", "report_types"])
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "layout.yaml",
        **_without_titles(schema),
        "$defs": _without_titles(definitions),
    }


def _object(description: str, properties: Schema, required: list[str] | None = None) -> Schema:
    schema = {"description": description, "type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _told(key: Schema) -> Schema:
    return {"description": key["description"]}


def _targets(names: tuple[str, ...]) -> Schema:
    return {"oneOf": [{"const": name, "description": _MEANINGS[name]} for name in names]}


def _by_target(key: Schema, targets: tuple[str, ...]) -> Schema:
    """A mapping by target, spelt out so that editors can complete it."""
    said = {name: {**key["additionalProperties"], "description": _MEANINGS[name]} for name in targets}
    return {**key, "properties": said, "additionalProperties": False}


def _short_form(definitions: Schema, name: str, word: str) -> None:
    """`word` alone is short for the object of that name."""
    definitions[f"{name}Object"] = definitions[name]
    definitions[name] = {"anyOf": [_ref(word), _ref(f"{name}Object")]}


def _sections() -> Schema:
    either = {"anyOf": [_ref("Overrides"), {"type": "null"}]}
    return {"type": "object", "additionalProperties": either, "minProperties": 1}


def _or_null(key: Schema) -> Schema:
    """A key that may be taken out again; of a mapping, each of its entries too."""
    null = {"type": "null"}
    key = {name: value for name, value in key.items() if name not in ("default", "minProperties")}
    if null in key.get("anyOf", ()):
        return key
    if key.get("type") == "object":
        entries = {name: {"anyOf": [entry, null]} for name, entry in key.get("properties", {}).items()}
        others = key["additionalProperties"] and {"anyOf": [key["additionalProperties"], null]}
        key |= {"properties": entries, "additionalProperties": others}
    return {**_told(key), "anyOf": [key, null]}


def _without_titles(schema: Any) -> Any:
    """Without the titles that the models' names give, which tell nobody anything."""
    if isinstance(schema, list):
        return [_without_titles(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _without_titles(value)
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str))
    }
