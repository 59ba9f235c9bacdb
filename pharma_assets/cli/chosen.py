"""The layout and the file that a command is to use: what is asked for, else what a path in the inbox means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from pharma_assets.cli.naming import named_client
from pharma_assets.errors import PharmaError
from pharma_assets.files import reading_error
from pharma_assets.inbox.source import open_inbox
from pharma_assets.model.report_path import parse_leaf
from pharma_assets.model.transform_version import no_transform
from pharma_assets.settings import Settings
from pharma_assets.transforms.catalog import Transform, load_transforms
from pharma_assets.transforms.facts import Facts


@dataclass(frozen=True)
class Chosen:
    """A client's transform, the first day of the folder's month, and why there is no transform."""

    transform: Transform | None
    month: date | None
    problem: PharmaError | None

    def facts(self, file: Path) -> Facts:
        """What the place of the file would say if it lay in its client's folder."""
        if self.transform is None:
            return Facts(file_name=file.name)
        client = self.transform.client
        return Facts(client.provider.value, client.name, self.transform.report_type, file.name)


def choose(
    settings: Settings,
    file: Path,
    client: str | None,
    report_type: str | None = None,
    month: date | None = None,
) -> Chosen:
    """Find the transform for a file; what is not asked for follows from its path.

    Raises typer.BadParameter for a client that has none.
    """
    transforms = load_transforms(settings.transforms, settings.scripts_root)
    try:
        leaf = parse_leaf(file.parent.parts)
    except PharmaError:
        leaf = None
    if leaf is not None:
        month, report_type = month or leaf.client_month.first_day, report_type or leaf.report_type
    if client is not None:
        whose = named_client(client, transforms.by_client, "--client")
    elif leaf is not None:
        whose = leaf.client_month.client
    else:
        return Chosen(None, month, None)
    known = transforms.by_client.get(whose)
    if report_type is None and known is not None:
        report_type = next(iter(known.report_types), None)
    transform = known.find(report_type or "", month) if known is not None else None
    transform = transform or transforms.by_script.get(whose)
    if transform is None:
        return Chosen(None, month, no_transform(whose, report_type or ""))
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
