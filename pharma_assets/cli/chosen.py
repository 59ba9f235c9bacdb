"""The layout and the file that a command is to use: what is asked for, else what a path in the inbox means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

import typer

from pharma_assets.errors import PharmaError
from pharma_assets.files import reading_error
from pharma_assets.inbox.source import open_inbox
from pharma_assets.model.report_path import parse_leaf
from pharma_assets.settings import Settings
from pharma_assets.transforms.catalog import Transform, load_transforms


@dataclass(frozen=True)
class Chosen:
    """A client's transform, the first day of the folder's month, and why there is no transform."""

    transform: Transform | None
    month: date | None
    problem: PharmaError | None


def choose(settings: Settings, file: Path, client: str | None) -> Chosen:
    """Find the transform for a file. Raises typer.BadParameter for a client that has none."""
    transforms = load_transforms(settings.transforms)
    try:
        leaf = parse_leaf(file.parent.parts)
    except PharmaError:
        leaf = None
    month = leaf.client_month.first_day if leaf is not None else None
    if client is not None:
        named = [
            each
            for each in transforms.by_client.values()
            if client in (each.client.name, f"{each.client.provider.transforms_folder}/{each.client.name}")
        ]
        if len(named) != 1:
            known = ", ".join(f"{each.provider.transforms_folder}/{each.name}" for each in transforms.by_client)
            raise typer.BadParameter(
                f"{client!r} is {'more than one' if named else 'no'} client with a layout; there are: {known}",
                param_hint="--client",
            )
        return Chosen(named[0], month, named[0].invalid)
    if leaf is None:
        return Chosen(None, None, None)
    try:
        transform = transforms.find(leaf.client_month.client, leaf.report_type)
    except PharmaError as problem:
        return Chosen(None, month, problem)
    return Chosen(transform, month, transform.invalid)


@contextmanager
def opened(settings: Settings, file: Path) -> Iterator[BinaryIO]:
    """The file where it lies, else the one of that path below the inbox, local or on a server.

    Raises PharmaError FILE_GONE or LOCKED, and what the inbox raises.
    """
    if not file.exists() and not file.is_absolute():
        with closing(open_inbox(settings)) as inbox, inbox.open(file.as_posix()) as content:
            yield content
        return
    try:
        content = file.open("rb")
    except OSError as error:
        raise reading_error(error) from error
    with content:
        yield content
