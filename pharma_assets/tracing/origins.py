"""Which part of a layout fills which target column: told from the layout and the header that was found, so that the
reading of reports need not keep book of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import yaml
from pydantic import BaseModel

from pharma_assets.model.target import COLUMNS, REGISTRY_COLUMNS
from pharma_assets.transforms.layout import Layout, segments_of


class From(StrEnum):
    """What a value comes from."""

    COLUMN = "column"
    CONSTANT = "constant"
    COMPOSED = "composed"
    REGISTRY = "registry"
    REFERENCE = "reference list"
    KEPT = "kept"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Origin:
    """What fills a target: `headers` are the layout's, `rule` is what the layout says, as it could stand there."""

    kind: From
    rule: str = ""
    headers: tuple[str, ...] = ()


_OF_REGISTRY = {
    "filename_ish": "the file's path below the inbox",
    "filename_result": "the result file of the load",
    "report_provider": "the provider's folder",
    "report_provider_name": "the client's folder",
}

NOTHING = Origin(From.NOTHING)


def origins(layout: Layout, used: Collection[str]) -> dict[str, Origin]:
    """For each target what fills it. `used`: those of the layout's headers that were there and counted."""
    found = {name: Origin(From.REGISTRY, _OF_REGISTRY[name]) for name in REGISTRY_COLUMNS}
    for name, field in layout.registry.items():
        found[name] = Origin(From.REGISTRY, written(field))
    for name, value in layout.constants.items():
        found[name] = Origin(From.CONSTANT, value)
    for header in used:
        rule = layout.columns[header]
        if rule.to is not None:
            found[rule.to] = Origin(From.COLUMN, written(rule), (header,))
    for name, template in layout.templates.items():
        named = dict.fromkeys(header for segment in segments_of(template) for header in segment.headers)
        found[name] = Origin(From.COMPOSED, template, tuple(header for header in named if header in used))
    return {column.name: found.get(column.name, NOTHING) for column in COLUMNS}


def written(rule: BaseModel) -> str:
    """A part of a layout as it could stand in layout.yaml, in one line."""
    said = rule.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(said, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000).strip()
