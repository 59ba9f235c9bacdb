"""A golden example: `examples/<case>/input.*` beside what must come of it, and what is to be assumed of the file.

`expected.csv` is the result file without what the registry adds, `expected.json` the figures. What the input's place in
the inbox would say stands in `case.yaml`, if it matters.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from pharma_assets.model.provider import Provider
from pharma_assets.transforms.facts import Facts
from pharma_assets.transforms.layout.frozen import Frozen, Month
from pharma_assets.transforms.layout.yaml_text import read_yaml

CASE_NAME = "case.yaml"
HISTORY_NAME = "history.yaml"
"""In its place where an example is a history of several files."""


class ExampleCase(Frozen):
    """What a `case.yaml` says of the input beside it."""

    report_type: str | None = Field(None, description="its report-type folder; the layout's first if nothing is said")
    month: Month | None = Field(
        None, description="the month of its folder, as `2025-06`; if nothing is said, the newest layout without a month"
    )
    file_name: str | None = Field(
        None, description="the name under which it came; that of the input if nothing is said"
    )

    def facts(self, folder: Path, report_type: str) -> Facts:
        """What the inbox would say of the input of the case in this folder."""
        client = folder.parent.parent
        provider = next((each for each in Provider if each.transforms_folder == client.parent.name), None)
        return Facts(provider and provider.value, client.name, report_type, self.file_name or input_of(folder).name)


def input_of(folder: Path) -> Path:
    """The one input of a case. Raises ValueError if there is none, or more than one."""
    inputs = sorted(folder.glob("input.*"))
    if len(inputs) != 1:
        raise ValueError(f"{folder}: {len(inputs)} files are called input.*, and not one")
    return inputs[0]


def read_case(folder: Path) -> ExampleCase:
    """What is to be assumed of a case's input. Raises ValueError for a `case.yaml` that is wrong."""
    file = folder / CASE_NAME
    if not file.exists():
        return ExampleCase()
    try:
        return ExampleCase.model_validate(read_yaml(file.read_bytes()))
    except ValidationError as error:
        raise ValueError(f"{file}: {error}") from error
