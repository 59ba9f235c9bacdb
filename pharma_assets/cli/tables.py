"""Tables for people."""

# ruff: noqa: PLC0415 - `--help` must stay fast

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def plain_table(*names: str) -> Table:
    """A table whose cells are folded where they are too wide."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def plain(text: str) -> str:
    """Text as it is: what looks like markup of rich is none."""
    from rich.markup import escape

    return escape(text)
