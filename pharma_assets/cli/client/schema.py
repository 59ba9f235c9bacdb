"""`pharma-assets client schema`: the JSON Schema of layout.yaml, for editors."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

import json

import typer


def schema() -> None:
    """Print the JSON Schema of layout.yaml. Editors complete and check a layout by it while one writes."""
    from pharma_assets.transforms.layout.schema import layout_schema

    # Not echo's own encoding: what is redirected into a file is to be UTF-8 on every system.
    text = json.dumps(layout_schema(), ensure_ascii=False, indent=2) + "\n"
    typer.get_binary_stream("stdout").write(text.encode())
